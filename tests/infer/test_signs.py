"""Signs of Hyper-V network virtualization, and their absence in plain GRE tunnels."""

import pytest

from tests.worlds import VM1, VM2, A, B, C, Tape, Vm, diagnose_tapes, host_of

VMWARE1, VMWARE2 = Vm("00:50:56:aa:00:01", "10.9.9.1"), Vm("00:50:56:aa:00:02", "10.9.9.2")
PLAIN1, PLAIN2 = Vm("3c:d9:2b:00:00:01", "10.9.9.1"), Vm("3c:d9:2b:00:00:02", "10.9.9.2")

HYPERV = "a virtual machine with a Hyper-V MAC address"
VMM = "a virtual machine with a System Center VMM MAC address"


def signs(tape: Tape, address: str = A) -> set[str]:
    return host_of(diagnose_tapes(tape), address).hnv_signs


def tunnel(one: Vm, two: Vm, gre_key: int = 5001, **outer: object) -> Tape:
    tape = Tape()
    tape.send(A, B, gre_key, one, two, **outer)
    tape.send(B, A, gre_key, two, one, **outer)
    return tape


@pytest.mark.parametrize(
    ("mac", "sign"),
    [("00:15:5d:01:02:03", HYPERV), ("00:1d:d8:b7:1c:00", VMM), ("00:1d:d8:f4:1f:ff", VMM)],
)
def test_a_virtual_machine_with_microsofts_mac_is_a_sign(mac: str, sign: str) -> None:
    assert signs(tunnel(Vm(mac, "10.9.9.1"), PLAIN2)) == {sign}


def test_the_sign_belongs_to_the_host_of_that_machine() -> None:
    tape = tunnel(VM1, PLAIN2)
    assert signs(tape, A) == {HYPERV}
    assert signs(tape, B) == set()


def test_a_machine_that_only_receives_is_a_sign_for_its_host() -> None:
    tape = Tape()
    tape.send(A, B, 5001, PLAIN1, VM2)
    assert signs(tape, B) == {HYPERV}
    assert signs(tape, A) == set()


@pytest.mark.parametrize("vms", [(VMWARE1, VMWARE2), (PLAIN1, PLAIN2)])
def test_a_plain_tunnel_has_no_sign_whatever_its_ttl(vms: tuple[Vm, Vm]) -> None:
    for ttl in (64, 128, 255):
        tape = tunnel(*vms, ttl=ttl)
        assert signs(tape, A) == signs(tape, B) == set()


def test_a_peer_that_answers_with_the_shifted_key_is_a_sign_for_both() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848100, 0x001E8481, PLAIN1, PLAIN2)
    assert (
        signs(tape, A)
        == signs(tape, B)
        == {"a peer that writes the same id eight bits higher or lower"}
    )


def test_one_machine_under_both_readings_is_a_sign() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, PLAIN1, PLAIN2)
    tape.send(A, B, 0x1E848100, PLAIN1, PLAIN2)
    assert signs(tape) == {"the same virtual machine with both layouts of one id"}


def test_an_unreachable_inside_nvgre_is_a_sign_for_both() -> None:
    tape = Tape()
    packet = tape.send(A, B, 5001, PLAIN1, PLAIN2)
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    assert signs(tape, A) == signs(tape, B) == {"an UNREACHABLE or REDIRECT message inside NVGRE"}


def test_an_icmp_error_on_the_underlay_is_no_sign() -> None:
    tape = Tape()
    packet = tape.send(A, B, 5001, PLAIN1, PLAIN2)
    tape.error(B, A, packet[:28])
    assert signs(tape, A) == signs(tape, B) == set()


@pytest.mark.parametrize(("keys", "expected"), [(15, set()), (16, {"many keys to one peer"})])
def test_sixteen_keys_to_one_peer_are_a_sign(keys: int, expected: set[str]) -> None:
    tape = Tape()
    for number in range(keys):
        tape.send(A, B, 0x00010000 + 256 * number, PLAIN1, PLAIN2)
    assert signs(tape) == expected


def test_many_keys_that_are_few_to_each_peer_are_none() -> None:
    tape = Tape()
    for number in range(30):
        tape.send(A, B if number < 15 else C, 0x00010000 + 256 * number, PLAIN1, PLAIN2)
    assert signs(tape) == set()


@pytest.mark.parametrize(
    "prefix", ["00:50:56", "00:0c:29", "00:05:69", "52:54:00", "fa:16:3e", "00:16:3e", "08:00:27"]
)
def test_many_keys_of_machines_of_another_vendor_are_none(prefix: str) -> None:
    other = Vm(f"{prefix}:00:00:01", "10.9.9.1")
    for one, two in ((other, PLAIN2), (PLAIN1, other)):
        tape = Tape()
        for number in range(40):
            tape.send(A, B, 0x00010000 + 256 * number, one, two)
        assert signs(tape) == set()


def test_traffic_of_others_gives_no_sign() -> None:
    tape = tunnel(PLAIN1, PLAIN2)
    tape.send(C, "192.168.50.9", 0x1E848100, VM1, VM2)
    assert signs(tape, A) == signs(tape, B) == set()
    assert signs(tape, C) == {HYPERV}


def test_the_hub_of_many_plain_tunnels_has_no_sign_however_many_machines_are_behind_it() -> None:
    tape = Tape()
    for spoke in range(20):
        for machine in range(20):
            one, two = (
                Vm(f"3c:d9:2b:00:{spoke:02x}:{machine:02x}", "10.9.9.1"),
                Vm("3c:d9:2b:01:00:01", "10.9.9.2"),
            )
            tape.send(A, f"192.0.2.{spoke}", 5000 + 256 * spoke, one, two)
    assert signs(tape) == set()
