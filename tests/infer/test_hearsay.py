"""Which ICMP errors are about NVGRE, once all captures are known."""

import pytest

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.hearsay import (
    find_cut_refusals,
    icmp_errors,
    refused_flow,
    settle_errors,
)
from tests import build
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape, Vm, evidence_of, vm

KEY = 0x1E848100


def settled(*tapes: Tape) -> list[IcmpSign]:
    return [told.sign for told in icmp_errors(settle_errors(evidence_of(*tapes)))]


def only(*tapes: Tape) -> IcmpSign:
    (sign,) = settled(*tapes)
    return sign


def shows_gre(**data: str) -> Tape:
    """A says that GRE to B was refused, and no more; and perhaps data was sent."""
    tape = Tape()
    if data:
        tape.send(data["by"], data["to"], KEY)
    tape.error(B, A, Tape().send(A, B, KEY)[:20])
    return tape


@pytest.mark.parametrize(("by", "to"), [(A, B), (B, A)])
def test_refused_gre_between_hosts_that_exchange_nvgre_is_nvgre(by: str, to: str) -> None:
    sign = only(shows_gre(by=by, to=to))
    assert (sign.refuses_nvgre, sign.shows_gre) == (True, False)


@pytest.mark.parametrize("data", [{}, {"by": A, "to": C}, {"by": C, "to": B}])
def test_refused_gre_between_others_is_not(data: dict[str, str]) -> None:
    sign = only(shows_gre(**data))
    assert sign == IcmpSign(build.ip(B), build.ip(A), 4, 3, 10, False, False, 0)


def test_data_of_any_capture_and_any_vm_pair_counts() -> None:
    data = Tape()
    for number in range(40):
        guest = Vm(f"00:15:5d:0a:09:{number:02x}", "10.1.1.9")
        data.send(C, f"192.168.50.{number + 10}", KEY, VM1, guest)
    data.send(A, B, KEY)
    more = Tape()
    more.send(B, C, KEY, VM3, VM4)
    assert only(shows_gre(), data, more).refuses_nvgre


def cut_refusal(*, with_data: bool) -> Tape:
    tape = Tape()
    if with_data:
        tape.send(A, B, KEY)
    tape.error(B, A, b"")
    return tape


def test_an_error_that_is_cut_before_it_tells_a_protocol_may_refuse_nvgre() -> None:
    evidence = settle_errors(evidence_of(cut_refusal(with_data=True)))
    (told,) = icmp_errors(evidence)
    assert (told.sign.refuses_nvgre, told.sign.is_cut) == (False, True)
    assert find_cut_refusals(evidence) == [(build.ip(B), build.ip(A))]


def test_between_hosts_without_nvgre_it_does_not() -> None:
    evidence = settle_errors(evidence_of(cut_refusal(with_data=False)))
    assert [told.sign.is_cut for told in icmp_errors(evidence)] == [False]
    assert find_cut_refusals(evidence) == []


@pytest.mark.parametrize(
    ("quoted", "may_refuse"),
    [(0, False), (9, False), (10, True), (16, True), (19, True), (20, False)],
)
def test_gre_that_a_router_refuses_may_be_nvgre_where_its_destination_is_cut_off(
    quoted: int, may_refuse: bool
) -> None:
    """What is whole is about C, of which nothing was heard."""
    tape = Tape()
    tape.send(A, B, KEY)
    tape.error(C, A, Tape().send(A, C, KEY)[:quoted])
    evidence = settle_errors(evidence_of(tape))
    assert [told.sign.refuses_nvgre for told in icmp_errors(evidence)] == [False]
    assert find_cut_refusals(evidence) == [(build.ip(C), build.ip(A))] * may_refuse


def test_what_is_cut_refuses_no_nvgre_of_somebody_who_only_receives_it() -> None:
    tape = Tape()
    tape.send(B, A, KEY)
    tape.error(C, A, Tape().send(A, C, KEY)[:16])
    assert find_cut_refusals(settle_errors(evidence_of(tape))) == []


def test_an_error_about_tcp_stays_what_it_is() -> None:
    tape = Tape()
    tape.send(A, B, KEY)
    tape.error(B, A, build.ipv4(A, B, 6, build.tcp(A, B, 1, 2)))
    before = [told.sign for told in icmp_errors(evidence_of(tape))]
    assert settled(tape) == before
    assert not before[0].refuses_nvgre


def test_an_error_without_its_ip_header_is_about_who_got_it() -> None:
    sign = IcmpSign(b"by", b"to", 4, 3, 10, True, True, 0)
    assert refused_flow(sign) == (b"to", b"by")
    quoted = sign._replace(quoted_source=b"from", quoted_destination=b"at")
    assert refused_flow(quoted) == (b"from", b"at")


# --- of guests ------------------------------------------------------------------------------


def inside(by: Vm, to: Vm, *data: tuple[str, str, Vm, Vm], mtu: int = 0) -> IcmpSign:
    """An error inside a tunnel from B to A that quotes NVGRE, of these MACs and addresses, beside
    such data.
    """
    tape = Tape()
    quote = Tape().send(A, B, KEY)[:28]
    for source, destination, one, two in data:
        tape.send(source, destination, KEY, one, two)
    kind = (3, 4) if mtu else (3, 10)
    inner = build.ipv4(by.ip, to.ip, 1, build.icmp(*kind, quote, mtu))
    tape.send(B, A, KEY, by, to, inner)
    (sign,) = settled(tape)
    return sign


@pytest.mark.parametrize(
    "data",
    [
        (B, A, VM2, VM3),  # its sender sends
        (A, C, VM3, VM2),  # or is sent to
        (B, C, VM1, VM3),  # or its receiver sends
        (C, B, VM3, VM1),
    ],
)
def test_an_error_of_macs_and_addresses_that_carry_data_is_a_guests_own(
    data: tuple[str, str, Vm, Vm],
) -> None:
    sign = inside(VM2, VM1, data)
    assert sign == IcmpSign(build.ip(B), build.ip(A), 4, 3, 10, True, False, 0)


def test_a_guest_is_known_whatever_other_guests_send() -> None:
    """The last one has the MAC of the receiver, and another address."""
    other = Vm(VM1.mac, "10.9.9.9")
    assert not inside(VM2, VM1, (A, C, VM3, VM2), (C, B, VM3, other)).refuses_nvgre


def test_a_guest_is_known_behind_others_of_its_host() -> None:
    others = [(B, A, vm(n), vm(n + 1)) for n in range(20, 60, 2)]
    assert not inside(VM2, VM1, *others, (B, C, VM2, VM1)).refuses_nvgre


def test_what_a_guest_says_of_mtus_is_kept() -> None:
    assert inside(VM2, VM1, (B, A, VM2, VM1), mtu=1400).next_hop_mtu == 1400


def test_an_error_of_hosts_is_about_nvgre_whatever_guests_there_are() -> None:
    host_one, host_two = Vm("3c:d9:2b:00:00:01", A), Vm("3c:d9:2b:00:00:02", B)
    assert inside(host_two, host_one, (B, A, VM2, VM1)).refuses_nvgre


def test_a_guest_is_known_by_its_mac_and_its_address_together() -> None:
    same_mac, same_address = Vm(VM2.mac, B), Vm("3c:d9:2b:00:00:02", VM2.ip)
    host = Vm("3c:d9:2b:00:00:01", A)
    assert inside(same_mac, host, (B, A, VM2, VM1)).refuses_nvgre
    assert inside(same_address, host, (B, A, VM2, VM1)).refuses_nvgre
