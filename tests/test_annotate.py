"""`nvgre-doctor annotate` as a process, and its output in the eyes of tshark and capinfos."""

import gzip
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from nvgre_doctor.annotate import Pointer, annotate, can_be_copied
from nvgre_doctor.capture import open_capture
from nvgre_doctor.doctor import examine
from nvgre_doctor.rules.registry import find_all
from nvgre_doctor.settings.options import Options
from tests import build, program
from tests.build import block, custom, epb, idb, isb, nrb, opb, option, pcap, shb, spb
from tests.needs import folder, need, posix
from tests.worlds import VM1, VM2, A, B, Tape

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_pcaps"
MISMATCH = SAMPLES / "01-mismatch-pings-refused.pcapng"
UPDATED = SAMPLES / "02-all-updated.pcapng"
TCPDUMP_ANY = SAMPLES / "08-plain-gre-open-vswitch.pcap"
CUT = SAMPLES / "10-mismatch-file-cut-short.pcap"
TIME = 1_361_355_247_123_456_789
ORDERS = pytest.mark.parametrize("order", ["<", ">"])
TEXT_301 = (
    "nvgre-doctor NVG301: 192.168.50.1 (RFC 7637) and 192.168.50.2 (draft-00) probably cannot talk:"
    " they use different layouts"
)
TEXT_201 = (
    "nvgre-doctor NVG201: 192.168.50.2 probably uses the old NVGRE layout (draft-00): key"
    " 0x00001389 is TNI 5001"
)
PROVEN_301, PROVEN_201 = (
    text.replace("probably cannot", "cannot").replace("probably uses", "uses")
    for text in (TEXT_301, TEXT_201)
)
"""Where more than a frame of each says so."""


def mismatch_frames() -> tuple[bytes, bytes]:
    """A frame of the updated host, and the answer of the old one."""
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    return tape.frames[0][1], tape.frames[1][1]


UPDATED_HOST, OLD_HOST = mismatch_frames()
WEB = build.ethernet(
    build.ipv4("192.0.2.1", "192.0.2.2", 6, build.tcp("192.0.2.1", "192.0.2.2", 50000, 443))
)


def run(
    *args: str | Path, cwd: Path | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    done = program.run("annotate", *args, cwd=cwd, stdin=stdin)
    assert b"Traceback" not in done.stderr
    return program.text_of(done)


def annotated(capture: Path | bytes, folder: Path, *options: str, code: int = 0) -> bytes:
    """What `annotate` writes, but for the verdict in its section header; the exit code must be that
    of the findings.
    """
    if isinstance(capture, bytes):
        path = folder / f"in-{len(list(folder.iterdir()))}.bin"
        path.write_bytes(capture)
        capture = path
    out = folder / f"out-{len(list(folder.iterdir()))}.pcapng"
    done = run(capture, "-o", out, *options)
    assert done.returncode == code, done.stderr
    return without_verdict(out.read_bytes())


def without_verdict(data: bytes) -> bytes:
    """The same without the comment that must stand first in its section header."""
    order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    total, code, size = struct.unpack_from(order + "I16xHH", data, 4)
    assert (code, data[28:45]) == (1, b"nvgre-doctor says")
    theirs = data[28 + -(-size // 4) * 4 : total - 4]
    return (
        block(0x0A0D0D0A, data[8:24] + (b"" if theirs == bytes(4) else theirs), order)
        + (data[total:])
    )


def tshark(capture: Path, *arguments: str) -> str:
    done = subprocess.run(
        [need("tshark"), "-n", "-r", str(capture), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def matches(capture: Path, display_filter: str) -> list[int]:
    return [
        int(number)
        for number in tshark(
            capture, "-Y", display_filter, "-T", "fields", "-e", "frame.number"
        ).split()
    ]


def capinfos(capture: Path, *options: str) -> dict[str, str]:
    done = subprocess.run(
        [need("capinfos"), "-M", *options, str(capture)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [re.split("[:=]", line, maxsplit=1) for line in done.stdout.splitlines()]
    return {row[0].strip(): row[-1].strip() for row in rows}


def without_our_comments(data: bytes) -> bytes:
    """The blocks of a pcapng file, our comments taken out: an independent reading of the format,
    little endian only.
    """
    rest, whole = data, b""
    while rest:
        kind, total = int.from_bytes(rest[:4], "little"), int.from_bytes(rest[4:8], "little")
        body, rest = rest[8 : total - 4], rest[total:]
        if kind in (6, 0x0A0D0D0A):
            options_at, ours = 16, b"nvgre-doctor says"
            if kind == 6:
                options_at = 20 + -(-int.from_bytes(body[12:16], "little") // 4) * 4
                ours = b"nvgre-doctor NVG"
            options, kept = body[options_at:], b""
            while options:
                size = 4 + -(-int.from_bytes(options[2:4], "little") // 4) * 4
                if not options.startswith(b"\1\0") or not options[4:].startswith(ours):
                    kept += options[:size]
                options = options[size:]
            body = body[:options_at] + (b"" if kept == bytes(4) else kept)
        whole += block(kind, body)
    return whole


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every sample, annotated."""
    folder = tmp_path_factory.mktemp("annotated")
    outputs = {path.name: folder / f"{path.stem}.pcapng" for path in sorted(SAMPLES.iterdir())}
    for name, out in outputs.items():
        assert run(SAMPLES / name, "-o", out).returncode in (0, 1)
    return outputs


# --- in Wireshark ------------------------------------------------------------


@pytest.mark.peer
def test_wireshark_finds_the_frames_by_their_comments(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    done = run(MISMATCH, "-o", out)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot"
        " talk.",
        f"Wrote {out}: 36 frames, 32 with a comment (NVG201 8, NVG301 16, NVG302 16)",
        'In Wireshark: frame.comment contains "nvgre-doctor"',
    ]
    assert matches(out, 'frame.comment contains "NVG2"') == [13, 15, 17, 19, 29, 31, 33, 35]
    assert matches(out, 'frame.comment contains "NVG302"') == list(range(6, 37, 2))
    assert matches(out, 'frame.comment contains "NVG301"') == list(range(5, 37, 2))
    assert matches(out, "frame.comment") == list(range(5, 37))
    comments = tshark(
        out, "-Y", "frame.number == 13", "-T", "fields", "-e", "frame.comment", "-E", "aggregator=|"
    )
    assert comments.strip().split("|") == [PROVEN_201, PROVEN_301]


@pytest.mark.peer
def test_wireshark_lists_the_comments_as_expert_information(samples: dict[str, Path]) -> None:
    rows = [
        line.split(maxsplit=3)
        for line in tshark(samples[MISMATCH.name], "-q", "-z", "expert").splitlines()
    ]
    comments = [(row[0], row[3]) for row in rows if len(row) == 4 and row[1] == "Comment"]
    refused = (
        "nvgre-doctor NVG302: {} refuses what {} sends (ICMP 3/10, key {}): their layouts differ"
    )
    assert comments == [
        ("16", PROVEN_301),
        ("8", refused.format("192.168.50.2", "192.168.50.1", "0x00138900")),
        ("8", PROVEN_201),
        ("8", refused.format("192.168.50.1", "192.168.50.2", "0x00001389")),
    ]


@pytest.mark.peer
@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.iterdir()))
def test_tshark_dissects_every_frame_as_before(sample: str, samples: dict[str, Path]) -> None:
    fields = [
        word
        for name in (
            "frame.number",
            "frame.time_epoch",
            "frame.len",
            "frame.cap_len",
            "frame.protocols",
            "gre.key",
            "icmp.code",
        )
        for word in ("-e", name)
    ]
    before = subprocess.run(
        [need("tshark"), "-n", "-r", str(SAMPLES / sample), "-T", "fields", *fields],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tshark(samples[sample], "-T", "fields", *fields) == before.stdout


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.pcapng")))
def test_a_pcapng_is_byte_for_byte_the_same_without_our_comments(
    sample: str, samples: dict[str, Path]
) -> None:
    original = (SAMPLES / sample).read_bytes()
    assert without_our_comments(original) == original
    assert without_our_comments(samples[sample].read_bytes()) == original


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.iterdir()))
def test_a_second_run_gives_the_same_bytes(
    sample: str, samples: dict[str, Path], tmp_path: Path
) -> None:
    twice = tmp_path / "twice.pcapng"
    run(samples[sample], "-o", twice)
    assert twice.read_bytes() == samples[sample].read_bytes()


# --- pcapng ------------------------------------------------------------------


@ORDERS
def test_every_other_block_passes_through(order: str, tmp_path: Path) -> None:
    head = shb(order, options=option(4, "Dumpcap 1.8.5", order)) + idb(1, order, name="mirror0")
    secrets = block(10, b"TLSK\0\0\0\0", order)
    unknown = block(0x0BADF00D, b"\1\2\3\4", order)
    theirs = option(1, "Ticket 4711", order)
    before = head + nrb([(A, "host1")], order) + secrets + custom(b"own", order=order)
    after = unknown + isb(0, TIME, 3, 0, order)
    capture = (
        before
        + epb(0, TIME, UPDATED_HOST, order, options=theirs)
        + epb(0, TIME, WEB, order, options=theirs)
        + epb(0, TIME, OLD_HOST, order)
        + after
    )
    ours_301, ours_201 = option(1, TEXT_301, order), option(1, TEXT_201, order)
    assert annotated(capture, tmp_path) == (
        before
        + epb(0, TIME, UPDATED_HOST, order, options=ours_301 + theirs)
        + epb(0, TIME, WEB, order, options=theirs)
        + epb(0, TIME, OLD_HOST, order, options=ours_201 + ours_301)
        + after
    )


@ORDERS
def test_only_findings_keeps_what_the_packets_need_and_nothing_else(
    order: str, tmp_path: Path
) -> None:
    head = (
        shb(order) + idb(1, order) + nrb([(A, "host1")], order) + block(10, b"TLSK\0\0\0\0", order)
    )
    capture = (
        head
        + epb(0, TIME, WEB, order)
        + spb(WEB, order)
        + epb(0, TIME, UPDATED_HOST, order)
        + custom(b"own", order=order)
        + epb(0, TIME, OLD_HOST, order)
        + block(0x0BADF00D, b"\1\2\3\4", order)
        + isb(0, TIME, 3, 0, order)
    )
    ours_301, ours_201 = option(1, TEXT_301, order), option(1, TEXT_201, order)
    assert annotated(capture, tmp_path, "--only-findings") == (
        head
        + epb(0, TIME, UPDATED_HOST, order, options=ours_301)
        + epb(0, TIME, OLD_HOST, order, options=ours_201 + ours_301)
    )


@pytest.mark.peer
def test_obsolete_packet_blocks_get_comments_that_wireshark_shows(tmp_path: Path) -> None:
    capture = shb() + idb() + opb(0, TIME, UPDATED_HOST) + opb(0, TIME, OLD_HOST)
    data = annotated(capture, tmp_path)
    assert data == shb() + idb() + opb(0, TIME, UPDATED_HOST, options=option(1, TEXT_301)) + opb(
        0, TIME, OLD_HOST, options=option(1, TEXT_201) + option(1, TEXT_301)
    )
    (tmp_path / "seen.pcapng").write_bytes(data)
    assert matches(tmp_path / "seen.pcapng", 'frame.comment contains "NVG201"') == [2]


def test_simple_packet_blocks_stay_as_they_are_and_that_is_said(tmp_path: Path) -> None:
    capture = tmp_path / "simple.pcapng"
    capture.write_bytes(shb() + idb() + spb(UPDATED_HOST) + spb(WEB) + spb(OLD_HOST))
    done = run(capture, "-o", tmp_path / "out.pcapng")
    assert done.returncode == 0
    assert without_verdict((tmp_path / "out.pcapng").read_bytes()) == capture.read_bytes()
    assert done.stdout.splitlines()[1:] == [
        f"Wrote {tmp_path}/out.pcapng: 3 frames, 0 with a comment (NVG201 1, NVG301 2)",
        (
            "2 frames that a finding points to could not take a comment (simple packet blocks, or"
            " blocks of more than 4 MiB)"
        ),
    ]
    assert annotated(capture, tmp_path, "--only-findings") == shb() + idb() + spb(
        UPDATED_HOST
    ) + spb(OLD_HOST)


@pytest.mark.parametrize(("first", "second"), [("<", ">"), (">", "<")])
def test_sections_have_their_own_byte_order_interfaces_and_length(
    first: str, second: str, tmp_path: Path
) -> None:
    body_one = idb(1, first) + idb(113, first) + epb(0, TIME, UPDATED_HOST, first)
    body_two = (
        idb(101, second, tsresol=9)
        + idb(1, second)
        + epb(1, TIME, OLD_HOST, second)
        + epb(0, TIME, OLD_HOST[14:], second)
    )
    capture = (
        shb(first, len(body_one))
        + body_one
        + shb(second, len(body_two))
        + body_two
        + shb(first)
        + idb(1, first)
    )
    new_one = (
        idb(1, first)
        + idb(113, first)
        + epb(0, TIME, UPDATED_HOST, first, options=option(1, TEXT_301, first))
    )
    options = option(1, TEXT_201, second) + option(1, TEXT_301, second)
    new_two = (
        idb(101, second, tsresol=9)
        + idb(1, second)
        + epb(1, TIME, OLD_HOST, second, options=options)
        + epb(0, TIME, OLD_HOST[14:], second, options=options)
    )
    expected = (
        shb(first, len(new_one))
        + new_one
        + shb(second, len(new_two))
        + new_two
        + shb(first)
        + idb(1, first)
    )
    assert annotated(capture, tmp_path) == expected


def test_a_section_length_that_was_wrong_stays_wrong(tmp_path: Path) -> None:
    capture = shb(length=7) + idb() + epb(0, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST)
    assert annotated(capture, tmp_path)[:28] == shb(length=7)


def test_only_findings_corrects_the_section_length(tmp_path: Path) -> None:
    body = idb() + epb(0, TIME, WEB) + epb(0, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST) + isb()
    data = annotated(shb(length=len(body)) + body, tmp_path, "--only-findings")
    assert data[:28] == shb(length=len(data) - 28)


def test_packets_of_an_unknown_interface_pass_through(tmp_path: Path) -> None:
    lost = epb(5, TIME, OLD_HOST)
    head = shb() + idb() + idb(113)
    capture = head + lost + epb(0, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST)
    data = annotated(capture, tmp_path)
    assert data.startswith(head + lost)
    assert without_our_comments(data) == capture


def test_packets_of_an_unknown_interface_among_alike_ones_get_their_comments(
    tmp_path: Path,
) -> None:
    data = annotated(shb() + idb() + epb(5, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST), tmp_path)
    assert data.count(b"nvgre-doctor NVG301") == 2


def test_blocks_with_lengths_of_etl2pcapng_get_their_right_ones(tmp_path: Path) -> None:
    right = [epb(0, TIME, UPDATED_HOST), epb(0, TIME, OLD_HOST)]
    long = []
    for each in right:
        length = (len(each) + 4).to_bytes(4, "little")
        long.append(each[:4] + length + each[8:-4] + length)
    data = annotated(shb() + idb() + b"".join(long), tmp_path)
    assert without_our_comments(data) == shb() + idb() + b"".join(right)


def test_a_block_of_megabytes_passes_through_in_pieces(tmp_path: Path) -> None:
    large = block(0x0BADF00D, bytes(range(256)) * 40_000)
    many_options = option(1, "x" * 65_000) * 70
    capture = (
        shb()
        + idb()
        + large
        + epb(0, TIME, UPDATED_HOST)
        + large
        + epb(0, TIME, OLD_HOST, options=many_options)
        + epb(0, TIME, OLD_HOST)
    )
    data = annotated(capture, tmp_path)
    assert data == (
        shb()
        + idb()
        + large
        + epb(0, TIME, UPDATED_HOST, options=option(1, TEXT_301))
        + large
        + epb(0, TIME, OLD_HOST, options=many_options)
        + epb(0, TIME, OLD_HOST, options=option(1, TEXT_201) + option(1, TEXT_301))
    )


# --- pcap --------------------------------------------------------------------


@ORDERS
@pytest.mark.parametrize(
    ("magic", "tsresol", "time_ns"),
    [
        ("micro", None, 1_361_355_247_123_456_000),
        ("nano", 9, TIME),
        ("modified", None, 1_361_355_247_123_456_000),
    ],
)
def test_a_pcap_becomes_pcapng_with_its_time_resolution(
    order: str, magic: str, tsresol: int | None, time_ns: int, tmp_path: Path
) -> None:
    capture = pcap(
        [(TIME, UPDATED_HOST), (TIME + 5000, WEB, 1500), (TIME, OLD_HOST)],
        byte_order=order,
        magic=magic,
        snaplen=200,
    )
    assert annotated(capture, tmp_path) == (
        shb()
        + idb(1, snaplen=200, tsresol=tsresol)
        + epb(0, time_ns, UPDATED_HOST, options=option(1, TEXT_301), tsresol=tsresol)
        + epb(0, time_ns + 5000, WEB, wire_length=1500, tsresol=tsresol)
        + epb(
            0, time_ns, OLD_HOST, options=option(1, TEXT_201) + option(1, TEXT_301), tsresol=tsresol
        )
    )


@pytest.mark.peer
def test_link_type_snap_length_and_frame_check_sequences_of_a_pcap_stay(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert run(TCPDUMP_ANY, "-o", out).returncode == 0
    seen = capinfos(out, "-E", "-l", "-c", "-I")
    assert (seen["File encapsulation"], seen["Number of packets"]) == ("linux-sll2", "17")
    assert seen["Capture length"] == "262144"
    with_fcs = pcap([(TIME, UPDATED_HOST), (TIME, OLD_HOST)], fcs_words=2)
    assert annotated(with_fcs, tmp_path)[28:].startswith(
        idb(1, snaplen=262144, options=option(13, b"\4"))
    )


@pytest.mark.peer
def test_only_the_frames_of_findings_of_a_pcap(tmp_path: Path) -> None:
    capture = pcap([(TIME, WEB), (TIME, UPDATED_HOST), (TIME, WEB), (TIME, OLD_HOST)])
    data = annotated(capture, tmp_path, "--only-findings")
    (tmp_path / "seen.pcapng").write_bytes(data)
    assert capinfos(tmp_path / "seen.pcapng", "-c")["Number of packets"] == "2"
    assert matches(tmp_path / "seen.pcapng", "frame.comment") == [1, 2]


def test_a_compressed_capture_is_written_unpacked(tmp_path: Path) -> None:
    plain = annotated(MISMATCH, tmp_path, code=1)
    assert annotated(gzip.compress(MISMATCH.read_bytes()), tmp_path, code=1) == plain


# --- damage ------------------------------------------------------------------


@pytest.mark.peer
def test_what_could_be_read_of_a_cut_capture_is_written_and_the_rest_is_told(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.pcapng"
    done = run(CUT, "-o", out)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"nvgre-doctor: {CUT}: the capture ends in the middle of frame 23"
    )
    assert capinfos(out, "-c")["Number of packets"] == "22"


@pytest.mark.peer
@pytest.mark.parametrize("missing", [1, 5, 40, 130])
def test_a_cut_section_gets_the_length_that_it_has_now(missing: int, tmp_path: Path) -> None:
    body = idb() + epb(0, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST) + epb(0, TIME, WEB) + isb()
    data = annotated((shb(length=len(body)) + body)[:-missing], tmp_path)
    assert data[:28] == shb(length=len(data) - 28)
    (tmp_path / "seen.pcapng").write_bytes(data)
    assert matches(tmp_path / "seen.pcapng", 'frame.comment contains "NVG201"') == [2]


def test_a_damaged_block_ends_the_copy_before_it(tmp_path: Path) -> None:
    good = shb() + idb() + epb(0, TIME, UPDATED_HOST) + epb(0, TIME, OLD_HOST)
    damaged = epb(0, TIME, WEB)[:-4] + b"\xff\xff\xff\xff"
    assert annotated(good + damaged + epb(0, TIME, WEB), tmp_path) == annotated(good, tmp_path)


def test_a_capture_without_frames_becomes_one_and_is_not_healthy(tmp_path: Path) -> None:
    assert annotated(pcap([]), tmp_path, code=3) == shb() + idb(1, snaplen=262144)
    assert annotated(shb() + idb(), tmp_path, code=3) == shb() + idb()


def test_nothing_is_written_for_what_is_no_capture(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no capture\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "stump").write_bytes(MISMATCH.read_bytes()[:20])
    for name in ("text", "empty", "missing", "stump"):
        done = run(name, "-o", "out.pcapng", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"nvgre-doctor: {name}: ")
        assert done.stderr.endswith("nvgre-doctor: out.pcapng was not written\n")
    assert sorted(os.listdir(tmp_path)) == ["empty", "stump", "text"]


# --- files -------------------------------------------------------------------


def test_a_capture_is_never_changed_in_place(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcapng"
    shutil.copy(MISMATCH, capture)
    (tmp_path / "symbolic.pcapng").symlink_to("capture.pcapng")
    os.link(capture, tmp_path / "hard.pcapng")
    for one, other in (
        ("capture", "capture"),
        ("capture", "symbolic"),
        ("capture", "hard"),
        ("symbolic", "capture"),
    ):
        done = run(f"{one}.pcapng", "-o", f"./{other}.pcapng", cwd=tmp_path)
        assert done.returncode == 2
        assert (
            f"./{other}.pcapng is the capture itself; annotate never changes a capture in place."
            in done.stderr
        )
    assert capture.read_bytes() == MISMATCH.read_bytes()
    assert len(os.listdir(tmp_path)) == 3


@posix
def test_a_file_of_others_is_not_replaced_and_one_of_ours_is(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    shutil.copy(UPDATED, out)
    done = run(MISMATCH, "-o", out)
    assert done.returncode == 2
    assert done.stderr == (
        f"nvgre-doctor: {out}: exists and was not written by annotate; delete it first if it may"
        " be replaced\n"
    )
    assert out.read_bytes() == UPDATED.read_bytes()
    out.unlink()
    assert run(MISMATCH, "-o", out).returncode == 1
    first = out.read_bytes()
    out.chmod(0o640)
    assert run(MISMATCH, "-o", out).returncode == 1
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (first, 0o640)


def test_twice_in_a_row_gives_the_same_bytes_also_where_nothing_is_found(tmp_path: Path) -> None:
    for capture, code in ((MISMATCH, 1), (UPDATED, 0), (TCPDUMP_ANY, 0)):
        out = tmp_path / f"{capture.stem}.pcapng"
        assert run(capture, "-o", out).returncode == code
        first = out.read_bytes()
        assert run(capture, "-o", out).returncode == code
        assert out.read_bytes() == first


@ORDERS
def test_the_verdict_is_the_first_comment_of_the_first_section(order: str, tmp_path: Path) -> None:
    theirs = option(1, "Lab 7", order)
    body = idb(1, order) + epb(0, TIME, WEB, order)
    (tmp_path / "in.pcapng").write_bytes(shb(order, options=theirs) + body + shb(order) + body)
    run("in.pcapng", "-o", "out.pcapng", cwd=tmp_path)
    said = option(
        1,
        "nvgre-doctor says: NO NVGRE: There is no NVGRE data in this capture, so nothing can be"
        " said about layouts.",
        order,
    )
    once = shb(order, options=said + theirs) + body + shb(order) + body
    assert (tmp_path / "out.pcapng").read_bytes() == once
    run("out.pcapng", "-o", "again.pcapng", cwd=tmp_path)
    assert (tmp_path / "again.pcapng").read_bytes() == once


# --- several captures ----------------------------------------------------------------------------


def halves(folder: Path) -> None:
    """The updated host in one capture, the old one in another: only together they cannot talk."""
    one, two = Tape(), Tape()
    for _ in range(2):
        one.send(A, B, 0x00138900)
        two.send(B, A, 0x00001389, VM2, VM1)
    folder.mkdir(exist_ok=True)
    (folder / "new.pcap").write_bytes(pcap(one.frames))
    (folder / "old.pcapng.gz").write_bytes(gzip.compress(build.pcapng(two.frames)))


def test_several_captures_are_diagnosed_together_and_written_into_a_folder(tmp_path: Path) -> None:
    halves(tmp_path / "in")
    for _ in range(2):  # the folder is made, and then it is there
        done = run("in/new.pcap", "in/old.pcapng.gz", "-o", "out", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.splitlines() == [
            "MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They"
            " cannot talk.",
            f"Wrote {os.path.join('out', 'new.pcapng')}: 2 frames, 2 with a comment (NVG301 2)",
            f"Wrote {os.path.join('out', 'old.pcapng')}: 2 frames, 2 with a comment"
            " (NVG201 2, NVG301 2)",
            'In Wireshark: frame.comment contains "nvgre-doctor"',
        ]
    assert sorted(os.listdir(tmp_path / "out")) == ["new.pcapng", "old.pcapng"]
    said = b"nvgre-doctor says of 2 captures together: MISMATCH: 192.168.50.2 still uses the old"
    for name in ("new.pcapng", "old.pcapng"):
        assert (tmp_path / "out" / name).read_bytes()[28:].startswith(said)


def test_a_folder_gives_the_same_as_its_captures(tmp_path: Path) -> None:
    halves(tmp_path / "in")
    run("in/new.pcap", "in/old.pcapng.gz", "-o", "one", cwd=tmp_path)
    run("in", "-o", "two", cwd=tmp_path)
    for name in ("new.pcapng", "old.pcapng"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_captures_of_one_name_become_files_of_two(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        shutil.copy(MISMATCH, tmp_path / place / "lab.pcapng")
    (tmp_path / "b" / "LAB.PCAP").write_bytes(TCPDUMP_ANY.read_bytes())
    run("a/lab.pcapng", "b/LAB.PCAP", "b/lab.pcapng", "-o", "out", cwd=tmp_path)
    assert sorted(os.listdir(tmp_path / "out")) == ["LAB-2.pcapng", "lab-3.pcapng", "lab.pcapng"]


def test_one_capture_into_a_folder_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(MISMATCH, "-o", "out", cwd=tmp_path).returncode == 1
    assert run(UPDATED, "-o", "new/", cwd=tmp_path).returncode == 0
    assert os.listdir(tmp_path / "out") == [MISMATCH.name]
    assert os.listdir(tmp_path / "new") == [UPDATED.name]


def test_of_several_captures_what_can_be_read_is_written(tmp_path: Path) -> None:
    halves(tmp_path / "in")
    (tmp_path / "in" / "text").write_text("no capture\n")
    done = run("in/new.pcap", "in/text", "in/missing", "-o", "out", cwd=tmp_path)
    assert done.returncode == 3
    assert os.listdir(tmp_path / "out") == ["new.pcapng"]
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "in/text",
        "in/missing",
        f"{os.path.join('out', 'text.pcapng')} was not written",
        f"{os.path.join('out', 'missing.pcapng')} was not written",
    ]
    done = run("in/text", "in/missing", "-o", "nothing", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert not (tmp_path / "nothing").exists()


def test_captures_in_the_folder_that_is_written_to_are_never_changed(tmp_path: Path) -> None:
    for name in ("one.pcapng", "two.pcapng"):
        shutil.copy(MISMATCH, tmp_path / name)
    done = run("one.pcapng", "two.pcapng", "-o", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "is the capture itself; annotate never changes a capture in place." in done.stderr
    assert (tmp_path / "one.pcapng").read_bytes() == MISMATCH.read_bytes()


@posix
def test_standard_input_and_pipes_are_refused_because_everything_is_read_twice(
    tmp_path: Path,
) -> None:
    done = run("-", "-o", "out.pcapng", cwd=tmp_path, stdin=MISMATCH.read_bytes())
    assert done.returncode == 2
    assert (
        "annotate reads the capture twice, and standard input only once: save it to a file first."
        in done.stderr
    )
    os.mkfifo(tmp_path / "pipe")
    done = run("pipe", "-o", "out.pcapng", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "pipe can be read only once, and annotate reads twice: save it to a file first."
        in done.stderr
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([MISMATCH], "Missing option '-o'"),
        ([], "Missing argument 'CAPTURE...'"),
        ([MISMATCH, UPDATED, "-o", "out.pcapng"], "out.pcapng is no folder, and copies of several"),
        ([SAMPLES, "-o", "out.pcapng"], "captures, or of those in a folder, need one: -o FOLDER"),
        ([SAMPLES, "-o", "missing/out"], "missing/out: the folder "),
        (["folder", "-o", "folder"], "folder lies in folder, so the copies would be read the next"),
        (["folder", "-o", "folder/new/"], "folder/new/ lies in folder, so the copies would be"),
        ([MISMATCH, MISMATCH.name, "-", "-o", "out"], "standard input only once"),
        ([MISMATCH, "-o", "-"], "annotate writes a file; - is standard output."),
        ([MISMATCH, "-o", "missing/out.pcapng"], "does not exist"),
        ([MISMATCH, "-o", "/dev/null"], "/dev/null: is not a regular file"),
        ([MISMATCH, "-o", "out.pcapng", "--config", "missing.toml"], "missing.toml"),
    ],
)
def test_usage_errors_are_exit_2_and_write_nothing(
    args: Sequence[str | Path], message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    done = run(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["folder"]


@posix
@pytest.mark.process
def test_a_disk_that_takes_no_more_leaves_nothing_behind_and_says_so(tmp_path: Path) -> None:
    script = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
    script += "runpy.run_module('nvgre_doctor', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, "annotate", str(MISMATCH), "-o", "out.pcapng"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, os.listdir(tmp_path)) == (2, [])
    assert done.stderr == "nvgre-doctor: out.pcapng: File too large\n"


@pytest.mark.process
def test_interrupted_it_leaves_nothing_behind(tmp_path: Path) -> None:
    capture = tmp_path / "large.pcap"
    capture.write_bytes(
        pcap([(TIME, UPDATED_HOST), (TIME, OLD_HOST)]) + pcap([(TIME, OLD_HOST)] * 200_000)[24:]
    )
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "nvgre_doctor",
            "annotate",
            str(capture),
            "-o",
            str(tmp_path / "out.pcapng"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not any(name.endswith(".tmp") for name in os.listdir(tmp_path)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert os.listdir(tmp_path) == ["large.pcap"]


def test_hostile_names_are_visible(tmp_path: Path) -> None:
    capture = tmp_path / "evil\x1b[31m\n.pcapng"
    shutil.copy(CUT, capture)
    done = run(capture.name, "-o", "out\x1b]0;x\x07.pcapng", cwd=tmp_path)
    assert done.returncode == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stdout + done.stderr)
    assert done.stderr.startswith(r"nvgre-doctor: evil\x1b[31m\n.pcapng: ")
    assert done.stdout.splitlines()[1].startswith(r"Wrote out\x1b]0;x\x07.pcapng: 22 frames, ")


def test_settings_of_check_count_here_too(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text('ignore = ["NVG301", "NVG302"]\n')
    done = run(MISMATCH, "-o", "out.pcapng", cwd=tmp_path)
    assert "(NVG201 8)" in done.stdout
    assert "NVG301" in run(MISMATCH, "-o", "all.pcapng", "--no-config", cwd=tmp_path).stdout


# --- what nobody meant to write ----------------------------------------------


def frames_in(path: Path) -> list[tuple[int, int, int, int, bytes]]:
    with open_capture(path) as capture:
        return sorted(
            (number, batch.linktype, batch.ts_ns(i), batch.wire_length(i), batch.frame(i))
            for batch in capture.batches()
            for i, number in enumerate(batch.numbers)
        )


def annotated_by_library(path: Path, out: Path, *, with_findings: bool = True) -> bool:
    """Annotate without a process for each file; False where there is nothing to write."""
    situation = examine([path], Options())
    (read,) = situation.captures
    if not can_be_copied(read):
        return False
    pointer = Pointer(situation, find_all(situation) if with_findings else ())
    with open(out, "wb") as target:
        annotate(read.path, read, pointer, target, lambda done, total: None)
    return True


def check_copy(path: Path, tmp_path: Path) -> bool:
    """The frames stay, a second run changes nothing, and without our comments what was read is
    there byte for byte.
    """
    once, twice, bare = (tmp_path / name for name in ("once.pcapng", "twice.pcapng", "bare.pcapng"))
    if not annotated_by_library(path, once):
        return False
    assert frames_in(once) == frames_in(path)
    assert annotated_by_library(once, twice)
    assert twice.read_bytes() == once.read_bytes()
    assert annotated_by_library(once, bare, with_findings=False)
    data = path.read_bytes()
    if data.startswith(b"\x0a\x0d\x0d\x0a"):
        assert data.startswith(bare.read_bytes())
    return True


@pytest.mark.long
def test_damaged_captures_are_copied_as_far_as_they_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "damaged.bin"
    written = 0
    for seed in range(100):
        dice = Random(seed)
        sample = dice.choice((MISMATCH, UPDATED, TCPDUMP_ANY, CUT)).read_bytes()
        data = bytearray(sample[: dice.choice((len(sample), dice.randrange(len(sample))))])
        for _ in range(dice.choice((0, 1, 1, 3))):
            if data:
                data[dice.randrange(len(data))] = dice.choice((0, 1, 6, 255, dice.randrange(256)))
        path.write_bytes(data)
        written += check_copy(path, tmp_path)
    assert written > 60


@pytest.mark.long
def test_every_capture_of_the_corpus_is_copied_without_a_change(tmp_path: Path) -> None:
    written = 0
    for path in sorted(folder("NVGRE_DOCTOR_CORPUS").rglob("*")):
        if path.is_file():
            written += check_copy(path, tmp_path)
    assert written > 1000
