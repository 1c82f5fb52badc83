"""Outer IP headers: options, extension headers, lengths, padding, fragments."""

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre, Other
from tests import build
from tests.wire.packet import (
    A6,
    AH,
    ATOMIC,
    B6,
    DEST,
    FACTS,
    FACTS6,
    FIRST,
    GRE,
    HOP,
    KEY,
    LATER,
    MOBILITY,
    PACKET,
    PACKET6,
    ROUTE,
    ROUTER_ALERT,
    A,
    B,
    facts,
    packet4,
    packet6,
)


@pytest.mark.parametrize("options", [ROUTER_ALERT, b"\x01" * 40])
def test_ipv4_options_are_skipped(options):
    assert facts(packet4(GRE, options=options)) == FACTS


@pytest.mark.parametrize(
    "extensions",
    [
        (HOP,),
        (ROUTE,),
        (DEST,),
        (AH,),
        (MOBILITY,),
        (ATOMIC,),
        (HOP, DEST, ROUTE, ATOMIC, AH, DEST),
    ],
)
def test_ipv6_extension_headers_are_skipped(extensions):
    assert facts(packet6(GRE, extensions=extensions)) == FACTS6


def test_an_authentication_header_is_skipped_in_ipv4():
    header = bytes([47, 4]) + bytes(22)
    frame = build.ethernet(build.ipv4("192.168.50.1", "192.168.50.2", 51, header + GRE))
    assert facts(frame) == FACTS


def test_the_hop_limit_is_that_of_the_outer_header():
    assert facts(packet4(GRE, ttl=64)).hop_limit == 64
    assert facts(packet6(GRE, hop_limit=63)).hop_limit == 63


def test_a_wrong_checksum_is_nobodys_business():
    assert facts(packet4(GRE, checksum=0xDEAD)) == FACTS


def test_length_zero_means_to_the_end_of_the_capture():
    assert facts(packet4(GRE, total_length=0)) == FACTS
    assert facts(packet6(GRE, payload_length=0)) == FACTS6


def test_a_length_beyond_the_capture_is_a_cut():
    assert facts(packet4(GRE, total_length=9000)) == FACTS
    assert facts(packet6(GRE, payload_length=9000)) == FACTS6


def test_padding_is_not_inner_frame():
    keyed = build.gre(b"", key=KEY)
    empty = Nvgre(A, B, gre_key=0x00138900, gre_flags=0x2000, hop_limit=128)
    assert facts(packet4(keyed) + b"\x11" * 18) == empty
    assert facts(packet6(keyed) + b"\x11" * 18) == empty._replace(source=A6, destination=B6)


MALFORMED = [
    build.ethernet(PACKET6, ethertype=0x0800),
    build.ethernet(PACKET, ethertype=0x86DD),
    build.ethernet(b"\x44" + PACKET[1:]),  # a header of 16 bytes
    packet4(GRE, total_length=19),  # shorter than its header
]


@pytest.mark.parametrize("frame", MALFORMED)
def test_headers_that_contradict_themselves_are_malformed(frame):
    assert facts(frame) == Other(Oddity.MALFORMED)


# what is left of an IPv6 chain, facts
CUT_CHAINS = [
    ((HOP, DEST), 54, Other(Oddity.TRUNCATED, A6, B6)),  # not one byte of hop-by-hop
    ((HOP, DEST), 55, Other(Oddity.TRUNCATED, A6, B6)),  # next header is destination options
    ((DEST,), 55, Other(Oddity.TOO_SHORT, A6, B6)),  # next header is GRE
    ((AH,), 60, Other(Oddity.TOO_SHORT, A6, B6)),
]


@pytest.mark.parametrize(("extensions", "length", "expected"), CUT_CHAINS)
def test_a_cut_chain_of_extension_headers_is_no_other_protocol(extensions, length, expected):
    whole = packet6(GRE, extensions=extensions)
    assert decode(1, whole[:length], len(whole)) == expected


# --- fragments ---------------------------------------------------------------


def test_a_first_fragment_is_decoded():
    assert facts(packet4(GRE, fragment=0x2000)) == FACTS._replace(is_fragment=True)
    assert facts(packet6(GRE, extensions=[FIRST])) == FACTS6._replace(is_fragment=True)


def test_a_later_fragment_is_not_read_as_gre():
    assert facts(packet4(GRE, fragment=0x20B9)) == Other(Oddity.LATER_FRAGMENT, A, B)
    assert facts(packet4(GRE, fragment=0x0001)) == Other(Oddity.LATER_FRAGMENT, A, B)
    assert facts(packet6(GRE, extensions=[LATER])) == Other(Oddity.LATER_FRAGMENT, A6, B6)


def test_what_follows_in_a_later_fragment_is_data_even_if_it_reads_like_a_header():
    looks_like_ah = bytes([47, 4]) + bytes(22) + GRE
    frame = build.ethernet(
        build.ipv4("192.168.50.1", "192.168.50.2", 51, looks_like_ah, fragment=0x00B9)
    )
    assert facts(frame) == Other(Oddity.NOT_GRE, A, B)
    assert facts(packet6(GRE, extensions=[LATER, DEST])) == Other(Oddity.NOT_GRE, A6, B6)


def test_reserved_bits_of_a_fragment_header_are_no_offset():
    assert facts(packet6(GRE, extensions=[(44, b"\x00\x06" + bytes(4))])) == FACTS6


def test_do_not_fragment_is_no_fragment():
    assert facts(packet4(GRE, fragment=0x4000)) == FACTS


def test_a_later_fragment_of_udp_is_not_vxlan():
    datagram = build.udp("192.168.50.1", "192.168.50.2", 49152, 4789, bytes(20))
    frame = build.ethernet(
        build.ipv4("192.168.50.1", "192.168.50.2", 17, datagram, fragment=0x00B9)
    )
    assert facts(frame) == Other(Oddity.NOT_GRE, A, B)
