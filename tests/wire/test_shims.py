"""What stands between Ethernet and IP: looked through, as deep as it fits, or named."""

import subprocess

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.ethertypes import ethertype_words
from nvgre_doctor.wire.facts import Nvgre, Other
from tests import build
from tests.build_shims import (
    MACS,
    SHIMS,
    erspan,
    llc_ip,
    mpls,
    shimmed,
    snap,
    typed,
    vlan,
    vxlan,
    wireless,
)
from tests.needs import need
from tests.wire.packet import FACTS, FACTS6, PACKET, PACKET6, facts

V4 = ("192.168.50.1", "192.168.50.2")


@pytest.mark.parametrize("name", SHIMS)
def test_a_shim_is_looked_through(name):
    assert facts(shimmed(name, PACKET)) == FACTS
    assert facts(shimmed(name, PACKET6)) == FACTS6


def test_ip_right_behind_an_802_2_header_is_read():
    assert facts(MACS + llc_ip(PACKET)) == FACTS


@pytest.mark.parametrize("linktype", [113, 276])
def test_shims_follow_a_cooked_header_too(linktype):
    make = build.sll if linktype == 113 else build.sll2
    assert facts(make(mpls(PACKET, 16)[2:], 0x8847), linktype) == FACTS
    assert facts(make(snap(typed(PACKET))[2:], 4), linktype) == FACTS
    assert facts(make(PACKET, 1), linktype) == Other(Oddity.NOT_IP, ethertype=0)


@pytest.mark.parametrize("name", SHIMS)
def test_cut_anywhere_it_gives_fewer_facts_and_never_others(name):
    frame = shimmed(name, PACKET)
    header = len(frame) - len(PACKET)
    for size in range(len(frame)):
        found = decode(1, frame[:size], len(frame))
        if size <= header:
            assert found == Other(Oddity.TRUNCATED), size
        assert isinstance(found, Nvgre) or found.oddity in (Oddity.TRUNCATED, Oddity.TOO_SHORT)


@pytest.mark.parametrize(
    ("rest", "ethertype"),
    [
        (b"\x88\xe5" + bytes(40), 0x88E5),
        (vlan(b"\x88\xcc" + bytes(40)), 0x88CC),
        (mpls(b"\x12" + bytes(40), 16), 0x8847),
        (mpls(b"\0\0\0\0" + MACS + typed(PACKET), 16, ethertype=0x8848), 0x8848),
        (b"\x88\x64\x11\0\0\7\0\x0a\xc0\x21" + bytes(40), 0x8864),
        (b"\0\x26\x42\x42\x03" + bytes(40), 4),
        (snap(b"\x20\0" + bytes(40), b"\0\0\x0c"), 4),
        (vlan(b"\x05\xdc\xaa\xaa\x03\0\0\0\x88\xe5" + bytes(40)), 0x88E5),
        (b"\x05\xdd" + bytes(40), 0x05DD),
    ],
)
def test_what_is_not_looked_into_has_its_ethertype(rest, ethertype):
    assert facts(MACS + rest) == Other(Oddity.NOT_IP, ethertype=ethertype)


@pytest.mark.parametrize(
    ("ethertype", "words"),
    [
        (0x88E5, "MACsec, 0x88e5"),
        (0x8847, "MPLS, 0x8847"),
        (0x1234, "EtherType 0x1234"),
        (4, "802.2 LLC"),
        (0, "no EtherType"),
    ],
)
def test_ethertypes_have_names(ethertype, words):
    assert ethertype_words(ethertype) == words


# --- 802.11 that was written as Ethernet ---------------------------------------------------------


@pytest.mark.parametrize("flags", [1, 2, 3, 0x81, 0x83])
@pytest.mark.parametrize("subtype", [0, 8])
def test_a_data_frame_of_802_11_is_recognised(subtype, flags):
    assert facts(wireless(PACKET, subtype, flags)) == Other(Oddity.WIRELESS)


@pytest.mark.parametrize(
    "frame",
    [
        build.ethernet(PACKET, dst="08:00:27:00:00:01"),
        build.ethernet(bytes(60), 0x88CC, dst="88:01:30:00:00:01"),
        wireless(PACKET, organization=b"\0\0\x0c"),
        wireless(PACKET)[:30],
        b"\x08",
    ],
)
def test_other_frames_that_begin_so_are_not(frame):
    assert facts(frame) != Other(Oddity.WIRELESS)


# --- mirrors -------------------------------------------------------------------------------------

OTHER_FRAME = build.ethernet(build.ipv4(*V4, 6, build.tcp(*V4, 49152, 445) + bytes(60)))


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_nvgre_inside_erspan_is_a_mirror_of_it(version):
    for frame in (build.ethernet(PACKET), shimmed("VLAN, MPLS", PACKET6)):
        packet = build.ipv4(*V4, 47, erspan(frame, version))
        found = facts(build.ethernet(packet))
        assert isinstance(found, Other)
        assert found.oddity is Oddity.NVGRE_IN_ERSPAN
    other = facts(build.ethernet(build.ipv4(*V4, 47, erspan(OTHER_FRAME, version))))
    assert isinstance(other, Other)
    assert other.oddity is Oddity.GRE_OTHER


def test_nvgre_inside_vxlan_is_said():
    for inner, oddity in (
        (build.ethernet(PACKET), Oddity.NVGRE_IN_VXLAN),
        (build.ethernet(PACKET, tags=[(0x8100, 5)]), Oddity.NVGRE_IN_VXLAN),
        (OTHER_FRAME, Oddity.VXLAN),
        (build.ethernet(PACKET)[:41], Oddity.VXLAN),
    ):
        found = facts(build.ethernet(build.ipv4(*V4, 17, vxlan(*V4, inner))))
        assert isinstance(found, Other)
        assert found.oddity is oddity


def test_a_mirror_of_a_mirror_is_not_looked_into():
    inner = build.ethernet(build.ipv4(*V4, 47, erspan(build.ethernet(PACKET))))
    found = facts(build.ethernet(build.ipv4(*V4, 47, erspan(inner))))
    assert isinstance(found, Other)
    assert found.oddity is Oddity.GRE_OTHER


# --- tshark --------------------------------------------------------------------------------------


@pytest.mark.peer
def test_tshark_looks_through_the_same(tmp_path):
    names = [*SHIMS, "LLC"]
    frames = [shimmed(name, PACKET) for name in SHIMS] + [MACS + llc_ip(PACKET)]
    path = tmp_path / "a.pcap"
    path.write_bytes(build.pcap([(0, frame) for frame in frames]))
    command = [need("tshark"), "-n", "-r", str(path), "-T", "fields", "-e", "gre.key"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert dict(zip(names, shown.splitlines(), strict=True)) == dict.fromkeys(names, "0x00138900")
