"""Networks by address: the longest prefix wins, in both families."""

import pytest

from nvgre_doctor.known.expectations import (
    AddressError,
    NetworkTable,
    parse_expected,
    parse_hosts,
    parse_network,
)
from tests import build


@pytest.mark.parametrize(
    ("address", "layout"),
    [
        ("10.0.0.7", "draft-00"),
        ("10.0.0.8", "rfc7637"),
        ("10.0.1.7", None),
        ("10.9.0.1", None),
        ("fd00::7", "rfc7637"),
        ("fd00:1::7", "draft-00"),
        ("fd01::7", None),
        ("::ffff:10.0.0.7", None),  # an IPv6 address, whatever it holds
    ],
)
def test_the_longest_prefix_wins(address: str, layout: str | None) -> None:
    table = parse_expected(
        {
            "10.0.0.0/24": "rfc7637",
            "10.0.0.7": "draft-00",
            "fd00:1::/32": "draft-00",
            "fd00::/16": "rfc7637",
        }
    )
    assert table.get(build.ip(address)) == layout


def test_a_network_of_everything_holds_every_address_of_its_family() -> None:
    hosts = parse_hosts(["0.0.0.0/0"])
    assert build.ip("255.255.255.255") in hosts
    assert build.ip("fd00::1") not in hosts


def test_an_empty_table_holds_nothing() -> None:
    assert not NetworkTable()
    assert build.ip("10.0.0.7") not in parse_hosts([])
    assert b"" not in parse_hosts(["0.0.0.0/0", "::/0"])


@pytest.mark.parametrize(
    "text", ["", "host", "10.0.0", "10.0.0.0/33", "fe80::1%1", "10.0.0.7 ", "1" * 5000]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(
        AddressError,
        match=r"^expected an address such as 10\.0\.0\.7 or a network such as 10\.0\.0\.0/24",
    ):
        parse_network(text)


def test_an_error_shows_hostile_text_short_and_escaped() -> None:
    with pytest.raises(AddressError) as error:
        parse_network("\x1b[31m" + "x" * 5000)
    assert "\\x1b[31m" in str(error.value)
    assert len(str(error.value)) < 200


def test_a_layout_that_no_host_can_be_meant_to_speak_is_refused() -> None:
    for layout in ("both", "unknown", "draft-02", ""):
        with pytest.raises(AddressError, match=r"expected draft-00 or rfc7637 for 10\.0\.0\.7/32"):
            parse_expected({"10.0.0.7": layout})
