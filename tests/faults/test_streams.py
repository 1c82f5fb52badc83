"""Standard streams that are closed or full, and consoles that lack characters: no crash, and the
exit code keeps its meaning.
"""

import subprocess
from pathlib import Path

import pytest

from nvgre_doctor.reporters import FORMATS
from tests.faults import captures
from tests.faults.program import PROGRAM, ROOT, environment, run

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"


# --- standard streams --------------------------------------------------------


def redirected(words: str, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
    """With redirections of the shell."""
    return run(*args, program=["sh", "-c", f'"$@" {words}', "sh", *PROGRAM])


@pytest.mark.parametrize("words", ["2>&-", "2>/dev/full", "2>&- <&-"])
@pytest.mark.parametrize(
    ("args", "code"),
    [([MISMATCH], 1), (["-q", "missing.pcap"], 3), (["--no-such-option", MISMATCH], 2)],
)
def test_standard_error_that_takes_nothing_changes_no_exit_code(
    words: str, args: list[str | Path], code: int
) -> None:
    done = redirected(words, *args)
    assert done.returncode == code
    if code != 2:
        assert done.stdout == run(*args).stdout


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_closed_standard_input_is_nobodys_business(tmp_path: Path, jobs: str) -> None:
    """The first file that is opened then gets the number of standard input."""
    done = redirected("<&-", "--jobs", jobs, "-f", "json", MISMATCH, MISMATCH)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout == run("-f", "json", MISMATCH, MISMATCH).stdout


def test_closed_standard_input_holds_no_capture() -> None:
    done = redirected("<&-", "-")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(
        b"nvgre-doctor: - reads a capture from standard input, and there is none: pipe one in."
    )


def test_all_standard_streams_closed_and_a_file_as_output(tmp_path: Path) -> None:
    done = redirected("<&- >&- 2>&-", "-o", f"json={tmp_path}/out", MISMATCH)
    assert done.returncode == 1
    assert (tmp_path / "out").read_bytes() == run("-f", "json", MISMATCH).stdout


@pytest.mark.parametrize(
    "args",
    [["rules"], ["schema"], ["key", "5001"], ["explain", "NVG301"], ["--help"], ["--version"]],
)
def test_other_commands_say_it_too(args: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = run(*args, stdout=full)
    assert done.returncode == 2
    assert done.stderr.endswith(b": No space left on device\n")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["key", "5001"], ["-q", MISMATCH]])
def test_standard_output_that_is_only_for_reading_is_two(args: list[str | Path]) -> None:
    done = redirected("1</dev/null", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(b": Bad file descriptor\n")
    assert done.stderr.count(b"\n") == 1


# --- encodings ---------------------------------------------------------------

POSIX = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_locale_without_any_foreign_letter_reads_and_writes_all_files(tmp_path: Path) -> None:
    (tmp_path / "h\u00f6st-\u4e2d.pcap").write_bytes(captures.healthy(100))
    outputs = [word for name in FORMATS for word in ("-o", f"{name}=b\u00e9richt-{name}")]
    done = run(
        *outputs, "-o", "text=-", "h\u00f6st-\u4e2d.pcap", cwd=tmp_path, env=environment(**POSIX)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"h\u00f6st-\u4e2d.pcap", *(f"b\u00e9richt-{name}" for name in FORMATS)}
    for name in FORMATS:
        (tmp_path / f"b\u00e9richt-{name}").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("text", name) for name in ("utf-16", "utf-7", "cp037", "gb18030", "koi8-r")]
    + [(name, "shift_jis") for name in FORMATS],
)
def test_unusual_console_encoding_costs_no_crash(tmp_path: Path, name: str, encoding: str) -> None:
    (tmp_path / "h\u00f6st-\u4e2d-\u202e.pcap").write_bytes(captures.healthy(100))
    done = run("-f", name, ".", cwd=tmp_path, env=environment(PYTHONIOENCODING=encoding))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\u202e" not in done.stdout.decode(encoding)
