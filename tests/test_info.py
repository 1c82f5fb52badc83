"""`nvgre-doctor info`: what is in captures, and whether they can be diagnosed."""

import gzip
import json
import re
import struct
import subprocess
from pathlib import Path

import pytest

from nvgre_doctor.info.answer import Answer, answer
from nvgre_doctor.info.contents import IcmpKind, read_contents
from nvgre_doctor.info.units import duration_words, linktype_words, size_words, time_words
from nvgre_doctor.vocabulary import Fitness
from tests import build, program
from tests.build import block, epb, idb, isb, opb, option, pcap, shb, spb
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_pcaps"
MISMATCH = SAMPLES / "01-mismatch-pings-refused.pcapng"
CUT = SAMPLES / "10-mismatch-file-cut-short.pcap"
TIME = 1_361_355_247_000_000_000
KEY = 0x00138900


def run(
    *args: str | Path, stdin: bytes | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = program.run("info", *args, cwd=cwd, stdin=stdin)
    assert b"Traceback" not in done.stderr
    return program.text_of(done)


def answer_of(tmp_path: Path, *captures: bytes | Tape) -> Answer:
    contents = []
    for index, capture in enumerate(captures):
        path = tmp_path / f"capture-{index}.pcap"
        path.write_bytes(pcap(capture.frames) if isinstance(capture, Tape) else capture)
        contents.append(read_contents(str(path)))
    return answer(contents)


def rows(text: str) -> dict[str, str]:
    """Names and values of the lines of one capture."""
    found = (re.split(r"  +", line.strip(), maxsplit=1) for line in text.splitlines()[1:])
    return {row[0]: row[-1] for row in found}


def both_ways() -> Tape:
    tape = Tape()
    tape.ping(A, B, KEY, KEY)
    return tape


# --- contents ----------------------------------------------------------------


def test_the_story_in_one_paragraph() -> None:
    done = run(MISMATCH)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Capture {MISMATCH}",
        "  Format         pcapng version 1.0, little endian; 5.9 kB",
        "  Written by     Dumpcap 1.8.5",
        (
            "  Comment        VSID 5001. VM1 and VM3 on 192.168.50.1 (KB2779768 installed), VM2 and"
            " VM4 on 192.168.50.2 (not installed)."
        ),
        '  Interface 0    Ethernet (1), name "mirror0", times in microseconds, snap length 65535',
        "  Time           2013-02-20 10:14:07.000000 to 2013-02-20 10:15:32.508821 UTC, 85.5 s",
        "  Frames         36, none cut, the longest has 154 bytes",
        "    NVGRE        32",
        "    other IP     2",
        "    ARP, 0x0806  2",
        (
            "    ICMP error   16 x ICMP 3/10 (host administratively prohibited), inside NVGRE,"
            " about NVGRE"
        ),
        "  Lost           the capture does not say",
        "  Can be diagnosed: yes",
    ]


def test_a_cut_capture_says_where_and_that_more_is_missing() -> None:
    done = run(CUT)
    found = rows(done.stdout)
    assert done.returncode == 0
    assert found["Problem"].startswith("the capture ends in the middle of frame 23 (at byte 2336)")
    assert found["Frames"] == "22, 18 cut, the longest has 96 bytes"
    assert found["Interface"] == "Ethernet (1), times in microseconds, snap length 96"
    assert done.stdout.splitlines()[-2:] == [
        "  Can be diagnosed: partly",
        "    The capture could not be read to its end, or not at all.",
    ]


def test_interfaces_filters_and_lost_packets_are_told(tmp_path: Path) -> None:
    head = shb(options=option(3, "Windows Server 2012") + option(4, "Dumpcap 1.8.5"))
    one = idb(1, snaplen=128, tsresol=9, name="mirror0", options=option(11, b"\0ip proto 47"))
    two = idb(113, tsresol=0x80 | 20, options=option(3, "Management"))
    statistics = isb(0, TIME, 40, 3) + block(
        5,
        struct.pack("<III", 1, 0, 0)
        + option(5, struct.pack("<Q", 0))
        + option(7, struct.pack("<Q", 2)),
    )
    frames = both_ways().frames
    packets = epb(0, TIME, frames[0][1], tsresol=9) + epb(0, TIME + 1, frames[1][1], tsresol=9)
    path = tmp_path / "lab.pcapng"
    path.write_bytes(head + one + two + packets + statistics)
    done = run(path)
    found = rows(done.stdout)
    assert found["Written by"] == "Dumpcap 1.8.5, Windows Server 2012"
    assert (
        found["Interface 0"]
        == 'Ethernet (1), name "mirror0", filter "ip proto 47", times in nanoseconds, snap length'
        " 128,"
        " 40 received, 3 dropped by the interface"
    )
    assert (
        found["Interface 1"]
        == 'Linux cooked (113), description "Management", times in 2^-20 s, no snap length,'
        " 0 dropped by the interface, 2 dropped by the system"
    )
    assert (
        found["Time"]
        == "2013-02-20 10:14:07.000000 to 2013-02-20 10:14:07.000000001 UTC, 0.000000 s"
    )
    assert found["Lost"] == "5 packets"
    assert done.stdout.splitlines()[-2:] == [
        "  Can be diagnosed: partly",
        "    The capture lost 5 packets.",
    ]


def test_comments_of_the_capture_are_shown_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcapng"
    path.write_bytes(
        shb(options=option(1, "before the update\nrack 4") + option(4, "Dumpcap"))
        + idb(options=option(1, "mirror of port 7"))
        + shb(options=option(1, b"\x1b[31msecond section"))
    )
    lines = run(path).stdout.splitlines()
    assert [line for line in lines if line.startswith("  Comment")] == [
        "  Comment                   before the update",
        "  Comment                   rack 4",
        "  Comment                   mirror of port 7",
        r"  Comment                   \x1b[31msecond section",
    ]
    (capture,) = json.loads(run(path, "-f", "json").stdout)["captures"]
    assert capture["comments"] == [
        "before the update\nrack 4",
        "mirror of port 7",
        "\x1b[31msecond section",
    ]


def test_more_comments_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcapng"
    path.write_bytes(shb(options=b"".join(option(1, f"note {n}") for n in range(19))))
    found = run(path).stdout
    assert found.count("Comment ") == 16
    assert "  and 3 more comments\n" in found


def test_every_kind_of_frame_is_counted(tmp_path: Path) -> None:
    tape = both_ways()
    packet = tape.send(A, B, KEY)
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.error("192.168.50.254", A, packet[:28], (3, 4))
    tape.error("192.0.2.1", A, build.ipv4(A, "192.0.2.1", 6, bytes(8)), (3, 10))
    tape.web()
    tape.put(build.ipv4(A, B, 17, build.udp(A, B, 50000, 4789, bytes(60))))
    tape.put(build.ipv4(A, B, 47, build.gre(bytes(60), protocol=0x88BE)))
    tape.put(build.ipv4(A, B, 47, build.gre(bytes(60))))
    tape.put(build.ipv4(A, B, 47, bytes(60), fragment=0x0010))
    tape.put(build.arp("00:15:5d:0a:00:01", A, B))
    path = tmp_path / "all.pcap"
    path.write_bytes(pcap(tape.frames))
    contents = read_contents(str(path))
    assert contents.evidence.nvgre_frames == 4
    assert {oddity.value: count for oddity, count in contents.counts.items()} == {
        "host-error": 1,
        "not-gre": 1,
        "vxlan": 1,
        "gre-other": 1,
        "gre-without-key": 1,
        "later-fragment": 1,
        "not-ip": 1,
    }
    assert contents.icmp_errors == [
        (IcmpKind(4, 3, 4, is_inner=False, about_nvgre=True), 1),
        (IcmpKind(4, 3, 10, is_inner=True, about_nvgre=True), 1),
        (IcmpKind(4, 3, 10, is_inner=False, about_nvgre=False), 1),
    ]
    text = run(path).stdout
    for row in (
        "    NVGRE                 4",
        "    VXLAN (UDP 4789)      1",
        "    GRE without a key     1",
        "    other GRE             1",
        "    GRE, later fragments  1",
        "    other IP              1",
        "    ARP, 0x0806           1",
        (
            "    ICMP error            1 x ICMP 3/4 (fragmentation needed), on the underlay, about"
            " NVGRE"
        ),
        (
            "    ICMP error            1 x ICMP 3/10 (host administratively prohibited), on the"
            " underlay, about other traffic"
        ),
    ):
        assert row in text.splitlines()


def test_times_are_the_earliest_and_the_latest_whatever_their_order(tmp_path: Path) -> None:
    path = tmp_path / "unsorted.pcapng"
    frame = both_ways().frames[0][1]
    path.write_bytes(
        shb()
        + idb()
        + epb(0, TIME + 5000, frame)
        + spb(frame)
        + epb(0, TIME, frame)
        + opb(0, TIME + 9000, frame)
    )
    lengths = read_contents(str(path)).lengths
    assert (lengths.first_ns, lengths.last_ns) == (TIME, TIME + 9000)
    path.write_bytes(shb() + idb() + spb(frame))
    assert "Time" not in rows(run(path).stdout)


def test_json_holds_the_same_for_programs() -> None:
    done = run(CUT, "--format", "json")
    (capture,) = json.loads(done.stdout)["captures"]
    assert (done.returncode, done.stdout.isascii()) == (0, True)
    assert {
        name: capture[name]
        for name in ("format", "status", "frames", "cut_frames", "nvgre_frames", "dropped")
    } == {
        "format": "pcap",
        "status": "cut",
        "frames": 22,
        "cut_frames": 18,
        "nvgre_frames": 18,
        "dropped": None,
    }
    assert (capture["first_ns"], capture["first"]) == (TIME, "2013-02-20T10:14:07.000000000Z")
    assert capture["interfaces"][0]["snap_length"] == 96
    assert capture["icmp_errors"] == [
        {"version": 4, "type": 3, "code": 10, "carried": "inner", "about_nvgre": True, "count": 9}
    ]
    assert capture["answer"] == json.loads(done.stdout)["answer"]
    assert capture["answer"]["can_be_diagnosed"] == "partly"


def test_compressed_captures_and_standard_input_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(MISMATCH.read_bytes()))
    plain = run(MISMATCH).stdout.splitlines()[1:]
    assert run("-", stdin=MISMATCH.read_bytes()).stdout.splitlines()[1:] == plain
    packed = run(path).stdout.splitlines()[1:]
    assert (
        packed[0] == "  Format         pcapng version 1.0, little endian, packed with gzip; 5.9 kB"
    )
    assert packed[1:] == plain[1:]


# --- the answer --------------------------------------------------------------


def test_nothing_stands_in_the_way(tmp_path: Path) -> None:
    assert answer_of(tmp_path, both_ways()) == Answer(Fitness.YES, ())


def test_a_host_that_only_receives_is_named(tmp_path: Path) -> None:
    tape = both_ways()
    tape.send(A, C, KEY, VM1, VM3)
    tape.send(A, "239.1.1.1", KEY)
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.PARTLY,
        (
            (
                "Only one direction of 192.168.50.3 was captured: it receives NVGRE and sends none."
                " Capture on that host, or where both directions pass."
            ),
        ),
    )


def test_directions_of_several_captures_come_together(tmp_path: Path) -> None:
    there, back = Tape(), Tape()
    there.send(A, B, KEY)
    back.send(B, A, KEY, VM2, VM1)
    assert answer_of(tmp_path, there).fitness is Fitness.PARTLY
    assert answer_of(tmp_path, there, back) == Answer(Fitness.YES, ())
    done = run("capture-0.pcap", "capture-1.pcap", cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "Together they can be diagnosed: yes"


def test_vm_pairs_in_one_direction_only_are_a_reason(tmp_path: Path) -> None:
    tape = Tape()
    tape.send(A, B, KEY, VM1, VM2)
    tape.send(B, A, KEY, VM3, VM4)
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.PARTLY,
        ("No VM pair was heard in both directions, so only the values of the keys can tell.",),
    )


def test_frames_cut_before_the_macs_and_before_the_key_are_reasons(tmp_path: Path) -> None:
    tape = both_ways()
    tape.snaplen = 50
    tape.ping(A, B, KEY, KEY)
    tape.snaplen = 40
    tape.ping(A, B, KEY, KEY)
    remedy = "capture again with a snap length of 128 bytes or more, for example tcpdump -s 128."
    assert answer_of(tmp_path, tape).reasons == (
        f"2 GRE frames are cut before the key: {remedy}",
        (
            "2 NVGRE frames are cut before the inner MAC addresses,"
            f" so the directions of a VM pair cannot be compared: {remedy}"
        ),
    )
    tape.frames = tape.frames[-2:]
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.NO, (f"2 GRE frames are cut before the key: {remedy}",)
    )


def test_quotes_alone_are_not_much(tmp_path: Path) -> None:
    quoted = both_ways()
    tape = Tape()
    tape.error(B, A, quoted.frames[0][1][14:])
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.PARTLY, ("No NVGRE data was captured, only ICMP errors that quote some.",)
    )


def test_without_nvgre_the_answer_is_no_and_says_where_to_capture(tmp_path: Path) -> None:
    tape = Tape()
    tape.web()
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.NO,
        (
            (
                "There is no NVGRE: capture on the physical adapter that holds the provider"
                " address, with no filter or with the one of nvgre-doctor filter."
            ),
        ),
    )
    tape.put(build.ipv4(A, B, 17, build.udp(A, B, 50000, 4789, bytes(60))))
    assert answer_of(tmp_path, tape).reasons == (
        (
            "There is VXLAN and no NVGRE. VXLAN is the default since Windows Server 2016;"
            " the layouts of NVGRE do not apply to it."
        ),
    )


def test_control_traffic_alone_is_no_data(tmp_path: Path) -> None:
    tape = Tape()
    tape.send(A, B, 0xFFFFFF00, inner=b"")
    assert answer_of(tmp_path, tape) == Answer(
        Fitness.NO,
        (
            (
                "There is NVGRE between the hosts, and none of it carries data of virtual machines:"
                " capture longer."
            ),
        ),
    )


def test_a_link_type_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    capture = pcap([(TIME, bytes(60))] * 3, linktype=189)
    assert answer_of(tmp_path, capture) == Answer(
        Fitness.NO, ("3 frames have a link type that cannot be decoded (189).",)
    )


def test_no_frame_is_no_answer(tmp_path: Path) -> None:
    assert answer_of(tmp_path, pcap([])) == Answer(Fitness.NO, ("There is not one frame.",))
    assert answer_of(tmp_path, b"no capture\n") == Answer(Fitness.NO, ("There is not one frame.",))


# --- the program -------------------------------------------------------------


def test_exit_codes_are_0_2_and_3(tmp_path: Path) -> None:
    web = Tape()
    web.web()
    (tmp_path / "web.pcap").write_bytes(pcap(web.frames))
    (tmp_path / "usb.pcap").write_bytes(pcap([(TIME, bytes(60))], linktype=189))
    (tmp_path / "empty.pcap").write_bytes(pcap([]))
    (tmp_path / "text").write_text("no capture\n")
    (tmp_path / "folder").mkdir()
    for args, code in (
        ([MISMATCH], 0),
        ([CUT], 0),
        (["web.pcap"], 0),
        (["usb.pcap"], 3),
        (["empty.pcap"], 3),
        (["text"], 3),
        (["missing"], 3),
        (["folder"], 3),
        ([MISMATCH, "text"], 3),
        ([], 2),
        ([MISMATCH, "-f", "yaml"], 2),
    ):
        assert run(*args, cwd=tmp_path).returncode == code, args


def test_hostile_texts_are_visible_in_text_and_raw_in_json(tmp_path: Path) -> None:
    evil = b"\x1b[31m\n::error::x\xff"
    options = option(3, evil) + option(11, b"\0" + evil)
    name = "::error::evil\x1b.pcapng"
    (tmp_path / name).write_bytes(
        shb(options=option(4, evil))
        + idb(options=option(2, evil) + options)
        + epb(0, TIME, bytes(60))
    )
    done = run(name, cwd=tmp_path)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]|^\s*::", done.stdout, re.MULTILINE)
    assert done.stdout.startswith(r"Capture ::error::evil\x1b.pcapng" + "\n")
    assert r"  Written by   \x1b[31m\n::error::x\xff" in done.stdout.splitlines()
    (capture,) = json.loads(run(name, "-f", "json", cwd=tmp_path).stdout)["captures"]
    assert (capture["path"], capture["interfaces"][0]["name"]) == (
        name,
        "\x1b[31m\n::error::x\\xff",
    )


def test_many_interfaces_are_counted_and_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "many.pcapng"
    path.write_bytes(shb() + idb() * 300 + epb(0, TIME, both_ways().frames[0][1]))
    lines = run(path).stdout.splitlines()
    assert sum(line.startswith("  Interface ") for line in lines) == 16
    assert any(line.strip() == "and 284 more interfaces" for line in lines)


# --- words -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration_ns", "words"),
    [
        (0, "0.000000 s"),
        (180_000, "0.000180 s"),
        (85_508_821_000, "85.5 s"),
        (125 * 10**9, "2 min 5 s"),
        (7_320 * 10**9, "2 h 2 min"),
        (183_600 * 10**9, "2 d 3 h"),
    ],
)
def test_durations_in_the_unit_that_fits(duration_ns: int, words: str) -> None:
    assert duration_words(duration_ns) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (5_916, "5.9 kB"),
        (999_960, "1.0 MB"),
        (2 * 10**12, "2.0 TB"),
    ],
)
def test_sizes_in_the_unit_that_fits(size: int, words: str) -> None:
    assert size_words(size) == words


def test_times_no_calendar_has_are_numbers() -> None:
    assert time_words(TIME + 1_000) == "2013-02-20 10:14:07.000001"
    assert time_words(TIME + 1) == "2013-02-20 10:14:07.000000001"
    assert time_words(2**80) == "1208925819614629174706176 ns since 1970"
    assert time_words(-5) == "-5 ns since 1970"


def test_link_types_have_names_or_numbers() -> None:
    assert (linktype_words(276), linktype_words(147)) == (
        "Linux cooked, version 2 (276)",
        "link type 147",
    )


@pytest.mark.parametrize(("described", "is_said"), [([idb(), idb(113)], False), ([idb()], True)])
def test_a_host_does_not_send_nothing_where_frames_were_left_out(
    described: list[bytes], is_said: bool, tmp_path: Path
) -> None:
    """Those of an interface that is not described, among several link types, may be its own."""
    tape = Tape()
    tape.send(A, B, 0x00138900)
    frame = tape.frames[0][1]
    path = tmp_path / "a.pcapng"
    path.write_bytes(shb() + b"".join(described) + epb(0, TIME, frame) + epb(7, TIME, frame))
    assert ("sends none" in run(path).stdout) is is_said
