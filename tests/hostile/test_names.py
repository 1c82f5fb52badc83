"""Hostile file names in every output format, read as its reader reads it: shown literally, and
nothing happens.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import pyte
import pytest

from nvgre_doctor.reporters import FORMATS
from tests.hostile.payloads import FILE_NAMES
from tests.hostile.readers import (
    ACTIVE,
    PLAIN,
    Terminal,
    code_spans,
    markdown,
    runner_commands,
    runner_lines,
)
from tests.needs import need_module
from tests.program import MISMATCH, PROGRAM, VERDICT, environment, run

NAMES = [name for name, _ in FILE_NAMES.values()]
SHOWN = [shown for _, shown in FILE_NAMES.values()]
WIDE = 1500
"""Columns of a terminal on which every name stands on one row."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good captures of a sick network under hostile names, each cut in its last block, so that
    every name must be told.
    """
    folder = tmp_path_factory.mktemp("names")
    cut = Path(MISMATCH).read_bytes()[:-3]
    for name in NAMES:
        (folder / name).write_bytes(cut)
    assert sorted(os.listdir(folder)) == sorted(NAMES)
    return folder


@pytest.fixture(scope="module")
def outputs(folder: Path) -> dict[str, bytes]:
    """What a pipe gets in each format, with -v where it tells more."""
    found = {}
    for name in FORMATS:
        done = run("check", "-v", "-f", name, "--", *NAMES, cwd=folder)
        assert (done.returncode, done.stderr) == (1, b""), name
        found[name] = done.stdout
    return found


# --- text --------------------------------------------------------------------


@pytest.fixture(scope="module")
def terminal(outputs: dict[str, bytes]) -> Terminal:
    return Terminal(outputs["text"], WIDE)


@pytest.mark.long
def test_terminal_is_only_written_on(outputs: dict[str, bytes], terminal: Terminal) -> None:
    assert terminal.deeds == set()
    assert (terminal.screen.title, terminal.screen.icon_name) == ("", "")
    assert terminal.screen.mode == pyte.Screen(80, 24).mode
    # One row for each line that we wrote, and the cursor below the last one.
    assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (outputs["text"].count(b"\n"), 0)


@pytest.mark.parametrize("kind", FILE_NAMES)
def test_terminal_shows_the_name_literally_and_plainly(terminal: Terminal, kind: str) -> None:
    row, column = terminal.find(
        f"warning NVG101  {FILE_NAMES[kind][1]}: the capture ends in the middle "
    )
    assert column == 0
    assert terminal.styles(row, 0, WIDE) == {PLAIN}


def in_terminal(folder: Path, columns: int, *args: str) -> bytes:
    """What the program writes to a terminal of that width; a slow machine sees progress on standard
    error.
    """
    pty, termios = need_module("pty"), need_module("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with subprocess.Popen(
        [*PROGRAM, *args],
        cwd=folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux says EIO when the other side is closed
                break
            written += data
        assert process.wait(timeout=60) == 1
    os.close(ours)
    return written


@pytest.mark.process
@pytest.mark.parametrize("columns", [20, 80])
def test_colours_on_a_narrow_terminal_are_all_ours(folder: Path, columns: int) -> None:
    written = in_terminal(folder, columns, "check", "--", *NAMES)
    narrow = Terminal(written, columns)
    assert narrow.deeds == {"select_graphic_rendition"}
    assert set(re.findall(rb"\x1b[^m]*m", written)) <= {
        f"\x1b[{code}m".encode() for code in ("0", "1", "1;31", "2", "32", "33", "36")
    }
    assert (narrow.screen.title, narrow.screen.cursor.x) == ("", 0)
    assert narrow.screen.cursor.y == written.count(
        b"\n"
    )  # the terminal itself broke no row: none was too long


@pytest.mark.process
def test_name_on_a_wide_terminal_has_no_look_of_its_own(folder: Path) -> None:
    wide = Terminal(in_terminal(folder, WIDE, "check", "-v", "--", *NAMES), WIDE)
    assert wide.deeds == {"select_graphic_rendition"}
    for shown in SHOWN:
        row, column = wide.find(f"NVG101  {shown}: ")
        assert wide.styles(row, column + 8, WIDE) == {PLAIN}
        assert wide.styles(row, column, column + 6) == {
            ("default", "default", True, *PLAIN[3:])
        }  # the code is bold


# --- logs --------------------------------------------------------------------


def test_runner_of_github_gets_our_commands_and_no_other(outputs: dict[str, bytes]) -> None:
    commands = list(runner_commands(outputs["github"]))
    assert (
        len(commands) == len(runner_lines(outputs["github"])) - 2
    )  # the verdict, and what follows the last line end
    assert [command.name for command in commands] == ["error"] * 2 + ["warning"] * 10
    titles = [command.properties["title"] for command in commands if command.name == "warning"]
    # GitHub shows ten of a level; in the order of the captures.
    first, second, *others = SHOWN[:10]  # the packets of all others were in the first
    assert titles == [
        f"NVG101 {first}",
        f"NVG101 NVG104 {second}",
        *(f"NVG101 {o}" for o in others),
    ]
    assert commands[-1].data.endswith(f"\n{len(NAMES) - 10} more warnings not shown here.")


def test_runner_of_github_reads_each_name_back_as_it_is_shown(folder: Path) -> None:
    for begin in range(0, len(NAMES), 10):
        names, shown = NAMES[begin : begin + 10], SHOWN[begin : begin + 10]
        log = run("check", "-f", "github", "--select", "NVG101", "--", *names, cwd=folder).stdout
        commands = list(runner_commands(log))
        assert [command.properties["title"] for command in commands] == [
            f"NVG101 {text}"[:200] for text in shown
        ]
        for command, name, text in zip(commands, names, shown, strict=True):
            # Only a name that can be shown as it is, and has no drive, can be that of a file in the
            # repository.
            is_shown = name == text and name[1] != ":"
            assert command.properties.get("file") == (name.replace("\\", "/") if is_shown else None)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "github"])
def test_no_other_format_is_a_command_in_a_log(outputs: dict[str, bytes], name: str) -> None:
    assert list(runner_commands(outputs[name])) == []


# --- documents ---------------------------------------------------------------


def test_markdown_renders_each_name_as_code_and_nothing_else(outputs: dict[str, bytes]) -> None:
    text = outputs["markdown"].decode()
    assert not {token.type for token in markdown(text)} & ACTIVE
    captures = text[text.index("\n### Captures\n") :]
    # One item for each capture, which begins with its name.
    assert [line[:3] for line in captures.splitlines() if not line.startswith("  ")][3:] == [
        "- `"
    ] * len(NAMES)
    assert [span for span in code_spans(markdown(captures)) if span in SHOWN] == SHOWN


def test_junit_holds_the_names_as_text(outputs: dict[str, bytes]) -> None:
    root = ET.fromstring(outputs["junit"])
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped",
        "system-out",
    }  # fmt: skip
    names = [
        case.attrib["name"]
        for case in root.iter("testcase")
        if case.attrib["classname"] == "nvgre-doctor.capture"
    ]
    assert names == [f"{shown} can be judged" for shown in SHOWN]
    held = "".join(
        value for element in root.iter() for value in (element.text or "", *element.attrib.values())
    )
    assert {character for character in held if not character.isprintable()} == {"\n"}


def test_json_gives_every_name_back_to_the_byte(outputs: dict[str, bytes]) -> None:
    assert outputs["json"].isascii()
    assert [capture["path"] for capture in json.loads(outputs["json"])["captures"]] == NAMES


def test_json_lines_are_one_line_each_and_give_every_name_back(outputs: dict[str, bytes]) -> None:
    assert outputs["jsonl"].isascii()
    findings = [
        json.loads(line) for line in outputs["jsonl"].decode().splitlines()
    ]  # splits at more than LF
    assert [list(f["captures"].values()) for f in findings if f["code"] == "NVG101"] == [
        [name] for name in NAMES
    ]


def test_sarif_has_uris_that_lead_to_the_files_and_texts_without_links(
    outputs: dict[str, bytes],
) -> None:
    assert outputs["sarif"].isascii()
    (log,) = json.loads(outputs["sarif"])["runs"]
    uris = [artifact["location"]["uri"] for artifact in log["artifacts"]]
    assert all(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri) for uri in uris)
    # A backslash in a relative path is taken for a separator of Windows.
    meant = [os.fsencode(name.replace("\\", "/").removeprefix("/")) for name in NAMES]
    assert [unquote_to_bytes(uri) for uri in uris] == meant
    texts = [result["message"]["text"] for result in log["results"]]
    assert {character for text in texts for character in text if not character.isprintable()} == {
        "\n"
    }
    assert not [
        text for text in texts if re.search(r"(?<!\\)\]\(", text)
    ]  # SARIF's own links, section 3.11.6


# --- other commands, longer names --------------------------------------------


@pytest.mark.long
def test_info_shows_every_name_literally(folder: Path) -> None:
    done = run("info", "--", *NAMES, cwd=folder)
    shown = Terminal(done.stdout, WIDE)
    assert (shown.deeds, done.stderr, list(runner_commands(done.stdout))) == (set(), b"", [])
    for text in SHOWN:
        shown.find(text)
    report = run("info", "-f", "json", "--", *NAMES, cwd=folder).stdout
    assert [capture["path"] for capture in json.loads(report)["captures"]] == NAMES
    assert list(runner_commands(report)) == []


@pytest.mark.parametrize(
    "kind", ["title", "github", "azure", "rich", "right to left", "no text", "option", "csv"]
)
def test_annotate_and_filter_say_the_name_literally(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    name, shown = FILE_NAMES[kind]
    done = run("annotate", f"--output={name}", "--", str(folder / name), cwd=tmp_path)
    said = done.stdout + done.stderr
    assert (done.returncode, os.listdir(tmp_path)) == (1, [name])
    assert (Terminal(said, WIDE).deeds, list(runner_commands(said))) == (set(), [])
    assert f" {shown}: 35 frames" in done.stdout.decode()
    done = run("filter", "--", name, cwd=folder)
    assert done.stderr.decode().startswith(
        f"nvgre-doctor: {shown}: the capture ends in the middle "
    )
    assert list(runner_commands(done.stdout + done.stderr)) == []


@pytest.mark.parametrize(
    "kind", ["title", "github on a new line", "no text", "rich", "longest", "option"]
)
def test_report_goes_to_a_file_of_that_name_and_an_error_shows_it_literally(
    tmp_path: Path, kind: str
) -> None:
    name, shown = FILE_NAMES[kind]
    done = run("check", MISMATCH, f"--output=text={name}", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, VERDICT, b"")
    assert os.listdir(tmp_path) == [name]
    done = run("check", MISMATCH, f"--output=text=missing/{name}", cwd=tmp_path)
    assert (done.returncode, done.stderr.decode().split(": the folder ")[0]) == (
        2,
        f"nvgre-doctor: missing/{shown}",
    )


@pytest.mark.parametrize("name", FORMATS)
def test_name_of_64_kb_is_shortened_where_people_read_and_whole_where_programs_do(
    name: str,
) -> None:
    path = "a" * 40_000 + "\x1b[31m" + "b" * 25_531
    done = run("-f", name, "-v", path)
    assert done.returncode == 3
    text = done.stdout.decode()
    if name in ("json", "jsonl", "sarif"):
        whole = json.loads(text)
        if name == "json":
            assert whole["captures"][0]["path"] == path
        elif name == "jsonl":
            assert whole["captures"]["0"] == path
        else:
            assert (
                unquote_to_bytes(whole["runs"][0]["artifacts"][0]["location"]["uri"]).decode()
                == path
            )
    else:
        assert "a" * 190 in text
        assert "a" * 701 not in text
        assert "b" * 201 not in text
        assert len(text) < 30_000
    # On standard error too; it has 65,536 characters.
    if name != "text":
        assert ("a" * 686 + "[... 64") in done.stderr.decode()
        assert len(done.stderr) < 1100


def test_folder_with_a_hostile_name_is_shown_harmlessly(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31m\n::error::x").mkdir()
    (tmp_path / "\x1b[31m\n::error::x" / "a.pcap").write_bytes(Path(MISMATCH).read_bytes()[:-3])
    done = run(".", cwd=tmp_path)
    shown = Terminal(done.stdout, WIDE)
    assert shown.deeds == set()
    assert shown.find(r"warning NVG101  ./\x1b[31m\n::error::x/a.pcap: ")
    assert list(runner_commands(done.stdout)) == []
