"""The kinds of captures that `tests.hostile.large` makes, small: each is read to its end."""

import subprocess
import sys

import pytest

from nvgre_doctor import diagnose
from tests.hostile import large
from tests.needs import posix
from tests.program import ROOT


@pytest.mark.parametrize("kind", large.KINDS)
def test_each_kind_is_a_capture_that_is_whole(kind, tmp_path):
    path = tmp_path / "a"
    large.make(kind, 40_000, path)
    assert 40_000 <= path.stat().st_size < 60_000
    (capture,) = diagnose(path).captures
    assert capture.status == "complete"
    assert capture.bytes == path.stat().st_size
    assert capture.frames >= 25


@posix
@pytest.mark.process
@pytest.mark.parametrize(("most", "code"), [(300, 0), (1, 1)])
def test_what_costs_too_much_is_said(most, code, tmp_path):
    options = ("--megabytes", "1", "--only", "labels", "--times", "100", "--most", str(most))
    told = subprocess.run(
        [sys.executable, "-m", "tests.hostile.large", tmp_path, *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (told.returncode, told.stderr) == (code, "")
    assert told.stdout.count(": too much\n") == code
    assert list(tmp_path.iterdir()) == []
