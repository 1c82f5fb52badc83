"""The verdict in one word and in the one line that everybody reads."""

import pytest

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.infer.diagnosis import Contradiction
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, PairVerdict, Sender
from tests import build
from tests.situations import (
    CURRENT,
    CURRENT_5001,
    OLD,
    OLD_5001,
    UNKNOWN,
    at,
    change,
    host,
    macs,
    mismatch,
    pair,
    refusal,
    situation,
    span,
)
from tests.worlds import A6, B6, A, B, C, D, report_of

ROUTER = "192.168.50.254"
AGREE, LIKELY = PairVerdict.AGREE, Confidence.LIKELY


def told(known: Situation) -> tuple[str, str]:
    report = report_of(known)
    return report.verdict.value, report.headline


def likely(address: str, layout: Layout = CURRENT, **known: object) -> HostVerdict:
    return host(address, layout, confidence=LIKELY, **known)


def hosts(*verdicts: HostVerdict, **known: object) -> Situation:
    return situation(*verdicts, **known)  # type: ignore[arg-type]


# --- mismatch ----------------------------------------------------------------


def test_a_mismatch_that_is_proven() -> None:
    assert told(mismatch()) == (
        "mismatch",
        "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk.",
    )


def test_a_mismatch_that_is_only_likely_says_probably() -> None:
    known = hosts(likely(A), likely(B, OLD), pairs=(pair(A, B, confidence=LIKELY),))
    assert told(known) == (
        "mismatch",
        "192.168.50.2 probably still uses the old NVGRE layout; 192.168.50.1 probably does not."
        " Then they cannot talk.",
    )


@pytest.mark.parametrize("thin", [A, B])
def test_a_mismatch_that_one_frame_could_turn_round_is_undecided(thin: str) -> None:
    known = hosts(
        likely(A, margin=1 if thin == A else 9),
        likely(B, OLD, margin=1 if thin == B else 9, sender=Sender.UNCLEAR),
        pairs=(pair(A, B, confidence=LIKELY),),
    )
    assert told(known) == (
        "undecided",
        "Whether 192.168.50.1 and 192.168.50.2 use different layouts rests on a single frame.",
    )


@pytest.mark.parametrize(
    ("one", "two", "kind", "name"), [(A, B, (3, 10), "ICMP 3/10"), (A6, B6, (1, 1), "ICMPv6 1/1")]
)
def test_a_refusal_before_a_host_changed_its_layout(
    one: str, two: str, kind: tuple[int, int], name: str
) -> None:
    updated = host(
        two,
        CURRENT,
        spans=[span(OLD, 1, 20), span(CURRENT, 50, 90)],
        changes=[change(OLD, 20, CURRENT, 50)],
    )
    known = hosts(
        host(one, CURRENT, spans=[span(CURRENT, 1, 100)]),
        updated,
        refusals=(refusal(one, two, CURRENT_5001, Cause.LAYOUT_MISMATCH, kind=kind),),
        pairs=(pair(one, two, AGREE),),
    )
    assert told(known) == (
        "mismatch",
        f"Flows were refused with {name} while the layouts of two hosts differed.",
    )


def test_refusals_alone_of_each_others_shifted_keys_are_a_likely_mismatch() -> None:
    known = hosts(
        refusals=(
            refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH),
            refusal(B, A, OLD_5001, Cause.LAYOUT_MISMATCH),
        )
    )
    assert told(known) == (
        "mismatch",
        "192.168.50.1 and 192.168.50.2 refuse each other with ICMP 3/10, each the other's key:"
        " probably one of them still uses the old NVGRE layout. Then they cannot talk.",
    )


def test_a_likely_mismatch_of_the_past_says_probably() -> None:
    spans = [span(OLD, 1, 20)._replace(confidence=LIKELY), span(CURRENT, 50, 90)]
    known = hosts(
        host(A, CURRENT, spans=[span(CURRENT, 1, 100)]),
        likely(B, spans=spans, changes=[change(OLD, 20, CURRENT, 50)]),
        refusals=(refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH),),
    )
    assert told(known) == (
        "mismatch",
        "Flows were refused with ICMP 3/10, probably because the layouts of two hosts differed.",
    )


# --- refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "kind", "name"), [(A, B, (3, 10), "ICMP 3/10"), (A6, B6, (1, 1), "ICMPv6 1/1")]
)
def test_a_refusal_that_layouts_do_not_explain(
    one: str, two: str, kind: tuple[int, int], name: str
) -> None:
    known = hosts(
        host(one, CURRENT),
        host(two, CURRENT),
        refusals=(
            refusal(one, two, CURRENT_5001, Cause.POLICY, kind=kind),
            refusal(two, one, CURRENT_5001, kind=(3, 1), by=two),
        ),
    )
    assert told(known) == (
        "refused",
        f"{one} is refused by {two} with {name}, though both speak RFC 7637.",
    )


def test_a_third_address_that_refuses_is_named() -> None:
    known = hosts(
        host(A, UNKNOWN),
        host(B, UNKNOWN, frames_sent=0),
        refusals=(
            refusal(A, B, CURRENT_5001, Cause.THIRD_PARTY, by=ROUTER, is_inner=False),
            refusal(A, C, CURRENT_5001, Cause.THIRD_PARTY, by=D, is_inner=False),
        ),
    )
    assert told(known) == (
        "refused",
        "192.168.50.1 is refused by 192.168.50.254 on the way to 192.168.50.2, with ICMP 3/10, and"
        " the layouts are not known to differ.",
    )


def test_the_receiver_is_named_before_somebody_on_the_way() -> None:
    known = hosts(
        host(A, CURRENT),
        host(B, CURRENT),
        refusals=(
            refusal(A, B, None, Cause.THIRD_PARTY, by=ROUTER, is_inner=False, frames=(3,)),
            refusal(A, B, None, Cause.POLICY, frames=(4,)),
        ),
    )
    assert told(known)[1].startswith("192.168.50.1 is refused by 192.168.50.2 with ICMP 3/10")


def test_a_flow_of_nobody_knows_what_is_refused_all_the_same() -> None:
    known = hosts(
        host(A, CURRENT, sender=Sender.UNCLEAR),
        host(B, CURRENT, sender=Sender.UNCLEAR),
        refusals=(refusal(A, B, None),),
    )
    assert told(known)[0] == "refused"
    assert [(f.code, f.severity) for f in report_of(known).findings] == [("NVG303", "warning")]


# --- old layout --------------------------------------------------------------


def test_old_hosts_among_themselves() -> None:
    assert told(hosts(host(A), host(B))) == (
        "old-layout",
        "192.168.50.1, 192.168.50.2 use the old NVGRE layout. Hosts with KB2779768 cannot talk to"
        " them.",
    )


def test_an_old_host_that_is_only_likely() -> None:
    assert told(hosts(likely(A, OLD))) == (
        "old-layout",
        "192.168.50.1 probably uses the old NVGRE layout. Hosts with KB2779768 cannot talk to it.",
    )


@pytest.mark.parametrize("margin", [0, 1])
def test_an_old_host_for_which_too_little_speaks_is_undecided(margin: int) -> None:
    assert told(hosts(likely(A, OLD, margin=margin), host(B, CURRENT))) == (
        "undecided",
        "192.168.50.1 may use the old NVGRE layout, but too little was captured to say so.",
    )


def test_an_old_layout_of_nobody_knows_what_is_a_warning_that_says_so() -> None:
    assert told(hosts(likely(A, OLD, sender=Sender.UNCLEAR), host(B, CURRENT))) == (
        "warnings",
        "192.168.50.1 uses the old NVGRE layout, if this is NVGRE: nothing here says that for"
        " certain.",
    )


# --- undecided ---------------------------------------------------------------


def test_a_host_that_sent_data_and_is_unknown_is_undecided() -> None:
    assert told(hosts(host(A, CURRENT), host(B, UNKNOWN))) == (
        "undecided",
        "The layout of 192.168.50.2 cannot be told, so nobody knows whether all can talk.",
    )


def test_undecided_names_who_sends_what_back() -> None:
    known = hosts(
        host(A, UNKNOWN),
        host(B, UNKNOWN, frames_sent=0),
        refusals=(refusal(A, B, CURRENT_5001, kind=(3, 1), by=ROUTER, is_inner=False),),
    )
    assert told(known) == (
        "undecided",
        "192.168.50.1 is refused by 192.168.50.254 on the way to 192.168.50.2, with ICMP 3/1. The"
        " layout of 192.168.50.1 cannot be told, so nobody knows whether all can talk.",
    )


def test_a_host_that_only_receives_leaves_nothing_undecided() -> None:
    assert told(hosts(host(A, CURRENT), host(B, UNKNOWN, frames_sent=0)))[0] == "healthy"


def test_a_sender_of_plain_gre_leaves_nothing_undecided() -> None:
    known = hosts(host(A, CURRENT), host(B, UNKNOWN, sender=Sender.OTHER))
    assert told(known) == ("warnings", "No mismatch was found, but there is 1 warning.")


# --- warnings ----------------------------------------------------------------


def test_warnings_are_counted() -> None:
    case = Contradiction((build.ip(A), build.ip(B)), macs(), (1 << 20, 2 << 20), (at(1),))
    assert told(hosts(host(A, CURRENT), host(B, CURRENT), contradictions=(case, case))) == (
        "warnings",
        "No mismatch was found, but there are 2 warnings.",
    )


def test_what_comes_back_with_an_icmp_error_is_named_in_place_of_a_count() -> None:
    known = hosts(
        host(A, CURRENT),
        host(B, CURRENT),
        refusals=(refusal(A, B, CURRENT_5001, kind=(3, 2), is_inner=False),),
    )
    assert told(known) == (
        "warnings",
        "No mismatch was found, but 192.168.50.1 is refused by 192.168.50.2 with ICMP 3/2.",
    )


# --- healthy -----------------------------------------------------------------


def test_healthy_is_only_what_is_known() -> None:
    assert told(hosts(host(A, CURRENT), host(B, CURRENT))) == (
        "healthy",
        "All 2 hosts speak RFC 7637; nothing is refused.",
    )


def test_healthy_says_probably_where_a_host_is_only_likely() -> None:
    assert told(hosts(host(A, CURRENT), likely(B))) == (
        "healthy",
        "All 2 hosts probably speak RFC 7637; nothing is refused.",
    )


def test_healthy_says_probably_where_a_host_was_proven_before_a_silence_only() -> None:
    assert told(hosts(host(A, CURRENT), host(B, CURRENT, is_stale=True))) == (
        "healthy",
        "All 2 hosts probably speak RFC 7637; nothing is refused.",
    )


def test_healthy_says_whom_it_has_not_heard() -> None:
    known = hosts(host(A, CURRENT), host(B, UNKNOWN, frames_sent=0))
    assert told(known)[1] == "The only host that sends NVGRE speaks RFC 7637; nothing is refused."
    known = hosts(host(A, CURRENT), host(C, CURRENT), host(B, UNKNOWN, frames_sent=0))
    assert told(known)[1] == "All 2 hosts that send NVGRE speak RFC 7637; nothing is refused."


# --- no NVGRE ----------------------------------------------------------------


def plain(*addresses: str) -> list[HostVerdict]:
    return [host(address, UNKNOWN, sender=Sender.OTHER) for address in addresses]


def test_plain_gre_is_no_nvgre() -> None:
    assert told(hosts(*plain(A, B))) == (
        "no-nvgre",
        "No Hyper-V host sends here: 192.168.50.1, 192.168.50.2 send plain GRE, or NVGRE of another"
        " maker.",
    )


@pytest.mark.parametrize(
    ("kind", "said"), [((3, 10), "ICMP 3/10"), ((3, 3), "ICMP 3/3")], ids=["3/10", "3/3"]
)
def test_plain_gre_that_is_refused_says_by_whom(kind: tuple[int, int], said: str) -> None:
    known = hosts(*plain(A, B), refusals=(refusal(A, B, 1001, kind=kind, is_inner=False),))
    assert told(known)[0] == "no-nvgre"
    assert told(known)[1].endswith(
        f" of another maker. 192.168.50.1 is refused by 192.168.50.2 with {said}."
    )
    assert not [f for f in report_of(known).findings if f.severity == "error"]


def test_a_single_sender_that_may_be_hyper_v_makes_it_nvgre() -> None:
    known = hosts(*plain(A, B), host(C, CURRENT, sender=Sender.UNCLEAR))
    assert told(known)[0] == "warnings"


def test_a_capture_without_nvgre_has_none() -> None:
    known = situation(evidence=CaptureEvidence(100, 80))
    assert told(known) == (
        "no-nvgre",
        "There is no NVGRE data in this capture, so nothing can be said about layouts.",
    )


def test_hosts_that_were_left_out_are_told() -> None:
    known = situation(evidence=CaptureEvidence(100, 0))
    assert told(known) == (
        "no-nvgre",
        "All that looks like NVGRE here is of hosts that you named as not NVGRE, so nothing can be"
        " said about layouts.",
    )


def test_refusals_of_nobody_who_was_heard_are_not_nothing() -> None:
    known = situation(refusals=(refusal(A, B, None),))
    assert told(known)[0] == "refused"
