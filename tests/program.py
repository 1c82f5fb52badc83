"""The program as a process, for tests that use it as its readers do."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_pcaps"
MISMATCH = str(SAMPLES / "01-mismatch-pings-refused.pcapng")
UPDATED = str(SAMPLES / "02-all-updated.pcapng")
ALL_OLD = str(SAMPLES / "03-all-old.pcapng")
PROGRAM = [sys.executable, "-m", "nvgre_doctor"]
_OURS = ("NVGRE_DOCTOR_", "_NVGRE_DOCTOR_")


def environment(**more: str) -> dict[str, str]:
    """This environment without what the program would react to."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "COLUMNS", "TERM") and not name.startswith(_OURS)
    }
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **more}


def run(
    *args: str,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `nvgre-doctor` with these arguments; without `stdin` its standard input is empty."""
    return subprocess.run(
        [*PROGRAM, *args],
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env=environment(**(env or {})),
        capture_output=True,
        timeout=60,
        check=False,
    )
