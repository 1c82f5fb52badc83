"""NVG302 to NVG305 and NVG307: what ICMP says about NVGRE flows."""

import pytest

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.infer.diagnosis import RefusalFacts
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Subject
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender, Severity
from tests import build
from tests.rules.asking import found, only
from tests.situations import (
    CURRENT,
    CURRENT_5001,
    OLD,
    OLD_5001,
    UNKNOWN,
    change,
    host,
    refusal,
    situation,
    span,
    stream,
)
from tests.worlds import A6, B6, VM1, VM2, A, B, C, D, Tape, findings_of, judge_tapes

CURRENT_KEY = 0x1E848105
ROUTER, ROUTER6 = "192.168.50.254", "fd00:50::fe"
MISMATCH, POLICY, THIRD = Cause.LAYOUT_MISMATCH, Cause.POLICY, Cause.THIRD_PARTY
LIKELY = Confidence.LIKELY


def heard(address: str, layout: Layout, **known: object) -> HostVerdict:
    """A host that spoke one layout all the time."""
    return host(address, layout, **{"spans": [span(layout, 1, 100)], **known})


def between(*refusals: RefusalFacts, **known: object) -> Situation:
    return situation(heard(A, CURRENT), heard(B, OLD, **known), refusals=refusals)


# --- NVG302 ------------------------------------------------------------------


@pytest.mark.parametrize("is_inner", [True, False])
def test_a_refusal_between_two_layouts_is_an_error_because_of_them(is_inner: bool) -> None:
    known = between(refusal(A, B, CURRENT_KEY, MISMATCH, is_inner=is_inner, frames=(4, 6)))
    finding = only("NVG302", known)
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert "2 x ICMP 3/10, because the layouts differ" in (finding.message)
    assert [ref.frame for ref in finding.frames] == [4, 6]
    assert found("NVG303", known) == []


def test_a_refusal_that_rests_on_a_likely_layout_is_likely() -> None:
    spans = [span(OLD, 1, 100)._replace(confidence=LIKELY)]
    known = between(refusal(A, B, CURRENT_KEY, MISMATCH), confidence=LIKELY, spans=spans)
    finding = only("NVG302", known)
    assert (finding.severity, finding.confidence) == (Severity.ERROR, LIKELY)
    assert ", probably because the layouts differ;" in finding.message
    assert finding.next_step.startswith("Find out first")


def test_packets_are_told_and_frames_are_counted() -> None:
    finding = only("NVG302", between(refusal(A, B, CURRENT_KEY, MISMATCH, count=3, sightings=12)))
    assert "3 x ICMP 3/10" in finding.message
    assert finding.frame_count == 12


@pytest.mark.parametrize(("one", "two"), [(A, B), (B, A)])
def test_of_refusals_alone_the_lower_key_is_the_old_one(one: str, two: str) -> None:
    known = situation(
        refusals=(
            refusal(one, two, CURRENT_5001, MISMATCH),
            refusal(two, one, OLD_5001, MISMATCH),
        )
    )
    findings = found("NVG302", known)
    assert [finding.confidence for finding in findings] == [LIKELY, LIKELY]
    assert all(f.next_step.startswith(f"Find out first what {two} is.") for f in findings)


def test_refusals_before_and_after_an_update_are_two_findings_with_the_advice_of_today() -> None:
    known = situation(
        heard(A, CURRENT),
        heard(
            B,
            CURRENT,
            spans=[span(OLD, 1, 20), span(CURRENT, 50, 90)],
            changes=[change(OLD, 20, CURRENT, 50)],
        ),
        refusals=(
            refusal(
                A, B, CURRENT_5001, MISMATCH, frames=(2, 4, 6, 8, 10), count=6, spells=((0, 2, 12),)
            ),
            refusal(
                A,
                B,
                CURRENT_5001,
                POLICY,
                frames=(60, 62, 64, 66, 68),
                count=6,
                spells=((0, 60, 70),),
            ),
        ),
    )
    before, after = only("NVG302", known), only("NVG303", known)
    assert "6 x ICMP 3/10" in before.message
    assert "6 x ICMP 3/10" in after.message
    assert before.display_filter.endswith(" && frame.number in {2..12}")
    assert after.display_filter.endswith(" && frame.number in {60..70}")
    assert before.next_step.startswith("Nothing to install: 192.168.50.2 speaks RFC 7637 by now.")


def test_in_several_captures_frame_numbers_divide_the_causes_where_one_has_both() -> None:
    rows = (
        refusal(A, B, CURRENT_5001, MISMATCH, frames=(2,), spells=((0, 2, 2), (0, 80, 90))),
        refusal(A, B, CURRENT_5001, POLICY, frames=(60,), spells=((0, 60, 70), (1, 5, 9))),
    )
    known = situation(heard(A, CURRENT), heard(B, OLD), refusals=rows, captures=2)
    error = (
        f"ip.src#1 == {B} && ip.dst#1 == {A} && ip.proto#1 == 47 && icmp.type == 3"
        f" && icmp.code == 10 && ip.src#2 == {B}"
    )
    by_layout, otherwise = only("NVG302", known), only("NVG303", known)
    assert (by_layout.display_filter, otherwise.display_filter) == ("", "")
    assert by_layout.display_filters == ((0, f"{error} && frame.number in {{2, 80..90}}"),)
    assert otherwise.display_filters == (
        (0, f"{error} && frame.number in {{60..70}}"),
        (1, error),
    )


def test_the_old_host_is_the_one_to_update_whoever_refuses() -> None:
    known = situation(
        heard(A, OLD), heard(B, CURRENT), refusals=(refusal(A, B, OLD_5001, MISMATCH),)
    )
    assert "provider address 192.168.50.1 (" in only("NVG302", known).next_step


# --- NVG303 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (POLICY, "The layouts agree: the policy is missing, the virtual machine moved, or a"),
        (Cause.UNKNOWN, "Whether the layouts differ is not known."),
    ],
)
def test_a_refusal_that_layouts_do_not_explain_says_what_is_known(cause: Cause, why: str) -> None:
    known = between(refusal(A, B, CURRENT_KEY, cause))
    assert why in only("NVG303", known).message
    assert found("NVG302", known) == []


@pytest.mark.parametrize(
    ("source", "receiver", "severity"),
    [
        (Sender.HYPER_V, Sender.HYPER_V, Severity.ERROR),
        (Sender.HYPER_V, Sender.OTHER, Severity.ERROR),
        (Sender.OTHER, Sender.HYPER_V, Severity.ERROR),
        (Sender.UNCLEAR, Sender.UNCLEAR, Severity.WARNING),
        (Sender.OTHER, Sender.OTHER, Severity.WARNING),
    ],
)
def test_a_refused_flow_is_an_error_only_where_one_end_is_a_hyper_v_host(
    source: Sender, receiver: Sender, severity: Severity
) -> None:
    known = situation(
        heard(A, CURRENT, sender=source),
        heard(B, CURRENT, sender=receiver),
        refusals=(refusal(A, B, CURRENT_KEY),),
    )
    finding = only("NVG303", known)
    assert finding.severity is severity
    is_plain = {source, receiver} == {Sender.OTHER}
    assert (" It is a plain GRE tunnel." in finding.message) is is_plain


@pytest.mark.parametrize("receiver", list(Sender))
def test_the_next_step_of_a_refusal_fits_who_refuses(receiver: Sender) -> None:
    known = situation(
        heard(A, CURRENT, sender=Sender.UNCLEAR),
        heard(B, CURRENT, sender=receiver),
        refusals=(refusal(A, B, CURRENT_KEY),),
    )
    finding = only("NVG303", known)
    has_cmdlet = "Get-" in f"{finding.next_step}{finding.check}"
    assert has_cmdlet is (receiver is Sender.HYPER_V)
    assert ("pass IP protocol 47" in finding.next_step) is (receiver is not Sender.HYPER_V)


def test_a_receiver_that_was_never_heard_is_hyper_v_if_its_sender_is() -> None:
    known = situation(heard(A, CURRENT), refusals=(refusal(A, B, CURRENT_KEY),))
    assert only("NVG303", known).check == "Get-NetVirtualizationLookupRecord"


def test_a_third_address_has_a_finding_of_its_own_that_names_it() -> None:
    known = between(
        refusal(A, B, CURRENT_KEY, THIRD, by=ROUTER, is_inner=False, frames=(3,)),
        refusal(A, B, CURRENT_KEY, THIRD, by=D, is_inner=False, frames=(5,)),
        refusal(A, B, CURRENT_KEY, frames=(7,)),
    )
    third, end = found("NVG303", known)
    assert third.message.startswith("192.168.50.254, 192.168.50.4, on the way, refuse what")
    assert third.next_step.startswith("Let 192.168.50.254, 192.168.50.4 pass IP protocol 47")
    assert third.check is None
    assert end.message.startswith("192.168.50.2 refuses what")


def test_an_error_that_is_no_3_10_draws_neither_nvg302_nor_nvg303() -> None:
    known = between(refusal(A, B, CURRENT_KEY, kind=(3, 1)))
    assert found("NVG302", known) == found("NVG303", known) == []


def test_no_refusal_no_finding() -> None:
    assert [f.code for f in findings_of(between()) if f.code > "NVG301"] == []


# --- what their filters leave out --------------------------------------------


def test_only_captures_that_hold_an_error_have_a_filter_for_it() -> None:
    """The first holds both causes, of messages inside NVGRE and beside it, and the second a
    mismatch beside it.
    """
    rows = [
        refusal(A, B, CURRENT_5001, MISMATCH, frames=(2,), spells=((0, 2, 2),)),
        refusal(A, B, CURRENT_5001, POLICY, frames=(60,), spells=((0, 60, 60),)),
        refusal(
            A,
            B,
            CURRENT_5001,
            MISMATCH,
            is_inner=False,
            frames=(3,),
            spells=((0, 3, 3), (1, 5, 5)),
        ),
        refusal(A, B, CURRENT_5001, POLICY, is_inner=False, frames=(61,), spells=((0, 61, 61),)),
    ]
    known = situation(heard(A, CURRENT), heard(B, OLD), refusals=tuple(rows), captures=2)
    inside = (
        f"ip.src#1 == {B} && ip.dst#1 == {A} && ip.proto#1 == 47 && icmp.type == 3"
        f" && icmp.code == 10 && ip.src#2 == {B}"
    )
    beside = (
        f"ip.src#1 == {B} && ip.dst#1 == {A} && ip.proto#1 == 1 && icmp.type == 3"
        " && icmp.code == 10"
    )
    assert only("NVG302", known).display_filters == (
        (0, f"({beside} && frame.number in {{3}}) || ({inside} && frame.number in {{2}})"),
        (1, beside),
    )


def test_an_error_about_another_flow_of_the_same_two_is_told_apart_by_what_it_quotes() -> None:
    known = between(
        refusal(A, B, CURRENT_KEY, THIRD, by=ROUTER, is_inner=False),
        refusal(A, C, CURRENT_KEY, THIRD, by=ROUTER, is_inner=False),
        refusal(A, D, CURRENT_KEY, by=B),
        refusal(A, B, CURRENT_KEY, by=B),
    )
    filters = [(one.subject.hosts[1], one.display_filter) for one in found("NVG303", known)]
    assert all(" && icmp.type == 3 && icmp.code == 10 && " in text for _, text in filters)
    tails = {(host, text.rpartition(" && ")[2]) for host, text in filters}
    assert tails == {
        ("192.168.50.2", "ip.dst#2 == 192.168.50.2"),
        ("192.168.50.3", "ip.dst#2 == 192.168.50.3"),
        ("192.168.50.4", "ip.dst#3 == 192.168.50.4"),
        ("192.168.50.2", "ip.dst#3 == 192.168.50.2"),
    }


@pytest.mark.parametrize(
    ("one", "two", "kind", "tail"),
    [(A, B, (3, 10), "ip.proto#2 == 47"), (A6, B6, (1, 1), "ipv6.nxt#2 == 47")],
)
def test_an_error_about_other_traffic_of_the_same_two_is_told_apart(
    one: str, two: str, kind: tuple[int, int], tail: str
) -> None:
    rows = (refusal(one, two, CURRENT_KEY, kind=kind, is_inner=False),)
    known = situation(host(one, CURRENT), host(two, CURRENT), refusals=rows)
    assert tail not in only("NVG303", known).display_filter
    tape = Tape()
    tape.error(two, one, build.tcp(one, two, 1, 2), kind)
    part = judge_tapes(tape).evidence.captures[0]
    assert [sign.refuses_nvgre for sign in part.icmp] == [False]
    seen = CaptureEvidence(icmp=dict(part.icmp))
    besides = situation(host(one, CURRENT), refusals=rows, evidence=seen)
    assert only("NVG303", besides).display_filter.endswith(f" && {tail}")


def test_an_error_inside_a_tunnel_is_told_from_those_of_guests_by_its_inner_source() -> None:
    tape = Tape()
    tape.guest_refusal(B, A, CURRENT_KEY, VM2, VM1)
    part = judge_tapes(tape).evidence.captures[0]
    assert [(sign.is_inner, sign.refuses_nvgre) for sign in part.icmp] == [(True, False)]
    rows = (refusal(A, B, CURRENT_KEY),)
    seen = CaptureEvidence(icmp=dict(part.icmp))
    known = situation(host(A, CURRENT), refusals=rows, evidence=seen)
    assert only("NVG303", known).display_filter.endswith(" && ip.src#2 == 192.168.50.2")


# --- NVG304 ------------------------------------------------------------------


@pytest.mark.parametrize("kind", [(3, 10), (3, 4), (5, 10)])
def test_an_error_that_has_a_finding_of_its_own_draws_no_nvg304(kind: tuple[int, int]) -> None:
    assert found("NVG304", between(refusal(A, B, CURRENT_KEY, kind=kind))) == []


@pytest.mark.parametrize(
    ("kind", "by", "said"),
    [
        ((3, 9), ROUTER, "Let 192.168.50.254, on the way, pass IP protocol 47 (GRE)."),
        ((3, 13), ROUTER, "Let 192.168.50.254, on the way, pass IP protocol 47 (GRE)."),
        ((3, 13), B, "Let 192.168.50.2, the receiver itself, pass IP protocol 47 (GRE)."),
        ((3, 0), ROUTER, "Look at the routing of 192.168.50.254: what it refuses is on its way"),
        ((3, 1), ROUTER, "Look at the routing of 192.168.50.254: what it refuses is on its way"),
        ((11, 0), ROUTER, "Look at the routing of 192.168.50.254: what it refuses is on its way"),
        ((3, 3), B, "Compare the keys of both ends: they must be equal."),
        ((3, 2), B, "Find the host that has the provider address 192.168.50.2 (Get-"),
        ((3, 1), B, "Find the host that has the provider address 192.168.50.2 (Get-"),
        ((3, 77), ROUTER, "Find the host that has the provider address 192.168.50.2 (Get-"),
    ],
)
def test_the_next_step_fits_the_error_and_who_sent_it(
    kind: tuple[int, int], by: str, said: str
) -> None:
    known = between(refusal(A, B, CURRENT_KEY, kind=kind, by=by, is_inner=False))
    finding = only("NVG304", known)
    assert finding.severity is Severity.WARNING
    assert finding.next_step.startswith(said)


@pytest.mark.parametrize(
    ("kind", "by", "said"),
    [
        ((1, 5), ROUTER6, "Let fd00:50::fe, on the way, pass IP protocol 47 (GRE)."),
        ((1, 6), ROUTER6, "Let fd00:50::fe, on the way, pass IP protocol 47 (GRE)."),
        ((1, 6), B6, "Let fd00:50::2, the receiver itself, pass IP protocol 47 (GRE)."),
        ((1, 4), B6, "Compare the keys of both ends: they must be equal."),
        (
            (4, 1),
            B6,
            "Find the host that has the provider address fd00:50::2"
            " (Get-NetVirtualizationProviderAddress on the Hyper-V hosts): is network"
            " virtualization enabled there, on this adapter?",
        ),
    ],
)
def test_the_next_step_fits_the_error_over_ipv6_too(
    kind: tuple[int, int], by: str, said: str
) -> None:
    rows = (refusal(A6, B6, CURRENT_KEY, kind=kind, by=by, is_inner=False),)
    known = situation(heard(A6, CURRENT), heard(B6, OLD), refusals=rows)
    assert only("NVG304", known).next_step == said


@pytest.mark.parametrize(
    ("ends", "kind", "said"),
    [
        ((A, B), (3, 2), "there is no GRE at all on the receiver"),
        ((A, B), (3, 3), "the receiver has GRE, but no tunnel with this key"),
        ((A, B), (3, 9), "a filter"),
        ((A, B), (3, 13), "a filter"),
        ((A, B), (11, 0), "a routing loop, or a TTL that is too small"),
        ((A6, B6), (3, 0), "a routing loop, or a hop limit that is too small"),
        ((A6, B6), (4, 1), "there is no GRE at all on the receiver"),
    ],
)
def test_what_an_error_means_for_nvgre_is_said_behind_its_name(
    ends: tuple[str, str], kind: tuple[int, int], said: str
) -> None:
    rows = (refusal(*ends, CURRENT_KEY, kind=kind, is_inner=False),)
    known = situation(heard(ends[0], CURRENT), heard(ends[1], OLD), refusals=rows)
    assert f": {said})" in only("NVG304", known).message


def test_the_commonest_error_decides_the_next_step() -> None:
    known = between(
        refusal(A, B, CURRENT_KEY, kind=(3, 1), by=ROUTER, is_inner=False, count=2),
        refusal(A, B, CURRENT_KEY, kind=(3, 13), by=D, is_inner=False, count=3),
    )
    assert only("NVG304", known).next_step == (
        "Let 192.168.50.4, on the way, pass IP protocol 47 (GRE)."
    )


@pytest.mark.parametrize("sender", [Sender.OTHER, Sender.UNCLEAR])
def test_no_cmdlet_is_named_where_nothing_looks_like_hyper_v(sender: Sender) -> None:
    for kind in ((3, 2), (3, 3), (3, 1), (3, 9), (3, 77)):
        known = situation(
            heard(A, UNKNOWN, sender=sender),
            heard(B, UNKNOWN, sender=sender),
            refusals=(refusal(A, B, CURRENT_KEY, kind=kind, is_inner=False),),
        )
        finding = only("NVG304", known)
        assert "Get-" not in f"{finding.next_step}{finding.check}"


def test_keys_of_both_ends_are_compared_as_plain_numbers() -> None:
    known = situation(
        heard(A, UNKNOWN, sender=Sender.OTHER),
        heard(B, UNKNOWN, sender=Sender.OTHER),
        streams=(
            *(stream(A, B, key) for key in (1001, 5001, 70000, 80000)),
            stream(B, A, 1002, vms=(VM2, VM1)),
        ),
        refusals=(refusal(A, B, 1001, kind=(3, 3), is_inner=False),),
    )
    assert only("NVG304", known).next_step == (
        "Compare the keys of both ends: 192.168.50.1 sends 0x000003e9 (1001), 0x00001389 (5001),"
        " 0x00011170 (70000) and 1 more; 192.168.50.2 sends 0x000003ea (1002)."
    )


# --- NVG305 ------------------------------------------------------------------


def test_what_is_too_big_is_a_warning_with_all_sizes_and_all_who_say_so() -> None:
    known = between(
        refusal(A, B, None, kind=(3, 4), by=ROUTER, is_inner=False, mtu=1500, sightings=4),
        refusal(A, B, None, kind=(3, 4), by=ROUTER, is_inner=False, mtu=1400),
        refusal(A, B, None, kind=(3, 4), by=B, is_inner=False),
    )
    finding = only("NVG305", known)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert "3 packets refused as too big by 192.168.50.2, 192.168.50.254." in finding.message
    assert "The path allows 1400, 1500 bytes." in finding.message
    assert finding.frame_count == 6


def test_what_is_too_big_over_ipv6_is_told_by_nvg305_alone() -> None:
    rows = (refusal(A6, B6, None, kind=(2, 0), by=ROUTER6, is_inner=False, mtu=1280),)
    known = situation(heard(A6, CURRENT), heard(B6, OLD), refusals=rows)
    assert "The path allows 1280 bytes." in only("NVG305", known).message
    assert found("NVG304", known) == []


def test_other_errors_draw_no_nvg305() -> None:
    assert found("NVG305", between(refusal(A, B, CURRENT_KEY, kind=(3, 13)))) == []


def fragments(*packets: bytes) -> Situation:
    tape = Tape()
    for packet in packets:
        tape.put(packet)
    return judge_tapes(tape)


PAYLOAD = build.gre(
    build.inner_frame(VM1.mac, VM2.mac, build.ipv4(VM1.ip, VM2.ip, 17, bytes(200))), CURRENT_KEY
)


def test_outer_fragments_are_counted_with_those_that_follow() -> None:
    first = build.ipv4(A, B, 47, PAYLOAD[:96], fragment=0x2000, ident=77)
    later = build.ipv4(A, B, 47, PAYLOAD[96:], fragment=12, ident=77)
    finding = only("NVG305", fragments(first, later))
    assert finding.message == (
        "NVGRE from 192.168.50.1 to 192.168.50.2 is fragmented: 2 outer fragments."
    )
    assert (finding.frame_count, [ref.frame for ref in finding.frames]) == (2, [1, 2])


def test_a_later_fragment_alone_may_be_anything() -> None:
    assert found("NVG305", fragments(build.ipv4(A, B, 47, PAYLOAD[96:], fragment=12))) == []


def test_later_fragments_of_one_flow_do_not_hide_another_and_all_are_counted() -> None:
    alone = build.ipv4(A, B, 47, PAYLOAD[96:], fragment=12)
    first = [build.ipv4(C, B, 47, PAYLOAD[:96], fragment=0x2000, ident=n) for n in range(7)]
    finding = only("NVG305", fragments(alone, *first))
    assert finding.subject.hosts == (C, B)
    assert (finding.frame_count, len(finding.frames)) == (7, 5)


def test_a_whole_packet_is_no_fragment() -> None:
    assert found("NVG305", fragments(build.ipv4(A, B, 47, PAYLOAD))) == []


# --- NVG307 ------------------------------------------------------------------


def test_a_redirect_is_a_note_to_the_sender() -> None:
    known = between(refusal(A, B, CURRENT_KEY, kind=(5, 10), frames=(4, 6)))
    finding = only("NVG307", known)
    assert finding.severity is Severity.INFO
    assert "2 REDIRECT messages" in finding.message
    assert "provider address 192.168.50.1 (" in finding.next_step


def test_a_refusal_is_no_redirect() -> None:
    assert found("NVG307", between(refusal(A, B, CURRENT_KEY))) == []
