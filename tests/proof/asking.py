"""The program asked about captures in memory, and the few words of its answer that are compared."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from nvgre_doctor import diagnose
from nvgre_doctor.capture import open_capture
from tests import build
from tests.proof.changing import Capture
from tests.proof.generator import World
from tests.proof.score import is_unseen


class Answer(NamedTuple):
    """What a report says of hosts and pairs; `report` is its JSON."""

    hosts: dict[str, tuple[str, str]]  # layout, confidence
    pairs: dict[tuple[str, ...], str]
    verdict: str
    report: dict[str, Any]

    def proven(self) -> dict[str, str]:
        return {a: layout for a, (layout, sure) in self.hosts.items() if sure == "proven"}

    def host(self, address: str) -> dict[str, Any]:
        return next(host for host in self.report["hosts"] if host["address"] == address)

    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.report["findings"]}


def ask(*captures: Capture, **options: Any) -> Answer:
    """The answer about captures together."""
    with tempfile.TemporaryDirectory(prefix="asked-") as folder:
        paths = []
        for index, frames in enumerate(captures):
            path = Path(folder) / f"{index}.pcap"
            path.write_bytes(build.pcap(frames, magic="nano"))
            paths.append(path)
        report = diagnose(paths, **options).to_dict()
    return answer_of(report)


def frames_of(path: Path) -> Capture | None:
    """The frames of a capture file, None if they are not all Ethernet."""
    frames: Capture = []
    with open_capture(path) as capture:
        for batch in capture.batches():
            if batch.linktype != 1:
                return None
            for i in range(len(batch.numbers)):
                frames.append((max(0, batch.ts_ns(i)), batch.frame(i), batch.wire_length(i)))
    return frames


def answer_of(report: dict[str, Any]) -> Answer:
    return Answer(
        {host["address"]: (host["layout"], host["confidence"]) for host in report["hosts"]},
        {tuple(sorted(pair["hosts"])): pair["verdict"] for pair in report["pairs"]},
        report["verdict"],
        report,
    )


def false_turns(before: Answer, after: Answer) -> list[str]:
    """What no change of one frame may do: prove the other layout, make an agreement or health of a
    mismatch, or a mismatch of health.
    """
    turns = []
    proven, now = before.proven(), after.proven()
    for address, (layout, _) in before.hosts.items():
        if address in now and layout in ("draft-00", "rfc7637") and now[address] != layout:
            turns.append(f"{address}: {before.hosts[address]} became {now[address]} proven")
    for pair, verdict in before.pairs.items():
        if verdict == "mismatch" and after.pairs.get(pair) == "agree":
            turns.append(f"{pair}: mismatch became agree")
    if before.verdict == "mismatch" and after.verdict == "healthy":
        turns.append("mismatch became healthy")
    if before.verdict == "healthy" and after.verdict == "mismatch":
        turns.append("healthy became mismatch")
    turns += [
        f"{address}: both, proven, of {layout}"
        for address, layout in proven.items()
        if now.get(address) == "both" != layout
    ]
    return list(dict.fromkeys(turns))


def never_spoken(world: World, answer: Answer) -> list[str]:
    """Hosts proven in a layout that they never spoke; none where an assumption is broken unseen."""
    if is_unseen(world):
        return []
    return [
        f"{address}: {layout} proven, truth {host.layouts}"
        for address, host in world.truth.hosts.items()
        if (layout := answer.proven().get(address)) not in (None, *host.layouts)
    ]
