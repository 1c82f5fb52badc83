"""The start of the program: what goes wrong before it runs, or is odd about the Python that runs
it, is neither a traceback nor exit code 1.
"""

import encodings.aliases
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nvgre_doctor.docstrings import docstring
from nvgre_doctor.rules.registry import RULES
from tests.faults.program import PROGRAM, ROOT, environment, run

pytestmark = pytest.mark.process

SAMPLES = ROOT / "sample_pcaps"
MISMATCH, UPDATED = SAMPLES / "01-mismatch-pings-refused.pcapng", SAMPLES / "02-all-updated.pcapng"


# --- before main() ------------------------------------------------------------------


def with_module(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[bytes]:
    """The program, with another module in the place of one that it loads before it runs."""
    (folder / f"{name}.py").write_text(text)
    path = os.pathsep.join([str(folder), str(ROOT)])
    return run(UPDATED, env=environment(PYTHONPATH=path))


def test_ctrl_c_before_the_program_runs_shows_no_traceback(tmp_path: Path) -> None:
    text = f"import os, time\nos.kill(os.getpid(), {signal.SIGINT.value})\ntime.sleep(60)\n"
    done = with_module(tmp_path, "click", text)
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"nvgre-doctor: interrupted\n"


def test_a_package_that_is_missing_is_70_and_one_line(tmp_path: Path) -> None:
    done = with_module(tmp_path, "click", "raise ImportError('no \\x1b[31mclick\\n::error::')\n")
    assert (done.returncode, done.stdout) == (70, b"")
    said = r"nvgre-doctor: cannot start: ImportError: no \x1b[31mclick\n::error::"
    assert done.stderr.decode() == said + "\n"


def test_too_little_memory_to_start_is_70_and_one_line(tmp_path: Path) -> None:
    done = with_module(tmp_path, "click", "raise MemoryError\n")
    assert (done.returncode, done.stdout) == (70, b"")
    assert (
        done.stderr == b"nvgre-doctor: there is not enough memory. Give fewer captures at once.\n"
    )


@pytest.mark.parametrize("words", ["2>&-", "2>/dev/full"])
def test_a_start_that_fails_in_silence_keeps_its_exit_code(tmp_path: Path, words: str) -> None:
    (tmp_path / "click.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    shell = ["sh", "-c", f'"$@" {words}', "sh", *PROGRAM]
    assert run(UPDATED, program=shell, env=environment(PYTHONPATH=path)).returncode == 70


# --- encodings -------------------------------------------------------------------------

TEXT = sorted(
    {
        name
        for name in encodings.aliases.aliases.values()
        if name not in {"mbcs", "oem"} and "_codec" not in name and name != "rot_13"
    }
    | {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_8_sig"}
)
"""All that Python takes for standard output.  Where it knows none of that name it ends by itself,
with 1, before anything of ours."""


def test_no_encoding_of_standard_output_changes_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "h\u00f6st-\u4e2d.pcapng").write_bytes(UPDATED.read_bytes())
    script = (
        "import sys, io\n"
        "from nvgre_doctor.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    codes = []\n"
        "    for words in (['.', '-v'], ['-q', 'missing.pcap'], ['--nope']):\n"
        "        sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), name) for _ in 'ab')\n"
        "        codes.append(int(main(words)))\n"
        "        sys.stdout.flush(), sys.stderr.flush()\n"
        "    sys.__stdout__.write(f'{name} {codes}\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *TEXT],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{name} [0, 3, 2]" for name in TEXT]
    assert len(TEXT) > 90


@pytest.mark.parametrize("encoding", ["idna", "undefined", "punycode"])
def test_an_encoding_of_no_text_is_replaced_by_utf_8(encoding: str) -> None:
    done = run("-q", UPDATED, env=environment(PYTHONIOENCODING=encoding))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"HEALTHY  All 3 hosts speak RFC 7637; nothing is refused.\n"
    done = run("-q", "missing.pcap", env=environment(PYTHONIOENCODING=encoding))
    assert done.returncode == 3
    assert done.stderr.startswith(b"nvgre-doctor: missing.pcap: cannot open the file: ")


# --- optimization ----------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-O", "-OO"])
@pytest.mark.parametrize(
    "args",
    [
        ["explain", "NVG"],
        ["rules"],
        ["--help"],
        *([name, "--help"] for name in ("check", "annotate", "convert", "info", "wireshark")),
        ["wireshark", "install", "--help"],
        [MISMATCH, "-f", "sarif"],
        [MISMATCH, "-f", "json"],
    ],
    ids=lambda args: " ".join(map(str, args))[-24:],
)
def test_optimized_python_says_the_same(option: str, args: list[str]) -> None:
    plain = run(*args)
    optimized = run(*args, program=[sys.executable, option, "-m", "nvgre_doctor"])
    assert (optimized.returncode, optimized.stdout, optimized.stderr) == (
        plain.returncode,
        plain.stdout,
        plain.stderr,
    )


def test_the_text_of_a_function_is_found_in_its_source() -> None:
    for rule in RULES:
        text, find = rule.explain, rule.find
        assert text.startswith("What it means\n")
        kept, find.__doc__ = find.__doc__, None
        try:
            assert docstring(find) == text
        finally:
            find.__doc__ = kept
    assert docstring(eval("lambda: None")) == ""
