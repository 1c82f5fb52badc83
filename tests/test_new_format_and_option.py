"""A new output format is one module and one line; a new option is a field, a check and a click
line.  Both are registered before the command line is built, so these are programs of their own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import MISMATCH, VERDICT, environment

FORMAT = """
import sys, types
from nvgre_doctor import reporters
reporters.FORMATS["shout"] = ".shout"
module = types.ModuleType("nvgre_doctor.reporters.shout")
module.render = lambda report, display: report.verdict.upper() + "!\\n"
sys.modules[module.__name__] = module
from nvgre_doctor.cli import main
sys.exit(main(sys.argv[1:]))
"""
OPTION = """
import sys
from dataclasses import make_dataclass
import click
from nvgre_doctor.settings import options
bases = (options.Options,)
options.Options = make_dataclass("Options", [("dummy", int, 7)], bases=bases, frozen=True)
from nvgre_doctor.settings import keys
keys.KEYS["dummy"] = keys.Key(lambda value: value.integer(1, 9), keys.number)
from nvgre_doctor import doctor
doctor.examine = lambda paths, options, progress, interruption: sys.exit(f"dummy {options.dummy}")
from nvgre_doctor.commands.check import command
command.params.append(click.Option(["--dummy"], type=int))
"""
COMMAND_LINE = OPTION + "from nvgre_doctor.cli import cli\ncli(sys.argv[1:])\n"
IN_PYTHON = OPTION + "doctor.diagnose('lab.pcapng', dummy=3)\n"

pytestmark = pytest.mark.process


def python(program: str, *args: str, cwd: Path, **variables: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *args],
        env=environment(**variables),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout, done.stderr


def test_a_new_format_is_known_to_every_command_that_writes_reports(tmp_path: Path) -> None:
    def run(*args: str) -> str:
        return python(FORMAT, *args, cwd=tmp_path)[0]

    assert run(MISMATCH, "-f", "shout") == "MISMATCH!\n"
    assert run(MISMATCH, "-o", "a.shout") == VERDICT.decode()
    assert run(MISMATCH, "-o", "shout=b.txt", "-o", "json=c.json") == VERDICT.decode()
    assert (tmp_path / "a.shout").read_text() == (tmp_path / "b.txt").read_text() == "MISMATCH!\n"
    assert run("convert", "c.json", "-f", "shout") == "MISMATCH!\n"
    (tmp_path / "nvgre-doctor.toml").write_text('format = "shout"\n')
    assert run(MISMATCH) == "MISMATCH!\n"
    assert "html shout." in " ".join(run("check", "--help").split())


def test_a_new_option_arrives_from_everywhere(tmp_path: Path) -> None:
    def said(program: str, *args: str, **variables: str) -> str:
        return python(program, *args, cwd=tmp_path, **variables)[1].strip()

    assert said(COMMAND_LINE, MISMATCH) == "dummy 7"
    assert said(COMMAND_LINE, MISMATCH, "--dummy", "5") == "dummy 5"
    assert said(COMMAND_LINE, MISMATCH, NVGRE_DOCTOR_DUMMY="4") == "dummy 4"
    (tmp_path / "nvgre-doctor.toml").write_text("dummy = 2\n")
    assert said(COMMAND_LINE, MISMATCH) == "dummy 2"
    assert said(IN_PYTHON) == "dummy 3"
    (tmp_path / "nvgre-doctor.toml").write_text("dummy = 12\n")
    assert "dummy: expected an integer from 1 to 9, found 12" in said(COMMAND_LINE, MISMATCH)
