"""What a file is, from its first bytes; never from its name.

Knows the readers of captures (each knows how its files begin), compressions, and what people hand
over by mistake, each with the way out.
"""

import re
from typing import Any, Final, NamedTuple

from nvgre_doctor.capture.archives.members import Archive
from nvgre_doctor.capture.archives.tar_files import TarArchive, is_tar
from nvgre_doctor.capture.archives.zip_files import ZIP_MAGICS, ZipArchive
from nvgre_doctor.capture.decompress import CODECS, Codec
from nvgre_doctor.capture.formats.etl.trace import EtlReader
from nvgre_doctor.capture.formats.netmon import NetmonReader
from nvgre_doctor.capture.formats.pcap import PcapReader
from nvgre_doctor.capture.formats.pcapng import PcapngReader
from nvgre_doctor.capture.formats.reader import Reader
from nvgre_doctor.capture.formats.snoop import SnoopReader

READERS: Final[list[type[Reader[Any]]]] = [
    PcapReader,
    PcapngReader,
    SnoopReader,
    EtlReader,
    NetmonReader,
]
"""The capture formats that are read, one line each."""

HEAD: Final = 4096
"""Bytes that are enough to tell what a file is."""

_EDITCAP = "Wireshark reads it; convert it with `editcap -F pcapng INPUT out.pcapng`"
_UNPACK = "unpack it first: `{}`"
_WRITE = "let the capture tool write the file itself: `tcpdump -w FILE` or `dumpcap -w FILE`"

_FOREIGN: Final[tuple[tuple[bytes, str, str, str], ...]] = (
    # first bytes, reason, what it is, what to do
    (b"btsnoop\0", "other-capture", "a Bluetooth btsnoop capture", _EDITCAP),
    (b"TRSNIFF data", "other-capture", "a Sniffer (DOS) capture", _EDITCAP),
    (b"XCP\0", "other-capture", "a Sniffer (Windows) or NetXRay capture", _EDITCAP),
    (b"ObserverPktBuffe", "other-capture", "an Observer capture", _EDITCAP),
    (b"\x7fver", "other-capture", "an OmniPeek capture", _EDITCAP),
    (b"\xaa\xaa\xaa\xaa", "other-capture", "an InfoVista 5View capture", _EDITCAP),
    (b"\x05VNF", "other-capture", "a Visual Networks capture", _EDITCAP),
    (b"\x01\x10\x4c\0", "other-capture", "a Novell LANalyzer capture", _EDITCAP),
    (b"TR\0d\0", "other-capture", "an HP-UX nettl trace", _EDITCAP),
    (b"iptrace ", "other-capture", "an AIX iptrace capture", _EDITCAP),
    (b"\x1c\0\x01\xab", "other-capture", "an Ixia capture", _EDITCAP),
    (b"\x1c\0\x01\xac", "other-capture", "an Ixia capture", _EDITCAP),
    (b"\xab\x01\0\x1c", "other-capture", "an Ixia capture", _EDITCAP),
    (b"\xac\x01\0\x1c", "other-capture", "an Ixia capture", _EDITCAP),
    (b"+---------+----", "other-capture", "a K12 text capture", _EDITCAP),
    (b"\x04\x22\x4d\x18", "lz4", "compressed with lz4", _UNPACK.format("lz4 -d INPUT out.pcap")),
    (b"\x02\x21\x4c\x18", "lz4", "compressed with lz4", _UNPACK.format("lz4 -d INPUT out.pcap")),
    (b"7z\xbc\xaf\x27\x1c", "archive", "a 7-Zip archive", _UNPACK.format("7z x INPUT")),
    (b"Rar!\x1a\x07", "archive", "a RAR archive", _UNPACK.format("unrar x INPUT")),
    (b"MSCF", "archive", "a cabinet archive", _UNPACK.format("expand INPUT -F:* FOLDER")),
    (b"LZIP", "archive", "compressed with lzip", _UNPACK.format("lzip -d INPUT")),
    (b"\x1f\x9d", "archive", "compressed with compress", _UNPACK.format("uncompress INPUT")),
)

_ERF_META: Final = 27  # of the types of records

_TCPDUMP_TEXT = re.compile(
    rb"^(tcpdump: |listening on |reading from file |(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+"
    rb" (IP6?|ARP|\S+ > \S+))",
    re.MULTILINE,
)


class Foreign(NamedTuple):
    """Not a capture that can be read here: a short word for machines, and what to do for people."""

    reason: str
    message: str


def identify(head: bytes) -> type[Reader[Any]] | type[Archive] | Codec | Foreign:
    """Who reads it, the kind of archive, the compression, or why none of these.  `head` is the
    first HEAD bytes, less if the file is shorter.
    """
    for reader in READERS:
        if reader.recognizes(head):
            return reader
    for codec in CODECS:
        if head.startswith(codec.magics):
            return codec
    if head.startswith(ZIP_MAGICS):
        return ZipArchive
    if is_tar(head):
        return TarArchive
    for magic, reason, what, remedy in _FOREIGN:
        if head.startswith(magic):
            return Foreign(reason, f"this is {what}, not {_one_of_ours()}; {remedy}")
    return _text_or_unknown(head)


def _one_of_ours() -> str:
    """Return "a pcap or pcapng file"."""
    *names, last = [reader.name for reader in READERS]
    return f"a {', '.join(names)} or {last} file"


def _text_or_unknown(head: bytes) -> Foreign:
    if not head:
        return Foreign(
            "empty-file",
            "the file has no bytes at all: the capture was not written, or the copy failed",
        )
    if len(head) < 4:
        return Foreign(
            "too-short", f"{len(head)} bytes are too few for a capture: copy the file again"
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Foreign(
            "utf-16",
            "this is UTF-16 text: PowerShell's > and | turn a capture into text and destroy it; "
            + _WRITE
            + ", or use cmd.exe",
        )
    if _is_erf(head):
        return Foreign("erf", f"this is an ERF capture, not {_one_of_ours()}; {_EDITCAP}")
    if not head.strip(b"\0"):
        return Foreign(
            "zeros",
            "the file holds only zero bytes: a copy or download that did not finish; copy it again",
        )
    if b"\0" not in head and _is_text(head):
        return _text(head)
    return Foreign(
        "not-a-capture",
        f"this is not {_one_of_ours()} (it begins with {head[:8].hex(' ')}); if Wireshark"
        " opens it, convert it with `editcap -F pcapng INPUT out.pcapng`; if it comes from netsh"
        " trace or pktmon, with `etl2pcapng INPUT out.pcapng`",
    )


def _is_erf(head: bytes) -> bool:
    """Records of Endace's cards in a row, without any header before them: time (its upper half in
    seconds of 1990 to 2050), type, length of the record; the first may be about the capture.
    """
    at = found = 0
    while at + 16 <= len(head) and found < 8:
        seconds, kind = int.from_bytes(head[at + 4 : at + 8], "little"), head[at + 8] & 0x7F
        size = int.from_bytes(head[at + 10 : at + 12])
        is_about = kind == _ERF_META and not seconds
        if not (is_about or 631_152_000 < seconds < 2_524_608_000):
            return False
        if not 1 <= kind <= 48 or size < 18:
            return False
        at, found = at + size, found + 1
    is_alone = found == 1 and head[8] & 0x7F == _ERF_META and at == len(head)
    return is_alone or (found > 1 and (found == 8 or at >= len(head)))


def _is_text(head: bytes) -> bool:
    printable = sum(byte >= 0x20 or byte in b"\t\n\r\f\x1b" for byte in head)
    return printable >= 0.97 * len(head)


def _text(head: bytes) -> Foreign:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return Foreign(
            "html",
            "this is a web page: the download gave a page instead of the capture; download it"
            " again",
        )
    if start.startswith(b"version https://git-lfs"):
        return Foreign(
            "git-lfs",
            "this is a pointer of Git LFS, and the capture was not fetched: run `git lfs pull`",
        )
    if _TCPDUMP_TEXT.search(head):
        return Foreign("tcpdump-text", "this is what tcpdump prints, not a capture; " + _WRITE)
    return Foreign("text", "this is text, not a capture; " + _WRITE)
