"""Customer addresses in the inner frame."""

import pytest

from tests import build
from tests.wire.packet import AD, FACTS, MAC_A, MAC_B, PING, ROUTER_ALERT, Q, with_inner

PING6 = build.ipv6("fd00::4", "fd00::5", 58, build.echo6("fd00::4", "fd00::5"))
CUSTOMER6 = (
    bytes.fromhex("fd000000000000000000000000000004"),
    bytes.fromhex("fd000000000000000000000000000005"),
)
QUESTION = build.arp(MAC_A, "10.0.0.4", "10.0.0.5")


@pytest.mark.parametrize(
    ("payload", "ethertype", "source", "destination"),
    [
        (PING, 0x0800, bytes([10, 0, 0, 4]), bytes([10, 0, 0, 5])),
        (PING6, 0x86DD, *CUSTOMER6),
        (QUESTION, 0x0806, bytes([10, 0, 0, 4]), bytes([10, 0, 0, 5])),
        (b"\x00\x01" + bytes(44), 0x88CC, None, None),
        (
            QUESTION[:3] + b"\x01" + QUESTION[4:],
            0x0806,
            None,
            None,
        ),  # ARP for something else than IPv4
        (PING6, 0x0800, None, None),  # an ethertype that contradicts the version
        (b"\x44" + PING[1:], 0x0800, None, None),
    ],
)
def test_customer_addresses_are_found(payload, ethertype, source, destination):
    untagged = with_inner(build.inner_frame(MAC_A, MAC_B, payload, ethertype))
    tagged = with_inner(build.inner_frame(MAC_A, MAC_B, payload, ethertype, tags=[AD, Q]))
    expected = FACTS._replace(
        inner_ethertype=ethertype, inner_source=source, inner_destination=destination
    )
    assert untagged == expected
    assert tagged == expected._replace(inner_ethertype=0x88A8)


def test_customer_addresses_are_found_behind_odd_inner_headers():
    offloaded = build.ipv4(
        "10.0.0.4", "10.0.0.5", 6, bytes(20), total_length=0, options=ROUTER_ALERT
    )
    assert with_inner(build.inner_frame(MAC_A, MAC_B, offloaded)) == FACTS
    fragment = build.ipv4("10.0.0.4", "10.0.0.5", 17, bytes(20), fragment=0x00B9)
    assert with_inner(build.inner_frame(MAC_A, MAC_B, fragment)) == FACTS
