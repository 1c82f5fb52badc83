"""The scan says what decoding every frame says, on random frames; and it does as little work as it
promises.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from random import Random

import pytest

from nvgre_doctor.capture import inputs, open_capture
from nvgre_doctor.capture.batch import Batch, Walker
from nvgre_doctor.capture.formats import pcap, pcapng, reader
from nvgre_doctor.evidence import CaptureEvidence, limits
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.evidence.store import Units
from nvgre_doctor.evidence.streams import StreamKey, streams
from nvgre_doctor.scan import exact as exact_module
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.native import PURE_VARIABLE, scanner_class
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Other, QuoteKind
from tests import build
from tests.build_shims import MACS, mpls, vlan
from tests.exactly import scan_exactly
from tests.fuzz import captures
from tests.fuzz.frames import LINKTYPES, Captured, mixed_frames
from tests.oddities import OF_OTHER_FRAMES

UNLIMITED = 1 << 60
TIME = 1_700_000_000_000_000_000


def batches(capture: bytes, walker: Walker | None = None) -> Iterator[Batch]:
    with open_capture("-", stdin=io.BytesIO(capture)) as opened:
        yield from opened.batches(walker=walker)


def fast(capture: bytes, rows: int = UNLIMITED) -> CaptureEvidence:
    """As the program reads a capture, with at most so many rows."""
    counter = FrameCounter(rows)
    return scan(batches(capture, counter), counter)


def exact(capture: bytes) -> CaptureEvidence:
    return scan_exactly(batches(capture))


@pytest.fixture(autouse=True, params=["C", "Python"])
def scanner(request, monkeypatch):
    """Every test here is about both loops.  That in C takes plain frames from the second buffer on,
    when it knows the link headers.
    """
    monkeypatch.setenv(PURE_VARIABLE, "1" if request.param == "Python" else "")
    if request.param == "C" and scanner_class() is None:
        pytest.skip("the C extension is not built")
    return request.param


@pytest.fixture
def buffer_size(monkeypatch):
    """Small buffers make many batches, and many frames that are the last of theirs."""

    def shrink(size):
        for module in (reader, pcap, pcapng):
            monkeypatch.setattr(module, "CHUNK", size)

    return shrink


def assert_fast_is_exact(
    make: Callable[[Sequence[Captured]], bytes], frames: Sequence[Captured]
) -> None:
    """Compare; where they differ, show the fewest frames that do."""

    def differs(some: Sequence[Captured]) -> bool:
        capture = make(some)
        expected = exact(capture)
        return fast(capture) != expected or scan(batches(capture)) != expected

    if not differs(frames):
        return
    step = len(frames) // 2
    while step:
        at = 0
        while at < len(frames):
            fewer = [*frames[:at], *frames[at + step :]]
            if fewer and differs(fewer):
                frames = fewer
            else:
                at += step
        step //= 2
    shown = "\n".join(
        f"linktype {linktype} wire {wire} {data.hex()}" for linktype, data, wire in frames
    )
    pytest.fail(f"fast and exact differ:\n{shown}\n{fast(make(frames))}\n{exact(make(frames))}")


# --- the same evidence -------------------------------------------------------


def seeds(count: int) -> list[object]:
    """So many, of which the fast tests try the first."""
    return [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, count))]


@pytest.mark.parametrize("size", [700, 4096, 1 << 18])
@pytest.mark.parametrize("seed", seeds(4))
def test_fast_equals_exact_on_random_pcapng(seed, size, buffer_size):
    buffer_size(size)
    frames = mixed_frames(Random(seed), 500)
    assert_fast_is_exact(lambda some: captures.random_pcapng(Random(seed), some), frames)


@pytest.mark.long
@pytest.mark.parametrize("linktype", LINKTYPES)
@pytest.mark.parametrize("size", [700, 4096, 1 << 18])
def test_fast_equals_exact_on_random_pcap(linktype, size, buffer_size):
    buffer_size(size)
    own = [frame for frame in mixed_frames(Random(linktype), 6000) if frame.linktype == linktype][
        :250
    ]
    foreign = mixed_frames(
        Random(linktype), 100, linktype
    )  # frames of other link layers under this linktype
    frames = [*own, *foreign, *own[:50]]
    assert_fast_is_exact(lambda some: captures.random_pcap(Random(linktype), some), frames)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cap", [1, 7, 50])
def test_when_rows_are_folded_does_not_matter(seed, cap, buffer_size):
    buffer_size(2000)
    dice = Random(100 + seed)
    capture = captures.random_pcapng(dice, mixed_frames(dice, 500))
    assert fast(capture, cap) == fast(capture)


@pytest.mark.parametrize(
    "linktype", [LINKTYPES[0], *(pytest.param(n, marks=pytest.mark.long) for n in LINKTYPES[1:])]
)
def test_every_length_of_the_last_frame_in_a_buffer(linktype):
    """What the loop reads of a frame at once goes beyond the buffer when the last frames are
    short.
    """
    for address in ("192.168.50.", "fd00:10::"):
        packet = build.nvgre(address + "1", address + "2", 0x00138900, INNER)
        frame = build.link(linktype, packet)
        for length in range(len(frame)):
            rows = [(TIME, frame), (TIME + 1, frame[:length], len(frame))]
            for capture in (build.pcap(rows, linktype), build.pcapng(rows, linktype)):
                assert fast(capture) == exact(capture), length


@pytest.mark.long
def test_the_random_frames_hold_every_kind_of_fact():
    reasons, kinds, refusing, nvgre = set(), set(), set(), set()
    for frame in mixed_frames(Random(2), 9000):
        facts = decode(*frame)
        if isinstance(facts, Other):
            reasons.add(facts.oddity)
        error = facts.inner_error if isinstance(facts, Nvgre) else facts
        if isinstance(error, IcmpError):
            kinds.add((error.carried, error.quote.kind))
            refusing.add((error.carried, error.refuses_nvgre))
        if isinstance(facts, Nvgre):
            nvgre.add(
                (
                    facts.is_fragment,
                    len(facts.source),
                    facts.inner_ethertype in (0x8100, 0x88A8, 0x9100, 0x9200),
                )
            )
    assert reasons == OF_OTHER_FRAMES
    assert kinds >= {("inner", kind) for kind in QuoteKind if kind is not QuoteKind.UNRELATED}
    assert kinds >= {("outer", kind) for kind in ("outer-ip", "bare-gre", "none", "unrelated")}
    assert refusing == {("inner", True), ("inner", False), ("outer", True), ("outer", False)}
    assert nvgre >= {(fragment, size, False) for fragment in (True, False) for size in (4, 16)}
    assert nvgre >= {(False, 4, True), (False, 16, True)}


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("cap", [1, 30, UNLIMITED])
def test_fast_equals_exact_where_not_all_vm_pairs_are_kept(seed, cap, buffer_size, monkeypatch):
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 20)
    buffer_size(4096)
    dice = Random(200 + seed)
    capture = captures.random_pcapng(dice, mixed_frames(dice, 600))
    evidence = fast(capture, cap)
    assert evidence.is_thinned
    assert evidence.units.unkept_frames.total() > 20
    assert evidence == exact(capture)


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("cap", [1, 30, UNLIMITED])
def test_fast_equals_exact_where_more_is_captured_than_is_kept(seed, cap, buffer_size, monkeypatch):
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 20)
    for name, most in (("HOSTS", 5), ("PAIRS", 4), ("IDS", 9), ("SIGNS", 9), ("ERRORS", 5)):
        monkeypatch.setattr(limits, name, most)
    buffer_size(4096)
    dice = Random(200 + seed)
    capture = captures.random_pcapng(dice, mixed_frames(dice, 600))
    evidence = fast(capture, cap)
    assert min(evidence.left_out.plus(evidence.units.left_out)) > 0
    assert evidence == exact(capture)


# --- frames of one stream that are counted in different ways ------------------

INNER_IP = build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445))
INNER = build.inner_frame("00:15:5d:0a:00:01", "00:15:5d:0a:00:02", INNER_IP)


def nvgre(ttl=128, key=0x00138900, inner=INNER):
    return build.nvgre("192.168.50.1", "192.168.50.2", key, inner, ttl=ttl)


STREAM = StreamKey(
    bytes([192, 168, 50, 1]),
    bytes([192, 168, 50, 2]),
    0x001389,
    bytes.fromhex("00155d0a000200155d0a0001"),
)


def the_stream(evidence):
    ((key, facts),) = streams(parts(evidence.units.packed.items()))
    assert key == STREAM
    return facts


ECHO = build.ipv4("10.0.0.4", "10.0.0.5", 1, build.icmp(8, 0, bytes(36)))


@pytest.mark.parametrize(
    "form", ["pcap", pytest.param("pcapng", marks=pytest.mark.long), "modified"]
)
@pytest.mark.parametrize("streams", [1000, 3])
@pytest.mark.parametrize("seed", seeds(3))
def test_fast_equals_exact_where_plain_and_odd_frames_share_streams(
    seed, streams, form, buffer_size, monkeypatch
):
    """Pings, new octets, tags and cut frames among the frames that are counted at once."""
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", streams)
    buffer_size(6000)
    dice = Random(300 + seed)
    rows = []
    for _ in range(1500):
        macs = ("00:15:5d:0a:00:01", f"00:15:5d:0a:00:{dice.randrange(2, 14):02x}")
        inner = build.inner_frame(*macs, ECHO if dice.random() < 0.2 else INNER_IP)
        octet = 0 if dice.random() < 0.8 else dice.randrange(4)
        vsid = 0x1389 if dice.random() < 0.7 else 0x1389 + dice.randrange(200)
        packet = build.nvgre(
            "192.168.50.1", "192.168.50.2", vsid << 8 | octet, inner, ttl=dice.randrange(60, 64)
        )
        frame = build.ethernet(packet, tags=[(0x8100, 7)] if dice.random() < 0.05 else ())
        rows.append(
            (
                TIME + dice.randrange(10**9),
                frame[: dice.choice([len(frame)] * 9 + [60])],
                len(frame),
            )
        )
    capture = {
        "pcap": lambda: build.pcap(rows, magic="nano"),
        "pcapng": lambda: build.pcapng(rows),
        "modified": lambda: build.pcap(rows, magic="modified", byte_order=">"),
    }[form]()
    assert fast(capture) == exact(capture)


@pytest.mark.parametrize("octet", [0, 1])
def test_the_first_frame_of_a_stream_counts_whatever_it_carries(octet, buffer_size):
    """A ping, then TCP.  The VM has two customer addresses, so it shows which frame gave
    the stream its own.
    """
    buffer_size(6000)
    others = [(TIME, build.ethernet(nvgre(key=0x00200000)))] * 200
    ping, tcp = (
        build.inner_frame(
            "00:15:5d:0a:00:01",
            "00:15:5d:0a:00:02",
            build.ipv4(address, "10.0.0.5", protocol, payload),
        )
        for address, protocol, payload in (
            ("10.0.0.4", 1, build.echo()),
            ("10.0.0.44", 6, build.tcp("10.0.0.44", "10.0.0.5", 49152, 445)),
        )
    )
    rows = [
        (TIME + 1, build.ethernet(nvgre(inner=ping))),
        (TIME + 2, build.ethernet(nvgre(key=0x00138900 + octet, inner=tcp))),
    ]
    capture = build.pcap([*others, *rows, *others], magic="nano")
    facts = dict(streams(parts(fast(capture).units.packed.items())))[STREAM]
    assert (facts.first, facts.last) == ((201, TIME + 1), (202, TIME + 2))
    assert facts.customer_addresses == bytes([10, 0, 0, 4, 10, 0, 0, 5])
    assert facts.low_octets == bytes(range(octet + 1))


@pytest.mark.parametrize("form", [build.pcap, build.pcapng])
@pytest.mark.parametrize(("size", "frames"), [(262_144, 12_101), (262_145, 12_000)])
def test_reading_stops_before_a_frame_that_is_too_long(size, frames, form):
    """It is whole in the second buffer, and its header is known by then."""
    plain = build.ethernet(nvgre())
    capture = form(
        [(TIME, plain)] * 12_000
        + [(TIME, plain + bytes(size - len(plain)))]
        + [(TIME, plain)] * 100
    )
    assert fast(capture).frames == frames


@pytest.mark.long
@pytest.mark.parametrize("tags", [[(0x8100, 7)], [(0x88A8, 9), (0x8100, 7)]])
def test_an_untagged_frame_among_tagged_ones_is_not_taken_for_one_of_them(tags):
    """At the offset of the inner EtherType in a tagged frame it has an IP length of 0x0800, and
    0x45 follows.
    """
    plain = build.ethernet(nvgre(), tags=tags)
    datagram = bytearray(build.ipv4("192.168.50.1", "192.168.50.2", 6, bytes(2028)))
    datagram[4] = 0x45  # of the identification
    rows = (
        [(TIME, plain)] * 12_000 + [(TIME, build.ethernet(bytes(datagram)))] + [(TIME, plain)] * 100
    )
    evidence = fast(build.pcap(rows))
    assert (evidence.nvgre_frames, evidence.signs) == (
        12_100,
        {Sign(Oddity.NOT_GRE): Sightings(1, ())},
    )
    assert evidence == exact(build.pcap(rows))


# --- what went wrong once ----------------------------------------------------


def test_one_stream_with_and_without_tags_keeps_its_first_and_its_last_frame():
    """The untagged frames are counted before the tagged ones between them."""
    tagged, untagged = ([(0x8100, 7)], ())
    tags = [untagged, untagged, tagged, untagged, tagged, tagged]
    order = [2, 0, 1, 5, 3, 4]  # tagged first and last, and untagged usual
    rows = [
        (TIME + n, build.ethernet(nvgre(ttl=60 + n), tags=tags[i])) for n, i in enumerate(order)
    ]
    capture = build.pcap(rows, magic="nano")
    stream = the_stream(fast(capture))
    assert (stream.first, stream.last) == ((1, TIME), (6, TIME + 5))
    assert fast(capture) == exact(capture)


@pytest.mark.parametrize("linktypes", [(1, 101), (101, 12)])
def test_one_stream_on_interfaces_of_two_linktypes_keeps_its_first_and_its_last_frame(linktypes):
    """Frames of one linktype make a batch, so the batches of a pcapng overlap in time."""
    blocks = [build.shb(), build.idb(linktypes[0], tsresol=9), build.idb(linktypes[1], tsresol=9)]
    for n, interface in enumerate([0, 1, 1, 0, 1, 0]):
        packet = build.link(linktypes[interface], nvgre(ttl=60 + n))
        blocks.append(build.epb(interface, TIME + n, packet, tsresol=9))
    capture = b"".join(blocks)
    stream = the_stream(fast(capture))
    assert (stream.first, stream.last) == ((1, TIME), (6, TIME + 5))
    assert (stream.frames, stream.low_octets) == (6, b"\x00")
    assert fast(capture) == exact(capture)


@pytest.mark.parametrize("later", [("<", 9), (">", 6)], ids=["clock", "byte-order"])
def test_times_are_read_as_the_section_of_their_frame_says(later):
    """Also where all of its frames are plain, and the next section is another one."""
    capture, frame = b"", build.ethernet(nvgre())
    for number, (order, tsresol) in enumerate((("<", 6), later)):
        capture += build.shb(order) + build.idb(order=order, tsresol=tsresol)
        capture += build.nrb([("192.168.50.1", "a")], order)
        for second in range(3):
            ts_ns = TIME + number * 10**12 + second * 10**9
            capture += build.epb(0, ts_ns, frame, order, tsresol=tsresol)
    counter = FrameCounter()
    with open_capture("-", stdin=io.BytesIO(capture)) as opened:
        assert scan(opened.batches(walker=counter), counter).nvgre_frames == 6
        times = opened.progress.first_ts_ns, opened.progress.last_ts_ns
    assert times == (1_700_000_000_000_000_000, 1_700_001_002_000_000_000)


def test_the_first_fragment_of_vxlan_is_vxlan():
    datagram = build.udp("192.168.50.1", "192.168.50.2", 49152, 4789, bytes(30))
    rows = [
        (
            TIME,
            build.ethernet(
                build.ipv4("192.168.50.1", "192.168.50.2", 17, datagram, fragment=fragment)
            ),
        )
        for fragment in (0x0000, 0x2000, 0x0001)
    ]
    evidence = fast(build.pcap(rows))
    assert evidence.signs == {
        Sign(Oddity.VXLAN): Sightings(2, ()),
        Sign(Oddity.NOT_GRE): Sightings(1, ()),
    }


def test_quoted_ethernet_frames_that_begin_like_ip_are_not_taken_for_one_another():
    """Found by mutated captures: a MAC of 45:00:..., and another one where IP has its checksum."""
    rows = []
    for last in ("03", "0d"):
        macs = "45:00:5d:0a:00:03", f"45:00:5d:0a:00:{last}"
        quoted = build.inner_frame(*macs, INNER_IP)
        error = build.ipv4("10.0.0.5", "10.0.0.4", 1, build.icmp(11, 0, quoted[:60]))
        inner = build.inner_frame("00:15:5d:0a:00:01", "00:15:5d:0a:00:02", error)
        rows.append((TIME, build.ethernet(nvgre(inner=inner))))
    evidence = fast(build.pcap(rows))
    assert [seen.count for seen in evidence.icmp.values()] == [1, 1]
    assert evidence == exact(build.pcap(rows))


def test_streams_that_come_with_two_clocks_are_not_taken_for_twice_as_many(
    buffer_size, monkeypatch
):
    """Eight VM pairs in each of three directions: too many for the capture, as many as are kept."""
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 20)
    buffer_size(4096)
    blocks = [build.shb(), build.idb(1, tsresol=9), build.idb(1, tsresol=6)]
    for n in range(960):
        macs = "00:15:5d:0a:00:01", f"00:15:5d:0a:00:{2 + n % 8:02x}"
        inner = build.inner_frame(*macs, INNER_IP)
        packet = build.nvgre("192.168.50.1", f"192.168.50.{2 + n % 3}", 0x00138900, inner)
        interface = n // 24 % 2
        tsresol = 6 if interface else 9
        blocks.append(build.epb(interface, TIME + n, build.ethernet(packet), tsresol=tsresol))
    evidence = fast(b"".join(blocks))
    assert evidence.is_thinned
    assert evidence.units.levels == {}
    assert evidence == exact(b"".join(blocks))


# --- no more work than promised ----------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """How often the scan decoded a frame, gave a unit to the evidence, and folded what it had
    counted.
    """
    counts = {"decode": 0, "units": 0, "folds": 0}

    def watch(name, module):
        original = getattr(module, name)

        def counted(*arguments):
            counts[name] += 1
            return original(*arguments)

        monkeypatch.setattr(module, name, counted)

    watch("decode", exact_module)
    fold, add = FrameCounter._fold, Units.add

    def counted_fold(counter):
        counts["folds"] += 1
        fold(counter)

    def counted_add(units, more, *directions):
        more = list(more)
        counts["units"] += len(more)
        add(units, more, *directions)

    monkeypatch.setattr(FrameCounter, "_fold", counted_fold)
    monkeypatch.setattr(Units, "add", counted_add)
    return counts


UDP_PACKET = build.ipv4(
    "10.0.0.1", "10.0.0.2", 17, build.udp("10.0.0.1", "10.0.0.2", 5000, 53, bytes(20))
)
VXLAN_PACKET = build.ipv4(
    "10.0.0.1", "10.0.0.2", 17, build.udp("10.0.0.1", "10.0.0.2", 5000, 4789, bytes(20))
)
TCP_PACKET = build.ipv4("10.0.0.1", "10.0.0.2", 6, build.tcp("10.0.0.1", "10.0.0.2", 5000, 445))
PING_INNER = build.inner_frame(
    "00:15:5d:0a:00:01", "00:15:5d:0a:00:02", build.ipv4("10.0.0.4", "10.0.0.5", 1, build.echo())
)
NVGRE6 = build.nvgre("fd00:10::1", "fd00:10::2", 0x00138900, INNER)
PLAIN = [
    *(nvgre(key=0x00138900 + n) for n in range(5)),
    nvgre(inner=PING_INNER),
    NVGRE6,
    UDP_PACKET,
    VXLAN_PACKET,
    TCP_PACKET,
]


@pytest.mark.parametrize("linktype", [1, 113, 276, 0, 108, 12, 14, 101])
@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_plain_frames_are_never_decoded(make, linktype, calls):
    # A long frame at the end: the last one of a buffer is decoded if it is shorter than what the
    # loop reads at once.
    rows = [(TIME, build.link(linktype, packet)) for packet in PLAIN * 100]
    evidence = fast(make([*rows, (TIME, build.link(linktype, nvgre() + bytes(60)))], linktype))
    assert calls["decode"] == 0
    assert (evidence.frames, evidence.nvgre_frames) == (1001, 701)
    assert evidence.signs == {
        Sign(Oddity.NOT_GRE): Sightings(200, ()),
        Sign(Oddity.VXLAN): Sightings(100, ()),
    }


@pytest.mark.parametrize(
    "tags", [[(0x8100, 100)], [(0x88A8, 200), (0x8100, 100)], [(0x9100, 1), (0x8100, 2)]]
)
def test_plain_frames_in_vlans_are_hardly_ever_decoded(tags, calls):
    rows = [(TIME, build.ethernet(packet, tags=tags)) for packet in PLAIN * 100]
    assert (
        fast(
            build.pcap([*rows, (TIME, build.ethernet(nvgre() + bytes(60), tags=tags))])
        ).nvgre_frames
        == 701
    )
    assert calls["decode"] <= len(PLAIN)


@pytest.mark.parametrize("ethertype", [0x8847, 0x8848])
@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_plain_frames_behind_one_label_are_never_decoded_whatever_the_label(make, ethertype, calls):
    rows = [
        (TIME, MACS + mpls(packet, 16 + n, ethertype=ethertype))
        for n, packet in enumerate([*PLAIN * 100, nvgre() + bytes(60)])
    ]
    evidence = fast(make(rows))
    assert calls["decode"] == 0
    assert (evidence.frames, evidence.nvgre_frames) == (1001, 701)
    assert evidence == exact(make(rows))


NEAR_LABELS = {
    "not the last label": build.ethernet(b"\0\x01\0\x40" + nvgre(), 0x8847),
    "two labels": MACS + mpls(nvgre(), 16, 17),
    "no IP behind it": MACS + mpls(b"\0\0\0\0" + nvgre(), 16),
    "IPv4 of another version": MACS + mpls(b"\x55" + nvgre()[1:], 16),
    "another EtherType": build.ethernet(b"\0\x01\x01\x40" + nvgre(), 0x8849),
    "a VLAN tag before it": MACS + vlan(mpls(nvgre(), 16)),
    "a tag of the same size": build.ethernet(nvgre(), tags=[(0x8100, 0x8847)]),
    "no label at all": build.ethernet(nvgre()),
}


@pytest.mark.parametrize("near", NEAR_LABELS.values(), ids=list(NEAR_LABELS))
def test_what_nearly_has_one_label_is_not_taken_for_it(near):
    """Among frames that have one, and in every length."""
    labelled = MACS + mpls(nvgre(), 16)
    rows = [(TIME, labelled)] * 50
    rows += [(TIME, near[:size], len(near)) for size in range(len(near) + 1)]
    rows += [(TIME, labelled[:size], len(labelled)) for size in range(len(labelled) + 1)]
    capture = build.pcap([*rows, *rows])
    assert fast(capture) == exact(capture)


def test_arp_is_never_decoded(calls):
    arp = build.inner_frame(
        "00:15:5d:0a:00:01",
        "ff:ff:ff:ff:ff:ff",
        build.arp("00:15:5d:0a:00:01", "10.0.0.4", "10.0.0.5"),
    )
    rows = [
        (TIME, build.ethernet(nvgre(inner=arp + bytes(18), key=0x00138900 + (n % 3 << 8) + n % 2)))
        for n in range(300)
    ]
    assert fast(build.pcap(rows)).nvgre_frames == 300
    assert calls["decode"] == 0


@pytest.mark.parametrize(
    "odd",
    [
        build.ipv4(
            "192.168.50.1",
            "192.168.50.2",
            47,
            build.gre(INNER, key=5),
            options=bytes.fromhex("94040000"),
        ),
        build.ipv4("192.168.50.1", "192.168.50.2", 47, build.gre(INNER, key=5, sequence=1)),
        build.ipv4("192.168.50.1", "192.168.50.2", 47, build.gre(INNER, key=5), fragment=0x2000),
        build.ipv4("192.168.50.2", "192.168.50.1", 1, build.icmp(3, 10, nvgre()[:28])),
        nvgre(
            inner=build.inner_frame(
                "00:15:5d:0a:00:01", "00:15:5d:0a:00:02", b"\x45", 0x0800, tags=[(0x8100, 5)]
            )
        ),
        nvgre(key=0xFFFFFF00),
    ],
    ids=["options", "sequence", "fragment", "icmp", "inner-tag", "control"],
)
def test_odd_frames_that_are_alike_are_decoded_once(odd, calls):
    rows = [(TIME, build.ethernet(packet + bytes(60))) for packet in (nvgre(), odd) * 200]
    assert fast(build.pcap(rows)).frames == 400
    assert calls["decode"] <= 1  # in C options are plain


def test_many_kinds_of_link_headers_are_decoded_once_each(calls):
    tags = [[(0x8100, 1)] * count for count in range(12)]
    rows = [(TIME, build.ethernet(nvgre(), tags=tags[n % 12])) for n in range(600)]
    assert fast(build.pcap(rows)).nvgre_frames == 600
    assert calls["decode"] <= 12


@pytest.mark.parametrize(
    ("rows_at_most", "folds"), [(1, 13), (10, 13), (11, 7), (21, 5), (50, 3), (1000, 1)]
)
def test_rows_are_folded_when_there_are_too_many_and_at_the_end(rows_at_most, folds, calls):
    """Twelve batches of 10 headers each."""
    rows = [(TIME, build.ethernet(nvgre(key=0x00138900 + n))) for n in range(120)]
    (whole,) = batches(build.pcap(rows))
    parts = [slice(at, at + 10) for at in range(0, 120, 10)]
    pieces = [
        whole._replace(
            stamps=whole.stamps[part],
            lengths=whole.lengths[part],
            numbers=whole.numbers[part],
        )
        for part in parts
    ]
    stream = the_stream(scan(pieces, FrameCounter(rows_at_most)))
    assert (stream.frames, len(stream.low_octets)) == (120, 120)
    assert (calls["units"], calls["folds"]) == (120, folds)


class CountingFile(io.FileIO):
    read_bytes = 0
    reads = 0

    def read(self, size=-1):
        data = super().read(size)
        CountingFile.read_bytes += len(data)
        CountingFile.reads += 1
        return data


@pytest.mark.parametrize("frames", [200, 2000])
def test_a_clock_of_its_own_for_each_interface_makes_no_more_work(frames, calls, monkeypatch):
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 20)
    blocks = [build.shb(), *(build.idb(tsoffset=clock) for clock in range(70))]
    for n in range(frames):
        packet = build.nvgre(f"192.168.{n // 250}.{n % 250}", "192.168.50.2", 0x00138900, INNER)
        blocks.append(build.epb(n % 70, TIME, build.ethernet(packet)))
    evidence = fast(b"".join(blocks))
    assert (evidence.nvgre_frames, evidence.is_thinned) == (frames, True)
    assert calls["decode"] <= 70
    assert calls["units"] <= frames
    assert calls["folds"] <= 3


@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_the_bytes_of_a_file_are_read_once(make, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(make([(TIME, build.ethernet(nvgre() + bytes(900)))] * 5000))
    size = path.stat().st_size
    assert size > 5_000_000

    def counting_open(path, mode, buffering):
        assert (mode, buffering) == ("rb", 0)
        return CountingFile(path)

    monkeypatch.setattr(inputs, "open", counting_open, raising=False)
    CountingFile.read_bytes = CountingFile.reads = 0
    with open_capture(path) as opened:
        assert scan(opened.batches()).nvgre_frames == 5000
    assert (
        size <= CountingFile.read_bytes <= size * 1.01 + 4096
    )  # records that lie across two buffers are read again
    assert CountingFile.reads <= size // (1 << 18) + 4
