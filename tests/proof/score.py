"""The program judged by worlds whose truth is known.

`judge(world, folder)` runs `nvgre_doctor.diagnose` in this process and compares its JSON, as the
contract has it, with the truth of the world and with what the oracle proves.
"""

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from nvgre_doctor import diagnose
from tests.proof.generator import World
from tests.proof.oracle import proven_by_oracle
from tests.proof.truth import NO_NVGRE, HostTruth, RefusedRow

SERIOUS = ("wrong proven", "other blamed", "oracle wrong", "crash")
"""What keeps a world for a closer look."""


class Score(NamedTuple):
    """Figures of one world, and a note for each that is wrong."""

    figures: Counter[str]
    notes: list[str]

    @property
    def is_serious(self) -> bool:
        return any(self.figures[word] for word in SERIOUS)


def judge(world: World, folder: Path) -> Score:
    """Diagnose the captures of a world, written to `folder`."""
    score = Score(Counter(worlds=1), [])
    if not world.recordings:
        return score
    try:
        report = diagnose(world.write(folder)).to_dict()
    except Exception as error:  # noqa: BLE001  the count must go on
        score.figures["crash"] += 1
        score.notes.append(f"crash: {error!r}")
        return score
    score.figures["frames"] += report["summary"]["frames"]
    hosts = {host["address"]: host for host in report["hosts"]}
    oracle = {
        str(ipaddress.ip_address(address)): layout
        for address, layout in proven_by_oracle(world.recordings).items()
    }
    for address, truth in world.truth.hosts.items():
        address = str(ipaddress.ip_address(address))  # noqa: PLW2901
        _judge_host(truth, hosts.get(address), report, oracle.get(address), score)
    _judge_pairs(world, report, score)
    _judge_refusals(world, report, score)
    _judge_verdict(world, report, score)
    return score


def _judge_host(
    truth: HostTruth, host: dict[str, Any] | None, report: Any, proof: str | None, score: Score
) -> None:
    layout, confidence = (host["layout"], host["confidence"]) if host else ("unknown", "none")
    said = f"{truth.address} ({truth.kind}): {layout} {confidence}, truth {' '.join(truth.layouts)}"
    figures = score.figures

    def count(word: str, note: bool = True) -> None:
        figures[word] += 1
        if note:
            score.notes.append(f"{word}: {said}")

    if host and truth.kind != "hyper-v" and host.get("sender") == "hyper-v":
        count("sender wrong", truth.kind != "appliance")
    if host and truth.kind == "hyper-v" and host.get("sender") == "other":
        count("sender wrong")
    if truth.kind != "hyper-v":
        _judge_other(truth, layout, confidence, report, count)
    if truth.last == NO_NVGRE:
        return
    figures["hosts"] += 1
    if proof is not None and not truth.is_two_machines:
        figures["oracle"] += 1
        if proof != truth.last:
            count("oracle wrong")
        elif confidence == "proven" and layout == proof:
            figures["of the oracle's"] += 1
        else:
            count("missed, but the oracle proves")
    count_host(truth, host, layout, confidence, count)
    advised = [
        finding
        for finding in report["findings"]
        if finding["code"] == "NVG201" and truth.address in finding["subject"].values()
    ]
    if advised and truth.last != "draft-00":
        sure = "proven" if confidence == "proven" else "likely"
        count(f"wrong advice, {sure}")


def count_host(
    truth: HostTruth, host: dict[str, Any] | None, layout: str, confidence: str, count: Any
) -> None:
    """One of: right proven, right likely, stale, stale and said so, wrong proven, wrong likely,
    unknown.
    """
    if layout == "unknown":
        count("unknown", False)
    elif layout == truth.last or (layout == "both" and truth.is_two_machines):
        count(f"right {confidence}", False)
    elif layout in truth.layouts:
        count("stale, said so" if _ends_before_change(truth, host) else "stale")
    else:
        count(f"wrong {confidence}")


def _ends_before_change(truth: HostTruth, host: dict[str, Any] | None) -> bool:
    """Whether the report says until which frame its proof holds, and that is before the change."""
    last = (host or {}).get("proven_to")
    if not last:
        return (host or {}).get("confidence") == "likely"
    later = [one for one in truth.spoken if one.layout == truth.last]
    at = max(
        (one.at_ns for one in truth.spoken
         if (one.capture, one.frame) <= (last["capture"], last["frame"])), default=0
    )  # fmt: skip
    return later[-1].at_ns > at


def _judge_other(truth: HostTruth, layout: str, confidence: str, report: Any, count: Any) -> None:
    """A sender that is not HNV is no error, never proven draft-00, and plain GRE has no layout."""
    count("others", False)
    blamed = [
        finding["code"]
        for finding in report["findings"]
        if finding["severity"] == "error"
        and truth.address in (finding["subject"].get("host"), finding["subject"].get("address"))
    ]
    if blamed and truth.kind != "appliance":
        count("other blamed")
    if truth.last == NO_NVGRE and confidence == "proven":
        count("wrong proven")


def _judge_pairs(world: World, report: Any, score: Score) -> None:
    truth = world.truth
    single = {
        a for a, host in truth.hosts.items() if len(host.layouts) == 1 and host.last != NO_NVGRE
    }
    for pair in report["pairs"]:
        hosts = tuple(sorted(pair["hosts"]))
        if not set(hosts) <= single or hosts not in truth.exchanged:
            continue
        differs = hosts in truth.mismatched
        sure = pair.get("confidence", "proven")
        said = {"mismatch": True, "agree": False}.get(pair["verdict"])
        word = "unknown" if said is None else "right" if said == differs else f"wrong {sure}"
        score.figures[f"pairs {word}"] += 1
        if word.startswith("wrong"):
            score.notes.append(f"pair {word}: {hosts} {pair['verdict']} {sure}")


def _judge_refusals(world: World, report: Any, score: Score) -> None:
    """Counted packets for each flow, sender and kind; the causes of those that were told."""
    for row in world.truth.refusals:
        matching = [refusal for refusal in report["refusals"] if _is_of(row, refusal)]
        counts: Counter[str] = Counter()
        for refusal in matching:
            counts[refusal["cause"]] += refusal["count"]
        same = [other for other in world.truth.refusals if _is_same_flow(row, other)]
        surely, at_most = sum(r.surely for r in same), sum(r.at_most for r in same)
        score.figures["refusals"] += row.surely
        if not surely <= counts.total() <= at_most:
            score.figures["refusals wrong"] += 1
            score.notes.append(f"refusals {counts.total()}, truth {surely} to {at_most}: {row[:6]}")
            continue
        wrong_keys = row.keys - {int(refusal["key"], 16) for refusal in matching if refusal["key"]}
        if wrong_keys:
            score.figures["refused keys wrong"] += 1
            score.notes.append(f"refused keys missed: {sorted(map(hex, wrong_keys))}: {row[:6]}")
        _judge_causes(row, same, counts, score)


def _judge_causes(
    row: RefusedRow, same: list[RefusedRow], counts: Counter[str], score: Score
) -> None:
    expected = {one.cause: one for one in same}
    if row.cause != min(expected):
        return  # once for all rows of the flow
    for cause in ("layout-mismatch", "policy", "third-party"):
        at_most = expected[cause].at_most if cause in expected else 0
        if counts[cause] > at_most:
            score.figures["causes wrong"] += counts[cause] - at_most
            score.notes.append(f"{counts[cause]} because of {cause}, truth {at_most}: {row[:6]}")
        score.figures["causes right"] += min(counts[cause], at_most)
    score.figures["causes open"] += counts["unknown"]


def _is_of(row: RefusedRow, refusal: dict[str, Any]) -> bool:
    """Whether a row of the report is of this flow.  A message from another provider address of the
    refusing host, whose quote is no IP header, names that address only.
    """
    return (
        refusal["source"] == row.source
        and refusal["by"] == row.by
        and refusal["destination"] in (row.destination, row.by)
        and refusal["carried"] == row.carried
        and (refusal["icmp"]["type"], refusal["icmp"]["code"]) == row.kind
    )


def _is_same_flow(row: RefusedRow, other: RefusedRow) -> bool:
    same = row.source, row.by, row.carried, row.kind
    destinations = {row.destination, row.by} & {other.destination, other.by}
    return same == (other.source, other.by, other.carried, other.kind) and bool(destinations)


def _judge_verdict(world: World, report: Any, score: Score) -> None:
    figures, verdict = score.figures, report["verdict"]
    figures[f"verdict {verdict}"] += 1
    truth = world.truth
    is_sick = truth.has_old or any(row.surely for row in truth.refusals) or truth.mismatched
    if verdict == "healthy" and is_sick:
        is_sure = "probably" not in report["headline"] or truth.refusals or truth.mismatched
        word = "healthy, but wrong" if is_sure else "probably healthy, but old"
        figures[word] += 1
        score.notes.append(f"{word}: {report['headline']}")
    named = (
        set(truth.hosts) | truth.unclear | {address for pair in truth.exchanged for address in pair}
    )
    if made_up := [host["address"] for host in report["hosts"] if host["address"] not in named]:
        figures["hosts made up"] += len(made_up)
        score.notes.append(f"hosts made up: {made_up}")
    other = truth.other_icmp_3_10
    if other is not None and report["summary"]["other_icmp_3_10"] != other:
        figures["other ICMP wrong"] += 1
        found = report["summary"]["other_icmp_3_10"]
        score.notes.append(f"other ICMP 3/10: {found}, truth {other}")
