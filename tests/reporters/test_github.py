"""Workflow commands, read as GitHub's runner reads them (src/Runner.Common/ActionCommand.cs of
actions/runner).
"""

from dataclasses import dataclass

import pytest

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.github import render
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Confidence, Severity
from tests.reports import (
    EVERY,
    EVIL,
    HEALTHY,
    HOSTILE,
    MANY,
    MISMATCH,
    NO_NVGRE,
    UNREADABLE,
    WARNINGS,
)


@dataclass
class Command:
    name: str
    properties: dict[str, str]
    data: str


def read_line(line: str) -> Command | None:
    """What the runner makes of one line of output; None for plain text."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    properties = dict(item.split("=", 1) for item in rest.strip().split(",") if "=" in item)
    unescaped = {}
    for key, value in properties.items():
        for token, plain in (
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ):
            value = value.replace(token, plain)  # noqa: PLW2901
        unescaped[key] = value
    data = line[end + 2 :].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return Command(name, unescaped, data)


def commands(report: Report) -> list[Command]:
    # The runner ends lines at CR, LF and CRLF.
    lines = render(report, Display()).replace("\r", "\n").split("\n")
    return [command for line in lines if (command := read_line(line))]


def one_finding(**changes: object) -> Report:
    finding = Finding(
        "NVG201",
        Severity.ERROR,
        Confidence.PROVEN,
        "message",
        Subject("host", ("10.0.0.1",)),
        (FrameRef(0, 4),),
        1,
        "",
        "",
    )
    return MISMATCH._replace(findings=(finding._replace(**changes),))  # type: ignore[arg-type]


def test_a_host_and_its_pair_get_one_annotation_each_and_flows_belong_to_the_pair() -> None:
    assert (
        render(MISMATCH, Display())
        == "::error title=NVG201 192.168.50.2,file=lab.pcapng,line=4::NVG201: 192.168.50.2 uses the"
        " old NVGRE layout (draft-00): key 0x00001389 is TNI 5001, as a VSID it would be"
        " 19%0AInstall KB2779768 on the host with 192.168.50.2 and restart it. Check: Get-HotFix"
        " -Id KB2779768 -ComputerName HOSTNAME\n::error title=NVG301 NVG302 192.168.50.1 and"
        " 192.168.50.2,file=lab.pcapng,line=3::NVG301: 192.168.50.1 (RFC 7637) and 192.168.50.2"
        " (draft-00) use different layouts: VSID 5001 is 0x00138900 from the one and 0x00001389"
        " from the other%0AInstall KB2779768 on the host with 192.168.50.2 and restart it. Check:"
        " Get-HotFix -Id KB2779768 -ComputerName HOSTNAME%0ANVG302: 192.168.50.2 refuses what"
        " 192.168.50.1 sends (ICMP 3/10, 4 times), because their layouts differ\nnvgre-doctor:"
        " verdict mismatch\n"
    )


def test_both_directions_of_a_flow_are_one_annotation() -> None:
    flow = MISMATCH.findings[2]
    back = flow._replace(
        subject=Subject("flow", ("192.168.50.2", "192.168.50.1")), message="the way back"
    )
    (command,) = commands(MISMATCH._replace(findings=(flow, back)))
    assert command.data.split("\n") == [f"NVG302: {flow.message}", "NVG302: the way back"]


def test_severities_become_error_warning_and_notice_worst_first() -> None:
    assert [(c.name, c.properties["title"]) for c in commands(WARNINGS)] == [
        ("warning", "NVG101 cut.pcap"),
        ("warning", "NVG202 10.1.0.1"),
        ("notice", "NVG204 10.1.0.2"),
    ]
    turned = WARNINGS._replace(findings=WARNINGS.findings[::-1])
    assert [c.name for c in commands(turned)] == ["warning", "warning", "notice"]


def test_a_subject_is_told_at_the_level_of_its_worst_finding() -> None:
    info, error = (
        MISMATCH.findings[0]._replace(severity=severity)
        for severity in (Severity.INFO, Severity.ERROR)
    )
    assert [c.name for c in commands(MISMATCH._replace(findings=(info, error)))] == ["error"]


def test_at_most_ten_per_level_and_the_tenth_counts_the_rest() -> None:
    errors = [c for c in commands(MANY) if c.name == "error"]
    assert len(errors) == 10
    assert errors[-1].data.endswith("\n20 more errors not shown here.")
    assert "more" not in errors[-2].data


@pytest.mark.parametrize(("count", "said"), [(10, False), (11, True)])
def test_more_is_said_from_the_eleventh_on(count: int, said: bool) -> None:
    report = MANY._replace(findings=MANY.findings[:count])
    assert ("1 more error not shown here." in render(report, Display())) is said


def test_an_annotation_tells_five_findings_and_counts_the_rest() -> None:
    (notice,) = [c for c in commands(MANY) if c.name == "notice"]
    assert notice.data.split("\n")[4:] == [
        "NVG306: VM pair 5 is heard in one direction only",
        "35 more findings not shown here.",
    ]


def test_percent_and_line_breaks_are_escaped_in_messages_and_the_runner_reads_them_back() -> None:
    line = render(one_finding(message="50% : a,b %0A"), Display()).splitlines()[0]
    assert line == "::error title=NVG201 10.0.0.1,file=lab.pcapng,line=4::NVG201: 50%25 : a,b %250A"
    (command,) = commands(one_finding(message="50% : a,b %0A"))
    assert command.data == "NVG201: 50% : a,b %0A"


def test_colons_commas_and_percent_are_escaped_in_properties_and_read_back_by_the_runner() -> None:
    report = one_finding(subject=Subject("host", ("fe80::1,%2C",)))
    assert render(report, Display()).startswith("::error title=NVG201 fe80%3A%3A1%2C%252C,file=")
    assert commands(report)[0].properties["title"] == "NVG201 fe80::1,%2C"


@pytest.mark.parametrize(
    "text",
    [
        "\n::error::x",
        "\r::error::x",
        "\r\n::stop-commands::x",
        EVIL,
        "\u2028::error::x",
        "\x85::error::x",
    ],
)
def test_captured_text_never_begins_a_line(text: str) -> None:
    report = one_finding(message=text, next_step=text, subject=Subject("host", (text,)))._replace(
        headline=text,
        captures=(Capture(text, None, None, "complete", 1, 1, 0, ()),),
    )
    lines = render(
        report, Display()
    ).splitlines()  # str.splitlines knows more line ends than the runner
    assert len(lines) == 2
    assert lines[0].startswith("::error title=NVG201 ")
    assert lines[1] == "nvgre-doctor: verdict mismatch"


@pytest.mark.parametrize(
    "text", ["##[set-env name=PATH]/tmp", "##vso[task.setvariable variable=PATH]/tmp"]
)
def test_commands_that_are_looked_for_anywhere_in_a_line_do_not_come_through(text: str) -> None:
    report = one_finding(message=text, next_step=text, subject=Subject("host", (text,)))._replace(
        headline=text
    )
    assert not [mark for mark in ("##[", "##vso[") if mark in render(report, Display())]


def test_the_line_is_the_frame_and_windows_paths_get_forward_slashes() -> None:
    report = one_finding()._replace(
        captures=(MISMATCH.captures[0]._replace(path=".\\caps\\lab.pcapng"),)
    )
    (command,) = commands(report)
    assert (command.properties["file"], command.properties["line"]) == ("caps/lab.pcapng", "4")


@pytest.mark.parametrize(
    "path", ["-", "/tmp/lab.pcapng", "C:\\lab.pcapng", "\\\\s\\d\\x", "../lab.pcapng", "a\x1b.pcap"]
)
def test_a_capture_that_is_no_file_of_the_repository_is_not_given_as_one(path: str) -> None:
    report = one_finding()._replace(captures=(MISMATCH.captures[0]._replace(path=path),))
    (command,) = commands(report)
    assert command.properties == {"title": "NVG201 10.0.0.1"}


def test_a_capture_that_cannot_be_read_is_an_error_with_the_reason() -> None:
    assert [(c.name, c.properties["title"], c.data) for c in commands(UNREADABLE)] == [
        (
            "error",
            "unreadable trace.etl",
            "an ETW trace; convert it: etl2pcapng trace.etl trace.pcapng",
        ),
        ("error", "unreadable empty.pcap", "it holds no frame"),
    ]


def test_a_finding_about_an_unreadable_capture_is_told_once_as_an_error() -> None:
    finding = WARNINGS.findings[0]._replace(message="an ETW trace", next_step="")
    first, _second = commands(UNREADABLE._replace(findings=(finding,)))
    assert (first.name, first.properties["title"], first.data) == (
        "error",
        "NVG101 trace.etl",
        "NVG101: an ETW trace",
    )


def test_nothing_decodable_is_an_error_even_if_the_file_could_be_read() -> None:
    report = UNREADABLE._replace(captures=NO_NVGRE.captures)
    assert [(c.name, c.data) for c in commands(report)] == [("error", "No capture could be read.")]


def test_a_healthy_report_has_no_annotation() -> None:
    assert render(HEALTHY, Display()) == "nvgre-doctor: verdict healthy\n"


def test_no_message_reaches_the_length_at_which_the_runner_cuts_it() -> None:
    long = tuple(
        finding._replace(message="m" * 300, next_step="n" * 300) for finding in MANY.findings
    )
    assert max(len(c.data) for c in commands(MANY._replace(findings=long))) < 4096


def test_no_title_is_longer_than_github_takes() -> None:
    assert max(len(c.properties["title"]) for c in commands(HOSTILE)) <= 255


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii"])
def test_a_console_that_lacks_a_character_gets_an_escape(encoding: str) -> None:
    text = render(one_finding(message="schön \u4e2d"), Display(encoding=encoding))
    assert "\\u4e2d" in text
    text.encode(encoding)


@pytest.mark.parametrize("name", list(EVERY))
def test_every_report_gives_commands_and_one_last_plain_line(name: str) -> None:
    *first, last = render(EVERY[name], Display()).splitlines()
    assert all(read_line(line) for line in first)
    assert last == f"nvgre-doctor: verdict {EVERY[name].verdict}"
