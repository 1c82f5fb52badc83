"""The loop in C, where it could be built; NVGRE_DOCTOR_PURE=1 does without it."""

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nvgre_doctor.scan._scanner import Scanner

PURE_VARIABLE: Final = "NVGRE_DOCTOR_PURE"


def scanner_class() -> "type[Scanner] | None":
    """The extension; None where Python does its work."""
    if os.environ.get(PURE_VARIABLE, "") not in {"", "0"}:
        return None
    try:
        from nvgre_doctor.scan._scanner import Scanner
    except ImportError:
        return None
    return Scanner
