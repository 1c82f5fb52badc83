"""What is right about a capture, as one literal value, and what of it a report gets wrong."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Refused = tuple[str, str, str, str, int | None]
"""Source, destination, by whom, causes that may be told ("policy|unknown"), packets; None packets
where equal octets may be one packet or several."""


class Right(NamedTuple):
    """The right answer about captures that are diagnosed together.

    Alternatives are separated by "|".  What is None, empty or not named may be anything.
    """

    rule: str
    """The property of proof.md that this holds, in words."""
    files: tuple[str, ...] = ()
    """All captures, where there are several or the name says too little."""
    hosts: Mapping[str, str] = {}
    """By address what may be said: "draft-00 likely|unknown none"."""
    only_hosts: tuple[str, ...] | None = None
    spans: Mapping[str, tuple[str, ...]] = {}
    """By address the layouts of its spans, in order."""
    changes: Mapping[str, tuple[str, ...]] = {}
    """By address its changes, in order: "draft-00 rfc7637"."""
    senders: Mapping[str, str] = {}
    pairs: Mapping[tuple[str, str], str] = {}
    verdict: str = ""
    not_verdict: str = ""
    codes: tuple[str, ...] = ()
    """There are findings with these codes."""
    no_codes: tuple[str, ...] = ()
    """There are none; "NVG" alone stands for errors of any code, "NVG202 proven" for one that is
    told as proven.
    """
    refusals: tuple[Refused, ...] | None = None
    says: tuple[str, ...] = ()
    """The headline, a message or a next step holds this, whatever its case."""
    never_says: tuple[str, ...] = ()
    other_icmp_3_10: int | None = None
    exit_code: int | None = None


def wrong(right: Right, report: Mapping[str, Any]) -> list[str]:
    """What the JSON of a report says otherwise."""
    return [*_wrong_hosts(right, report), *_wrong_rows(right, report), *_wrong_words(right, report)]


def _wrong_hosts(right: Right, report: Mapping[str, Any]) -> Iterator[str]:
    hosts = {host["address"]: host for host in report["hosts"]}
    nobody = {"layout": "unknown", "confidence": "none", "spans": [], "changes": []}
    if right.only_hosts is not None and tuple(hosts) != right.only_hosts:
        yield f"hosts {', '.join(hosts)}"
    for address, allowed in right.hosts.items():
        host = hosts.get(address, nobody)
        said = f"{host['layout']} {host['confidence']}"
        if said not in allowed.split("|"):
            yield f"{address}: {said}, right is {allowed}"
    for address, layouts in right.spans.items():
        found = tuple(span["layout"] for span in hosts.get(address, nobody)["spans"])
        if found != layouts:
            yield f"{address}: spans {found}, right are {layouts}"
    for address, changes in right.changes.items():
        found = tuple(f"{c['from']} {c['to']}" for c in hosts.get(address, nobody)["changes"])
        if found != changes:
            yield f"{address}: changes {found}, right are {changes}"
    for address, sender in right.senders.items():
        if hosts[address]["sender"] not in sender.split("|"):
            yield f"{address}: sender {hosts[address]['sender']}, right is {sender}"


def _wrong_rows(right: Right, report: Mapping[str, Any]) -> Iterator[str]:
    pairs = {tuple(sorted(pair["hosts"])): pair["verdict"] for pair in report["pairs"]}
    for hosts, allowed in right.pairs.items():
        if pairs.get(hosts) not in allowed.split("|"):
            yield f"{hosts}: {pairs.get(hosts)}, right is {allowed}"
    if right.refusals is None:
        return
    left = list(report["refusals"])
    for source, destination, by, causes, count in right.refusals:
        for row in left:
            flow = row["source"], row["destination"], row["by"], row["count"]
            is_by = row["by"] in by.split("|") and count in (None, flow[3])
            if is_by and flow[:2] == (source, destination) and row["cause"] in causes.split("|"):
                left.remove(row)
                break
        else:
            yield f"no refusal {source} -> {destination} by {by}: {count} because of {causes}"
    yield from (f"refusal {row}" for row in left)


def _wrong_words(right: Right, report: Mapping[str, Any]) -> Iterator[str]:
    if right.verdict and report["verdict"] not in right.verdict.split("|"):
        yield f"verdict {report['verdict']}, right is {right.verdict}"
    if report["verdict"] in right.not_verdict.split("|"):
        yield f"verdict {report['verdict']}"
    findings = report["findings"]
    codes = [finding["code"] for finding in findings]
    yield from (f"no {code}" for code in right.codes if code not in codes)
    for code in right.no_codes:
        for finding in findings:
            told = finding["code"], f"{finding['code']} {finding['confidence']}"
            if code in told or (code == "NVG" and finding["severity"] == "error"):
                yield f"{finding['code']}: {finding['message']}"
    problems = [problem["message"] for c in report["captures"] for problem in c["problems"]]
    texts = [report["headline"], *problems]
    texts += [f"{finding['message']} {finding['next_step']}" for finding in findings]
    text = " ".join(texts).lower()
    for says in right.says:
        if not any(one.lower() in text for one in says.split("|")):
            yield f"does not say {says!r}: {text}"
    yield from (f"says {says!r}" for says in right.never_says if says.lower() in text)
    other = report["summary"]["other_icmp_3_10"]
    if right.other_icmp_3_10 is not None and other != right.other_icmp_3_10:
        yield f"other ICMP 3/10: {other}, right are {right.other_icmp_3_10}"
