"""`nvgre-doctor convert`: every format from JSON alone, with the exit code that `check` gave."""

import json
import os
from pathlib import Path

import pytest

from nvgre_doctor.reporters import FORMATS
from tests.program import MISMATCH, UPDATED, VERDICT, run


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The JSON of a mismatch."""
    run(MISMATCH, "-o", "report.json", cwd=tmp_path)
    return tmp_path / "report.json"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_one_that_check_writes(report: Path, name: str) -> None:
    assert run("convert", str(report), "-f", name).stdout == run(MISMATCH, "-f", name).stdout


def test_several_files_are_written_from_one_report_without_the_capture(report: Path) -> None:
    folder = report.parent
    done = run(
        "convert", "report.json", "-o", "sarif=a.sarif", "-o", "b.xml", "-o", "c.md", cwd=folder
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, VERDICT, b"")
    assert sorted(os.listdir(folder)) == ["a.sarif", "b.xml", "c.md", "report.json"]
    assert json.loads((folder / "a.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert (folder / "b.xml").read_bytes().startswith(b"<?xml ")


@pytest.mark.parametrize(
    ("capture", "args", "code"),
    [
        (MISMATCH, [], 1),
        (MISMATCH, ["--fail-on", "never"], 0),
        (UPDATED, [], 0),
        (UPDATED, ["--fail-on", "info"], 0),
        ("missing.pcap", ["--fail-on", "never"], 3),
    ],
)
def test_exit_code_is_the_one_of_check(
    tmp_path: Path, capture: str, args: list[str], code: int
) -> None:
    assert run(capture, *args, "-o", "r.json", cwd=tmp_path).returncode == code
    assert run("convert", "r.json", *args, cwd=tmp_path).returncode == code


def test_the_configuration_counts_here_too(report: Path) -> None:
    (report.parent / "nvgre-doctor.toml").write_text('fail-on = "never"\nformat = "github"\n')
    done = run("convert", "report.json", cwd=report.parent)
    assert (done.returncode, done.stdout[:8]) == (0, b"::error ")
    assert run("convert", "report.json", "--no-config", cwd=report.parent).returncode == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom"])
def test_a_report_that_powershell_wrote_is_read(report: Path, encoding: str) -> None:
    text = report.read_text("utf-8").replace("\n", "\r\n")
    data = (
        b"\xfe\xff" + text.encode("utf-16-be")
        if encoding == "utf-16-be-bom"
        else text.encode(encoding)
    )
    report.write_bytes(data)
    assert run("convert", "-q", str(report)).stdout == run("-q", MISMATCH).stdout
    assert run("convert", "-q", "-", stdin=data).stdout == run("-q", MISMATCH).stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, b": cannot be read: No such file or directory\n"),
        (
            b"",
            (
                b": line 1 column 1: not JSON (Expecting value). Give a file that `nvgre-doctor"
                b" check --format json` wrote"
            ),
        ),
        (b"{}", b": $: the field 'schema_version' is missing. Give a file"),
        (
            b'{"schema_version": "1.0"}',
            b': $.schema_version: the report has version "1.0", and this program reads 2.0.',
        ),
        (b"\xff\xfe\x00", b": byte 2 is no UTF-16 text\n"),
        (b"\xc3\x28", b": byte 0 is no UTF-8 text\n"),
        (b"[" * 100_000, b": $: nested too deeply."),
    ],
    ids=["missing", "empty", "object", "version", "utf-16", "utf-8", "deep"],
)
def test_what_is_no_report_is_an_input_that_cannot_be_read(
    tmp_path: Path, content: bytes | None, said: bytes
) -> None:
    if content is not None:
        (tmp_path / "r.json").write_bytes(content)
    done = run("convert", "r.json", "-o", "out.md", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"nvgre-doctor: r.json" + said)
    assert not (tmp_path / "out.md").exists()


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    done = run("convert", str(tmp_path))
    assert (done.returncode, done.stderr) == (
        3,
        f"nvgre-doctor: {tmp_path}: cannot be read: Is a directory\n".encode(),
    )


def test_a_report_is_not_replaced_by_what_is_made_from_it(report: Path) -> None:
    before = report.read_bytes()
    assert (
        run("convert", "report.json", "-o", "text=./report.json", cwd=report.parent).returncode == 2
    )
    assert report.read_bytes() == before


def test_nothing_on_standard_input_is_no_report() -> None:
    assert run("convert", "-").returncode == 3


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["a.json", "b.json"],
        ["r.json", "--vsid", "5001"],
        ["r.json", "-q", "-v"],
        ["r.json", "-f", "yaml"],
    ],
)
def test_wrong_use_is_two(tmp_path: Path, args: list[str]) -> None:
    assert run("convert", *args, cwd=tmp_path).returncode == 2
