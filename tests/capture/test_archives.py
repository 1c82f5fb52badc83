"""Captures in zip and tar archives: each member is one; what cannot be read is said."""

import gzip
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from nvgre_doctor.capture import expand, open_capture
from nvgre_doctor.capture.archives import listing, members, tar_files
from nvgre_doctor.capture.source import FileSource
from nvgre_doctor.vocabulary import Status
from tests.build import pcap, pcapng
from tests.build_etl import BEGIN, etl, ndiscap
from tests.build_other import netmon
from tests.capture.reading import read_bytes, read_path

TIME = 1_700_000_000_000_000_000
ONE = pcap([(TIME, b"1" * 60)] * 3)
TWO = pcapng([(TIME, b"2" * 60)] * 2)
FILES = {
    "one.pcap": ONE,
    "below/deep/two.pcapng": TWO,
    "notes.txt": b"what was done\n" * 50,
    ".hidden.pcap": ONE,
    "__MACOSX/._one.pcap": ONE,
    "three.pcap.gz": gzip.compress(ONE),
}
CAPTURES = ["one.pcap", "below/deep/two.pcapng", "three.pcap.gz"]


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.mkdir("below")
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("below")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("link.pcap")
        link.type, link.linkname = tarfile.SYMTYPE, "one.pcap"
        archive.addfile(link)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


PACKED = {
    "a.zip": zipped(FILES),
    "stored.zip": zipped(FILES, zipfile.ZIP_STORED),
    "a.tar": tarred(FILES),
    "gnu.tar": tarred(FILES, tarfile.GNU_FORMAT),
    "ustar.tar": tarred(FILES, tarfile.USTAR_FORMAT),
    "a.tar.gz": gzip.compress(tarred(FILES)),
    "a.tar.xz": lzma.compress(tarred(FILES)),
}


def put(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("name", PACKED)
def test_each_member_that_is_a_capture_is_one_by_its_content(name, tmp_path):
    path = put(tmp_path, name, PACKED[name])
    assert expand([path]) == [f"{path}/{member}" for member in CAPTURES]
    readings = [read_path(member) for member in expand([path])]
    assert [(r.format, r.status, len(r.frames)) for r in readings] == [
        ("pcap", Status.COMPLETE, 3),
        ("pcapng", Status.COMPLETE, 2),
        ("pcap", Status.COMPLETE, 3),
    ]
    outer = {"a.tar.gz": "gzip", "a.tar.xz": "xz"}.get(name)
    assert [r.compression for r in readings] == [outer, outer, "gzip"]


def test_archives_in_a_folder_stand_for_their_captures(tmp_path):
    put(tmp_path, "a.zip", PACKED["a.zip"])
    put(tmp_path, "b.pcap", ONE)
    put(tmp_path, "c.zip", zipped({"notes.txt": b"nothing\n"}))
    names = [Path(path).relative_to(tmp_path).as_posix() for path in expand([tmp_path])]
    assert names == [*(f"a.zip/{member}" for member in CAPTURES), "b.pcap"]


@pytest.mark.parametrize("packed", [zipped, tarred, lambda f: gzip.compress(tarred(f))])
def test_the_only_capture_of_an_archive_need_not_be_named(packed, tmp_path):
    data = packed({"notes.txt": b"text\n" * 99, "one.pcap": ONE})
    assert len(read_path(put(tmp_path, "a", data)).frames) == 3
    assert len(read_bytes(data).frames) == 3


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_one_of_several_captures_must_be_named(packed, tmp_path):
    data = packed({"one.pcap": ONE, "two.pcap": TWO})
    for reading in (read_path(put(tmp_path, "a", data)), read_bytes(data)):
        assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["several-captures"])
        assert "INPUT/one.pcap" in reading.message


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_formats_that_are_read_here_and_there_come_out_of_a_temporary_file(packed, tmp_path):
    trace = etl([ndiscap(BEGIN, b"e" * 60)])
    path = put(tmp_path, "a", packed({"a.etl": trace, "b.cap": netmon([(TIME, b"n" * 60)])}))
    readings = [read_path(member) for member in expand([path])]
    assert [(r.format, r.frame_data) for r in readings] == [
        ("etl", [b"e" * 60]),
        ("netmon", [b"n" * 60]),
    ]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read(form, tmp_path):
    name = "/".join(["a-long-folder-\u00e4"] * 12) + "/one.pcap"
    path = put(tmp_path, "a.tar", tarred({name: ONE, "two.pcap": TWO}, form))
    assert expand([path]) == [f"{path}/{name}", f"{path}/two.pcap"]
    assert len(read_path(f"{path}/{name}").frames) == 3


def test_a_member_that_is_not_there_is_said(tmp_path):
    path = put(tmp_path, "a.zip", PACKED["a.zip"])
    assert read_path(f"{path}/four.pcap").reasons == ["no-such-member"]
    path = put(tmp_path, "a.pcap", ONE)
    assert read_path(f"{path}/four.pcap").reasons == ["cannot-open"]


def test_a_member_without_a_name_is_left_out(tmp_path):
    data = zipped({"x": ONE, "two.pcap": TWO}, zipfile.ZIP_STORED)
    name = data.rindex(b"x" + b"PK\1\2")  # in the directory, before its next entry
    data = data[:name] + b"\0" + data[name + 1 :]
    path = put(tmp_path, "a.zip", data)
    assert expand([path]) == [f"{path}/two.pcap"]


def test_an_archive_inside_an_archive_is_named(tmp_path):
    path = put(tmp_path, "a.zip", zipped({"b.zip": PACKED["a.zip"]}))
    assert read_path(path).reasons == ["no-captures"]
    assert read_path(f"{path}/b.zip").reasons == ["nested"]


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_an_archive_without_captures_says_so(packed, tmp_path):
    path = put(tmp_path, "a", packed({"notes.txt": b"text\n"}))
    assert expand([path]) == [path]
    reading = read_path(path)
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["no-captures"])
    assert "none of the 1 files" in reading.message


def test_an_archive_of_nothing_says_so(tmp_path):
    path = put(tmp_path, "a.zip", b"PK\5\6" + bytes(18))
    assert expand([path]) == [path]
    assert read_path(path).reasons == ["no-captures"]


def test_an_archive_of_message_analyzer_is_named(tmp_path):
    files = {"[Content_Types].xml": b"<Types/>\n", "part.bin": bytes(range(256)) * 20}
    reading = read_path(put(tmp_path, "lab.matp", zipped(files)))
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["matp"])
    assert "export it as .cap" in reading.message


def test_what_is_encrypted_is_named(tmp_path):
    data = bytearray(zipped({"one.pcap": ONE, "two.pcapng": TWO}))
    local, central = data.index(b"one.pcap") - 30, data.rindex(b"one.pcap") - 46
    data[local + 6] |= 1
    data[central + 8] |= 1
    path = put(tmp_path, "a.zip", bytes(data))
    assert expand([path]) == [f"{path}/two.pcapng", path]
    reading = read_path(path)
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["encrypted"])
    assert "one.pcap" in reading.message
    assert "password" in reading.message


HOSTILE_NAME = "one\n\x1b[2J\x07.pcap"


def test_a_name_in_a_message_is_one_line_that_can_do_nothing(tmp_path):
    data = bytearray(zipped({HOSTILE_NAME: ONE}))
    name = HOSTILE_NAME.encode()
    data[data.index(name) - 30 + 6] |= 1
    data[data.rindex(name) - 46 + 8] |= 1
    assert read_path(put(tmp_path, "a.zip", bytes(data))).message == (
        r"what is in this archive is encrypted (one\n\x1b[2J\x07.pcap): unpack it with its password"
        " first"
    )
    two = put(tmp_path, "b.zip", zipped({HOSTILE_NAME: ONE, "two.pcapng": TWO}))
    assert read_path(two).message == (
        "this archive holds 2 captures, and one is read here: name it behind the archive, as in"
        r" INPUT/one\n\x1b[2J\x07.pcap"
    )


def test_other_methods_of_zip_are_named(tmp_path):
    path = put(tmp_path, "a.zip", zipped({"one.pcap": ONE}, zipfile.ZIP_BZIP2))
    assert read_path(f"{path}/one.pcap").reasons == ["zip-method"]
    assert "method 12" in read_path(f"{path}/one.pcap").message


# --- damage --------------------------------------------------------------------------------------


def test_a_wrong_checksum_costs_no_frame_and_is_said(tmp_path):
    data = bytearray(zipped({"one.pcap": ONE}, zipfile.ZIP_STORED))
    at = data.index(b"111")
    data[at] = ord("x")
    reading = read_path(put(tmp_path, "a.zip", bytes(data)) + "/one.pcap")
    assert (reading.status, reading.reasons) == (Status.CUT, ["damaged-archive"])
    assert len(reading.frames) == 3


@pytest.mark.parametrize(
    ("packed", "step"),  # a tar is mostly padding: its step has no factor in common with its blocks
    [
        (zipped, 7),
        (tarred, 61),
        pytest.param(lambda files: gzip.compress(tarred(files), 0), 61, marks=pytest.mark.long),
    ],
    ids=["zip", "tar", "tar.gz"],
)
def test_no_prefix_of_an_archive_raises_anything_or_gives_fewer_captures(packed, step, tmp_path):
    data, most = packed({"one.pcap": ONE, "two.pcap": TWO}), 0
    for size in range(0, len(data), step):
        path = put(tmp_path, "a", data[:size])
        frames = sum(len(read_path(capture).frames) for capture in expand([path]))
        assert frames >= most
        most = frames


def test_a_tar_that_is_cut_gives_the_captures_before_that_and_says_so(tmp_path):
    data = tarred({"one.pcap": ONE, "two.pcap": TWO + bytes(4000)})
    path = put(tmp_path, "a.tar", data[: data.index(TWO) + 100])
    assert expand([path])[0] == f"{path}/one.pcap"
    assert read_path(path).reasons == ["damaged-archive"]


def test_a_damaged_header_of_a_member_ends_a_tar(tmp_path):
    data = bytearray(tarred({"one.pcap": ONE, "two.pcap": TWO}))
    at = data.index(b"two.pcap")
    data[at + 124] = ord("9")
    path = put(tmp_path, "a.tar", bytes(data))
    assert expand([path]) == [f"{path}/one.pcap", path]
    assert "header in the tar archive is damaged" in read_path(path).message


# --- bombs ---------------------------------------------------------------------------------------


def peak_of(path: str) -> int:
    tracemalloc.start()
    try:
        for capture in expand([path]):
            read_path(capture)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_member_of_zeros_costs_no_memory(tmp_path):
    path = put(tmp_path, "a.zip", zipped({"one.pcap": ONE + bytes(50 << 20)}))
    assert Path(path).stat().st_size < 100_000
    assert peak_of(path) < 12 << 20


def test_a_name_that_claims_gigabytes_costs_no_memory(tmp_path):
    data = bytearray(tarred({"x" * 300: ONE}, tarfile.GNU_FORMAT))
    at = data.index(b"././@LongLink")
    data[at + 124 : at + 136] = b"77777777777\0"
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    path = put(tmp_path, "a.tar.gz", gzip.compress(bytes(data)))
    assert read_path(path).reasons == ["damaged-archive"]
    assert peak_of(path) < 12 << 20


def test_a_directory_of_zip_that_claims_gigabytes_costs_no_memory(tmp_path):
    data = bytearray(zipped({"one.pcap": ONE}) + bytes(3 << 20))
    end = data.rindex(b"PK\5\6")
    tail = bytes(data[end : end + 22])
    data = data[:end] + bytes(3 << 20) + tail
    struct.pack_into("<II", data, len(data) - 10, 3 << 20, len(data) - 22 - (3 << 20))
    path = put(tmp_path, "a.zip", bytes(data))
    assert read_path(path).reasons == ["damaged-archive"]
    assert peak_of(path) < 12 << 20


def overlapping(files: int, kernel: bytes) -> bytes:
    """A zip in which each member holds the next one, header and all, in stored blocks of deflate:
    all of them end with the same compressed bytes.
    """

    def stored(data: bytes) -> bytes:
        return struct.pack("<BHH", 0, len(data), 0xFFFF - len(data)) + data

    packer = zlib.compressobj(9, wbits=-15)
    packed, plain = packer.compress(kernel) + packer.flush(), kernel
    entries: list[tuple[int, bytes, bytes]] = []  # bytes from there to the directory
    for number in reversed(range(files)):
        name, lengths = b"%d.pcap" % number, (len(stored(ONE) + packed), len(ONE + plain))
        about = struct.pack("<HHHHH", 20, 0, 8, 0, 0)
        about += struct.pack("<IIIHH", zlib.crc32(ONE + plain), *lengths, len(name), 0)
        member = b"PK\3\4" + about + name + stored(ONE)
        entries.insert(0, (len(member + packed), about, name))
        begin = member + packed
        packed, plain = stored(member) + packed, member + plain
    directory = b"".join(
        b"PK\1\2\x14\0" + about + struct.pack("<HHHII", 0, 0, 0, 0, len(begin) - left) + name
        for left, about, name in entries
    )
    end = struct.pack("<HHHHIIH", 0, 0, files, files, len(directory), len(begin), 0)
    return begin + directory + b"PK\5\6" + end


def test_members_that_share_their_bytes_are_read_once(tmp_path):
    path = put(tmp_path, "a.zip", overlapping(5, bytes(1 << 20)))
    readings = [read_path(f"{path}/{n}.pcap") for n in range(5)]
    assert [len(reading.frames) for reading in readings] == [0, 0, 0, 0, 3]
    assert [reading.reasons for reading in readings[:4]] == [["damaged-archive"]] * 4
    assert "it overlaps with another member" in readings[0].message


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_more_members_than_are_looked_at_are_said(packed, tmp_path, monkeypatch):
    for module in (members, tar_files):
        monkeypatch.setattr(module, "MOST_MEMBERS", 3)
    monkeypatch.setattr("nvgre_doctor.capture.archives.zip_files.MOST_MEMBERS", 3)
    path = put(tmp_path, "a", packed({f"{n}.pcap": ONE for n in range(30)}))
    assert read_path(path).reasons == ["too-many-members"]


def test_more_captures_than_are_read_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MOST_CAPTURES", 2)
    path = put(tmp_path, "a.zip", zipped({f"{n}.pcap": ONE for n in range(4)}))
    assert expand([path]) == [f"{path}/0.pcap", f"{path}/1.pcap", path]
    assert "after 2 captures" in read_path(path).message


def test_the_file_is_closed_when_the_capture_is(tmp_path):
    path = put(tmp_path, "a.zip", PACKED["a.zip"])
    capture = open_capture(f"{path}/one.pcap")
    assert sum(len(batch.numbers) for batch in capture.batches()) == 3
    capture.close()
    assert list(capture.batches()) == []


def test_no_byte_of_a_tar_is_copied_again_for_each_header(tmp_path, monkeypatch):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(10_000):
            folder = tarfile.TarInfo(f"d{number}")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
    path = tmp_path / "lab.tar"
    path.write_bytes(out.getvalue())
    copied = 0

    class Counted(bytes):
        def __getitem__(self, key):
            nonlocal copied
            part = super().__getitem__(key)
            if isinstance(key, slice):
                copied += len(part)
            return Counted(part) if isinstance(key, slice) else part

    fill = FileSource.fill
    monkeypatch.setattr(FileSource, "fill", lambda *given: Counted(fill(*given)))
    monkeypatch.setattr(tar_files, "CHUNK", 1 << 23)  # all of it
    assert expand([path]) == [str(path)]
    assert 5_120_000 < copied < 4 * 5_120_000
