"""GRE headers: optional fields, other protocols and versions, cuts."""

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre, Other
from tests import build
from tests.wire.packet import (
    A6,
    B6,
    FACTS,
    FACTS6,
    FRAME,
    KEY,
    PACKET,
    VM_A,
    VM_B,
    A,
    B,
    facts,
    packet4,
    packet6,
)

# the GRE header up to the inner frame, the flags it shows
NVGRE_HEADERS = [
    ("2000 6558 00138900", 0x2000),
    ("a000 6558 beef0000 00138900", 0xA000),  # C: checksum and reserved1 before the key
    ("3000 6558 00138900 00000007", 0x3000),  # S: sequence number behind the key
    ("b000 6558 beef0000 00138900 00000007", 0xB000),
    (
        "6000 6558 00000000 00138900 0800 00 08 0a000001 0a000002 0000 00 00",
        0x6000,
    ),  # R: source route, RFC 1701
    ("f800 6558 00000000 00138900 00000007 0000 00 00", 0xF800),
    (
        "6000 6558 00000000 00138900 0800 00 00 0000 00 04 ffffffff 0001 00 00 0000 00 00",
        0x6000,
    ),  # not the last: 0800, 4, 0001
    ("2080 6558 00138900", 0x2080),  # an acknowledgment number exists in version 1 only
    ("2078 6558 00138900", 0x2078),
    ("2700 6558 00138900", 0x2700),
]


@pytest.mark.parametrize(("header", "flags"), NVGRE_HEADERS)
def test_the_key_and_the_inner_frame_are_found_behind_optional_fields(header, flags):
    gre = bytes.fromhex(header) + FRAME
    assert facts(packet4(gre)) == FACTS._replace(gre_flags=flags)
    assert facts(packet6(gre)) == FACTS6._replace(gre_flags=flags)


# the GRE header, why it is not NVGRE
OTHER_GRE = [
    ("0000 6558", Oddity.GRE_WITHOUT_KEY),
    ("1000 6558 00000001", Oddity.GRE_WITHOUT_KEY),
    ("8000 6558 beef0000", Oddity.GRE_WITHOUT_KEY),
    ("0000 0800", Oddity.GRE_OTHER),  # IP
    ("2000 0800 00001389", Oddity.GRE_OTHER),
    ("1000 88be 00000001", Oddity.GRE_OTHER),  # ERSPAN II
    ("1000 22eb 00000001", Oddity.GRE_OTHER),  # ERSPAN III
    ("0000 883e", Oddity.GRE_OTHER),  # WCCP
    ("0000 0000", Oddity.GRE_OTHER),  # keepalive
    ("3081 880b 0010 0001 00000001 00000001", Oddity.GRE_OTHER),  # PPTP, version 1
    ("2001 6400 0010 0001", Oddity.GRE_OTHER),  # EoIP, version 1
    ("2001 6558 00001389", Oddity.GRE_OTHER),
    ("2004 6558 00001389", Oddity.GRE_OTHER),
]


@pytest.mark.parametrize(("header", "reason"), OTHER_GRE)
def test_other_gre_is_no_nvgre(header, reason):
    assert facts(packet4(bytes.fromhex(header) + FRAME)) == Other(reason, A, B)


# bytes of GRE that the snap length left, the reason
CUT_GRE = [
    ("", Oddity.TOO_SHORT),
    ("20", Oddity.TOO_SHORT),
    ("a0", Oddity.TOO_SHORT),
    ("00", Oddity.GRE_OTHER),  # K=0: no NVGRE, whatever follows
    ("2000", Oddity.TOO_SHORT),
    ("2001", Oddity.GRE_OTHER),
    ("200065", Oddity.TOO_SHORT),
    ("200008", Oddity.GRE_OTHER),
    ("000065", Oddity.GRE_OTHER),
    ("20006558", Oddity.TOO_SHORT),
    ("00006558", Oddity.GRE_WITHOUT_KEY),
    ("20000800", Oddity.GRE_OTHER),
    ("20006558001389", Oddity.TOO_SHORT),
    ("a0006558beef0000001389", Oddity.TOO_SHORT),
]


@pytest.mark.parametrize(("rest", "reason"), CUT_GRE)
def test_a_cut_before_the_key_is_told_from_another_tunnel(rest, reason):
    whole = packet4(build.gre(FRAME, key=KEY))
    frame = whole[:34] + bytes.fromhex(rest)
    assert decode(1, frame, len(whole)) == Other(reason, A, B)


def test_a_packet_that_ends_before_its_key_is_malformed():
    assert facts(packet4(bytes.fromhex("20006558"))) == Other(Oddity.MALFORMED, A, B)
    assert facts(packet4(bytes.fromhex("20006558")) + bytes(22)) == Other(Oddity.MALFORMED, A, B)
    assert facts(packet6(b"")) == Other(Oddity.MALFORMED, A6, B6)


# length of what is left of Ethernet/IPv4/GRE, facts
CUTS = [
    (0, Other(Oddity.TRUNCATED)),
    (13, Other(Oddity.TRUNCATED)),
    (14, Other(Oddity.TRUNCATED)),
    (23, Other(Oddity.TRUNCATED)),  # before the protocol
    (24, Other(Oddity.TOO_SHORT)),  # protocol 47 is there
    (30, Other(Oddity.TOO_SHORT, A)),
    (34, Other(Oddity.TOO_SHORT, A, B)),
    (41, Other(Oddity.TOO_SHORT, A, B)),
    (42, Nvgre(A, B, gre_key=0x00138900, gre_flags=0x2000, hop_limit=128)),
    (48, Nvgre(A, B, gre_key=0x00138900, gre_flags=0x2000, hop_limit=128)),  # one MAC alone is none
    (54, Nvgre(A, B, 0x00138900, 0x2000, 128, inner_destination_mac=VM_B, inner_source_mac=VM_A)),
]


@pytest.mark.parametrize(("length", "expected"), CUTS)
def test_a_cut_frame_says_what_is_left(length, expected):
    whole = build.ethernet(PACKET)
    assert decode(1, whole[:length], len(whole)) == expected


def test_a_frame_that_is_whole_and_too_short_is_malformed():
    assert decode(1, b"", 0) == Other(Oddity.MALFORMED)
    assert decode(1, build.ethernet(PACKET)[:14], 14) == Other(Oddity.MALFORMED)
