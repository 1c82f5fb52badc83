"""Configuration: found upward, checked key by key, beaten by the environment, which is beaten by
the command line.
"""

import json
import ntpath
import os
from dataclasses import fields
from pathlib import Path

import pytest

from nvgre_doctor.settings.keys import KEYS, field_of
from nvgre_doctor.settings.options import Options
from nvgre_doctor.settings.sources import ConfigError, folders_upward, load_options, variable_of
from tests.program import ALL_OLD, MISMATCH, VERDICT, run

EVERY_KEY = """\
select = ["NVG2", "NVG301"]
ignore = ["nvg204"]
fail-on = "warning"
vsid = [5001, 0x1770]
vsid-complete = true
inventory = "lists/lookup.csv"
format = "junit"
jobs = 4
color = "never"
not-nvgre = ["10.0.0.9", "fd00:9::/32"]

[expect]
"10.0.0.7" = "draft-00"
"10.0.0.0/24" = "rfc7637"
"fd00::7" = "draft-00"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory two levels below one that may hold a file."""
    (tmp_path / "lab" / "today").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "lab" / "today")
    return tmp_path


def loaded(**environment: str) -> Options:
    return load_options(environment=environment)


# --- where it is found -------------------------------------------------------


def test_without_a_file_nothing_is_set(folder: Path) -> None:
    assert loaded() == Options()


def test_a_file_is_found_upward_and_the_nearest_one_counts(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text("jobs = 2\n")
    assert (loaded().jobs, loaded().file) == (2, str(folder / "nvgre-doctor.toml"))
    (folder / "lab" / "pyproject.toml").write_text("[tool.nvgre-doctor]\njobs = 3\n")
    assert (loaded().jobs, loaded().file) == (3, str(folder / "lab" / "pyproject.toml"))
    (folder / "lab" / "today" / "nvgre-doctor.toml").write_text("")
    assert (loaded().jobs, loaded().file) == (
        None,
        str(folder / "lab" / "today" / "nvgre-doctor.toml"),
    )


def test_of_two_files_in_one_folder_our_own_counts(folder: Path) -> None:
    (folder / "lab" / "pyproject.toml").write_text("[tool.nvgre-doctor]\njobs = 3\n")
    (folder / "lab" / "nvgre-doctor.toml").write_text("jobs = 4\n")
    assert loaded().jobs == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[tool.ruff]\nline-length = 120\n",
        "not TOML at all",
        '[project]\nname = "nvgre-doctor"\n',
    ],
)
def test_a_pyproject_of_somebody_else_is_passed_over(folder: Path, text: str) -> None:
    (folder / "lab" / "pyproject.toml").write_text(text)
    (folder / "nvgre-doctor.toml").write_text("jobs = 2\n")
    assert loaded().jobs == 2


def test_a_folder_of_that_name_is_no_file(folder: Path) -> None:
    (folder / "lab" / "nvgre-doctor.toml").mkdir()
    assert loaded() == Options()


def test_a_named_file_counts_wherever_it_is_and_the_found_one_does_not(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('jobs = 2\ncolor = "always"\n')
    (folder / "other.toml").write_text("jobs = 5\n")
    settings = load_options("../../other.toml", environment={})
    assert (settings.jobs, settings.color) == (5, "auto")


def test_no_file_is_looked_for_if_none_is_wanted(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text("jobs = 2\n")
    assert load_options(search=False, environment={"NVGRE_DOCTOR_COLOR": "never"}) == Options(
        color="never"
    )


def test_a_working_directory_that_was_deleted_has_no_file(folder: Path) -> None:
    os.rmdir(folder / "lab" / "today")
    assert loaded() == Options()


def test_the_search_ends_at_the_root_of_a_drive_or_a_share() -> None:
    def upward(path: str) -> list[str]:
        return [*folders_upward(path, ntpath.dirname)]

    assert upward("C:\\lab\\today") == ["C:\\lab\\today", "C:\\lab", "C:\\"]
    assert upward("\\\\server\\share\\lab") == ["\\\\server\\share\\lab", "\\\\server\\share\\"]
    assert upward("\\\\?\\C:\\lab") == ["\\\\?\\C:\\lab", "\\\\?\\C:\\"]


# --- what it may hold --------------------------------------------------------


def test_every_key_is_read_with_its_type(folder: Path) -> None:
    path = folder / "nvgre-doctor.toml"
    path.write_text(EVERY_KEY)
    assert loaded() == Options(
        select=("NVG2", "NVG301"),
        ignore=("nvg204",),
        fail_on="warning",
        vsids=(5001, 6000),
        vsid_complete=True,
        inventory=str(folder / "lists" / "lookup.csv"),
        format="junit",
        jobs=4,
        color="never",
        expect={"10.0.0.7": "draft-00", "10.0.0.0/24": "rfc7637", "fd00::7": "draft-00"},
        not_nvgre=("10.0.0.9", "fd00:9::/32"),
        file=str(path),
        file_elsewhere="../../nvgre-doctor.toml",
    )


def test_every_key_is_a_setting() -> None:
    every = {field.name for field in fields(Options)} - {"file", "file_elsewhere"}
    assert {field_of(key) for key in KEYS} == every


def test_every_key_has_an_environment_variable(folder: Path) -> None:
    assert loaded(
        NVGRE_DOCTOR_SELECT="NVG2,NVG301",
        NVGRE_DOCTOR_IGNORE=" nvg204 ",
        NVGRE_DOCTOR_FAIL_ON="warning",
        NVGRE_DOCTOR_VSID="5001 0x1770",
        NVGRE_DOCTOR_VSID_COMPLETE="True",
        NVGRE_DOCTOR_INVENTORY="lists/lookup.csv",
        NVGRE_DOCTOR_FORMAT="junit",
        NVGRE_DOCTOR_JOBS="4",
        NVGRE_DOCTOR_SCHEDULER="tls://host:8786",
        NVGRE_DOCTOR_COLOR="never",
        NVGRE_DOCTOR_EXPECT="10.0.0.7=draft-00, 10.0.0.0/24=rfc7637,fd00::7=draft-00",
        NVGRE_DOCTOR_NOT_NVGRE="10.0.0.9,\nfd00:9::/32,",
    ) == Options(
        select=("NVG2", "NVG301"),
        ignore=("nvg204",),
        fail_on="warning",
        vsids=(5001, 6000),
        vsid_complete=True,
        inventory="lists/lookup.csv",
        format="junit",
        jobs=4,
        scheduler="tls://host:8786",
        color="never",
        expect={"10.0.0.7": "draft-00", "10.0.0.0/24": "rfc7637", "fd00::7": "draft-00"},
        not_nvgre=("10.0.0.9", "fd00:9::/32"),
    )
    assert len(KEYS) == 12


def test_the_environment_wins_over_the_file_key_by_key(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('jobs = 2\nvsid = [5001]\nselect = ["NVG2"]\n')
    settings = loaded(NVGRE_DOCTOR_VSID="5002", NVGRE_DOCTOR_SELECT="", NVGRE_DOCTOR_JOBS=" ")
    assert (settings.jobs, settings.vsids, settings.select) == (2, (5002,), ("NVG2",))


def test_files_written_by_powershell_are_read(folder: Path) -> None:
    for encoding in ("utf-16", "utf-8-sig"):
        (folder / "nvgre-doctor.toml").write_text("jobs = 2\r\n", encoding=encoding, newline="")
        assert loaded().jobs == 2


WRONG = {
    "fail_on = 'error'": "unknown key fail_on; did you mean fail-on?",
    "ignored = []": "unknown key ignored; did you mean ignore?",
    "expected = {}": "unknown key expected; did you mean expect?",
    "not-nvgr = []": "unknown key not-nvgr; did you mean not-nvgre?",
    "baselines = 1": (
        "unknown key baselines; the keys are select, ignore, fail-on, vsid, vsid-complete,"
        " inventory, format, jobs, scheduler, color, expect, not-nvgre."
    ),
    '"\\u001b[31m\\n::error::x" = 1': (
        "unknown key \\x1b[31m\\n::error::x; the keys are select, ignore, fail-on, vsid,"
        " vsid-complete, inventory, format, jobs, scheduler, color, expect, not-nvgre."
    ),
    "[tool.nvgre-doctor]\njobs = 1": "the keys stand at the top, without [tool.nvgre-doctor].",
    "fail-on = 'fatal'": 'fail-on: expected one of error, warning, info, never, found "fatal".',
    "fail-on = 1": "fail-on: expected one of error, warning, info, never, found 1.",
    "format = 'yaml'": (
        "format: expected one of text, json, jsonl, junit, sarif, github, markdown, html, found"
        ' "yaml".'
    ),
    "color = true": "color: expected one of auto, always, never, found true.",
    "jobs = 0": "jobs: expected an integer from 1 to 18446744073709551615, found 0.",
    "jobs = '4'": 'jobs: expected an integer from 1 to 18446744073709551615, found "4".',
    "vsid-complete = 1": "vsid-complete: expected true or false, found 1.",
    "vsid-complete = 'yes'": 'vsid-complete: expected true or false, found "yes".',
    "vsid = 5001": "vsid: expected a list of VSIDs such as [5001, 5002], found 5001.",
    "vsid = [5001, 4095]": "vsid[1]: expected an integer from 4096 to 16777214, found 4095.",
    "vsid = [16777215]": "vsid[0]: expected an integer from 4096 to 16777214, found 16777215.",
    f"vsid = [0x{'f' * 5000}]": (
        "vsid[0]: expected an integer from 4096 to 16777214, found a number of more than 25 digits."
    ),
    "select = 'NVG2'": (
        'select: expected a list of finding codes such as ["NVG301", "NVG2"], found "NVG2".'
    ),
    "ignore = [1]": (
        'ignore[0]: expected a code such as "NVG306", or {code = "NVG306", hosts = "10.0.0.7",'
        ' reason = "..."}, found 1.'
    ),
    "inventory = ''": 'inventory: expected the name of a CSV file, found "".',
    "inventory = 1979-05-27": 'inventory: expected a string, found "1979-05-27".',
    "inventory = ['a.csv']": "inventory: expected a string, found a list of 1.",
    "expect = '10.0.0.7'": (
        'expect: expected layouts by address, such as {"10.0.0.7" = "draft-00"}, found "10.0.0.7".'
    ),
    "expect = 1979-05-27": (
        'expect: expected layouts by address, such as {"10.0.0.7" = "draft-00"}, found'
        ' "1979-05-27".'
    ),
    "expect = {'10.0.0.7' = 'old'}": (
        'expect.10.0.0.7: expected one of draft-00, rfc7637, found "old".'
    ),
    "expect = {'10.0.0.300' = 'draft-00'}": (
        "expect: expected an address such as 10.0.0.7 or a network such as 10.0.0.0/24, found"
        " '10.0.0.300'."
    ),
    "expect = {'10.0.0.7/24' = 'draft-00'}": (
        "expect: '10.0.0.7/24' has bits set behind its prefix; the network is 10.0.0.0/24."
    ),
    "expect = {'10.0.0.7' = 'draft-00', '10.0.0.7/32' = 'rfc7637'}": (
        "expect: 10.0.0.7/32 stands twice."
    ),
    "not-nvgre = '10.0.0.9'": (
        'not-nvgre: expected a list of addresses and networks such as ["10.0.0.9", "10.1.0.0/16"],'
        ' found "10.0.0.9".'
    ),
    "not-nvgre = ['fe80::1%eth0']": (
        "not-nvgre: expected an address such as 10.0.0.7 or a network such as 10.0.0.0/24, found"
        " 'fe80::1%eth0'."
    ),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_a_wrong_setting_is_refused_with_its_file_its_key_and_what_was_expected(
    folder: Path, text: str
) -> None:
    (folder / "x.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load_options("../../x.toml", environment={})
    assert str(error.value) == f"../../x.toml: {WRONG[text]}"


def test_a_wrong_code_names_the_known_ones(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('select = ["NVG9"]')
    with pytest.raises(
        ConfigError, match="select: no finding has the code 'NVG9'; known codes: NVG101, NVG102"
    ):
        loaded()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[tool.nvgre-doctor]\njob = 1\n",
            ", [tool.nvgre-doctor]: unknown key job; did you mean jobs?",
        ),
        (
            "[tool.nvgre-doctor]\njobs = -1\n",
            ", [tool.nvgre-doctor]: jobs: expected an integer from 1 to",
        ),
        ("[tool]\nnvgre-doctor = 1\n", ", [tool.nvgre-doctor]: expected a table."),
        ("[tool.nvgre-doctor\n", ": not TOML: "),
    ],
)
def test_a_wrong_pyproject_is_refused_with_the_table(folder: Path, text: str, said: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        loaded()
    assert str(error.value).startswith(f"{folder}/pyproject.toml{said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "x.toml: cannot be read: No such file or directory."),
        (b"jobs = 1 # \xff", "x.toml: byte 11 is no UTF-8 text."),
        (b"\xff\xfej\0o", "x.toml: byte 4 is no UTF-16 text."),
        (b"jobs = ", "x.toml: not TOML: Invalid value ("),
        (b"jobs = 1\njobs = 2\n", "x.toml: not TOML: Cannot overwrite a value ("),
        (b"a = " + b"[" * 20_000, "x.toml: nested too deeply."),
        (
            b"jobs = " + b"9" * 5_000,
            "x.toml: not TOML: Exceeds the limit (4300 digits) for integer string conversion",
        ),
        (b"#" * (1024 * 1024 + 1), "x.toml: larger than 1 MB. Name another file: --config"),
    ],
    ids=["missing", "latin", "cut", "no value", "twice", "deep", "digits", "large"],
)
def test_a_named_file_that_cannot_be_used_is_refused(
    folder: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (folder / "lab" / "today" / "x.toml").write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_options("x.toml", environment={})
    assert str(error.value).startswith(said)


PARTS_16 = ".".join(16 * "a")


@pytest.mark.parametrize(
    "line",
    [
        f"{PARTS_16}.a = 1",
        f"[{PARTS_16}.a]",
        f"[[ {PARTS_16} . a ]]",
        f"a = {{b = 1, {PARTS_16}.a = 1}}",
        " . ".join(17 * ["'a'"]) + " = 1",
        ".".join(17 * [r'"\\\""']) + " = 1",
        f"a = ['''\n''', {{{PARTS_16}.a = 1, b = ''}}]",
    ],
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_parsed(folder: Path, line: str) -> None:
    """400 kB of them took 832 MB of memory."""
    text = f"jobs = 1\n{line}\n"
    (folder / "lab" / "today" / "x.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load_options("x.toml", environment={})
    assert str(error.value) == (
        f"x.toml, line {1 + line.count(chr(10)) + 1}: a key of more than 16 parts, which no setting"
        " needs. Shorten it, or name another file: --config"
    )


@pytest.mark.parametrize(
    "line",
    [
        f"{PARTS_16} = 1",
        f"a = '{PARTS_16}.a'",
        f"# {PARTS_16}.a",
        f"a = [{', '.join(17 * ['1.5'])}]",
    ],
)
def test_other_dots_are_left_to_toml(folder: Path, line: str) -> None:
    text = f"[tool.other]\n{line}\n[tool.nvgre-doctor]\njobs = 3\n"
    (folder / "lab" / "today" / "pyproject.toml").write_text(text)
    assert load_options("pyproject.toml", environment={}).jobs == 3


def test_a_pyproject_that_is_named_must_have_the_table(folder: Path) -> None:
    (folder / "lab" / "today" / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(ConfigError) as error:
        load_options("pyproject.toml", environment={})
    assert str(error.value) == "pyproject.toml: there is no table [tool.nvgre-doctor] in it."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FAIL_ON", "fatal", 'expected one of error, warning, info, never, found "fatal".'),
        ("VSID", "5001,five", 'expected an integer from 4096 to 16777214, found "five".'),
        ("JOBS", "many", 'expected an integer from 1 to 18446744073709551615, found "many".'),
        ("EXPECT", "10.0.0.7", 'expected one of draft-00, rfc7637, found "".'),
        (
            "NOT_NVGRE",
            "10.0.0.256",
            "expected an address such as 10.0.0.7 or a network such as 10.0.0.0/24",
        ),
    ],
)
def test_a_wrong_variable_is_refused_with_its_name(
    folder: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(**{f"NVGRE_DOCTOR_{name}": value})
    assert str(error.value).startswith(f"environment variable NVGRE_DOCTOR_{name}")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FAILON", "FAIL_ON"),
        ("VSIDS", "VSID"),
        ("FORMATS", "FORMAT"),
        ("EXPECTED", "EXPECT"),
        ("COLOUR", "COLOR"),
    ],
)
def test_a_mistyped_variable_is_refused_because_it_would_do_nothing(
    folder: Path, name: str, meant: str
) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(**{f"NVGRE_DOCTOR_{name}": "x"})
    assert (
        str(error.value)
        == f"environment variable NVGRE_DOCTOR_{name}: did you mean NVGRE_DOCTOR_{meant}?"
    )


@pytest.mark.parametrize(
    "name", ["DEBUG", "HOME", "CASES", "CORPUS", "SCHEMAS", "VERSION", "IMAGE"]
)
def test_a_variable_of_somebody_else_is_left_alone(folder: Path, name: str) -> None:
    assert loaded(**{f"NVGRE_DOCTOR_{name}": "x"}) == Options()


def test_variables_are_named_like_their_keys() -> None:
    assert variable_of("not-nvgre") == "NVGRE_DOCTOR_NOT_NVGRE"


# --- what it does: the program as a process ----------------------------------


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    assert run("-q", MISMATCH, cwd=tmp_path).returncode == 0
    assert run("-q", MISMATCH, cwd=tmp_path, env={"NVGRE_DOCTOR_FAIL_ON": "error"}).returncode == 1
    never = run(
        "-q", MISMATCH, "--fail-on", "never", cwd=tmp_path, env={"NVGRE_DOCTOR_FAIL_ON": "error"}
    )
    assert never.returncode == 0
    assert run("-q", MISMATCH, "--no-config", cwd=tmp_path).returncode == 1


def codes(output: bytes) -> list[str]:
    return [finding["code"] for finding in json.loads(output)["findings"]]


def test_a_list_on_the_command_line_replaces_the_one_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text('select = ["NVG2"]\nformat = "json"\n')
    assert codes(run(MISMATCH, cwd=tmp_path).stdout) == ["NVG201"]
    assert codes(run(MISMATCH, "--select", "NVG301", cwd=tmp_path).stdout) == ["NVG301"]
    assert codes(run(MISMATCH, "--ignore", "NVG201", cwd=tmp_path).stdout) == []


def test_the_format_of_the_file_is_for_standard_output_and_changes_no_file(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text('format = "github"\n')
    assert run(MISMATCH, cwd=tmp_path).stdout.startswith(b"::error ")
    done = run(MISMATCH, "-o", "report.json", cwd=tmp_path)
    assert (done.stdout, (tmp_path / "report.json").read_bytes()[:1]) == (VERDICT, b"{")


def test_vsids_and_the_inventory_beside_the_file_are_used(tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_text("VirtualSubnetID\n6001\n")
    (tmp_path / "nvgre-doctor.toml").write_text('inventory = "vms.csv"\n')
    (tmp_path / "below").mkdir()
    unlisted = run("-f", "json", "--select", "NVG404", MISMATCH, cwd=tmp_path / "below")
    assert unlisted.returncode == 0
    assert codes(unlisted.stdout) == ["NVG404", "NVG404"]
    (tmp_path / "nvgre-doctor.toml").write_text('inventory = "vms.csv"\nvsid = [5001]\n')
    assert (
        codes(run("-f", "json", "--select", "NVG404", MISMATCH, cwd=tmp_path / "below").stdout)
        == []
    )


def test_verbose_says_which_file_was_used(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text("")
    assert (
        run("-v", MISMATCH, cwd=tmp_path).stderr
        == f"nvgre-doctor: configuration {tmp_path}/nvgre-doctor.toml\n".encode()
    )
    assert run(MISMATCH, cwd=tmp_path).stderr == b""


def test_a_report_never_replaces_the_configuration_or_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_text("VirtualSubnetID\n5001\n")
    (tmp_path / "nvgre-doctor.toml").write_text('inventory = "vms.csv"\n')
    for name in ("vms.csv", "nvgre-doctor.toml"):
        done = run(MISMATCH, "-o", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(
            f"nvgre-doctor: {name} is an input; an output must not replace it.".encode()
        )


def test_a_lab_that_keeps_an_old_host_on_purpose_is_fine_until_something_changes(
    tmp_path: Path,
) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text(
        'expect = {"192.168.50.2" = "draft-00", "192.168.50.0/24" = "rfc7637"}\n'
    )
    as_expected = run("-f", "json", MISMATCH, cwd=tmp_path)
    assert as_expected.returncode == 0
    report = json.loads(as_expected.stdout)
    assert (report["verdict"], report["summary"]["infos"]) == ("mismatch", 4)
    assert report["headline"].endswith("They cannot talk. This is expected.")
    updated = tmp_path / "updated.toml"
    updated.write_text('expect = {"192.168.50.1" = "draft-00"}\n')
    surprised = run("-f", "json", "--config", str(updated), MISMATCH)
    assert surprised.returncode == 1
    assert codes(surprised.stdout) == ["NVG201", "NVG205", "NVG301", "NVG302", "NVG302"]


def test_hosts_that_are_no_nvgre_are_counted_and_left_out(tmp_path: Path) -> None:
    done = run("-f", "json", ALL_OLD, cwd=tmp_path, env={"NVGRE_DOCTOR_NOT_NVGRE": "0.0.0.0/0"})
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["hosts"]) == (0, "no-nvgre", [])
    assert report["summary"]["nvgre_frames_left_out"] == report["summary"]["nvgre_frames"] > 0
    text = run(
        MISMATCH, cwd=tmp_path, env={"NVGRE_DOCTOR_NOT_NVGRE": "192.168.50.2"}
    ).stdout.decode()
    assert text.startswith(
        "NO NVGRE  All that looks like NVGRE here is of hosts that you named as not NVGRE, "
    )
    assert "\n1 capture, 36 frames, 32 like NVGRE (32 left out); 1 warning; " in text


def test_a_file_that_is_no_text_is_a_clear_error_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_bytes(b"\x80")
    done = run("missing.pcap", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    said = f"{tmp_path}/nvgre-doctor.toml: byte 0 is no UTF-8 text. Name another file: --config"
    assert done.stderr == f"nvgre-doctor: {said}\n".encode()


def test_config_and_no_config_exclude_each_other() -> None:
    done = run("--config", "x.toml", "--no-config", MISMATCH)
    assert (done.returncode, done.stderr[:61]) == (
        2,
        b"nvgre-doctor: --config and --no-config exclude each other.\nTr",
    )
