"""ICMP errors inside NVGRE: a host's own, or a guest's."""

import pytest

from nvgre_doctor.vocabulary import Carried
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Quote, QuoteKind
from tests import build
from tests.wire.errors import (
    A6,
    B6,
    CUSTOMER,
    CUSTOMER_IP,
    GRE,
    NOTHING,
    QUOTE_CUSTOMER,
    QUOTE_ETHERNET,
    QUOTE_GRE,
    QUOTE_IP,
    QUOTE_IP6,
    REFUSED,
    REFUSED6,
    A,
    B,
    error,
    inner,
    inner6,
)

# --- the host's own ----------------------------------------------------------


@pytest.mark.parametrize("key", [0x00001389, 0x00138900, 0xFFFFFF00, 0x00FFFFFF])
@pytest.mark.parametrize(
    ("quoted", "quote"),
    [
        (REFUSED, QUOTE_IP),
        (GRE, QUOTE_GRE),
        (CUSTOMER_IP, QUOTE_CUSTOMER),
        (CUSTOMER, QUOTE_ETHERNET),
        (b"", NOTHING),
        (bytes(40), NOTHING),
    ],
    ids=["outer-ip", "bare-gre", "inner-ip", "inner-ethernet", "empty", "zeros"],
)
def test_unreachable_between_provider_addresses_is_the_hosts(quoted, quote, key):
    assert error(inner(quoted, key=key)) == IcmpError(B, A, 4, 3, 10, Carried.INNER, True, quote)
    quote6 = QUOTE_IP6 if quote is QUOTE_IP else quote
    quoted6 = REFUSED6 if quoted is REFUSED else quoted
    assert error(inner6(quoted6, key=key)) == IcmpError(
        B6, A6, 6, 1, 1, Carried.INNER, True, quote6
    )


def test_the_facts_of_the_packet_around_an_unreachable_are_kept():
    packet = inner(GRE, key=0xFFFFFF00)
    assert decode(101, packet, len(packet)) == Nvgre(
        source=B,
        destination=A,
        gre_key=0xFFFFFF00,
        gre_flags=0x2000,
        hop_limit=128,
        inner_destination_mac=bytes.fromhex("020000000001"),
        inner_source_mac=bytes.fromhex("020000000002"),
        inner_ethertype=0x0800,
        inner_source=B,
        inner_destination=A,
        inner_error=IcmpError(B, A, 4, 3, 10, Carried.INNER, True, QUOTE_GRE),
    )


def test_redirect_is_the_hosts():
    assert error(inner(REFUSED, type=5, code=10)) == IcmpError(
        B, A, 4, 5, 10, Carried.INNER, True, QUOTE_IP
    )


REDIRECT6_ADDRESSES = bytes(32)
REDIRECTED_HEADER = b"\x04\x0f" + bytes(6)
LINK_LAYER_OPTION = bytes.fromhex("0201020000000001")


@pytest.mark.parametrize("options", [b"", REDIRECTED_HEADER, LINK_LAYER_OPTION + REDIRECTED_HEADER])
def test_the_quote_of_an_icmpv6_redirect_stands_behind_its_addresses(options):
    packet = inner6(REDIRECT6_ADDRESSES + options + REFUSED6, type=137, code=1)
    assert error(packet) == IcmpError(B6, A6, 6, 137, 1, Carried.INNER, True, QUOTE_IP6)


def test_a_control_key_marks_the_host_when_its_other_addresses_speak():
    packet = inner(CUSTOMER_IP, src="192.168.60.2", dst="192.168.60.1", key=0xFFFFFF00)
    assert error(packet) == IcmpError(B, A, 4, 3, 10, Carried.INNER, True, QUOTE_CUSTOMER)


@pytest.mark.parametrize(
    ("quoted", "quote"), [(REFUSED, QUOTE_IP), (GRE, QUOTE_GRE), (CUSTOMER, QUOTE_ETHERNET)]
)
def test_quoting_the_tunnel_marks_the_host_when_its_other_addresses_speak(quoted, quote):
    packet = inner(quoted, src="192.168.60.2", dst="192.168.60.1")
    assert error(packet) == IcmpError(B, A, 4, 3, 10, Carried.INNER, True, quote)


# --- a guest's own -----------------------------------------------------------


@pytest.mark.parametrize(("type", "code"), [(3, 10), (3, 3), (3, 4), (5, 1), (11, 0)])
def test_a_guests_answer_to_a_guest_refuses_no_nvgre(type, code):
    packet = inner(
        CUSTOMER_IP, src="10.0.0.5", dst="10.0.0.4", type=type, code=code, key=0x00138947
    )
    assert error(packet) == IcmpError(B, A, 4, type, code, Carried.INNER, False, QUOTE_CUSTOMER)


def test_a_guests_answer_over_ipv6_refuses_no_nvgre():
    asked = build.ipv6("fd00::4", "fd00::5", 17, build.udp("fd00::4", "fd00::5", 40000, 53))
    quote = Quote(
        QuoteKind.INNER_IP,
        inner_source=bytes.fromhex("fd000000000000000000000000000004"),
        inner_destination=bytes.fromhex("fd000000000000000000000000000005"),
    )
    packet = inner6(asked, src="fd00::5", dst="fd00::4")
    assert error(packet) == IcmpError(B6, A6, 6, 1, 1, Carried.INNER, False, quote)


def test_a_gateway_in_the_customers_network_refuses_no_nvgre():
    packet = inner(CUSTOMER_IP, src="10.0.0.1", dst="10.0.0.4", type=11, code=0)
    assert error(packet) == IcmpError(B, A, 4, 11, 0, Carried.INNER, False, QUOTE_CUSTOMER)


@pytest.mark.parametrize("protocol", [0x0800, 0x6558])
@pytest.mark.parametrize("length", [20, 24, 60])
def test_gre_of_the_guests_themselves_is_the_guests(protocol, length):
    asked = build.ipv4("10.0.0.4", "10.0.0.5", 47, build.gre(CUSTOMER, key=7, protocol=protocol))
    packet = inner(asked[:length], src="10.0.0.5", dst="10.0.0.4")
    assert error(packet) == IcmpError(B, A, 4, 3, 10, Carried.INNER, False, QUOTE_CUSTOMER)


def test_customers_gre_that_is_no_nvgre_is_quoted_as_the_customers_when_the_host_refuses():
    asked = build.ipv4("10.0.0.4", "10.0.0.5", 47, build.gre(CUSTOMER_IP, protocol=0x0800))
    assert error(inner(asked)) == IcmpError(B, A, 4, 3, 10, Carried.INNER, True, QUOTE_CUSTOMER)


def test_gre_between_third_parties_that_is_cut_before_its_protocol_is_nobodys():
    asked = build.ipv4("172.16.0.1", "172.16.0.2", 47, GRE)
    assert error(inner(asked[:22], src="10.0.0.5", dst="10.0.0.4")) == IcmpError(
        B, A, 4, 3, 10, Carried.INNER, False, NOTHING
    )
