"""The display filter of every finding shows the frames that its rule says it is about, and no
others: over the samples, the cases of other people, and generated labs.

Both sides look at all frames: tshark through the filter, the rule through `shows`; the few frames
that the finding names itself help it with the cases only, where quotes are cut or nested.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from nvgre_doctor.annotate import Pointer
from nvgre_doctor.capture import open_capture
from nvgre_doctor.doctor import examine
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import find_all
from nvgre_doctor.settings.options import Options
from nvgre_doctor.wire.decode import decode
from tests.needs import folder, need
from tests.program import SAMPLES
from tests.proof.generator import make_world

pytestmark = pytest.mark.peer

HOSTS_OWN_MACS = {("16-unreach-other-pa-inner-ip.pcap", "NVG306")}
"""Here the MACs of the VM pair are those of the two hosts, so that they are in the outer header of
other frames too, and a filter of Wireshark 4.0 cannot ask for the innermost.
"""


def shown(capture: Path, display_filter: str) -> set[int] | None:
    """The frames that tshark shows; None where it cannot read the capture to its end."""
    command = [need("tshark"), "-n", "-r", str(capture), "-Y", display_filter]
    done = subprocess.run(
        [*command, "-T", "fields", "-e", "frame.number"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 2 and "appears to be damaged or corrupt" in done.stderr:
        return None
    is_cut = "appears to have been cut short" in done.stderr
    assert done.returncode == (2 if is_cut else 0), done.stderr
    return set(map(int, done.stdout.split()))


def pointed(capture: Path, situation: Situation, finding: Finding) -> set[int]:
    """The frames that the rule of a finding says it is about, and those that it names."""
    pointer = Pointer(situation, [finding])
    with open_capture(str(capture)) as source:
        return {
            number
            for batch in source.batches()
            for i, number in enumerate(batch.numbers)
            if pointer.notes(
                decode(batch.linktype, batch.frame(i), batch.wire_length(i)),
                At(batch.ts_ns(i), 0, number),
            )
        }


def differing(captures: Iterable[Path], *, named: bool = False) -> tuple[list[str], int]:
    """The findings whose filter shows other frames, and how many filters were tried."""
    different, tried = [], 0
    for capture in captures:
        situation = examine([str(capture)], Options())
        for finding in find_all(situation):
            if not finding.display_filter or finding.code == "NVG103":  # of no frame
                continue
            frames = shown(capture, finding.display_filter)
            if frames is None or (capture.name, finding.code) in HOSTS_OWN_MACS:
                continue
            tried += 1
            asked = finding if named else finding._replace(frames=())
            found = pointed(capture, situation, asked)
            if (frames, len(frames)) != (found, finding.frame_count):
                different.append(f"{capture.name} {finding.code}: {finding.display_filter}")
    return different, tried


def test_over_the_samples() -> None:
    assert differing(sorted(SAMPLES.glob("*.pcap*"))) == ([], 28)


@pytest.mark.parametrize("kind", ["hard", "lab", "reports"])
def test_over_the_cases_of_others(kind: str) -> None:
    cases = folder("NVGRE_DOCTOR_CASES") / kind
    different, tried = differing(sorted(cases.glob("*.pcap*")), named=True)
    assert different == []
    assert tried >= {"hard": 25, "lab": 5, "reports": 60}[kind]


LABS = [
    {"layouts": "mixed"},
    {"restarts": "update", "layouts": "mixed"},
    {"refuses": "mixed", "lacks_policy": True, "refuses_from_other_address": True},
    {"third_address": "firewall", "layouts": "mixed"},
    {"is_provider_v6": True, "is_customer_v6": True, "layouts": "mixed"},
    {"snap": 70, "layouts": "mixed"},
    {"guest_icmp": "forged"},
    {"others": "openbsd"},
]


@pytest.mark.parametrize("fixed", LABS, ids=str)
def test_over_generated_labs(fixed: dict[str, object], tmp_path: Path) -> None:
    for seed in range(97_000, 97_002):
        assert differing(make_world(seed, **fixed).write(tmp_path))[0] == []
