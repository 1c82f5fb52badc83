"""Differences in what the readers find in a file, before anything is decoded; all that are
accepted, with their reasons.

FILES are about whole captures (which frames there are), FRAMES about the time, length or bytes of
one frame.
"""

import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5

from nvgre_doctor.vocabulary import Status
from tests.differential.captures import Frame, Seen
from tests.differential.tshark import Row
from tests.needs import need

LONGEST = 0x7FFFFFFF
SUN_ATM = 123
_XZ, _LZ4 = b"\xfd7zXZ\0", b"\x04\x22\x4d\x18"
_MAGICS = {0xA1B2C3D4: (16, 10**6), 0xA1B23C4D: (16, 10**9), 0xA1B2CD34: (24, 10**6)}


@dataclass(frozen=True)
class FileDifference:
    name: str
    reason: str
    applies: Callable[[Seen], bool]


@dataclass(frozen=True)
class FrameDifference:
    name: str
    aspects: frozenset[str]  # "time", "wire length", "bytes"
    reason: str
    applies: Callable[[Seen, Frame, Row], bool]


def _file_type(seen: Seen) -> str:
    command = [need("capinfos"), "-t", str(seen.path)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def _md5(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


def _pcap_version(seen: Seen) -> tuple[int, int] | None:
    data = seen.path.read_bytes()
    for order in "<>":
        if struct.unpack_from(order + "I", data)[0] in _MAGICS:
            major, minor = struct.unpack_from(order + "HH", data, 4)
            return major, minor
    return None


def _lengths(seen: Seen) -> Iterator[tuple[int, int, int]]:
    """Of each block of a pcapng file of this machine's byte order up to the first that is not well
    formed: its length, what stands in the place of the second length, and what stands 4 octets
    before that; read here once more, with struct alone.
    """
    data, at = seen.path.read_bytes(), 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if length < 16 or at + length > len(data):
            return
        before, second = struct.unpack_from("<II", data, at + length - 8)
        yield length, second, before
        if length != second:
            return
        at += length


def _fraction_beyond_a_second(seen: Seen, frame: Frame) -> bool:
    """Whether the record of a pcap file says more than a second in its second word; read here once
    more, with struct alone.
    """
    data = seen.path.read_bytes()
    for order in "<>":
        (magic,) = struct.unpack_from(order + "I", data)
        if magic not in _MAGICS:
            continue
        (size, second), at = _MAGICS[magic], 24
        for _ in range(frame.number - 1):
            at += size + struct.unpack_from(order + "8xI", data, at)[0]
        return struct.unpack_from(order + "4xI", data, at)[0] >= second
    return False


FILES = (
    FileDifference(
        "link type unknown to tshark",
        "tshark refuses a file of a link type that it does not know, or with reserved bits set in"
        " that word; its frames count here",
        lambda seen: not seen.rows and "network type" in seen.said,
    ),
    FileDifference(
        "compression unknown to tshark",
        "tshark 4.0 does not unpack xz",
        lambda seen: (
            not seen.rows
            and seen.path.read_bytes().startswith(_XZ)
            and seen.status is Status.COMPLETE
        ),
    ),
    FileDifference(
        "compression unknown here",
        "the standard library has no lz4: named, with the command that unpacks it",
        lambda seen: seen.path.read_bytes().startswith(_LZ4) and seen.status is Status.UNREADABLE,
    ),
    FileDifference(
        "block length without its padding",
        "a pcapng block whose length is no multiple of four is read whole here; tshark 4.0"
        " gives up",
        lambda seen: not seen.rows and any(length % 4 for length, _, _ in _lengths(seen)),
    ),
    FileDifference(
        "block length four too large",
        "etl2pcapng wrote a length that counts four octets too many, first and last: the last one"
        " lies four octets before its place; such blocks are read here, tshark gives up",
        lambda seen: (
            not seen.rows
            and seen.status is Status.COMPLETE
            and any(length == before != second for length, second, before in _lengths(seen))
        ),
    ),
    FileDifference(
        "relative of pcap",
        "one or two records fit a Red Hat, Nokia or SuSE relative as well as a pcap that is cut or"
        " damaged; tshark takes the former, here it is the latter, which is far more common",
        lambda seen: any(
            name in _file_type(seen)
            for name in ("RedHat 6.1", "Nokia", "SuSE 6.3", "modified tcpdump")
        ),
    ),
    FileDifference(
        "pcap before 2.3",
        "before 1993 the two lengths of a record were swapped; only fuzzers still write such files",
        lambda seen: _pcap_version(seen) == (2, 2),
    ),
)

FRAMES = (
    FrameDifference(
        "no time",
        frozenset({"time"}),
        "a pcapng Simple Packet Block has no time; mergecap writes 1970 for it",
        lambda seen, frame, row: frame.ts_ns is None and row.ts_ns == 0,
    ),
    FrameDifference(
        "time beyond 64 bits",
        frozenset({"time"}),
        "a year before 1677 or after 2262 is damage, and no time here; Wireshark shows it",
        lambda seen, frame, row: (
            frame.ts_ns is None and row.ts_ns is not None and not -(1 << 63) <= row.ts_ns < 1 << 63
        ),
    ),
    FrameDifference(
        "fraction beyond a second",
        frozenset({"time"}),
        "only damaged records have it; Wireshark counts it in 32 bits of nanoseconds, which"
        " overflow",
        lambda seen, frame, row: _fraction_beyond_a_second(seen, frame),
    ),
    FrameDifference(
        "original length beyond 2^31",
        frozenset({"wire length"}),
        "only damaged records have it; Wireshark shows the largest number that it can",
        lambda seen, frame, row: frame.wire_length > LONGEST == row.wire_length,
    ),
    FrameDifference(
        "ATM pseudo header",
        frozenset({"bytes", "wire length"}),
        "Wireshark takes the 4 bytes of SunATM off a frame; here the link type is not decoded",
        lambda seen, frame, row: (
            frame.linktype == SUN_ATM
            and row.md5 == _md5(frame.data[4:])
            and row.wire_length == frame.wire_length - 4
        ),
    ),
)


def differing(frame: Frame, row: Row) -> set[str]:
    """What of a frame is not the same: its time in nanoseconds, its original length, its bytes."""
    same = {
        "time": frame.ts_ns == row.ts_ns,
        "wire length": frame.wire_length == row.wire_length,
        "bytes": (len(frame.data), _md5(frame.data)) == (row.captured_length, row.md5),
    }
    return {aspect for aspect, equal in same.items() if not equal}


def explain_file(seen: Seen) -> str | None:
    """ "": the same frame numbers; the name of the difference; None: not accepted."""
    same_numbers = seen.frames.keys() == seen.rows.keys()
    if same_numbers and all(
        "bytes" not in differing(frame, seen.rows[frame.number]) for frame in seen.frames.values()
    ):
        return ""
    return next((each.name for each in FILES if each.applies(seen)), "" if same_numbers else None)


def explain_frame(seen: Seen, frame: Frame, row: Row) -> list[str | None]:
    """The names of the differences of one frame; None for one that is not accepted."""
    names = []
    for aspect in differing(frame, row):
        fitting = (
            each.name
            for each in FRAMES
            if aspect in each.aspects and each.applies(seen, frame, row)
        )
        names.append(next(fitting, None))
    return names
