"""The Python API as somebody would use it in a script of their own."""

import re
import shutil
from pathlib import Path

import pytest

import nvgre_doctor
from nvgre_doctor import Layout, Options, Report, Verdict, diagnose
from tests.program import MISMATCH, UPDATED


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    shutil.copy(MISMATCH, tmp_path / "lab.pcapng")
    monkeypatch.chdir(tmp_path)
    return "lab.pcapng"


def paths(report: Report) -> list[str]:
    return [capture.path for capture in report.captures]


def test_one_path_means_that_file_however_it_is_written(lab: str) -> None:
    for given in (lab, Path(lab), lab.encode(), [lab], (path for path in [Path(lab)])):
        report = diagnose(given)
        assert paths(report) == ["lab.pcapng"]
        assert report.verdict is Verdict.MISMATCH


def test_a_folder_means_the_captures_in_it(lab: str) -> None:
    assert paths(diagnose(".")) == ["./lab.pcapng"]


def test_a_name_of_no_file_is_told_in_the_report() -> None:
    report = diagnose("no such file.pcapng")
    assert report.verdict is Verdict.UNREADABLE
    assert paths(report) == ["no such file.pcapng"]


@pytest.mark.parametrize("vsids", [[5001], ["5001"], ["0x1389"], (5001,), {5001}, "5001"])
def test_a_vsid_may_be_a_number_or_its_text(lab: str, vsids: object) -> None:
    report = diagnose(lab, vsids=vsids)
    kinds = {item.kind for host in report.hosts for item in host.evidence}
    assert "inventory" in kinds


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"vsids": [19]}, "vsids[0]: expected an integer from 4096 to 16777214, found 19."),
        ({"vsids": ["x"]}, 'vsids[0]: expected an integer from 4096 to 16777214, found "x".'),
        ({"vsids": [True]}, "vsids[0]: expected an integer from 4096 to 16777214, found true."),
        ({"vsids": 5001}, "vsids: expected a list of VSIDs such as [5001, 5002], found 5001."),
        ({"jobs": 0}, "jobs: expected an integer from 1 to 18446744073709551615, found 0."),
        ({"not_nvgre": "10.0.0.9/8"}, "not_nvgre: '10.0.0.9/8' has bits set behind its prefix"),
        ({"expect": {"10.0.0.7": "new"}}, "expect.10.0.0.7: expected one of draft-00, rfc7637"),
        ({"expect": {"x": "rfc7637"}}, "expect: expected an address such as 10.0.0.7"),
        ({"select": "NVG9"}, "select: no finding has the code 'NVG9'; known codes: NVG101"),
        ({"inventory": "no.csv"}, "no.csv: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_a_value_error_that_says_why(
    lab: str, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        diagnose(lab, **given)


def test_a_name_of_no_option_is_a_type_error_that_names_them(lab: str) -> None:
    with pytest.raises(TypeError, match="there is no option 'vsid'; there are select, ignore"):
        diagnose(lab, vsid=5001)


def test_options_and_their_fields_are_not_given_together(lab: str) -> None:
    with pytest.raises(TypeError, match="give options or select, not both"):
        diagnose(lab, Options(), select="NVG3")


@pytest.mark.parametrize("select", ["NVG3", ["NVG3"], "nvg3", "NVG301, NVG302"])
def test_findings_are_selected_by_how_their_codes_begin(lab: str, select: object) -> None:
    report = diagnose(lab, select=select)
    assert {finding.code for finding in report.findings} == {"NVG301", "NVG302"}


def test_the_report_is_plain_values_and_json_text(lab: str) -> None:
    report = diagnose(lab)
    assert report.to_dict()["verdict"] == "mismatch"
    assert report.to_json().startswith('{\n  "schema_version": "1.0",\n')


def test_the_types_and_words_of_the_report_are_there_to_import() -> None:
    report = diagnose(UPDATED)
    assert isinstance(report, nvgre_doctor.Report)
    assert isinstance(report.hosts[0], nvgre_doctor.Host)
    assert report.hosts[0].layout == Layout.CURRENT
    assert [name for name in nvgre_doctor.__all__ if not hasattr(nvgre_doctor, name)] == []
    assert dir(nvgre_doctor) == sorted(nvgre_doctor.__all__)
