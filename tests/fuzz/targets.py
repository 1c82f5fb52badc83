"""What is fuzzed.  A target has seeds to begin with and a check that must hold for any bytes; it
raises where it does not.

The checks are the same for the short seeded run, the long run with atheris, and the inputs that
broke something once.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from nvgre_doctor import diagnose
from nvgre_doctor.capture import archives_kept, expand, open_capture
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.known.inventory import InventoryError, read_inventory
from nvgre_doctor.report.from_json import ConvertError
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import FORMATS, render
from nvgre_doctor.scan import files
from nvgre_doctor.scan.exact import add_frame
from nvgre_doctor.settings.sources import ConfigError, load_options
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import QuoteKind
from nvgre_doctor.wire.quote import read_inner_quote, read_outer_quote
from tests import build
from tests.converted import report_from_json
from tests.fuzz import captures, invariants, merges, native, packing, ranges, scratch, watch_state
from tests.fuzz.frames import Captured, mixed_frames, random_frame, random_quote
from tests.wire.test_prefixes import contradictions


@dataclass(frozen=True)
class Target:
    """`executions` of the short run; `longest` input in bytes."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], None]
    executions: int
    longest: int = 4096


# --- captures ----------------------------------------------------------------


def _small_frames(dice: Random, linktype: int | None = None) -> list[Captured]:
    return mixed_frames(dice, dice.choice((1, 3, 8)), linktype)


def pcap_seeds() -> list[bytes]:
    seeds = [
        captures.random_pcap(Random(n), _small_frames(Random(n), n % 3 and 1)) for n in range(30)
    ]
    return [
        *seeds,
        build.pcap([]),
        build.pcap([(0, b"")] * 3),
        build.pcap([(0, bytes(60))] * 20, 147),
    ]


def pcapng_seeds() -> list[bytes]:
    seeds = [captures.random_pcapng(Random(n), _small_frames(Random(n))) for n in range(40)]
    options = build.option(1, b"\xff\x00") + build.option(2, "name") + build.option(9, b"\x86")
    odd = build.shb(options=options) + build.idb(
        1, tsresol=255, tsoffset=-(1 << 63), snaplen=20, options=options
    )
    odd += (
        build.nrb([("10.0.0.1", "a"), ("fd00::1", "b")])
        + build.spb(bytes(60))
        + build.epb(0, 0, bytes(60), ticks=-1)
    )
    return [*seeds, build.shb() + build.idb(), odd, odd + build.custom(b"x" * 9) + build.isb()]


def seeds_of(make: Callable[[Random, Sequence[Captured]], bytes]) -> Callable[[], list[bytes]]:
    return lambda: [make(Random(n), _small_frames(Random(n))) for n in range(40)]


def archive_seeds() -> list[bytes]:
    import gzip
    import tarfile
    import zipfile

    seeds = []
    for n, method in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)):
        members = {f"{n}/a.pcap": pcap_seeds()[n], "b.etl": seeds_of(captures.random_trace)()[n]}
        members |= {"c.txt": b"text\n" * 99, "d.pcap.gz": gzip.compress(pcap_seeds()[3], mtime=0)}
        zipped, tarred = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(zipped, "w", method) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, method)
        with tarfile.open(fileobj=tarred, mode="w", format=n) as tape:  # ustar, GNU, pax
            for name, data in members.items():
                info = tarfile.TarInfo("long/" * 30 * (n > 0) + name)
                info.size = len(data)
                tape.addfile(info, io.BytesIO(data))
        tar = tarred.getvalue()
        seeds += [zipped.getvalue(), tar, gzip.compress(tar, mtime=0)]
    return seeds


def check_archive(data: bytes) -> None:
    """Whatever it holds is a list of captures, each of which is read or refused; in C, in Python
    and frame by frame alike, alone and in one walk.  The only one is read from a pipe as well.
    """
    path = scratch.file("archive", data)
    paths = expand([path])
    found = [invariants.read_at(capture) for capture in paths]
    for read in found:
        invariants.check_progress(read.progress, None)
        invariants.check_accounts(read.evidence, read.progress)
    assert [invariants.read_at(capture, exact=True) for capture in paths] == found
    with invariants.without_c():
        assert [invariants.read_at(capture) for capture in paths] == found
    with archives_kept():
        for order in (paths, paths[::-1]):
            assert {path: invariants.read_at(path) for path in order} == dict(
                zip(paths, found, strict=True)
            )
    piped = invariants.read_at("-", stdin=io.BytesIO(data))
    if [path] == paths:
        assert piped.evidence == found[0].evidence
    elif len(paths) == 1:
        assert piped == found[0]


def compressed_seeds() -> list[bytes]:
    import bz2
    import gzip
    import lzma

    seeds = []
    for data in (*pcap_seeds()[:5], *pcapng_seeds()[:5]):
        seeds += [
            gzip.compress(data, mtime=0),
            gzip.compress(data[:99], mtime=0) + gzip.compress(data[99:], mtime=0),
        ]
        seeds += [
            bz2.compress(data),
            lzma.compress(data),
            gzip.compress(gzip.compress(data, mtime=0), mtime=0),
        ]
    return seeds


def long_seeds() -> list[bytes]:
    """Enough short frames for a part to begin in their midst."""
    seeds = []
    for n in range(6):
        frames = [
            frame._replace(data=frame.data[:60], linktype=1)
            for frame in mixed_frames(Random(n), 80)
        ]
        seeds += [
            captures.random_pcap(Random(n), frames),
            captures.random_pcapng(Random(n), frames),
        ]
    return seeds


def check_parts(data: bytes) -> None:
    """A file that is read in parts, as several threads do it, gives what one reader gives."""
    path = scratch.file("capture", data)
    whole = files.read_stretch(files.Stretch(path, None, None), _tell_nobody).read
    with open_capture(path) as capture:
        parts = capture.parts(3)
    if len(parts) > 1:
        stretches = [files.Stretch(path, start, stop) for start, stop in parts]
        joined = files.join(
            stretches, [files.read_stretch(stretch, _tell_nobody) for stretch in stretches]
        )
        assert joined == whole


def _tell_nobody(count: int) -> None:
    pass


def check_diagnosis(data: bytes) -> None:
    """From bytes to every output format, and back from JSON.  What is behind damage changes nothing
    in the report but what it says of the damage.
    """
    path = scratch.file("capture", data)
    report = diagnose([path])
    for name in FORMATS:
        render(name, report, Display())
    assert report == diagnose([path])
    text = render("json", report, Display())
    assert render("json", report_from_json(text), Display()) == text
    (capture,) = report.captures
    undamaged = data[: capture.bytes]
    if (
        (capture.status, capture.compression) == ("cut", None)
        and capture.format in invariants.FORWARD
        and capture.frames
        and not invariants.is_of_other_kind(capture.format, data, undamaged)
    ):
        prefix = diagnose([scratch.file("capture", undamaged)])
        assert _without_damage(report) == _without_damage(prefix)


def _without_damage(report: Report) -> tuple[object, ...]:
    findings = [finding for finding in report.findings if finding.code != "NVG101"]
    return findings, report.hosts, report.pairs, report.refusals


# --- frames ------------------------------------------------------------------

LINKTYPES = (1, 113, 276, 0, 108, 12, 14, 101, 228, 229, 105)


def frame_seeds() -> list[bytes]:
    """One byte for the linktype, two for the original length, then the frame."""
    frames = [random_frame(Random(n)) for n in range(200)]
    return [
        bytes([LINKTYPES.index(linktype)]) + min(wire_length, 65535).to_bytes(2) + data
        for linktype, data, wire_length in frames
    ]


def check_frame(data: bytes) -> None:
    if len(data) < 3:
        return
    linktype, wire_length, frame = (
        LINKTYPES[data[0] % len(LINKTYPES)],
        int.from_bytes(data[1:3]),
        data[3:],
    )
    evidence = CaptureEvidence(frames=1)
    add_frame(evidence, linktype, frame, wire_length, Moment(1, 0))
    invariants.check_accounts(evidence, invariants.Progress(frames=1, numbered=1))
    whole = decode(linktype, frame, len(frame) + 1)
    for length in {
        0,
        len(frame) // 3,
        len(frame) // 2,
        max(0, len(frame) - 1),
        wire_length % (len(frame) + 1),
    }:
        part = decode(linktype, frame[:length], len(frame) + 1)
        assert contradictions(part, whole) == [], (length, part, whole)


def quote_seeds() -> list[bytes]:
    """Four bytes for the addressee, four for the inner destination, then the quote."""
    ends = bytes([192, 168, 50, 1, 10, 0, 0, 4])
    return [ends + random_quote(Random(n)) for n in range(100)]


def check_quote(data: bytes) -> None:
    addressee, inner_destination, quoted = data[:4], data[4:8] or None, data[8:]
    outer, is_certain = read_outer_quote(quoted)
    inner, inner_is_certain = read_inner_quote(quoted, addressee, inner_destination)
    assert _shows_nvgre(quoted) or not (is_certain or inner.gre_key is not None)
    for quote, certain in ((outer, is_certain), (inner, inner_is_certain)):
        if quote.gre_key is not None:
            assert certain
            assert 0 <= quote.gre_key <= 0xFFFFFFFF
        if quote.kind in (QuoteKind.NONE, QuoteKind.UNRELATED):
            assert not certain
            assert (quote.source, quote.gre_key, quote.inner_source) == (None, None, None)
        assert (quote.inner_source_mac is None) == (quote.inner_destination_mac is None)
    for length in range(0, len(quoted), 7):
        part, certain = read_outer_quote(quoted[:length])
        assert contradictions(part, outer) == [], (length, part, outer)
        assert is_certain or not certain


def _shows_nvgre(quoted: bytes) -> bool:
    """Whether the protocol of NVGRE is anywhere in the bytes."""
    return b"\x65\x58" in quoted


# --- files that people wrote -------------------------------------------------

_TITLES = (
    "CustomerAddress,ProviderAddress,MACAddress,VirtualSubnetID,CustomerID,Context,Rule,VMName,"
    "UseVmMACAddress,Type"
)
_ROWS = """
"10.0.0.4","192.168.50.1","00155D0A0001","5001","{D4C3}",,"TranslationMethodEncap","web","False","0"
"fd00::4","fd00:10::1","00-15-5D-0A-00-01","0x5B8D80","{D4C3}",,"36","","True",""
"0.0.0.0","::","","4096","","","","","",""
"""


def inventory_seeds() -> list[bytes]:
    text = (
        "#TYPE Microsoft.Management.Infrastructure.CimInstance\r\n"
        + _TITLES
        + _ROWS.replace("\n", "\r\n")
    )
    return [
        text.encode(),
        text.encode("utf-8-sig"),
        text.encode("utf-16"),
        text.replace(",", ";").encode("cp1252"),
        text.replace(",", "\t").replace('"', "").encode(),
        b"VirtualSubnetID\n5001\n",
        b'VirtualSubnetID,VMName\n5001,"two\nlines"\n',
    ]


def check_inventory(data: bytes) -> None:
    try:
        inventory = read_inventory(scratch.file("inventory.csv", data))
    except InventoryError as error:
        check_message(error)
        return
    assert inventory.vsids == {record.vsid for record in inventory.records}
    assert all(0x1000 <= vsid < 0xFFFFFF for vsid in inventory.vsids)


CONFIGURATION = """
select = ["NVG2", "NVG301"]
ignore = ["NVG204"]
fail-on = "warning"
vsid = [5001, 6000000]
inventory = "lookup.csv"
format = "json"
jobs = 2
color = "never"
not-nvgre = ["10.1.0.0/16"]
[expect]
"10.0.0.7" = "draft-00"
"fd00::/64" = "rfc7637"
"""


def config_seeds() -> list[bytes]:
    own = CONFIGURATION
    return [
        own.encode(),
        own.encode("utf-8-sig"),
        own.encode("utf-16"),
        *(line.encode() for line in own.splitlines()),
    ]


def check_config(data: bytes) -> None:
    for name, text in (
        ("nvgre-doctor.toml", data),
        (
            "pyproject.toml",
            b"[tool.nvgre-doctor]\n" + data.replace(b"[expect]", b"[tool.nvgre-doctor.expect]"),
        ),
    ):
        try:
            load_options(scratch.file(name, text), environment={})
        except ConfigError as error:
            check_message(error)


def check_environment(data: bytes) -> None:
    """The first line names the key, the others are its value, as far as an environment can hold
    them.
    """
    name, _, value = data.decode("utf-8", "surrogateescape").replace("\0", "").partition("\n")
    try:
        load_options(None, search=False, environment={"NVGRE_DOCTOR_" + name: value})
    except ConfigError as error:
        check_message(error)


def environment_seeds() -> list[bytes]:
    return [
        *(
            b"SELECT\nNVG2,NVG301",
            b"FAIL_ON\nwarning",
            b"VSID\n5001 6000000",
            b"INVENTORY\na.csv",
            b"FORMAT\njson",
        ),
        *(
            b"JOBS\n2",
            b"COLOR\nnever",
            b"NOT_NVGRE\n10.1.0.0/16,fd00::1",
            b"EXPECT\n10.0.0.7=draft-00",
            b"FAILON\nx",
        ),
    ]


def report_seeds() -> list[bytes]:
    from tests import reports

    found = [value for value in vars(reports).values() if type(value).__name__ == "Report"]
    return [render("json", report, Display()).encode() for report in found]


def check_report(data: bytes) -> None:
    try:
        report = report_from_json(data.decode("utf-8", "replace"))
    except ConvertError as error:
        check_message(error)
        return
    text = render("json", report, Display())
    assert render("json", report_from_json(text), Display()) == text
    for name in FORMATS:
        render(name, report, Display())


def check_message(error: ValueError) -> None:
    """One line without control characters, and not as long as the input wants it."""
    message = str(error)
    assert message.isprintable(), message
    assert len(message) < 12_000, message  # `visible` shows 1,000 characters, each as up to 10


TARGETS = {
    target.name: target
    for target in (
        Target("pcap", pcap_seeds, invariants.check_capture, 1000),
        Target("pcapng", pcapng_seeds, invariants.check_capture, 1000),
        Target("etl", seeds_of(captures.random_trace), invariants.check_capture, 800, 32768),
        Target("netmon", seeds_of(captures.random_netmon), invariants.check_capture, 800),
        Target("snoop", seeds_of(captures.random_snoop), invariants.check_capture, 800),
        Target("archive", archive_seeds, check_archive, 300, 65536),
        Target("scanner", native.seeds, native.check, 800),
        Target("compressed", compressed_seeds, invariants.check_capture, 800),
        Target("parts", long_seeds, check_parts, 200, 16384),
        Target("ranges", ranges.seeds, ranges.check, 500),
        Target("merges", merges.seeds, merges.check, 120, 16384),
        Target("diagnosis", lambda: [*pcap_seeds(), *pcapng_seeds()], check_diagnosis, 200),
        Target("frame", frame_seeds, check_frame, 12_000, 1024),
        Target("quote", quote_seeds, check_quote, 12_000, 512),
        Target("inventory", inventory_seeds, check_inventory, 5000),
        Target("config", config_seeds, check_config, 3000),
        Target("environment", environment_seeds, check_environment, 8000, 512),
        Target("packing", packing.seeds, packing.check, 1500),
        Target("watch-state", watch_state.seeds, watch_state.check, 800, 16384),
        Target("report", report_seeds, check_report, 1500, 65536),
    )
}
