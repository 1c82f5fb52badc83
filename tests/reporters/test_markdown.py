"""Markdown, read with a renderer: what a capture says is text in it, never markup."""

import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.markdown import render, render_each
from nvgre_doctor.rules.finding import Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Confidence, Sender
from tests.reports import EVERY, EVIL, MANY, MISMATCH, UNREADABLE, WARNINGS

MARKUP = [
    EVIL,
    "| a | b |",
    "a|b\\|c\\\\|d",
    "`code` ``two``",
    "`",
    "``|``",
    "<script>alert(1)</script>",
    "<img/src=x>",
    "<!--",
    "&lt;b&gt; &copy;",
    "[link](http://evil.example)",
    "![image](http://evil.example/x.png)",
    "[x]: http://evil.example",
    "<http://evil.example>",
    "http://evil.example",
    "www.evil.example",
    "(WWW.evil.example)",
    "mail@evil.example",
    "@octocat",
    "#123",
    "org/repo#1",
    "**bold** __bold__ *i* _i_ ~~gone~~",
    "snake_case_name",
    ":tada:",
    "$x$ $$y$$",
    "\n# heading",
    "\n\n- item",
    "\n| --- |",
    "    indented",
    "- item",
    "+ item",
    "1. item",
    "> quote",
    "---",
    "===",
    " leading and trailing ",
    "[^1] footnote",
    "\\",
    "\\`",
]


def parse(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def plain_text(text: str) -> str:
    """What a reader sees outside of code: where GitHub looks for mentions, links, numbers, emoji
    and formulas.
    """
    return "\n".join(child.content for child in inline(parse(text)) if child.type == "text")


def everywhere(text: str) -> Report:
    """A report that says `text` wherever a capture, a file name or an address could."""
    finding = MISMATCH.findings[0]._replace(
        code=text,
        message=f"before {text} after",
        next_step=text,
        check=text,
        display_filter=text,
        subject=Subject("host", (text,)),
    )
    evidence = MISMATCH.hosts[0].evidence[0]._replace(statement=text)
    host = MISMATCH.hosts[0]._replace(
        address=text, layout=text, sender_reasons=(text,), evidence=(evidence,)
    )
    return MISMATCH._replace(
        headline=text,
        captures=(Capture(text, text, text, text, 1, 2, 3, (Problem(text, 0, text),)),),
        hosts=(host,),
        pairs=(MISMATCH.pairs[0]._replace(hosts=(text, text)),),
        refusals=(MISMATCH.refusals[0]._replace(source=text, destination=text, by=text),),
        findings=(finding,),
    )


def test_the_summary_begins_with_the_verdict_in_words() -> None:
    assert render(MISMATCH, Display()).startswith(
        "## nvgre-doctor: mismatch\n\nVerdict: 192.168.50.2 still uses the old NVGRE layout;"
        " 192.168.50.1 does not. They cannot talk.\n\n3 errors, 0 warnings, 0 notes; 2 hosts, 12"
        " NVGRE frames of 24 frames.\n\n### Findings\n\n- **error NVG201** 192.168.50.2 uses the"
        " old NVGRE layout (draft-00): key 0x00001389 is TNI 5001, as a VSID it would be 19\n  -"
        " Next step: Install KB2779768 on the host with 192.168.50.2 and restart it.\n  - Check:"
        " `Get-HotFix -Id KB2779768 -ComputerName HOSTNAME`\n  - Wireshark: `ip.src#1 =="
        " 192.168.50.2 && gre.key#1`\n  - Frames: lab.pcapng: 4, 8 and 2 more\n"
    )


def test_hosts_pairs_and_refused_flows_are_tables() -> None:
    text = render(MISMATCH, Display())
    assert (
        "| `192.168.50.2` | draft-00 (old) | proven | 4 | 4 | "
        "key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved |\n" in text
    )
    assert "| `192.168.50.1` and `192.168.50.2` | different layouts | 4 | 4 |\n" in text
    assert (
        "| `192.168.50.1` | `192.168.50.2` | `192.168.50.2` | "
        "ICMP 3/10 (host administratively prohibited) | 0x00138900 | 4 times (seen 5 times) |"
        " because the layouts differ |\n" in text
    )
    assert sum(token.type == "table_open" for token in parse(text)) == 3


def test_what_is_only_likely_and_what_is_no_hyper_v_host_is_told_in_other_words() -> None:
    old = MISMATCH.hosts[1]
    report = MISMATCH._replace(
        hosts=(
            old._replace(sender=Sender.OTHER),
            old._replace(sender=Sender.UNCLEAR),
            MISMATCH.hosts[0]._replace(sender=Sender.UNCLEAR),
        ),
        pairs=(MISMATCH.pairs[0]._replace(confidence=Confidence.LIKELY),),
    )
    text = render(report, Display())
    layouts = re.findall(r"^\| `192\.168\.50\.\d` \| ([^|`]+) \| proven", text, re.MULTILINE)
    assert layouts == ["plain GRE", "draft-00, if NVGRE", "RFC 7637"]
    assert "| `192.168.50.1` and `192.168.50.2` | probably different layouts | 4 | 4 |\n" in text


def test_captures_are_listed_with_their_problems() -> None:
    assert render(WARNINGS, Display()).endswith(
        "### Captures\n\n"
        "- `cut.pcap`: cut, pcap, 9 frames, 8 NVGRE\n"
        "  - Problem: frame 10 is cut short at byte 1033: 9 frames were read\n"
        "- `peer.pcapng`: complete, pcapng zstd, 6 frames, 6 NVGRE\n"
    )


def test_sections_without_content_are_left_out() -> None:
    headings = re.findall(r"^### (.*)$", render(UNREADABLE, Display()), re.MULTILINE)
    assert headings == ["Captures"]


@pytest.mark.parametrize("text", MARKUP)
def test_captured_text_is_never_markup(text: str) -> None:
    output = render(everywhere(text), Display())
    calm = render(everywhere("calm"), Display())
    tokens = parse(output)
    kinds = {token.type for token in [*tokens, *inline(tokens)]}
    assert not kinds & {
        "html_inline",
        "html_block",
        "link_open",
        "image",
        "em_open",
        "s_open",
        "code_block",
        "fence",
    }
    # The document has the same skeleton as with a word in the same places: no heading, item, row or
    # cell more or less.
    skeleton = [token.type for token in tokens if token.type != "inline"]
    assert skeleton == [token.type for token in parse(calm) if token.type != "inline"]


@pytest.mark.parametrize("text", MARKUP)
def test_captured_text_outside_of_code_is_nothing_that_github_acts_on(text: str) -> None:
    seen = plain_text(render(everywhere(text), Display()))
    assert not re.search(r"[@#$<>\[\]`|~_\\&]|://|www\.|:\S+:", seen, re.IGNORECASE)


@pytest.mark.parametrize(
    "text", ["a|b", "`", "``x`", "<b>", "@octocat", "a_b", "C:\\caps\\lab.pcapng", "50% & more"]
)
def test_a_reader_sees_the_text_as_it_is(text: str) -> None:
    tokens = parse(render(everywhere(text), Display()))
    cells = [token for i, token in enumerate(tokens) if i and tokens[i - 1].type == "td_open"]
    assert "".join(child.content for child in cells[0].children or ()) == text


def test_a_pipe_after_a_backslash_is_written_as_an_escape_as_renderers_disagree_on_it() -> None:
    assert "| `a\\x7cb` | not known |" in render(everywhere("a\\|b"), Display()).replace(
        "\\\\x7c", "\\x7c"
    )


def test_words_of_our_own_sentences_stay_plain() -> None:
    assert "(draft-00): key 0x00001389 is TNI 5001" in plain_text(render(MISMATCH, Display()))


def test_addresses_of_ipv6_and_macs_are_code_so_that_they_hold_no_emoji() -> None:
    report = MISMATCH._replace(headline="2001:100::1 sends to 00:15:5d:0a:00:01.")
    assert "Verdict: `2001:100::1` sends to `00:15:5d:0a:00:01`.\n" in render(report, Display())


def test_a_summary_stays_below_the_limit_of_github_and_says_what_is_left_out() -> None:
    finding = MANY.findings[0]._replace(
        message="ä" * 900, next_step="ö" * 900, display_filter="ü" * 900
    )
    capture = Capture("\x1b" * 900, "pcap", None, "cut", 1, 1, 1, (Problem("x", 0, "\x1b" * 900),))
    report = MANY._replace(
        findings=(finding,) * 5000, captures=(capture,) * 5000, hosts=MANY.hosts * 100
    )
    text = render(report, Display())
    assert len(text.encode("utf-8")) <= 1024 * 1024
    left_out = [
        int(count) for count in re.findall(r"^Not shown here: (\d+) more\.$", text, re.MULTILINE)
    ]
    shown = [text.count("- **error"), text.count("| proven |"), text.count("- `\\x1b")]
    assert [a + b for a, b in zip(shown, left_out, strict=True)] == [5000, 6000, 5000]
    assert shown[1] == 500
    assert min(shown) > 10


def test_five_hundred_rows_are_shown_and_the_rest_is_counted() -> None:
    report = MANY._replace(findings=(MANY.findings[0],) * 501)
    text = render(report, Display())
    assert text.count("- **error NVG201**") == 500
    assert "\nNot shown here: 1 more.\n" in text
    assert "Not shown" not in render(MANY._replace(findings=(MANY.findings[0],) * 500), Display())


@pytest.mark.parametrize("name", list(EVERY))
def test_no_line_of_any_report_is_a_workflow_command(name: str) -> None:
    assert not [
        line
        for line in render(EVERY[name], Display()).splitlines()
        if line.lstrip().startswith("::")
    ]


@pytest.mark.parametrize("encoding", ["cp437", "ascii"])
def test_a_console_that_lacks_a_character_gets_an_escape(encoding: str) -> None:
    text = render(MISMATCH._replace(headline="\u4e2d"), Display(encoding=encoding))
    assert "\\u4e2d" in text
    text.encode(encoding)


def test_the_reports_of_very_many_captures_fit_into_a_summary_of_github() -> None:
    text = render_each([MISMATCH] * 900, Display())
    assert len(text.encode("utf-8")) <= 1_048_576
    (left,) = re.findall(r"^The findings of (\d+) captures more are not shown here\.$", text, re.M)
    assert text.count("\n## mismatch: ") == 900 - int(left) > 300
