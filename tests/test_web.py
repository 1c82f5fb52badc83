"""The page in the browser, as far as it goes without one: its Python side, and its server."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tomllib
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nvgre_doctor import __version__
from nvgre_doctor.browser import asking
from nvgre_doctor.browser.asking import Session
from nvgre_doctor.browser.serving import ServingError, server
from nvgre_doctor.errors import DoctorError
from tests import build
from tests.needs import posix
from tests.program import MISMATCH, PROGRAM, ROOT, SAMPLES, environment, run, text_of

SAMPLE = Path(MISMATCH).name
UNDECIDED = "05-value-cannot-tell-nothing-does.pcapng"


def nobody(done: int, total: int | None) -> None:
    """Whom progress is told."""


@pytest.fixture(autouse=True)
def _among_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)


def native(*words: str) -> str:
    return run(*words, "--no-config").stdout.decode()


# --- asking ------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["json", "sarif", "junit", "html"])
def test_captures_together_and_each_give_the_reports_of_the_program(format_name: str) -> None:
    session = Session()
    names = [SAMPLE, UNDECIDED]
    told = json.loads(session.diagnose(names, nobody))
    assert (told["title"], [copy["name"] for copy in told["copies"]]) == ("MISMATCH", names)
    assert session.report(format_name) == native(*names, "-f", format_name)
    told = json.loads(session.diagnose(names, nobody, each=True))
    assert told == {"title": "2 captures, each by itself", "copies": []}
    assert session.report(format_name) == native(*names, "--each", "-f", format_name)


def test_what_is_known_counts(tmp_path: Path) -> None:
    session, inventory = Session(), tmp_path / "lookup.csv"
    inventory.write_text("VirtualSubnetID\n7000\n")
    session.diagnose(
        [UNDECIDED], nobody, vsids="0x1770 5001", vsid_complete=True, inventory=str(inventory)
    )
    options = ["--vsid", "6000", "--vsid", "5001", "--vsid-complete", "--inventory", inventory]
    assert session.report("json") == native(UNDECIDED, "-f", "json", *map(str, options))


def test_an_annotated_capture_is_that_of_the_program(tmp_path: Path) -> None:
    session = Session()
    session.diagnose([UNDECIDED, SAMPLE], nobody)
    run("annotate", UNDECIDED, SAMPLE, "--no-config", "-o", f"{tmp_path}/")
    written = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert len(written) == 2
    assert {session.annotated(0, nobody), session.annotated(1, nobody)} == set(written)


def test_of_a_large_capture_only_the_frames_of_findings_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LARGEST_WHOLE_COPY", 1000)
    session = Session()
    told = json.loads(session.diagnose([SAMPLE], nobody))
    assert told["copies"] == [{"capture": 0, "name": SAMPLE, "whole": False}]
    target = tmp_path / "some.pcapng"
    run("annotate", SAMPLE, "--no-config", "--only-findings", "-o", target)
    assert session.annotated(0, nobody) == target.read_bytes()


def test_a_file_named_as_standard_input_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_bytes(build.pcap([]))
    session = Session()
    session.diagnose(["-"], nobody)
    (read,) = json.loads(session.report("json"))["captures"]
    assert (read["path"], read["format"]) == ("./-", "pcap")


def test_a_key_gives_the_words_of_the_program() -> None:
    for typed in ("0x00001389", "5001", " 00 00 13 89 "):
        assert asking.key_card(typed) == run("key", *typed.split()).stdout.decode()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: asking.key_card("xyz\u202e"), "is no GRE key"),
        (lambda: Session().diagnose([SAMPLE], nobody, vsids="17"), "VSIDs: 17 is not a VSID"),
        (lambda: Session().diagnose([SAMPLE], nobody, inventory=MISMATCH), "pcapng"),
    ],
)
def test_what_can_be_mended_is_said_in_a_sentence(
    ask: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DoctorError) as error:
        ask()
    monkeypatch.setattr(sys, "last_exc", error.value, raising=False)
    told = asking.last_trouble()
    assert told is not None
    assert said in told
    assert told.isprintable()


def test_a_fault_is_not_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "last_exc", ZeroDivisionError("x"), raising=False)
    assert asking.last_trouble() is None
    monkeypatch.delattr(sys, "last_exc")
    assert asking.last_trouble() is None


# --- serving -----------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A package as the extra installs it, with short files."""
    site = tmp_path / "nvgre_doctor_web" / "site"
    site.mkdir(parents=True)
    (site.parent / "__init__.py").touch()
    (site / "index.html").write_text("<p>page")
    (site / "offline.js").write_text("1")
    (site / "python-0.bin").write_bytes(b"\0")
    return tmp_path


def test_the_server_has_the_files_of_the_page_and_no_others(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed)
    found = server(0)
    Thread(target=found.serve_forever, daemon=True).start()
    try:
        assert found.server_address[0] == "127.0.0.1"

        def ask(path: str, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
            connection = HTTPConnection("127.0.0.1", found.server_port, timeout=10)
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())

        for path in ("/", "/index.html", "/?x"):
            status, content, headers = ask(path)
            assert (status, content) == (200, b"<p>page")
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        status, content, headers = ask("/offline.js")
        assert (status, content) == (200, b"1")
        assert headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
        assert ask("/python-0.bin")[:2] == (200, b"\0")
        for path in ("/x", "/../__init__.py", "/..%2f__init__.py", "//etc/passwd", "/site/"):
            assert ask(path)[0] == 404
        assert ask("/", "POST")[0] == 501
        with pytest.raises(ServingError, match=f"port {found.server_port} of 127.0.0.1 cannot"):
            server(found.server_port)
    finally:
        found.shutdown()
        found.server_close()
        sys.modules.pop("nvgre_doctor_web", None)


@posix
def test_a_browser_that_does_not_wait_for_the_answer_is_no_traceback(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (installed / "nvgre_doctor_web" / "site" / "python-0.bin").write_bytes(bytes(20 << 20))
    monkeypatch.syspath_prepend(installed)
    found = server(0)
    found.daemon_threads = False  # closing it waits for every answer
    Thread(target=found.serve_forever, daemon=True).start()
    try:
        for line in (b"GET /python-0.bin HTTP/1.1\r\n\r\n", b"GET / HTT"):
            client = socket.create_connection(("127.0.0.1", found.server_port), timeout=10)
            client.sendall(line)
            if line.endswith(b"\n"):
                assert client.recv(1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()  # with a reset
        last = HTTPConnection("127.0.0.1", found.server_port, timeout=10)
        last.request("GET", "/nothing")
        assert last.getresponse().status == 404  # those before it were accepted
        last.close()
    finally:
        found.shutdown()
        found.server_close()
        sys.modules.pop("nvgre_doctor_web", None)
    assert capfd.readouterr().err == ""


def test_without_the_extra_it_says_what_to_install() -> None:
    done = text_of(run("web"))
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        'nvgre-doctor: the page is not installed; it is the extra "web":'
        ' pip install "nvgre-doctor[web]"\n',
    )


@posix
@pytest.mark.process
def test_the_command_says_where_the_page_is_and_ends_with_ctrl_c(installed: Path) -> None:
    paths = os.pathsep.join([str(ROOT), str(installed)])
    process = subprocess.Popen(
        [*PROGRAM, "web", "--port", "0"],
        env=environment(PYTHONPATH=paths),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    port = int(line.removeprefix("http://127.0.0.1:").partition("/")[0])
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"<p>page"
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_extra_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["web"] == [f"nvgre-doctor-web=={__version__}"]
