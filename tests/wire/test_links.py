"""Every linktype and every stack of tags."""

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.facts import Other
from tests import build
from tests.wire.packet import AD, FACTS, FACTS6, MAC_A, OLD_1, OLD_2, PACKET, PACKET6, Q, facts


@pytest.mark.parametrize("packet", [(PACKET, FACTS), (PACKET6, FACTS6)], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize(
    "tags", [(), (Q,), (AD, Q), (OLD_1, Q), (OLD_2,), (Q, Q, Q), (AD, OLD_1, OLD_2, Q)]
)
@pytest.mark.parametrize("linktype", [1, 113, 276])
def test_any_stack_of_tags_is_taken_off(linktype, tags, packet):
    assert facts(build.link(linktype, packet[0], tags=tags), linktype) == packet[1]


@pytest.mark.parametrize("linktype", [12, 14, 101, 0, 108])
def test_linktypes_without_ethernet_are_read(linktype):
    assert facts(build.link(linktype, PACKET), linktype) == FACTS
    assert facts(build.link(linktype, PACKET6), linktype) == FACTS6


def test_raw_ip_of_one_version_is_read():
    assert facts(PACKET, 228) == FACTS
    assert facts(PACKET6, 229) == FACTS6


def test_raw_ip_of_the_other_version_is_malformed():
    assert facts(PACKET6, 228) == Other(Oddity.MALFORMED)
    assert facts(PACKET, 229) == Other(Oddity.MALFORMED)


@pytest.mark.parametrize("linktype", [0, 108])
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("family", [10, 23, 24, 28, 30])
def test_loopback_families_are_read_in_both_byte_orders(linktype, big_endian, family):
    assert facts(build.null(PACKET, family=2, big_endian=big_endian), linktype) == FACTS
    assert facts(build.null(PACKET6, family=family, big_endian=big_endian), linktype) == FACTS6


# linktype, frame, reason
NO_IP = [
    (1, build.ethernet(build.arp(MAC_A, "192.168.50.1", "192.168.50.2")), Oddity.NOT_IP),
    (
        1,
        build.ethernet(b"\x42\x42\x03" + bytes(35), ethertype=38),
        Oddity.NOT_IP,
    ),  # 802.3 with LLC: spanning tree
    (1, build.ethernet(b"\x01\x02", ethertype=0x88CC, tags=[Q]), Oddity.NOT_IP),
    (113, build.sll(bytes(8), protocol=4), Oddity.NOT_IP),
    (276, build.sll2(bytes(8), protocol=0x88CC, tags=[Q]), Oddity.NOT_IP),
    (0, build.null(bytes(20), family=7), Oddity.NOT_IP),
    (101, b"\x00" * 20, Oddity.NOT_IP),
    (105, b"\x08\x02" + bytes(60), Oddity.LINKTYPE),  # 802.11
    (147, PACKET, Oddity.LINKTYPE),
    (-1, PACKET, Oddity.LINKTYPE),
]


@pytest.mark.parametrize(("linktype", "frame", "reason"), NO_IP)
def test_frames_without_ip_say_so(linktype, frame, reason):
    assert facts(frame, linktype) == Other(reason)
