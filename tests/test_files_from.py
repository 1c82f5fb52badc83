"""`check --files-from`: a list of captures from a file or from standard input."""

import json
import shutil
from pathlib import Path

import pytest

from tests.program import MISMATCH, UPDATED, run, text_of

ONE, TWO = "one.pcapng", "two three.pcapng"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(MISMATCH, tmp_path / ONE)
    shutil.copy(UPDATED, tmp_path / TWO)
    return tmp_path


def paths_read(folder: Path, *args: str, stdin: bytes = b"") -> list[str]:
    done = run("check", "-f", "json", *args, cwd=folder, stdin=stdin)
    return [capture["path"] for capture in json.loads(done.stdout)["captures"]]


@pytest.mark.parametrize(
    "listed",
    [
        f"{ONE}\n{TWO}\n".encode(),
        f"{ONE}\r\n\r\n{TWO}".encode(),
        f"{ONE}\0{TWO}\0".encode(),
        "\ufeff".encode("utf-16-le") + f"{ONE}\r\n{TWO}\r\n".encode("utf-16-le"),
        b"\xef\xbb\xbf" + f"{ONE}\n{TWO}\n".encode(),
    ],
    ids=["lines", "lines of Windows", "NUL between", "UTF-16 of PowerShell", "UTF-8 with a mark"],
)
def test_a_list_names_captures_one_a_line_or_with_nul_between(folder: Path, listed: bytes) -> None:
    (folder / "list").write_bytes(listed)
    assert paths_read(folder, "--files-from", "list") == [ONE, TWO]
    assert paths_read(folder, "--files-from", "-", stdin=listed) == [ONE, TWO]


def test_listed_captures_come_after_those_on_the_command_line(folder: Path) -> None:
    (folder / "list").write_text(ONE)
    assert paths_read(folder, TWO, "--files-from", "list") == [TWO, ONE]


def test_a_list_may_name_folders(folder: Path) -> None:
    (folder / "inside").mkdir()
    shutil.copy(MISMATCH, folder / "inside" / "a.pcapng")
    (folder / "list").write_text("inside\n")
    assert paths_read(folder, "--files-from", "list") == [str(Path("inside", "a.pcapng"))]


def test_a_name_that_is_no_utf_8_is_opened_as_it_is(folder: Path) -> None:
    name = b"lab-\xff.pcapng"
    try:
        shutil.copy(MISMATCH, bytes(folder) + b"/" + name)
    except OSError:
        pytest.skip("this file system has no names that are not UTF-8")
    (folder / "list").write_bytes(name)
    done = text_of(run("check", "--files-from", "list", "-q", cwd=folder))
    assert (done.returncode, done.stdout.split()[0]) == (1, "MISMATCH")


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        (["--files-from", "nothing"], b"", "--files-from nothing: cannot be read: No such file"),
        (["--files-from", "-"], b"\n \n", "--files-from -: no capture is named in it"),
        (["--files-from", "-", "-"], b"one.pcapng", "either the list of captures or a capture"),
        (["--files-from", "-"], b"-\n", "either the list of captures or a capture"),
        (["--files-from", "one.pcapng", "-o", "one.pcapng"], b"", "one.pcapng"),
        ([], b"", "Missing argument 'CAPTURE...'."),
    ],
)
def test_a_list_that_cannot_be_used_is_a_usage_error(
    folder: Path, args: list[str], stdin: bytes, said: str
) -> None:
    done = text_of(run("check", *args, cwd=folder, stdin=stdin))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
