"""Evidence 3, both/both: two hosts that must speak the same layout, so what is known of one is
known of the other.
"""

from collections.abc import Mapping
from itertools import pairwise

import pytest

from nvgre_doctor.infer import verdicts as hosts_module
from nvgre_doctor.infer.diagnosis import HostVerdict, Stream
from nvgre_doctor.infer.verdicts import Span
from tests import build
from tests.worlds import (
    NOON,
    SECOND,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    D,
    Tape,
    diagnose_tapes,
    host_of,
    reasons_of,
    verdict_of,
    verdicts_of,
    vm,
)

OLD, CURRENT, UNKNOWN = ("draft-00", "proven"), ("rfc7637", "proven"), ("unknown", "none")
EITHER = 0x001E8481  # TNI 2000001, or VSID 7812 with FlowID 129


def tie(tape: Tape, one: str, two: str, number: int = 1) -> None:
    """VMs `number` and `number + 1` use one key both ways that fits both layouts."""
    tape.ping(one, two, EITHER, EITHER, vm(number), vm(number + 1))


def test_a_peer_of_a_proven_current_host_is_current() -> None:
    tape = Tape()
    tie(tape, A, B)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, B) == CURRENT
    assert reasons_of(diagnosis, B) == {("same-layout-peer", "rfc7637")}


def test_a_peer_of_a_proven_old_host_is_old() -> None:
    tape = Tape()
    tie(tape, A, B)
    tape.send(B, C, 0x00001389, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), A) == OLD


def test_it_goes_from_peer_to_peer() -> None:
    tape = Tape()
    tie(tape, A, B, 1)
    tie(tape, B, C, 3)
    tie(tape, C, D, 5)
    tape.send(D, A, 0x0F424000, vm(7), vm(8))
    assert verdicts_of(diagnose_tapes(tape)) == {A: CURRENT, B: CURRENT, C: CURRENT, D: CURRENT}


def test_two_hosts_that_agree_stay_unknown_while_nobody_knows_in_which_layout() -> None:
    tape = Tape()
    tie(tape, A, B)
    assert verdicts_of(diagnose_tapes(tape)) == {A: UNKNOWN, B: UNKNOWN}


def test_one_direction_alone_ties_nobody() -> None:
    tape = Tape()
    tape.send(A, B, EITHER)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), B) == UNKNOWN


def test_two_flow_ids_tie_nobody_but_prove_both() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x001E8482)
    assert reasons_of(diagnose_tapes(tape), B) == {("both-directions", "rfc7637")}


def changing(after_tie: bool) -> Tape:
    """A is tied to B, restarts with the current layout (shown by VM 1), and is then tied to C, if
    wanted.
    """
    tape = Tape()
    tie(tape, A, B)
    tape.wait(300)
    tape.send(A, D, EITHER << 8, VM1, vm(9))
    if after_tie:
        tie(tape, A, C, 3)
    return tape


def test_nothing_is_carried_back_across_a_change() -> None:
    diagnosis = diagnose_tapes(changing(after_tie=False))
    host = host_of(diagnosis, A)
    assert (host.layout, host.change is not None) == ("rfc7637", True)
    assert verdict_of(diagnosis, B) == OLD


def test_each_side_of_a_change_gives_its_own_layout_to_its_peers() -> None:
    diagnosis = diagnose_tapes(changing(after_tie=True))
    assert verdict_of(diagnosis, B) == OLD
    assert verdict_of(diagnosis, C) == CURRENT


def test_a_tie_in_the_time_of_the_change_itself_carries_nothing() -> None:
    tape = Tape()
    tape.send(A, D, EITHER, VM1, vm(9))
    tape.wait(150)
    tie(tape, A, B, 3)
    tape.wait(150)
    tape.send(A, D, EITHER << 8, VM1, vm(9))
    diagnosis = diagnose_tapes(tape)
    assert host_of(diagnosis, A).change is not None
    assert verdict_of(diagnosis, B) == UNKNOWN


def test_nothing_is_carried_over_a_silence_in_which_the_host_may_have_changed_unseen() -> None:
    # The host was old when it was tied, and restarted: the capture has only its last frame, of
    # another VM.
    tape = Tape()
    tie(tape, A, B)
    tape.wait(300)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == CURRENT
    assert verdict_of(diagnosis, B) == UNKNOWN


def test_between_two_proofs_of_one_layout_a_tie_holds_however_far_away_they_are() -> None:
    tape = Tape()
    tape.send(A, C, 0x0F424000, VM3, VM4)
    tape.wait(300)
    tie(tape, A, B)
    tape.wait(300)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), B) == CURRENT


def test_a_tie_holds_as_long_as_a_restart_takes() -> None:
    near, far = Tape(), Tape()
    for tape, seconds in ((near, 19), (far, 21)):
        tie(tape, A, B)
        tape.wait(seconds)
        tape.send(A, C, 0x0F424000, VM3, VM4)
    assert verdict_of(diagnose_tapes(near), B) == CURRENT
    assert verdict_of(diagnose_tapes(far), B) == UNKNOWN


def test_a_peer_that_sends_both_layouts_gives_none() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, D, 0x00001389, vm(7), vm(8))
        tape.send(A, D, 0x0F424000, vm(5), vm(6))
    tie(tape, A, B)
    diagnosis = diagnose_tapes(tape)
    assert host_of(diagnosis, A).layout == "both"
    assert verdict_of(diagnosis, B) == UNKNOWN


def test_a_likely_layout_of_one_is_a_likely_layout_of_the_other() -> None:
    # B's own keys look the same as A's; only A has two VM pairs that share a low octet.
    tape = Tape()
    tie(tape, A, B)
    tape.send(A, C, EITHER, VM3, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == verdict_of(diagnosis, B) == ("draft-00", "likely")


def test_ties_do_not_join_different_vm_pairs() -> None:
    tape = Tape()
    tape.send(A, B, EITHER, VM1, VM2)
    tape.send(B, A, EITHER, VM4, VM3)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), B) == UNKNOWN


def test_a_tie_that_begins_before_the_last_proof_of_a_side_is_on_that_side() -> None:
    tape = Tape()
    tape.ping(A, B, EITHER, EITHER, VM3, VM4)
    tape.send(A, D, EITHER, VM1, vm(9))
    tape.ping(A, B, EITHER, EITHER, VM3, VM4)
    tape.wait(300)
    tape.send(A, D, EITHER << 8, VM1, vm(9))
    assert verdict_of(diagnose_tapes(tape), B) == OLD


def test_nothing_is_carried_forward_over_such_a_silence_either() -> None:
    # The host was proven before it restarted; afterwards it is only known to agree with B.
    tape = Tape()
    tape.send(A, C, 0x0F424000, VM3, VM4)
    tape.wait(300)
    tie(tape, A, B)
    assert verdict_of(diagnose_tapes(tape), B) == UNKNOWN


def test_a_tie_holds_up_to_the_nanosecond_in_which_a_restart_may_be_over() -> None:
    for late_ns, verdict in ((0, CURRENT), (1, UNKNOWN)):
        proof_later, proof_earlier = Tape(), Tape()
        proof_later.send(A, B, EITHER)
        proof_later.now_ns = NOON + 20 * SECOND + late_ns
        proof_later.send(A, C, 0x0F424000, VM3, VM4)
        proof_later.send(B, A, EITHER, VM2, VM1)
        assert verdict_of(diagnose_tapes(proof_later), B) == verdict
        proof_earlier.send(A, C, 0x0F424000, VM3, VM4)
        proof_earlier.now_ns = NOON + 20 * SECOND + late_ns
        tie(proof_earlier, A, B)
        assert verdict_of(diagnose_tapes(proof_earlier), B) == verdict


@pytest.mark.parametrize(("known", "peer"), [(A, B), (B, A)])
def test_the_witness_is_the_stream_of_the_host_and_its_partner_that_of_the_peer(
    known: str, peer: str
) -> None:
    tape = Tape()
    tie(tape, A, B)
    tape.send(known, C, 0x0F424000, VM3, VM4)
    (witness,) = host_of(diagnose_tapes(tape), peer).witnesses
    assert witness.partner is not None
    assert (witness.kind, witness.layout) == ("same-layout-peer", "rfc7637")
    assert (witness.stream.source, witness.partner.source) == (build.ip(peer), build.ip(known))


def test_a_tie_of_two_hosts_that_are_known_hides_no_other() -> None:
    tape = Tape()
    tie(tape, A, B)
    tie(tape, A, C, 3)
    for host in (A, B):
        tape.send(host, D, 0x0F424000, vm(7), vm(8))
    assert verdict_of(diagnose_tapes(tape), C) == CURRENT


@pytest.mark.parametrize("hosts", [10, 200])
def test_a_long_chain_of_ties_is_followed_to_its_end_without_asking_all_of_them_in_every_round(
    hosts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6,000 frames between 3,000 hosts took 6.5 seconds."""
    asked = 0
    is_proven_at = hosts_module._is_proven_at

    def counting(host: HostVerdict, spans: Mapping[bytes, Span], stream: Stream) -> bool:
        nonlocal asked
        asked += 1
        return is_proven_at(host, spans, stream)

    monkeypatch.setattr(hosts_module, "_is_proven_at", counting)
    names = [f"192.168.{number // 100}.{number % 100 + 1}" for number in range(hosts)]
    tape = Tape()
    for one, two in pairwise(names):
        tie(tape, one, two)
    tape.send(names[0], D, 0x0F424000, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), names[-1]) == CURRENT
    assert asked <= 8 * hosts
