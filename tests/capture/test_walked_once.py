"""Whoever reads the captures of an archive walks over it once, however many there are: counted in
members that were passed and bytes that were unpacked, not in seconds.
"""

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from nvgre_doctor.capture import archives_kept, expand, open_capture, searching
from nvgre_doctor.capture.archives import tar_files
from nvgre_doctor.capture.inputs import Input
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.capture.unpacking import CompressedSource
from nvgre_doctor.doctor import diagnose, diagnose_each
from nvgre_doctor.vocabulary import Status
from tests.build import pcap
from tests.capture.reading import read_path
from tests.capture.test_archives import ONE, TIME, TWO, put, tarred, zipped
from tests.program import run

CAPTURES = 100
OTHERS = 300
LARGE = {f"{n}.txt": b"text\n" * 200 for n in range(OTHERS)} | {
    f"{n}.pcap": pcap([(TIME, b"%03d" % n * 20)] * (n % 3 + 1)) for n in range(CAPTURES)
}
TAR = tarred(LARGE)
FORMATS = {"a.tar": TAR, "a.tar.gz": gzip.compress(TAR), "a.zip": zipped(LARGE)}


class Steps:
    """What it took to come to members."""

    members = 0  # that were passed
    unpacked = 0  # bytes


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()

    class Counted(zipfile.ZipInfo):
        def __init__(self, *given: Any, **named: Any) -> None:
            steps.members += 1
            super().__init__(*given, **named)

    name_of, following = tar_files._name_of, CompressedSource._next

    def named(block: bytes) -> bytes:
        steps.members += 1
        return name_of(block)

    def unpacked(source: CompressedSource, most: int) -> bytes:
        part = following(source, most)
        steps.unpacked += len(part)
        return part

    monkeypatch.setattr(zipfile, "ZipInfo", Counted)
    monkeypatch.setattr(tar_files, "_name_of", named)
    monkeypatch.setattr(CompressedSource, "_next", unpacked)
    return steps


def check(path: str) -> None:
    assert len(diagnose([path]).captures) == CAPTURES


def check_each(path: str) -> None:
    assert len(list(diagnose_each([path]))) == CAPTURES


def info(path: str) -> None:
    assert run("info", path).stdout.count(b"Capture ") == CAPTURES


def annotate(path: str) -> None:
    copies = Path(path).parent / "copies"
    run("annotate", path, "-o", str(copies))
    assert len(list(copies.iterdir())) == CAPTURES


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("read", "walks"),  # one to list what is in it
    [(check, 2), (check_each, 2), (info, 2), (annotate, 3)],
)
def test_an_archive_is_walked_once_by_who_reads_it(
    name: str, read: Callable[[str], None], walks: int, steps: Steps, tmp_path: Path
) -> None:
    path = put(tmp_path, name, FORMATS[name])
    steps.members = 0  # those that made it
    read(path)
    folder = 1 if name == "a.zip" else 0
    assert steps.members == walks * (folder + OTHERS + CAPTURES)
    assert steps.unpacked <= walks * len(TAR)


def test_captures_of_several_archives_take_turns_without_a_walk_more(
    steps: Steps, tmp_path: Path
) -> None:
    """As where two threads read: each archive is open as often as there are readers."""
    one, two = (put(tmp_path, name, FORMATS["a.tar.gz"]) for name in ("1.tar.gz", "2.tar.gz"))
    with archives_kept():
        for pair in zip(expand([one]), expand([two]), strict=True):
            first, second = map(open_capture, pair)
            assert [sum(len(b.numbers) for b in c.batches()) for c in (first, second)] != [0, 0]
            first.close()
            second.close()
    assert steps.unpacked <= 4 * len(TAR)


@pytest.mark.parametrize("name", FORMATS)
def test_in_whatever_order_and_together_members_are_read_as_alone(
    name: str, tmp_path: Path
) -> None:
    path = put(tmp_path, name, FORMATS[name])
    wanted = {f"{path}/{n}.pcap": [b"%03d" % n * 20] * (n % 3 + 1) for n in range(6)}
    assert {each: read_path(each).frame_data for each in wanted} == wanted
    with archives_kept():
        for order in (list(wanted), list(reversed(wanted)), [*wanted, *wanted]):
            assert [read_path(each).frame_data for each in order] == [wanted[o] for o in order]
        opened = [open_capture(each) for each in wanted]
        found = [
            [batch.frame(i) for batch in capture.batches() for i in range(len(batch.numbers))]
            for capture in reversed(opened)
        ]
        assert found == list(reversed(wanted.values()))
        for capture in opened:
            capture.close()


def test_of_members_with_one_name_the_first_is_read_wherever_the_reader_is(
    tmp_path: Path,
) -> None:
    first = tarred({"one.pcap": ONE, "two.pcap": TWO}).rstrip(b"\0")
    both = first + bytes(-len(first) % 512) + tarred({"one.pcap": TWO})  # as `tar -r` appends
    for name, data in (("a.tar", both), ("a.tar.gz", gzip.compress(both))):
        path = put(tmp_path, name, data)
        assert expand([path]) == [f"{path}/one.pcap", f"{path}/two.pcap"]
        with archives_kept():
            lengths = [len(read_path(f"{path}/{n}.pcap").frames) for n in ("one", "two", "one")]
        assert lengths == [3, 2, 3]


def test_captures_come_in_the_order_in_which_their_names_are_passed(
    steps: Steps, tmp_path: Path
) -> None:
    """Else whoever wrote the archive could have it walked anew for each."""
    names = [f"{n}.pcap" for n in range(50)]
    texts = tarred(dict.fromkeys(names, b"text\n") | {"large": bytes(1 << 20)})
    data = texts.rstrip(b"\0")
    data += bytes(512 - len(data) % 512 + (1 << 20))
    data += tarred(dict.fromkeys(reversed(names), ONE))
    path = put(tmp_path, "a.tar.gz", gzip.compress(data))
    assert expand([path]) == [f"{path}/{name}" for name in names]
    assert {c.status for c in diagnose([path]).captures} == {Status.UNREADABLE}
    assert steps.unpacked <= 3 * len(data)


def test_a_name_of_thousands_of_slashes_is_not_looked_up_at_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a/" * 2000 + "one.pcap"
    path = put(tmp_path, "a.tar", tarred({name: ONE}))
    asked, is_file = list[str](), os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda place: asked.append(place) or is_file(place))
    assert searching.split_member(f"{path}/{name}") == (path, name)
    assert len(asked) == path.count("/") + 1


def test_damaged_members_cost_no_walk_each(steps: Steps, tmp_path: Path) -> None:
    damaged = bytearray(zipped(LARGE, zipfile.ZIP_STORED))
    for n in range(CAPTURES):
        at = damaged.index(b"%03d" % n * 20)
        damaged[at] ^= 1
    path = put(tmp_path, "a.zip", bytes(damaged))
    steps.members = 0
    assert {c.status for c in diagnose([path]).captures} == {Status.CUT}
    assert steps.members == 2 * (1 + OTHERS + CAPTURES)


def test_an_archive_that_is_replaced_meanwhile_is_opened_anew(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tar", tarred({"one.pcap": ONE, "two.pcap": ONE}))
    with archives_kept():
        assert len(read_path(f"{path}/one.pcap").frames) == 3
        os.replace(put(tmp_path, "b.tar", tarred({"a.txt": b"", "two.pcap": TWO})), path)
        assert len(read_path(f"{path}/two.pcap").frames) == 2


def test_whoever_is_interrupted_spoils_no_archive_for_others(tmp_path: Path) -> None:
    path, wish = put(tmp_path, "a.tar.gz", FORMATS["a.tar.gz"]), Interruption()
    with archives_kept():
        with open_capture(f"{path}/0.pcap", interruption=wish) as capture:
            assert sum(len(batch.numbers) for batch in capture.batches()) == 1
        wish.ask()
        assert len(read_path(f"{path}/1.pcap").frames) == 2
        with open_capture(f"{path}/2.pcap", interruption=wish) as capture:
            assert list(capture.batches()) == []
            assert capture.progress.status is Status.INTERRUPTED
        assert len(read_path(f"{path}/2.pcap").frames) == 3


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[BinaryIO]:
    """All that is opened."""
    files: list[BinaryIO] = []
    take = Input.take

    def taken(given: Input, path: str) -> BinaryIO:
        files.append(take(given, path))
        return files[-1]

    monkeypatch.setattr(Input, "take", taken)
    return files


def test_one_archive_is_open_at_a_time_and_none_at_the_end(
    files: list[BinaryIO], tmp_path: Path
) -> None:
    paths = [put(tmp_path, f"{n}.tar", tarred({"1.pcap": ONE, "2.pcap": TWO})) for n in range(4)]
    with archives_kept():
        for path in expand(paths):
            read_path(path)
            assert sum(not file.closed for file in files) == 1
    assert len(files) == 8
    assert all(file.closed for file in files)
    with archives_kept(), open_capture(f"{paths[0]}/1.pcap") as capture:
        pass
    capture.close()
    assert all(file.closed for file in files)


def test_nothing_stays_open_for_who_does_not_ask_for_it(
    files: list[BinaryIO], tmp_path: Path
) -> None:
    path = put(tmp_path, "a.tar", TAR)
    read_path(f"{path}/1.pcap")
    assert [file.closed for file in files] == [True]
