"""Every command that takes a capture, run over one in this process, so that what a test has
registered counts.
"""

import gc
import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nvgre_doctor.cli import main
from nvgre_doctor.reporters import FORMATS

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
    streams = [TextIOWrapper(BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        try:
            code = main(args)
        finally:
            gc.enable()  # check turns it off, for a process that ends soon
    out, err = (stream.buffer.getvalue().decode() for stream in streams if not stream.flush())
    return Done(code, out, err)


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
