"""Why a flow is refused: by what was spoken at that time, and how sure that is."""

import pytest

from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.host import HostVerdict, SpanVerdict
from nvgre_doctor.infer.refusals import find_refusals
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender
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
    evidence_of,
)

OLD, CURRENT, BOTH = Layout.OLD, Layout.CURRENT, Layout.BOTH
PROVEN, LIKELY = Confidence.PROVEN, Confidence.LIKELY
POLICY, MISMATCH, UNKNOWN = Cause.POLICY, Cause.LAYOUT_MISMATCH, Cause.UNKNOWN
KEY = 0x00138900
"""Of VSID 5001, or TNI 1280256: each layout can write it."""


def span(
    layout: Layout = CURRENT,
    sure: Confidence = PROVEN,
    margin: int = 4,
    *,
    is_hard: bool = True,
    seconds: tuple[int, int] = (0, 60),
    frames: tuple[int, int] = (1, 9),
    capture: int = 0,
) -> SpanVerdict:
    """The refusal is frame 5 of capture 0, half a minute after noon."""
    first, last = (
        At(NOON + second * SECOND, capture, frame)
        for second, frame in zip(seconds, frames, strict=True)
    )
    return SpanVerdict(layout, sure, margin, first, last, None, is_hard)


def cause(one: list[SpanVerdict] | None, two: list[SpanVerdict] | None) -> Cause:
    """B refuses a flow of A; each sent 4 frames."""
    tape = Tape()
    for _ in range(4):
        tape.web()
    tape.wait(30)
    tape.error(B, A, Tape().send(A, B, KEY)[:28])
    hosts = {
        build.ip(address): HostVerdict(build.ip(address), frames_sent=4, spans=spans)
        for address, spans in ((A, one), (B, two))
        if spans is not None
    }
    (refusal,) = find_refusals(evidence_of(tape), [], hosts).facts
    return refusal.cause


LESS = span(sure=LIKELY, margin=3)
NEARLY = span(sure=LIKELY, margin=4)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (span(), span(), POLICY),
        (span(OLD), span(OLD), POLICY),
        (span(OLD), span(), MISMATCH),
        (span(OLD, LIKELY, 1), span(CURRENT, LIKELY, 1), MISMATCH),
        (span(OLD, LIKELY, 0), span(), UNKNOWN),
        (span(), span(OLD, LIKELY, 0), UNKNOWN),
        (span(BOTH), span(BOTH), UNKNOWN),
        (span(BOTH), span(), UNKNOWN),
        # One proof, and of the other every frame says so.
        (span(), NEARLY, POLICY),
        (NEARLY, span(), POLICY),
        (span(), LESS, UNKNOWN),
        (LESS, span(), UNKNOWN),
        (span(), span(sure=LIKELY, margin=9, is_hard=False), UNKNOWN),
        (NEARLY, NEARLY, UNKNOWN),
    ],
)
def test_a_refusal_is_explained_by_what_both_spoke_then(
    one: SpanVerdict, two: SpanVerdict, expected: Cause
) -> None:
    assert cause([one], [two]) is expected


def test_a_host_that_is_not_known_leaves_the_cause_unknown() -> None:
    assert cause([span()], None) is UNKNOWN
    assert cause(None, [span()]) is UNKNOWN
    assert cause([], [span()]) is UNKNOWN


def test_what_was_proven_before_a_silence_does_not_make_a_policy() -> None:
    """The layout is that of before; whether it still holds then is less than nearly sure."""
    before = span(seconds=(-900, -800), frames=(1, 2))
    assert cause([before, LESS], [span()]) is UNKNOWN
    assert cause([before, NEARLY], [span()]) is POLICY


def test_what_another_capture_heard_does_not_make_a_policy() -> None:
    elsewhere = span(capture=3)
    assert cause([elsewhere], [span()]) is UNKNOWN
    assert cause([span(OLD, capture=3)], [span()]) is MISMATCH


def test_of_captures_that_are_alike_one_is_asked_why_for_all() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, KEY)[:28])
    alone = CountedHosts({build.ip(address): HostVerdict(build.ip(address)) for address in (A, B)})
    together = CountedHosts(alone)
    find_refusals(evidence_of(tape), [], alone)
    (refusal,) = find_refusals(evidence_of(tape, tape, tape), [], together).facts
    assert refusal.sightings == 3
    assert together.asked == alone.asked > 0


class CountedHosts(dict[bytes, HostVerdict]):
    """How often one was asked for."""

    asked = 0

    def __getitem__(self, address: bytes) -> HostVerdict:
        self.asked += 1
        return super().__getitem__(address)


def refused_with(quote: bytes, sender: Sender, layout: Layout) -> Cause:
    """B, which speaks the other layout, refuses a frame of A, whose layout is proven."""
    tape = Tape()
    tape.error(B, A, quote)
    other = OLD if layout is CURRENT else CURRENT
    hosts = {
        build.ip(address): HostVerdict(
            build.ip(address), sender=sender, spans=[span(of_host, frames=(1, 1))]
        )
        for address, of_host in ((A, layout), (B, other))
    }
    (refusal,) = find_refusals(evidence_of(tape), [], hosts).facts
    return refusal.cause


def test_a_key_that_its_sender_cannot_have_written_then_leaves_the_cause_unknown() -> None:
    reserved_vsid = Tape().send(A, B, 0x00001389)[:28]
    no_draft_00 = Tape().send(A, B, 0x13890042)[:28]
    assert refused_with(reserved_vsid, Sender.HYPER_V, CURRENT) is UNKNOWN
    assert refused_with(reserved_vsid, Sender.OTHER, CURRENT) is MISMATCH
    assert refused_with(no_draft_00, Sender.HYPER_V, OLD) is UNKNOWN
    assert refused_with(no_draft_00, Sender.HYPER_V, CURRENT) is MISMATCH


def test_a_quote_without_its_key_says_nothing_against_its_layout() -> None:
    for layout in (OLD, CURRENT):
        assert refused_with(Tape().send(A, B, KEY)[:24], Sender.HYPER_V, layout) is MISMATCH


def test_every_two_hosts_that_refuse_each_others_keys_mismatch() -> None:
    tape = Tape()
    for one, two, key in ((A, B, 0x001E8481), (C, D, 0x00123456)):
        tape.error(two, one, Tape().send(one, two, key)[:28])
        tape.error(one, two, Tape().send(two, one, key << 8)[:28])
    found = diagnose_tapes(tape).refusals
    assert [refusal.cause for refusal in found] == [MISMATCH] * 4


# --- which flow -----------------------------------------------------------------------------


def flow(tape: Tape) -> tuple[str, str, int | None]:
    (refusal,) = diagnose_tapes(tape).refusals
    source, destination = (".".join(map(str, a)) for a in (refusal.source, refusal.destination))
    return source, destination, refusal.gre_key


def test_a_guests_own_tunnel_inside_nvgre_is_a_packet_of_the_hosts_around_it() -> None:
    tunnel = build.nvgre(
        VM1.ip, VM2.ip, 0x00777700, build.inner_frame(VM3.mac, VM4.mac, b"\0" * 40)
    )
    tape = Tape()
    tape.send(A, B, KEY, VM1, VM2, inner=tunnel)
    tape.unreachable(B, A, 0xFFFFFF00, tunnel)
    assert flow(tape) == (A, B, KEY)


def test_a_quoted_packet_between_hosts_is_theirs_though_guests_have_such_addresses() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    assert flow(tape) == (A, B, KEY)


def test_a_message_from_another_address_of_the_receiver_is_about_the_flow_that_was_heard() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.unreachable(C, A, 0xFFFFFF00, packet[28:])
    assert flow(tape) == (A, B, KEY)


def test_unless_two_addresses_were_sent_such_frames() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(A, D, KEY)
    tape.unreachable(C, A, 0xFFFFFF00, packet[28:])
    assert flow(tape) == (A, C, None)


def test_or_that_address_gets_frames_itself() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(A, C, 0x0F424000, VM3, VM4)
    tape.unreachable(C, A, 0xFFFFFF00, packet[28:])
    assert flow(tape) == (A, C, None)


def test_a_quote_with_its_ip_header_says_which_flow_it_is() -> None:
    tape = Tape()
    tape.send(A, D, KEY)
    tape.unreachable(C, A, 0xFFFFFF00, Tape().send(A, B, 0x0F424000)[:20])
    assert flow(tape)[:2] == (A, B)


def test_keys_that_each_end_refuses_say_nothing_of_a_time_when_both_seem_to_agree() -> None:
    """A was updated between the first refusal and the others."""
    tape = Tape()
    tape.wait(30)
    tape.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    tape.wait(100)
    tape.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    tape.error(B, A, Tape().send(A, B, KEY)[:28])

    def refused(margin: int) -> list[tuple[str, Cause, list[int]]]:
        before = span(OLD, LIKELY, margin, is_hard=False, frames=(1, 1))
        later = {"seconds": (120, 180), "frames": (2, 3)}
        spans = {
            A: [before, span(CURRENT, **later)],  # type: ignore[arg-type]
            B: [before, span(OLD, LIKELY, 3, is_hard=False, **later)],  # type: ignore[arg-type]
        }
        hosts = {
            build.ip(of): HostVerdict(build.ip(of), spans=found) for of, found in spans.items()
        }
        return [
            (row.source, row.cause, [at.frame_number for at in row.frames])
            for row in find_refusals(evidence_of(tape), [], hosts).facts
        ]

    of_b, of_a = build.ip(B), build.ip(A)
    assert refused(3) == [(of_a, MISMATCH, [3]), (of_b, MISMATCH, [2]), (of_b, UNKNOWN, [1])]
    # What is only guessed does not agree.
    assert refused(0) == [(of_a, MISMATCH, [3]), (of_b, MISMATCH, [1, 2])]


def of_a_mixed_host(*tapes: Tape) -> list[tuple[bytes, tuple[int, int], Cause]]:
    """What is refused where nothing says in which order captures tell other layouts of A."""
    one = HostVerdict(build.ip(A), is_unordered=True)
    found = find_refusals(evidence_of(*tapes), [], {build.ip(A): one}).facts
    return [(row.source, (row.sign.type, row.sign.code), row.cause) for row in found]


def test_only_3_10_is_explained_by_keys_that_each_end_refuses() -> None:
    tape = Tape()
    for code in (10, 3):
        tape.error(B, A, Tape().send(A, B, KEY)[:28], (3, code))
    tape.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    assert of_a_mixed_host(tape) == [
        (build.ip(A), (3, 3), UNKNOWN),
        (build.ip(A), (3, 10), MISMATCH),
        (build.ip(B), (3, 10), MISMATCH),
    ]


def test_either_of_two_captures_may_tell_that_the_other_end_refuses_as_well() -> None:
    near, far = Tape(), Tape()
    near.error(B, A, Tape().send(A, B, KEY)[:28])
    near.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    far.wait(9000)
    far.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    expected = [(build.ip(A), (3, 10), MISMATCH), (build.ip(B), (3, 10), MISMATCH)]
    assert [row for row in of_a_mixed_host(near, far) if row[2] is MISMATCH] == expected
    assert [row for row in of_a_mixed_host(far, near) if row[2] is MISMATCH] == expected


def test_inside_a_capture_frames_tell_how_near_refusals_are_where_its_clock_was_set_back() -> None:
    """The last refusal of one end and the first of the other lie 30 s apart, by any clock."""
    tape = Tape()
    for end in (A, B):
        start = tape.now_ns
        for _ in range(3):
            other, key = (B, KEY) if end == A else (A, KEY >> 8)
            tape.error(other, end, Tape().send(end, other, key)[:28])
            tape.wait(15)
        tape.now_ns = start
    assert {row[2] for row in of_a_mixed_host(tape)} == {UNKNOWN}
