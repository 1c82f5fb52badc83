"""ICMP errors on the underlay: which are about NVGRE, and what their quotes show."""

import pytest

from nvgre_doctor.vocabulary import Carried
from nvgre_doctor.wire.facts import IcmpError, Quote, QuoteKind
from tests import build
from tests.wire.errors import (
    A6,
    B6,
    CUSTOMER,
    CUSTOMER_IP,
    GRE,
    NOTHING,
    QUOTE_GRE,
    QUOTE_IP,
    QUOTE_IP6,
    REFUSED,
    REFUSED6,
    ROUTER,
    A,
    B,
    error,
    outer,
    outer6,
)


def test_a_refusal_of_28_quoted_bytes_still_names_the_key():
    message = bytes.fromhex(
        "4500003800000000400195710a0b0c020a0b0c01"  # IPv4, 10.11.12.2 to 10.11.12.1, ICMP
        "030a000000000000"  # host administratively prohibited
        "4500007e00000000802f551a0a0b0c010a0b0c02"  # the refused packet: IPv4, GRE
        "2000655800138947"  # and 8 bytes: flags, protocol, key
    )
    assert error(message) == IcmpError(
        reporter=bytes([10, 11, 12, 2]),
        addressee=bytes([10, 11, 12, 1]),
        version=4,
        type=3,
        code=10,
        carried=Carried.OUTER,
        refuses_nvgre=True,
        quote=Quote(
            QuoteKind.OUTER_IP,
            source=bytes([10, 11, 12, 1]),
            destination=bytes([10, 11, 12, 2]),
            gre_key=0x00138947,
        ),
    )


def test_a_long_quote_names_the_customers_too():
    assert error(outer(REFUSED)) == IcmpError(B, A, 4, 3, 10, Carried.OUTER, True, QUOTE_IP)
    assert error(outer6(REFUSED6)) == IcmpError(B6, A6, 6, 1, 1, Carried.OUTER, True, QUOTE_IP6)


@pytest.mark.parametrize("linktype", [1, 113, 276, 0, 108])
def test_an_error_is_found_in_every_linktype(linktype):
    expected = IcmpError(B, A, 4, 3, 10, Carried.OUTER, True, QUOTE_IP)
    assert error(build.link(linktype, outer(REFUSED)), linktype) == expected


def test_a_router_in_between_may_answer():
    assert error(outer(REFUSED, src="192.168.50.254")) == IcmpError(
        ROUTER, A, 4, 3, 10, Carried.OUTER, True, QUOTE_IP
    )


@pytest.mark.parametrize(
    ("type", "code"), [(3, 2), (3, 3), (3, 9), (3, 13), (5, 1), (11, 0), (12, 0)]
)
def test_every_icmp_error_that_quotes_nvgre_is_about_it(type, code):
    assert error(outer(REFUSED, type, code)) == IcmpError(
        B, A, 4, type, code, Carried.OUTER, True, QUOTE_IP
    )


@pytest.mark.parametrize(("type", "code"), [(1, 0), (1, 4), (2, 0), (3, 0), (4, 1)])
def test_every_icmpv6_error_that_quotes_nvgre_is_about_it(type, code):
    assert error(outer6(REFUSED6, type, code)) == IcmpError(
        B6, A6, 6, type, code, Carried.OUTER, True, QUOTE_IP6
    )


def test_the_next_hop_mtu_is_read():
    assert error(outer(REFUSED, 3, 4, rest=1500)).next_hop_mtu == 1500
    assert error(outer6(REFUSED6, 2, 0, rest=70000)).next_hop_mtu == 70000


def test_a_next_hop_mtu_of_zero_is_not_known():
    assert error(outer(REFUSED, 3, 4, rest=0)).next_hop_mtu is None


def test_other_errors_have_no_next_hop_mtu():
    assert error(outer(REFUSED, 3, 10, rest=1500)).next_hop_mtu is None
    assert error(outer6(REFUSED6, 1, 1, rest=1500)).next_hop_mtu is None


ROUTER_ALERT = bytes.fromhex("94040000")
QUOTED_SHAPES = [
    build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, options=ROUTER_ALERT),
    build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, total_length=9000),
    build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, total_length=0),
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, GRE, total_length=8
    ),  # written in another byte order, or less the header
    build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, fragment=0x2000),
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, build.gre(CUSTOMER, key=0x00001389, checksum=True)
    ),
    build.ipv4("192.168.50.1", "192.168.50.2", 47, build.gre(CUSTOMER, key=0x00001389, sequence=1)),
    REFUSED + bytes(64) + b"\x20\x00\x00\x00",  # RFC 4884: padding and extensions behind the quote
]


@pytest.mark.parametrize("quoted", QUOTED_SHAPES)
def test_quoted_headers_of_every_shape_are_read(quoted):
    assert error(outer(quoted)) == IcmpError(B, A, 4, 3, 10, Carried.OUTER, True, QUOTE_IP)


def test_quoted_ipv6_extension_headers_are_skipped():
    quoted = build.ipv6(
        "fd00:10::1", "fd00:10::2", 47, GRE, extensions=[(0, bytes(6)), (44, b"\0\1" + bytes(4))]
    )
    assert error(outer6(quoted)).quote == QUOTE_IP6


UNRELATED = [
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 6, build.tcp("192.168.50.1", "192.168.50.2", 49152, 445)
    ),
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 17, build.udp("192.168.50.1", "192.168.50.2", 40000, 1434)
    ),
    build.ipv4("192.168.50.1", "192.168.50.2", 1, build.echo()),
    build.ipv4("192.168.50.1", "192.168.50.2", 47, build.gre(CUSTOMER)),  # no key
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, build.gre(CUSTOMER_IP, key=5001, protocol=0x0800)
    ),
    build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, build.gre(bytes(40), protocol=0x88BE, sequence=1)
    ),
]


@pytest.mark.parametrize("quoted", UNRELATED)
def test_errors_about_other_traffic_refuse_no_nvgre(quoted):
    expected = IcmpError(B, A, 4, 3, 10, Carried.OUTER, False, Quote(QuoteKind.UNRELATED))
    assert error(outer(quoted)) == expected


# bytes of the quote that are left, the quote, whether it proves that NVGRE is meant
CUT_OUTER = [
    (0, NOTHING, False),
    (9, NOTHING, False),
    (10, Quote(QuoteKind.OUTER_IP), False),  # protocol 47 is there
    (16, Quote(QuoteKind.OUTER_IP, source=A), False),
    (20, Quote(QuoteKind.OUTER_IP, source=A, destination=B), False),
    (22, Quote(QuoteKind.OUTER_IP, source=A, destination=B), False),  # K=1, but which protocol?
    (24, Quote(QuoteKind.OUTER_IP, source=A, destination=B), True),  # 0x6558
    (27, Quote(QuoteKind.OUTER_IP, source=A, destination=B), True),
    (28, Quote(QuoteKind.OUTER_IP, source=A, destination=B, gre_key=0x00001389), True),
    (39, Quote(QuoteKind.OUTER_IP, source=A, destination=B, gre_key=0x00001389), True),
]


@pytest.mark.parametrize(("length", "quote", "certain"), CUT_OUTER)
def test_an_outer_quote_cut_short_claims_no_more_than_it_shows(length, quote, certain):
    assert error(outer(REFUSED[:length])) == IcmpError(
        B, A, 4, 3, 10, Carried.OUTER, certain, quote
    )


def test_a_quoted_later_fragment_of_gre_proves_nothing():
    quoted = build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE, fragment=0x00B9)
    expected = Quote(QuoteKind.OUTER_IP, source=A, destination=B)
    assert error(outer(quoted, 11, 1)) == IcmpError(B, A, 4, 11, 1, Carried.OUTER, False, expected)


def test_an_outer_error_may_quote_a_bare_gre_header():
    assert error(outer(GRE)) == IcmpError(B, A, 4, 3, 10, Carried.OUTER, True, QUOTE_GRE)
