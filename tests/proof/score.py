"""The program judged by worlds whose truth is known.

`judge(world, folder)` runs `nvgre_doctor.diagnose` in this process and compares its JSON, as the
contract has it, with the truth of the world and with what the oracle proves.
"""

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Any

from nvgre_doctor import diagnose
from tests.proof.generator import World
from tests.proof.oracle import proven_by_oracle
from tests.proof.refused import CAUSES, RefusedFlow
from tests.proof.truth import NO_NVGRE, HostTruth

Json = dict[str, Any]
EXACT = 64
"""Above so many packets of one flow, a count may be off by a twentieth."""
SERIOUS = ("wrong proven", "other blamed", "oracle wrong", "crash")
"""What keeps a world for a closer look."""


class Score:
    """Figures of one world, and notes on them: each begins with the name of its figure."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.notes: list[str] = []

    def add(self, figure: str, note: object = None, count: int = 1) -> None:
        self.figures[figure] += count
        if note is not None:
            self.notes.append(f"{figure}: {note}")

    def of(self, figures: tuple[str, ...]) -> list[str]:
        """The notes on these figures."""
        return [note for note in self.notes if note.split(":")[0] in figures]


def judge(world: World, folder: Path) -> Score:
    """Diagnose the captures of a world, written to `folder`."""
    score = Score()
    score.add("worlds")
    if not world.recordings:
        return score
    try:
        report = diagnose(world.write(folder)).to_dict()
    except Exception as error:  # noqa: BLE001  the count must go on
        score.add("crash", repr(error))
        return score
    score.add("frames", count=report["summary"]["frames"])
    hosts = {host["address"]: host for host in report["hosts"]}
    oracle = {
        str(ipaddress.ip_address(address)): layout
        for address, layout in proven_by_oracle(world.recordings).items()
    }
    for address, truth in world.truth.hosts.items():
        address = str(ipaddress.ip_address(address))  # noqa: PLW2901
        _judge_host(world, truth, hosts.get(address), oracle.get(address), score)
        _judge_advice(truth, hosts.get(address), report, score)
    _judge_pairs(world, report, score)
    _judge_refusals(world, report, score)
    _judge_verdict(world, report, score)
    return score


# --- hosts -----------------------------------------------------------------------------


def _judge_host(
    world: World, truth: HostTruth, host: Json | None, proof: str | None, score: Score
) -> None:
    layout, confidence = (host["layout"], host["confidence"]) if host else ("unknown", "none")
    said = f"{truth.address} ({truth.kind}): {layout} {confidence}, truth {' '.join(truth.layouts)}"
    sender = host["sender"] if host else ""
    if (truth.kind, sender) == ("hyper-v", "other") or (
        truth.kind not in ("hyper-v", "appliance") and sender == "hyper-v"
    ):
        score.add("sender wrong", f"{said}, {sender}")
    if truth.kind != "hyper-v":
        score.add("others")
    if truth.last == NO_NVGRE:
        if confidence == "proven":
            score.add("wrong proven", said)
        return
    score.add("hosts")
    if proof is not None and not truth.is_two_machines:
        score.add("oracle")
        if proof != truth.last:
            figure = (
                "oracle wrong, as A2 or A4 is broken unseen" if is_unseen(world) else "oracle wrong"
            )
            score.add(figure, f"{proof}; {said}")
        elif confidence == "proven" and layout == proof:
            score.add("of the oracle's")
        else:
            score.add("missed, but the oracle proves", said)
    if layout == "unknown":
        score.add("unknown")
    elif layout == truth.last or (layout == "both" and truth.is_two_machines):
        score.add(f"right {confidence}")
    elif layout in truth.layouts:
        score.add("stale, said so" if _ends_before_change(truth, host) else "stale", said)
    elif confidence == "proven" and is_unseen(world):
        score.add("wrong, as A2 or A4 is broken unseen", said)
    else:
        score.add(f"wrong {confidence}", said)


def is_unseen(world: World) -> bool:
    """Whether an assumption may be broken where no frame shows it: two machines with one address
    (A2), or a tenant cloned to K and K << 8, each copy heard one way (A4).
    """
    is_shifted = world.style.clones > 0 and world.style.clone_ids == "shifted"
    return world.truth.has_two_machines or is_shifted


def _ends_before_change(truth: HostTruth, host: Json | None) -> bool:
    """Whether the report says until which frame its proof holds, and that is before the change."""
    last = (host or {}).get("proven_to")
    if not last:
        return (host or {}).get("confidence") == "likely"
    known = [
        one.at_ns
        for one in truth.spoken
        if (one.capture, one.frame) <= (last["capture"], last["frame"])
    ]
    return truth.spoken[-1].at_ns > max(known, default=0)


def _judge_advice(truth: HostTruth, host: Json | None, report: Json, score: Score) -> None:
    """A host is told to update only if its last frames were old, and is blamed only if it is
    Hyper-V.
    """
    about = [f for f in report["findings"] if truth.address in map(str, f["subject"].values())]
    codes = [finding["code"] for finding in about]
    if "NVG201" in codes and truth.last != "draft-00" and not _ends_before_change(truth, host):
        assert host
        figure = f"wrong advice, {host['confidence']}"
        if truth.is_two_machines:
            figure = "wrong advice, as A2 is broken"
        score.add(figure, f"{truth.address}: {truth.layouts}")
    blamed = [f["code"] for f in about if f["severity"] == "error" and f["subject"].get("host")]
    if blamed and truth.kind not in ("hyper-v", "appliance"):
        score.add("other blamed", f"{truth.address} ({truth.kind}): {blamed}")


# --- pairs, refusals, the verdict --------------------------------------------------------


def _judge_pairs(world: World, report: Json, score: Score) -> None:
    truth = world.truth
    single = {
        address
        for address, host in truth.hosts.items()
        if len(host.layouts) == 1 and host.last != NO_NVGRE
    }
    for pair in report["pairs"]:
        hosts = tuple(sorted(pair["hosts"]))
        if not set(hosts) <= single or hosts not in truth.exchanged or is_unseen(world):
            continue
        says = {"mismatch": True, "agree": False}.get(pair["verdict"])
        if says is None:
            score.add("pairs unknown")
        elif says == (hosts in truth.mismatched):
            score.add("pairs right")
        else:
            score.add(f"pairs wrong {pair['confidence']}", f"{hosts}: {pair['verdict']}")


def _judge_refusals(world: World, report: Json, score: Score) -> None:
    """Counted packets for each flow, sender and kind; the causes of those that were told."""
    for flow in world.truth.refusals:
        matching = [row for row in report["refusals"] if flow.fits(row)]
        counts: Counter[str] = Counter()
        for row in matching:
            counts[row["cause"]] += row["count"]
        total = counts.total()
        score.add("refusals", count=flow.surely)
        if not flow.surely <= total <= flow.at_most:
            is_near = flow.surely > EXACT and abs(total - flow.surely) * 20 < flow.surely
            figure = "refusals estimated" if is_near else "refusals wrong"
            score.add(figure, f"{total}, truth {flow.surely} to {flow.at_most}; {flow}")
            continue
        missed = flow.keys - {int(row["key"], 16) for row in matching if row["key"]}
        if missed:
            score.add("refused keys wrong", f"missed {sorted(map(hex, missed))}; {flow}")
        _judge_causes(flow, counts, score)


def _judge_causes(flow: RefusedFlow, counts: Counter[str], score: Score) -> None:
    score.add("causes open", count=counts["unknown"])
    for cause in CAUSES:
        at_most = flow.causes.get(cause, 0)
        score.add("causes right", count=min(counts[cause], at_most))
        if counts[cause] > at_most:
            note = f"{counts[cause]} because of {cause}, truth {at_most}; {flow}"
            score.add("causes wrong", note, counts[cause] - at_most)


def _judge_verdict(world: World, report: Json, score: Score) -> None:
    truth, verdict = world.truth, report["verdict"]
    refused = any(flow.surely for flow in truth.refusals)
    if verdict == "healthy" and (truth.has_old or refused or truth.mismatched):
        is_sure = "probably" not in report["headline"] or refused
        is_wrong = refused or (is_sure and not is_unseen(world))
        figure = "healthy, but wrong" if is_wrong else "probably healthy, but old"
        score.add(figure, report["headline"])
    exchanging = {address for pair in truth.exchanged for address in pair}
    named = set(truth.hosts) | truth.unclear | exchanging
    if made_up := [host["address"] for host in report["hosts"] if host["address"] not in named]:
        score.add("hosts made up", made_up, len(made_up))
    found, other = report["summary"]["other_icmp_3_10"], truth.other_icmp_3_10
    if other is not None and not other[0] <= found <= other[1]:
        score.add("other ICMP wrong", f"{found}, truth {other}")
