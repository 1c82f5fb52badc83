"""The display filter of every finding shows the frames that its rule says it is about, and no
others: over the samples, the cases of other people, and generated labs, of one capture and of
several that are diagnosed together.

Both sides look at all frames: Wireshark through the filter, the rule through `shows`; the few
frames that the finding names itself do not help it.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from nvgre_doctor.annotate import Pointer
from nvgre_doctor.capture import open_capture
from nvgre_doctor.doctor import examine
from nvgre_doctor.infer.at import At
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import find_all
from nvgre_doctor.settings.options import Options
from nvgre_doctor.wire.decode import decode
from tests import sharkd
from tests.needs import folder
from tests.program import SAMPLES
from tests.proof.generator import make_world

pytestmark = pytest.mark.peer

shown = cache(sharkd.shown)


def pointed(capture: Path, index: int, situation: Situation, findings: list[Finding]) -> set[int]:
    """The frames of a capture, by its index, that the rule of findings says they are about."""
    pointer = Pointer(situation, [finding._replace(frames=()) for finding in findings], index)
    with open_capture(str(capture)) as source:
        return {
            number
            for batch in source.batches()
            for i, number in enumerate(batch.numbers)
            if pointer.notes(
                decode(batch.linktype, batch.frame(i), batch.wire_length(i)),
                At(batch.ts_ns(i), index, number),
            )
        }


def filter_in(finding: Finding, index: int) -> str:
    """Its display filter for one of the captures; empty where it has no frame there."""
    if finding.display_filters:
        return dict(finding.display_filters).get(index, "")
    return "" if finding.subject.capture not in (None, index) else finding.display_filter


def differing(captures: Iterable[Path]) -> tuple[list[str], int]:
    """The findings of captures, diagnosed together, whose filters show other frames, and how many
    filters were tried.  Those of one code about the same hosts are one: `shows` tells no more.
    """
    paths = list(captures)
    situation = examine(list(map(str, paths)), Options())
    alike: defaultdict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in find_all(situation):
        if finding.code not in ("NVG103", "NVG104"):  # of no frame, and without a filter
            alike[finding.code, finding.subject].append(finding)
    different, tried = [], 0
    for index, capture in enumerate(paths):
        of_all = [f for each in alike.values() for one in each if (f := filter_in(one, index))]
        answers = shown(capture, frozenset(of_all))
        for (code, subject), findings in alike.items() if answers is not None else ():
            if subject.capture not in (None, index):
                continue
            filters = list(filter(None, (filter_in(finding, index) for finding in findings)))
            tried += len(filters)
            frames = {number for one in filters for number in answers[one]}
            if frames != pointed(capture, index, situation, findings):
                different.append(f"{capture.name} {code} {subject.hosts}: {filters}")
    return different, tried


def one_by_one(captures: Iterable[Path]) -> tuple[list[str], int]:
    """The same of captures that are diagnosed each by itself."""
    found = [differing([capture]) for capture in captures]
    return [text for different, _ in found for text in different], sum(n for _, n in found)


def counted(capture: Path) -> list[str]:
    """The findings of a capture that count other frames than their filter shows."""
    found = [
        finding
        for finding in find_all(examine([str(capture)], Options()))
        if finding.display_filter and finding.code not in ("NVG103", "NVG104")
    ]
    answers = shown(capture, frozenset(finding.display_filter for finding in found))
    return [
        f"{capture.name} {finding.code}"
        for finding in found
        if answers is not None and len(answers[finding.display_filter]) != finding.frame_count
    ]


def test_over_the_samples() -> None:
    samples = sorted(SAMPLES.glob("*.pcap*"))
    assert one_by_one(samples) == ([], 28)
    assert [text for sample in samples for text in counted(sample)] == []


def test_over_all_samples_together() -> None:
    different, tried = differing(sorted(SAMPLES.glob("*.pcap*")))
    assert different == []
    assert tried > 28


@pytest.mark.parametrize("kind", ["hard", "lab", "reports"])
def test_over_the_cases_of_others(kind: str) -> None:
    cases = sorted((folder("NVGRE_DOCTOR_CASES") / kind).glob("*.pcap*"))
    different, tried = one_by_one(cases)
    assert different == []
    assert tried >= {"hard": 25, "lab": 5, "reports": 60}[kind]
    assert [text for case in cases for text in counted(case)] == []


LABS: list[dict[str, object]] = [
    {"layouts": "mixed"},
    {"restarts": "update", "layouts": "mixed"},
    {"restarts": "downgrade", "layouts": "mixed", "machines": 4},
    {"restarts": "twice", "layouts": "mixed", "vantage": "laptops"},
    {"refuses": "mixed", "lacks_policy": True, "refuses_from_other_address": True},
    {"third_address": "firewall", "layouts": "mixed"},
    {"is_provider_v6": True, "is_customer_v6": True, "layouts": "mixed"},
    {"snap": 54, "layouts": "mixed"},
    {"snap": 64, "layouts": "mixed"},
    {"snap": 70, "layouts": "mixed"},
    {"snap": 96, "restarts": "update", "vantage": "laptops"},
    {"guest_icmp": "forged"},
    {"guest_icmp": "forged", "restarts": "twice", "vantage": "laptops"},
    {"others": "openbsd"},
]


@pytest.mark.parametrize("fixed", LABS, ids=str)
def test_over_generated_labs(fixed: dict[str, object], tmp_path: Path) -> None:
    for seed in range(97_000, 97_002):
        place = tmp_path / str(seed)
        place.mkdir()
        assert differing(make_world(seed, **fixed).write(place))[0] == []
