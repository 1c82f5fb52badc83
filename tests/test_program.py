"""The twin of the program in this process (tests/program.py) answers as the program does, and
leaves nothing behind.
"""

import gc
import os
import sys
from pathlib import Path

import pytest

from tests.program import MISMATCH, UPDATED, VERDICT, run, run_process

LINES = {
    "text": [MISMATCH],
    "verbose": ["-v", MISMATCH, UPDATED],
    "json": ["-f", "json", MISMATCH],
    "standard input": ["-"],
    "missing file": ["caf\u00e9.pcap"],
    "name that is no text": ["\udcff.pcap"],
    "colour": ["--color", "always", MISMATCH],
    "info": ["info", MISMATCH],
    "filter": ["filter", MISMATCH],
    "key": ["key", "5001"],
    "explain": ["explain", "NVG301"],
    "help": ["check", "--help"],
    "completion": ["completion", "bash"],
    "usage": ["--vsid", "5", MISMATCH],
    "nothing": [],
}


@pytest.mark.process
@pytest.mark.parametrize("args", LINES.values(), ids=LINES.keys())
def test_the_twin_says_what_the_process_says(args: list[str], tmp_path: Path) -> None:
    stdin = Path(MISMATCH).read_bytes() if args == ["-"] else None
    twin, process = (
        run(*args, cwd=tmp_path, stdin=stdin),
        run_process(*args, cwd=tmp_path, stdin=stdin),
    )
    assert (twin.returncode, twin.stdout, twin.stderr) == (
        process.returncode,
        process.stdout,
        process.stderr,
    )


@pytest.mark.process
def test_both_obey_the_same_variables_and_write_the_same_files(tmp_path: Path) -> None:
    for each, name in ((run, "twin"), (run_process, "process")):
        (tmp_path / name).mkdir()
        done = each(
            "-o",
            "out.json",
            MISMATCH,
            cwd=tmp_path / name,
            env={"NVGRE_DOCTOR_FAIL_ON": "never"},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, VERDICT, b"")
    assert (tmp_path / "twin" / "out.json").read_bytes() == (
        tmp_path / "process" / "out.json"
    ).read_bytes()


def test_the_twin_leaves_nothing_behind(tmp_path: Path) -> None:
    def state() -> tuple[object, ...]:
        return os.getcwd(), dict(os.environ), sys.stdin, sys.stdout, sys.stderr, gc.isenabled()

    before = state()
    done = run("missing.pcap", cwd=tmp_path, env={"NVGRE_DOCTOR_FAIL_ON": "never"})
    assert done.returncode == 3
    assert state() == before


def test_a_variable_of_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="only a process of its own"):
        run(MISMATCH, env={"PYTHONIOENCODING": "cp437"})
