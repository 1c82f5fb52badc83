"""Small captures in which the first version was wrong, each with its right answer.

The captures lie in the folder `hard` of NVGRE_DOCTOR_CASES; what is right stands here as it does
there.
"""

from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from tests.proof.claims import Right, wrong

A, B, C = "192.168.50.1", "192.168.50.2", "192.168.50.3"
NOT_PROVEN_NEW = "draft-00 proven|draft-00 likely|rfc7637 likely|unknown none"
OLD, NEW = "draft-00 proven|draft-00 likely", "rfc7637 proven|rfc7637 likely"
NOT_OLD = f"{NEW}|unknown none"

HARD = {
    "01-cloned-macs-two-tnis.pcap": Right(
        "two keys with neighbouring low octets are likely FlowIDs at most",
        hosts={A: NOT_PROVEN_NEW},
    ),
    "03-routed-k-and-k8-all-new.pcap": Right(
        "the two directions of a routed VM pair may carry two VSIDs, and prove nothing",
        hosts={A: "rfc7637 likely|unknown none", B: "rfc7637 likely|unknown none"},
        no_codes=("NVG201", "NVG301"),
    ),
    "05-routed-inside-one-24.pcap": Right(
        "both directions need one customer subnet for certain, and one frame proves nothing",
        hosts={A: NOT_PROVEN_NEW, B: NOT_PROVEN_NEW},
    ),
    "06-cloned-k-and-k8.pcap": Right(
        "a change needs a silence of 20 s, and two frames on each side",
        hosts={A: NOT_PROVEN_NEW},
        no_codes=("NVG202 proven", "NVG203"),
    ),
    "07-guest-forges-quote.pcap": Right(
        "what a guest sends in its tunnel is its own: it refuses nothing, and makes no host",
        hosts={B: NOT_OLD, C: NOT_OLD, A: "unknown none|rfc7637 likely"},
        only_hosts=(A, B, C),
        refusals=(),
        other_icmp_3_10=1,
        no_codes=("NVG201", "NVG301"),
    ),
    "08-forged-outer-310.pcap": Right(
        "an error from a third address proves nothing, and is named as coming from there",
        hosts={B: NOT_OLD},
        refusals=((B, A, "192.168.66.6", "third-party", 1),),
        says=("192.168.66.6",),
        no_codes=("NVG201", "NVG301"),
    ),
    "10-clocks-an-hour-apart-change.pcap": Right(
        "order inside a capture is frame order; clocks that disagree make no two machines",
        files=tuple(f"10-clocks-an-hour-apart-change.d/{name}.pcap" for name in "ab"),
        hosts={A: NEW},
        no_codes=("NVG203",),
    ),
    "12-stale-after-restart.pcap": Right(
        "what was heard before a silence does not hold after it",
        hosts={A: "draft-00 likely|rfc7637 proven|rfc7637 likely|unknown none"},
    ),
    "13-two-changes.pcap": Right(
        "any number of changes in one capture: the last span decides",
        hosts={A: OLD},
        spans={A: ("draft-00", "rfc7637", "draft-00")},
        no_codes=("NVG203",),
    ),
    "14-cause-from-first-five.pcap": Right(
        "the cause of each refusal comes from the spans at its own time",
        hosts={A: NEW, B: NEW},
        changes={A: ("draft-00 rfc7637",)},
        refusals=((A, B, B, "layout-mismatch", 6), (A, B, B, "policy", 6)),
    ),
    "16-unreach-other-pa-inner-ip.pcap": Right(
        "a quote counts refusals, and proves nothing about its sender",
        hosts={A: OLD, B: NEW},
        refusals=((A, B, f"{B}|192.168.50.102", "layout-mismatch", 1),),
    ),
    "17-nested-quote-names-guests.pcap": Right(
        "what only a quote names is no host",
        hosts={A: NOT_OLD},
        only_hosts=(A, B),
        refusals=((A, B, B, "unknown|policy", 1),),
    ),
    "18-snap54-outer-310.pcap": Right(
        "an error that is cut, but may refuse NVGRE, is not health",
        refusals=((A, B, B, "unknown", 1),),
        not_verdict="healthy",
    ),
    "19-asymmetric-provider-addresses.pcap": Right(
        "a VM pair is one VM pair, whichever provider addresses its frames left and arrived at",
        hosts={A: OLD, B: NEW},
    ),
    "21-live-migration.pcap": Right(
        "a VM pair is one VM pair, whoever hosts it",
        hosts={A: OLD, B: NEW, C: NEW},
    ),
    "23-same-file-twice.pcap": Right(
        "copies of one packet are one frame, which proves nothing",
        files=tuple(f"23-same-file-twice.d/{name}.pcap" for name in "ab"),
        hosts={A: "draft-00 likely"},
        refusals=((A, B, B, "unknown|layout-mismatch", 1),),
        codes=("NVG104",),
    ),
    "24-tie-says-agree.pcap": Right(
        "a tie between unknown hosts does not make a pair agree",
        pairs={(A, B): "unknown|mismatch"},
    ),
    "26-clock-stepped-back.pcap": Right(
        "order inside a capture is frame order, also where its clock was set back",
        hosts={A: NEW},
        no_codes=("NVG203",),
    ),
    "28-gateway-mac-in-k-and-k8.pcap": Right(
        "ids of two VM pairs that share a MAC are no change",
        hosts={A: NOT_PROVEN_NEW},
        no_codes=("NVG202 proven", "NVG203"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_case(name: str, cases: Path) -> None:
    right = HARD[name]
    paths = [cases / "hard" / file for file in right.files or (name,)]
    assert wrong(right, diagnose(paths).to_dict()) == [], right.rule


def test_every_hard_case_has_its_answer(cases: Path) -> None:
    assert {path.with_suffix(".pcap").name for path in (cases / "hard").glob("*.md")} == set(HARD)
