"""What the pages tell people to type is run, and what they show is what the program prints.

An `sh` block is run line by line.  Of a `powershell` block the lines of our program run, with
slashes turned.  The `yaml` blocks are used in test_hooks.py.
"""

import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from nvgre_doctor.settings.keys import KEYS
from nvgre_doctor.settings.sources import load_options
from tests.docs.pages import BLOCKS, EVERYTHING, PAGES, Block, blocks, name_of, prose, table
from tests.docs.reader import Reader
from tests.docs.terminal import PICTURE, PICTURE_OF_WATCH, picture, picture_of_watch
from tests.docs.terminal import SAMPLE as PICTURED
from tests.needs import posix
from tests.program import ROOT

SETUP = "python3 -m venv .venv && .venv/bin/pip install ."
SAMPLE = ".venv/bin/nvgre-doctor sample_pcaps/01-mismatch-pings-refused.pcapng"
TESTS = [
    "python3 -m venv .venv",
    ".venv/bin/pip install -e '.[test]'",
    ".venv/bin/python -m pytest",
]
PYZ = "nvgre-doctor.pyz"
INSTALLS = ("pip install .", "pipx install .")
TOOLS_OF_WINDOWS = ("netsh trace ", "pktmon ", "etl2pcapng ", 'dumpcap -i "')


def test_every_block_is_of_a_kind_that_a_test_uses() -> None:
    assert {block.language for block in BLOCKS} == {
        "",
        "sh",
        "bash",  # tests/remote/test_page.py, with storage and a cluster
        "powershell",
        "python",
        "toml",
        "yaml",
    }
    assert [(block.page, block.text.splitlines()[0]) for block in blocks("yaml")] == [
        ("docs/ci.md", "# .github/workflows/nvgre.yml"),
        ("docs/ci.md", "nvgre:"),
        ("docs/ci.md", "steps:"),
        ("docs/ci.md", "# .pre-commit-config.yaml"),
    ]


def runnable(line: str) -> str | None:
    """What is left of a line that installs something, and the benchmark only as far as its options
    go.
    """
    command, _, _ = line.partition("  #")
    last = command.rsplit(" && ", maxsplit=1)[-1].removeprefix(".venv/bin/").strip()
    if last in INSTALLS or last == "python -m pytest":
        return None
    if last.startswith("python -m "):
        return f"{shlex.quote(sys.executable)} {last[7:]} --help"
    if last.startswith("python web/"):
        return f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/{last[7:]} --help"
    if last.startswith("ssh HOST "):  # what comes from there could have been this file
        return re.sub(r"^ssh HOST [^|]+", "cat lab.pcapng ", last)
    return last.removeprefix("uvx --from . ")


@pytest.mark.peer
@pytest.mark.parametrize("block", blocks("sh"), ids=name_of)
def test_commands_run_and_print_what_is_shown(block: Block, reader: Reader) -> None:
    if any(PYZ in line.split() for line in block.lines):
        build = [sys.executable, str(ROOT / "release" / "build_pyz.py"), PYZ]
        subprocess.run(build, cwd=reader.folder, check=True, capture_output=True, timeout=60)
    printed = [reader.run(line) for line in map(runnable, block.lines) if line is not None]
    if block.shown is not None:
        assert printed[-1] == block.shown


def test_the_page_says_what_makes_the_file_that_is_carried() -> None:
    assert f"A checkout makes it: `.venv/bin/python release/build_pyz.py {PYZ}`." in prose(
        "README.md"
    )


def test_the_first_screen_shows_a_sample_with_its_output() -> None:
    first, *_ = blocks("sh", "README.md")
    assert first.lines == [SETUP, SAMPLE]
    text, target = re.findall(r"!\[([^]]*)\]\(([^)]*)\)", PAGES["README.md"])[0]
    assert text.startswith(
        "MISMATCH: 192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. "
    )
    assert ROOT / target == PICTURE


@posix
@pytest.mark.process
@pytest.mark.once  # another version of rich draws it otherwise
def test_the_first_picture_is_what_the_program_prints_for_that_sample() -> None:
    assert SAMPLE.endswith(f"nvgre-doctor {PICTURED}")
    assert PICTURE.read_text("utf-8") == picture()
    assert "http" not in PICTURE.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")


@posix
@pytest.mark.once
def test_the_picture_of_watch_is_what_it_shows() -> None:
    assert PICTURE_OF_WATCH.read_text("utf-8") == picture_of_watch()


@pytest.mark.peer
@pytest.mark.parametrize("block", blocks("powershell"), ids=name_of)
def test_powershell_lines_run_as_far_as_they_are_ours(block: Block, reader: Reader) -> None:
    for line in block.lines:
        last = line.split("; ")[-1].split(" | ")[0].replace("\\", "/")
        command = last.removeprefix(".venv/Scripts/")
        if command in INSTALLS or command.startswith(TOOLS_OF_WINDOWS):
            continue
        assert command.startswith("nvgre-doctor ")
        reader.run(command)


def test_both_shells_set_up_the_same() -> None:
    translated = [
        line.replace("; ", " && ")
        .replace("\\", "/")
        .replace(".venv/Scripts/", ".venv/bin/")
        .replace("py -m", "python3 -m")
        for line in blocks("powershell", "README.md")[0].lines
    ]
    assert translated == [SETUP, SAMPLE]


def test_the_test_command_is_the_one_that_ci_calls() -> None:
    assert blocks("sh", "README.md")[1].lines == [" && ".join(TESTS)]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    lines = [
        line.strip().replace('"$python"', "python3").replace(" -q ", " ")
        for line in script.splitlines()
    ]
    start = lines.index(TESTS[0])
    assert lines[start : start + 3] == TESTS


def test_what_is_installed_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(re.findall(r"pip install (?:-e )?'\.\[(\w+)\]'", EVERYTHING)) == {"test", "zstd"}
    assert {"test", "zstd"} <= set(project["optional-dependencies"])
    assert project["scripts"] == {"nvgre-doctor": "nvgre_doctor.__main__:start"}
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in prose("README.md")
    named = [re.split(r"\W", wanted)[0] for wanted in project["dependencies"]]
    assert f"Its dependencies are {', '.join(named[:-1])} and {named[-1]}." in prose("README.md")


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
    assert set(tomllib.loads(block.text)) == set(KEYS)
    load_options(str(reader.folder / "nvgre-doctor.toml"))
    assert "NVG301" in reader.run("nvgre-doctor lab.pcapng")


@pytest.mark.peer
def test_the_display_filters_find_frames_in_the_sample(reader: Reader) -> None:
    rows = table("docs/wireshark.md", "Shows", "Display filter")
    filters = [row[1].strip("`") for row in rows]
    assert len(filters) == 4
    found = [bool(reader.person.matches(reader.folder / "lab.pcapng", text)) for text in filters]
    assert found == [True, True, False, True]  # this sample's hosts refuse inside NVGRE
