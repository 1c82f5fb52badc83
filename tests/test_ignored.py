"""Findings that somebody decided not to be told: by code, by host, with a reason that the report
repeats.
"""

import json
from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.known.ignored import Ignore
from nvgre_doctor.report.model import Ignored
from nvgre_doctor.settings.keys import SettingError
from tests.every_command import run_here
from tests.program import ROOT

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
REFUSED = ROOT / "sample_pcaps" / "07-refused-but-layouts-agree.pcapng"
CONFIGURATION = """ignore = [
  "NVG204",
  {code = "NVG306", hosts = "192.168.50.1", reason = "the mirror shows one way"},
  {code = "NVG302", hosts = ["192.168.50.0/24"], reason = "never met here"},
]
"""


def codes_of(capture: Path, *ignore: object) -> list[str]:
    return [finding.code for finding in diagnose(capture, ignore=list(ignore)).findings]


def test_a_code_with_a_host_is_ignored_where_a_finding_is_about_that_host() -> None:
    assert codes_of(REFUSED) == ["NVG303", "NVG303", "NVG204", "NVG306"]
    one = {"code": "NVG303", "hosts": "192.168.50.9"}
    assert codes_of(REFUSED, one) == ["NVG303", "NVG204", "NVG306"]
    assert codes_of(REFUSED, {**one, "hosts": "192.168.50.1"}) == ["NVG204", "NVG306"]
    assert codes_of(REFUSED, {**one, "hosts": ["192.168.50.3", "10.0.0.0/8"]}) == codes_of(REFUSED)
    assert codes_of(REFUSED, {**one, "hosts": ["192.168.50.8/29"]}) == codes_of(REFUSED, one)


def test_a_prefix_with_a_host_is_every_code_that_begins_so() -> None:
    assert codes_of(REFUSED, {"code": "nvg3", "hosts": "192.168.50.1"}) == ["NVG204"]


def test_a_finding_about_no_host_is_never_ignored_for_a_host() -> None:
    cut = ROOT / "sample_pcaps" / "10-mismatch-file-cut-short.pcap"
    everybody = {"code": "NVG1", "hosts": ["0.0.0.0/0", "::/0"]}
    assert "NVG101" in codes_of(cut, everybody)
    assert "NVG101" not in codes_of(cut, {"code": "NVG1", "reason": "known"})


def test_the_report_says_what_was_ignored_how_often_and_why() -> None:
    report = diagnose(
        REFUSED,
        ignore=["NVG204", Ignore("NVG303", ("192.168.50.1",), "known firewall"), "NVG401"],
    )
    assert report.ignored == (
        Ignored("NVG204", (), "", 1),
        Ignored("NVG303", ("192.168.50.1",), "known firewall", 2),
    )


def test_the_verdict_is_not_healthier_for_what_is_ignored() -> None:
    report = diagnose(MISMATCH, ignore=[{"code": "NVG", "reason": "quiet, please"}])
    assert (report.verdict, report.findings, report.summary.errors) == ("mismatch", (), 0)
    assert report.headline == diagnose(MISMATCH).headline


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nvgre-doctor.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_reports_for_people_and_for_machines_have_it(folder: Path) -> None:
    names = ["r.json", "r.md", "r.xml", "r.html"]
    run_here("check", str(REFUSED), "-o", "text=r.txt", *(f"-o{name}" for name in names))
    text, document, page, junit, html = (
        (folder / name).read_text("utf-8") for name in ("r.txt", *names)
    )
    said = "NVG306 of 192.168.50.1, 1 finding: the mirror shows one way"
    assert f"\nIgnored  NVG204, 1 finding\nIgnored  {said}\n1 capture, " in text
    assert json.loads(document)["ignored"] == [
        {"code": "NVG204", "hosts": [], "reason": "", "count": 1},
        {
            "code": "NVG306",
            "hosts": ["192.168.50.1"],
            "reason": "the mirror shows one way",
            "count": 1,
        },
    ]
    assert f"\nIgnored: {said}\n" in page
    assert f'<property name="ignored" value="{said}" />' in junit
    assert f"<p>Ignored: {said}</p>" in html
    assert "; 2 ignored\n" in run_here("check", str(REFUSED), "-f", "github").stdout


def test_what_is_converted_later_has_it_too(folder: Path) -> None:
    run_here("check", str(REFUSED), "-o", "r.json")
    assert "Ignored  NVG306 of 192.168.50.1, 1 finding: the mirror shows one way\n" in (
        run_here("convert", "r.json").stdout
    )


def test_a_report_that_ignored_nothing_says_nothing_of_it(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('ignore = [{code = "NVG2", hosts = "10.0.0.7"}]')
    assert "gnored" not in run_here("check", str(MISMATCH)).stdout
    assert "ignored" not in json.loads(run_here("check", str(MISMATCH), "-f", "json").stdout)


def test_the_command_line_takes_the_place_of_the_configuration(folder: Path) -> None:
    printed = run_here("check", str(REFUSED), "--ignore", "NVG303").stdout
    assert "Ignored  NVG303, 2 findings\n" in printed
    assert "NVG306  1 VM pair" in printed


def test_a_hostile_reason_is_harmless(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text(
        'ignore = [{code = "NVG303", reason = "\\u001b[31m\\n::error::<script>"}]'
    )
    printed = run_here("check", str(REFUSED)).stdout
    assert r"Ignored  NVG303, 2 findings: \x1b[31m\n::error::<script>" in printed
    assert "<script>alert" not in run_here("check", str(REFUSED), "-f", "html").stdout
    assert "&lt;script&gt;" in run_here("check", str(REFUSED), "-f", "html").stdout


def test_what_is_accepted_and_then_ignored_is_not_gone(folder: Path) -> None:
    run_here("check", str(REFUSED), "--no-config", "--write-baseline", "b.json")
    done = run_here("check", str(REFUSED), "--baseline", "b.json")
    assert (done.code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (3, 'ignore[0]: expected a code such as "NVG306", or {code = "NVG306", hosts ='),
        ({}, 'ignore[0]: expected a code such as "NVG306", or {code = "NVG306", hosts ='),
        ({"hosts": "10.0.0.7"}, 'ignore[0]: expected a code such as "NVG306", or {code ='),
        ({"code": "NVG9"}, "ignore[0]: no finding has the code 'NVG9'"),
        ({"code": "NVG306", "host": "x"}, 'ignore[0]: there is no "host" in {code = "NVG306", '),
        ({"code": "NVG306", "hosts": "x"}, "ignore[0].hosts: expected an address such as"),
        ({"code": "NVG306", "hosts": ["10.0.0.7/24"]}, "ignore[0].hosts: '10.0.0.7/24' has bits"),
        ({"code": "NVG306", "hosts": 7}, "ignore[0].hosts: expected a list of addresses"),
        ({"code": "NVG306", "reason": 7}, "ignore[0].reason: expected a string, found 7."),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(row: object, message: str) -> None:
    with pytest.raises(SettingError) as error:
        diagnose(MISMATCH, ignore=[row])
    assert str(error.value).startswith(message)
