"""nvgre-doctor: find out which Hyper-V hosts still speak the old NVGRE key layout, and who cannot
talk because of it.

The Python API is `diagnose`, its Options, and the types of the Report that it gives.  Everything is
loaded when it is asked for, so that `nvgre-doctor --version` waits for nothing.
"""

from typing import TYPE_CHECKING

__version__ = "1.0.0"

if TYPE_CHECKING:
    from nvgre_doctor.capture.batch import Problem as Problem
    from nvgre_doctor.doctor import diagnose as diagnose
    from nvgre_doctor.errors import DoctorError as DoctorError
    from nvgre_doctor.evidence.captures import Capture as Capture
    from nvgre_doctor.report.model import EvidenceItem as EvidenceItem
    from nvgre_doctor.report.model import Host as Host
    from nvgre_doctor.report.model import LayoutChange as LayoutChange
    from nvgre_doctor.report.model import Pair as Pair
    from nvgre_doctor.report.model import Refusal as Refusal
    from nvgre_doctor.report.model import Report as Report
    from nvgre_doctor.report.model import Segment as Segment
    from nvgre_doctor.report.model import Summary as Summary
    from nvgre_doctor.rules.finding import Finding as Finding
    from nvgre_doctor.rules.finding import FrameRef as FrameRef
    from nvgre_doctor.rules.finding import Subject as Subject
    from nvgre_doctor.settings.options import Options as Options
    from nvgre_doctor.vocabulary import Cause as Cause
    from nvgre_doctor.vocabulary import Confidence as Confidence
    from nvgre_doctor.vocabulary import Kind as Kind
    from nvgre_doctor.vocabulary import Layout as Layout
    from nvgre_doctor.vocabulary import PairVerdict as PairVerdict
    from nvgre_doctor.vocabulary import Severity as Severity
    from nvgre_doctor.vocabulary import Status as Status
    from nvgre_doctor.vocabulary import Verdict as Verdict

_MODULES = {
    "capture.batch": ("Problem",),
    "doctor": ("diagnose",),
    "errors": ("DoctorError",),
    "evidence.captures": ("Capture",),
    "report.model": (
        "EvidenceItem",
        "Host",
        "LayoutChange",
        "Pair",
        "Refusal",
        "Report",
        "Segment",
        "Summary",
    ),
    "rules.finding": ("Finding", "FrameRef", "Subject"),
    "settings.options": ("Options",),
    "vocabulary": (
        "Cause",
        "Confidence",
        "Kind",
        "Layout",
        "PairVerdict",
        "Severity",
        "Status",
        "Verdict",
    ),
}
"""Where each name of the API comes from; the imports above tell type checkers the same."""
__all__ = ["__version__"]
__all__ += sorted(name for names in _MODULES.values() for name in names)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            found: object = getattr(import_module(f"nvgre_doctor.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
