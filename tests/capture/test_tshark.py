"""Wireshark reads the same frames, numbers, times and lengths.  tshark must be installed: a peer,
not a mock.
"""

import csv
import random
import struct
import subprocess
from pathlib import Path

import pytest

from tests.build import block, custom, epb, idb, isb, opb, option, pcap, shb, spb
from tests.capture.reading import read_path
from tests.needs import folder, need

TIME = 1_700_000_000_123_456_789


def by_tshark(path: Path) -> list[tuple[int, int | None, int, int]]:
    """Number, time in ns, original and captured length of each frame that is a packet."""
    fields = ["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type"]
    command = [
        need("tshark"),
        "-n",
        "-r",
        str(path),
        "-T",
        "fields",
        *(word for field in fields for word in ("-e", field)),
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = []
    for line in out.splitlines():
        number, time, length, captured, encapsulation = line.split("\t")
        seconds, _, fraction = time.partition(".")
        ts_ns = int(seconds) * 10**9 + int(fraction.ljust(9, "0")) if time else None
        if encapsulation:  # a custom block has none
            rows.append((int(number), ts_ns, int(length), int(captured)))
    return rows


def by_us(path: Path) -> list[tuple[int, int | None, int, int]]:
    frames = read_path(path).frames
    return [
        (f.number, None if f.ts_ns == -1 else f.ts_ns, f.wire_length, len(f.data)) for f in frames
    ]


def _frames(seed: int, count: int = 40) -> list[tuple[int, bytes, int]]:
    chance = random.Random(seed)
    frames = []
    for _ in range(count):
        data = chance.randbytes(chance.choice([0, 1, 13, 14, 60, 61, 62, 63, 98, 1514, 9000]))
        frames.append(
            (TIME + chance.randrange(10**15), data, len(data) + chance.choice([0, 0, 5, 1000]))
        )
    return frames


@pytest.mark.peer
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", ["micro", "nano", "modified"])
def test_pcap(tmp_path, order, magic):
    path = tmp_path / "a"
    path.write_bytes(pcap(_frames(1), 1, order, magic))
    assert len(by_us(path)) == 40
    assert by_us(path) == by_tshark(path)


@pytest.mark.peer
@pytest.mark.parametrize("tsoffset", [None, 86_400, -86_400])
def test_pcapng_times(tmp_path, tsoffset):
    resolutions = [None, 0, 3, 6, 7, 9, 0x80, 0x80 | 10, 0x80 | 20, 0x80 | 30]
    parts = []
    for order in "<>":
        parts += [
            shb(order),
            *(idb(1, order, 0, resolution, tsoffset) for resolution in resolutions),
        ]
        for ts_ns, data, wire_length in _frames(2, 20):
            for interface, resolution in enumerate(resolutions):
                parts.append(
                    epb(interface, ts_ns, data, order, wire_length, b"", resolution, tsoffset)
                )
    path = tmp_path / "a"
    path.write_bytes(b"".join(parts))
    assert len(by_us(path)) == 400
    assert by_us(path) == by_tshark(path)


@pytest.mark.peer
@pytest.mark.parametrize("seed", range(8))
def test_pcapng_of_all_blocks_in_random_order(tmp_path, seed):
    chance = random.Random(seed)
    parts: list[bytes] = []
    for _ in range(chance.randint(1, 4)):
        order = chance.choice("<>")
        resolutions = [
            chance.choice([None, 6, 9, 3, 0x80 | 20]) for _ in range(chance.randint(1, 4))
        ]
        comment = option(1, chance.randbytes(chance.randrange(8)), order)
        parts.append(shb(order, chance.choice([-1, -1, 0]), comment))
        parts += [
            idb(chance.choice([1, 113, 276, 101]), order, 9000, resolution)
            for resolution in resolutions
        ]
        for ts_ns, data, wire_length in _frames(seed, chance.randrange(60)):
            interface = chance.randrange(len(resolutions))
            kind = chance.choice(["epb"] * 20 + ["opb", "spb", "custom", "isb", "commented"])
            if kind == "custom":
                parts.append(custom(data, order=order))
            elif kind == "isb":
                parts.append(isb(interface, ts_ns, order=order))
            elif kind == "spb":
                parts.append(spb(data, order))
            else:
                make = opb if kind == "opb" else epb
                options = comment if kind == "commented" else b""
                more = {"tsresol": resolutions[interface], "options": options}
                parts.append(make(interface, ts_ns, data, order, wire_length, **more))
    path = tmp_path / "a"
    path.write_bytes(b"".join(parts))
    assert by_us(path) == by_tshark(path)


@pytest.mark.peer
def test_blocks_that_hold_no_packet_and_take_a_frame_number_all_the_same(tmp_path):
    journal = b"__REALTIME_TIMESTAMP=1700000000123456\nMESSAGE=hello\n\n"
    blocks = [
        block(kind, bytes(60))
        for kind in (0x4, 0x5, 0x7, 0x8, 0xA, 0xB, 0xBAD, 0x40000BAD, 0x201, 0x204, 0x205)
    ]
    blocks += [block(kind, bytes(60)) for kind in (0x208, 0x216, 0x221, 0x1234, 0x80000001)]
    blocks += [
        block(0x9, journal),
        *(custom(struct.pack("<I", kind) + bytes(60), 10949) for kind in (1, 2)),
    ]
    data = shb() + idb()
    for number, odd in enumerate(blocks):
        data += odd + epb(0, TIME, bytes([number]))
    path = tmp_path / "a"
    path.write_bytes(data)
    assert len(by_us(path)) == 19
    assert by_us(path) == by_tshark(path)


# --- a corpus that nobody here wrote, where there is one ---------------------


KNOWN_DIFFERENCES = {
    # Red Hat, Nokia and SuSE relatives of pcap with one single record: it is taken for a pcap that
    # is cut in its second record, because normal files that are cut so are far more common.
    "packetnet.rh6_1pcap.bin": "cut",
    "packetnet.nokiapcap.bin": "cut",
    "packetnet.suse6_3pcap.bin": "cut",
    # Compressed with lz4, which the standard library cannot read: named with the command that
    # unpacks it.
    "all-nvgre.pcap.lz4": "unreadable",
    # Fuzzed pcap of version 2.2, where the two lengths of a record are swapped (before 1993).
    "clusterfuzz-testcase-minimized-FuzzTarget-6604968558198784": "cut",
}


def test_every_file_of_the_corpus_that_tshark_reads_whole_gives_as_many_frame_numbers():
    corpus = folder("NVGRE_DOCTOR_CORPUS")
    compared, different = 0, {}
    with open(corpus / "index.tsv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["tshark_rc"] != "0" or row["kind"] not in ("pcap", "pcapng"):
                continue
            compared += 1
            status, numbered = _numbers(corpus / row["file"])
            if numbered != int(row["tshark_packets"]) or status in ("cut", "unreadable"):
                different[Path(row["file"]).name] = status
    assert compared > 1000
    assert different == KNOWN_DIFFERENCES


def _numbers(path: Path) -> tuple[str, int]:
    from nvgre_doctor.capture import open_capture

    with open_capture(path) as capture:
        for batch in capture.batches():
            assert len(batch.stamps) == len(batch.lengths) == len(batch.numbers)
        return str(capture.progress.status), capture.progress.numbered
