"""The program under test, run as a user runs it, and the parts of its JSON report that the
scenarios speak about.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.recording import Refused, Seen

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """Exit code and report of one run."""

    exit_code: int
    report: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.report["verdict"])

    @property
    def hosts(self) -> dict[str, tuple[str, str]]:
        """Layout and confidence by provider address."""
        return {
            host["address"]: (host["layout"], host["confidence"]) for host in self.report["hosts"]
        }

    @property
    def evidence(self) -> dict[str, set[str]]:
        """The kinds of reasons that each layout rests on."""
        return {
            host["address"]: {reason["kind"] for reason in host["evidence"]}
            for host in self.report["hosts"]
        }

    @property
    def segments(self) -> dict[str, list[int | None]]:
        """The virtual subnets of each host, as the host means them."""
        return {
            host["address"]: [segment["id"] for segment in host["segments"]]
            for host in self.report["hosts"]
        }

    @property
    def changes(self) -> dict[str, list[tuple[str, str, int]]]:
        """Of each host: from which layout, to which, and in which frame for the first time."""
        return {
            host["address"]: [(c["from"], c["to"], c["frame"]) for c in host["changes"]]
            for host in self.report["hosts"]
        }

    @property
    def pairs(self) -> dict[tuple[str, str], str]:
        return {tuple(pair["hosts"]): pair["verdict"] for pair in self.report["pairs"]}

    @property
    def senders(self) -> dict[str, str]:
        """What each host is, whatever its layout."""
        return {host["address"]: host["sender"] for host in self.report["hosts"]}

    @property
    def refusals(self) -> Counter[Refused]:
        """ICMP packets, each once however often it was captured."""
        return self._refused("count")

    @property
    def sightings_of_refusals(self) -> Counter[Refused]:
        """Frames that show them."""
        return self._refused("sightings")

    def _refused(self, number: str) -> Counter[Refused]:
        counts: Counter[Refused] = Counter()
        for r in self.report["refusals"]:
            assert r["carried"] == "outer"
            assert r["icmp"]["version"] == 4
            icmp_type, icmp_code = r["icmp"]["type"], r["icmp"]["code"]
            counts[
                Refused(r["source"], r["destination"], r["by"], r["key"], icmp_type, icmp_code)
            ] += r[number]
        return counts

    @property
    def causes(self) -> set[str]:
        return {refusal["cause"] for refusal in self.report["refusals"]}

    def codes(self, severity: str) -> set[str]:
        """The codes of all findings of a severity."""
        return {
            finding["code"]
            for finding in self.report["findings"]
            if finding["severity"] == severity
        }


def ask_doctor(file: Path, *options: str) -> Answer:
    """`python -m nvgre_doctor check --format json FILE`, which must have nothing to say on standard
    error.
    """
    done = subprocess.run(
        [sys.executable, "-m", "nvgre_doctor", "check", "--format", "json", *options, str(file)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return Answer(done.returncode, json.loads(done.stdout))


def assert_counts_agree(answer: Answer, seen: Seen) -> None:
    """What the program counts is what tshark counts in the same capture."""
    assert answer.report["summary"]["frames"] == seen.frames
    assert answer.report["summary"]["nvgre_frames"] == sum(seen.flows.values())
    assert answer.sightings_of_refusals == seen.refusals
    assert answer.report["summary"]["other_icmp_3_10"] == 0
    sent = {host["address"]: host["frames_sent"] for host in answer.report["hosts"]}
    assert sent == {
        address: sum(count for flow, count in seen.flows.items() if flow.source == address)
        for address in sent
    }
