"""The one line that everybody reads names the ICMP message that was captured."""

import pytest

from tests.worlds import A6, B6, VM1, VM2, VM3, VM4, A, B, Tape, judge_tapes, report_of

CURRENT_ONLY, OLD_ONLY = 0x20000005, 0x00001389


@pytest.mark.parametrize(
    ("one", "two", "kind", "headline"),
    [
        (
            A,
            B,
            (3, 10),
            f"{A} is refused by {B} with ICMP 3/10, and the layouts are not known to differ.",
        ),
        (
            A6,
            B6,
            (1, 1),
            f"{A6} is refused by {B6} with ICMPv6 1/1, and the layouts are not known to differ.",
        ),
    ],
)
def test_a_refusal_that_layouts_do_not_explain(
    one: str, two: str, kind: tuple[int, int], headline: str
) -> None:
    tape = Tape()
    tape.unreachable(two, one, 0xFFFFFF00, tape.send(one, two, CURRENT_ONLY), kind)
    tape.unreachable(
        one, "192.0.2.1" if one == A else "fd00:99::1", 0xFFFFFF00, tape.send(one, two, 0), (3, 1)
    )
    assert report_of(judge_tapes(tape)).headline == headline


@pytest.mark.parametrize(
    ("one", "two", "kind", "name"), [(A, B, (3, 10), "ICMP 3/10"), (A6, B6, (1, 1), "ICMPv6 1/1")]
)
def test_a_refusal_before_a_host_changed_its_layout(
    one: str, two: str, kind: tuple[int, int], name: str
) -> None:
    tape = Tape()
    packet = tape.send(one, two, CURRENT_ONLY)
    tape.send(two, one, OLD_ONLY, VM4, VM3)
    tape.unreachable(two, one, 0xFFFFFF00, packet, kind)
    tape.send(two, one, OLD_ONLY, VM4, VM3)
    tape.wait(600)
    tape.send(two, one, CURRENT_ONLY, VM2, VM1)
    headline = report_of(judge_tapes(tape)).headline
    assert headline == f"Flows were refused with {name} while the layouts of two hosts differed."
