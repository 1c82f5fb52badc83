"""Real hosts, real traffic, live captures: the verdict must be right in each.

Every scenario says what the hosts do, what must be on the wire (as tshark counts it) and what the
program must answer. Hosts are 192.0.2.1, .2, .3 in the order in which they are made.
"""

import time
from pathlib import Path

import pytest

from tests.lab.doctor import ask_doctor, assert_counts_agree
from tests.lab.lab import CURRENT, OLD, new_lab
from tests.lab.recording import Flow, Refused, seen_by_tshark, tcpdump, unreachables_seen_by_tcpdump
from tests.lab.traffic import Pings, ping, ping_while

pytestmark = [pytest.mark.lab, pytest.mark.peer]


ONE, TWO, THREE = "192.0.2.1", "192.0.2.2", "192.0.2.3"
ALL_LOST, ALL_ANSWERED = Pings(3, 0), Pings(3, 3)
PROHIBITED = (3, 10)  # ICMP type and code
RESTART_S = 21  # the program takes 20 seconds for a restart


def test_two_layouts_mismatch_and_every_request_is_refused(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(OLD), 5001), lab.vm(lab.host(CURRENT), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 3, Flow(TWO, ONE, "0x00138900"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x00001389", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00138900", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 6
    assert answer.causes == {"layout-mismatch"}
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.segments == {ONE: [5001], TWO: [5001]}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.codes("error") == {"NVG201", "NVG301", "NVG302"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_two_layouts_of_a_vsid_whose_old_key_fits_both(tmp_path: Path) -> None:
    """0x005b8d80 alone could be VSID 0x5b8d with FlowID 0x80; the other direction of the VM pair
    proves what it is.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(CURRENT), 6000000), lab.vm(lab.host(OLD), 6000000)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x5b8d8000"): 3, Flow(TWO, ONE, "0x005b8d80"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x5b8d8000", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x005b8d80", *PROHIBITED): 3,
    }
    assert answer.causes == {"layout-mismatch"}
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("draft-00", "proven")}
    assert answer.segments == {ONE: [6000000], TWO: [6000000]}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_all_old_hosts_talk_and_are_named(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(OLD), 5001), lab.vm(lab.host(OLD), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_ANSWERED, ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 6, Flow(TWO, ONE, "0x00001389"): 6}
    answer = ask_doctor(capture)
    assert answer.verdict == "old-layout"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("draft-00", "proven")}
    assert answer.segments == {ONE: [5001], TWO: [5001]}
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.refusals == {}
    assert answer.codes("error") == {"NVG201"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_all_current_hosts_are_healthy(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        host_one, host_two = lab.host(CURRENT), lab.host(CURRENT)
        one, one_too = lab.vm(host_one, 5001), lab.vm(host_one, 6000000)
        two, two_too = lab.vm(host_two, 5001), lab.vm(host_two, 6000000)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two_too, one_too)) == [ALL_ANSWERED, ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {
        Flow(ONE, TWO, "0x00138900"): 3,
        Flow(TWO, ONE, "0x00138900"): 3,
        Flow(ONE, TWO, "0x5b8d8000"): 3,
        Flow(TWO, ONE, "0x5b8d8000"): 3,
    }
    answer = ask_doctor(capture)
    assert answer.verdict == "healthy"
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.segments == {ONE: [5001, 6000000], TWO: [5001, 6000000]}
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.refusals == {}
    assert answer.codes("error") == set()
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)


def test_current_keys_that_fit_both_are_at_most_likely(tmp_path: Path) -> None:
    """0x00138900 could be TNI 0x138900; that its low octet is 0 speaks for VSID 5001, but proves
    nothing.  So the hosts are probably healthy, and whether the pair agrees is not known: that
    needs two proofs.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(CURRENT), 5001), lab.vm(lab.host(CURRENT), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two)) == [ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00138900"): 3, Flow(TWO, ONE, "0x00138900"): 3}
    answer = ask_doctor(capture)
    assert answer.verdict == "healthy"
    assert " probably " in answer.report["headline"]
    assert answer.hosts == {ONE: ("rfc7637", "likely"), TWO: ("rfc7637", "likely")}
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.report["findings"] == []
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)


def test_old_keys_that_fit_both_are_unknown_until_all_vsids_are_given(tmp_path: Path) -> None:
    """Some VSIDs make the layout likely: another one could be in use.  All of them prove it."""
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(OLD), 6000000), lab.vm(lab.host(OLD), 6000000)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two)) == [ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x005b8d80"): 3, Flow(TWO, ONE, "0x005b8d80"): 3}
    answer = ask_doctor(capture)
    assert answer.verdict == "undecided"
    assert answer.hosts == {ONE: ("unknown", "none"), TWO: ("unknown", "none")}
    assert answer.segments == {ONE: [None], TWO: [None]}
    # Both speak one layout, but which one rests on nothing: unknown hosts agree on nothing.
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.codes("warning") == {"NVG204"}  # both sent data
    assert answer.exit_code == 0
    assert_counts_agree(answer, seen)
    answer = ask_doctor(capture, "--vsid", "6000000")
    assert answer.verdict == "old-layout"
    assert answer.hosts == {ONE: ("draft-00", "likely"), TWO: ("draft-00", "likely")}
    assert answer.segments == {ONE: [6000000], TWO: [6000000]}
    assert answer.codes("warning") == {"NVG201"}
    assert answer.exit_code == 0
    answer = ask_doctor(capture, "--vsid", "6000000", "--vsid-complete")
    assert answer.verdict == "old-layout"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("draft-00", "proven")}
    assert answer.segments == {ONE: [6000000], TWO: [6000000]}
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.codes("error") == {"NVG201"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_one_old_host_of_three_is_found(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        one, two, three = (lab.vm(lab.host(layout), 5001) for layout in (CURRENT, CURRENT, OLD))
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(
                lab, (one, two), (one, three), (three, one), (two, three), (three, two)
            ) == [
                ALL_ANSWERED,
                *[ALL_LOST] * 4,
            ]
    seen = seen_by_tshark(capture)
    assert seen.flows == {
        Flow(ONE, TWO, "0x00138900"): 3,
        Flow(TWO, ONE, "0x00138900"): 3,
        Flow(ONE, THREE, "0x00138900"): 3,
        Flow(TWO, THREE, "0x00138900"): 3,
        Flow(THREE, ONE, "0x00001389"): 3,
        Flow(THREE, TWO, "0x00001389"): 3,
    }
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, THREE, THREE, "0x00138900", *PROHIBITED): 3,
        Refused(TWO, THREE, THREE, "0x00138900", *PROHIBITED): 3,
        Refused(THREE, ONE, ONE, "0x00001389", *PROHIBITED): 3,
        Refused(THREE, TWO, TWO, "0x00001389", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 12
    assert answer.causes == {"layout-mismatch"}
    assert answer.verdict == "mismatch"
    assert answer.hosts == {
        ONE: ("rfc7637", "proven"),
        TWO: ("rfc7637", "proven"),
        THREE: ("draft-00", "proven"),
    }
    assert answer.pairs == {(ONE, TWO): "agree", (ONE, THREE): "mismatch", (TWO, THREE): "mismatch"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


@pytest.mark.parametrize(
    ("vsid", "old_key", "current_key", "certainty_of_one"),
    [
        (5001, "0x00001389", "0x00138900", "likely"),
        (6000000, "0x005b8d80", "0x5b8d8000", "proven"),  # no TNI: its top octet is not 0
    ],
)
def test_host_that_changes_without_a_silence_is_likely_to_have_changed(
    tmp_path: Path, vsid: int, old_key: str, current_key: str, certainty_of_one: str
) -> None:
    """No host restarts within a second, so two machines with one address could send this as well.
    What rests on where the change was is likely.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        host_one, host_two = lab.host(CURRENT), lab.host(OLD)
        one, two = lab.vm(host_one, vsid), lab.vm(host_two, vsid)
        lab.start()
        with (
            tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap),
            ping_while(lab, (one, two), (two, one)) as running,
        ):
            running.wait_until_lost(3)
            lab.update(host_two, CURRENT)
            running.wait_until_answered(3)
    seen = seen_by_tshark(capture)
    assert set(seen.flows) == {
        Flow(ONE, TWO, current_key),
        Flow(TWO, ONE, old_key),
        Flow(TWO, ONE, current_key),
    }
    answer = ask_doctor(capture)
    assert answer.hosts == {ONE: ("rfc7637", certainty_of_one), TWO: ("rfc7637", "likely")}
    assert answer.changes == {
        ONE: [],
        TWO: [("draft-00", "rfc7637", seen.first_frame[Flow(TWO, ONE, current_key)])],
    }
    assert answer.segments == {ONE: [vsid], TWO: [vsid]}
    assert answer.codes("warning") == {"NVG202"}
    assert set(answer.refusals) == {
        Refused(ONE, TWO, TWO, current_key, *PROHIBITED),
        Refused(TWO, ONE, ONE, old_key, *PROHIBITED),
    }
    # What was refused before was refused for the layouts; whether the hosts agree by now would
    # need two proofs.
    assert answer.pairs == {(ONE, TWO): "unknown"}
    assert answer.causes == {"layout-mismatch"}
    assert answer.verdict == "mismatch"
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


@pytest.mark.parametrize(
    ("vsid", "old_key", "current_key"),
    [(5001, "0x00001389", "0x00138900"), (6000000, "0x005b8d80", "0x5b8d8000")],
)
def test_host_that_is_silent_for_a_restart_is_proven_to_have_changed(
    tmp_path: Path, vsid: int, old_key: str, current_key: str
) -> None:
    """The silence is a real one."""
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        host_one, host_two = lab.host(CURRENT), lab.host(OLD)
        one, two = lab.vm(host_one, vsid), lab.vm(host_two, vsid)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
            lab.update(host_two, CURRENT)
            time.sleep(RESTART_S)
            assert ping(lab, (one, two), (two, one)) == [ALL_ANSWERED, ALL_ANSWERED]
    seen = seen_by_tshark(capture)
    assert seen.flows == {
        Flow(ONE, TWO, current_key): 9,
        Flow(TWO, ONE, old_key): 3,
        Flow(TWO, ONE, current_key): 6,
    }
    answer = ask_doctor(capture)
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.changes == {
        ONE: [],
        TWO: [("draft-00", "rfc7637", seen.first_frame[Flow(TWO, ONE, current_key)])],
    }
    assert answer.segments == {ONE: [vsid], TWO: [vsid]}
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, current_key, *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, old_key, *PROHIBITED): 3,
    }
    # The hosts agree by now, but what was refused before was refused for their layouts.
    assert answer.pairs == {(ONE, TWO): "agree"}
    assert answer.causes == {"layout-mismatch"}
    assert answer.codes("warning") == {"NVG202"}
    assert answer.codes("error") == {"NVG302"}  # nobody is told to update who did
    assert answer.verdict == "mismatch"
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)
