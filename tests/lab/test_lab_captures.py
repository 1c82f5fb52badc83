"""The mismatch again, captured in the ways in which people capture: tagged, on one host, on `any`,
on two interfaces.

Hosts are 192.0.2.1, .2, .3 in the order in which they are made.
"""

from pathlib import Path

import pytest

from tests.lab.doctor import ask_doctor, assert_counts_agree
from tests.lab.lab import CURRENT, OLD, new_lab
from tests.lab.recording import (
    Flow,
    Refused,
    dumpcap,
    seen_by_tshark,
    tagged_frames_seen_by_tshark,
    tcpdump,
    unreachables_seen_by_tcpdump,
)
from tests.lab.traffic import Pings, ping

pytestmark = [pytest.mark.lab, pytest.mark.peer]


ONE, TWO, THREE = "192.0.2.1", "192.0.2.2", "192.0.2.3"
ALL_LOST, ALL_ANSWERED = Pings(3, 0), Pings(3, 3)
PROHIBITED = (3, 10)  # ICMP type and code


def test_mismatch_on_a_vlan_tagged_underlay(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    with new_lab(vlan=50) as lab:
        one, two = lab.vm(lab.host(CURRENT), 5001), lab.vm(lab.host(OLD), 5001)
        lab.start()
        with tcpdump(lab, capture, lab.wire.namespace, lab.wire.tap):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x00138900"): 3, Flow(TWO, ONE, "0x00001389"): 3}
    assert tagged_frames_seen_by_tshark(capture, vlan=50) == seen.frames
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x00138900", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00001389", *PROHIBITED): 3,
    }
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("rfc7637", "proven"), TWO: ("draft-00", "proven")}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.codes("warning") == set()  # an outer tag breaks no rule
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_capture_on_one_host_shows_its_own_pairs(tmp_path: Path) -> None:
    """On the second host: what the first and the third say to each other is not there, and nothing
    is said about it.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        hosts = [lab.host(CURRENT), lab.host(OLD), lab.host(CURRENT)]
        one, two, three = (lab.vm(host, 5001) for host in hosts)
        lab.start()
        with tcpdump(lab, capture, hosts[1].namespace, "nic"):
            assert ping(lab, (one, two), (two, one), (two, three), (three, two), (one, three)) == [
                *[ALL_LOST] * 4,
                ALL_ANSWERED,
            ]
    seen = seen_by_tshark(capture)
    assert seen.flows == {
        Flow(ONE, TWO, "0x00138900"): 3,
        Flow(TWO, ONE, "0x00001389"): 3,
        Flow(THREE, TWO, "0x00138900"): 3,
        Flow(TWO, THREE, "0x00001389"): 3,
    }
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x00138900", *PROHIBITED): 3,
        Refused(THREE, TWO, TWO, "0x00138900", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00001389", *PROHIBITED): 3,
        Refused(TWO, THREE, THREE, "0x00001389", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 12
    assert answer.verdict == "mismatch"
    assert answer.hosts == {
        ONE: ("rfc7637", "proven"),
        TWO: ("draft-00", "proven"),
        THREE: ("rfc7637", "proven"),
    }
    assert answer.pairs == {(ONE, TWO): "mismatch", (TWO, THREE): "mismatch"}
    assert answer.exit_code == 1
    assert_counts_agree(answer, seen)


def test_capture_on_any_interface_of_a_host(tmp_path: Path) -> None:
    """Linktype SLL2.  The host's own ICMP is there twice, as its kernel sends it and as it leaves
    the card; each is one refusal that was seen twice.
    """
    capture = tmp_path / "capture.pcap"
    with new_lab() as lab:
        hosts = [lab.host(OLD), lab.host(CURRENT)]
        one, two = (lab.vm(host, 5001) for host in hosts)
        lab.start()
        with tcpdump(lab, capture, hosts[0].namespace, "any"):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert capture.read_bytes()[20:24] == (276).to_bytes(4, "little")  # LINKTYPE_LINUX_SLL2
    assert seen.flows == {Flow(ONE, TWO, "0x00001389"): 3, Flow(TWO, ONE, "0x00138900"): 3}
    answer = ask_doctor(capture)
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x00001389", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00138900", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 9
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.exit_code == 1
    assert answer.sightings_of_refusals == {
        Refused(ONE, TWO, TWO, "0x00001389", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x00138900", *PROHIBITED): 6,
    }
    assert_counts_agree(answer, seen)


def test_pcapng_with_two_interfaces(tmp_path: Path) -> None:
    """Captured on both ports of the wire: every frame is there twice, as it enters and as it
    leaves, and is one packet.
    """
    capture = tmp_path / "capture.pcapng"
    with new_lab() as lab:
        one, two = lab.vm(lab.host(OLD), 6000000), lab.vm(lab.host(CURRENT), 6000000)
        lab.start()
        with dumpcap(lab, capture, lab.wire.namespace, ["to-host1", "to-host2"]):
            assert ping(lab, (one, two), (two, one)) == [ALL_LOST, ALL_LOST]
    seen = seen_by_tshark(capture)
    assert seen.flows == {Flow(ONE, TWO, "0x005b8d80"): 6, Flow(TWO, ONE, "0x5b8d8000"): 6}
    answer = ask_doctor(capture)
    assert answer.report["captures"][0]["format"] == "pcapng"
    assert answer.refusals == {
        Refused(ONE, TWO, TWO, "0x005b8d80", *PROHIBITED): 3,
        Refused(TWO, ONE, ONE, "0x5b8d8000", *PROHIBITED): 3,
    }
    assert unreachables_seen_by_tcpdump(capture, code=10) == 12
    assert answer.verdict == "mismatch"
    assert answer.hosts == {ONE: ("draft-00", "proven"), TWO: ("rfc7637", "proven")}
    assert answer.pairs == {(ONE, TWO): "mismatch"}
    assert answer.exit_code == 1
    assert answer.sightings_of_refusals == {
        Refused(ONE, TWO, TWO, "0x005b8d80", *PROHIBITED): 6,
        Refused(TWO, ONE, ONE, "0x5b8d8000", *PROHIBITED): 6,
    }
    assert answer.codes("info") == {"NVG104"}
    assert_counts_agree(answer, seen)
