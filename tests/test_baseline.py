"""Baselines: what was accepted is not told again, what is new is, and what went away is
mentioned.
"""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from nvgre_doctor.report.baseline import (
    Accepted,
    BaselineError,
    accept,
    only_new,
    read_baseline,
    to_text,
)
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.finding import FrameRef, Subject
from nvgre_doctor.vocabulary import Confidence, Severity, Verdict
from tests.program import MISMATCH, UPDATED, run
from tests.reports import EVERY, WARNINGS
from tests.reports import MISMATCH as REPORT

ALL_CODES = [
    f"NVG{number}"
    for number in (*range(101, 106), *range(201, 206), *range(301, 309), *range(401, 406))
]
NAME = os.path.basename(MISMATCH)


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


# --- what is the same finding ------------------------------------------------


@pytest.mark.parametrize("name", list(EVERY))
def test_a_report_against_its_own_baseline_has_nothing_new_and_nothing_gone(name: str) -> None:
    told, gone = only_new(EVERY[name], accept(EVERY[name]), ALL_CODES)
    assert (told.findings, gone) == ((), ())
    assert told.summary.in_baseline == len(EVERY[name].findings)
    assert (told.summary.errors, told.summary.warnings, told.summary.infos) == (0, 0, 0)


@pytest.mark.parametrize("name", list(EVERY))
def test_an_empty_baseline_changes_nothing(name: str) -> None:
    assert only_new(EVERY[name], (), ALL_CODES) == (EVERY[name], ())


def test_the_verdict_the_hosts_and_the_rest_stay_what_they_are() -> None:
    told, _ = only_new(REPORT, accept(REPORT), ALL_CODES)
    assert told.verdict is Verdict.MISMATCH
    assert told._replace(findings=REPORT.findings, summary=REPORT.summary) == REPORT


def test_other_frames_words_and_severity_are_the_same_finding() -> None:
    other = REPORT.findings[0]._replace(
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        message="other words",
        frames=(FrameRef(0, 99, None),),
    )
    told, gone = only_new(REPORT._replace(findings=(other,)), accept(REPORT), ["NVG201"])
    assert (told.findings, gone) == ((), ())


def test_a_new_finding_is_told_and_counted_among_accepted_ones() -> None:
    new = REPORT.findings[0]._replace(
        subject=Subject("host", ("192.168.50.9",)), severity=Severity.WARNING
    )
    told, gone = only_new(
        REPORT._replace(findings=(*REPORT.findings, new)), accept(REPORT), ALL_CODES
    )
    assert (told.findings, gone) == ((new,), ())
    assert (told.summary.errors, told.summary.warnings, told.summary.in_baseline) == (0, 1, 3)


def test_of_several_equal_findings_as_many_are_accepted_as_were() -> None:
    one = REPORT.findings[0]
    two, three = one._replace(message="two"), one._replace(message="three")
    twice = accept(REPORT._replace(findings=(one, two)))
    assert [row.count for row in twice] == [2]
    told, _ = only_new(REPORT._replace(findings=(one, two, three)), twice, ALL_CODES)
    assert (told.findings, told.summary.in_baseline) == ((three,), 2)
    told, gone = only_new(REPORT._replace(findings=(one,)), twice, ALL_CODES)
    assert (told.findings, [row.count for row in gone]) == ((), [1])


def test_what_went_away_is_named() -> None:
    told, gone = only_new(REPORT._replace(findings=REPORT.findings[:1]), accept(REPORT), ALL_CODES)
    assert told.findings == ()
    assert [str(row) for row in gone] == [
        "NVG301 192.168.50.1 and 192.168.50.2",
        "NVG302 192.168.50.1 to 192.168.50.2",
    ]


def test_what_this_run_could_not_find_is_not_gone() -> None:
    healthy = REPORT._replace(findings=())
    assert only_new(healthy, accept(REPORT), ["NVG101"])[1] == ()
    elsewhere = healthy._replace(hosts=healthy.hosts[:1])  # 192.168.50.2 was not met
    assert only_new(elsewhere, accept(REPORT), ALL_CODES)[1] == ()
    cut = accept(WARNINGS._replace(findings=WARNINGS.findings[:1]))
    assert [str(row) for row in cut] == ["NVG101 (cut.pcap)"]
    assert only_new(healthy, cut, ALL_CODES)[1] == ()


def test_a_host_that_is_met_in_another_capture_is_the_same_one() -> None:
    elsewhere = REPORT._replace(captures=(REPORT.captures[0]._replace(path="other.pcapng"),))
    told, gone = only_new(elsewhere, accept(REPORT), ALL_CODES)
    assert (told.findings, gone) == ((), ())
    cured = elsewhere._replace(findings=())
    assert [row.code for row in only_new(cured, accept(REPORT), ALL_CODES)[1]] == [
        "NVG201",
        "NVG301",
        "NVG302",
    ]


def test_names_of_captures_are_shown_harmless() -> None:
    row = Accepted("0" * 64, 1, "NVG101", "capture", (), "\x1b[31m\n.pcap")
    assert str(row) == "NVG101 (\\x1b[31m\\n.pcap)"


# --- the file ----------------------------------------------------------------

TEXT = """\
{
  "kind": "nvgre-doctor baseline",
  "version": 1,
  "fingerprint_version": 2,
  "findings": [
    {"code": "NVG201", "kind": "host", "hosts": ["192.168.50.2"], "capture": null, "count": 1, "fingerprint": "FP"},
    {"code": "NVG301", "kind": "pair", "hosts": ["192.168.50.1", "192.168.50.2"], "capture": null, "count": 1, \
"fingerprint": "FP"},
    {"code": "NVG302", "kind": "flow", "hosts": ["192.168.50.1", "192.168.50.2"], "capture": null, "count": 1, \
"fingerprint": "FP"}
  ]
}
"""


def test_the_file_has_one_line_for_each_finding_and_nothing_that_changes_by_itself() -> None:
    assert re.sub('"[0-9a-f]{64}"', '"FP"', to_text(accept(REPORT))) == TEXT


def test_the_file_is_sorted_whatever_the_order_of_the_findings() -> None:
    turned = REPORT._replace(findings=tuple(reversed(REPORT.findings)))
    assert to_text(accept(turned)) == to_text(accept(REPORT))


@pytest.mark.parametrize("name", list(EVERY))
def test_what_was_written_is_read_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(to_text(accept(EVERY[name])), encoding="ascii")
    assert read_baseline(str(path)) == accept(EVERY[name])


def test_an_empty_baseline_is_a_baseline(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(to_text(()))
    assert json.loads(path.read_text())["findings"] == []
    assert read_baseline(str(path)) == ()


def test_a_baseline_saved_by_powershell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    for encoding in ("utf-16", "utf-8-sig"):
        path.write_text(to_text(accept(REPORT)), encoding=encoding)
        assert read_baseline(str(path)) == accept(REPORT)


WRITE = "Write a baseline: nvgre-doctor check --write-baseline FILE CAPTURE..."
WRONG = {
    "": f"line 1 column 1: not JSON (Expecting value). {WRITE}",
    "[]": "this is no baseline. Write one: nvgre-doctor check --write-baseline FILE CAPTURE...",
    '{"schema_version": "1.0"}': (
        "this is no baseline. Write one: nvgre-doctor check --write-baseline FILE CAPTURE..."
    ),
    '{"kind": "nvgre-doctor baseline"}': f"$: the field 'version' is missing. {WRITE}",
    TEXT.replace(
        '"version": 1', '"version": 2'
    ): "version is 2, and this program reads 1. Write the baseline again: --write-baseline FILE",
    TEXT.replace('"version": 1', '"version": "one"'): (
        'version is "one", and this program reads 1. Write the baseline again: --write-baseline'
        " FILE"
    ),
    TEXT.replace('"fingerprint_version": 2', '"fingerprint_version": 1'): (
        "fingerprint_version is 1, and this program reads 2. Write the baseline again:"
        " --write-baseline FILE"
    ),
    TEXT.replace(
        '"count": 1', '"count": 0', 1
    ): f"$.findings[0].count: expected an integer from 1 to 18446744073709551615, found 0. {WRITE}",
    TEXT.replace(
        '"192.168.50.2"]', '"host\\u001b"]', 1
    ): f'$.findings[0].hosts[0]: expected an IP address, found "host\\x1b". {WRITE}',
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_baseline_of_this_version_is_refused_with_the_way_out(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(BaselineError) as error:
        read_baseline(str(path))
    assert str(error.value) == f"{path}: {WRONG[text]}"


def test_a_baseline_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "missing", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(BaselineError) as error:
            read_baseline(str(path))
        assert str(error.value) == f"{path}: cannot be read: {said}. {WRITE}"


def test_a_baseline_of_more_than_8_mb_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """40 MB of empty objects took 975 MB of memory."""
    path = tmp_path / "baseline.json"
    text = to_text(accept(REPORT))
    path.write_text(text + " " * (8 * 1024 * 1024 - len(text)))
    assert read_baseline(str(path)) == accept(REPORT)
    with path.open("a") as file:
        file.write(" ")
    with pytest.raises(BaselineError) as error:
        read_baseline(str(path))
    assert str(error.value) == f"{path}: larger than 8 MB. {WRITE}"


def test_no_baseline_is_written_that_could_not_be_read_again() -> None:
    row = Accepted("0" * 64, 1, "NVG201", "host", ("192.168.50.2",), "lab.pcapng")
    with pytest.raises(BaselineError) as error:
        to_text([row] * 50_000)
    assert str(error.value) == (
        "--write-baseline: the file for 50000 findings would be larger than 8 MB. Accept fewer:"
        " --select, --ignore"
    )


# --- the program as a process ------------------------------------------------


def test_accepting_gives_zero_and_the_whole_report_and_the_next_run_tells_only_what_is_new(
    tmp_path: Path,
) -> None:
    shutil.copy(MISMATCH, tmp_path)
    first = run(NAME, "--write-baseline", "b.json", cwd=tmp_path)
    assert (first.returncode, first.stderr) == (
        0,
        b"nvgre-doctor: b.json: 4 findings are accepted\n",
    )
    assert first.stdout == run(NAME, cwd=tmp_path).stdout
    second = run(NAME, "--baseline", "b.json", "--fail-on", "info", cwd=tmp_path)
    assert (second.returncode, second.stderr) == (0, b"")
    assert second.stdout.startswith(b"MISMATCH  192.168.50.2 ")
    assert b"NVG201" not in second.stdout
    assert b"; no findings; 4 more in the baseline; " in second.stdout


def test_the_note_about_the_baseline_is_in_every_format_that_has_room_for_it(
    tmp_path: Path,
) -> None:
    run(MISMATCH, "-q", "--write-baseline", "b.json", cwd=tmp_path)
    known = ("--baseline", "b.json")
    assert (
        json.loads(run(MISMATCH, *known, "-f", "json", cwd=tmp_path).stdout)["summary"][
            "in_baseline"
        ]
        == 4
    )
    assert (
        b"\nThe baseline accepts 4 findings more.\n"
        in run(MISMATCH, *known, "-f", "markdown", cwd=tmp_path).stdout
    )
    assert (
        run(MISMATCH, *known, "-f", "github", cwd=tmp_path).stdout
        == b"nvgre-doctor: verdict mismatch; 4 more findings in the baseline\n"
    )
    assert b'failures="0"' in run(MISMATCH, *known, "-f", "junit", cwd=tmp_path).stdout


def test_a_finding_that_is_new_still_ends_with_one(tmp_path: Path) -> None:
    run(MISMATCH, "-q", "--select", "NVG2", "--write-baseline", "b.json", cwd=tmp_path)
    done = run(MISMATCH, "-f", "json", "--baseline", "b.json", cwd=tmp_path)
    assert done.returncode == 1
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == [
        "NVG301",
        "NVG302",
        "NVG302",
    ]


def test_findings_that_went_away_are_mentioned_unless_quiet(tmp_path: Path) -> None:
    shutil.copy(MISMATCH, tmp_path / "lab.pcapng")
    run("lab.pcapng", "-q", "--write-baseline", "b.json", cwd=tmp_path)
    shutil.copy(UPDATED, tmp_path / "lab.pcapng")
    done = run("lab.pcapng", "--baseline", "b.json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "nvgre-doctor: gone, but still in the baseline: NVG201 192.168.50.2",
        "nvgre-doctor: gone, but still in the baseline: NVG301 192.168.50.1 and 192.168.50.2",
        "nvgre-doctor: gone, but still in the baseline: NVG302 192.168.50.1 to 192.168.50.2",
        "nvgre-doctor: gone, but still in the baseline: NVG302 192.168.50.2 to 192.168.50.1",
    ]
    assert run("lab.pcapng", "-q", "--baseline", "b.json", cwd=tmp_path).stderr == b""


def test_many_that_went_away_are_counted(tmp_path: Path) -> None:
    rows = tuple(
        Accepted(f"{number:064x}", 1, "NVG204", "host", ("192.168.50.1",), None)
        for number in range(1, 31)
    )
    (tmp_path / "b.json").write_text(to_text(rows))
    lines = run(UPDATED, "--baseline", "b.json", cwd=tmp_path).stderr.decode().splitlines()
    assert len(lines) == 11
    assert lines[-1] == "nvgre-doctor: and 20 more that are gone"


def test_a_baseline_can_be_brought_up_to_date_in_its_place(tmp_path: Path) -> None:
    run(MISMATCH, "-q", "--select", "NVG2", "--write-baseline", "b.json", cwd=tmp_path)
    done = run(
        MISMATCH, "-f", "json", "--baseline", "b.json", "--write-baseline", "b.json", cwd=tmp_path
    )
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["findings"]) == 3
    assert len(read_baseline(str(tmp_path / "b.json"))) == 4


def test_no_baseline_is_written_when_a_capture_could_not_be_read(tmp_path: Path) -> None:
    done = run(MISMATCH, "missing.pcap", "--write-baseline", "b.json", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.endswith(
        b"nvgre-doctor: b.json: no baseline was written, because missing.pcap could not be read\n"
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--write-baseline", "-"], b"A baseline needs a file; - is standard output."),
        (["--write-baseline", "missing/b.json"], b"missing/b.json: the folder "),
        (["--write-baseline", "b.json", "-o", "./b.json"], b"Two outputs would go to b.json."),
        (
            ["--baseline", "b.json", "-o", "b.json"],
            b"b.json is an input; an output must not replace it.",
        ),
        (["--baseline", "b.json"], b"b.json: this is no baseline."),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_read(
    tmp_path: Path, args: list[str], said: bytes
) -> None:
    (tmp_path / "b.json").write_text("{}")
    done = run("missing.pcap", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"nvgre-doctor: " + said)
    assert (tmp_path / "b.json").read_text() == "{}"


def test_a_capture_is_never_replaced_by_a_baseline(tmp_path: Path) -> None:
    shutil.copy(MISMATCH, tmp_path / "lab.pcapng")
    shutil.copy(UPDATED, tmp_path / "other.pcapng")
    for target in ("lab.pcapng", "other.pcapng"):
        assert run("lab.pcapng", "--write-baseline", target, cwd=tmp_path).returncode == 2
    assert (tmp_path / "lab.pcapng").read_bytes() == Path(MISMATCH).read_bytes()
    assert (tmp_path / "other.pcapng").read_bytes() == Path(UPDATED).read_bytes()
