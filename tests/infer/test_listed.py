"""What the inventory says of a key: by MAC before by address before all VSIDs."""

import pytest

from nvgre_doctor.infer.listed import Listed, look_up
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.known.inventory import Inventory, LookupRecord
from tests.infer.heard import MACS, A, B, C, heard, span_of

K = 0x00138900
"""As a TNI 0x138900, as a VSID 0x1389."""
AS_OLD, AS_NEW, NEITHER = 0x138900, 0x1389, 0x7777
ONE, TWO = MACS[6:], MACS[:6]
OTHER = b"\2" * 6


def listed(inventory: Inventory, *spans: Span) -> dict[int, Listed]:
    return look_up(spans or [span_of(heard(K, 5))], inventory)


def known(*vsids: int, is_complete: bool = False) -> Inventory:
    return Inventory(frozenset(vsids), is_complete=is_complete)


def records(*rows: tuple[int, bytes | None, bytes | None]) -> Inventory:
    """VSID, provider address, MAC."""
    return Inventory(
        frozenset(row[0] for row in rows), tuple(LookupRecord(*row, None) for row in rows)
    )


def margins(inventory: Inventory, *spans: Span) -> dict[int, tuple[int, int, int, int]]:
    """Soft and hard for draft-00, then for RFC 7637."""
    return {
        number: (
            found.margin(OLD),
            found.hard_margin(OLD),
            found.margin(NEW),
            found.hard_margin(NEW),
        )
        for number, found in listed(inventory, *spans).items()
    }


def test_without_an_inventory_nothing_is_listed() -> None:
    assert margins(Inventory()) == {}


@pytest.mark.parametrize(
    ("vsids", "expected"),
    [
        ((AS_OLD,), {0: (5, 0, 0, 0)}),
        ((AS_NEW,), {0: (0, 0, 5, 0)}),
        ((AS_OLD, AS_NEW), {}),
        ((NEITHER,), {}),
    ],
)
def test_the_only_reading_that_is_listed_is_supported(
    vsids: tuple[int, ...], expected: dict[int, tuple[int, int, int, int]]
) -> None:
    assert margins(known(*vsids)) == expected


def test_a_complete_list_proves() -> None:
    assert margins(known(AS_OLD, is_complete=True)) == {0: (5, 5, 0, 0)}
    assert margins(known(AS_NEW, is_complete=True)) == {0: (0, 0, 5, 5)}


def test_a_vsid_that_would_be_reserved_counts_where_it_is_listed() -> None:
    assert margins(known(0x12), span_of(heard(0x00001234, 3))) == {0: (0, 0, 3, 0)}
    assert margins(known(0x1234), span_of(heard(0x00001234, 3))) == {0: (3, 0, 0, 0)}
    assert margins(known(0x120000), span_of(heard(0x01120000, 3))) == {}  # no TNI: 25 bits


@pytest.mark.parametrize("mac", [ONE, TWO])
def test_the_record_of_either_machine_proves(mac: bytes) -> None:
    assert margins(records((AS_OLD, None, mac))) == {0: (5, 5, 0, 0)}


@pytest.mark.parametrize("address", [A, B])
def test_the_record_of_either_provider_address_proves(address: bytes) -> None:
    assert margins(records((AS_OLD, address, None))) == {0: (5, 5, 0, 0)}


def test_the_records_of_others_are_a_list_of_some_vsids() -> None:
    assert margins(records((AS_OLD, C, OTHER))) == {0: (5, 0, 0, 0)}


def test_the_machines_are_asked_before_the_addresses_and_those_before_all() -> None:
    by_mac = records((AS_OLD, None, ONE), (AS_NEW, A, None), (AS_NEW, B, OTHER))
    assert margins(by_mac) == {0: (5, 5, 0, 0)}
    by_address = records((AS_OLD, A, OTHER), (AS_NEW, C, OTHER))
    assert margins(by_address) == {0: (5, 5, 0, 0)}


def test_what_says_nothing_hands_on_the_question() -> None:
    of_machine = records((NEITHER, None, ONE), (AS_OLD, B, None))
    assert margins(of_machine) == {0: (5, 5, 0, 0)}
    of_both = records((AS_OLD, None, ONE), (AS_NEW, None, TWO), (AS_OLD, A, None))
    assert margins(of_both) == {0: (5, 5, 0, 0)}


def test_frames_without_macs_have_no_machine() -> None:
    empty = Inventory(frozenset({AS_OLD}), (LookupRecord(AS_OLD, None, None, None),))
    assert margins(empty, span_of(heard(K, 5, macs=b""))) == {0: (5, 0, 0, 0)}


def test_each_span_is_told_with_all_its_units() -> None:
    one = span_of(heard(K, 5), heard(0x00177100, 4), heard(K + 1, 2))
    two = span_of(heard(0x00555500, 4, 1))
    three = span_of(heard(K, 3, 2))
    inventory = known(AS_NEW, 0x177100)
    assert margins(inventory, one, two, three) == {0: (4, 0, 7, 0), 2: (0, 0, 3, 0)}
    found = listed(inventory, one, two, three)[0]
    assert found.units == ([one.heard[1]], [one.heard[0], one.heard[2]])
    assert found.by_record == ([], [])
