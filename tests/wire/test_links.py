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


# linktype, frame, EtherType
NO_IP = [
    (1, build.ethernet(build.arp(MAC_A, "192.168.50.1", "192.168.50.2")), 0x0806),
    (1, build.ethernet(b"\x42\x42\x03" + bytes(35), ethertype=38), 4),  # spanning tree
    (1, build.ethernet(b"\x01\x02", ethertype=0x88CC, tags=[Q]), 0x88CC),
    (113, build.sll(bytes(8), protocol=4), 4),
    (276, build.sll2(bytes(8), protocol=0x88CC, tags=[Q]), 0x88CC),
    (0, build.null(bytes(20), family=7), 0),
    (101, b"\x00" * 20, 0),
]


@pytest.mark.parametrize(("linktype", "frame", "ethertype"), NO_IP)
def test_frames_without_ip_say_what_they_are(linktype, frame, ethertype):
    assert facts(frame, linktype) == Other(Oddity.NOT_IP, ethertype=ethertype)


@pytest.mark.parametrize("linktype", [105, 147, -1])
def test_a_link_type_that_is_not_known_says_so(linktype):
    assert facts(PACKET, linktype) == Other(Oddity.LINKTYPE)
