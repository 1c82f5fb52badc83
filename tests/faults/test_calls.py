"""Files on a network drive that goes away (ESTALE) or a disk that dies (EIO): whichever call fails,
and whenever, the exit code means what it says, and no file is half written.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.calls import CALLS, COMMANDS
from tests.faults.program import ROOT, environment

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("calls")]

Row = dict[str, Any]

OF_INPUTS = {"read", "lseek", "fstat", "stat", "lstat", "open", "close"}
OF_OUTPUTS = {"write", "fsync", "rename", "fchmod", "close", "open", "stat", "lstat"}
MADE = {  # command -> the files that it makes
    "outputs": ["new.json", "old.json"],
    "baseline": ["new.json"],
    "annotate": ["new.pcapng"],
    "convert": ["new.json"],
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, shim: Path) -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.calls", tmp_path_factory.mktemp("calls")],
        env=environment(LD_PRELOAD=str(shim)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def about(row: Row) -> str:
    return f"{row['command']}, {row['call']} {row['fault']}: {row['stderr']}"


def undisturbed(rows: list[Row], command: str) -> Row:
    return next(row for row in rows if row["command"] == command and not row["call"])


def test_every_call_that_a_command_needs_has_failed(rows: list[Row]) -> None:
    failed = {name: set[str]() for name in COMMANDS}
    for row in rows:
        if row["has_failed"]:
            failed[row["command"]].add(row["call"])
    for name, calls in failed.items():
        seeks = set() if name == "convert" else {"lseek"}
        assert {"read", "fstat", "open", "close"} | seeks <= calls, name
        assert ({"write", "fsync", "rename", "fchmod"} <= calls) == (name in MADE), name
    assert set.union(*failed.values()) == set(CALLS)


def test_no_fault_is_taken_for_a_bug_or_shows_a_traceback(rows: list[Row]) -> None:
    for row in rows:
        assert row["code"] in (0, 1, 2, 3), about(row)
        assert "Traceback" not in row["stderr"], about(row)
        assert row["code"] not in (2, 3) or row["stderr"] or row["stdout"], about(row)


def test_one_means_findings_and_nothing_else(rows: list[Row]) -> None:
    """All commands that may give it tell the findings as JSON, but annotate, which counts them."""
    for row in rows:
        if row["code"] != 1:
            continue
        if row["command"] == "annotate":
            assert "with a comment (NVG" in row["stdout"], about(row)
        else:
            is_printed = row["stdout"].startswith("{")  # else its verdict is
            written = row["stdout"] if is_printed else row["contents"]["new.json"]
            report = written if is_printed else bytes.fromhex(written).decode()
            assert json.loads(report)["summary"]["errors"] > 0, about(row)


def test_a_capture_of_which_nothing_was_read_gives_three(rows: list[Row]) -> None:
    for row in rows:
        if (
            row["command"] in ("one", "archives", "compressed", "threads", "folder")
            and row["code"] != 2
        ):
            statuses = {part["status"] for part in json.loads(row["stdout"])["captures"]}
            assert (row["code"] == 3) == ("unreadable" in statuses), about(row)


def test_no_capture_of_a_folder_is_missed_in_silence(rows: list[Row]) -> None:
    """Or its archive is told instead."""
    whole = {part["path"] for part in json.loads(undisturbed(rows, "folder")["stdout"])["captures"]}
    assert len(whole) == 7
    for row in rows:
        if row["command"] == "folder" and row["code"] != 2:
            told = {part["path"] for part in json.loads(row["stdout"])["captures"]}
            archives = {path for path in whole if str(Path(path).parent) in {p[2:] for p in told}}
            assert whole <= told | archives or told == {"."}, about(row)


def test_all_that_was_read_counts_whatever_closing_says(rows: list[Row]) -> None:
    closes = [row for row in rows if row["call"] == "close" and row["command"] not in MADE]
    assert len(closes) > 20
    for row in closes:
        same = undisturbed(rows, row["command"])
        assert (row["code"], row["stdout"]) == (same["code"], same["stdout"]), about(row)


def test_what_another_file_than_a_capture_fails_to_say_is_two(rows: list[Row]) -> None:
    """The configuration, the inventory and the baseline are read before the capture."""
    for row in rows:
        if row["command"] == "files" and row["code"] == 2:
            assert row["stdout"] == "", about(row)
            assert row["stderr"].startswith(
                ("nvgre-doctor: c.toml: ", "nvgre-doctor: vms.csv: ", "nvgre-doctor: accepted.json")
            ), about(row)
    refused = [row for row in rows if row["command"] == "files" and row["code"] == 2]
    assert {row["call"] for row in refused} >= {"open", "read"}


def test_a_file_is_whole_or_as_it_was_and_no_other_is_left(rows: list[Row]) -> None:
    for row in rows:
        same, made = undisturbed(rows, row["command"]), MADE.get(row["command"], [])
        for name, content in row["contents"].items():
            assert name in same["contents"], about(row)
            before = undisturbed(rows, "one")["contents"].get(name)
            if row["call"] in OF_OUTPUTS - OF_INPUTS:  # the report is that of the whole capture
                assert content in (before, same["contents"][name]), about(row)
            elif name not in made:
                assert content == before, about(row)


def test_an_output_that_was_not_written_is_two(rows: list[Row]) -> None:
    for row in rows:
        if row["has_failed"] and row["call"] in ("write", "fsync", "rename"):
            assert row["code"] == 2, about(row)
            assert row["stderr"].startswith("nvgre-doctor: "), about(row)
            assert row["stderr"].count("\n") == 1, about(row)
