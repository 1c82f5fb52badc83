"""NVG101 to NVG105: what the captures themselves allow."""

from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.report.verdict import verdict_of
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Oddity, Severity, Verdict
from tests import build
from tests.build_etl import BEGIN, Trace, etl, ndiscap
from tests.build_other import snoop
from tests.build_shims import erspan, vxlan
from tests.situations import at as moment
from tests.situations import situation
from tests.worlds import (
    A6,
    B6,
    GRE,
    NOON,
    TCP,
    UDP,
    A,
    B,
    C,
    D,
    Tape,
    Vm,
    findings_of,
    judge_tapes,
)

MS = 1_000_000
WITH_NVGRE = {
    Oddity.FIRST_FRAGMENT,
    Oddity.GRE_FLAGS,
    Oddity.INNER_TAG,
    Oddity.HOST_ERROR,
    Oddity.CONTROL,
    Oddity.CUT_CONTROL,
}
"""Of frames that are NVGRE."""


def found(code: str, *tapes: Tape) -> list[Finding]:
    return findings_of(judge_tapes(*tapes), code)


def only(code: str, *tapes: Tape) -> Finding:
    (finding,) = found(code, *tapes)
    return finding


# --- NVG101 ------------------------------------------------------------------


def test_a_damaged_capture_is_a_warning_with_what_was_read() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    problem = Problem(
        "cut-record", 230, "capture-0.pcap ends in the middle of a frame at byte 230."
    )
    (finding,) = findings_of(judge_tapes(tape, problems=(problem,)), "NVG101")
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("capture", capture=0)
    assert (
        finding.message
        == "capture-0.pcap ends in the middle of a frame at byte 230. 2 frames were read."
    )
    assert finding.next_step == "Copy the file again, or capture again."


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("cannot-open", "Look at the name, from the folder that you are in: is there such a file"),
        ("no-captures", "Give the folder or the archive that the captures are in."),
        ("no-input", "Pipe a capture into it, or name a file."),
        ("no-such-member", "Look at the name behind the archive;"),
        ("empty-file", "Copy the file again, or capture again."),
        ("html", "Download it again."),
        ("no-packets", "Capture again with `netsh trace start capture=yes` or `pktmon start"),
        ("only-a-header", "Give the .etl itself."),
        ("git-lfs", "Fetch it: git lfs pull. In CI, let the checkout do so"),
        ("too-short", "Copy the file again, or capture again."),
        ("zeros", "Copy the file again, or capture again."),
        ("text", "Capture again."),
        ("tcpdump-text", "Capture again."),
        ("utf-16", "Capture again."),
        ("interrupted", "Let it be read to its end."),
        ("sampled", "Where one VM pair matters, capture with a filter for its two hosts."),
        *(
            (reason, "Do to it what the message says, and give what comes out.")
            for reason in (
                "other-capture",
                "erf",
                "not-a-capture",
                "lz4",
                "zstd-missing",
                "compressed-twice",
                "archive",
                "nested",
                "encrypted",
                "several-captures",
                "too-many-members",
            )
        ),
    ],
)
def test_what_cannot_be_read_has_the_step_that_fits(reason: str, step: str) -> None:
    problem = Problem(reason, 0, "x: it is not there.")
    (finding,) = findings_of(judge_tapes(Tape(), problems=(problem,)), "NVG101")
    assert finding.message == "x: it is not there."  # and no word of frames: there are none
    assert finding.next_step.startswith(step)


def test_vm_pairs_that_were_too_many_to_keep_are_a_note_and_damage_is_a_warning() -> None:
    for reason, severity in (("sampled", Severity.INFO), ("cut-record", Severity.WARNING)):
        problem = Problem(reason, 0, "Something.")
        (finding,) = findings_of(judge_tapes(Tape(), problems=(problem,)), "NVG101")
        assert finding.severity is severity


def test_every_problem_is_told() -> None:
    problems = (Problem("a", 0, "First."), Problem("b", 9, "Second."))
    findings = findings_of(judge_tapes(Tape(), problems=problems), "NVG101")
    assert [finding.message for finding in findings] == [
        "First. 0 frames were read.",
        "Second. 0 frames were read.",
    ]


def test_a_whole_capture_draws_no_nvg101() -> None:
    tape = Tape()
    tape.web()
    assert found("NVG101", tape) == []


def test_a_damaged_capture_beside_a_whole_one_is_the_one_that_is_named() -> None:
    one, two = Tape(), Tape()
    one.web()
    two.web()
    (finding,) = findings_of(judge_tapes(one, two, problems=(Problem("a", 0, "Cut."),)), "NVG101")
    assert finding.subject == Subject("capture", capture=0)


# --- NVG102 ------------------------------------------------------------------


def test_frames_that_end_before_the_key_are_a_warning() -> None:
    tape = Tape(snaplen=40)
    tape.send(A, B, 0x1E848100)
    tape.send(B, A, 0x1E848100)
    tape.web()
    finding = only("NVG102", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("capture", capture=0)
    assert (
        finding.message
        == "2 GRE frames are cut before the key (of 3 frames): the snap length is too small."
    )
    assert finding.frames == (FrameRef(0, 1, NOON), FrameRef(0, 2, NOON + MS))
    assert "tcpdump -s 128" in finding.next_step


@pytest.mark.parametrize(("snaplen", "count"), [(41, 1), (42, 0)])
def test_a_frame_is_long_enough_from_42_bytes_on(snaplen: int, count: int) -> None:
    tape = Tape(snaplen=snaplen)
    tape.send(A, B, 0x1E848100)
    assert len(found("NVG102", tape)) == count


@pytest.mark.parametrize(("snaplen", "count"), [(61, 1), (62, 0)])
def test_with_ipv6_a_frame_is_long_enough_from_62_bytes_on(snaplen: int, count: int) -> None:
    tape = Tape(snaplen=snaplen)
    tape.send(A6, B6, 0x1E848100)
    assert len(found("NVG102", tape)) == count


def test_the_capture_with_short_frames_is_the_one_that_is_named() -> None:
    whole, short = Tape(), Tape(snaplen=40)
    whole.send(A, B, 0x1E848100)
    short.send(A, B, 0x1E848100)
    assert only("NVG102", whole, short).subject == Subject("capture", capture=1)


def test_short_frames_of_other_protocols_draw_no_nvg102() -> None:
    tape = Tape(snaplen=40)
    tape.web()
    tape.put(build.ipv4(A, B, GRE, build.gre(bytes(40), key=5001, protocol=0x88BE)))
    assert found("NVG102", tape) == []


# --- NVG103 ------------------------------------------------------------------


def test_a_capture_without_nvgre_says_what_is_there_instead() -> None:
    tape = Tape()
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(60))))
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(60))))
    tape.put(build.ipv4(A, B, GRE, build.gre(bytes(60))))
    tape.put(build.ipv4(A, B, GRE, build.gre(bytes(60), key=1, protocol=0x88BE)))
    tape.web()
    tape.frames.append((tape.now_ns, build.ethernet(build.arp("00:15:5d:0a:00:01", A, B))))
    finding = only("NVG103", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("capture")
    assert (
        finding.message == "No NVGRE in 6 frames. What is there instead:"
        " 2 x VXLAN (UDP 4789), the default encapsulation since Windows Server 2016;"
        " 1 x Ethernet over GRE without a key;"
        " 1 x other GRE (ERSPAN, PPTP, IP in GRE or similar);"
        " 1 x IP traffic that is not GRE;"
        " 1 x ARP, 0x0806."
    )
    assert "physical adapter that holds the provider address" in finding.next_step


def test_what_is_there_instead_is_counted_over_all_captures() -> None:
    one, two = Tape(), Tape()
    for tape in (one, two, two):
        tape.web()
    assert (
        only("NVG103", one, two).message
        == "No NVGRE in 3 frames. What is there instead: 3 x IP traffic that is not GRE."
    )


def test_icmp_errors_about_other_traffic_are_nothing_instead() -> None:
    tape = Tape()
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 40000, 445)))
    assert only("NVG103", tape).message == "No NVGRE in 1 frame."


def test_everything_that_may_be_there_instead_has_words() -> None:
    seen = {Sign(oddity): Sightings(2, ()) for oddity in Oddity if oddity not in WITH_NVGRE}
    empty = judge_tapes(Tape())
    capture = empty.captures[0]._replace(frames=2 * len(seen))
    situation = empty._replace(
        captures=(capture,),
        evidence=Evidence({0: CaptureEvidence(capture.frames, signs=seen)}),
    )
    (finding,) = findings_of(situation, "NVG103")
    assert (
        finding.message == "No NVGRE in 28 frames. What is there instead:"
        " 2 x NVGRE inside ERSPAN, a switch's mirror of it;"
        " 2 x NVGRE inside VXLAN;"
        " 2 x VXLAN (UDP 4789), the default encapsulation since Windows Server 2016;"
        " 2 x GRE of hosts that you named as not NVGRE;"
        " 2 x Ethernet over GRE without a key;"
        " 2 x other GRE (ERSPAN, PPTP, IP in GRE or similar);"
        " 2 x GRE that is cut before the key;"
        " 2 x later fragments of GRE packets;"
        " 2 x link types that cannot be decoded;"
        " 2 x IP traffic that is not GRE;"
        " 2 x no EtherType;"
        " 2 x 802.11 frames that pktmon wrote as Ethernet;"
        " 2 x malformed frames;"
        " 2 x frames cut before the protocol."
    )


def test_frames_that_are_not_ip_are_named_by_their_commonest_ethertypes() -> None:
    tape = Tape()
    for ethertype, count in ((0x88E5, 3), (0x88F7, 1), (0x1234, 2), (0x88CC, 1), (0x9000, 1)):
        tape.frames += [(tape.now_ns, build.ethernet(bytes(60), ethertype))] * count
    assert (
        only("NVG103", tape).message == "No NVGRE in 8 frames. What is there instead:"
        " 3 x MACsec, 0x88e5; 2 x EtherType 0x1234; 1 x LLDP, 0x88cc; 1 x PTP, 0x88f7;"
        " 1 x other EtherTypes."
    )


def test_a_mirror_of_nvgre_is_not_none_without_a_word() -> None:
    tape = Tape()
    frame = build.ethernet(build.nvgre(A, B, 0x00138900, bytes(60)))
    for packet in (
        build.ipv4(C, D, GRE, erspan(frame)),
        build.ipv4(C, D, UDP, vxlan(C, D, frame)),
    ):
        tape.put(packet)
    assert (
        only("NVG103", tape).message == "No NVGRE in 2 frames. What is there instead:"
        " 1 x NVGRE inside ERSPAN, a switch's mirror of it; 1 x NVGRE inside VXLAN."
    )


# --- NVG105 ------------------------------------------------------------------


def lost(tmp_path: Path, data: bytes, jobs: int = 1) -> list[str]:
    path = tmp_path / "lab"
    path.write_bytes(data)
    report = diagnose([path], jobs=jobs)
    return [f.message.removeprefix(f"{path} ") for f in report.findings if f.code == "NVG105"]


PLAIN = build.ethernet(build.nvgre(A, B, 0x1E848100, bytes(60)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (snoop([(NOON, PLAIN)] * 2, lost=[0, 7]), "7 packets were"),
        (
            etl([ndiscap(BEGIN, PLAIN)], Trace(events_lost=3, buffers_lost=1)),
            "3 events and 1 buffer of events were",
        ),
        (build.shb() + build.idb() + build.isb(0, NOON, 40, 1), "1 packet was"),
    ],
)
def test_what_a_capture_says_it_lost_is_a_warning(data: bytes, words: str, tmp_path: Path) -> None:
    assert lost(tmp_path, data) == [f"says that {words} lost while it was captured."]


@pytest.mark.parametrize(
    "data",
    [
        snoop([(NOON, PLAIN)] * 2),
        etl([ndiscap(BEGIN, PLAIN)]),
        build.pcap([(NOON, PLAIN)]),
        build.shb() + build.idb() + build.isb(0, NOON, 40, 0),
    ],
)
def test_a_capture_that_lost_nothing_or_does_not_say_is_silent(data: bytes, tmp_path: Path) -> None:
    assert lost(tmp_path, data) == []


def test_losses_are_those_of_the_last_statistics_of_each_interface_in_each_section(
    tmp_path: Path,
) -> None:
    one = build.shb() + build.idb() + build.idb() + build.isb(0, NOON, 9, 2)
    one += build.isb(1, NOON, 9, 10) + build.isb(0, NOON, 9, 3)
    two = build.shb(">") + build.idb(order=">") + build.isb(0, NOON, 9, 100, order=">")
    assert lost(tmp_path, one + two) == ["says that 113 packets were lost while it was captured."]


def test_losses_are_the_same_whole_and_in_parts() -> None:
    """Each part begins in the middle of a section, and may hold the beginning of others."""
    steps: list[tuple[int, int] | None] = [(0, 5), None, (0, 1), (1, 2), (0, 4), None, None, (1, 8)]
    for cut in range(len(steps) + 1):
        halves = Losses(), Losses()
        for number, step in enumerate(steps):
            half = halves[number >= cut]
            if step is None:
                half.begin_section()
            else:
                half.tell_packets(*step)
        assert (halves[0] + halves[1]).packets == 5 + 4 + 2 + 8


def test_one_frame_of_nvgre_in_any_capture_is_enough() -> None:
    one, two = Tape(), Tape()
    one.web()
    two.send(A, B, 0x1E848100)
    assert found("NVG103", one, two) == []


def test_control_traffic_alone_says_nothing_of_layouts() -> None:
    tape = Tape()
    tape.send(A, B, 0xFFFFFF00)
    assert (
        only("NVG103", tape).message == "No NVGRE data in 1 frame. What is there instead:"
        " 1 x control traffic of hosts (NVE to NVE)."
    )


def test_tunnels_of_plain_gre_are_no_nvgre_whatever_their_keys() -> None:
    tape = Tape()
    guests = Vm("fa:16:3e:00:00:01", "10.1.2.1"), Vm("fa:16:3e:00:00:02", "10.1.2.2")
    for _ in range(8):
        tape.send(A, B, 0x00138900, *guests, ttl=64)
        tape.send(B, A, 0x00138900, *guests[::-1], ttl=64)
    tape.web()
    situation = judge_tapes(tape)
    findings = findings_of(situation)
    assert [finding.code for finding in findings] == ["NVG103"]
    assert findings[0].message == (
        "No NVGRE of a Hyper-V host in 17 frames. What is there instead: 16 x plain GRE, or NVGRE"
        " of another maker, from 192.168.50.1, 192.168.50.2; 1 x IP traffic that is not GRE."
    )
    assert findings[0].next_step.startswith(
        "Nothing to install: find out what 192.168.50.1, 192.168.50.2 are. Capture on the physical"
    )
    assert verdict_of(situation, findings) is Verdict.NO_NVGRE


def test_messages_of_hosts_are_told_beside_tunnels_of_plain_gre() -> None:
    tape = Tape()
    guests = Vm("fa:16:3e:00:00:01", "10.1.2.1"), Vm("fa:16:3e:00:00:02", "10.1.2.2")
    for _ in range(8):
        tape.send(A, B, 0x00138900, *guests, ttl=64)
        tape.send(B, A, 0x00138900, *guests[::-1], ttl=64)
    tape.unreachable(D, C, 0x00138900, Tape().send(C, D, 0x00138900))
    assert "; 1 x messages of hosts inside NVGRE." in only("NVG103", tape).message


def test_an_icmp_error_that_quotes_nvgre_is_enough() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, 0x1E848100)[:28])
    assert found("NVG103", tape) == []


def test_captures_without_frames_draw_no_nvg103() -> None:
    assert found("NVG103", Tape()) == []


# --- NVG104 ------------------------------------------------------------------


def test_packets_that_were_captured_more_than_once_are_a_note_about_their_capture() -> None:
    copies = (
        Copies(0, 12, 4, (moment(3), moment(4)), None),
        Copies(1, 2, 2, (moment(1, 1),), 0),
    )
    findings = findings_of(situation(copies=copies, captures=2), "NVG104")
    assert [(f.severity, f.subject) for f in findings] == [
        (Severity.INFO, Subject("capture", capture=0)),
        (Severity.INFO, Subject("capture", capture=1)),
    ]
    assert "in capture-0.pcap more than once, up to 4 times" in findings[0].message
    assert "in capture-0.pcap as well as in capture-1.pcap" in findings[1].message
    assert [ref.frame for ref in findings[0].frames] == [3, 4]


def test_captures_that_hold_packets_of_the_same_other_one_are_one_finding() -> None:
    copies = tuple(
        Copies(capture, 10 - capture, 2, (moment(capture, capture),), 0) for capture in range(1, 7)
    )
    (finding,) = findings_of(situation(copies=copies, captures=7), "NVG104")
    assert finding.message == (
        "At least 4 packets are in capture-0.pcap as well as in each of capture-1.pcap,"
        " capture-2.pcap, capture-3.pcap, capture-4.pcap and 2 more. Each counts once."
    )
    assert finding.subject == Subject("capture", capture=1)
    assert finding.frame_count == 6


def test_of_two_captures_that_hold_packets_of_another_one_both_are_named() -> None:
    copies = tuple(Copies(capture, 3, 2, (moment(capture, capture),), 0) for capture in (1, 2))
    (finding,) = findings_of(situation(copies=copies, captures=3), "NVG104")
    assert finding.message == (
        "At least 3 packets are in capture-0.pcap as well as in each of capture-1.pcap,"
        " capture-2.pcap. Each counts once."
    )


def test_captures_that_each_hold_packets_several_times_are_one_finding() -> None:
    copies = (
        Copies(0, 12, 3, (moment(3),), None),
        Copies(1, 1, 4, (moment(1, 1),), None),
    )
    (finding,) = findings_of(situation(copies=copies, captures=2), "NVG104")
    assert finding.message == (
        "At least 13 packets are more than once, up to 4 times, in capture-0.pcap, capture-1.pcap."
        " Each counts once."
    )


def test_a_capture_without_copies_draws_no_nvg104() -> None:
    assert findings_of(situation(), "NVG104") == []


# --- NVG105 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packets", "events", "said"),
    [
        ({0: 3, 1: 4}, (0, 0), "7 packets were lost while it was captured."),
        ({0: 1}, (0, 0), "1 packet was lost while it was captured."),
        ({}, (1, 1), "1 event and 1 buffer of events were lost while it was captured."),
        ({}, (0, 2), "2 buffers of events were lost while it was captured."),
    ],
)
def test_frames_that_a_capture_says_it_lost_are_a_warning(
    packets: dict[int, int], events: tuple[int, int], said: str
) -> None:
    lost = Losses()
    for interface, count in packets.items():
        lost.tell_packets(interface, count)
    lost.tell_events(*events)
    (finding,) = findings_of(situation(lost=lost, captures=2), "NVG105")
    assert (finding.severity, finding.subject) == (
        Severity.WARNING,
        Subject("capture", capture=0),
    )
    assert finding.message == f"capture-0.pcap says that {said}"


def test_a_capture_that_lost_nothing_or_does_not_say_draws_no_nvg105() -> None:
    assert findings_of(situation(), "NVG105") == []
    told = Losses()
    told.tell_packets(0, 0)
    assert findings_of(situation(lost=told), "NVG105") == []
