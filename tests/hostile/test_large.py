"""The kinds of captures that `tests.hostile.large` makes, small: each is read to its end."""

import pytest

from nvgre_doctor import diagnose
from tests.hostile import large
from tests.needs import posix


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
def test_what_costs_too_much_is_said(tmp_path, monkeypatch, capfd):
    assert large.main([str(tmp_path), "--megabytes", "1", "--only", "labels"]) == 0
    monkeypatch.setattr(large, "MEGABYTES", 1)
    assert large.main([str(tmp_path), "--megabytes", "1", "--only", "labels"]) == 1
    assert capfd.readouterr().out.count(": too much\n") == 1
    assert list(tmp_path.iterdir()) == []
