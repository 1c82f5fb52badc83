"""The Python API as somebody would use it in a script of their own."""

import ast
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

import nvgre_doctor
from nvgre_doctor import Layout, Options, Report, Verdict, diagnose
from tests.program import MISMATCH, ROOT, UPDATED, environment


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
        ({"vsids": b"5001"}, 'vsids: expected a list of VSIDs such as [5001, 5002], found "b'),
        ({"vsids": [10**5000]}, "vsids[0]: expected an integer from 4096 to 16777214, found a num"),
        ({"inventory": 5}, "inventory: expected a string, found 5."),
        ({"inventory": [Path("a.csv")]}, "inventory: expected a string, found a list of 1."),
        ({"inventory": object()}, 'inventory: expected a string, found "<object object at'),
        ({"not_nvgre": [None]}, "not_nvgre[0]: expected a string, found null."),
        ({"expect": {7: "rfc7637"}}, "expect: expected an address such as 10.0.0.7"),
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


def test_none_is_what_is_not_given(lab: str) -> None:
    nothing = dict.fromkeys(("vsids", "inventory", "select", "expect", "not_nvgre", "jobs"))
    assert diagnose(lab, **nothing) == diagnose(lab)


def test_an_inventory_and_addresses_may_be_the_objects_of_python(lab: str, tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_text("VirtualSubnetID\n5001\n")
    expect = {ip_address("192.168.50.2"): Layout.OLD}
    report = diagnose(lab, inventory=tmp_path / "vms.csv", expect=expect)
    assert report.headline.endswith("This is expected.")
    assert "inventory" in {item.kind for host in report.hosts for item in host.evidence}
    everybody = [ip_network("192.168.50.0/24")]
    assert diagnose(lab, not_nvgre=everybody).verdict is Verdict.NO_NVGRE


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
    assert report.to_json().startswith('{\n  "schema_version": "2.0",\n')


def test_the_types_and_words_of_the_report_are_there_to_import() -> None:
    report = diagnose(UPDATED)
    assert isinstance(report, nvgre_doctor.Report)
    assert isinstance(report.hosts[0], nvgre_doctor.Host)
    assert report.hosts[0].layout == Layout.CURRENT
    assert [name for name in nvgre_doctor.__all__ if not hasattr(nvgre_doctor, name)] == []
    assert dir(nvgre_doctor) == sorted(nvgre_doctor.__all__)


def test_what_type_checkers_import_is_what_the_table_names() -> None:
    tree = ast.parse(Path(nvgre_doctor.__file__).read_text("utf-8"))
    told = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert told == {
        name: f"nvgre_doctor.{module}"
        for module, names in nvgre_doctor._MODULES.items()
        for name in names
    }


SCRIPT = """\
from pathlib import Path

import nvgre_doctor
from nvgre_doctor import Host, Layout, Options, Report, Verdict, diagnose


def old_hosts(report: Report) -> list[Host]:
    return [host for host in report.hosts if host.layout == Layout.OLD]


options = Options(vsids=(5001,), select=("NVG3",))
report = diagnose([Path("lab.pcapng"), b"other.pcap"], options)
again: nvgre_doctor.Report = diagnose("lab.pcapng", vsids=["5001"], select="NVG3")
verdict: Verdict = report.verdict
keys: tuple[int, ...] = old_hosts(report)[0].segments[0].gre_keys
numbers: list[int] = [ref.frame for finding in again.findings for ref in finding.frames]
text: str = report.to_json() + report.to_dict()["headline"]
"""


@pytest.mark.peer
def test_a_script_is_checked_by_mypy_and_its_mistakes_are_found(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(SCRIPT)
    assert mypy(tmp_path, "right.py") == "Success: no issues found in 1 source file\n"
    (tmp_path / "wrong.py").write_text(SCRIPT + "report.hosts[0].vsid\ndiagnose(5)\n")
    said = mypy(tmp_path, "wrong.py")
    assert '"Host" has no attribute "vsid"' in said
    assert 'Argument 1 to "diagnose" has incompatible type "int"' in said


def mypy(folder: Path, script: str) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
    return subprocess.run(
        [*command, "--cache-dir", str(folder / "cache"), script],
        env=environment(MYPYPATH=str(ROOT)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    ).stdout


def test_a_text_where_a_tuple_belongs_is_refused_and_not_taken_apart() -> None:
    with pytest.raises(
        ValueError, match=r"select: expected a tuple such as \('NVG3',\), found 'NVG3'"
    ):
        Options(select="NVG3")  # type: ignore[arg-type]
