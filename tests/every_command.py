"""Every command that takes a capture, run over one in this process, so that what a test has
registered counts.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from nvgre_doctor.reporters import FORMATS
from tests.program import run, text_of

__all__ = ["FORMATS", "Done", "EveryCommand", "run_every_command", "run_here"]


class Done(NamedTuple):
    """What one command did."""

    code: int
    stdout: str
    stderr: str


class EveryCommand(NamedTuple):
    """What they said of one capture."""

    checks: dict[str, Done]  # by output format
    report: dict[str, Any]  # of check as JSON
    info: Done
    info_json: dict[str, Any]
    annotate: Done
    annotated: Path
    filter: Done
    converts: dict[str, Done]  # of the report, by output format


def run_here(*args: str) -> Done:
    """`nvgre-doctor` with these arguments, in this process."""
    done = text_of(run(*args))
    return Done(done.returncode, done.stdout, done.stderr)


def run_every_command(capture: Path, folder: Path) -> EveryCommand:
    """check and convert in all formats, info in both of its own, annotate, filter."""
    checks = {name: run_here("check", str(capture), "-f", name) for name in FORMATS}
    report, annotated = folder / "report.json", folder / "annotated.pcapng"
    report.write_text(checks["json"].stdout, encoding="utf-8")
    return EveryCommand(
        checks,
        json.loads(checks["json"].stdout),
        run_here("info", str(capture)),
        json.loads(run_here("info", str(capture), "-f", "json").stdout),
        run_here("annotate", str(capture), "-o", str(annotated)),
        annotated,
        run_here("filter", str(capture)),
        {name: run_here("convert", str(report), "-f", name) for name in FORMATS},
    )
