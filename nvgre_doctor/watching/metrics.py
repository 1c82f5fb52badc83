"""A report as metrics, in the text format that node_exporter collects from files (*.prom).

Format: Prometheus, exposition format 0.0.4.  Everything in a label is hostile text.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from nvgre_doctor.report.model import Report
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Verdict
from nvgre_doctor.watching.standing import Standing

_PREFIX: Final = "nvgre_doctor"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Sample = tuple[Mapping[str, str], int | float]


def metrics(report: Report, standing: Standing) -> str:
    """The text of the file, in a stated order."""
    counts = Counter((f.code, f.severity.value) for f in report.findings)
    lines = [
        *_metric(
            "verdict",
            "gauge",
            "1 for the verdict of the window.",
            [({"verdict": word.value}, int(word is report.verdict)) for word in Verdict],
        ),
        *_metric(
            "findings",
            "gauge",
            "Findings of the window.",
            [({"code": c, "severity": s}, n) for (c, s), n in sorted(counts.items())],
        ),
        *_metric(
            "host_layout",
            "gauge",
            "1 for the layout of each host.",
            [({"address": host.address, "layout": host.layout}, 1) for host in report.hosts],
        ),
        *_one("frames_total", "counter", "Frames read.", standing.frames),
        *_one("nvgre_frames_total", "counter", "NVGRE frames read.", standing.nvgre_frames),
        *_one("lost_total", "counter", "Files that were not read.", standing.lost),
        *_one("problems_total", "counter", "Problems of captures.", standing.problems),
        *_one("behind_seconds", "gauge", "0, or the age of the newest frame.", standing.behind_s),
        *_one(
            "last_look_seconds", "gauge", "When the window was judged.", standing.now_ns // 10**9
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _one(name: str, kind: str, words: str, value: float) -> Iterator[str]:
    return _metric(name, kind, words, [({}, value)])


def _metric(name: str, kind: str, words: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {words}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
        yield f"{_PREFIX}_{name}{{{inside}}} {value}" if inside else f"{_PREFIX}_{name} {value}"


def _label(text: str) -> str:
    return visible(text).translate(_ESCAPES)
