"""The virtual subnets of a host are named as the host meant them when it sent."""

from tests.worlds import VM1, VM2, A, B, Tape, judge_tapes, report_of

OLD_5001, CURRENT_5001 = 0x00001389, 0x00138900
OLD_2000001 = 0x001E8481  # fits both layouts


def segments(tape: Tape) -> dict[str, list[tuple[int | None, tuple[int, ...]]]]:
    report = report_of(judge_tapes(tape))
    return {host.address: [(s.id, s.gre_keys) for s in host.segments] for host in report.hosts}


def updated(silence_s: int) -> Tape:
    """B is updated while it talks with A, a silence before its first new key."""
    tape = Tape()
    for _ in range(6):
        tape.ping(A, B, CURRENT_5001, OLD_5001)
    tape.wait(silence_s)
    for _ in range(6):
        tape.ping(A, B, CURRENT_5001, CURRENT_5001)
    return tape


def test_keys_of_both_layouts_are_one_subnet_where_the_host_changed() -> None:
    assert segments(updated(silence_s=60))[B] == [(5001, (OLD_5001, CURRENT_5001))]


def test_keys_of_both_layouts_are_one_subnet_where_the_change_is_only_likely() -> None:
    """VSID 19 would be what the old key means in the layout that came later."""
    found = report_of(judge_tapes(updated(silence_s=0)))
    assert [(host.address, host.confidence) for host in found.hosts] == [
        (A, "likely"),
        (B, "likely"),
    ]
    assert segments(updated(silence_s=0))[B] == [(5001, (OLD_5001, CURRENT_5001))]


def test_a_subnet_of_an_unknown_layout_has_keys_and_no_number() -> None:
    tape = Tape()
    for _ in range(3):
        tape.send(A, B, OLD_2000001, VM1, VM2)
    assert segments(tape)[A] == [(None, (OLD_2000001,))]
