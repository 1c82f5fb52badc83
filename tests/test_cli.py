"""The program as a process: exit codes, outputs, encodings, terminals, pipes."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from nvgre_doctor.report.exits import exit_code
from nvgre_doctor.report.to_json import read_schema
from nvgre_doctor.reporters import FORMATS
from tests.needs import posix
from tests.program import (
    MISMATCH,
    PROGRAM,
    ROOT,
    SAMPLES,
    UPDATED,
    VERDICT,
    environment,
    in_terminal,
    run,
    run_process,
)
from tests.reports import EVERY

OPEN = str(SAMPLES / "05-value-cannot-tell-nothing-does.pcapng")
PLAIN_GRE = str(SAMPLES / "08-plain-gre-open-vswitch.pcap")
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
RECORD_OF_60_BYTES = (
    struct.pack("<IIII", 1_361_355_247, 0, 60, 60) + b"\xff" * 12 + b"\x08\x06" + b"\0" * 46
)  # ARP


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with inputs of every kind, named by what they are."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "header-only.pcap").write_bytes(PCAP_HEADER)
    (tmp_path / "text.pcap").write_text("No capture at all.\n" * 10)
    (tmp_path / "arp.pcap").write_bytes(PCAP_HEADER + RECORD_OF_60_BYTES)
    linktype_usb = PCAP_HEADER[:20] + struct.pack("<I", 189)
    (tmp_path / "usb.pcap").write_bytes(linktype_usb + RECORD_OF_60_BYTES)
    (tmp_path / "no-captures").mkdir()
    (tmp_path / "vsids.csv").write_text("Something,Else\n1,2\n")
    shutil.copy(MISMATCH, tmp_path / "key")
    shutil.copy(UPDATED, tmp_path / "copied.pcapng")
    shutil.copy(MISMATCH, tmp_path / "-dash.pcapng")
    return tmp_path


EXITS: list[tuple[Sequence[str], int]] = [
    # 0: no finding at or above --fail-on
    (["check", UPDATED], 0),
    ([UPDATED], 0),
    (["--fail-on", "never", MISMATCH], 0),
    (["--ignore", "NVG2,NVG3", MISMATCH], 0),
    ([PLAIN_GRE], 0),
    ([OPEN], 0),  # that nothing tells its layouts is a warning
    (["--fail-on", "warning", UPDATED, "copied.pcapng"], 0),
    (["arp.pcap"], 0),  # no NVGRE is a warning
    (["key", "0x00001389"], 0),
    (["explain", "NVG301"], 0),
    (["explain"], 0),
    (["rules"], 0),
    (["schema"], 0),
    (["--version"], 0),
    (["--help"], 0),
    (["-h"], 0),
    (["check", "--help"], 0),
    ([MISMATCH, "--help"], 0),
    # 1: findings
    ([MISMATCH], 1),
    (["check", UPDATED, MISMATCH], 1),
    (["--fail-on", "warning", PLAIN_GRE], 1),
    (["--fail-on", "warning", "arp.pcap"], 1),
    (["--fail-on", "warning", OPEN], 1),
    (["--fail-on", "info", UPDATED, "copied.pcapng"], 1),  # captured twice is a note
    (["check", "key"], 1),  # a capture named like a command
    (["./key"], 1),
    (["check", "--", "-dash.pcapng"], 1),
    (["--", "-dash.pcapng"], 1),
    (["-q", MISMATCH], 1),
    # 2: usage, configuration, outputs
    ([], 2),
    (["check"], 2),
    (["key"], 2),
    (["kye", "5001"], 2),
    (["key", "0x123456789"], 2),
    (["key", "-5"], 2),
    (["explain", "NVG999"], 2),
    (["rules", "extra"], 2),
    (["--no-such-option", MISMATCH], 2),
    (["--format", "yaml", MISMATCH], 2),
    (["--fail-on", "fatal", MISMATCH], 2),
    (["--vsid", "4095", MISMATCH], 2),
    (["--vsid", "16777215", MISMATCH], 2),
    (["--vsid", "five", MISMATCH], 2),
    (["--select", "NVG9", MISMATCH], 2),
    (["--ignore", "", MISMATCH], 2),
    (["--jobs", "0", MISMATCH], 2),
    (["-q", "-v", MISMATCH], 2),
    (["--inventory", "missing.csv", MISMATCH], 2),
    (["--inventory", "vsids.csv", MISMATCH], 2),
    (["-o", "no-captures", MISMATCH], 2),
    (["-o", "missing/out.txt", MISMATCH], 2),
    (["-o", "json=", MISMATCH], 2),
    pytest.param(["-o", "/dev/full", MISMATCH], 2, marks=posix),
    pytest.param(
        ["-o", "/sys/nvgre-doctor.txt", MISMATCH], 2, marks=posix
    ),  # nobody may write there, not even root
    (["-o", "-", "-o", "json=-", MISMATCH], 2),
    (["-o", "a.txt", "-o", "json=./a.txt", MISMATCH], 2),
    (["-o", "key", "key"], 2),  # "key KEY" with a wrong option: still the command
    (["check", "-o", "key", "key"], 2),  # the output is the input
    (["check", "-o", "arp.pcap", MISMATCH], 2),  # the output is another capture
    # 3: an input could not be read, or nothing in it could be decoded
    (["missing.pcap"], 3),
    (["empty"], 3),
    (["header-only.pcap"], 3),
    (["text.pcap"], 3),
    (["usb.pcap"], 3),
    (["no-captures"], 3),
    (["-"], 3),  # nothing comes
    ([MISMATCH, "text.pcap"], 3),  # findings do not hide it
    ([UPDATED, "header-only.pcap"], 3),
    (["--fail-on", "never", "text.pcap"], 3),
]


@pytest.mark.parametrize(
    ("args", "code"),
    EXITS,
    ids=lambda part: " ".join(map(os.path.basename, part)) if isinstance(part, list) else str(part),
)
def test_exit_code_is_the_contract(folder: Path, args: Sequence[str], code: int) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = run(*args, cwd=folder)
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done.stderr.decode()
    if code == 2:
        assert done.stdout == b""
        assert done.stderr.startswith(b"nvgre-doctor: ")
        assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_report_decides_the_exit_code_whatever_it_was_made_from() -> None:
    codes = {
        name: [int(exit_code(report, level)) for level in ("error", "warning", "info", "never")]
        for name, report in EVERY.items()
    }
    assert codes == {
        "mismatch": [1, 1, 1, 0],
        "healthy": [0, 0, 0, 0],
        "warnings": [0, 1, 1, 0],
        "no-nvgre": [0, 1, 1, 0],
        "unreadable": [3, 3, 3, 3],
        "hostile": [3, 3, 3, 3],
        "many": [1, 1, 1, 0],
    }


def test_findings_of_readable_inputs_are_reported_beside_an_unreadable_one(folder: Path) -> None:
    done = run(MISMATCH, "text.pcap", cwd=folder)
    assert done.returncode == 3
    assert done.stdout.startswith(b"MISMATCH  192.168.50.2 ")
    assert b"\nwarning NVG101  text.pcap: this is text, not a capture" in done.stdout


def test_unreadable_input_is_named_on_standard_error_when_no_text_says_it(folder: Path) -> None:
    for args in (["-f", "json"], ["-q"], ["-o", "out.txt"]):
        done = run(*args, "text.pcap", cwd=folder)
        assert done.stderr.startswith(b"nvgre-doctor: text.pcap: "), args
    assert run("text.pcap", cwd=folder).stderr == b""


# --- the ends that are nobody's wish -----------------------------------------

CRASH = """
import sys
from importlib import import_module
def crash(*args, **options):
    raise RecursionError("too \\x1b[31m deep")
import_module("nvgre_doctor.doctor").diagnose = crash
from nvgre_doctor.cli import main
sys.exit(main(["check", "lab.pcap"]))
"""


def crash(**env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CRASH],
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.process
def test_unexpected_exception_is_70_and_two_clear_lines() -> None:
    done = crash()
    assert done.returncode == 70
    assert (
        done.stderr == "nvgre-doctor: internal error: RecursionError: too \\x1b[31m deep\n"
        "Please report it, with the output of the same command under NVGRE_DOCTOR_DEBUG=1.\n"
    )


@pytest.mark.process
def test_debug_variable_adds_the_traceback() -> None:
    done = crash(NVGRE_DOCTOR_DEBUG="1")
    assert done.returncode == 70
    assert done.stderr.startswith("Traceback (most recent call last):\n")


@pytest.mark.process
def test_ctrl_c_is_130_and_writes_what_was_read(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "-o", "json=out.json", "-"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    # More than a pipe holds: when the write returns, the program is reading, and waits for more.
    process.stdin.write(PCAP_HEADER + RECORD_OF_60_BYTES * 20_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out[:10]) == (130, b"NO NVGRE  ")
    assert err == b"nvgre-doctor: interrupted: the report is about what was read before\n"
    (capture,) = json.loads((tmp_path / "out.json").read_bytes())["captures"]
    assert (capture["path"], capture["status"]) == ("-", "interrupted")
    assert 0 < capture["frames"] <= 20_000
    assert os.listdir(tmp_path) == ["out.json"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "code"), [([MISMATCH], 1), ([UPDATED], 0), (["rules"], 0), (["--help"], 0)]
)
def test_reader_that_has_gone_away_changes_nothing(args: list[str], code: int) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*PROGRAM, *args],
        env=environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (code, b"")


@posix
@pytest.mark.process
@pytest.mark.parametrize("args", [[MISMATCH], ["schema"], ["--help"], ["--version"]])
def test_full_disk_behind_standard_output_is_2(args: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, *args],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert re.fullmatch(rb"nvgre-doctor: [a-z ]+: No space left on device\n", done.stderr)


@pytest.mark.process
def test_closed_standard_output_is_2() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *PROGRAM, MISMATCH],
        env=environment(),
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, b"nvgre-doctor: standard output is closed\n")


# --- which command -----------------------------------------------------------


def test_check_is_the_default_command() -> None:
    assert run(MISMATCH).stdout == run("check", MISMATCH).stdout
    assert run("-f", "json", MISMATCH).stdout == run("check", "-f", "json", MISMATCH).stdout


def test_command_wins_over_a_file_of_its_name(folder: Path) -> None:
    assert run("key", "5001", cwd=folder).stdout.startswith(b"0x00001389  draft-00 only")


def test_mistyped_command_is_not_taken_for_a_capture() -> None:
    assert (
        run("expalin", "NVG301").stderr
        == b"nvgre-doctor: There is no command and no file expalin. Did you mean explain?\nTry:"
        b" nvgre-doctor --help\n"
    )


def test_usage_error_names_the_help_of_the_command() -> None:
    assert (
        run("--vsid", "5", "x").stderr
        == b"nvgre-doctor: Invalid value for '--vsid': 5 is not a VSID: they go from 4096 to"
        b" 16777214.\nTry: nvgre-doctor check --help\n"
    )


def test_a_command_that_only_has_others_shows_them() -> None:
    done = run("wireshark")
    assert done.returncode == 2
    assert done.stderr.startswith(b"Usage: nvgre-doctor wireshark [OPTIONS] COMMAND [ARGS]...\n\n")
    assert b"\n  install  " in done.stderr


def test_choices_of_a_missing_argument_stand_in_one_line() -> None:
    assert (
        run("completion").stderr
        == b"nvgre-doctor: Missing argument '{bash|zsh|fish|powershell}'. Choose from: bash, zsh,"
        b" fish, powershell\nTry: nvgre-doctor completion --help\n"
    )


def test_unknown_code_names_the_known_ones() -> None:
    for args in (["explain", "NVG9"], ["--select", "NVG9", MISMATCH]):
        error = run(*args).stderr
        assert b"'NVG9'" in error
        assert b"NVG101, NVG102, NVG103, NVG104, NVG105, NVG201" in error


def test_help_of_check_fits_one_screen() -> None:
    lines = run("check", "--help").stdout.decode().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_help_says_of_each_command_what_it_does_in_a_whole_sentence() -> None:
    commands = run("--help").stdout.decode().partition("Commands:\n")[2].splitlines()
    assert len(commands) == 13
    assert not [line for line in commands if line.endswith("...")]


def test_version_is_one_line() -> None:
    assert run("--version").stdout in (
        b"nvgre-doctor 1.0.0\nscanner: C\n",
        b"nvgre-doctor 1.0.0\nscanner: Python\n",
    )


def test_version_says_that_frames_are_counted_in_python_where_that_is_asked_for() -> None:
    done = run("--version", env={"NVGRE_DOCTOR_PURE": "1"})
    assert done.stdout == b"nvgre-doctor 1.0.0\nscanner: Python\n"


def test_explain_without_a_code_is_the_table_of_rules() -> None:
    assert run("explain").stdout == run("rules").stdout


def test_explain_wraps_at_80_columns_where_no_terminal_tells_its_width() -> None:
    assert max(map(len, run("explain", "NVG").stdout.decode().splitlines())) <= 80


def test_explain_gives_the_text_of_one_rule_or_of_all_with_a_prefix() -> None:
    one = run("explain", "nvg301").stdout.decode()
    for heading in (
        "What it means",
        "How it is detected",
        "What it is not",
        "What to do",
        "Sources",
    ):
        assert f"\n{heading}\n  " in one
    assert "NVG302" not in one.splitlines()[0]
    every = run("explain", "NVG3").stdout.decode()
    assert re.findall(r"^(NVG\d+)  ", every, re.MULTILINE) == [
        f"NVG30{number}" for number in range(1, 9)
    ]


def test_rules_are_the_table_of_the_contract() -> None:
    lines = run("rules").stdout.decode().splitlines()
    assert lines[0].split() == ["Code", "Severity", "Finding"]
    assert [tuple(line.split()[:2]) for line in lines[1:]] == [
        ("NVG101", "warning"), ("NVG102", "warning"), ("NVG103", "warning"), ("NVG104", "info"),
        ("NVG105", "warning"),
        ("NVG201", "error"), ("NVG202", "warning"), ("NVG203", "error"), ("NVG204", "warning"),
        ("NVG205", "error"),
        ("NVG301", "error"), ("NVG302", "error"), ("NVG303", "error"), ("NVG304", "warning"),
        ("NVG305", "warning"),
        ("NVG306", "info"), ("NVG307", "info"), ("NVG308", "warning"),
        ("NVG401", "warning"), ("NVG402", "warning"), ("NVG403", "warning"), ("NVG404", "warning"),
        ("NVG405", "warning"),
    ]  # fmt: skip


def test_schema_is_printed_as_it_is_shipped() -> None:
    assert run("schema").stdout.decode() == (
        ROOT / "nvgre_doctor" / "report" / "schema.json"
    ).read_text("utf-8")


# --- outputs -----------------------------------------------------------------


def test_one_run_writes_several_outputs_and_says_the_verdict(tmp_path: Path) -> None:
    done = run("-o", "json=a.out", "-o", "text=b.out", "-o", "c.json", MISMATCH, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, VERDICT, b"")
    assert sorted(os.listdir(tmp_path)) == ["a.out", "b.out", "c.json"]
    assert (tmp_path / "a.out").read_bytes() == (tmp_path / "c.json").read_bytes()
    assert (tmp_path / "b.out").read_bytes().startswith(b"MISMATCH  192.168.50.2 ")
    assert json.loads((tmp_path / "a.out").read_text("utf-8"))["verdict"] == "mismatch"


def test_file_and_standard_output_hold_the_same(tmp_path: Path) -> None:
    for name in FORMATS:
        printed = run("-f", name, MISMATCH).stdout
        run("-f", name, "-o", "out", MISMATCH, cwd=tmp_path)
        assert (tmp_path / "out").read_bytes() == printed, name


def test_format_that_no_file_uses_goes_to_standard_output(tmp_path: Path) -> None:
    done = run("-f", "text", "-o", "json=a.json", MISMATCH, cwd=tmp_path)
    assert done.stdout.startswith(b"MISMATCH  ")
    assert (tmp_path / "a.json").read_bytes().startswith(b"{")


def test_dash_is_standard_output(tmp_path: Path) -> None:
    assert run("-o", "-", MISMATCH, cwd=tmp_path).stdout.startswith(b"MISMATCH  ")
    assert run("-o", "json=-", MISMATCH, cwd=tmp_path).stdout.startswith(b"{")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["C:\\x=y", "results=1.txt", "jsonx=z"])
def test_equals_sign_without_a_format_before_it_is_part_of_the_name(
    tmp_path: Path, name: str
) -> None:
    run("-o", name, MISMATCH, cwd=tmp_path)
    assert os.listdir(tmp_path) == [name]


def test_json_of_real_captures_fits_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(read_schema()))
    captures = sorted(SAMPLES.glob("*.pcap*"))
    assert len(captures) >= 6
    for args in ([str(path)] for path in captures):
        validator.validate(json.loads(run("-f", "json", *args).stdout))
    validator.validate(json.loads(run("-f", "json", *map(str, captures), "missing").stdout))


def test_capture_on_standard_input_is_diagnosed() -> None:
    done = run("-q", "-", stdin=Path(MISMATCH).read_bytes())
    assert (done.returncode, done.stdout[:10]) == (1, b"MISMATCH  ")


def test_folder_means_the_captures_in_it() -> None:
    done = run("-f", "json", str(SAMPLES))
    assert len(json.loads(done.stdout)["captures"]) == len(list(SAMPLES.glob("*.pcap*")))


# --- encodings, pipes, terminals ---------------------------------------------


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "encoding"),
    [(name, "cp437") for name in FORMATS]
    + [("text", encoding) for encoding in ("cp1252", "ascii", "utf-8")],
)
def test_file_name_beyond_the_console_encoding_costs_no_crash(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = "caf\u00e9-\u4e2d-\u202e-\x1b[31m\n.pcap"
    done = run_process(
        "-f", name, path, cwd=tmp_path, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 3, done.stderr
    for stream in (done.stdout, done.stderr):
        assert b"\x1b" not in stream
        assert "\u202e" not in stream.decode(encoding)
    if name == "text":
        assert b"\\u4e2d-\\u202e-\\x1b[31m\\n.pcap: " in done.stdout or encoding == "utf-8"


def test_file_name_that_is_no_text_at_all_is_shown_escaped(tmp_path: Path) -> None:
    path = os.fsdecode(b"lab-\xff.pcap")
    (tmp_path / path).write_bytes(b"")
    assert b"NVG101  lab-\\udcff.pcap: " in run(path, cwd=tmp_path).stdout


SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.process
@pytest.mark.parametrize(
    ("capture", "columns"),
    [(path.name, 80) for path in sorted(SAMPLES.glob("*.pcap*"))]
    + [("01-mismatch-pings-refused.pcapng", 40)],
)
def test_terminal_gets_colour_and_no_line_beyond_its_width(capture: str, columns: int) -> None:
    text = in_terminal("-v", str(SAMPLES / capture), columns=columns, with_errors=False)
    assert "\x1b[" in text
    plain = SGR.sub("", text)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= columns


def test_pipe_gets_no_colour_and_whole_lines() -> None:
    text = run(MISMATCH).stdout.decode()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 120


@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "env", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),  # no-color.org: when not empty
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal_is_a_choice(
    args: list[str], env: dict[str, str], colored: bool
) -> None:
    assert ("\x1b[" in in_terminal(*args, MISMATCH, env=env, with_errors=False)) is colored


def test_colour_can_be_had_in_a_pipe() -> None:
    assert run("--color", "always", MISMATCH).stdout.startswith(b"\x1b[1;31mMISMATCH\x1b[0m")


@pytest.mark.process
def test_terminal_is_not_taken_for_a_capture() -> None:
    assert "- reads a capture from standard input, and there is none: pipe one in." in in_terminal(
        "-"
    )


BAR = """
import sys
from nvgre_doctor.terminal import progress
progress.PATIENCE = 0
with progress.ProgressBar(wanted=sys.argv[1] == "wanted", color=False) as bar:
    bar.update(1_000_000, 4_000_000)
    bar.update(2_000_000, 4_000_000)
    bar.update(3_000_000, None)
print("done")
"""


@pytest.mark.process
@pytest.mark.parametrize(("wanted", "shown"), [("wanted", True), ("unwanted", False)])
def test_progress_bar_shows_bytes_on_a_terminal_if_wanted(wanted: str, shown: bool) -> None:
    text = in_terminal(wanted, program=[sys.executable, "-c", BAR])
    assert text.endswith("done\n")
    assert ("2.0/4.0 MB" in text) is shown


@pytest.mark.process
def test_progress_bar_stays_away_from_pipes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BAR, "wanted"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


# --- what is loaded ----------------------------------------------------------

HEAVY = (
    "hashlib",
    "socket",
    "tomllib",
    "rich",
    "nvgre_doctor.doctor",
    "nvgre_doctor.rules.registry",
    "nvgre_doctor.report.model",
    "csv",
    "json",
)


@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "loaded"),
    [
        (["--version"], []),
        (["--help"], []),
        (["check", "--help"], []),
        (["schema"], ["nvgre_doctor.report.model", "json"]),
        (
            ["-f", "json", UPDATED],
            [
                "nvgre_doctor.doctor",
                "nvgre_doctor.rules.registry",
                "nvgre_doctor.report.model",
                "json",
            ],
        ),
    ],
)
def test_nothing_is_loaded_that_the_command_does_not_need(
    args: list[str], loaded: list[str], tmp_path: Path
) -> None:
    code = (
        "import sys; from nvgre_doctor.cli import main; main(sys.argv[1:]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        env=environment(),
        cwd=tmp_path,  # not where a pyproject.toml is read for its table
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == f"{loaded}\n"
