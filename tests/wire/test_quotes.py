"""Quotes inside NVGRE, cut at every byte, and quotes that look like something else."""

import pytest

from nvgre_doctor.vocabulary import Carried
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Quote, QuoteKind
from nvgre_doctor.wire.quote import read_inner_quote
from tests import build
from tests.wire.errors import (
    CUSTOMER,
    CUSTOMER_IP,
    GRE,
    GUEST_A,
    NOTHING,
    QUOTE_CUSTOMER,
    QUOTE_ETHERNET,
    QUOTE_GRE,
    QUOTE_IP,
    REFUSED,
    VM_A,
    VM_B,
    A,
    B,
    error,
    inner,
)

MACS = {"inner_destination_mac": VM_B, "inner_source_mac": VM_A}
HOSTS = Quote(QuoteKind.OUTER_IP, source=A, destination=B)
# what is quoted, then (from this many bytes on, the quote)
STEPS = {
    "outer-ip": (
        REFUSED,
        [
            (0, NOTHING),
            (16, Quote(QuoteKind.OUTER_IP, source=A)),
            (20, HOSTS),
            (28, HOSTS._replace(gre_key=0x00001389)),
            (40, HOSTS._replace(gre_key=0x00001389, **MACS)),
            (58, HOSTS._replace(gre_key=0x00001389, **MACS, inner_source=GUEST_A)),
            (62, QUOTE_IP),
        ],
    ),
    "bare-gre": (
        GRE,
        [
            (0, NOTHING),
            (4, Quote(QuoteKind.BARE_GRE)),
            (8, Quote(QuoteKind.BARE_GRE, gre_key=0x00001389)),
            (20, Quote(QuoteKind.BARE_GRE, gre_key=0x00001389, **MACS)),
            (38, Quote(QuoteKind.BARE_GRE, gre_key=0x00001389, **MACS, inner_source=GUEST_A)),
            (42, QUOTE_GRE),
        ],
    ),
    "inner-ip": (
        CUSTOMER_IP,
        [(0, NOTHING), (16, Quote(QuoteKind.INNER_IP, inner_source=GUEST_A)), (20, QUOTE_CUSTOMER)],
    ),
    "inner-ethernet": (
        CUSTOMER,
        [
            (0, NOTHING),
            (14, Quote(QuoteKind.INNER_ETHERNET, **MACS)),
            (30, Quote(QuoteKind.INNER_ETHERNET, **MACS, inner_source=GUEST_A)),
            (34, QUOTE_ETHERNET),
        ],
    ),
}


def step(steps, length):
    return [quote for start, quote in steps if start <= length][-1]


@pytest.mark.parametrize("shape", STEPS)
def test_a_quote_that_the_host_cut_at_any_byte_still_counts(shape):
    quoted, steps = STEPS[shape]
    for length in range(len(quoted) + 1):
        expected = IcmpError(B, A, 4, 3, 10, Carried.INNER, True, step(steps, length))
        assert error(inner(quoted[:length])) == expected, length


@pytest.mark.parametrize("shape", STEPS)
def test_a_quote_that_the_snap_length_cut_at_any_byte_still_counts(shape):
    quoted, steps = STEPS[shape]
    whole = inner(quoted)
    before = len(whole) - len(quoted)
    for length in range(len(quoted) + 1):
        facts = decode(101, whole[: before + length], len(whole))
        expected = IcmpError(B, A, 4, 3, 10, Carried.INNER, True, step(steps, length))
        assert facts.inner_error == expected, length


@pytest.mark.parametrize("length", range(len(CUSTOMER_IP)))
def test_a_guests_answer_cut_at_any_byte_refuses_no_nvgre(length):
    assert error(inner(CUSTOMER_IP[:length], src="10.0.0.5", dst="10.0.0.4")).refuses_nvgre is False


def test_an_error_cut_before_its_code_is_none_yet():
    whole = inner(REFUSED)
    start = len(whole) - len(REFUSED) - 8
    assert decode(101, whole[: start + 1], len(whole)).inner_error is None
    assert decode(101, whole[: start + 2], len(whole)).inner_error == IcmpError(
        B, A, 4, 3, 10, Carried.INNER, True, NOTHING
    )


# --- lookalikes --------------------------------------------------------------


@pytest.mark.parametrize(
    "first_mac", ["48:00:00:00:00:01", "60:45:bd:00:00:01", "6c:00:00:00:00:01"]
)
@pytest.mark.parametrize("tags", [(), ((0x8100, 5),)])
def test_a_mac_that_begins_like_an_ip_header_is_still_a_mac(first_mac, tags):
    frame = build.inner_frame("00:15:5d:0a:00:01", first_mac, CUSTOMER_IP, tags=tags)
    expected = QUOTE_ETHERNET._replace(inner_destination_mac=build.mac(first_mac))
    assert error(inner(frame)).quote == expected


def test_ipv6_behind_a_mac_that_begins_like_an_ip_header_is_ethernet():
    asked = build.ipv6("fd00::4", "fd00::5", 17, build.udp("fd00::4", "fd00::5", 40000, 53))
    frame = build.inner_frame("00:15:5d:0a:00:01", "60:45:bd:00:00:01", asked)
    assert error(inner(frame)).quote == Quote(
        QuoteKind.INNER_ETHERNET,
        inner_destination_mac=bytes.fromhex("6045bd000001"),
        inner_source_mac=VM_A,
        inner_source=bytes.fromhex("fd000000000000000000000000000004"),
        inner_destination=bytes.fromhex("fd000000000000000000000000000005"),
    )


def test_a_customer_whose_address_reads_like_an_ethertype_is_quoted_as_ip():
    asked = build.ipv4("8.6.69.1", "8.6.69.2", 17, build.udp("8.6.69.1", "8.6.69.2", 40000, 53))
    expected = Quote(
        QuoteKind.INNER_IP,
        inner_source=bytes([8, 6, 69, 1]),
        inner_destination=bytes([8, 6, 69, 2]),
    )
    assert error(inner(asked)).quote == expected


def test_a_length_in_the_type_field_makes_no_ethernet_frame():
    assert error(inner(VM_B + VM_A + b"\x00\x26" + b"\x42\x42\x03" + bytes(35))).quote == NOTHING
    assert error(inner(VM_B + VM_A + b"\x05\xdc" + bytes(40))).quote == NOTHING


def test_the_lowest_ethertype_makes_an_ethernet_frame():
    expected = Quote(QuoteKind.INNER_ETHERNET, inner_destination_mac=VM_B, inner_source_mac=VM_A)
    assert error(inner(VM_B + VM_A + b"\x06\x00" + bytes(40))).quote == expected
    assert error(inner(VM_B + VM_A + b"\x05\xff" + bytes(40))).quote == NOTHING


@pytest.mark.parametrize("total_length", [1, 20, 24])
def test_a_host_that_changed_the_length_in_what_it_quotes_still_shows_the_key(total_length):
    quoted = build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, total_length=total_length)
    assert error(inner(quoted)).quote == QUOTE_IP


def test_arp_behind_a_mac_that_begins_like_an_ip_header_is_ethernet():
    question = build.arp("00:15:5d:0a:00:01", "10.0.0.4", "10.0.0.5")
    frame = build.inner_frame("00:15:5d:0a:00:01", "60:45:bd:00:00:01", question)
    assert error(inner(frame)).quote.kind is QuoteKind.INNER_ETHERNET


def test_a_guest_whose_address_reads_like_an_ethertype_is_still_a_guest():
    asked = build.ipv4("8.0.69.1", "8.0.69.2", 17, build.udp("8.0.69.1", "8.0.69.2", 40000, 53))
    assert error(inner(asked, src="8.0.69.2", dst="8.0.69.1")) == IcmpError(
        B,
        A,
        4,
        3,
        10,
        Carried.INNER,
        False,
        Quote(
            QuoteKind.INNER_IP,
            inner_source=bytes([8, 0, 69, 1]),
            inner_destination=bytes([8, 0, 69, 2]),
        ),
    )


@pytest.mark.parametrize("flags", [0x2000, 0x3000, 0xA000, 0xB000])
def test_a_bare_gre_header_may_have_checksum_and_sequence(flags):
    checksum, sequence = (0 if flags & 0x8000 else None), (1 if flags & 0x1000 else None)
    header = build.gre(CUSTOMER, key=0x00001389, flags=flags, checksum=checksum, sequence=sequence)
    assert error(inner(header)).quote == QUOTE_GRE


@pytest.mark.parametrize(
    "quoted",
    [
        build.gre(CUSTOMER),  # no key
        build.gre(CUSTOMER, key=0x00001389, flags=0x2001),  # version 1
        build.gre(CUSTOMER, key=0x00001389, flags=0x2700),  # bits that are reserved
        build.gre(CUSTOMER, key=0x00001389, protocol=0x0800),
    ],
)
def test_what_only_resembles_nvgres_gre_header_gives_no_key(quoted):
    assert error(inner(quoted)).quote.gre_key is None


@pytest.mark.parametrize(
    ("addressee", "error_goes_to", "is_certain"),
    [
        (A, A, True),  # to a host about a guest's packet
        (A, GUEST_A, False),  # to the guest that sent the packet
        (A, B, False),
        (GUEST_A, GUEST_A, False),  # a guest that has the address of its host
    ],
)
def test_a_guests_packet_is_of_nvgre_where_the_error_goes_to_a_host(
    addressee: bytes, error_goes_to: bytes, is_certain: bool
) -> None:
    quote, certain = read_inner_quote(CUSTOMER_IP, addressee, error_goes_to)
    assert (quote.kind, certain) == (QuoteKind.INNER_IP, is_certain)
