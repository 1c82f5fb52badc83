"""Captures on a web server: ranges, servers without them, links that are signed."""

import gzip
import json
import random
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.remote import stored
from nvgre_doctor.remote.stored import RANGE
from tests import build
from tests.needs import need_module, posix
from tests.program import MISMATCH, UPDATED, run, text_of
from tests.remote.raw_server import RawServer
from tests.remote.servers import Site

pytestmark = pytest.mark.peer
DATA = Path(MISMATCH).read_bytes()
SIGNED = "?X-Amz-Signature=geheim&user=geheim#geheim"


def large(size: int) -> bytes:
    """A capture of NVGRE frames that has about so many bytes."""
    inner = build.inner_frame("00:15:5d:0a:00:01", "00:15:5d:0a:00:02", bytes(1400))
    frame = build.ethernet(build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, inner))
    count = size // (len(frame) + 16)
    record = struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
    records = b"".join(struct.pack("<II", n, 0) + record[8:] for n in range(count))
    return build.pcap([]) + records


def report(*args: str, code: int = 1) -> dict[str, Any]:
    done = run("check", "-f", "json", *args)
    assert done.returncode == code, done.stderr
    assert b"geheim" not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def same_as_local(site: Site, url: str, data: bytes, tmp_path: Path, code: int) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    here = text_of(run("check", "-f", "json", str(path)))
    there = report(url, code=code)
    shown = url.partition("?")[0].replace("user:geheim@", "")
    assert there == json.loads(here.stdout.replace(str(path), shown))


@pytest.mark.parametrize("name", ["a.pcap", "a.pcap" + SIGNED])
@pytest.mark.parametrize("user", ["", "user:geheim@"])
def test_a_signed_link_is_read_and_not_shown(
    site: Site, name: str, user: str, tmp_path: Path
) -> None:
    site.files["a.pcap"] = DATA
    same_as_local(site, site.url(name, user), DATA, tmp_path, 1)


def test_links_of_a_page_are_its_captures(site: Site) -> None:
    site.files |= {"lab/a.pcapng": DATA, "lab/b.pcapng": Path(UPDATED).read_bytes(), "lab/c": b""}
    for place in ("lab/", "lab/*.pcapng"):
        found = report(site.url(place))["captures"]
        assert [each["path"] for each in found] == [
            site.url("lab/a.pcapng"),
            site.url("lab/b.pcapng"),
        ]


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_a_server_without_ranges_is_read_forward_once(
    site: Site, has_length: bool, packed: bool, tmp_path: Path
) -> None:
    site.has_ranges, site.has_length = False, has_length
    data = large(RANGE + 3_000_000)
    stored_data = gzip.compress(data, 1) if packed else data
    if packed:
        stored_data += b"\0" * (RANGE + 1)  # padding, so that it is not short
    site.files["a.pcap"] = stored_data
    same_as_local(site, site.url("a.pcap"), stored_data, tmp_path, 0)
    if has_length:
        size = len(stored_data)
        assert site.asked == [f"a.pcap bytes={size - 1}-{size - 1}", "a.pcap"]


def test_an_object_costs_its_bytes_and_little_more(site: Site) -> None:
    """Read in parts by two threads, with all that is looked at to find where parts begin."""
    data = large(10 * RANGE)
    site.files["a.pcap"] = data
    found = report(site.url("a.pcap"), "--jobs", "2", code=0)
    assert found["captures"][0]["status"] == "complete"
    assert len(data) < site.sent < 1.05 * len(data)


def test_frames_of_an_object_read_in_parts_are_those_of_the_file(
    site: Site, tmp_path: Path
) -> None:
    data = large(3 * RANGE)
    site.files["a.pcap"] = data
    same_as_local(site, site.url("a.pcap"), data, tmp_path, 0)
    assert len({each.partition("-")[0] for each in site.asked}) > 4


def test_a_file_that_is_replaced_meanwhile_is_never_a_mixture(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = large(3 * RANGE), random.Random(1).randbytes(3 * RANGE)
    site.files["a.pcap"] = old

    def replace() -> None:
        site.files["a.pcap"] = new

    site.on_range[3] = replace  # the first says whether there are ranges
    (found,) = report(site.url("a.pcap"), "--jobs", "1", code=0)["captures"]
    assert found["status"] == "cut"
    (problem,) = found["problems"]
    assert problem["reason"] == "replaced"
    assert problem["message"].startswith("the object was replaced while it was read; up to frame ")
    assert 0 < found["frames"] < 3 * RANGE // 1400


def test_a_range_that_fails_is_asked_for_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PAUSE", 0)

    def fail() -> None:
        raise ConnectionError  # the connection ends without an answer

    site.files["a.pcap"] = large(2 * RANGE)
    site.on_range[2] = fail
    (found,) = report(site.url("a.pcap"), code=0)["captures"]
    assert found["status"] == "complete"


def test_a_file_that_vanishes_meanwhile_is_cut_where_it_did(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_PAUSE", 0)
    site.files["a.pcap"] = large(3 * RANGE)
    site.on_range[3] = site.files.clear
    (found,) = report(site.url("a.pcap" + SIGNED), "--jobs", "1", code=0)["captures"]
    assert found["status"] == "cut"
    assert found["problems"][0]["message"].startswith("reading stopped at byte ")


@pytest.mark.parametrize("place", ["none.pcap", "none.pcap" + SIGNED])
def test_what_is_not_there_says_so_without_secrets(site: Site, place: str) -> None:
    (found,) = report(site.url(place, "user:geheim@"), code=3)["captures"]
    assert found["path"] == site.url("none.pcap")
    assert found["problems"][0]["message"].startswith("cannot open the file: there is no such ")


def test_a_refused_connection_says_so(site: Site) -> None:
    (found,) = report("http://127.0.0.1:1/a.pcap" + SIGNED, code=3)["captures"]
    assert found["status"] == "unreadable"


# --- servers that are hostile ------------------------------------------------


class Endless(RawServer):
    """A server that answers HEAD with `head`, and all else with `begin` and then for ever with
    `more`.
    """

    def __init__(self, head: bytes, begin: bytes, more: bytes) -> None:
        self._answers = head, begin, more
        super().__init__()

    def answer(self, client: socket.socket) -> None:
        head, begin, more = self._answers
        if client.recv(65536).startswith(b"HEAD"):
            client.sendall(head)
            return
        client.sendall(begin)
        while more:
            client.sendall(more)


def http(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""]).encode()


RANGED = ("Accept-Ranges: bytes", 'ETag: "1"')
HTML = ("Content-Type: text/html",)
HOSTILE = {
    "a.pcap": (
        http("200 OK", "Content-Length: 100000000", *RANGED),
        http("206 Partial Content", "Content-Range: bytes 0-1/100000000", *RANGED) + build.pcap([]),
        bytes(1 << 20),
    ),
    "more/": (http("200 OK", *HTML), http("200 OK", *HTML), b'<a href="x">' * 10_000),
    "deep/": (http("200 OK", *HTML), http("200 OK", *HTML) + b'<a href="a/">a</a>', b""),
    "deep/**/*.pcap": (http("200 OK", *HTML), http("200 OK", *HTML) + b'<a href="a/">a</a>', b""),
    "empty/": (http("200 OK", *HTML), http("200 OK", *HTML) + b"<p>nothing", b""),
}


@posix
@pytest.mark.parametrize("name", HOSTILE)
def test_a_server_that_sends_without_end_costs_no_memory_and_is_no_bug(name: str) -> None:
    need_module("aiohttp")
    need_module("fsspec")
    server = Endless(*HOSTILE[name])
    code = (
        "import sys, atexit; from nvgre_doctor.cli import main;"
        "from nvgre_doctor.remote import web_servers;"
        "web_servers.MOST_PAGES = 50;"
        "status = lambda: open('/proc/self/status').read();"
        "atexit.register(lambda: print(status().split('VmHWM:')[1].split()[0], file=sys.stderr));"
        "sys.exit(main(['check', '-q', sys.argv[1]]))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, f"http://{server.place}/{name}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        server.close()
    assert done.returncode == 3, done.stderr
    assert "internal error" not in done.stderr
    assert int(done.stderr.split()[-1]) < 300_000  # kB
