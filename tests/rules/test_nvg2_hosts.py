"""NVG201 to NVG204: the layout of single hosts, by who sends and how sure it is."""

import pytest

from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import FrameRef, Subject
from nvgre_doctor.vocabulary import Assumption, Confidence, Kind, Layout, Sender, Severity
from tests import build
from tests.rules.asking import found, only
from tests.situations import (
    BOTH,
    CURRENT,
    CURRENT_5001,
    OLD,
    OLD_5001,
    UNKNOWN,
    Reason,
    by_value,
    change,
    host,
    situation,
    span,
    stream,
)
from tests.worlds import (
    MILLISECOND,
    NOON,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    Tape,
    findings_of,
    judge_tapes,
    vm,
)

PROVEN, LIKELY = Confidence.PROVEN, Confidence.LIKELY
LAYOUTS = (OLD, CURRENT, BOTH, UNKNOWN)


def frames(*numbers: int) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(0, number, NOON + (number - 1) * MILLISECOND) for number in numbers)


# --- NVG201 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "confidence", "severity"),
    [
        (Sender.HYPER_V, PROVEN, Severity.ERROR),
        (Sender.HYPER_V, LIKELY, Severity.WARNING),
        (Sender.UNCLEAR, PROVEN, Severity.WARNING),
        (Sender.UNCLEAR, LIKELY, Severity.WARNING),
        (Sender.OTHER, LIKELY, Severity.WARNING),
    ],
)
def test_only_a_hyper_v_host_that_is_proven_old_is_an_error(
    sender: Sender, confidence: Confidence, severity: Severity
) -> None:
    finding = only("NVG201", situation(host(A, OLD, sender=sender, confidence=confidence)))
    assert (finding.severity, finding.confidence) == (severity, confidence)
    assert finding.subject == Subject("host", ("192.168.50.1",))


@pytest.mark.parametrize("layout", [CURRENT, BOTH, UNKNOWN])
def test_a_host_of_another_layout_draws_no_nvg201(layout: Layout) -> None:
    assert found("NVG201", situation(host(A, layout))) == []


def test_a_host_that_changed_to_the_current_layout_draws_no_nvg201() -> None:
    updated = host(A, CURRENT, changes=[change(OLD, 4, CURRENT, 11)])
    assert found("NVG201", situation(updated)) == []


def test_nvg201_names_the_frames_of_its_reasons_that_the_host_sent_itself() -> None:
    sent = stream(A, B, OLD_5001, first=7)
    theirs = stream(B, A, CURRENT_5001, first=3, vms=(VM2, VM1))
    both = Reason(Kind.BOTH_DIRECTIONS, OLD, 4, (), 5001, (sent, theirs))
    finding = only("NVG201", situation(host(A, OLD, reasons=[both]), streams=(sent, theirs)))
    assert finding.frames == frames(7)
    assert finding.frame_count == 4
    assert "key 0x00001389 one way, 0x00138900 the other: both are VSID 5001" in finding.message


def test_nvg201_says_why_from_the_first_reason_for_the_old_layout() -> None:
    current = by_value(stream(A, B, 0x1E848100), CURRENT)
    reasons = [current, by_value(stream(A, B, OLD_5001))]
    message = only("NVG201", situation(host(A, OLD, reasons=reasons))).message
    assert ": key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved." in message
    assert "0x1e848100" not in message


def test_nvg201_names_its_first_five_frames_and_counts_all() -> None:
    sent = [stream(A, B, OLD_5001 + 256 * n, first=n, vms=(VM1, vm(n))) for n in range(1, 7)]
    reasons = [by_value(each) for each in sent]
    known = situation(host(A, OLD, reasons=reasons, frames_sent=24), streams=tuple(sent))
    finding = only("NVG201", known)
    assert finding.frames == frames(1, 2, 3, 4, 5)
    assert finding.frame_count == 24


def test_of_a_host_that_went_back_only_the_frames_since_then_count() -> None:
    before, since = stream(A, B, CURRENT_5001, first=1, last=4), stream(A, B, OLD_5001, first=11)
    known = host(
        A,
        OLD,
        spans=[span(CURRENT, 1, 4), span(OLD, 11, 14)],
        changes=[change(CURRENT, 4, OLD, 11)],
        frames_sent=8,
    )
    assert only("NVG201", situation(known, streams=(before, since))).frame_count == 4


def test_where_there_are_several_captures_each_has_a_filter_of_its_own_by_frame_numbers() -> None:
    spans = [span(CURRENT, 1, 4), span(OLD, 11, 14), span(OLD, 31, 34, capture=1)]
    known = host(A, OLD, spans=spans, changes=[change(CURRENT, 4, OLD, 11)])
    sent = f"ip.src#1 == {A} && ip.proto#1 == 47 && gre.proto#1 == 0x6558 && gre.key#1"
    alone = only("NVG201", situation(host(A, OLD, spans=spans[:2], changes=known.changes)))
    assert alone.display_filter == f"{sent} && frame.number in {{11..14}}"
    assert alone.display_filters == ()
    together = only("NVG201", situation(known, captures=3))
    assert together.display_filter == ""
    assert together.display_filters == (
        (0, f"{sent} && frame.number in {{11..14}}"),
        (1, sent),  # all that it sent there
    )
    change_of_layout = only("NVG202", situation(known, captures=3))
    assert change_of_layout.display_filters == ((0, f"{sent} && frame.number in {{4, 11}}"),)


# --- NVG202 ------------------------------------------------------------------


def changed(sender: Sender = Sender.HYPER_V, confidence: Confidence = PROVEN) -> Situation:
    return situation(
        host(
            A,
            CURRENT,
            sender=sender,
            confidence=confidence,
            spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)],
            changes=[change(OLD, 4, CURRENT, 11)],
        )
    )


@pytest.mark.parametrize("sender", [Sender.HYPER_V, Sender.UNCLEAR])
@pytest.mark.parametrize("confidence", [PROVEN, LIKELY])
def test_a_change_is_a_warning_with_the_frames_on_both_sides(
    sender: Sender, confidence: Confidence
) -> None:
    finding = only("NVG202", changed(sender, confidence))
    assert (finding.severity, finding.confidence) == (Severity.WARNING, confidence)
    assert finding.frames == frames(4, 11)
    assert finding.frame_count == 2


def test_no_change_is_told_of_a_sender_that_is_no_hyper_v_host() -> None:
    assert found("NVG202", changed(Sender.OTHER)) == []


def told_by_captures(old_margin: int = 4, **known: object) -> Situation:
    """One tells the old layout, two the current one, and nothing which came first."""
    spans = [
        span(OLD, 1, 4)._replace(margin=old_margin),
        span(CURRENT, 1, 4, 1),
        span(CURRENT, 5, 8, 2),
    ]
    return situation(host(A, CURRENT, spans=spans, is_unordered=True, **known), captures=3)


def test_layouts_of_captures_without_an_order_are_probably_a_change() -> None:
    finding = only("NVG202", told_by_captures())
    assert (finding.severity, finding.confidence) == (Severity.WARNING, LIKELY)
    assert finding.message == (
        "192.168.50.1 probably changed its layout: it speaks draft-00 in 1 capture and RFC 7637 in"
        " 2 captures. Nothing in them tells which came first."
    )
    assert [(ref.capture, ref.frame) for ref in finding.frames] == [(0, 1), (1, 1), (2, 5)]
    assert finding.display_filter == (
        "ip.src#1 == 192.168.50.1 && ip.proto#1 == 47 && gre.proto#1 == 0x6558 && gre.key#1"
    )
    assert finding.next_step == (
        "Find out which capture is the latest. If 192.168.50.1 speaks draft-00 in it, ask the host"
        " by its own name whether it has the update."
    )
    assert finding.check == "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME"


@pytest.mark.parametrize(("margin", "findings"), [(1, 0), (2, 1)])
def test_one_packet_in_another_capture_is_no_change(margin: int, findings: int) -> None:
    assert len(found("NVG202", told_by_captures(margin))) == findings


def test_nothing_of_that_is_said_where_the_order_is_known_or_the_captures_are_of_other_labs() -> (
    None
):
    known = told_by_captures()
    known.diagnosis.of_several_labs.append(build.ip(A))
    assert found("NVG202", known) == []
    known = told_by_captures()
    known.host(build.ip(A)).is_unordered = False
    assert found("NVG202", known) == []
    assert found("NVG202", told_by_captures(sender=Sender.OTHER)) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_host_without_a_change_draws_no_nvg202(layout: Layout) -> None:
    assert found("NVG202", situation(host(A, layout))) == []


def test_a_change_is_told_beside_hosts_that_did_not_change() -> None:
    moved = host(B, CURRENT, changes=[change(OLD, 4, CURRENT, 11)])
    finding = only("NVG202", situation(host(A, CURRENT), moved))
    assert finding.subject.hosts == ("192.168.50.2",)


def test_a_change_is_told_beside_a_sender_that_is_no_hyper_v_host() -> None:
    other = host(A, CURRENT, sender=Sender.OTHER)
    moved = host(B, CURRENT, changes=[change(OLD, 4, CURRENT, 11)])
    finding = only("NVG202", situation(other, moved))
    assert finding.subject.hosts == ("192.168.50.2",)


def test_a_host_that_was_updated_is_not_told_to_update() -> None:
    for finding in findings_of(changed()):
        assert "nstall KB" not in finding.next_step


# --- NVG203 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "severities"),
    [
        (Sender.HYPER_V, [Severity.ERROR]),
        (Sender.UNCLEAR, [Severity.WARNING]),
        (Sender.OTHER, []),
    ],
)
def test_both_layouts_at_once_are_an_error_of_hyper_v_and_nothing_of_others(
    sender: Sender, severities: list[Severity]
) -> None:
    known = situation(host(A, BOTH, sender=sender))
    assert [finding.severity for finding in found("NVG203", known)] == severities


def test_nvg203_tells_one_reason_for_each_layout() -> None:
    one, two = stream(A, B, OLD_5001, first=1), stream(A, B, 0x1E848100, first=2)
    reasons = [by_value(two, CURRENT), by_value(two, CURRENT), by_value(one, OLD)]
    finding = only("NVG203", situation(host(A, BOTH, reasons=reasons)))
    assert finding.frames == frames(1, 2)
    assert finding.message.count("; and ") == 1


@pytest.mark.parametrize("layout", [OLD, CURRENT, UNKNOWN])
def test_a_host_of_one_layout_draws_no_nvg203(layout: Layout) -> None:
    assert found("NVG203", situation(host(A, layout))) == []


def test_a_host_that_sends_both_is_told_beside_hosts_that_do_not() -> None:
    finding = only("NVG203", situation(host(A, OLD), host(B, BOTH)))
    assert finding.subject.hosts == ("192.168.50.2",)


# --- NVG204 ------------------------------------------------------------------


def test_a_host_that_sent_data_in_an_unknown_layout_is_a_warning_and_one_that_did_not_a_note() -> (
    None
):
    known = situation(host(A, UNKNOWN), host(B, UNKNOWN, frames_sent=0))
    assert [(f.subject.hosts, f.severity, f.confidence) for f in found("NVG204", known)] == [
        (("192.168.50.1",), Severity.WARNING, Confidence.NONE),
        (("192.168.50.2",), Severity.INFO, Confidence.NONE),
    ]


@pytest.mark.parametrize("layout", [OLD, CURRENT, BOTH])
@pytest.mark.parametrize("confidence", [PROVEN, LIKELY])
def test_a_host_that_is_known_or_likely_draws_no_nvg204(
    layout: Layout, confidence: Confidence
) -> None:
    assert found("NVG204", situation(host(A, layout, confidence=confidence))) == []


def test_a_host_that_sent_nothing_has_no_frames_and_no_filter_that_would_show_nothing() -> None:
    finding = only("NVG204", situation(host(B, UNKNOWN, frames_sent=0)))
    assert (finding.frames, finding.frame_count, finding.display_filter) == ((), 0, "")


def test_nvg204_names_what_the_host_sent_and_not_what_only_a_quote_tells() -> None:
    sent = stream(A, B, 0x00501234, first=3)
    quoted = stream(A, B, 0x00601234, first=1, frames=0)
    finding = only("NVG204", situation(host(A, UNKNOWN), streams=(quoted, sent)))
    assert finding.frames == frames(3)


def test_the_lowest_key_that_fits_both_layouts_is_named() -> None:
    sent = (stream(A, B, 7), stream(A, B, 0x00200281), stream(A, B, 0x001E8481, vms=(VM3, VM4)))
    message = only("NVG204", situation(host(A, UNKNOWN), streams=sent)).message
    assert "key 0x001e8481 is" in message
    assert message.endswith(" is valid under both layouts.")


def test_a_key_that_may_be_repeated_is_told_before_one_that_is_reserved() -> None:
    sent = (stream(A, B, 7), stream(A, B, 0x1E848100))
    message = only("NVG204", situation(host(A, UNKNOWN), streams=sent)).message
    assert "key 0x1e848100 may" in message
    assert message.endswith(" may only repeat what the other host sends.")


def test_a_host_of_which_no_stream_is_kept_says_so() -> None:
    message = only("NVG204", situation(host(A, UNKNOWN))).message
    assert message.endswith(" cannot be told: its keys are not told apart here.")


# --- what reasons say --------------------------------------------------------

PAIR = (Assumption.RESTART, Assumption.VM_PAIR, Assumption.UNIQUE)


def why(reason: Reason) -> str:
    message = only("NVG201", situation(host(A, OLD, reasons=[reason]))).message
    return message.partition("(draft-00): ")[2]


def test_a_peer_that_is_known_says_why_it_is() -> None:
    known = by_value(stream(B, C, OLD_5001, vms=(VM3, VM4)))
    sent = stream(A, B, 0x00501234)
    reason = Reason(
        Kind.SAME_LAYOUT_PEER, OLD, 2, PAIR, 0x501234, (sent,), bytes([192, 168, 50, 2]), (known,)
    )
    assert why(reason) == (
        "VM pair 00:15:5d:0a:00:01 / :02 has one VSID, and 192.168.50.2 speaks draft-00 (key"
        " 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved), so key 0x00501234"
        " is draft-00."
    )


def test_a_peer_of_the_other_layout_is_told_with_its_own() -> None:
    known = by_value(stream(B, A, 0x50123400, vms=(VM2, VM1)), CURRENT)
    sent = stream(A, B, 0x00501234)
    reason = Reason(
        Kind.SAME_LAYOUT_PEER, OLD, 2, PAIR, 0x501234, (sent,), bytes([192, 168, 50, 2]), (known,)
    )
    assert "and 192.168.50.2 speaks RFC 7637 (key 0x50123400 is VSID 5247540; " in why(reason)
    assert why(reason).endswith("), so key 0x00501234 is draft-00.")


def test_a_peer_without_a_reason_is_named_all_the_same() -> None:
    reason = Reason(Kind.SAME_LAYOUT_PEER, OLD, 2, PAIR, None, (stream(A, B, OLD_5001),), bytes(4))
    assert why(reason) == (
        "VM pair 00:15:5d:0a:00:01 / :02 has one VSID, and 0.0.0.0 speaks draft-00, so key"
        " 0x00001389 is draft-00."
    )


def test_a_change_tells_both_keys_in_order_of_time() -> None:
    later, earlier = stream(A, B, OLD_5001, first=9), stream(A, B, CURRENT_5001, first=1)
    reason = Reason(Kind.LAYOUT_CHANGE, OLD, 2, PAIR, 5001, (later, earlier))
    assert why(reason) == (
        "VM 00:15:5d:0a:00:01 sent key 0x00138900 and then 0x00001389: both are VSID 5001."
    )


def test_the_same_key_on_both_sides_of_a_silence_is_told_as_that() -> None:
    known = by_value(stream(A, C, OLD_5001))
    one, two = stream(A, B, 0x00501234, first=9), stream(A, B, 0x00501234, first=1)
    reason = Reason(
        Kind.LAYOUT_CHANGE, OLD, 2, PAIR, None, (one, two), bytes([192, 168, 50, 1]), (known,)
    )
    assert why(reason) == (
        "VM pair 00:15:5d:0a:00:01 / :02 has key 0x00501234 before a silence and after it, so one"
        " layout (key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved)."
    )


def test_flow_ids_are_told_with_the_keys_of_one_vm_pair() -> None:
    sent = [stream(A, B, 0x00138900 + n, first=n + 1) for n in (9, 1, 5, 7)]
    reason = Reason(Kind.FLOW_ID, CURRENT, 4, PAIR, 5001, tuple(sent))
    finding = only("NVG203", situation(host(A, BOTH, reasons=[reason])))
    assert finding.message == (
        "192.168.50.1 sends both layouts at the same time: VM pair 00:15:5d:0a:00:01 / :02 uses"
        " keys 0x00138901, 0x00138905, 0x00138907 and 1 more: one VSID 5001, several FlowIDs."
    )


def test_flow_ids_of_one_conversation_are_told_with_both_ways() -> None:
    there, back = stream(A, B, 0x00138901), stream(B, A, 0x001389F0, vms=(VM2, VM1))
    reason = Reason(Kind.FLOW_ID, CURRENT, 4, PAIR, 5001, (there, back))
    finding = only("NVG203", situation(host(A, BOTH, reasons=[reason])))
    assert (
        "uses keys 0x00138901 one way and 0x001389f0 back, in one conversation: one VSID 5001"
        in finding.message
    )


@pytest.mark.parametrize(
    ("kind", "layout", "key", "said"),
    [
        (
            Kind.LOW_OCTET,
            OLD,
            0x001E8481,
            "every VM pair with key 0x001e8481 has the same low octet; FlowIDs would differ from"
            " flow to flow.",
        ),
        (
            Kind.INVENTORY,
            OLD,
            0x001E8481,
            "key 0x001e8481 read as TNI 2000001 is in the inventory; read as VSID 7812 it is not.",
        ),
    ],
)
def test_what_is_no_frame_by_itself_is_told_with_a_key(
    kind: Kind, layout: Layout, key: int, said: str
) -> None:
    assert why(Reason(kind, layout, 1, (), None, (stream(A, B, key),))) == said


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            Kind.LOW_OCTET,
            "the low octet of every key is 0, as in 0x1e848100: a host that generates no FlowID",
        ),
        (
            Kind.INVENTORY,
            "key 0x1e848100 read as VSID 2000001 is in the inventory; read as TNI 8683776 it is"
            " not",
        ),
        (
            Kind.RANGE,
            "key 0x1e848100 is VSID 2000001; as a TNI its top octet would have to be 0, and it is"
            " 30",
        ),
    ],
)
def test_the_current_layout_is_told_likewise(kind: Kind, said: str) -> None:
    reason = Reason(kind, CURRENT, 1, (), None, (stream(A, B, 0x1E848100),))
    assert said in only("NVG203", situation(host(A, BOTH, reasons=[reason]))).message


# --- from frames -------------------------------------------------------------


def test_a_host_that_was_never_seen_has_an_empty_verdict() -> None:
    unseen = judge_tapes(Tape()).host(bytes([10, 0, 0, 1]))
    assert (unseen.layout, unseen.confidence, unseen.sender) == (
        UNKNOWN,
        Confidence.NONE,
        Sender.UNCLEAR,
    )


def test_of_a_host_with_both_layouts_that_changed_frames_of_each_time_are_shown() -> None:
    before, after = stream(A, B, OLD_5001, first=2), stream(A, B, OLD_5001, first=12)
    both = host(
        A,
        BOTH,
        spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)],
        changes=[change(OLD, 4, CURRENT, 11)],
        reasons=[by_value(before), by_value(after)],
    )
    finding = only("NVG203", situation(both, streams=(before, after)))
    assert [frame.frame for frame in finding.frames] == [2]
