"""JUnit XML, read with an XML parser and checked against the schema of Jenkins' xUnit plugin."""

from xml.etree import ElementTree as ET

import pytest
import xmlschema

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.junit import render
from nvgre_doctor.rules.finding import Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Confidence, PairVerdict, Sender, Severity, Verdict
from tests.reporters.schemas import schema_path
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

# What XML 1.0 cannot hold, and some of what it should not: C0, DEL, C1, lone surrogates,
# noncharacters.
FORBIDDEN = "".join(
    map(chr, [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF])
)


def parse(report: Report) -> ET.Element:
    return ET.fromstring(render(report, Display()))


def outcomes(report: Report) -> dict[str, str]:
    """Every test case by name, with how it went."""
    cases = parse(report).findall("testsuite/testcase")
    found = {
        case.attrib["name"]: next((e.tag for e in case if e.tag != "system-out"), "passed")
        for case in cases
    }
    assert len(found) == len(cases)
    return found


def case(report: Report, name: str) -> ET.Element:
    return next(c for c in parse(report).iter("testcase") if c.attrib["name"] == name)


def test_each_host_pair_and_refused_flow_is_one_case() -> None:
    assert outcomes(MISMATCH) == {
        "192.168.50.1 speaks RFC 7637": "passed",
        "192.168.50.2 speaks RFC 7637": "failure",
        "192.168.50.1 and 192.168.50.2 speak the same layout": "failure",
        "NVGRE from 192.168.50.1 to 192.168.50.2 gets through": "failure",
    }


def test_the_suite_counts_its_cases() -> None:
    root = parse(MISMATCH)
    assert root.attrib == {"name": "nvgre-doctor", "tests": "4", "failures": "3", "errors": "0"}
    (suite,) = root
    assert suite.attrib == {
        "name": "nvgre-doctor: lab.pcapng",
        "tests": "4",
        "failures": "3",
        "errors": "0",
        "skipped": "0",
    }


def test_a_failure_repeats_its_message_in_the_text_and_says_what_to_do() -> None:
    failure = case(MISMATCH, "192.168.50.2 speaks RFC 7637").find("failure")
    assert failure is not None
    message = (
        "192.168.50.2 uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001, as a VSID"
        " it would be 19"
    )
    assert failure.attrib == {"type": "NVG201", "message": message}
    assert (failure.text or "").splitlines() == [
        message,
        "",
        ("Next step: Install KB2779768 on the host with 192.168.50.2 and restart it."),
        "Check: Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
        "Wireshark: ip.src#1 == 192.168.50.2 && gre.key#1",
        "Frames: lab.pcapng: 4, 8",
    ]


def test_several_errors_about_one_subject_are_one_failure_that_tells_them_all() -> None:
    first = MISMATCH.findings[0]
    second = first._replace(code="NVG203", message="a second error")
    (outcome,) = case(MISMATCH._replace(findings=(first, second)), "192.168.50.2 speaks RFC 7637")
    assert outcome.tag == "failure"
    assert "NVG203 error: a second error" in (outcome.text or "")


def test_a_healthy_report_passes_and_says_that_nothing_is_wrong() -> None:
    assert outcomes(HEALTHY) == {
        "10.0.0.1 speaks RFC 7637": "passed",
        "10.0.0.2 speaks RFC 7637": "skipped",  # it probably does
        "10.0.0.1 and 10.0.0.2 speak the same layout": "skipped",
        "nothing is wrong": "passed",
    }


def test_what_is_only_likely_says_so_and_is_skipped() -> None:
    doubts = {
        "10.0.0.2 speaks RFC 7637": "10.0.0.2 probably speaks RFC 7637",
        "10.0.0.1 and 10.0.0.2 speak the same layout": (
            "10.0.0.1 and 10.0.0.2 probably speak the same layout"
        ),
    }
    for name, doubt in doubts.items():
        skipped = case(HEALTHY, name).find("skipped")
        assert skipped is not None
        assert skipped.text == doubt
    proven = HEALTHY._replace(pairs=(HEALTHY.pairs[0]._replace(confidence=Confidence.PROVEN),))
    assert outcomes(proven)["10.0.0.1 and 10.0.0.2 speak the same layout"] == "passed"


def test_a_sender_of_plain_gre_neither_passes_nor_fails() -> None:
    host = HEALTHY.hosts[0]._replace(sender=Sender.OTHER)
    skipped = case(HEALTHY._replace(hosts=(host,)), "10.0.0.1 speaks RFC 7637").find("skipped")
    assert skipped is not None
    assert skipped.text == "10.0.0.1 sends plain GRE: no Hyper-V host, so no layout"


def test_what_is_not_known_to_be_true_is_skipped_never_passed() -> None:
    assert outcomes(WARNINGS) == {
        "10.1.0.1 speaks RFC 7637": "passed",
        "10.1.0.2 speaks RFC 7637": "skipped",
        "2001:db8::1 speaks RFC 7637": "skipped",
        "10.1.0.1 and 10.1.0.2 speak the same layout": "skipped",
        "10.1.0.1 and 2001:db8::1 speak the same layout": "skipped",
        "NVGRE from 10.1.0.1 to 10.1.0.2 gets through": "skipped",
        "NVGRE from 2001:db8::1 to 2001:db8::2 gets through": "skipped",
        "cut.pcap can be judged": "skipped",
    }


@pytest.mark.parametrize("layout", ["draft-00", "both", "unknown"])
def test_a_host_without_findings_passes_only_with_the_current_layout(layout: str) -> None:
    host = HEALTHY.hosts[0]._replace(layout=layout)
    assert outcomes(HEALTHY._replace(hosts=(host,)))["10.0.0.1 speaks RFC 7637"] == "skipped"


@pytest.mark.parametrize("verdict", [PairVerdict.MISMATCH, PairVerdict.UNKNOWN])
def test_a_pair_without_findings_passes_only_when_the_layouts_agree(verdict: PairVerdict) -> None:
    pair = HEALTHY.pairs[0]._replace(verdict=verdict, confidence=Confidence.PROVEN)
    name = "10.0.0.1 and 10.0.0.2 speak the same layout"
    assert outcomes(HEALTHY._replace(pairs=(pair,)))[name] == "skipped"


def test_a_warning_does_not_fail_and_is_not_lost() -> None:
    output = case(WARNINGS, "10.1.0.1 speaks RFC 7637").findtext("system-out")
    assert (
        output == "NVG202 warning: 10.1.0.1 changed from draft-00 to RFC 7637 during the capture\n"
        "Next step: Nothing to do if the host was updated at that time.\n"
        "Wireshark: ip.src == 10.1.0.1 && gre\n"
        "Frames: cut.pcap: 2; peer.pcapng: 5"
    )


def test_the_refusals_of_one_flow_are_one_case() -> None:
    refusal = MISMATCH.refusals[0]
    other = refusal._replace(icmp_code=13, count=1, sightings=1)
    report = MISMATCH._replace(refusals=(refusal, other), findings=())
    skipped = case(report, "NVGRE from 192.168.50.1 to 192.168.50.2 gets through").find("skipped")
    assert skipped is not None
    assert (
        skipped.text
        == "ICMP 3/10 (host administratively prohibited) from 192.168.50.2, 4 times (seen 5"
        " times); "
        "ICMP 3/13 (communication administratively prohibited) from 192.168.50.2, 1 time"
    )


def test_a_capture_that_cannot_be_read_is_an_error() -> None:
    assert outcomes(UNREADABLE) == {
        "trace.etl can be judged": "error",
        "empty.pcap can be judged": "error",
    }
    error = case(UNREADABLE, "trace.etl can be judged").find("error")
    assert error is not None
    assert (
        error.attrib["message"]
        == error.text
        == "an ETW trace; convert it: etl2pcapng trace.etl trace.pcapng"
    )


def test_a_finding_about_an_unreadable_capture_does_not_hide_the_error() -> None:
    report = UNREADABLE._replace(findings=(WARNINGS.findings[0],))
    assert outcomes(report)["trace.etl can be judged"] == "error"


def test_nothing_decodable_is_an_error_even_if_the_file_could_be_read() -> None:
    report = UNREADABLE._replace(captures=NO_NVGRE.captures)
    assert outcomes(report) == {"there is NVGRE to judge": "error"}


def test_captures_without_nvgre_never_pass() -> None:
    assert outcomes(NO_NVGRE) == {"all captures can be judged": "skipped"}
    assert outcomes(NO_NVGRE._replace(findings=())) == {"there is NVGRE to judge": "skipped"}


def test_a_finding_about_something_else_gets_a_case_of_its_own() -> None:
    finding = MISMATCH.findings[0]._replace(
        subject=Subject("host", ("10.9.9.9",)), severity=Severity.WARNING
    )
    assert (
        outcomes(HEALTHY._replace(verdict=Verdict.WARNINGS, findings=(finding,)))[
            "10.9.9.9 speaks RFC 7637"
        ]
        == "skipped"
    )


def test_captures_of_one_name_have_cases_of_different_names() -> None:
    captures = (UNREADABLE.captures[0],) * 3
    assert list(outcomes(UNREADABLE._replace(captures=captures))) == [
        "trace.etl can be judged",
        "trace.etl can be judged (2)",
        "trace.etl can be judged (3)",
    ]


def test_many_captures_are_not_all_in_the_name_of_the_suite() -> None:
    captures = tuple(
        Capture(f"{n}.pcap", "pcap", None, "complete", 1, 1, 1, ()) for n in range(1, 6)
    )
    assert (
        parse(HEALTHY._replace(captures=captures))[0].attrib["name"]
        == "nvgre-doctor: 1.pcap, 2.pcap, 3.pcap and 2 more"
    )


@pytest.mark.parametrize("text", [FORBIDDEN, EVIL, "]]>", "<![CDATA[", "&#0;", "&amp;"])
def test_hostile_text_is_visible_and_the_document_stays_xml(text: str) -> None:
    finding = MISMATCH.findings[0]._replace(
        message=text, next_step=text, check=text, code=text, display_filter=text
    )
    host = HEALTHY.hosts[0]._replace(address=text, layout="both", sender_reasons=(text,))
    capture = Capture(text, None, None, "unreadable", 0, 0, 0, ())
    root = parse(
        MISMATCH._replace(
            version=text,
            headline=text,
            findings=(finding,),
            captures=(capture,),
            hosts=(host,),
        )
    )
    held = "".join(
        value for element in root.iter() for value in (element.text or "", *element.attrib.values())
    )
    assert all(character.isprintable() or character == "\n" for character in held)


def test_a_control_character_is_written_as_its_escape() -> None:
    finding = MISMATCH.findings[0]._replace(message="a\x1bb\x00c\ufffe\ud800")
    failure = case(MISMATCH._replace(findings=(finding,)), "192.168.50.2 speaks RFC 7637").find(
        "failure"
    )
    assert failure is not None
    assert failure.attrib["message"] == "a\\x1bb\\x00c\\ufffe\\ud800"


def test_the_document_is_ascii_so_that_no_console_spoils_it() -> None:
    text = render(MISMATCH._replace(headline="schön \u4e2d"), Display())
    assert text.isascii()
    assert "sch&#246;n &#20013;" in text
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')


@pytest.fixture(scope="module")
def jenkins() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(schema_path("jenkins-junit-10.xsd"))


@pytest.mark.parametrize("name", list(EVERY))
def test_every_report_is_valid_for_jenkins_and_has_no_name_twice(
    name: str, jenkins: xmlschema.XMLSchema
) -> None:
    jenkins.validate(render(EVERY[name], Display()))
    assert outcomes(EVERY[name])


def test_the_schema_is_strict_enough_to_notice_a_missing_count(
    jenkins: xmlschema.XMLSchema,
) -> None:
    text = render(MANY, Display()).replace(' skipped="', ' failed="')
    assert not jenkins.is_valid(text)


def test_names_of_64_kb_are_shortened() -> None:
    assert max(len(name) for name in outcomes(HOSTILE)) < 1100
