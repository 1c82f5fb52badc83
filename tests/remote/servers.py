"""Storage for the tests, each a real server on loopback: S3 (moto), and a web server."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.needs import need_module

KEY, SECRET = "AKIAGEHEIMERTEST", "geheim-key-of-the-storage"
BUCKET = "lab"


class Bucket:
    """A bucket of moto's S3 server; every test has a folder of its own in it."""

    def __init__(self, client: Any, folder: str) -> None:
        self._client, self._folder = client, folder

    def url(self, name: str = "") -> str:
        return f"s3://{BUCKET}/{self._folder}/{name}"

    def put(self, name: str, data: bytes) -> str:
        self._client.put_object(Bucket=BUCKET, Key=f"{self._folder}/{name}", Body=data)
        return self.url(name)

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=BUCKET, Key=f"{self._folder}/{name}")


@contextmanager
def s3_server() -> Iterator[Any]:
    """A client of the server; everything in this process, and in those that it starts, uses it."""
    server_of = need_module("moto.server")
    need_module("s3fs")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("no_proxy", "*")
        patch.delenv("AWS_PROFILE", raising=False)
        client = need_module("boto3").client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


class Site:
    """Files of a web server, which can fail, and what was asked of it."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}  # bytes, or what gives slices of bytes
        self.has_ranges = True
        self.has_length = True
        self.sent = 0  # bytes of files
        self.asked: list[str] = []  # what was asked for, with the range
        self.on_range: dict[int, Any] = {}  # called before the answer to that many ranges
        self.server: ThreadingHTTPServer | None = None

    def url(self, name: str = "", user: str = "") -> str:
        assert self.server is not None
        return f"http://{user}127.0.0.1:{self.server.server_port}/{name}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        site, name = self.site, self.path.partition("?")[0].lstrip("/")
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if with_body:
            site.asked.append(f"{name} {self.headers.get('Range', '')}".strip())
            ranges = sum("bytes" in each for each in site.asked)
            if span is not None and ranges in site.on_range:
                site.on_range.pop(ranges)()
        if name == "" or name.endswith("/"):
            links = [each for each in site.files if each.startswith(name)]
            page = "".join(f'<a href="/{each}">{each}</a>\n' for each in links).encode()
            self._send(200, page, {"Content-Type": "text/html"}, with_body=with_body)
            return
        data = site.files.get(name)
        if data is None:
            self._send(404, b"", {}, with_body=with_body)
            return
        tag = {"ETag": f'"{hash(data):x}"'}
        if span is not None and site.has_ranges:
            begin, end = int(span[1]), min(int(span[2]) + 1, len(data))
            tag["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
            self._send(206, data[begin:end], tag, with_body=with_body)
        else:
            self._send(200, data, tag, with_body=with_body)

    def _send(self, code: int, data: bytes, more: dict[str, str], *, with_body: bool) -> None:
        self.send_response(code)
        for name, value in more.items():
            self.send_header(name, value)
        if self.site.has_length:
            self.send_header("Content-Length", str(len(data)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            if code == 206 or (code == 200 and "ETag" in more):
                self.site.sent += len(data)
            self.wfile.write(data)


@contextmanager
def web_server() -> Iterator[Site]:
    """A site without files."""
    need_module("aiohttp")
    need_module("fsspec")
    site = Site()
    answer = type("Answer", (_Answer,), {"site": site})
    site.server = ThreadingHTTPServer(("127.0.0.1", 0), answer)
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()


def environment_of_storage() -> dict[str, str]:
    """What a process of its own needs to find it."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
