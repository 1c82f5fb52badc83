"""What looks like a proof and is none: worlds in which a host would be proven to speak a layout
that it does not speak.
"""

from nvgre_doctor.vocabulary import Confidence
from tests import build
from tests.worlds import ICMPV6, A, B, Tape, Vm, diagnose_tapes

ONE, TWO = Vm("00:15:5d:0a:00:01", "10.1.1.1"), Vm("00:15:5d:0a:00:02", "10.2.2.2")
NEIGHBOUR = Vm("00:15:5d:0a:00:03", "10.1.1.3")


def test_routed_vms_in_neighbouring_tnis_of_old_hosts_do_not_prove_flow_ids() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8482, ONE, TWO)
    tape.send(B, A, 0x001E8481, TWO, ONE)
    hosts = diagnose_tapes(tape).hosts
    assert {host.confidence for host in hosts.values()} == {Confidence.NONE}


def test_a_key_that_both_hosts_send_proves_nothing_where_the_capture_ends_behind_it() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x00001389, ONE, NEIGHBOUR)
    tape.send(
        B, A, 0x00001389, NEIGHBOUR, ONE
    )  # as an UNREACHABLE that repeats the refused key would look
    hosts = diagnose_tapes(tape).hosts
    assert {host.confidence for host in hosts.values()} == {Confidence.NONE}


def test_whether_vms_are_of_one_subnet_is_not_known_while_the_address_of_one_is_not() -> None:
    tape, short = Tape(), Tape(snaplen=60)
    tape.send(A, B, 0x001E8482, ONE, NEIGHBOUR)
    short.send(B, A, 0x001E8481, NEIGHBOUR, ONE)
    for tapes in (
        (tape, short),
        (Tape(snaplen=60, frames=[(t, f[:60], n) for t, f, n in tape.frames]), short),
    ):
        hosts = diagnose_tapes(*tapes).hosts
        assert {host.confidence for host in hosts.values()} == {Confidence.NONE}


def test_nor_while_the_packet_of_one_is_only_quoted() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, 0x001E8482, ONE, NEIGHBOUR))
    tape.send(B, A, 0x001E8481, NEIGHBOUR, ONE)
    assert {host.confidence for host in diagnose_tapes(tape).hosts.values()} == {Confidence.NONE}


def pinged6(one: str, two: str) -> Tape:
    """Two VMs with IPv6 addresses, each behind one host, with neighbouring keys."""
    tape = Tape()
    for source, destination, gre_key, vms in (
        (A, B, 0x001E8482, (ONE, TWO)),
        (B, A, 0x001E8481, (TWO, ONE)),
    ):
        addresses = (one, two) if source == A else (two, one)
        tape.send(
            source,
            destination,
            gre_key,
            *vms,
            build.ipv6(*addresses, ICMPV6, build.echo6(*addresses)),
        )
    return tape
