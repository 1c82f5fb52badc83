"""Generated worlds, scored: nothing false is proven, and most of what can be proven is."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.proof.generator import make_world
from tests.proof.run import score_all
from tests.proof.score import judge

NEVER = (
    "wrong proven", "other blamed", "oracle wrong", "crash", "hosts made up", "refusals wrong",
    "refused keys wrong", "causes wrong", "other ICMP wrong", "healthy, but wrong",
    "pairs wrong proven", "wrong advice, proven",
)  # fmt: skip
FAST, LONG = range(90_000, 90_060), range(100_000, 102_000)


def figures_of(seeds: Iterable[int], **fixed: object) -> tuple[Counter[str], list[str]]:
    """Figures, and what is wrong that must never be."""
    figures: Counter[str] = Counter()
    wrong = []
    for seed, score in score_all(seeds, fixed):
        figures += score.figures
        wrong += [f"seed {seed}: {note}" for note in score.of(NEVER)]
    return figures, wrong


def share(figures: Counter[str], *words: str) -> float:
    return sum(figures[word] for word in words) / figures["hosts"]


def test_worlds_hold_nothing_that_is_proven_wrong() -> None:
    figures, wrong = figures_of(FAST)
    assert wrong == []
    assert figures["hosts"] == 167


@pytest.mark.long
def test_many_worlds_hold_nothing_that_is_proven_wrong_and_most_is_proven() -> None:
    figures, wrong = figures_of(LONG)
    assert wrong == []
    assert share(figures, "stale") <= 0.001
    assert share(figures, "right proven") >= 0.66
    assert share(figures, "right proven", "right likely") >= 0.88
    assert figures["of the oracle's"] >= 0.97 * figures["oracle"]


PHENOMENA = [
    {"clones": 8, "clone_ids": "next"},
    {"clones": 4, "clone_ids": "near"},
    {"clones": 4, "clone_ids": "far"},
    {"is_renumbered": True},
    {"routed": "source", "prefix_length": 26},
    {"routed": "destination", "prefix_length": 25, "routed_macs": "gateway"},
    {"addresses_each": 3, "are_paths_asymmetric": True},
    {"migrates": True},
    {"failover": "takeover"},
    {"failover": "twin"},
    {"restarts": "update", "is_silence_long": True, "quantity": "thin"},
    {"restarts": "waves", "machines": 5},
    {"restarts": "downgrade"},
    {"restarts": "twice"},
    {"vantage": "laptops"},
    {"vantage": "ring"},
    {"vantage": "pktmon"},
    {"vantage": "one-way"},
    {"is_clock_set_back": True},
    {"snap": 54},
    {"snap": 70},
    {"snap": 128},
    {"guest_icmp": "forged"},
    {"is_outer_forged": True},
    {"bit_error": "wire"},
    {"bit_error": "capture", "vantage": "laptops"},
    {"vantage": "errors", "layouts": "mixed"},
    {"is_frame_forged": True},
    {"others": "neutron"},
    {"others": "openbsd"},
    {"others": "switch"},
    {"flow_ids": "few"},
    {"flow_ids": "consecutive"},
    {"refuses": "mixed", "lacks_policy": True, "refuses_from_other_address": True},
    {"third_address": "firewall"},
    {"is_provider_v6": True, "is_customer_v6": True},
]


@pytest.mark.parametrize(
    "seed", [95_000, *(pytest.param(n, marks=pytest.mark.long) for n in (95_001, 95_002))]
)
@pytest.mark.parametrize("fixed", PHENOMENA, ids=str)
def test_no_phenomenon_proves_anything_wrong(
    fixed: dict[str, object], seed: int, tmp_path: Path
) -> None:
    """Each in a few worlds of its own; `--only` of the runner takes more."""
    assert judge(make_world(seed, **fixed), tmp_path).of(NEVER) == []
