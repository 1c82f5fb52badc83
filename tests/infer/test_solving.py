"""A solution: changes without a silence are cut, and octets of reserved VSIDs are read again."""

from collections.abc import Iterator

from nvgre_doctor.infer.hearing import hear
from nvgre_doctor.infer.solving import Solution, solve
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Layout
from tests.worlds import VM1, VM2, A, B, Tape, Vm, evidence_of, vm

OLD_ONLY, NEW_ONLY = 0x00012345, 0x12345600
FOREIGN = Vm("52:54:00:00:00:01", "10.1.1.21")
RESERVED, ALSO_RESERVED = 0x00010000, 0x00020000
SPREAD = (7, 85, 131, 177, 230)


def solved(tape: Tape) -> Solution:
    evidence = evidence_of(tape)
    return solve(hear(evidence).spans, evidence, Inventory())


def changing(guest: Vm, ttl: int) -> Solution:
    """A sends three packets in one layout, and at once three in the other one."""
    tape = Tape()
    for number in range(6):
        tape.send(A, B, OLD_ONLY if number < 3 else NEW_ONLY, guest, VM2, ttl=ttl)
    return solved(tape)


def test_a_change_without_a_silence_is_cut() -> None:
    solution = changing(VM1, 128)
    assert [(answer.layout, answer.confidence) for answer in solution.answers] == [
        (Layout.OLD, Confidence.LIKELY),
        (Layout.CURRENT, Confidence.LIKELY),
    ]
    assert [span.is_cut for span in solution.spans] == [True, True]


def test_what_is_no_host_has_no_change() -> None:
    """A switch writes any number."""
    assert [span.is_cut for span in changing(FOREIGN, 64).spans] == [False]


def ids(tape: Tape) -> set[tuple[int, int | None, int | None]]:
    """Of each key what it may be as a TNI and as a VSID."""
    (span,) = solved(tape).spans
    return {(unit.gre_key, unit.old_id, unit.new_id) for unit in span.heard}


def several(upper: int, alone: int, guest: Vm, ttl: int) -> Iterator[Tape]:
    """Five low octets of one VM pair, and one of another one, whichever comes first."""
    octets = [(upper + octet, VM2) for octet in SPREAD]
    for frames in ([*octets, (alone, vm(9))], [(alone, vm(9)), *octets]):
        tape = Tape()
        for gre_key, receiver in frames * 2:
            tape.send(A, B, gre_key, guest, receiver, ttl=ttl)
        yield tape


def test_octets_of_a_reserved_vsid_may_be_of_a_sender_that_writes_any_vsid() -> None:
    for upper, alone in ((RESERVED, ALSO_RESERVED + 7), (ALSO_RESERVED, RESERVED + 7)):
        for tape in several(upper, alone, FOREIGN, 64):
            assert ids(tape) == {
                *((upper + octet, upper + octet, upper >> 8) for octet in SPREAD),
                (alone, alone, None),  # one octet says nothing
            }


def test_of_a_host_such_octets_say_nothing_unless_they_are_flow_ids_for_certain() -> None:
    for upper, alone in ((RESERVED, ALSO_RESERVED + 7), (ALSO_RESERVED, RESERVED + 7)):
        for tape in several(upper, alone, VM1, 128):
            assert ids(tape) == {
                *((upper + octet, None, None) for octet in SPREAD),
                (alone, alone, None),
            }
