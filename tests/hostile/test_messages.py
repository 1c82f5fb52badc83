"""Error messages about hostile words: one line each, shown literally, no command in a log, and the
exit code of the contract.
"""

import json
import os
from pathlib import Path

import pytest

from nvgre_doctor.reporters import FORMATS
from tests.hostile.payloads import EVIL, SHOWN
from tests.hostile.readers import PLAIN, Terminal, runner_commands
from tests.program import MISMATCH, UPDATED, VERDICT, run

HEAD = r"\x1b]0;pwned\x07\x1b[31m\n::error::pwned\r\n#\x23vso[x]"
"""How EVIL begins wherever it is shown, as it is or quoted by Python, and shortened or not."""


def assert_harmless(said: bytes, lines: int) -> str:
    """The text of an error, after a terminal and the runners of two CI systems have seen it."""
    terminal = Terminal(said, 3000)
    assert terminal.deeds == set()
    assert (terminal.screen.title, terminal.screen.cursor.x, terminal.screen.cursor.y) == (
        "",
        0,
        lines,
    )
    assert {style for row in range(lines) for style in terminal.styles(row, 0, 3000)} == {PLAIN}
    assert list(runner_commands(said)) == []
    assert said.startswith(b"nvgre-doctor: ")
    assert said.decode().isascii() or not {
        c for c in said.decode() if not c.isprintable() and c != "\n"
    }
    return said.decode()


COMMAND_LINES = [
    (["check", f"--{EVIL}", MISMATCH], 2),
    (["check", "--format", EVIL, MISMATCH], 2),
    (["check", "--vsid", EVIL, MISMATCH], 2),
    (["check", "--jobs", EVIL, MISMATCH], 2),
    (["check", "--fail-on", EVIL, MISMATCH], 2),
    (["check", "--color", EVIL, MISMATCH], 2),
    (["check", "--select", EVIL, MISMATCH], 2),
    (["check", "--ignore", EVIL, MISMATCH], 2),
    (["check", "--inventory", EVIL, MISMATCH], 2),
    (["check", "--config", EVIL, MISMATCH], 2),
    (["check", "--baseline", EVIL, MISMATCH], 2),
    (["check", "--write-baseline", f"{EVIL}/b", MISMATCH], 2),
    (["check", "-o", f"{EVIL}/x", MISMATCH], 2),
    (["check", "-o", EVIL, "-o", EVIL, MISMATCH], 2),
    (["check", "-q", EVIL], 3),
    (["check", "-f", "json", EVIL], 3),
    ([EVIL], 3),
    (["rules", EVIL], 2),
    (["schema", EVIL], 2),
    (["key", EVIL], 2),
    (["explain", EVIL], 2),
    (["convert", EVIL], 3),
    (["filter", EVIL], 3),
    (["annotate", EVIL, "-o", "x"], 3),
    (["annotate", MISMATCH, "-o", f"{EVIL}/x"], 2),
    (["wireshark", EVIL], 2),
    (["completion", EVIL], 2),
]


@pytest.mark.parametrize(
    ("args", "code"), COMMAND_LINES, ids=lambda part: str(part).replace(EVIL, "EVIL")[:40]
)
def test_hostile_word_on_the_command_line_is_shown_literally(
    tmp_path: Path, args: list[str], code: int
) -> None:
    done = run(*args, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    if args == [EVIL]:  # the text report itself says it
        terminal = Terminal(done.stdout, 3000)
        assert terminal.deeds == set()
        terminal.find(f"warning NVG101  {SHOWN}: cannot open the file: No such file or directory")
        assert list(runner_commands(done.stdout)) == []
        return
    lines = done.stderr.count(b"\n")
    assert lines <= 2  # what is wrong, and where help is
    assert HEAD in assert_harmless(done.stderr, lines)
    assert os.listdir(tmp_path) == []


VARIABLES = [
    "SELECT",
    "IGNORE",
    "FAIL_ON",
    "VSID",
    "INVENTORY",
    "FORMAT",
    "JOBS",
    "COLOR",
    "EXPECT",
    "NOT_NVGRE",
]


@pytest.mark.parametrize("variable", VARIABLES)
def test_hostile_word_in_the_environment_is_shown_literally(tmp_path: Path, variable: str) -> None:
    evil = EVIL.replace("\n", "").replace("\r", "")  # lists are separated by any white space
    done = run(MISMATCH, cwd=tmp_path, env={f"NVGRE_DOCTOR_{variable}": evil})
    assert done.returncode == 2
    said = assert_harmless(done.stderr, done.stderr.count(b"\n"))
    assert r"\x1b]0;pwned\x07\x1b[31m::error::pwned#\x23vso[x]y\u202e" in said


def test_variable_with_a_hostile_name_is_shown_literally(tmp_path: Path) -> None:
    done = run(MISMATCH, cwd=tmp_path, env={"NVGRE_DOCTOR_FAIL_ON\x1b": "error"})
    assert done.returncode == 2
    assert r"NVGRE_DOCTOR_FAIL_ON\x1b: did you mean NVGRE_DOCTOR_FAIL_ON?" in assert_harmless(
        done.stderr, 1
    )


# --- cells of files that people get from others ------------------------------

QUOTED = EVIL.replace('"', '""')


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "header",
            f'"{QUOTED}","ProviderAddress"\n1,2\n'.replace("\n::", "::").replace("\r\n#", "#"),
        ),
        ("VSID", f'VirtualSubnetID,VMName\n"{QUOTED}",x\n'),
        ("address", f'VirtualSubnetID,ProviderAddress\n5001,"{QUOTED}"\n'),
        ("MAC", f'VirtualSubnetID,MACAddress\n5001,"{QUOTED}"\n'),
        ("rule", f'VirtualSubnetID,Rule\n5001,"{QUOTED}"\n'),
    ],
)
def test_hostile_inventory_cell_is_not_repeated(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "inventory.csv").write_bytes(text.encode())
    done = run("--inventory", "inventory.csv", MISMATCH, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "pwned" not in assert_harmless(done.stderr, 2)


@pytest.mark.parametrize("where", ["header", "cell", "end"])
def test_nul_in_an_inventory_is_said(tmp_path: Path, where: str) -> None:
    text = {
        "header": "Virtual\0SubnetID\n5001\n",
        "cell": "VirtualSubnetID\n50\x0001\n",
        "end": "VirtualSubnetID\n5001\n\0",
    }
    (tmp_path / "inventory.csv").write_bytes(text[where].encode())
    done = run("--inventory", "inventory.csv", MISMATCH, cwd=tmp_path)
    assert done.returncode == 2
    assert "inventory.csv: not a text file" in assert_harmless(done.stderr, 2)


def test_names_of_virtual_machines_and_customers_are_in_no_report(tmp_path: Path) -> None:
    """A good inventory with hostile names: they are not evidence, and nobody shows them."""
    reports = []
    for name in (f'"{QUOTED}PWNED"', ""):
        (tmp_path / "inventory.csv").write_bytes(
            f"VirtualSubnetID,Rule,VMName,CustomerID,Context\n5001,36,{name},{name},{name}\n".encode()
        )
        outputs = [f"--output={form}={form}" for form in FORMATS]
        done = run("-v", "--inventory", "inventory.csv", *outputs, MISMATCH, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (1, VERDICT, b"")
        reports.append([(tmp_path / form).read_bytes() for form in FORMATS])
    assert reports[0] == reports[1]
    assert b"PWNED" not in b"".join(reports[0])


def toml(text: str) -> str:
    """A basic string of TOML."""
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text) + '"'


CONFIGS = [
    f"{toml(EVIL)} = 1\n",
    f"select = [{toml(EVIL)}]\n",
    f"select = {toml(EVIL)}\n",
    f"fail-on = {toml(EVIL)}\n",
    f"format = {toml(EVIL)}\n",
    f"color = {toml(EVIL)}\n",
    f"vsid = [{toml(EVIL)}]\n",
    f"jobs = {toml(EVIL)}\n",
    f"inventory = {toml(EVIL)}\n",
    f"not-nvgre = [{toml(EVIL)}]\n",
    f"[expect]\n{toml(EVIL)} = 'draft-00'\n",
    f"[expect]\n'10.0.0.1' = {toml(EVIL)}\n",
]


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text.partition("=")[0][:12])
def test_hostile_configuration_is_shown_literally_and_short(tmp_path: Path, text: str) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text(text)
    done = run(MISMATCH, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    said = assert_harmless(done.stderr, done.stderr.count(b"\n"))
    assert r"\x1b]0;pwned\x07\x1b[31m\n::error::pwned" in said
    assert len(said) < 1500


@pytest.mark.parametrize(
    "text",
    [
        EVIL,
        f"select = {EVIL}",
        "select = [\n" * 10_000,
        "a" * 65_536,
        "= \x00",
        "vsid = [" + "9" * 10_000 + "]",
    ],
)
def test_configuration_that_is_no_toml_is_said_on_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "nvgre-doctor.toml").write_bytes(text.encode())
    done = run(MISMATCH, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    said = assert_harmless(done.stderr, done.stderr.count(b"\n"))
    assert "nvgre-doctor.toml: " in said
    assert len(said) < 1500


def test_folder_of_the_configuration_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[31m\n::error::x"
    folder.mkdir()
    (folder / "nvgre-doctor.toml").write_text("fail-on = 'never'\n")
    done = run("-v", MISMATCH, cwd=folder)
    assert done.returncode == 0
    assert assert_harmless(done.stderr, 1) == (
        f"nvgre-doctor: configuration {tmp_path}/"
        + r"\x1b[31m\n::error::x/nvgre-doctor.toml"
        + "\n"
    )


# --- baselines ---------------------------------------------------------------


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A baseline of the sick sample."""
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    assert run("--write-baseline", str(path), MISMATCH).returncode == 0
    return path.read_text()


@pytest.mark.parametrize("field", ["code", "kind", "hosts", "capture", "count", "fingerprint"])
@pytest.mark.parametrize(
    "value",
    [EVIL, *(pytest.param(v, marks=pytest.mark.long) for v in ([EVIL, EVIL], "\x1b" * 65_536))],
    ids=["text", "list", "64 kB"],
)
def test_hostile_cell_of_a_baseline_does_nothing(
    tmp_path: Path, baseline: str, field: str, value: object
) -> None:
    whole = json.loads(baseline)
    whole["findings"][0][field] = value
    (tmp_path / "baseline.json").write_text(json.dumps(whole))
    done = run("--baseline", "baseline.json", UPDATED, cwd=tmp_path)
    assert done.returncode in (0, 2)
    said = done.stdout + done.stderr
    assert Terminal(said, 3000).deeds == set()
    assert list(runner_commands(said)) == []
    assert b"Traceback" not in said
    assert len(said) < 5000


def test_finding_that_is_gone_from_a_capture_with_a_hostile_name_is_told_literally(
    tmp_path: Path,
) -> None:
    name = EVIL.replace("/", "")
    (tmp_path / name).write_bytes(Path(MISMATCH).read_bytes()[:-3])
    assert run("--write-baseline", "baseline.json", name, cwd=tmp_path).returncode == 0
    (tmp_path / name).write_bytes(Path(MISMATCH).read_bytes())
    done = run("--baseline", "baseline.json", name, cwd=tmp_path)
    said = assert_harmless(done.stderr, done.stderr.count(b"\n"))
    assert (
        "nvgre-doctor: gone, but still in the baseline: NVG101 ("
        + SHOWN.replace("[/bold]", "[bold]")
        + ")\n"
        in said
    )
