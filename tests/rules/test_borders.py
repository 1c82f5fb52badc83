"""Where rules begin and end: one frame and many, one host of two, one finding beside another."""

import pytest

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.diagnosis import Contradiction
from nvgre_doctor.infer.hearsay import settle_errors
from nvgre_doctor.known.expectations import parse_expected
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.frames import Errors, frame_of
from nvgre_doctor.rules.host_frames import if_nvgre
from nvgre_doctor.rules.refused_flows import RefusedFlows
from nvgre_doctor.vocabulary import Cause, Confidence, PairVerdict, Sender
from nvgre_doctor.wire.decode import decode
from tests import build
from tests.rules.asking import found, only
from tests.situations import (
    BOTH,
    CURRENT,
    OLD,
    UNKNOWN,
    at,
    by_value,
    change,
    host,
    macs,
    pair,
    refusal,
    situation,
    span,
    stream,
)
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, D, Tape, Vm, evidence_of, judge_tapes

KEY = 0x1E848100
HYPER_V, OTHER, UNCLEAR = Sender.HYPER_V, Sender.OTHER, Sender.UNCLEAR
MISMATCH = Cause.LAYOUT_MISMATCH


# --- captures ----------------------------------------------------------------------------


def test_one_frame_is_told_in_the_singular() -> None:
    tape = Tape()
    tape.send(A, B, KEY)
    damage = Problem("cut-record", 230, "capture-0.pcap ends in the middle of a frame.")
    told = only("NVG101", judge_tapes(tape, problems=(damage,))).message
    assert told == "capture-0.pcap ends in the middle of a frame. 1 frame was read."
    cut = Tape(snaplen=60)
    cut.send(A, B, 0xFFFFFF00)
    assert only("NVG102", judge_tapes(cut)).message == (
        "1 frame of control traffic is cut before it can be seen whether they refuse something (of"
        " 1 frame): the snap length is too small."
    )


def test_all_frames_that_are_too_short_are_counted_though_five_are_named() -> None:
    tape = Tape(snaplen=40)
    for _ in range(7):
        tape.send(A, B, KEY)
    finding = only("NVG102", judge_tapes(tape))
    assert (finding.frame_count, len(finding.frames)) == (7, 5)


def test_what_is_there_instead_of_ip_is_counted_over_all_captures() -> None:
    tape = Tape()
    for _ in range(3):
        frame = build.ethernet(build.arp(VM1.mac, VM1.ip, VM2.ip), 0x0806)
        tape.frames.append((0, frame, len(frame)))
    message = only("NVG103", judge_tapes(tape, tape)).message
    assert message.startswith("No NVGRE in 6 frames. What is there instead: ")
    assert "6 x" in message


def test_a_capture_that_lost_nothing_hides_no_later_one_that_did() -> None:
    known = situation(captures=3)
    lost = Losses()
    lost.tell_events(3, 0)
    captures = (*known.captures[:1], *(one._replace(lost=lost) for one in known.captures[1:]))
    findings = found("NVG105", known._replace(captures=captures))
    assert [finding.subject.capture for finding in findings] == [1, 2]


# --- hosts --------------------------------------------------------------------------------


def test_a_host_that_probably_speaks_both_layouts_is_told_so() -> None:
    likely = situation(host(A, BOTH, confidence=Confidence.LIKELY, reasons=[]))
    finding = only("NVG203", likely)
    assert finding.confidence is Confidence.LIKELY
    assert finding.message == f"{A} sends both layouts at the same time."


def test_a_host_that_is_old_for_no_reason_is_told_without_one() -> None:
    message = only("NVG201", situation(host(A, OLD, reasons=[]))).message
    assert message == f"{A} uses the old NVGRE layout (draft-00)."


def test_of_a_host_that_changed_what_is_not_expected_is_what_it_speaks_now() -> None:
    known = situation(
        host(
            A,
            CURRENT,
            spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)],
            changes=[change(OLD, 4, CURRENT, 11)],
            frames_sent=9,
        ),
        streams=(
            stream(A, B, 0x00001389, first=1, frames=3),
            stream(A, B, 0x00138900, first=11, frames=5),
            stream(B, A, 0x00138900, first=12, frames=7),
        ),
    )
    finding = only("NVG205", known._replace(expected=parse_expected({A: "draft-00"})))
    assert finding.frame_count == 5
    assert finding.display_filter.endswith("frame.number in {11..14}")


# --- pairs ---------------------------------------------------------------------------------


def test_pairs_that_agree_hide_no_mismatch() -> None:
    known = situation(
        host(A, CURRENT),
        host(B, CURRENT),
        host(C, OLD),
        pairs=(pair(A, B, PairVerdict.AGREE), pair(A, C), pair(B, C)),
    )
    assert [finding.subject.hosts for finding in found("NVG301", known)] == [(A, C), (B, C)]


@pytest.mark.parametrize(("one", "two"), [(A, B), (B, A)])
def test_of_two_hosts_the_old_one_is_named_first_and_advised(one: str, two: str) -> None:
    known = situation(host(one, OLD), host(two, CURRENT), pairs=(pair(A, B),))
    finding = only("NVG301", known)
    assert finding.message == (
        f"{one} (draft-00) and {two} (RFC 7637) cannot talk: they use different layouts."
    )
    assert f"provider address {one} " in finding.next_step


@pytest.mark.parametrize(("old", "new"), [(A, B), (B, A)])
def test_of_hosts_that_refuse_each_others_keys_the_one_with_the_lower_key_is_advised(
    old: str, new: str
) -> None:
    known = situation(
        host(A, CURRENT, sender=HYPER_V, frames_sent=0),
        host(B, CURRENT, sender=HYPER_V, frames_sent=0),
        refusals=(
            refusal(old, new, 0x00001389, MISMATCH),
            refusal(new, old, 0x00138900, MISMATCH),
        ),
    )
    finding = only("NVG301", known)
    assert finding.next_step == (
        "Find out first whether KB2779768 is missing. Find the host that has the provider address"
        f" {old} (Get-NetVirtualizationProviderAddress on the Hyper-V hosts), and ask it by its"
        " own name."
    )


def one_way(one: Sender, two: Sender, *more: tuple[str, str]) -> Situation:
    """A pair of VMs from A to B, and another from B to A; and other pairs of hosts."""
    sent = stream(A, B, KEY), stream(B, A, KEY, vms=(VM4, VM3))
    pairs = tuple(pair(*names) for names in more)
    hosts = host(A, CURRENT, sender=one), host(B, CURRENT, sender=two), host(C), host(D)
    return situation(*hosts, streams=sent, pairs=(*pairs, pair(A, B)))


@pytest.mark.parametrize("senders", [(HYPER_V, UNCLEAR), (UNCLEAR, HYPER_V)])
def test_a_policy_is_compared_where_either_host_is_hyper_v(senders: tuple[Sender, Sender]) -> None:
    assert "compare its policy" in only("NVG306", one_way(*senders)).next_step
    assert "compare its policy" not in only("NVG306", one_way(UNCLEAR, UNCLEAR)).next_step


def test_a_pair_with_a_silent_host_hides_no_other_one() -> None:
    finding = only("NVG306", one_way(HYPER_V, HYPER_V, (A, C)))
    assert finding.subject.hosts == (A, B)


def test_a_mac_that_an_administrator_gave_is_one_of_a_vm() -> None:
    given = VM1.__class__("02:00:00:00:00:07", "10.1.1.7")
    sent = stream(A, B, KEY, vms=(VM1, given)), stream(B, A, KEY, vms=(VM4, VM3))
    known = situation(host(A), host(B), streams=sent, pairs=(pair(A, B),))
    assert only("NVG306", known).message.startswith("2 VM pairs between")


def test_three_keys_of_a_contradiction_are_told_and_the_number_of_the_others() -> None:
    keys = tuple(0x00200000 + 0x10000 * n for n in range(5))
    case = Contradiction((build.ip(A), build.ip(B)), macs(), keys, (at(1),))
    message = only("NVG308", situation(host(A), host(B), contradictions=(case,))).message
    assert " and 2 more. One of them is wrong" in message
    assert [f"0x{key:08x}" in message for key in keys] == [True, True, True, False, False]


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "destination", "is_cmdlet"),
    [
        (HYPER_V, UNCLEAR, True),
        (UNCLEAR, HYPER_V, True),
        (UNCLEAR, UNCLEAR, False),
        (HYPER_V, OTHER, False),
    ],
)
def test_where_there_is_no_gre_a_hyper_v_host_is_looked_at_with_its_cmdlet(
    source: Sender, destination: Sender, is_cmdlet: bool
) -> None:
    known = situation(
        host(A, sender=source),
        host(B, sender=destination),
        refusals=(refusal(A, B, KEY, kind=(3, 2), is_inner=False),),
    )
    step = only("NVG304", known).next_step
    assert ("is network virtualization enabled there" in step) is is_cmdlet
    assert step.startswith("Load GRE on") is not is_cmdlet


@pytest.mark.parametrize("sender", [HYPER_V, UNCLEAR])
def test_an_error_of_no_name_is_looked_at_in_the_policy_of_hyper_v_alone(sender: Sender) -> None:
    known = situation(
        host(A, sender=sender),
        host(B, sender=UNCLEAR),
        refusals=(refusal(A, B, KEY, kind=(3, 200)),),
    )
    assert ("compare its policy" in only("NVG304", known).next_step) is (sender is HYPER_V)


@pytest.mark.parametrize("is_source_known", [True, False])
def test_a_refusal_between_a_known_and_an_unknown_host_is_likely(is_source_known: bool) -> None:
    known = host(A if is_source_known else B, OLD, spans=[span(OLD, 1, 20)])
    other = host(B if is_source_known else A, CURRENT, sender=UNCLEAR)
    finding = only("NVG302", situation(known, other, refusals=(refusal(A, B, KEY, MISMATCH),)))
    assert finding.confidence is Confidence.LIKELY
    assert "probably because the layouts differ" in finding.message


def test_what_is_likely_is_found_out_before_anything_is_installed() -> None:
    hosts = [
        host(A, OLD, spans=[span(OLD, 1, 20)]),
        host(B, CURRENT, spans=[span(CURRENT, 1, 20)._replace(confidence=Confidence.LIKELY)]),
    ]
    finding = only("NVG302", situation(*hosts, refusals=(refusal(A, B, KEY, MISMATCH),)))
    assert finding.next_step.startswith("Find out first whether KB2779768 is missing.")


def test_redirects_and_fragments_are_counted_though_five_are_named() -> None:
    numbers = tuple(range(1, 6))
    moved = refusal(A, B, KEY, kind=(5, 10), frames=numbers, count=9, sightings=11)
    finding = only("NVG307", situation(host(A), host(B), refusals=(moved,)))
    assert (finding.frame_count, finding.subject.hosts) == (11, (A, B))


@pytest.mark.parametrize("receiver", [HYPER_V, UNCLEAR])
def test_a_redirect_is_looked_at_in_the_policy_if_either_host_is_hyper_v(receiver: Sender) -> None:
    known = situation(
        host(A, sender=UNCLEAR),
        host(B, sender=receiver),
        refusals=(refusal(A, B, KEY, kind=(5, 10)),),
    )
    assert ("compare its policy" in only("NVG307", known).next_step) is (receiver is HYPER_V)


# --- packets --------------------------------------------------------------------------------


def test_packets_with_flags_or_inner_tags_are_counted_though_five_are_named() -> None:
    tape = Tape()
    for _ in range(7):
        tape.send(A, B, KEY, flags=0x2080)
        tape.send(A, B, KEY, inner_tags=((0x8100, 5),))
    known = judge_tapes(tape)
    for code in ("NVG402", "NVG403"):
        finding = only(code, known)
        assert (finding.frame_count, len(finding.frames)) == (7, 5)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (0x00000FFF, "sends keys that are valid under neither layout"),
        (0x00001000, "speaks RFC 7637 with VSIDs that are reserved"),
    ],
)
def test_a_key_from_4096_on_is_one_of_a_reserved_vsid(key: int, text: str) -> None:
    known = situation(host(A, CURRENT), streams=(stream(A, B, key),))
    assert text in only("NVG401", known).message


def test_what_a_host_that_changed_spoke_while_nobody_knows_is_unknown() -> None:
    spans = [span(OLD, 1, 4), span(CURRENT, 2_000_000, 2_000_004)]
    changed = host(A, CURRENT, spans=spans, changes=[change(OLD, 4, CURRENT, 2_000_000)])
    known = situation(changed)
    assert known.layout_at(build.ip(A), at(1_000_000)) is UNKNOWN
    assert known.layout_at(build.ip(A), at(3)) is OLD


def test_frames_of_another_time_are_not_behind_what_a_host_speaks_now() -> None:
    sent = stream(A, B, 0x00001389, first=2), stream(A, C, 0x00001389, first=12)
    back = host(
        A,
        OLD,
        spans=[span(CURRENT, 1, 4), span(OLD, 11, 14)],
        changes=[change(CURRENT, 4, OLD, 11)],
        reasons=[by_value(each) for each in sent],
    )
    assert [ref.frame for ref in only("NVG201", situation(back, streams=sent)).frames] == [12]


# --- words and filters ---------------------------------------------------------------------


def test_the_filter_of_data_leaves_out_control_traffic_and_messages_of_those_who_sent_any() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(B, A, KEY, VM2, VM1)
    tape.unreachable(A, B, 0xFFFFFF00, packet[:28])
    tape.send(B, A, 0xFFFFFF00)
    filters = DataFilters(judge_tapes(tape))
    nvgre = "ip.proto#1 == 47 && gre.proto#1 == 0x6558 && gre.key#1"
    control = "!(gre.key#1 >= 0xffffff00 || gre.key#1 == 0x00ffffff)"
    assert filters(build.ip(A)) == (
        f"ip.src#1 == 192.168.50.1 && {nvgre} && !(ip.src#2 == 192.168.50.1)"
    )
    assert filters(build.ip(B)) == f"ip.src#1 == 192.168.50.2 && {nvgre} && {control}"


def refusing(tape: Tape) -> list[int]:
    """The frames that refuse NVGRE, by number."""
    evidence = settle_errors(evidence_of(tape))
    errors = Errors(evidence, infer(evidence, Inventory()))
    frames = [decode(1, data, len(data)) for _, data, *_ in tape.frames]
    return [number for number, facts in enumerate(frames, 1) if errors(facts) is not None]


def test_errors_of_guests_are_no_messages_of_hosts() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(B, A, KEY, VM2, VM1)
    tape.guest_refusal(B, A, KEY, VM2, VM1)
    assert refusing(tape) == []
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.error(B, A, packet[:28])
    assert refusing(tape) == [len(tape.frames) - 1, len(tape.frames)]


def test_what_an_error_refuses_is_what_it_quotes() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, KEY))
    evidence = evidence_of(tape)
    _, data, *_ = tape.frames[-1]
    errors = Errors(evidence, infer(evidence, Inventory()))
    refuses = frame_of(decode(1, data, len(data)), at(1), errors).refuses
    assert refuses is not None
    assert (refuses.source, refuses.destination, refuses.gre_key) == (build.ip(A), build.ip(B), KEY)


def test_every_sign_of_a_sender_is_told() -> None:
    assert if_nvgre(host(A, sender=OTHER, sender_reasons=("one", "two"))) == (
        " It is a plain GRE tunnel (one; two), such as Open vSwitch and Linux make."
    )


def test_only_those_that_sent_data_say_whether_it_is_nvgre() -> None:
    other, silent = host(A, sender=OTHER), host(B, sender=UNCLEAR, frames_sent=0)
    assert not situation(other, silent).is_nvgre(build.ip(A), build.ip(B))
    assert situation(other, silent).is_nvgre(build.ip(B))


@pytest.mark.parametrize(
    ("senders", "asked"),
    [([A], "192.168.50.1 is."), ([A, C], "192.168.50.1, 192.168.50.3 are.")],
)
def test_whoever_sends_plain_gre_is_to_be_found_out(senders: list[str], asked: str) -> None:
    tape = Tape()
    foreign = Vm("52:54:00:00:00:01", "10.1.1.1"), Vm("52:54:00:00:00:02", "10.1.1.2")
    for sender in senders:
        for _ in range(3):
            tape.send(sender, B, 0x00001389, *foreign, ttl=64)
    step = only("NVG103", judge_tapes(tape)).next_step
    assert step.startswith(f"Nothing to install: find out what {asked} Capture on")


def test_a_host_that_refuses_its_own_keys_is_no_pair() -> None:
    shifted = (KEY, A, A), (KEY >> 8, A, A)
    refusals = tuple(refusal(one, two, key, MISMATCH) for key, one, two in shifted)
    assert found("NVG301", situation(host(A), refusals=refusals)) == []


def test_the_filter_of_refusals_names_the_addresses_that_hosts_write_inside() -> None:
    """The host says so with another of its addresses, a guest by its own."""
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(B, A, KEY, VM2, VM1)
    error = build.ipv4(D, A, 1, build.icmp(3, 10, packet))
    tape.send(B, A, 0xFFFFFF00, Vm("3c:d9:2b:f0:50:02", D), Vm("3c:d9:2b:f0:50:01", A), error)
    tape.guest_refusal(B, A, KEY, VM2, VM1)
    situation = judge_tapes(tape)
    (refused,) = situation.diagnosis.refusals
    assert RefusedFlows(situation).filter_of([refused]) == (
        f"ip.src#1 == {B} && ip.dst#1 == {A} && ip.proto#1 == 47 && icmp.type == 3"
        f" && icmp.code == 10 && ip.src#2 == {D}"
    )


def test_errors_beside_nvgre_are_told_apart_by_what_they_quote_if_others_quote_no_gre() -> None:
    def text(*others: bytes) -> str:
        tape = Tape()
        tape.error(B, A, tape.send(A, B, KEY)[:28])
        for other in others:
            tape.error(B, A, other)
        situation = judge_tapes(tape)
        return RefusedFlows(situation).filter_of(situation.diagnosis.refusals)

    web = build.ipv4(A, B, 6, build.tcp(A, B, 50000, 443))
    assert text() == text(Tape().send(A, B, KEY)[:28])
    assert text(web) == text() + " && ip.proto#2 == 47"
