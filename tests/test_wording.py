"""Addresses as people write them, the same on every system."""

import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvgre_doctor.wording import address_text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("0000 0000 0000 0000 0000 0000 0000 0000", "::"),
        ("0000 0000 0000 0000 0000 0000 0000 0001", "::1"),
        ("0001 0000 0000 0000 0000 0000 0000 0000", "1::"),
        ("2001 0db8 0000 0000 0001 0000 0000 0001", "2001:db8::1:0:0:1"),
        ("2001 0db8 0000 0001 0001 0001 0001 0001", "2001:db8:0:1:1:1:1:1"),
        ("2001 0000 0000 0001 0000 0000 0000 0001", "2001:0:0:1::1"),
        ("fe80 0000 0000 0000 0215 5dff fe0a 0001", "fe80::215:5dff:fe0a:1"),
        ("0000 0000 0000 0000 0000 ffff c0a8 3201", "::ffff:192.168.50.1"),
        ("0000 0000 0000 0000 0000 0000 c0a8 3201", "::192.168.50.1"),
        ("0000 0000 0000 0000 ffff 0000 c0a8 3201", "::ffff:0:c0a8:3201"),
        ("ffff ffff ffff ffff ffff ffff ffff ffff", "ffff:" * 7 + "ffff"),
    ],
)
def test_ipv6_addresses_are_written_as_rfc_5952_says(words: str, text: str) -> None:
    assert address_text(bytes.fromhex(words)) == text


def test_ipv4_addresses_are_four_numbers() -> None:
    assert address_text(bytes([192, 168, 50, 1])) == "192.168.50.1"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems write some of them otherwise")
@given(st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0xC0A8, 0x0DB8]), min_size=8, max_size=8))
def test_they_are_written_as_by_glibc(words: list[int]) -> None:
    address = b"".join(word.to_bytes(2) for word in words)
    assert address_text(address) == socket.inet_ntop(socket.AF_INET6, address)
