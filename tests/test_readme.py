"""The README is a test subject: what it tells people to type is run, what it shows is compared, its
tables equal the program's.

An `sh` block is run line by line.  A `text` block is the output of the last line of the `sh` or
`python` block above it, on a terminal of 100 columns.  Of a `powershell` block the lines of our
program run, with slashes turned.  The `yaml` blocks are used in test_hooks.py.  What stands between
<!-- bench --> or <!-- checked --> and its end is measured elsewhere and not looked at.
"""

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from nvgre_doctor import __version__
from nvgre_doctor.cli import COMMANDS, DEBUG_VARIABLE, cli
from nvgre_doctor.errors import Exit
from nvgre_doctor.evidence.sampling import ALL_VM_STREAMS, VM_STREAMS
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.settings.keys import KEYS, field_of
from nvgre_doctor.settings.sources import load_options
from nvgre_doctor.vocabulary import Kind
from tests.program import MISMATCH, ROOT, environment
from tests.wireshark.person import Person, need, new_person

COLUMNS = 100
README = re.sub(
    r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)",
    r"\1\3",
    (ROOT / "README.md").read_text("utf-8"),
    flags=re.DOTALL,
)
PROSE = " ".join(README.split())
SETUP = ["python3 -m venv .venv", ".venv/bin/pip install ."]
TESTS = [
    "python3 -m venv .venv",
    ".venv/bin/pip install -e '.[test]'",
    ".venv/bin/python -m pytest",
]
TOOLS_OF_WINDOWS = ("netsh trace ", "pktmon ", "etl2pcapng ", 'dumpcap -i "')
LOOKUP_RECORDS = (
    '"ProviderAddress","VirtualSubnetID","Rule"\r\n'
    '"192.168.50.1","5001","TranslationMethodEncap"\r\n'
)


@dataclass(frozen=True, slots=True)
class Block:
    """Fenced code; `shown` is the text block that belongs to it."""

    language: str
    text: str
    shown: str | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]


def read_blocks() -> list[Block]:
    found: list[Block] = []
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        if language == "text":
            index = max(i for i, block in enumerate(found) if block.language in ("sh", "python"))
            assert found[index].shown is None, "two outputs of one block"
            found[index] = Block(found[index].language, found[index].text, text)
        else:
            found.append(Block(language, text))
    return found


BLOCKS = read_blocks()


def blocks(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def first_line(block: object) -> str:
    assert isinstance(block, Block)
    return block.lines[0]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who tries what the README says, in a folder with the files that it speaks of."""

    person: Person
    binaries: Path

    @property
    def folder(self) -> Path:
        return self.person.home

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in environment().items() if not name.startswith("XDG_")}
        path = f"{self.binaries}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "PATH": path, "HOME": str(self.folder), "NO_COLOR": "1"}

    def run(self, line: str) -> str:
        """Run one line in bash and return what it prints.  What ends with 2 or more does not belong
        into a README.
        """
        if line.startswith("tshark "):
            need("tshark")
            done = self.person.run("bash", "-c", line)
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout
        process, leader = self._start(line)
        printed = b"".join(_until_closed(leader)).decode("utf-8").replace("\r\n", "\n")
        assert process.wait(60) in (Exit.OK, Exit.FINDINGS), printed
        for name in re.findall(r" -o (?:\w+=)?([^\s=]+)| --write-baseline (\S+)", line):
            assert (self.folder / "".join(name)).stat().st_size > 0
        return printed

    def _start(self, line: str) -> tuple["subprocess.Popen[bytes]", int]:
        import fcntl  # not on Windows
        import pty
        import termios

        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        process = subprocess.Popen(
            [need("bash"), "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        return process, leader


def _until_closed(leader: int) -> Iterator[bytes]:
    try:
        while data := os.read(leader, 65536):
            yield data
    except OSError:  # Linux says so when the last one who could write is gone
        pass
    finally:
        os.close(leader)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    program = tmp_path / "nvgre-doctor"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nvgre_doctor "$@"\n')
    program.chmod(0o755)
    with new_person() as person:
        shutil.copytree(ROOT / "sample_pcaps", person.home / "sample_pcaps")
        (person.home / "captures").mkdir()
        for copy in ("lab.pcapng", "captures/lab.pcapng"):
            shutil.copy(MISMATCH, person.home / copy)
            (person.home / copy).chmod(0o644)
        (person.home / "lookup.csv").write_text(LOOKUP_RECORDS)
        (person.home / "nvgre-doctor.toml").touch()  # so that none is looked for above the folder
        yield Reader(person, tmp_path)


# --- what is typed, and what it prints ---------------------------------------


def test_every_block_is_of_a_kind_that_a_test_uses() -> None:
    assert {block.language for block in BLOCKS} == {
        "",
        "sh",
        "powershell",
        "python",
        "toml",
        "yaml",
    }
    assert [block.text.splitlines()[0] for block in blocks("yaml")] == [
        "- id: nvgre",
        "nvgre:",
        "steps:",
        "# .pre-commit-config.yaml",
    ]


def runnable(line: str) -> str | None:
    """What is left of a line that sets something up, and the benchmark only as far as its options
    go.
    """
    last = line.rsplit(" && ", maxsplit=1)[-1].removeprefix(".venv/bin/")
    if last.startswith("python -m "):
        return (
            None
            if last == "python -m pytest"
            else f"{shlex.quote(sys.executable)} {last[7:]} --help"
        )
    return last


@pytest.mark.peer
@pytest.mark.parametrize("block", blocks("sh"), ids=first_line)
def test_commands_run_and_print_what_is_shown(block: Block, reader: Reader) -> None:
    printed = [reader.run(line) for line in map(runnable, block.lines) if line is not None]
    if block.shown is not None:
        assert printed[-1] == block.shown


def test_the_first_screen_shows_a_sample_with_its_output() -> None:
    first, *_ = blocks("sh")
    assert first.lines == [
        " && ".join(
            [*SETUP, ".venv/bin/nvgre-doctor sample_pcaps/01-mismatch-pings-refused.pcapng"]
        )
    ]
    assert first.shown is not None
    assert first.shown.startswith(
        "MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. "
    )


@pytest.mark.peer
@pytest.mark.parametrize("block", blocks("powershell"), ids=first_line)
def test_powershell_lines_run_as_far_as_they_are_ours(block: Block, reader: Reader) -> None:
    for line in block.lines:
        if line.startswith(TOOLS_OF_WINDOWS):
            continue
        last = line.split("; ")[-1].split(" | ")[0].replace("\\", "/")
        command = last.removeprefix(".venv/Scripts/")
        assert command.startswith("nvgre-doctor ")
        reader.run(command)


def test_both_shells_set_up_the_same() -> None:
    (posix,), (powershell,) = blocks("sh")[0].lines, blocks("powershell")[0].lines
    translated = (
        powershell.replace("; ", " && ").replace("\\", "/").replace(".venv/Scripts/", ".venv/bin/")
    )
    assert translated.replace("py -m", "python3 -m") == posix


def test_the_test_command_is_the_one_that_ci_calls() -> None:
    assert blocks("sh")[1].lines == [" && ".join(TESTS)]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    lines = [
        line.strip().replace('"$python"', "python3").replace(" -q ", " ")
        for line in script.splitlines()
    ]
    start = lines.index(TESTS[0])
    assert lines[start : start + 3] == TESTS


def test_what_is_installed_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(re.findall(r"pip install (?:-e )?'\.\[(\w+)\]'", README)) == {"test", "zstd"}
    assert {"test", "zstd"} == set(project["optional-dependencies"])
    assert project["scripts"] == {"nvgre-doctor": "nvgre_doctor.cli:main"}
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in PROSE


@pytest.mark.process
def test_the_python_example_prints_what_is_shown(reader: Reader) -> None:
    (block,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=reader.folder,
        env=reader.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == (block.shown, "")


@pytest.mark.peer
def test_the_configuration_example_holds_every_key_and_is_accepted(reader: Reader) -> None:
    (block,) = blocks("toml")
    (reader.folder / "nvgre-doctor.toml").write_text(block.text)
    settings = load_options(str(reader.folder / "nvgre-doctor.toml"))
    assert [key for key in KEYS if getattr(settings, field_of(key)) is None] == []
    assert "NVG301" in reader.run("nvgre-doctor lab.pcapng")


@pytest.mark.peer
def test_the_display_filters_find_frames_in_the_sample(reader: Reader) -> None:
    filters = [row[1].strip("`") for row in table("Shows", "Display filter")]
    assert len(filters) == 4
    found = [bool(reader.person.matches(reader.folder / "lab.pcapng", text)) for text in filters]
    assert found == [True, True, False, True]  # this sample's hosts refuse inside NVGRE


# --- tables that equal the program's -----------------------------------------


def table(*header: str) -> list[list[str]]:
    """The rows under this header."""
    _, found, rest = README.partition(f"| {' | '.join(header)} |\n")
    assert found, header
    lines = rest.split("\n\n")[0].splitlines()
    assert set(lines[0]) == {"|", "-"}
    return [
        [cell.replace("\\|", "|") for cell in re.split(r" (?<!\\)\| ", line[2:-2])]
        for line in lines[1:]
    ]


def test_the_findings_are_those_of_the_rules() -> None:
    assert table("Code", "Severity", "Finding") == [
        [rule.code, rule.severity.value, rule.title] for rule in RULES
    ]


def test_the_exit_codes_are_those_of_the_program() -> None:
    assert [int(code) for code, _ in table("Code", "Meaning")] == list(Exit)


def test_the_kinds_of_evidence_are_those_of_the_program() -> None:
    assert [kind.strip("`") for kind, _, _ in table("Evidence", "What is seen", "Gives")] == [
        kind.value for kind in Kind
    ]


def test_every_command_is_in_the_table() -> None:
    rows = table("Command", "What it does")
    named = [command.strip("`").replace("[", "").replace("]", "").split()[1] for command, _ in rows]
    assert sorted(named) == sorted(COMMANDS)


def options() -> Iterator[tuple[str, str]]:
    def walk(
        name: str, command: click.Command, parent: click.Context | None
    ) -> Iterator[tuple[str, str]]:
        context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield context.command_path, max(parameter.opts, key=len)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from walk(child, found, context)

    return walk("nvgre-doctor", cli, None)


@pytest.mark.parametrize(("command", "option"), list(options()))
def test_every_option_is_named(command: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", README), f"{command} {option}"


def test_the_limits_are_those_of_the_program() -> None:
    assert f"more than {ALL_VM_STREAMS:,} VM streams" in PROSE
    assert f"between two hosts {VM_STREAMS} are kept" in PROSE


def test_the_variable_for_the_traceback_is_the_programs() -> None:
    assert f"`{DEBUG_VARIABLE}=1`" in README


# --- the repository ----------------------------------------------------------


def test_files_that_are_named_exist() -> None:
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)|`(nvgre_doctor/[\w/.]+|\.ci/run)`", README)
    assert len(named) >= 4
    assert [name for pair in named if not (ROOT / (name := "".join(pair))).exists()] == []


def test_there_is_a_place_for_what_is_measured() -> None:
    assert "<!-- bench -->\n<!-- /bench -->" in README
    assert "<!-- checked -->\n<!-- /checked -->" in README


def test_the_changelog_begins_with_this_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(r"^## \[(.+)\] - (\d{4}-\d\d-\d\d)$", changes, re.MULTILINE)
    assert first is not None
    assert (first[1], first[2]) == (__version__, "2026-11-22")


# --- the Python API ----------------------------------------------------------


def python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.process
def test_diagnose_is_the_function_whatever_was_imported_before() -> None:
    program = (
        "import nvgre_doctor.cli, nvgre_doctor.doctor, nvgre_doctor; from nvgre_doctor import"
        " diagnose; "
    )
    assert (
        python(program + "print(diagnose is nvgre_doctor.doctor.diagnose is nvgre_doctor.diagnose)")
        == "True\n"
    )


@pytest.mark.process
def test_the_package_loads_nothing_of_ours_by_itself() -> None:
    program = (
        "import sys, nvgre_doctor; print([name for name in sys.modules if"
        " name.startswith('nvgre_doctor')])"
    )
    assert python(program) == "['nvgre_doctor']\n"


@pytest.mark.process
def test_a_name_that_the_package_has_not_is_an_attribute_error() -> None:
    program = "import nvgre_doctor; print(hasattr(nvgre_doctor, 'diagnosis'))"
    assert python(program) == "False\n"
