"""Every way of ending, as a process: the exit code of the contract, one clear message, nothing half
written.

`tests/test_cli.py` has the table of `check` and the commands without files; this is the rest:
settings, baselines, `convert`, `completion`, interrupts, disks and pipes.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.needs import posix
from tests.program import MISMATCH, PROGRAM, UPDATED, environment, run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs of every kind, named by what they are."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copy(MISMATCH, folder / "mismatch.pcapng")
    shutil.copy(UPDATED, folder / "updated.pcapng")
    for name, capture in (
        ("mismatch", MISMATCH),
        ("updated", UPDATED),
        ("unreadable", "missing.pcap"),
    ):
        run(capture, "-o", f"{name}.json", cwd=folder)
    run("mismatch.pcapng", "--write-baseline", "accepted.json", cwd=folder)
    (folder / "later.json").write_text(
        (folder / "accepted.json").read_text().replace('"version": 1', '"version": 2')
    )
    (folder / "never.toml").write_text('fail-on = "never"\n')
    (folder / "key.toml").write_text('fail_on = "never"\n')
    (folder / "value.toml").write_text('fail-on = "always"\n')
    (folder / "no.toml").write_text("no TOML\n")
    (folder / "inventory.toml").write_text('inventory = "missing.csv"\n')
    (folder / "folder").mkdir()
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of them to work in."""
    return Path(shutil.copytree(template, tmp_path / "inputs"))


EXITS: list[tuple[Sequence[str], int]] = [
    # 0
    (["mismatch.pcapng", "--config", "never.toml"], 0),
    (["mismatch.pcapng", "--baseline", "accepted.json"], 0),
    (["mismatch.pcapng", "--baseline", "accepted.json", "--fail-on", "info"], 0),
    (["updated.pcapng", "--baseline", "accepted.json"], 0),
    (["mismatch.pcapng", "--write-baseline", "new.json"], 0),
    (["convert", "updated.json"], 0),
    (["convert", "mismatch.json", "--config", "never.toml"], 0),
    (["completion", "bash"], 0),
    (["completion", "powershell"], 0),
    (["completion", "--help"], 0),
    (["convert", "--help"], 0),
    # 1
    (["mismatch.pcapng", "--no-config"], 1),
    (["mismatch.pcapng", "--config", "never.toml", "--fail-on", "error"], 1),
    (["mismatch.pcapng", "--jobs", "2"], 1),
    (["convert", "mismatch.json"], 1),
    # 2: settings
    (["mismatch.pcapng", "--config", "missing.toml"], 2),
    (["mismatch.pcapng", "--config", "folder"], 2),
    (["mismatch.pcapng", "--config", "key.toml"], 2),
    (["mismatch.pcapng", "--config", "value.toml"], 2),
    (["mismatch.pcapng", "--config", "no.toml"], 2),
    (["mismatch.pcapng", "--config", "mismatch.pcapng"], 2),
    (["mismatch.pcapng", "--config", "inventory.toml"], 2),
    (["mismatch.pcapng", "--config", ""], 2),
    (["mismatch.pcapng", "--config"], 2),
    # 2: baselines
    (["mismatch.pcapng", "--baseline", "missing.json"], 2),
    (["mismatch.pcapng", "--baseline", "folder"], 2),
    (["mismatch.pcapng", "--baseline", "later.json"], 2),
    (["mismatch.pcapng", "--baseline", "mismatch.json"], 2),
    (["mismatch.pcapng", "--baseline", "mismatch.pcapng"], 2),
    (["mismatch.pcapng", "--write-baseline", "folder"], 2),
    (["mismatch.pcapng", "--write-baseline", "missing/new.json"], 2),
    (["mismatch.pcapng", "--write-baseline", "updated.pcapng"], 2),
    pytest.param(["mismatch.pcapng", "--write-baseline", "/sys/new.json"], 2, marks=posix),
    pytest.param(["mismatch.pcapng", "-q", "--write-baseline", "/dev/full"], 2, marks=posix),
    # 2: convert and completion
    (["convert"], 2),
    (["convert", "mismatch.json", "-o", "folder"], 2),
    (["convert", "mismatch.json", "-o", "missing/out.md"], 2),
    pytest.param(["convert", "mismatch.json", "-o", "/dev/full"], 2, marks=posix),
    (["convert", "mismatch.json", "--config", "key.toml"], 2),
    (["convert", "mismatch.json", "--baseline", "accepted.json"], 2),
    (["completion"], 2),
    (["completion", "tcsh"], 2),
    (["completion", "bash", "zsh"], 2),
    (["complete", "bash"], 2),
    # 3
    (["missing.pcap", "--config", "never.toml"], 3),
    (["mismatch.pcapng", "missing.pcap", "--baseline", "accepted.json"], 3),
    (["mismatch.pcapng", "missing.pcap", "--write-baseline", "new.json"], 3),
    (["convert", "unreadable.json"], 3),
    (["convert", "unreadable.json", "--fail-on", "never"], 3),
    (["convert", "missing.json"], 3),
    (["convert", "folder"], 3),
    (["convert", "mismatch.pcapng"], 3),
    (["convert", "accepted.json"], 3),
    (["convert", "-"], 3),
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    ("args", "code"),
    EXITS,
    ids=lambda part: " ".join(part) if isinstance(part, list) else str(part),
)
def test_exit_code_is_the_contract(folder: Path, args: Sequence[str], code: int) -> None:
    before = contents(folder)
    done = run(*args, cwd=folder)
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done.stderr.decode()
    after = contents(folder)
    if code == 0 and "--write-baseline" in args:
        assert after.pop("new.json") == before["accepted.json"]
    assert after == before
    if code == 2:
        assert done.stderr.startswith(b"nvgre-doctor: ")
        # A report that was asked for on standard output is told even where the baseline cannot be
        # written.
        assert done.stdout == b"" or args[-1] in ("/dev/full", "/sys/new.json")


@pytest.mark.parametrize("variable", ["nonsense", "tcsh_complete", "bash_nonsense", "_"])
def test_a_shell_that_asks_for_what_there_is_not_gets_two(variable: str) -> None:
    done = run("lab.pcap", env={"_NVGRE_DOCTOR_COMPLETE": variable})
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [("FAIL_ON", "fatal"), ("VSID", "5"), ("EXPECT", "x"), ("FAILON", "error"), ("SELECT", "NVG9")],
)
def test_a_wrong_variable_is_two_for_every_command_that_has_settings(
    folder: Path, name: str, value: str
) -> None:
    for args in (["mismatch.pcapng"], ["convert", "mismatch.json"]):
        done = run(*args, cwd=folder, env={f"NVGRE_DOCTOR_{name}": value})
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(
            f"nvgre-doctor: environment variable NVGRE_DOCTOR_{name}".encode()
        )


def test_a_command_without_settings_does_not_look_for_any(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text("no TOML")
    assert run("key", "5001", cwd=folder).returncode == 0
    assert run("explain", "NVG301", cwd=folder).returncode == 0
    assert run("mismatch.pcapng", cwd=folder).returncode == 2


@pytest.mark.process
def test_the_installed_program_ends_as_the_module_does(folder: Path) -> None:
    script = "import sys; from nvgre_doctor.cli import main; sys.exit(main())"
    for args, code in (
        (["updated.pcapng"], 0),
        (["mismatch.pcapng"], 1),
        (["--nope"], 2),
        (["missing.pcap"], 3),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, *args],
            cwd=folder,
            env=environment(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code


# --- interrupts --------------------------------------------------------------

INTERRUPTED_WHILE_WRITING = """
import os, sys
def interrupt(descriptor):
    raise KeyboardInterrupt
os.fsync = interrupt  # the file is written, and not yet in its place
from nvgre_doctor.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "args",
    [
        ["mismatch.pcapng", "-o", "updated.json"],
        ["mismatch.pcapng", "-o", "new.json"],
        ["mismatch.pcapng", "-q", "--write-baseline", "accepted.json"],
        ["convert", "mismatch.json", "-o", "updated.json"],
    ],
    ids=" ".join,
)
def test_ctrl_c_while_a_file_is_written_leaves_the_old_one_and_no_other(
    folder: Path, args: list[str]
) -> None:
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_WRITING, *args],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (130, b"nvgre-doctor: interrupted")
    assert contents(folder) == before


@pytest.mark.process
def test_ctrl_c_while_a_report_is_awaited_is_130(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "convert", "-", "-o", "out.md"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    # More than a pipe holds: when the write returns, the program is reading, and waits for more.
    process.stdin.write(b" " * 1_000_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"nvgre-doctor: interrupted")
    assert os.listdir(tmp_path) == []


# --- disks, pipes, faults ----------------------------------------------------


@posix
@pytest.mark.process
@pytest.mark.parametrize(
    "args",
    [["convert", "mismatch.json"], ["completion", "zsh"], ["mismatch.pcapng", "-f", "sarif"]],
)
def test_full_disk_behind_standard_output_is_two(folder: Path, args: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, *args],
            cwd=folder,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: standard output: No space left on device\n",
    )


@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["convert", "mismatch.json"], 1),
        (["convert", "updated.json"], 0),
        (["completion", "zsh"], 0),
    ],
)
def test_reader_that_has_gone_away_changes_nothing(
    folder: Path, args: list[str], code: int
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*PROGRAM, *args],
        cwd=folder,
        env=environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (code, b"")


FAULT = """
import sys
from importlib import import_module
fault = {fault}
def fail(*args, **options):
    raise fault
setattr(import_module({module!r}), {name!r}, fail)
from nvgre_doctor.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("module", "name", "args"),
    [
        ("nvgre_doctor.settings.sources", "load_options", ["mismatch.pcapng"]),
        (
            "nvgre_doctor.report.baseline",
            "accept",
            ["mismatch.pcapng", "-q", "--write-baseline", "accepted.json"],
        ),
        (
            "nvgre_doctor.report.from_json",
            "reports_from_json",
            ["convert", "mismatch.json", "-o", "updated.json"],
        ),
        (
            "nvgre_doctor.reporters.sarif",
            "render",
            ["mismatch.pcapng", "-o", "a.txt", "-o", "b.sarif"],
        ),
    ],
)
@pytest.mark.parametrize(
    "fault", ["ZeroDivisionError()", "EOFError()", "OSError(5, 'Input/output error')"]
)
def test_a_fault_of_ours_is_70_and_writes_nothing(
    folder: Path, module: str, name: str, args: list[str], fault: str
) -> None:
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, "-c", FAULT.format(fault=fault, module=module, name=name), *args],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 70
    assert done.stderr.lstrip().startswith(
        b"nvgre-doctor: internal error: " + fault.encode().partition(b"(")[0]
    )
    assert b"Traceback" not in done.stderr
    assert contents(folder) == before
