"""Web servers that send a byte now and then are given up; lines that are slow are not."""

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nvgre_doctor.remote import pace, stored, web_servers
from nvgre_doctor.remote.stored import RANGE
from tests.needs import need_module
from tests.program import run
from tests.remote.raw_server import RawServer
from tests.remote.test_http import HTML, RANGED, http, large

pytestmark = pytest.mark.peer
GAP = 0.02  # seconds between pieces
AT_ONCE = 1 << 20


class Line(RawServer):
    """A web server that sends its headers and a file in pieces, with a pause after each."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.headers: tuple[str, ...] = RANGED
        self.head_piece = AT_ONCE  # bytes
        self.pieces = [AT_ONCE]  # bytes, of the answers to GET one after the other, then the last
        self.asked = 0
        super().__init__()

    def answer(self, client: socket.socket) -> None:
        request = client.recv(65536)
        span = re.search(rb"bytes=(\d+)-(\d+)", request)
        data, more, status = self.data, self.headers, "200 OK"
        if span is not None and RANGED[0] in more:
            begin, end = int(span[1]), min(int(span[2]) + 1, len(data))
            more = (*more, f"Content-Range: bytes {begin}-{end - 1}/{len(data)}")
            data, status = data[begin:end], "206 Partial Content"
        if RANGED[0] in more:
            more = (*more, f"Content-Length: {len(data)}")
        self._send(client, http(status, *more), self.head_piece)
        if request.startswith(b"GET"):
            self.asked += 1
            self._send(client, data, self.pieces[min(self.asked, len(self.pieces)) - 1])

    def _send(self, client: socket.socket, data: bytes, piece: int) -> None:
        for at in range(0, len(data), piece):
            client.sendall(data[at : at + piece])
            time.sleep(GAP if piece < AT_ONCE else 0)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A capture of 24 kB, for who waits a quarter of a second for 4 kB a second."""
    need_module("aiohttp")
    need_module("fsspec")
    monkeypatch.setattr(pace, "PATIENCE", 0.25)
    monkeypatch.setattr(pace, "LEAST", 1000)
    monkeypatch.setattr(stored, "_PAUSE", 0)
    line = Line(large(24_000))
    yield line
    line.close()


def read(line: Line, name: str = "a.pcap") -> dict[str, Any]:
    done = run("check", "-f", "json", "--jobs", "1", f"http://{line.place}/{name}")
    (found,) = json.loads(done.stdout)["captures"]
    return dict(found)


def why(found: dict[str, Any]) -> str:
    (problem,) = found["problems"]
    return re.sub(r"sent \d{1,3} bytes", "sent so few bytes", problem["message"])


TOO_FEW = "sent so few bytes in 0.25 s; less than 1000 is not waited for"


def test_a_range_that_dribbles_is_asked_for_twice_and_then_given_up(line: Line) -> None:
    line.pieces = [1]
    found = read(line)
    assert line.asked == 2
    assert found["status"] == "unreadable"
    assert why(found) == (
        f"reading stopped at byte 0: the server {line.place} {TOO_FEW}; copy the file to a local"
        " disk and try again"
    )


def test_one_that_begins_to_dribble_later_costs_no_frame_before_that(line: Line) -> None:
    line.data = large(3 * RANGE)
    line.pieces = [AT_ONCE, AT_ONCE, AT_ONCE, 1]  # the first one shows that there are ranges
    found = read(line)
    assert line.asked == 5
    assert found["status"] == "cut"
    assert 0 < found["frames"] < 3 * RANGE // 1400
    assert f"the server {line.place} {TOO_FEW}" in why(found)


def test_a_range_that_dribbles_only_once_is_whole(line: Line) -> None:
    line.pieces = [1, AT_ONCE]
    assert read(line)["status"] == "complete"
    assert line.asked == 2


def test_a_slow_line_is_waited_for(line: Line) -> None:
    """20 kB a second, for five times as long as who dribbles is waited for."""
    line.pieces = [400]
    assert read(line)["status"] == "complete"
    assert line.asked == 1


def test_what_is_read_forward_and_dribbles_is_given_up(line: Line) -> None:
    line.headers, line.pieces = ('ETag: "1"',), [1]
    found = read(line)
    assert found["status"] == "unreadable"
    assert f"the server {line.place} {TOO_FEW}" in why(found)
    line.pieces = [400]
    assert read(line)["status"] == "complete"


@pytest.mark.parametrize("name", ["a.pcap", "lab/"])
def test_an_answer_whose_headers_dribble_is_given_up(line: Line, name: str) -> None:
    line.head_piece = 1
    found = read(line, name)
    assert found["status"] == "unreadable"
    assert f"the server {line.place} did not answer in 0.25 s" in why(found)


def test_a_page_that_dribbles_is_given_up(line: Line) -> None:
    line.headers, line.pieces = HTML, [1]
    assert f"the server {line.place} {TOO_FEW}" in why(read(line, "lab/"))


def test_no_answer_as_a_whole_has_a_limit() -> None:
    """8 MiB at 20 kB a second take 7 minutes."""
    need_module("aiohttp")
    assert web_servers.client()["timeout"].total is None
    assert pace.LEAST / pace.PATIENCE == 4000
