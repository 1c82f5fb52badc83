"""The program in one file: every command from it says what the installed program says, also where
nothing is installed and nothing around it counts (`python -I`).
"""

import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from nvgre_doctor import cli
from tests.program import MISMATCH, ROOT, environment, run_process
from tests.samples import SAMPLES

pytestmark = pytest.mark.process

BUILDER = ROOT / "release" / "build_pyz.py"


def build(target: Path, **variables: str) -> bytes:
    command = [sys.executable, str(BUILDER), str(target)]
    subprocess.run(command, check=True, capture_output=True, env=environment(**variables))
    return target.read_bytes()


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dist") / "nvgre-doctor.pyz"
    build(path)
    return path


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A Python without any package."""
    place = tmp_path_factory.mktemp("bare")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, capture_output=True
    )
    folder = "Scripts" if sys.platform == "win32" else "bin"
    return [str(place / folder / "python"), "-I"]


def run_pyz(
    python: list[str], pyz: Path, *args: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*python, str(pyz), *args],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        env=environment(**(env or {})),
        capture_output=True,
        timeout=60,
        check=False,
    )


COMMANDS: dict[str, list[str]] = {
    "check": ["lab.pcapng"],
    "check as JSON": ["check", "lab.pcapng", "-f", "json"],
    "check as SARIF, with two threads": ["check", "lab.pcapng", "-f", "sarif", "--jobs", "2"],
    "check to files": ["lab.pcapng", "-o", "a.md", "-o", "junit=a.xml", "--color", "always"],
    "info": ["info", "lab.pcapng"],
    "annotate": ["annotate", "lab.pcapng", "-o", "out.pcapng"],
    "filter": ["filter", "lab.pcapng"],
    "convert": ["convert", "report.json", "-f", "markdown"],
    "key": ["key", "0x00001389"],
    "explain": ["explain", "NVG201"],
    "rules": ["rules"],
    "schema": ["schema"],
    "wireshark show": ["wireshark", "show"],
    "wireshark install": ["wireshark", "install"],
    "wireshark remove": ["wireshark", "remove"],
    "watch": ["watch", "lab.pcapng", "-f", "text", "--until-finding"],
    "web": ["web", "--help"],
    "completion": ["completion", "powershell"],
    "help": ["--help"],
    "a wrong option": ["check", "--nothing"],
    "a file that is not there": ["nothing.pcap"],
}


EVENT = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:]+Z .*\n", re.MULTILINE)
"""What watch tells when it happens; how often it looks depends on the machine."""


def test_every_command_is_tried() -> None:
    assert {words[0] for words in COMMANDS.values()} >= set(cli.COMMANDS)


@pytest.mark.parametrize(
    "name",
    [
        "check",
        *(pytest.param(name, marks=pytest.mark.once) for name in COMMANDS if name != "check"),
    ],
)
def test_a_command_says_the_same_as_the_installed_program(
    name: str, pyz: Path, bare: list[str], tmp_path: Path
) -> None:
    done = []
    for which in ("installed", "pyz"):
        place = tmp_path / which
        place.mkdir()
        (place / "lab.pcapng").write_bytes(Path(MISMATCH).read_bytes())
        (place / "report.json").write_bytes(report())
        env = {"HOME": str(place), "XDG_CONFIG_HOME": str(place), "APPDATA": str(place)}
        if which == "installed":
            said = run_process(*COMMANDS[name], cwd=place, env=env)
        else:
            said = run_pyz(bare, pyz, *COMMANDS[name], cwd=place, env=env)
        written = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in sorted(place.rglob("*"))
            if path.is_file()
        }
        texts = [text.replace(str(place).encode(), b".") for text in (said.stdout, said.stderr)]
        texts = [EVENT.sub(b"", text) for text in texts]
        done.append((said.returncode, texts, written))
    assert done[0] == done[1]


_REPORTS: list[bytes] = []


def report() -> bytes:
    """That of the sample as JSON."""
    if not _REPORTS:
        _REPORTS.append(run_process(MISMATCH, "-f", "json").stdout)
    return _REPORTS[0]


def test_the_version_says_that_the_loop_in_c_is_not_in_it(pyz: Path, tmp_path: Path) -> None:
    said = run_pyz([sys.executable, "-I"], pyz, "--version", cwd=tmp_path)
    assert said.stdout.splitlines()[1:] == [b"scanner: Python"]


def test_every_sample_has_the_same_report(pyz: Path, tmp_path: Path) -> None:
    args = ["check", *(str(ROOT / "sample_pcaps" / sample) for sample in SAMPLES), "--each"]
    ours = run_pyz([sys.executable, "-I"], pyz, *args, "-f", "json", cwd=tmp_path)
    theirs = run_process(*args, "-f", "json", cwd=tmp_path)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert len(ours.stdout.splitlines()) >= len(SAMPLES)


def test_it_is_built_the_same_each_time(pyz: Path, tmp_path: Path) -> None:
    assert build(tmp_path / "again.pyz", PYTHONHASHSEED="7") == pyz.read_bytes()


def test_its_entries_have_the_time_that_is_asked_for(tmp_path: Path) -> None:
    build(tmp_path / "a.pyz", SOURCE_DATE_EPOCH="1700000000")
    with zipfile.ZipFile(tmp_path / "a.pyz") as archive:
        infos = archive.infolist()
    assert {info.date_time for info in infos} == {(2023, 11, 14, 22, 13, 20)}
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)


def test_it_holds_licences_and_nothing_that_is_missed_nowhere(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
    packages = {name.split("/")[0] for name in names if "/" in name}
    assert {name for name in packages if "." not in name} - {"colorama"} == {
        "click",
        "dpkt",
        "nvgre_doctor",
        "rich",
    }
    for package in ("click", "dpkt", "rich"):
        assert any(name.startswith(package) and "LICENSE" in name.upper() for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".so", ".c"))]


def test_a_python_that_is_too_old_is_told_so(pyz: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        main = archive.read("__main__.py").decode()
    script = tmp_path / "main.py"
    script.write_text(main.replace("(3, 11)", "(9, 0)"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], check=False, capture_output=True)
    assert done.returncode == 1
    assert b"nvgre-doctor needs Python" in done.stderr
