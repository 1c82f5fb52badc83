"""What the program says where it cannot run, and how much memory a control group leaves."""

from pathlib import Path

import pytest

from nvgre_doctor import cli
from nvgre_doctor.__main__ import start
from nvgre_doctor.terminal.memory import heed_memory_limit, memory_left


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 70, "there is not enough memory. Give fewer captures at once."),
        (ImportError("no click"), 70, "cannot start: ImportError: no click"),
        (SystemExit(1), 70, "cannot start: SystemExit: 1"),
        (OSError(5, "a\x1b[31m\nb\u202e"), 70, r"cannot start: OSError: [Errno 5] a\x1b[31m\nb"),
    ],
)
def test_what_escapes_is_one_line_and_never_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    def fail() -> int:
        raise error

    monkeypatch.setattr(cli, "main", fail)
    assert start() == code
    err = capsys.readouterr().err
    assert err.startswith(f"nvgre-doctor: {said}")
    assert (err.count("\n"), err.isascii()) == (1, True)


def test_the_exit_code_is_that_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", lambda: 3)
    assert start() == 3


# --- memory ------------------------------------------------------------------------------

MB = 1 << 20


def make_group(folder: Path, limit: str | None, used: int, version: int) -> None:
    """A control group as Linux shows it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {1: ("memory.limit_in_bytes", "total_rss"), 2: ("memory.max", "anon")}
    limit_name, used_name = names[version]
    if limit is not None:
        (folder / limit_name).write_text(f"{limit}\n")
    (folder / "memory.stat").write_text(f"cache 7\n{used_name} {used}\n{used_name}_thp 1\n")


def lines(tmp_path: Path, *groups: str) -> Path:
    path = tmp_path / "cgroup"
    path.write_text("".join(f"{group}\n" for group in groups))
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_left_is_the_limit_without_what_is_used_and_a_reserve(
    tmp_path: Path, version: int
) -> None:
    root = tmp_path / "memory" if version == 1 else tmp_path
    make_group(root / "docker" / "abc", str(160 * MB), 20 * MB, version)
    make_group(root / "docker", str(320 * MB), 300 * MB, version)
    make_group(root, "max" if version == 2 else str(2**63 - 4096), 900 * MB, version)
    group = "4:memory:/docker/abc" if version == 1 else "0::/docker/abc"
    found = [*memory_left(lines(tmp_path, "9:cpu,cpuacct:/x", group), tmp_path)]
    assert found == [130 * MB, 4 * MB]


def test_a_container_that_sees_its_own_group_as_the_root_has_its_limit(tmp_path: Path) -> None:
    make_group(tmp_path, str(160 * MB), 20 * MB, 2)
    assert [*memory_left(lines(tmp_path, "0::/of/the/host"), tmp_path)] == [130 * MB]
    assert [*memory_left(lines(tmp_path, "0::/"), tmp_path)] == [130 * MB]


def test_without_limits_or_groups_nothing_is_known(tmp_path: Path) -> None:
    make_group(tmp_path, "max", 0, 2)
    make_group(tmp_path / "a", None, 0, 2)
    assert [*memory_left(lines(tmp_path, "0::/a", "3:memory:/b"), tmp_path)] == []


def test_a_system_without_control_groups_is_left_alone(tmp_path: Path) -> None:
    heed_memory_limit(tmp_path / "missing", tmp_path)
    heed_memory_limit(lines(tmp_path, "no groups"), tmp_path)
