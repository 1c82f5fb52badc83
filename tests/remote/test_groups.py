"""Many captures with many options, read and merged in random trees and by a cluster: the report is
that of one process.  `tests.remote.groups` asks about far more of them, by hand.
"""

import os
import random
from pathlib import Path

import pytest

from tests.needs import folder
from tests.program import run
from tests.remote.groups import Trees, captures, draw


def cases() -> Path | None:
    return folder("NVGRE_DOCTOR_CASES") if os.environ.get("NVGRE_DOCTOR_CASES") else None


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("seed", range(60))
def test_random_groups_in_random_trees_have_the_report_of_one_process(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    group = draw(dice, captures(cases()), tmp_path)
    paths = [str(path) for path in group.paths]
    expected = group.report(paths)
    monkeypatch.setattr("nvgre_doctor.scan.folding.LocalEngine", lambda threads: Trees(dice))
    monkeypatch.setattr("nvgre_doctor.scan.files.WORTH_A_THREAD", 2000)
    assert group.report(paths, jobs=dice.randint(1, 4)) == expected


@pytest.mark.peer
def test_captures_with_known_truth_have_the_same_reports_from_a_cluster(address: str) -> None:
    """Each by itself, and all of them together."""
    urls = [f"file://{path}" for path in captures(folder("NVGRE_DOCTOR_CASES"))]
    assert len(urls) > 123
    for more in (["--each"], []):
        there = run("check", "-f", "json", *urls, *more, "--scheduler", address)
        here = run("check", "-f", "json", *urls, *more)
        assert there.stdout == here.stdout
        assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
        assert there.stdout.count(b'"path"') >= len(urls)
