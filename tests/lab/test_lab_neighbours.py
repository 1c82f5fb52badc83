"""What looks like the mismatch and is none: a firewall, a router that refuses, a host without GRE,
a plain GRE tunnel.

Hosts are 192.0.2.1, .2 in the order in which they are made.
"""

from pathlib import Path

import pytest

from tests.lab.doctor import ask_doctor, assert_counts_agree
from tests.lab.lab import CURRENT, OLD, new_lab
from tests.lab.recording import Flow, Refused, seen_by_tshark, tcpdump, unreachables_seen_by_tcpdump
from tests.lab.traffic import Pings, ping

pytestmark = [pytest.mark.lab, pytest.mark.peer]


ONE, TWO = "192.0.2.1", "192.0.2.2"
ALL_LOST, ALL_ANSWERED = Pings(3, 0), Pings(3, 3)
PROHIBITED = (3, 10)  # ICMP type and code
NO_SUCH_PROTOCOL = (3, 2)


def test_firewall_refuses_although_the_layouts_agree(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        host_one, host_two = lab.host(CURRENT), lab.host(CURRENT)
        one, two = lab.vm(host_one, 6000000), lab.vm(host_two, 6000000)
        host_two.wall_off()
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    # Three requests and, to the walled host's own three requests, three replies.
    assert seen.flows == {Flow(ONE, TWO, "0x5b8d8000"): 6, Flow(TWO, ONE, "0x5b8d8000"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {Refused(ONE, TWO, TWO, "0x5b8d8000", *PROHIBITED): 6}
    assert unreachables_seen_by_tcpdump(capture, code=10) == 6
    assert answer.causes == {"policy"}
    assert answer.verdict == "refused"
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.codes("error") == {"NVG303"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_router_that_refuses_is_named_and_neither_host_is_blamed(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(CURRENT), 6000000), lab.vm(lab.host(CURRENT), 6000000)
        router = lab.refusing_router()
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x5b8d8000"): 3, Flow(TWO, ONE, "0x5b8d8000"): 3}
    answer = ask_doctor(capture)
    assert router.address == "192.0.2.254"
    assert answer.refusals == {
        Refused(ONE, TWO, "192.0.2.254", "0x5b8d8000", *PROHIBITED): 3,
        Refused(TWO, ONE, "192.0.2.254", "0x5b8d8000", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 6
    assert answer.causes == {"third-party"}
    assert answer.verdict == "refused"
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.codes("error") == {"NVG303"}
    assert all("192.0.2.254, on the way, " in f["message"] for f in answer.report["findings"])
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_router_that_refuses_hides_no_mismatch(tmp_path: Path) -> None:
    """Its refusals say nothing of layouts, but the keys do."""
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(OLD), 5001), lab.vm(lab.host(CURRENT), 5001)
        lab.refusing_router()
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 3, Flow(TWO, ONE, "0x00138900"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, "192.0.2.254", "0x00001389", *PROHIBITED): 3,
        Refused(TWO, ONE, "192.0.2.254", "0x00138900", *PROHIBITED): 3,
    }
    assert answer.causes == {"third-party"}
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.codes("error") == {"NVG201", "NVG301", "NVG303"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_host_without_gre_is_no_mismatch(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, nobody = lab.vm(lab.host(CURRENT), 6000000), lab.vm(lab.host(None), 6000000)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, nobody)) == [ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x5b8d8000"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {Refused(ONE, TWO, TWO, "0x5b8d8000", *NO_SUCH_PROTOCOL): 3}
    assert unreachables_seen_by_tcpdump(capture, code=2) == 3
    assert answer.causes == {"unknown"}
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("unknown", "none")}
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.codes("error") == set()
    assert "NVG304" in answer.codes("warning")
    assert answer.verdict == "warnings"
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)


def test_plain_gre_tunnel_is_not_called_an_error(tmp_path: Path) -> None:
    """Open vSwitch as itself: same bytes as the old layout, but nothing speaks of Hyper-V; other
    MACs, the hop limit of Linux.  It has no layout, so nothing of it is proven, and it agrees with
    nobody.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab(hop_limit=64, oui="52:54:00") as lab:
        one, two = lab.vm(lab.host(OLD), 5001), lab.vm(lab.host(OLD), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_ANSWERED, ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 6, Flow(TWO, ONE, "0x00001389"): 6}
    answer = ask_doctor(capture)
    assert answer.senders == {ONE: "other", TWO: "other"}
    assert answer.hosts == {ONE: ("draft-00", "likely"), TWO: ("draft-00", "likely")}
    assert answer.verdict == "no-nvgre"
    assert answer.codes("error") == set()
    assert answer.codes("warning") == {"NVG103", "NVG201"}  # no green for a capture without NVGRE
    assert all(
        "plain GRE tunnel" in f["message"]
        for f in answer.report["findings"]
        if f["code"] == "NVG201"
    )
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)


def test_plain_gre_tunnel_with_guests_of_hyper_v_is_not_called_an_error(tmp_path: Path) -> None:
    """Guests that once moved from Hyper-V keep their MACs: where guests live does not say who
    encapsulates.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab(hop_limit=64) as lab:
        one, two = lab.vm(lab.host(OLD), 5001), lab.vm(lab.host(OLD), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_ANSWERED, ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 6, Flow(TWO, ONE, "0x00001389"): 6}
    answer = ask_doctor(capture)
    assert set(answer.senders.values()) <= {"other", "unclear"}
    assert answer.hosts == {ONE: ("draft-00", "likely"), TWO: ("draft-00", "likely")}
    assert answer.codes("error") == set()
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)
