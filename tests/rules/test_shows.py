"""What each rule says of a single frame, word for word, and of which frames it says nothing."""

import pytest

from nvgre_doctor.infer.diagnosis import Contradiction, Copies, Stray
from nvgre_doctor.known.expectations import parse_expected
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.frames import Errors, frame_of
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Cause, Confidence
from nvgre_doctor.wire.decode import decode
from tests import build
from tests.situations import (
    CURRENT,
    OLD,
    UNKNOWN,
    at,
    change,
    host,
    macs,
    pair,
    refusal,
    situation,
    span,
    stream,
)
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape, judge_tapes

OLD_KEY, NEW_KEY, EITHER = 0x00001389, 0x20004200, 0x00138900


def claims(
    code: str, known: Situation, tape: Tape, number: int = 1, cut: int | None = None
) -> list[tuple[tuple[str, ...], str]]:
    """What the rule says of the last frame of a tape, which has this number in its capture."""
    (rule,) = (rule for rule in RULES if rule.code == code)
    _, data, *_ = tape.frames[-1]
    facts = decode(1, data[:cut], len(data))
    frame = frame_of(facts, at(number), Errors(known.evidence, known.diagnosis))
    return [(claim.hosts, claim.text) for claim in rule.shows(known)(frame)]


def data(key: int = EITHER, source: str = A, destination: str = B, **more: object) -> Tape:
    tape = Tape()
    tape.send(source, destination, key, **more)  # type: ignore[arg-type]
    return tape


def refused(by: str = B, to: str = A, key: int = EITHER, kind: tuple[int, int] = (3, 10)) -> Tape:
    """By the underlay, a packet from `to` to B."""
    tape = Tape()
    tape.error(by, to, Tape().send(to, B, key)[:28], kind)
    return tape


# --- NVG102 ------------------------------------------------------------------------------


def test_control_traffic_that_is_cut_is_told_and_whole_control_traffic_is_not() -> None:
    tape = data(0xFFFFFF00)
    said = "control traffic, cut before it can be seen whether it refuses"
    assert claims("NVG102", situation(), tape, cut=60) == [((), said)]
    assert claims("NVG102", situation(), tape) == []
    assert claims("NVG102", situation(), data(), cut=60) == []
    cut = "this frame is cut before the GRE key"
    assert claims("NVG102", situation(), data(), cut=40) == [((), cut)]


# --- NVG201, NVG202, NVG205 ----------------------------------------------------------------


def test_a_key_that_is_no_tni_is_shown_without_one() -> None:
    known = situation(host(A, OLD))
    says = f"{A} uses the old NVGRE layout (draft-00): key"
    assert claims("NVG201", known, data(OLD_KEY)) == [((A,), f"{says} 0x00001389 is TNI 5001")]
    assert claims("NVG201", known, data(NEW_KEY)) == [((A,), f"{says} 0x20004200")]
    assert claims("NVG201", known, data(OLD_KEY, B, A)) == []
    assert claims("NVG201", known, refused(A, B)) == []


CHANGED = host(
    A,
    CURRENT,
    spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)],
    changes=[change(OLD, 4, CURRENT, 11)],
)


@pytest.mark.parametrize(("number", "is_shown"), [(2, True), (4, True), (11, False)])
def test_the_old_layout_of_a_host_that_changed_is_shown_while_it_is_spoken(
    number: int, is_shown: bool
) -> None:
    text = f"{A} uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001"
    expected = [((A,), text)] * is_shown
    assert claims("NVG201", situation(CHANGED), data(OLD_KEY), number) == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (4, f"here {A} speaks draft-00 for the last time"),
        (11, f"here {A} speaks RFC 7637 for the first time"),
        (5, None),
    ],
)
def test_a_change_is_shown_on_both_sides(number: int, text: str | None) -> None:
    expected = [] if text is None else [((A,), text)]
    assert claims("NVG202", situation(CHANGED), data(), number) == expected
    assert claims("NVG202", situation(CHANGED), refused(A, B), number) == []
    assert claims("NVG202", situation(CHANGED), web(), number) == []


def web() -> Tape:
    tape = Tape()
    tape.web()
    return tape


def expecting(known: Situation, **layouts: str) -> Situation:
    return known._replace(expected=parse_expected({A: "rfc7637"} | layouts))


@pytest.mark.parametrize(("number", "is_shown"), [(1, True), (4, True), (12, False)])
def test_a_layout_that_is_not_expected_is_shown_while_it_is_spoken(
    number: int, is_shown: bool
) -> None:
    text = f"{A} uses draft-00, and RFC 7637 is expected of it"
    expected = [((A,), text)] * is_shown
    assert claims("NVG205", expecting(situation(CHANGED)), data(), number) == expected


def test_of_frames_that_are_no_data_or_of_other_hosts_nothing_is_expected() -> None:
    known = expecting(situation(host(A, OLD), host(B, OLD)))
    assert claims("NVG205", known, data()) != []
    assert claims("NVG205", known, data(EITHER, B, A)) == []
    assert claims("NVG205", known, refused(A, B)) == []
    assert claims("NVG205", known, web()) == []
    assert claims("NVG205", expecting(situation(host(A, CURRENT))), data()) == []
    assert claims("NVG205", expecting(situation(host(A, UNKNOWN))), data()) == []


# --- NVG301, NVG306, NVG308 -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "cannot"),
    [(Confidence.PROVEN, "cannot"), (Confidence.LIKELY, "probably cannot")],
)
def test_frames_between_two_layouts_are_shown_as_sure_as_they_are(
    confidence: Confidence, cannot: str
) -> None:
    known = situation(host(A, OLD), host(B, CURRENT), pairs=(pair(A, B, confidence=confidence),))
    text = f"{A} (draft-00) and {B} (RFC 7637) {cannot} talk: they use different layouts"
    for tape in (data(), data(EITHER, B, A)):
        assert claims("NVG301", known, tape) == [((A, B), text)]
    assert claims("NVG301", known, refused()) == []
    assert claims("NVG301", known, web()) == []


@pytest.mark.parametrize(("number", "is_shown"), [(2, False), (4, False), (11, True), (14, True)])
def test_frames_between_two_are_shown_while_their_layouts_differ(
    number: int, is_shown: bool
) -> None:
    other = host(B, OLD, spans=[span(OLD, 1, 20)])
    known = situation(CHANGED, other, pairs=(pair(A, B),))
    text = f"{A} (RFC 7637) and {B} (draft-00) cannot talk: they use different layouts"
    assert claims("NVG301", known, data(), number) == [((A, B), text)] * is_shown


def test_frames_between_equal_or_unknown_layouts_are_not_shown() -> None:
    for layout in (OLD, UNKNOWN):
        assert claims("NVG301", situation(host(A, OLD), host(B, layout)), data()) == []


def test_a_vm_pair_of_one_direction_is_shown() -> None:
    sent, other = stream(A, B, EITHER), stream(B, A, EITHER, vms=(VM4, VM3))
    known = situation(host(A), host(B), streams=(sent, other), pairs=(pair(A, B),))
    text = "VM pair 00:15:5d:0a:00:01 / :02 is heard in this direction only"
    assert claims("NVG306", known, data()) == [((A, B), text)]
    assert claims("NVG306", known, data(EITHER, A, B, source_vm=VM3, destination_vm=VM4)) == []
    assert claims("NVG306", known, refused()) == []
    assert claims("NVG306", known, web()) == []


def test_a_vm_pair_that_contradicts_itself_is_shown_both_ways() -> None:
    case = Contradiction((build.ip(A), build.ip(B)), macs(), (EITHER, OLD_KEY), (at(1),))
    known = situation(host(A), host(B), contradictions=(case,))
    for tape, names in (
        (data(), "00:15:5d:0a:00:01 / :02"),
        (data(EITHER, B, A, source_vm=VM2, destination_vm=VM1), "00:15:5d:0a:00:02 / :01"),
    ):
        text = f"VM pair {names} has ids that no layouts make equal: here key 0x00138900"
        assert claims("NVG308", known, tape) == [((A, B), text)]
    assert claims("NVG308", known, data(EITHER, C, B)) == []
    assert claims("NVG308", known, data(EITHER, source_vm=VM3)) == []
    assert claims("NVG308", known, refused()) == []


# --- NVG302, NVG303, NVG305 ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "code"), [(Cause.LAYOUT_MISMATCH, "NVG302"), (Cause.POLICY, "NVG303")]
)
def test_a_refusal_has_the_code_of_its_cause(cause: Cause, code: str) -> None:
    known = situation(refusals=(refusal(A, B, EITHER, cause, is_inner=False, frames=(5,)),))
    why = {"NVG302": "their layouts differ", "NVG303": "the layouts do not explain it"}
    text = f"{B} refuses what {A} sends (ICMP 3/10, key 0x00138900): {why[code]}"
    for each in why:
        assert claims(each, known, refused(), 5) == [((A, B), text)] * (each == code)
        assert claims(each, known, refused(kind=(3, 13)), 5) == []
        assert claims(each, known, data(), 5) == []


def test_who_refuses_on_the_way_is_told() -> None:
    text = (
        f"192.0.2.1 refuses what {A} sends to {B} (ICMP 3/10, key 0x00138900): the layouts do not"
        " explain it"
    )
    assert claims("NVG303", situation(), refused("192.0.2.1")) == [((A, B), text)]


def test_a_packet_that_is_too_big_is_shown_with_the_mtu_where_it_is_given() -> None:
    tape = Tape()
    quote = Tape().send(A, B, EITHER)[:28]
    for mtu, more in ((1400, ", the path allows 1400 bytes"), (0, "")):
        tape.error("192.0.2.1", A, quote, (3, 4), rest=mtu)
        text = f"NVGRE from {A} to {B} is too big (ICMP 3/4 from 192.0.2.1{more})"
        assert claims("NVG305", situation(), tape) == [((A, B), text)]
    assert claims("NVG305", situation(), refused()) == []


# --- NVG401, NVG404, NVG405 ------------------------------------------------------------------


def test_a_reserved_key_is_shown() -> None:
    says = "key 0x00000002 is valid under neither layout"
    assert claims("NVG401", situation(), data(2)) == [((A,), says)]
    assert claims("NVG401", situation(), data()) == []
    assert claims("NVG401", situation(), refused(key=2)) == []
    assert claims("NVG401", situation(), web()) == []


@pytest.mark.parametrize(("number", "is_shown"), [(2, False), (12, True)])
def test_a_reserved_vsid_is_shown_while_its_host_speaks_rfc_7637(
    number: int, is_shown: bool
) -> None:
    expected = [((A,), "key 0x00001389 is valid under neither layout")] * is_shown
    assert claims("NVG401", situation(CHANGED), data(OLD_KEY), number) == expected
    assert claims("NVG401", situation(CHANGED), data(OLD_KEY, B, A), number) == []


def test_an_id_that_is_not_listed_is_shown() -> None:
    known = situation(
        host(A), streams=(stream(A, B, EITHER),), inventory=Inventory(frozenset({7777}))
    )
    says = "key 0x00138900 is not in the inventory"
    assert claims("NVG404", known, data()) == [((A,), says)]
    assert claims("NVG404", known, data(EITHER, B, A)) == []
    assert claims("NVG404", known, refused()) == []
    assert claims("NVG404", known, web()) == []


def test_a_stray_is_shown_on_its_frame_alone() -> None:
    stray = Stray(build.ip(A), build.ip(B), OLD_KEY, at(7), OLD)
    known = situation(host(A), strays=(stray,))
    says = f"key 0x00001389 contradicts all else that {A} sent"
    assert claims("NVG405", known, data(OLD_KEY), 7) == [((A,), says)]
    assert claims("NVG405", known, data(OLD_KEY), 8) == []
    assert claims("NVG405", known, data(OLD_KEY, B, A), 7) == []
    assert claims("NVG405", known, refused(A, B), 7) == []
    assert claims("NVG405", known, web(), 7) == []


# --- what frames show -------------------------------------------------------------------------


def test_messages_between_the_provider_addresses_are_no_data() -> None:
    tape = Tape()
    tape.unreachable(A, B, EITHER, b"", (3, 10))
    assert claims("NVG201", situation(host(A, OLD)), tape) == []


def test_an_error_between_guests_is_data() -> None:
    tape = Tape()
    tape.guest_refusal(A, B, OLD_KEY, VM1, VM2)
    text = f"{A} uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001"
    assert claims("NVG201", situation(host(A, OLD)), tape) == [((A,), text)]


def test_control_traffic_is_no_data() -> None:
    assert claims("NVG201", situation(host(A, OLD)), data(0xFFFFFF00)) == []


def test_a_frame_that_refuses_is_not_shown_as_one_that_was_sent() -> None:
    known = situation(host(A, OLD), refusals=(refusal(A, B, EITHER),))
    assert claims("NVG201", known, refused()) == []


# --- NVG104, NVG203, NVG204 ---------------------------------------------------------------


def test_a_copy_is_shown_on_the_frames_that_are_named() -> None:
    known = situation(copies=(Copies(0, 2, 3, (at(4), at(9)), None),))
    text = "packets of these virtual machines were captured more than once"
    shown = [number for number in range(1, 12) if claims("NVG104", known, data(), number)]
    assert shown == [4, 9]
    assert claims("NVG104", known, data(), 4) == [((), text)]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NVG203", f"{A} sends both layouts at the same time: key 0x00138900"),
        ("NVG204", f"the layout of {A} cannot be told: key 0x00138900"),
    ],
)
def test_every_data_frame_of_a_host_is_shown(code: str, text: str) -> None:
    assert claims(code, situation(), data()) == [((A,), text)]
    assert claims(code, situation(), refused()) == []
    assert claims(code, situation(), web()) == []


# --- NVG304, NVG305, NVG307 ------------------------------------------------------------------


def test_another_error_is_shown_with_its_name() -> None:
    says = f"from {B} about NVGRE from {A} to {B} (key 0x00138900)"
    named = f"ICMP 3/2 {says}: protocol unreachable"
    assert claims("NVG304", situation(), refused(kind=(3, 2))) == [((A, B), named)]
    assert claims("NVG304", situation(), refused(kind=(3, 200))) == [((A, B), f"ICMP 3/200 {says}")]
    for kind in ((3, 10), (5, 10), (3, 4)):
        assert claims("NVG304", situation(), refused(kind=kind)) == []
    assert claims("NVG304", situation(), data()) == []


def test_a_redirect_is_shown() -> None:
    text = f"{B} tells {A} that a virtual machine moved (ICMP 5/10, key 0x00138900)"
    assert claims("NVG307", situation(), refused(kind=(5, 10))) == [((A, B), text)]
    assert claims("NVG307", situation(), refused()) == []
    assert claims("NVG307", situation(), data()) == []


def test_fragments_are_shown_where_the_first_one_says_that_they_are_nvgre() -> None:
    text = f"a fragment: NVGRE from {A} to {B} does not fit the path"
    first = data(fragment=0x2000)
    later = Tape()
    later.put(build.ipv4(A, B, 47, b"\0" * 40, fragment=0x00B9))
    both = Tape()
    both.frames = [*first.frames, *later.frames]
    known = judge_tapes(both)
    assert claims("NVG305", known, first) == [((A, B), text)]
    assert claims("NVG305", known, later, 2) == [((A, B), text)]
    assert claims("NVG305", judge_tapes(later), later) == []
    assert claims("NVG305", known, data()) == []


# --- NVG402, NVG403 ------------------------------------------------------------------------------


def test_flags_are_shown() -> None:
    text = "the GRE flags are 0x2080 instead of 0x2000"
    assert claims("NVG402", situation(), data(flags=0x2080)) == [((A,), text)]
    assert claims("NVG402", situation(), data()) == []
    assert claims("NVG402", situation(), web()) == []


def test_a_tag_inside_is_shown() -> None:
    text = f"{A} sends an 802.1Q tag inside NVGRE"
    assert claims("NVG403", situation(), data(inner_tags=((0x8100, 5),))) == [((A,), text)]
    assert claims("NVG403", situation(), data(tags=((0x8100, 5),))) == []
    assert claims("NVG403", situation(), web()) == []


def test_a_message_inside_nvgre_is_shown_if_it_is_one_of_hosts() -> None:
    tape = Tape()
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, EITHER))
    text = f"{B} refuses what {A} sends (ICMP 3/10, key 0x00138900): the layouts do not explain it"
    assert claims("NVG303", judge_tapes(tape), tape, 2) == [((A, B), text)]
    assert claims("NVG303", situation(), tape, 2) == []  # of guests, as nobody says otherwise


def test_the_key_that_an_error_does_not_quote_is_that_of_the_frames_that_fit() -> None:
    """The quote begins with the frame of the customer."""
    tape = Tape()
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, EITHER)[28:])
    text = f"{B} refuses what {A} sends (ICMP 3/10, key 0x00138900): the layouts do not explain it"
    assert claims("NVG303", judge_tapes(tape), tape, 2) == [((A, B), text)]


def test_of_errors_that_were_too_many_to_keep_a_frame_tells_by_itself() -> None:
    tape = Tape()
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, EITHER)[28:])
    known = judge_tapes(tape)
    known.diagnosis.refused.clear()
    text = f"{B} refuses what {A} sends (ICMP 3/10, key not quoted): the layouts do not explain it"
    assert claims("NVG303", known, tape, 2) == [((A, B), text)]


def test_an_error_that_quotes_no_more_than_gre_is_shown_where_the_two_exchange_nvgre() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, EITHER)[:20])
    assert claims("NVG303", judge_tapes(tape), tape) == []
    tape.send(A, B, EITHER)
    tape.error(B, A, Tape().send(A, B, EITHER)[:20])
    text = f"{B} refuses what {A} sends (ICMP 3/10, key not quoted): the layouts do not explain it"
    assert claims("NVG303", judge_tapes(tape), tape, 3) == [((A, B), text)]


def test_what_is_told_of_a_whole_capture_is_shown_on_no_frame() -> None:
    for tape in (data(), refused(), web()):
        assert claims("NVG105", situation(host(A, OLD)), tape) == []
