"""A display filter stands whole in every format that shows it, and with the name of its capture
where it is for one of several only.
"""

import html
import json

import pytest

from nvgre_doctor.report.from_json import reports_from_json
from nvgre_doctor.report.to_json import to_json
from nvgre_doctor.reporters import render
from nvgre_doctor.rules.finding import CaptureFilter
from nvgre_doctor.terminal.display import Display
from tests.reports import MISMATCH

SENT = "ip.src#1 == 192.168.50.2 && ip.proto#1 == 47"
LONG = f"{SENT} && frame.number in {{{', '.join(map(str, range(1, 900, 2)))}}}"
VERBOSE = Display(color=False, width=None, verbosity=1)


def shown(name: str, **changed: object) -> str:
    first, *others = MISMATCH.findings
    findings = (first._replace(**changed), *others)  # type: ignore[arg-type]
    return html.unescape(render(name, MISMATCH._replace(findings=findings), VERBOSE))


@pytest.mark.parametrize("name", ["text", "json", "jsonl", "junit", "sarif", "markdown", "html"])
def test_a_long_filter_is_not_shortened(name: str) -> None:
    assert len(LONG) > 2000
    assert LONG in shown(name, display_filter=LONG)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("text", "filter of {}: "),
        ("junit", "Wireshark, {}: "),
        ("html", "<dt>Wireshark, {}</dt><dd>"),
    ],
)
def test_a_filter_of_one_capture_stands_beside_its_name(name: str, label: str) -> None:
    of_one = CaptureFilter(0, f"{SENT} && frame.number in {{11..14}}")
    text = shown(name, display_filter="", display_filters=(of_one,))
    before = text[: text.index(of_one.display_filter)].removesuffix('<code class="copy">')
    assert before.endswith(label.format(MISMATCH.captures[0].path))


def test_markdown_and_sarif_name_the_capture_too() -> None:
    path = MISMATCH.captures[0].path
    of_one = CaptureFilter(0, f"{SENT} && frame.number in {{11..14}}")
    changed = {"display_filter": "", "display_filters": (of_one,)}
    (line,) = (one for one in shown("markdown", **changed).splitlines() if "{11..14}" in one)
    assert line.endswith(f": `{of_one.display_filter}`")
    assert path.split("/")[-1].split(".")[0] in line
    (run,) = json.loads(shown("sarif", **changed))["runs"]
    assert run["results"][0]["properties"]["displayFilters"] == {path: of_one.display_filter}


def test_json_has_filters_of_captures_only_where_there_are_any_and_reads_them_again() -> None:
    assert "display_filters" not in to_json(MISMATCH)
    first, *others = MISMATCH.findings
    of_one = CaptureFilter(0, f"{SENT} && frame.number in {{11..14}}")
    changed = first._replace(display_filter="", display_filters=(of_one,))
    text = to_json(MISMATCH._replace(findings=(changed, *others)))
    assert json.loads(text)["findings"][0]["display_filters"] == [
        {"capture": 0, "display_filter": of_one.display_filter}
    ]
    (report,), _ = reports_from_json(text)
    assert report.findings[0].display_filters == (of_one,)
