"""Tenants that are cloned, as network virtualization is sold for: the same MACs and customer
addresses once more under another VSID, on the same hosts.

The two directions of a VM pair then say nothing, for each key may be of the other tenant.  Hosts
are 192.0.2.1, .2 in the order in which they are made.
"""

from pathlib import Path

import pytest

from tests.lab.doctor import Answer, ask_doctor, assert_counts_agree
from tests.lab.lab import CURRENT, OLD, new_lab
from tests.lab.recording import Flow, Refused, seen_by_tshark, tcpdump
from tests.lab.traffic import Pings, ping

pytestmark = [pytest.mark.lab, pytest.mark.peer]


ONE, TWO = "192.0.2.1", "192.0.2.2"
ALL_LOST, ALL_ANSWERED = Pings(3, 0), Pings(3, 3)
PROHIBITED = (3, 10)  # ICMP type and code


def ask_about_clones(
    capture: Path, layouts: tuple[str, str], vsids: tuple[int, int], pings: Pings
) -> tuple[Answer, dict[Flow, int]]:
    """Two hosts with a VM pair in the first VSID and its clone in the second; all four VMs ping."""
    with new_lab() as lab:
        one, two = (lab.vm(lab.host(layout), vsids[0]) for layout in layouts)
        one_too, two_too = lab.clone(one, vsids[1]), lab.clone(two, vsids[1])
        lab.start()
        pairs = [(one, two), (two, one), (one_too, two_too), (two_too, one_too)]
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, *pairs) == [pings] * 4
    seen = seen_by_tshark(capture)
    answer = ask_doctor(capture)
    assert_counts_agree(answer, seen)
    return answer, dict(seen.flows)


def test_clones_on_current_hosts_are_named_and_prove_nothing(tmp_path: Path) -> None:
    """0x5b8d8000 alone proves the layout: it is no TNI.  The pair with its two ids is told."""
    answer, flows = ask_about_clones(
        tmp_path / "capture.pcap", (CURRENT, CURRENT), (5001, 6000000), ALL_ANSWERED
    )
    assert flows == {
        Flow(ONE, TWO, "0x00138900"): 6,
        Flow(TWO, ONE, "0x00138900"): 6,
        Flow(ONE, TWO, "0x5b8d8000"): 6,
        Flow(TWO, ONE, "0x5b8d8000"): 6,
    }
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.evidence == {ONE: {"range"}, TWO: {"range"}}
    assert answer.segments == {ONE: [5001, 6000000], TWO: [5001, 6000000]}
    assert answer.verdict == "warnings"
    assert answer.codes("warning") == {"NVG308"}
    assert answer.codes("error") == set()
    assert answer.exit_code == 0


def test_clones_on_old_hosts_are_named_and_prove_nothing(tmp_path: Path) -> None:
    """0x00001389 alone proves the layout: VSID 19 is reserved."""
    answer, flows = ask_about_clones(
        tmp_path / "capture.pcap", (OLD, OLD), (5001, 6000000), ALL_ANSWERED
    )
    assert flows == {
        Flow(ONE, TWO, "0x00001389"): 6,
        Flow(TWO, ONE, "0x00001389"): 6,
        Flow(ONE, TWO, "0x005b8d80"): 6,
        Flow(TWO, ONE, "0x005b8d80"): 6,
    }
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("draft-00", "proven")}
    assert answer.evidence == {ONE: {"range"}, TWO: {"range"}}
    assert answer.segments == {ONE: [5001, 6000000], TWO: [5001, 6000000]}
    assert answer.verdict == "old-layout"
    assert answer.codes("warning") == {"NVG308"}
    assert answer.codes("error") == {"NVG201"}
    assert answer.exit_code == 1


def test_clones_with_neighbouring_ids_do_not_pass_for_flow_ids(tmp_path: Path) -> None:
    """0x005b8d80 and 0x005b8d81 are TNIs 6000000 and 6000001 here, and could be VSID 23437 with
    FlowIDs 128 and 129.
    """
    answer, flows = ask_about_clones(
        tmp_path / "capture.pcap", (OLD, OLD), (6000000, 6000001), ALL_ANSWERED
    )
    assert flows == {
        Flow(ONE, TWO, "0x005b8d80"): 6,
        Flow(TWO, ONE, "0x005b8d80"): 6,
        Flow(ONE, TWO, "0x005b8d81"): 6,
        Flow(TWO, ONE, "0x005b8d81"): 6,
    }
    assert answer.hosts == {ONE: ("unknown", "none"), TWO: ("unknown", "none")}
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.verdict == "undecided"
    assert answer.codes("warning") == {"NVG204"}
    assert answer.exit_code == 0


def test_clones_hide_no_mismatch(tmp_path: Path) -> None:
    """Each host has a key that proves what it speaks without any VM pair."""
    answer, flows = ask_about_clones(
        tmp_path / "capture.pcap", (CURRENT, OLD), (5001, 6000000), ALL_LOST
    )
    assert flows == {
        Flow(ONE, TWO, "0x00138900"): 3,
        Flow(ONE, TWO, "0x5b8d8000"): 3,
        Flow(TWO, ONE, "0x00001389"): 3,
        Flow(TWO, ONE, "0x005b8d80"): 3,
    }
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x00138900", *PROHIBITED): 3,
        Refused(ONE, TWO, TWO, "0x5b8d8000", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00001389", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x005b8d80", *PROHIBITED): 3,
    }
    assert answer.causes == {"layout-mismatch"}
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("draft-00", "proven")}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.segments == {ONE: [5001, 6000000], TWO: [5001, 6000000]}
    assert answer.verdict == "mismatch"
    assert answer.codes("warning") == {"NVG308"}
    assert answer.exit_code == 1
