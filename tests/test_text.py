"""The text output: what people read, on terminals of any width, in pipes, in any encoding, from
hostile data.
"""

import re

import pytest

from nvgre_doctor.report.model import LayoutSpan, Report
from nvgre_doctor.reporters import render
from nvgre_doctor.rules.finding import FrameRef, Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.page import Page, Span, Style, cells
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Confidence, Sender
from nvgre_doctor.wording import both_readings, icmp_words
from tests.reports import EVERY, EVIL, HOSTILE, MANY, MISMATCH, UNREADABLE, WARNINGS

TERMINAL = Display(width=80)
SGR = re.compile(r"\x1b\[[0-9;]*m")

MISMATCH_TEXT = """\
MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk.

Host          Layout    Sure    Sent  Key sent    Means
192.168.50.1  RFC 7637  proven     4  0x00138900  VSID 5001
192.168.50.2  draft-00  proven     4  0x00001389  TNI 5001, the same tenant

error   NVG201  192.168.50.2 uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001, \
as a VSID it would be 19  frames 4, 8 and 2 more

error   NVG301  192.168.50.1 (RFC 7637) and 192.168.50.2 (draft-00) use different layouts: \
VSID 5001 is 0x00138900 from the one and 0x00001389 from the other  frames 3, 4 and 6 more

error   NVG302  192.168.50.2 refuses what 192.168.50.1 sends (ICMP 3/10, 4 times), because their \
layouts differ  frame 11 and 4 more

To update (1)  192.168.50.2
How     Find the host with Get-NetVirtualizationProviderAddress. If Get-HotFix -Id KB2779768 \
finds nothing there, install that update and restart.
See it  wireshark -g 4 lab.pcapng
1 capture, 24 frames, 12 NVGRE; 3 errors; all read; more: -v, explain NVG201
"""

MISMATCH_80 = """\
MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not.
          They cannot talk.

Host          Layout    Sure    Sent  Key sent    Means
192.168.50.1  RFC 7637  proven     4  0x00138900  VSID 5001
192.168.50.2  draft-00  proven     4  0x00001389  TNI 5001, the same tenant

error   NVG201  192.168.50.2 uses the old NVGRE layout (draft-00): key
        0x00001389 is TNI 5001, as a VSID it would be 19  frames 4, 8 and 2 more

error   NVG301  192.168.50.1 (RFC 7637) and 192.168.50.2 (draft-00) use
        different layouts: VSID 5001 is 0x00138900 from the one and 0x00001389
        from the other  frames 3, 4 and 6 more

error   NVG302  192.168.50.2 refuses what 192.168.50.1 sends (ICMP 3/10, 4
        times), because their layouts differ  frame 11 and 4 more

To update (1)  192.168.50.2
How     Find the host with Get-NetVirtualizationProviderAddress. If Get-HotFix
        -Id KB2779768 finds nothing there, install that update and restart.
See it  wireshark -g 4 lab.pcapng
1 capture, 24 frames, 12 NVGRE; 3 errors; all read; more: -v, explain NVG201
"""

# --- what it says ------------------------------------------------------------


def test_pipe_gets_the_whole_answer_one_fact_a_line() -> None:
    assert render("text", MISMATCH, Display()) == MISMATCH_TEXT


def test_terminal_of_80_columns_gets_the_same_folded() -> None:
    assert render("text", MISMATCH, TERMINAL) == MISMATCH_80


def test_quiet_is_the_verdict_alone() -> None:
    assert (
        render("text", WARNINGS, Display(verbosity=-1))
        == "WARNINGS  Nothing contradicts, but look at the warnings.\n"
    )


def test_verbose_adds_all_evidence_with_frames_and_segments() -> None:
    lines = render("text", MISMATCH, Display(verbosity=1)).splitlines()
    begin = lines.index("Evidence")
    assert lines[begin + 7 : begin + 14] == [
        "192.168.50.2  4 frames sent, 4 received",
        "  sender: hyper-v: TTL 128 and guests with Hyper-V MACs",
        "  margin: 8 frames would have to be wrong",
        "  frame 4 to frame 24: draft-00, proven",
        (
            "  range: draft-00: key 0x00001389 is TNI 5001; as a VSID it would be 19, which is"
            " reserved [A1 value] (frame 4)"
        ),
        (
            "  both-directions: draft-00: VM pair 00:15:5d:0a:00:02 / 00:15:5d:0a:00:01: key"
            " 0x00001389 one way, 0x00138900 the other: both are VSID 5001 [A2 restart, A3 VM pair,"
            " A4 unique] (frames 4, 3)"
        ),
        (
            "  segment 5001: 4 frames, key 0x00001389 (TNI 5001, or VSID 19 [reserved] with FlowID"
            " 137)"
        ),
    ]


def test_what_is_no_hyper_v_host_for_certain_is_called_so() -> None:
    old = MISMATCH.hosts[1]
    report = MISMATCH._replace(
        hosts=(old._replace(sender=Sender.OTHER), old._replace(sender=Sender.UNCLEAR))
    )
    lines = render("text", report, Display()).splitlines()
    assert [line[14:32].rstrip() for line in lines[2:5]] == [
        "Layout",
        "plain GRE",
        "draft-00, if NVGRE",
    ]


def test_what_is_known_of_a_host_that_was_silent_ends_with_a_frame() -> None:
    old = MISMATCH.hosts[1]
    later = LayoutSpan("unknown", Confidence.NONE, FrameRef(0, 30), FrameRef(1, 2))
    report = WARNINGS._replace(hosts=(old._replace(spans=(*old.spans, later)),))
    text = render("text", report, Display(verbosity=1))
    assert "TNI 5001, known up to frame 24 of cut.pcap only\n" in text
    assert "  frame 30 of cut.pcap to frame 2 of peer.pcapng: unknown, -\n" in text
    assert "known up to" not in render("text", MISMATCH, Display(verbosity=1))


def test_a_pair_that_is_only_likely_says_so() -> None:
    report = MISMATCH._replace(pairs=(MISMATCH.pairs[0]._replace(confidence=Confidence.LIKELY),))
    text = render("text", report, Display(verbosity=1))
    assert "192.168.50.2  4 frames there, 4 back (likely)\n" in text


def test_a_key_of_an_unknown_host_has_both_readings_and_a_silent_host_none() -> None:
    text = render("text", WARNINGS, Display())
    assert (
        "10.1.0.2     unknown   -          4  0x00138900  TNI 1280256, or VSID 5001 with FlowID 0\n"
        in text
    )
    assert (
        "2001:db8::1  unknown   -          0  -           only receives, in the frames that were"
        " read\n" in text
    )


def test_change_of_layout_names_the_frame_and_its_capture() -> None:
    assert "VSID 2097152, draft-00 before frame 5 of peer.pcapng\n" in render(
        "text", WARNINGS, Display()
    )


def test_another_layout_in_other_captures_is_named_where_no_change_is_known() -> None:
    new = MISMATCH.hosts[0]
    proven = Confidence.PROVEN
    spans = {
        capture: LayoutSpan(layout, proven, FrameRef(capture, 1), FrameRef(capture, 9))
        for capture, layout in ((0, "draft-00"), (1, "rfc7637"))
    }
    report = WARNINGS._replace(hosts=(new._replace(spans=tuple(spans.values())),))
    assert "VSID 5001, draft-00 in other captures\n" in render("text", report, Display())
    both_in_one = (spans[0], spans[0]._replace(layout="rfc7637"))
    report = WARNINGS._replace(hosts=(new._replace(spans=both_in_one),))
    assert "in other captures" not in render("text", report, Display())


def test_refused_flows_are_in_the_findings_and_their_list_is_for_verbose() -> None:
    assert "Refused with" not in render("text", WARNINGS, Display())


def test_flows_that_differ_in_the_flow_id_only_are_one_row() -> None:
    one = MISMATCH.refusals[0]
    other = one._replace(gre_key=0x00138942, count=3, sightings=3, first=FrameRef(0, 9))
    report = MISMATCH._replace(refusals=(one, other))
    rows = [
        line
        for line in render("text", report, Display(verbosity=1)).splitlines()
        if line.startswith("192.168.50.1 -> 192.168.50.2")
    ]
    assert rows == [
        "192.168.50.1 -> 192.168.50.2  7 times (seen 8 times)  first in frame 9  because the layouts"
        " differ, key 0x00138900 (TNI 1280256, or VSID 5001 with FlowID 0), and 1 more FlowID,"
        " inside NVGRE"
    ]


def test_the_same_finding_of_the_opposite_flow_is_a_short_line() -> None:
    one = MISMATCH.findings[2]
    back = one._replace(
        subject=one.subject._replace(hosts=one.subject.hosts[::-1]), frames=(FrameRef(0, 12),)
    )
    report = MISMATCH._replace(findings=(one, back))
    lines = render("text", report, Display()).splitlines()
    assert "        The same from 192.168.50.2 to 192.168.50.1.  frame 12 and 4 more" in lines
    assert sum("NVG302" in line for line in lines) == 2  # and in the last line


def test_hosts_to_update_are_all_named_and_those_that_only_may_be_old_are_not() -> None:
    many = render("text", MANY, TERMINAL)
    assert "To update (30)  10.2.0.31, " in many
    assert "10.2.0.60\n" in many
    old = MISMATCH.hosts[1]._replace(confidence=Confidence.LIKELY)
    likely = MISMATCH._replace(hosts=(MISMATCH.hosts[0], old))
    assert "To update" not in render("text", likely, Display())
    assert "\nNext    Install" in render("text", likely, Display())


@pytest.mark.parametrize("path", ["-", "-x.pcap", "a$(id).pcap", "a`id`.pcap", 'a".pcap', "a\nb"])
def test_no_command_is_shown_with_a_path_that_a_shell_would_take_apart(path: str) -> None:
    renamed = MISMATCH._replace(captures=(MISMATCH.captures[0]._replace(path=path),))
    assert "See it" not in render("text", renamed, Display())


def test_no_command_is_shown_for_a_capture_that_wireshark_cannot_open() -> None:
    stored = MISMATCH.captures[0]._replace(path="s3://lab/one.pcapng")
    renamed = MISMATCH._replace(captures=(stored,))
    assert "See it" not in render("text", renamed, Display())


def test_path_with_blanks_stands_between_quotes() -> None:
    renamed = MISMATCH._replace(captures=(MISMATCH.captures[0]._replace(path="my lab.pcap"),))
    assert 'See it  wireshark -g 4 "my lab.pcap"\n' in render("text", renamed, Display())


def test_refusals_are_listed_by_kind_with_who_answered_and_why() -> None:
    lines = render("text", WARNINGS, Display(verbosity=1)).splitlines()
    begin = lines.index("Refused with ICMP 3/13 (communication administratively prohibited)")
    assert lines[begin : begin + 6] == [
        "Refused with ICMP 3/13 (communication administratively prohibited)",
        (
            "10.1.0.1 -> 10.1.0.2  1 time  first in frame 6 of peer.pcapng  "
            "neither end refuses: a firewall or router on the way, answered by 10.1.0.254, key not"
            " quoted, on the underlay"
        ),
        "",
        "Refused with ICMPv6 1/1 (administratively prohibited)",
        (
            "2001:db8::1 -> 2001:db8::2  2 times  first in frame 7 of cut.pcap  layouts agree:"
            " policy, moved VM or firewall, key 0x00138900 (TNI 1280256, or VSID 5001 with"
            " FlowID 0), on the underlay"
        ),
        "",
    ]


def test_every_next_step_is_said_once() -> None:
    everything = Display(verbosity=1)
    assert render("text", MISMATCH, everything).count("Install KB2779768") == 1
    text = render("text", WARNINGS, everything)
    for step in ("Capture again", "Nothing to do if", "Capture at both hosts"):
        assert text.count(step) == 1


def test_closing_line_counts_what_could_not_be_read() -> None:
    assert (
        render("text", WARNINGS, Display()).splitlines()[-1]
        == "2 captures, 15 frames, 14 NVGRE; 2 warnings, 1 note; "
        "2 x ICMP 3/10 or ICMPv6 1/1 about other traffic; 1 cut short or damaged; more: -v, explain"
        " NVG101"
    )


def test_unreadable_captures_are_named_with_the_remedy_and_never_called_healthy() -> None:
    assert render("text", UNREADABLE, Display()).splitlines() == [
        "UNREADABLE  No capture could be read.",
        "",
        "Not read",
        "unreadable  trace.etl: an ETW trace; convert it: etl2pcapng trace.etl trace.pcapng",
        "empty       empty.pcap: it holds no frame",
        "",
        ("2 captures, 0 frames, 0 NVGRE; no findings; 1 not readable; 1 empty; more: -v"),
    ]


def test_problem_that_a_finding_tells_is_not_told_again() -> None:
    assert render("text", WARNINGS, Display()).count("frame 10 is cut short") == 1


# --- how much of it ----------------------------------------------------------


def test_terminal_shows_those_to_act_on_and_counts_the_rest() -> None:
    text = render("text", MANY, TERMINAL)
    assert [line for line in text.splitlines() if line.startswith("and ")] == [
        "and 44 more hosts: 14 draft-00; 30 RFC 7637 (-v shows them)",
        "and 37 more notes (-v shows them)",
    ]
    assert " 10.2.0.39 (frame 39 and 99 more) and 21 more (-v shows them)." in " ".join(
        text.split()
    )
    assert re.findall(r"^10\.2\.0\.(\d+) +draft-00", text, re.MULTILINE) == [
        str(number) for number in range(31, 47)
    ]


@pytest.mark.parametrize(
    ("display", "told", "named"),
    [
        (Display(), 1, 29),  # "The same: ", and all the others
        (Display(width=80, verbosity=1), 30, 0),
    ],
)
def test_pipe_and_verbose_terminal_show_everything(display: Display, told: int, named: int) -> None:
    text = render("text", MANY, display)
    assert len(re.findall(r"^10\.2\.0\.\d+ +(?:draft-00|RFC 7637)", text, re.MULTILINE)) == 60
    assert text.count("error   NVG201") == told
    assert len(re.findall(r"10\.2\.0\.\d+ \(frame ", text)) == named
    assert text.count("NVG306") == 40
    assert "(-v shows them)" not in text


# --- columns, colour ---------------------------------------------------------


def test_hosts_of_which_one_thing_is_said_are_told_together() -> None:
    one, ten, eleven = (
        MISMATCH.findings[0]._replace(
            message=f"{host} says key {key}.",
            subject=MISMATCH.findings[0].subject._replace(hosts=(host,)),
            frames=(),
        )
        for host, key in (("10.0.0.1", "0x1"), ("10.0.0.10", "0x1"), ("10.0.0.11", "0x2"))
    )
    alike = eleven._replace(message="10.0.0.11 says key 0x1.")
    text = render("text", MISMATCH._replace(findings=(one, ten, alike)), Display())
    assert "10.0.0.1 says key 0x1.\n        The same: 10.0.0.10, 10.0.0.11.\n" in text
    text = render("text", MISMATCH._replace(findings=(one, ten, eleven)), Display())
    assert "10.0.0.1 says key 0x1.\n        The same: 10.0.0.10.\n" in text
    assert "10.0.0.11 says key 0x2.\n" in text


def test_pairs_of_one_host_of_which_one_thing_is_said_are_told_together() -> None:
    two, three, other = (
        MISMATCH.findings[0]._replace(
            message=f"{host} and {common} cannot talk.",
            subject=Subject("pair", (common, host)),
            frames=(),
        )
        for host, common in (
            ("10.0.0.2", "10.0.0.1"),
            ("10.0.0.3", "10.0.0.1"),
            ("10.0.0.5", "10.0.0.4"),
        )
    )
    text = render("text", MISMATCH._replace(findings=(two, three, other)), Display())
    assert (
        "10.0.0.2 and 10.0.0.1 cannot talk.\n        The same of 10.0.0.1 and: 10.0.0.3.\n" in text
    )
    assert "NVG201  10.0.0.5 and 10.0.0.4 cannot talk.\n" in text
    assert text.count(" NVG201  ") == 2


@pytest.mark.parametrize("verbosity", [0, 1])
@pytest.mark.parametrize("width", [20, 33, 40, 72, 80, 132])
@pytest.mark.parametrize("name", EVERY)
def test_no_line_is_wider_than_the_terminal(name: str, width: int, verbosity: int) -> None:
    text = render("text", EVERY[name], Display(width=width, verbosity=verbosity))
    assert max(cells(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [20, 33, 40, 72, 80, 132])
@pytest.mark.parametrize("name", EVERY)
def test_folding_loses_nothing(name: str, width: int) -> None:
    """A colon with which a line begins is shown as `\\x3a` where it could be a command."""
    folded, whole = (
        "".join(render("text", EVERY[name], Display(width=columns, verbosity=1)).split())
        for columns in (width, None)
    )
    assert folded.replace(r"\x3a:", "::") == whole


@pytest.mark.parametrize("name", EVERY)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    colored = render("text", EVERY[name], Display(color=True, width=80))
    plain = render("text", EVERY[name], TERMINAL)
    assert "\x1b[" in colored
    assert "\x1b" not in plain
    assert SGR.sub("", colored) == plain


def test_verdict_and_old_layout_are_red() -> None:
    text = render("text", MISMATCH, Display(color=True))
    assert text.startswith("\x1b[1;31mMISMATCH\x1b[0m  192.168.50.2 still")
    assert "\x1b[1;31mdraft-00\x1b[0m  proven" in text
    assert "\x1b[32mRFC 7637\x1b[0m  proven" in text


def test_lines_carry_no_blanks_at_their_end() -> None:
    for report in EVERY.values():
        for width in (None, 40, 80):
            assert not re.search(r" +$", render("text", report, Display(width=width)), re.MULTILINE)


def test_wide_characters_count_as_two_columns() -> None:
    page = Page(10, color=False)
    page.say("\u4e2d\u6587\u4e2d\u6587\u4e2d\u6587 e\u0301")
    assert page.text() == "\u4e2d\u6587\u4e2d\u6587\u4e2d\n\u6587 e\u0301\n"


def test_table_too_wide_for_its_columns_is_folded_not_cut() -> None:
    page = Page(20, color=True)
    page.table(("A", "B"), [(Span("x" * 30, Style.BAD), Span("y" * 30))])
    assert SGR.sub("", page.text()).split() == ["A", "B", "x" * 20, "x" * 10, "y" * 16, "y" * 14]


# --- hostile text ------------------------------------------------------------


def named(path: str) -> Report:
    """The unreadable report with another file name."""
    data = UNREADABLE.captures[0]
    renamed = type(data)(path, None, None, "unreadable", 0, 0, 0, data.problems)
    return Report(
        "1.0.0",
        UNREADABLE.verdict,
        UNREADABLE.headline,
        (renamed,),
        (),
        (),
        (),
        (),
        UNREADABLE.summary,
    )


@pytest.mark.parametrize(
    "display", [Display(), TERMINAL, Display(width=20, verbosity=1), Display(encoding="cp437")]
)
def test_hostile_text_stays_text(display: Display) -> None:
    text = render("text", HOSTILE, display)
    assert [
        character for character in text if not character.isprintable() and character != "\n"
    ] == []
    joined = "".join(text.split())
    assert (
        r"headline\x1b[31m\x07\n::error::x\r\u202e\x85\u200b\udcff[bold]<b>`|%0A]]>\x00" in joined
    )
    assert "[...64636characters...]" in joined


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_no_line_of_a_ci_log_begins_with_text_from_a_capture(verbosity: int) -> None:
    text = render("text", named("::error::x"), Display(verbosity=verbosity))
    assert not re.search(r"^\s*::", text, re.MULTILINE)


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize("name", EVERY)
def test_every_character_exists_in_the_encoding_of_the_console(name: str, encoding: str) -> None:
    render("text", EVERY[name], Display(encoding=encoding)).encode(encoding)


def test_file_name_that_the_console_lacks_is_escaped_and_one_that_it_has_is_shown() -> None:
    report = named("caf\u00e9-\u4e2d.etl")
    assert "caf\u00e9-\\u4e2d.etl: an ETW" in render("text", report, Display(encoding="cp1252"))
    assert "caf\\xe9-\\u4e2d.etl: an ETW" in render("text", report, Display(encoding="ascii"))
    assert "caf\u00e9-\u4e2d.etl: an ETW" in render("text", report, Display())


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("lab-1.pcapng", "lab-1.pcapng"),
        ("C:\\caps\\lab.pcap", "C:\\caps\\lab.pcap"),
        ("\u00e9\u4e2d\U0001f600", "\u00e9\u4e2d\U0001f600"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x1b\x7f", r"\x00\x1b\x7f"),
        ("\x80\x9b\xad", r"\x80\x9b\xad"),
        ("\u200b\u200e\u202e\u2066\ufeff", r"\u200b\u200e\u202e\u2066\ufeff"),
        ("\u2028\u2029\u00a0\u3000", r"\u2028\u2029\xa0\u3000"),
        ("\udcff\ud800", r"\udcff\ud800"),
        (
            "\ufe0f\u3164\u034f\u2800\U000e0100\U000e0041",
            r"\ufe0f\u3164\u034f\u2800\U000e0100\U000e0041",
        ),
        (
            "a ##vso[task.setvariable variable=x]y ##[add-path]z",
            r"a #\x23vso[task.setvariable variable=x]y #\x23[add-path]z",
        ),
        ("\ue000\uffff\U0010ffff", r"\ue000\uffff\U0010ffff"),
    ],
)
def test_invisible_characters_are_made_visible(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


def test_text_is_whole_up_to_1000_characters_and_shortened_beyond() -> None:
    assert visible("x" * 1000) == "x" * 1000
    assert visible("a" * 800 + "b" * 800) == "a" * 700 + "[... 700 characters ...]" + "b" * 200


def test_unknown_console_encoding_falls_back_to_ascii() -> None:
    assert visible("\u00e9", "no-such-encoding") == r"\xe9"


def test_evil_covers_what_it_says() -> None:
    assert {"\x1b", "\n", "\r", "\u202e", "\x85", "\u200b", "\udcff", "\x00"} <= set(EVIL)


# --- words -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gre_key", "words"),
    [
        (0x00001389, "0x00001389 (TNI 5001, or VSID 19 [reserved] with FlowID 137)"),
        (0x00138942, "0x00138942 (TNI 1280322, or VSID 5001 with FlowID 66)"),
        (0x01389000, "0x01389000 (TNI 3706880 with top octet 0x01, or VSID 80016 with FlowID 0)"),
        (
            0xFFFFFF01,
            (
                "0xffffff01 (TNI 16776961 with top octet 0xff, or VSID 16777215 [NVE to NVE] with"
                " FlowID 1)"
            ),
        ),
    ],
)
def test_key_stands_beside_both_readings(gre_key: int, words: str) -> None:
    assert both_readings(gre_key) == words


def test_icmp_errors_have_names_where_the_rfcs_give_them() -> None:
    assert icmp_words(4, 3, 10) == "ICMP 3/10 (host administratively prohibited)"
    assert icmp_words(6, 1, 1) == "ICMPv6 1/1 (administratively prohibited)"
    assert icmp_words(4, 3, 99) == "ICMP 3/99"
