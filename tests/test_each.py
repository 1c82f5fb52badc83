"""`check --each`: every capture is a diagnosis of its own."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nvgre_doctor import diagnose
from nvgre_doctor.doctor import diagnose_each
from nvgre_doctor.report.to_json import read_schema
from tests.needs import need_module
from tests.program import MISMATCH, UPDATED, in_terminal, run, text_of

BAD, GOOD, BROKEN = "bad.pcapng", "good.pcapng", "text.pcap"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two captures of the same addresses that have nothing to do with each other."""
    shutil.copy(MISMATCH, tmp_path / BAD)
    shutil.copy(UPDATED, tmp_path / GOOD)
    return tmp_path


def written(folder: Path, name: str, *more: str) -> str:
    captures = sorted(path.name for path in folder.glob("*.pcapng"))
    run("check", "--each", *captures, "-o", f"{name}=out", *more, cwd=folder)
    return (folder / "out").read_text("utf-8")


def each(folder: Path) -> list[dict[str, Any]]:
    whole = json.loads(written(folder, "json"))
    reports: list[dict[str, Any]] = whole["each"]
    return reports


def test_every_capture_has_the_report_that_it_has_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert each(folder) == [diagnose(name).to_dict() for name in (BAD, GOOD)]


def test_json_is_as_the_schema_has_it(folder: Path) -> None:
    referencing = need_module("referencing")  # the jsonschema that Wine can have is without it
    schema = json.loads(read_schema())
    whole = json.loads(written(folder, "json"))
    assert list(whole) == ["schema_version", "each"]
    resource = referencing.Resource.from_contents(schema)
    registry = referencing.Registry().with_resource(schema["$id"], resource)
    of_each = {"$ref": f"{schema['$id']}#/$defs/each"}
    Draft202012Validator(of_each, registry=registry).validate(whole)


def test_text_has_a_line_for_each_and_the_details_of_those_that_are_not_good(folder: Path) -> None:
    lines = text_of(run("check", "--each", BAD, GOOD, cwd=folder)).stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["MISMATCH", BAD], ["HEALTHY", GOOD]]
    assert f"Capture {BAD}" in lines
    assert f"Capture {GOOD}" not in lines


def test_the_last_line_counts_the_verdicts_where_details_are_above_it(folder: Path) -> None:
    lines = text_of(run("check", "--each", BAD, GOOD, BAD, cwd=folder)).stdout.splitlines()
    assert lines[-1] == "3 captures, each by itself: 2 MISMATCH, 1 HEALTHY"
    assert len(text_of(run("check", "--each", GOOD, GOOD, cwd=folder)).stdout.splitlines()) == 2


@pytest.mark.process
def test_a_terminal_of_80_columns_has_one_line_for_each(folder: Path) -> None:
    printed = in_terminal("check", "--each", BAD, GOOD, with_errors=False, cwd=folder)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed).splitlines()
    assert lines[:4] == [
        f"MISMATCH  {BAD}",
        f"HEALTHY   {GOOD}",
        "",
        f"Capture {BAD}",
    ]


def test_quiet_text_is_the_lines_alone(folder: Path) -> None:
    done = text_of(run("check", "--each", "-q", BAD, GOOD, cwd=folder))
    assert len(done.stdout.splitlines()) == 2


def test_junit_has_a_suite_for_each(folder: Path) -> None:
    root = ET.fromstring(written(folder, "junit"))
    assert [suite.get("name") for suite in root] == [
        f"nvgre-doctor: {BAD}",
        f"nvgre-doctor: {GOOD}",
    ]
    assert int(root.get("failures", 0)) == sum(int(suite.get("failures", 0)) for suite in root) > 0
    assert root[1].get("failures") == "0"


def test_no_test_case_of_junit_has_the_class_and_name_of_another(folder: Path) -> None:
    """GitLab counts the first of those alone."""
    shutil.copy(MISMATCH, folder / "bad-too.pcapng")
    cases = [
        (case.get("classname"), case.get("name"))
        for case in ET.fromstring(written(folder, "junit")).iter("testcase")
    ]
    assert (f"{BAD}.host", "192.168.50.2 speaks RFC 7637") in cases
    assert len(set(cases)) == len(cases)


def test_results_of_sarif_stand_at_their_own_capture(folder: Path) -> None:
    shutil.copy(MISMATCH, folder / "bad-too.pcapng")
    (only,) = json.loads(written(folder, "sarif"))["runs"]
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in only["results"]
    ]
    assert set(uris) == {BAD, "bad-too.pcapng"}
    assert uris.count(BAD) == uris.count("bad-too.pcapng")
    assert [artifact["location"]["uri"] for artifact in only["artifacts"]] == [
        "bad-too.pcapng",
        BAD,
        GOOD,
    ]


def test_markdown_begins_with_a_table_of_verdicts(folder: Path) -> None:
    lines = written(folder, "markdown").splitlines()
    assert lines[0] == "## nvgre-doctor, each capture by itself"
    rows = [line for line in lines if line.startswith(("| mismatch |", "| healthy |"))]
    assert [row.split("|")[2].strip() for row in rows] == [f"`{BAD}`", f"`{GOOD}`"]
    assert any(line.startswith("## mismatch: ") for line in lines)
    assert not any(line.startswith("## healthy") for line in lines)


def test_a_capture_that_cannot_be_read_is_annotated_however_many_errors_there_are(
    folder: Path,
) -> None:
    for number in range(5):
        shutil.copy(MISMATCH, folder / f"bad-{number}.pcapng")
    (folder / "zero.pcapng").write_bytes(b"")
    first, *_ = written(folder, "github").splitlines()
    assert "zero.pcapng" in first


def test_annotations_name_their_captures_and_the_last_line_counts_verdicts(folder: Path) -> None:
    lines = written(folder, "github").splitlines()
    assert all(f"file={BAD}" in line for line in lines[:-1])
    assert lines[-1] == "nvgre-doctor: verdicts 1 mismatch, 1 healthy"


def test_page_is_an_index_with_a_row_for_each(folder: Path) -> None:
    page = written(folder, "html")
    assert [f"<code>{name}</code>" in page for name in (BAD, GOOD)] == [True, True]
    assert page.count("<tr>") == 3
    assert "script-src &#x27;none&#x27;" in page
    assert f'<a href="#capture-0"><code>{BAD}</code></a>' in page
    assert page.count(' id="capture-') == 1  # nothing was found in the other one
    assert "<b>Next: </b>" in page


def test_lines_of_jsonl_name_their_captures(folder: Path) -> None:
    rows = [json.loads(line) for line in written(folder, "jsonl").splitlines()]
    assert {path for row in rows for path in row["captures"].values()} == {BAD}


@pytest.mark.parametrize(
    ("names", "code"), [([GOOD], 0), ([GOOD, BAD], 1), ([BROKEN, BAD], 3), ([GOOD, BROKEN], 3)]
)
def test_exit_code_is_that_of_the_worst(folder: Path, names: list[str], code: int) -> None:
    (folder / BROKEN).write_text("No capture at all.\n")
    assert run("check", "--each", *names, cwd=folder).returncode == code


def test_captures_of_different_labs_make_no_finding_about_each_other(folder: Path) -> None:
    """Given together, the old host of one would have been updated in the other."""
    good = next(r for r in diagnose_each(folder) if r.captures[0].path.endswith(GOOD))
    assert good.verdict == "healthy"
    assert good.findings == ()


def test_what_was_written_is_converted_to_every_format(folder: Path) -> None:
    text = written(folder, "json")
    (folder / "each.json").write_text(text)
    for name in ("json", "jsonl", "junit", "sarif", "github", "markdown", "text", "html"):
        done = run("convert", "each.json", "-o", f"{name}=again", cwd=folder)
        assert done.returncode == 1, done.stderr
        run("check", "--each", BAD, GOOD, "-o", f"{name}=once", cwd=folder)
        assert (folder / "again").read_bytes() == (folder / "once").read_bytes(), name


def test_baseline_accepts_what_each_of_them_has(folder: Path) -> None:
    assert run("check", "--each", BAD, GOOD, "--write-baseline", "b", cwd=folder).returncode == 0
    (folder / BAD).rename(folder / "tonight.pcapng")
    done = text_of(run("check", "--each", "tonight.pcapng", GOOD, "--baseline", "b", cwd=folder))
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_gone_from_all_is_told(folder: Path) -> None:
    run("check", "--each", BAD, "--write-baseline", "b", cwd=folder)
    done = text_of(run("check", "--each", GOOD, GOOD, "--baseline", "b", cwd=folder))
    assert "gone, but still in the baseline: NVG201 192.168.50.2" in done.stderr
    still = text_of(run("check", "--each", GOOD, BAD, "--baseline", "b", cwd=folder))
    assert "NVG201" not in still.stderr
