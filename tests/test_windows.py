"""What matters in a PowerShell window on a Hyper-V host, as far as it can be simulated here:
encodings, paths, `spawn`, closed pipes.
"""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nvgre_doctor.capture import expand
from nvgre_doctor.commands._outputs import Output, plan_outputs
from nvgre_doctor.report.fingerprint import fingerprint
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import FORMATS, render
from nvgre_doctor.reporters.sarif import capture_uri
from nvgre_doctor.terminal import output
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.output import OutputError
from tests.program import MISMATCH, UPDATED, VERDICT, environment, run, run_process
from tests.reports import MISMATCH as REPORT

# --- streams and files -------------------------------------------------------


def test_a_stream_that_powershell_turned_into_utf_16_is_recognised_with_advice() -> None:
    mangled = Path(MISMATCH).read_bytes().decode("cp437").encode("utf-16")
    done = run("-", stdin=mangled)
    assert done.returncode == 3
    assert (
        b"this is UTF-16 text: PowerShell's > and | turn a capture into text and destroy it; "
        in done.stdout
    )
    assert b"`tcpdump -w FILE` or `dumpcap -w FILE`, or use cmd.exe" in done.stdout


@pytest.mark.process
@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp1252"])
def test_files_are_utf_8_whatever_the_console_speaks(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "Ger\u00e4te-\u4e2d"
    folder.mkdir()
    shutil.copy(MISMATCH, folder / "lab.pcapng")
    outputs = [part for name in FORMATS for part in ("-o", f"{name}=out.{name}")]
    done = run_process(
        "Ger\u00e4te-\u4e2d/lab.pcapng",
        *outputs,
        cwd=tmp_path,
        env={
            "PYTHONIOENCODING": encoding,
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "LC_ALL": "C.UTF-8",
        },
    )
    assert (done.returncode, done.stdout.splitlines()) == (1, VERDICT.splitlines())
    assert done.stderr == b""
    for name in FORMATS:
        data = (tmp_path / f"out.{name}").read_bytes()
        assert b"\r" not in data
        data.decode("utf-8")
    assert "Ger\u00e4te-\u4e2d/lab.pcapng" in (tmp_path / "out.markdown").read_text("utf-8")
    assert (
        json.loads((tmp_path / "out.json").read_bytes())["captures"][0]["path"]
        == "Ger\u00e4te-\u4e2d/lab.pcapng"
    )


CLOSED_PIPE = """
import errno, os, sys
class Closed:
    encoding = "cp437"
    def write(self, text):
        raise OSError(errno.EINVAL, "Invalid argument")
    def flush(self): pass
    def isatty(self): return False
    def fileno(self): return 1
class System:
    name = sys.argv[1]
    def __getattr__(self, name):
        return getattr(os, name)
from nvgre_doctor import cli
from nvgre_doctor.terminal import console
console.os = System()
sys.stdout = Closed()
code = cli.main(sys.argv[2:])
os._exit(code)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("system", "code", "said"),
    [("nt", 1, b""), ("posix", 2, b"nvgre-doctor: standard output: Invalid argument\n")],
)
def test_the_way_windows_reports_a_closed_pipe_is_understood(
    system: str, code: int, said: bytes
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSED_PIPE, system, "-f", "github", MISMATCH],
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, said)


# --- names of captures and outputs -------------------------------------------


def test_patterns_and_folders_that_the_shell_leaves_alone_are_expanded(tmp_path: Path) -> None:
    (tmp_path / "captures" / "tuesday").mkdir(parents=True)
    shutil.copy(MISMATCH, tmp_path / "captures" / "host1.pcapng")
    shutil.copy(UPDATED, tmp_path / "captures" / "tuesday" / "host2.pcapng")
    for argument, names in (
        ("captures/*.pcapng", ["captures/host1.pcapng"]),
        ("captures/**/*.pcapng", ["captures/host1.pcapng", "captures/tuesday/host2.pcapng"]),
        ("captures", ["captures/host1.pcapng", "captures/tuesday/host2.pcapng"]),
    ):
        report = json.loads(run("-f", "json", argument, cwd=tmp_path).stdout)
        paths = [Path(capture["path"]).as_posix() for capture in report["captures"]]
        assert paths == names


@pytest.mark.parametrize(
    "path",
    [
        "\\\\?\\C:\\captures\\lab.pcapng",
        "\\\\?\\UNC\\server\\share\\lab.pcapng",
        "\\\\server\\share\\*.pcapng",
    ],
)
def test_a_path_with_a_question_mark_of_its_own_is_no_pattern_that_makes_it_vanish(
    path: str,
) -> None:
    assert expand([path]) == [path]


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("json=C:\\out\\report.txt", Output("json", "C:\\out\\report.txt")),
        ("C:\\out\\report.json", Output("json", "C:\\out\\report.json")),
        ("sarif=\\\\server\\share\\a=b.sarif", Output("sarif", "\\\\server\\share\\a=b.sarif")),
        ("\\\\?\\C:\\out\\a=b.md", Output("markdown", "\\\\?\\C:\\out\\a=b.md")),
        ("JUNIT=out.xml", Output("junit", "out.xml")),
    ],
)
def test_outputs_may_have_drives_shares_and_equals_signs(
    given: str, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if Path(output.path).is_absolute():  # on Windows, where there is no such folder
        with pytest.raises(OutputError) as refused:
            plan_outputs(None, [given], [])
        assert str(refused.value).startswith(f"{output.path}: the folder ")
    else:
        assert plan_outputs(None, [given], []) == (output,)


def of_path(path: str) -> Report:
    return REPORT._replace(captures=(REPORT.captures[0]._replace(path=path),))


@pytest.mark.parametrize(
    "path",
    [
        "C:\\caps\\lab.pcapng",
        "c:lab.pcapng",
        "caps\\lab.pcapng",
        "\\\\server\\share\\lab.pcapng",
        "\\\\?\\C:\\caps\\lab.pcapng",
        "\\\\?\\UNC\\server\\share\\lab.pcapng",
        "//server/share/lab.pcapng",
    ],
)
def test_a_finding_is_the_same_on_windows_and_on_linux(path: str) -> None:
    report = of_path(path)
    for finding, ours in zip(report.findings, REPORT.findings, strict=True):
        assert fingerprint(report, finding) == fingerprint(REPORT, ours)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("con", True),
        ("out\\AUX.json", True),
        ("C:\\x\\com1.tar.gz", True),
        ("LPT9 .txt", True),
        ("COM\u00b2", True),
        ("nul.txt", True),
        ("NUL", False),
        ("C:\\x\\nul", False),
        ("console.txt", False),
        ("com10", False),
        ("com", False),
        ("aux\\report.json", False),
    ],
)
def test_names_that_windows_takes_for_devices_are_known(path: str, expected: bool) -> None:
    assert output.is_device(path) is expected


def test_a_device_of_windows_is_no_output_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "ON_WINDOWS", True)
    done = run(MISMATCH, "-o", "aux.json", cwd=tmp_path)
    assert done.returncode == 2
    assert b"aux.json: Windows takes this name for a device" in done.stderr


def test_a_path_that_windows_cannot_resolve_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ntpath.realpath raises every error that is not in a list of its own.  On Windows a place is
    found by it, and so is the home folder, everywhere.
    """

    def realpath(path: str) -> str:
        raise OSError(errno.ENAMETOOLONG, "The filename or extension is too long", path)

    monkeypatch.setattr("os.path.realpath", realpath)
    monkeypatch.setattr(output, "find_place", realpath)
    done = run(MISMATCH, "-o", "report.json", cwd=tmp_path)
    assert done.returncode == 2
    assert b"report.json: The filename or extension is too long" in done.stderr


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("caps\\lab 1.pcapng", "caps/lab%201.pcapng"),
        (".\\lab.pcapng", "lab.pcapng"),
        ("C:\\caps\\lab.pcapng", "file:///C:/caps/lab.pcapng"),
        ("\\\\server\\share\\lab.pcapng", "file://server/share/lab.pcapng"),
    ],
)
def test_sarif_names_captures_as_code_scanning_wants_them(path: str, uri: str) -> None:
    assert capture_uri(path) == uri


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("caps\\lab.pcapng", ",file=caps/lab.pcapng,line="),
        ("C:\\caps\\lab.pcapng", None),
        ("\\\\server\\share\\lab.pcapng", None),
        ("\\\\?\\C:\\caps\\lab.pcapng", None),
    ],
)
def test_github_gets_a_file_only_for_what_lies_in_the_repository(
    path: str, place: str | None
) -> None:
    text = render("github", of_path(path), Display())
    assert (place in text) if place else (",file=" not in text)
