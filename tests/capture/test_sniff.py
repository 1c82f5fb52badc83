"""What is not a capture is named, with the way out; names of files count for nothing."""

import struct

import pytest

from nvgre_doctor.vocabulary import Status
from tests.build import pcap
from tests.capture.reading import read_both, read_bytes

REST = bytes(range(256)) * 8
FRAMES = [(1_700_000_000_000_000_000, b"x" * 60)]

EDITCAP = "`editcap -F pcapng INPUT out.pcapng`"


@pytest.mark.parametrize(
    ("head", "reason", "words"),
    [
        (b"btsnoop\0\0\0\0\1", "other-capture", ["btsnoop", EDITCAP]),
        (b"TRSNIFF data    \x1a", "other-capture", ["Sniffer (DOS)", EDITCAP]),
        (b"XCP\000002", "other-capture", ["NetXRay", EDITCAP]),
        (b"ObserverPktBufferVersion=15.00", "other-capture", ["Observer", EDITCAP]),
        (b"\x7fver\0\0\0", "other-capture", ["OmniPeek", EDITCAP]),
        (b"\xaa\xaa\xaa\xaa\x20\0\0\0", "other-capture", ["5View", EDITCAP]),
        (b"\x05VNFb\1", "other-capture", ["Visual Networks", EDITCAP]),
        (b"\x01\x10\x4c\0", "other-capture", ["LANalyzer", EDITCAP]),
        (b"TR\0d\0\0\0\0", "other-capture", ["nettl", EDITCAP]),
        (b"iptrace 2.0", "other-capture", ["iptrace", EDITCAP]),
        (b"\x1c\0\1\xac", "other-capture", ["Ixia", EDITCAP]),
        (b"\xab\1\0\x1c", "other-capture", ["Ixia", EDITCAP]),
        (b"+---------+---------------+----------+\n", "other-capture", ["K12", EDITCAP]),
        (b"\x04\x22\x4d\x18", "lz4", ["lz4", "`lz4 -d INPUT out.pcap`"]),
        (b"7z\xbc\xaf\x27\x1c", "archive", ["7-Zip", "7z x"]),
        (b"Rar!\x1a\7\1\0", "archive", ["RAR", "unrar"]),
        (b"MSCF\0\0\0\0", "archive", ["cabinet", "expand"]),
        (b"LZIP\1", "archive", ["lzip"]),
        (b"\x1f\x9d\x90", "archive", ["uncompress"]),
        (b"\0\1\2\3", "not-a-capture", ["begins with 00 01 02 03", EDITCAP, "etl2pcapng"]),
    ],
)
def test_other_formats_are_named_with_the_command_that_converts_them(tmp_path, head, reason, words):
    reading = read_both(head + REST, tmp_path)
    assert (reading.status, reading.format, reading.reasons, reading.frames) == (
        Status.UNREADABLE,
        None,
        [reason],
        [],
    )
    for word in words:
        assert word in reading.message


def erf(count: int) -> bytes:
    """Records of Ethernet (type 2) with two bytes of padding before the frame."""
    head = struct.pack("<QBB", 1_700_000_000 << 32, 2, 4)
    return (head + struct.pack(">HHHH", 16 + 2 + 60, 0, 60, 0) + bytes(60)) * count


ERF_ABOUT = struct.pack("<QBB", 0, 0x80 | 27, 0) + struct.pack(">HHHH", 40, 0, 0, 0) + bytes(22)


@pytest.mark.parametrize("data", [erf(2), erf(100), ERF_ABOUT, ERF_ABOUT + erf(1)])
def test_a_capture_of_an_endace_card_is_named(data):
    reading = read_bytes(data)
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["erf"])
    assert EDITCAP in reading.message


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_powershell_made_of_a_capture_is_explained(encoding):
    mangled = "\ufeff" + pcap(FRAMES).decode("cp437")
    reading = read_bytes(mangled.encode(encoding))
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["utf-16"])
    assert "PowerShell's > and |" in reading.message
    assert "`tcpdump -w FILE`" in reading.message
    assert "cmd.exe" in reading.message


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (b"12:00:00.123456 IP 10.0.0.1 > 10.0.0.2: GREv0, key=0x1389\n", "tcpdump-text", "-w FILE"),
        (b"2023-11-14 12:00:00.1 IP6 fe80::1 > ff02::1: ICMP6\n", "tcpdump-text", "-w FILE"),
        (b"tcpdump: verbose output suppressed\n", "tcpdump-text", "-w FILE"),
        (b"listening on eth0, link-type EN10MB\n12:00:00.123456 ARP\n", "tcpdump-text", "-w FILE"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "html", "web page"),
        (b"\xef\xbb\xbf  <html>\n", "html", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "git-lfs", "lfs pull`"),
        (b"No.,Time,Source\n1,0.0,10.0.0.1\n", "text", "this is text"),
        ("Zeit;Quelle;Größe\n".encode(), "text", "this is text"),
    ],
)
def test_text_is_named(text, reason, words):
    reading = read_bytes(text)
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, [reason])
    assert words in reading.message


def test_a_file_of_zero_bytes_is_empty_with_a_word_about_it(tmp_path):
    reading = read_both(b"", tmp_path)
    assert (reading.status, reading.format, reading.reasons) == (Status.EMPTY, None, ["empty-file"])


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_first_bytes_of_a_capture_are_too_short_to_tell(length):
    reading = read_bytes(pcap(FRAMES)[:length])
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["too-short"])


def test_a_file_of_nothing_but_zeros_is_named():
    assert read_bytes(bytes(10_000)).reasons == ["zeros"]


@pytest.mark.parametrize(
    "name", ["trace.etl", "picture.png", "notes.txt", "noname", "capture.pcapng"]
)
def test_the_name_of_a_file_does_not_matter(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pcap(FRAMES))
    from tests.capture.reading import read_path

    assert read_path(path).frame_data == [b"x" * 60]
