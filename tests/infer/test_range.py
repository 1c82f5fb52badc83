"""Evidence 1, range: what the value of one key proves by itself, at the limits of each row of the
table.
"""

import pytest

from tests.worlds import (
    A6,
    B6,
    VM3,
    VM4,
    A,
    B,
    Tape,
    diagnose_tapes,
    reasons_of,
    verdict_of,
    verdicts_of,
)


def sent(gre_key: int, snaplen: int = 0) -> Tape:
    tape = Tape(snaplen=snaplen)
    tape.send(A, B, gre_key)
    return tape


@pytest.mark.parametrize("gre_key", [0x00001000, 0x00001001, 0x00001389, 0x000FFFFE, 0x000FFFFF])
def test_a_key_whose_vsid_would_be_reserved_proves_the_old_layout(gre_key: int) -> None:
    diagnosis = diagnose_tapes(sent(gre_key))
    assert verdict_of(diagnosis, A) == ("draft-00", "proven")
    assert reasons_of(diagnosis, A) == {("range", "draft-00")}


@pytest.mark.parametrize("gre_key", [0x01000000, 0x01000001, 0x1E848100, 0xFFFFFE00, 0xFFFFFEFF])
def test_a_key_whose_top_octet_is_not_zero_proves_the_current_layout(gre_key: int) -> None:
    diagnosis = diagnose_tapes(sent(gre_key))
    assert verdict_of(diagnosis, A) == ("rfc7637", "proven")
    assert reasons_of(diagnosis, A) == {("range", "rfc7637")}


@pytest.mark.parametrize("gre_key", [0x00100001, 0x00138905, 0x00FFFFFE])
def test_a_key_that_fits_both_layouts_proves_nothing(gre_key: int) -> None:
    diagnosis = diagnose_tapes(sent(gre_key))
    assert verdict_of(diagnosis, A) == ("unknown", "none")
    assert reasons_of(diagnosis, A) == set()


@pytest.mark.parametrize("gre_key", [0x00100000, 0x00138900, 0x00FFFF00])
def test_a_low_octet_of_zero_makes_a_key_that_fits_both_layouts_no_proof(gre_key: int) -> None:
    diagnosis = diagnose_tapes(sent(gre_key))
    assert verdict_of(diagnosis, A) == ("rfc7637", "likely")
    assert reasons_of(diagnosis, A) == {("low-octet", "rfc7637")}


@pytest.mark.parametrize("gre_key", [0x00000000, 0x00000001, 0x00000FFF])
def test_a_key_that_is_reserved_under_both_layouts_proves_nothing(gre_key: int) -> None:
    diagnosis = diagnose_tapes(sent(gre_key))
    assert verdict_of(diagnosis, A) == ("unknown", "none")
    assert reasons_of(diagnosis, A) == set()


@pytest.mark.parametrize("gre_key", [0x00FFFFFF, 0xFFFFFF00, 0xFFFFFF01, 0xFFFFFFFF])
def test_control_traffic_makes_no_host(gre_key: int) -> None:
    assert verdicts_of(diagnose_tapes(sent(gre_key))) == {}


def test_control_traffic_says_nothing_about_a_host_that_also_sends_data() -> None:
    tape = sent(0x00138905)
    tape.send(A, B, 0xFFFFFF00)
    tape.send(A, B, 0x00FFFFFF)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("unknown", "none")
    assert diagnosis.hosts[bytes([192, 168, 50, 1])].frames_sent == 1


def test_a_key_without_inner_macs_proves_as_much_by_its_value() -> None:
    tape = sent(0x00001389, snaplen=42)
    tape.send(B, A, 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: ("draft-00", "proven"), B: ("rfc7637", "proven")}
    assert [stream.macs for stream in diagnosis.streams] == [b"", b""]


def test_the_value_of_a_key_proves_the_same_over_ipv6() -> None:
    tape = Tape()
    tape.send(A6, B6, 0x00001389)
    tape.send(B6, A6, 0x1E848100, VM4, VM3)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A6) == ("draft-00", "proven")
    assert verdict_of(diagnosis, B6) == ("rfc7637", "proven")
