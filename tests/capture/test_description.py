"""What captures say about themselves: writers, interfaces, filters, lost packets."""

import struct

import pytest

from nvgre_doctor.capture import Description, open_capture
from nvgre_doctor.capture.description import MAX_DESCRIBED, InterfaceDescription
from tests.build import block, epb, idb, isb, option, pcap, shb

ORDERS = pytest.mark.parametrize("order", ["<", ">"])


def described(data, tmp_path) -> Description:
    path = tmp_path / "capture.bin"
    path.write_bytes(data)
    with open_capture(path) as capture:
        for _ in capture.batches():
            pass
        return capture.description


@ORDERS
def test_section_header_and_interface_are_described(order, tmp_path):
    head = (
        option(2, "HP Proliant", order)
        + option(3, "Windows Server 2012", order)
        + option(4, "Dumpcap 1.8.5", order)
    )
    options = (
        option(3, "Mirror port", order)
        + option(11, b"\0ip proto 47", order)
        + option(12, "Linux", order)
    )
    data = shb(order, options=head) + idb(
        1, order, snaplen=128, tsresol=9, name="mirror0", options=options
    )
    description = described(data + epb(0, 0, b"frame", order), tmp_path)
    assert description.variant == f"version 1.0, {'little' if order == '<' else 'big'} endian"
    assert (description.hardware, description.os, description.application) == (
        b"HP Proliant",
        b"Windows Server 2012",
        b"Dumpcap 1.8.5",
    )
    assert description.interfaces == [
        InterfaceDescription(
            section=1,
            number=0,
            linktype=1,
            snaplen=128,
            tsresol=9,
            name=b"mirror0",
            text=b"Mirror port",
            os=b"Linux",
            capture_filter=b"ip proto 47",
        )
    ]


@ORDERS
def test_the_last_statistics_of_an_interface_count(order, tmp_path):
    system = block(
        5,
        struct.pack(order + "III", 1, 0, 0) + option(7, struct.pack(order + "Q", 5), order),
        order,
    )
    data = (
        shb(order)
        + idb(1, order)
        + idb(113, order)
        + isb(0, 0, 10, 1, order)
        + isb(0, 0, 20, 3, order)
        + system
    )
    one, two = described(data, tmp_path).interfaces
    assert (one.received, one.dropped_by_interface, one.dropped_by_os) == (20, 3, None)
    assert (two.received, two.dropped_by_interface, two.dropped_by_os) == (None, None, 5)


def test_statistics_belong_to_the_interfaces_of_their_section(tmp_path):
    data = (
        shb()
        + idb(1)
        + isb(0, 0, 1, 1)
        + shb()
        + idb(1)
        + idb(1)
        + isb(1, 0, 7, 2)
        + isb(9, 0, 1, 1)
    )
    description = described(data, tmp_path)
    assert description.sections == 2
    assert [(i.section, i.number, i.received) for i in description.interfaces] == [
        (1, 0, 1),
        (2, 0, None),
        (2, 1, 7),
    ]


def test_options_and_blocks_that_are_damaged_are_not_used(tmp_path):
    cut = struct.pack("<HH", 2, 500) + b"ab\0\0"
    body = struct.pack("<HHI", 1, 0, 0) + option(9, b"\x09\0\0\0") + cut + option(2, "never read")
    short = block(5, struct.pack("<I", 0)) + block(
        5, struct.pack("<III", 0, 0, 0) + option(5, b"\0\0\0\1")
    )
    (interface,) = described(shb() + block(1, body) + short, tmp_path).interfaces
    assert interface == InterfaceDescription(section=1, number=0, linktype=1, snaplen=0)


def test_a_filter_that_is_byte_code_is_not_shown_as_text(tmp_path):
    (interface,) = described(
        shb() + idb(1, options=option(11, b"\1\0\0\0\x06")), tmp_path
    ).interfaces
    assert interface.capture_filter == b""


def test_what_is_kept_is_bounded(tmp_path):
    many = idb(1, name="n" * 60_000) * (MAX_DESCRIBED + 10)
    description = described(shb() + many, tmp_path)
    assert (len(description.interfaces), description.interfaces_left_out) == (256, 10)
    assert description.interfaces[0].name == b"n" * 256


@pytest.mark.parametrize(
    ("magic", "order", "variant", "tsresol"),
    [
        ("micro", "<", "version 2.4, little endian, microseconds", 6),
        ("nano", ">", "version 2.4, big endian, nanoseconds", 9),
        (
            "modified",
            "<",
            "version 2.4, little endian, microseconds, record headers of 24 bytes",
            6,
        ),
    ],
)
def test_a_pcap_is_described_in_the_same_terms(magic, order, variant, tsresol, tmp_path):
    description = described(
        pcap([(0, b"frame")], 113, order, magic, snaplen=96, fcs_words=2), tmp_path
    )
    assert description.variant == variant
    assert description.interfaces == [InterfaceDescription(1, 0, 113, 96, tsresol, fcs_octets=4)]


def test_what_is_no_capture_says_nothing_about_itself(tmp_path):
    assert described(b"no capture", tmp_path) == Description()
