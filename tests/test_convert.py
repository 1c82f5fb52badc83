"""A report read back from JSON is the report that was written; anything else is refused with a
reason and a place.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvgre_doctor.report.from_json import ConvertError
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import FORMATS, render
from nvgre_doctor.rules.finding import FrameRef
from nvgre_doctor.terminal.display import Display
from tests.converted import report_from_json
from tests.reports import EVERY, MISMATCH, WARNINGS

Path = tuple[str | int, ...]

READABLE = {
    name: report._replace(
        findings=tuple(
            finding._replace(display_filter="") if "\x1b" in finding.display_filter else finding
            for finding in report.findings
        )
    )
    for name, report in EVERY.items()
}
"""Reports built by hand; a display filter that is none would be refused."""


def to_text(report: Report) -> str:
    return render("json", report, Display())


def plain(report: Report) -> Any:
    return json.loads(to_text(report))


def without_untold_times(report: Report) -> Report:
    """JSON does not tell the times of evidence frames."""

    def untimed(frame: FrameRef) -> FrameRef:
        return frame._replace(time_ns=None)

    hosts = tuple(
        h._replace(
            evidence=tuple(e._replace(frames=tuple(map(untimed, e.frames))) for e in h.evidence)
        )
        for h in report.hosts
    )
    return report._replace(hosts=hosts)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where every value of a JSON document stands, the root excepted."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, item in items:
        yield (*path, name)
        yield from paths(item, (*path, name))


def with_value(document: Any, path: Path, value: object) -> str:
    document = copy.deepcopy(document)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(document)


def without(document: Any, *path: str) -> str:
    document = copy.deepcopy(document)
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return json.dumps(document)


def refusal_of(text: str) -> str:
    with pytest.raises(ConvertError) as caught:
        report_from_json(text)
    return str(caught.value)


@pytest.mark.parametrize("name", list(READABLE))
def test_the_report_comes_back_whole(name: str) -> None:
    report = without_untold_times(READABLE[name])
    assert without_untold_times(report_from_json(to_text(report))) == report


@pytest.mark.parametrize("name", list(READABLE))
def test_json_written_again_is_the_same_text(name: str) -> None:
    text = to_text(READABLE[name])
    assert to_text(report_from_json(text)) == text


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", list(READABLE))
def test_every_format_is_the_same_from_json_as_from_the_capture(
    name: str, format_name: str
) -> None:
    converted = report_from_json(to_text(READABLE[name]))
    for display in (Display(), Display(color=True, width=80, verbosity=1)):
        assert render(format_name, converted, display) == render(
            format_name, READABLE[name], display
        )


def test_the_times_of_findings_and_changes_come_back_to_the_nanosecond() -> None:
    report = report_from_json(to_text(WARNINGS))
    assert report.findings[2].frames == (FrameRef(0, 3, 1_367_402_400_000_000_007),)
    assert report.hosts[0].changes[0].at == FrameRef(1, 5, 1_367_402_460_000_000_000)
    assert (
        report_from_json(to_text(READABLE["hostile"])).findings[0].frames[0].time_ns
        == 9_223_372_036_854_775_807
    )


def test_unknown_fields_of_a_later_version_are_ignored() -> None:
    document = plain(MISMATCH)
    document["new"] = {"x": [1.5, None]}
    document["findings"][0]["new"] = 1
    assert to_text(report_from_json(json.dumps(document))) == to_text(MISMATCH)


def test_a_byte_order_mark_of_powershell_is_no_obstacle() -> None:
    assert report_from_json("\ufeff" + to_text(MISMATCH)).version == "1.0.0"


@pytest.mark.parametrize("version", ["1.0", "2.1", "3.0", "", "x\x1b[31m"])
def test_another_schema_version_is_refused_with_both_versions_and_what_to_do(version: str) -> None:
    message = refusal_of(with_value(plain(MISMATCH), ("schema_version",), version))
    assert message.startswith("$.schema_version: the report has version ")
    assert "and this program reads 2.0. Convert it with the nvgre-doctor that wrote it" in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("path", "value", "start"),
    [
        (
            ("verdict",),
            "fine",
            (
                "$.verdict: expected one of mismatch, refused, old-layout, undecided, warnings,"
                " healthy, no-nvgre,"
            ),
        ),
        (("headline",), None, "$.headline: expected a string, found null."),
        (("captures",), {}, "$.captures: expected a list, found an object."),
        (("captures", 0), 7, "$.captures[0]: expected an object, found 7."),
        (("captures", 0, "frames"), -1, "$.captures[0].frames: expected an integer from 0 to "),
        (("captures", 0, "frames"), True, "$.captures[0].frames: expected an integer from 0 to "),
        (("captures", 0, "frames"), 24.0, "$.captures[0].frames: expected an integer from 0 to "),
        (
            ("captures", 0, "frames"),
            2**64,
            "$.captures[0].frames: expected an integer from 0 to 18446744073709551615",
        ),
        (
            ("captures", 0, "format"),
            7,
            "$.captures[0].format: expected a string, found 7.",
        ),
        (("hosts", 1, "address"), "x", '$.hosts[1].address: expected an IP address, found "x".'),
        (
            ("hosts", 1, "address"),
            "fe80::1%x",
            '$.hosts[1].address: expected an IP address without a zone, found "fe80',
        ),
        (
            ("hosts", 1, "layout"),
            "new",
            "$.hosts[1].layout: expected one of draft-00, rfc7637, both, unknown",
        ),
        (
            ("hosts", 1, "evidence", 0, "layout"),
            "both",
            "$.hosts[1].evidence[0].layout: expected one of draft-00, rfc7",
        ),
        (
            ("hosts", 1, "segments", 0, "keys", 0),
            "5001",
            "$.hosts[1].segments[0].keys[0]: expected a key such as 0x0000",
        ),
        (
            ("hosts", 1, "segments", 0, "keys", 0),
            "0x00001389\n",
            "$.hosts[1].segments[0].keys[0]: expected a key such",
        ),
        (
            ("hosts", 1, "segments", 0, "id"),
            0x1000000,
            "$.hosts[1].segments[0].id: expected an integer from 0 to 167772",
        ),
        (
            ("pairs", 0, "hosts"),
            ["10.0.0.1"],
            "$.pairs[0].hosts: expected a list of 2, found a list of 1.",
        ),
        (
            ("refusals", 0, "icmp", "type"),
            256,
            "$.refusals[0].icmp.type: expected an integer from 0 to 255, found 256.",
        ),
        (
            ("refusals", 0, "icmp", "version"),
            4.0,
            "$.refusals[0].icmp.version: expected an integer from 0 to ",
        ),
        (
            ("refusals", 0, "icmp", "version"),
            5,
            "$.refusals[0].icmp.version: expected 4 or 6, found 5.",
        ),
        (
            ("refusals", 0, "first", "frame"),
            0,
            "$.refusals[0].first.frame: expected an integer from 1 to ",
        ),
        (
            ("findings", 0, "frames", 0, "capture"),
            1,
            "$.findings[0].frames[0].capture: expected an integer from 0 to 0",
        ),
        (
            ("hosts", 1, "evidence", 0, "assumes", 0),
            "A6",
            "$.hosts[1].evidence[0].assumes[0]: expected one of A1, A2, A3, A4, A5",
        ),
        (
            ("hosts", 1, "sender"),
            "linux",
            "$.hosts[1].sender: expected one of hyper-v, other, unclear, found",
        ),
        (
            ("hosts", 1, "spans", 0, "first", "capture"),
            1,
            "$.hosts[1].spans[0].first.capture: expected an integer from 0 to 0, found 1.",
        ),
        (("findings", 0, "check"), 7, "$.findings[0].check: expected a string, found 7."),
        (
            ("findings", 0, "subject", "kind"),
            "vm",
            "$.findings[0].subject.kind: expected one of host, pair, flow, capt",
        ),
        (("tool", "name"), "nmap", '$.tool.name: expected one of nvgre-doctor, found "nmap".'),
        (
            ("summary", "errors"),
            "3",
            '$.summary.errors: expected an integer from 0 to 18446744073709551615, found "3".',
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(path: Path, value: object, start: str) -> None:
    message = refusal_of(with_value(plain(MISMATCH), path, value))
    assert message.startswith(start)
    assert message.endswith("Give a file that `nvgre-doctor check --format json` wrote, unchanged.")


def test_a_missing_field_is_named_with_the_object_that_lacks_it() -> None:
    assert refusal_of(without(plain(MISMATCH), "summary", "infos")).startswith(
        "$.summary: the field 'infos' is missing."
    )


@pytest.mark.parametrize(
    "path",
    [
        ("summary", "in_baseline"),
        ("captures", 0, "first_time_ns"),
        ("hosts", 0, "proven_to"),
        ("findings", 0, "check"),
    ],
)
def test_a_field_may_be_null_and_never_missing(path: Path) -> None:
    document = plain(MISMATCH)
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    assert f"the field {path[-1]!r} is missing" in refusal_of(json.dumps(document))


def test_a_finding_about_a_capture_that_is_not_there_is_refused() -> None:
    message = refusal_of(with_value(plain(WARNINGS), ("findings", 0, "subject", "capture"), 2))
    assert message.startswith(
        "$.findings[0].subject.capture: expected an integer from 0 to 1, found 2."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 column 1: not JSON"),
        ("nvgre-doctor: verdict healthy", "line 1 column 1: not JSON"),
        ('{"schema_version": "2.0"', "not JSON"),
        ("[]", "$: expected an object, found a list of 0."),
        ("null", "$: expected an object, found null."),
        ("{}", "$: the field 'schema_version' is missing."),
        ('{"schema_version": 1.0}', "$.schema_version: expected a string, found 1.0."),
        (
            '{"schema_version": "2.0", "schema_version": "2.0"}',
            'the field "schema_version" stands twice',
        ),
        ('{"schema_version": NaN}', "NaN is not JSON"),
        ('{"schema_version": -Infinity}', "-Infinity is not JSON"),
        ('{"schema_version": ' + "9" * 100_000 + "}", "a number of 100000 digits is too large"),
        ('{"schema_version": 1e999}', "$.schema_version: expected a string, found Infinity."),
        ("[" * 1_000_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ("\x00", "line 1 column 1: not JSON"),
        ('"\ud800', "not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_report_is_refused_with_a_reason(text: str, said: str) -> None:
    assert said in refusal_of(text)


def test_an_error_repeats_hostile_text_short_and_visible() -> None:
    message = refusal_of(
        with_value(plain(MISMATCH), ("verdict",), "\x1b[31m\n::error::" + "x" * 100_000)
    )
    assert message.isprintable()
    assert len(message) < 400


WRONG = [
    None,
    True,
    -1,
    0,
    1.5,
    2**70,
    "",
    "x",
    "\x1b\n",
    "0x00001389",
    [],
    {},
    [[]],
    [None],
    {"capture": 0},
]


@pytest.mark.long
@pytest.mark.parametrize("name", ["mismatch", "warnings", "unreadable"])
def test_any_value_in_any_place_is_read_or_refused_and_what_is_read_can_be_rendered(
    name: str,
) -> None:
    document = plain(READABLE[name])
    read = refused = 0
    for path in paths(document):
        for value in WRONG:
            try:
                report = report_from_json(with_value(document, path, value))
            except ConvertError:
                refused += 1
                continue
            read += 1
            if read % 20 == 0:
                for format_name in FORMATS:
                    render(format_name, report, Display())
    assert read > 50
    assert refused > 300


@pytest.mark.long
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_json_is_read_or_refused(value: object) -> None:
    assert refusal_of(json.dumps(value))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal_of(text)


def test_every_prefix_of_a_report_is_refused() -> None:
    text = to_text(MISMATCH)
    for length in range(0, len(text) - 2, 7):
        assert refusal_of(text[:length])
