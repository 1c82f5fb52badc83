"""The page in web/, built, and a server for it that can be stopped."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need
from tests.program import ROOT, environment


def build_site(out: Path) -> Path:
    """What `python web/build.py OUT` makes; its folder `wheel` has the package of the page."""
    need("npm")
    if not (ROOT / "web" / "node_modules").is_dir():
        pytest.skip("the packages of web are not installed: tests/browser/needs.sh")
    command = [sys.executable, str(ROOT / "web" / "build.py"), str(out)]
    command += ["--wheel", str(out / "wheel"), "--home", "https://example.invalid/"]
    subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment())
    return out


class _Quiet(SimpleHTTPRequestHandler):
    """A host that sends no policy, as GitHub Pages does not; it writes down what it is asked for.
    `/stop` stops it.
    """

    asked: list[str]

    def do_GET(self) -> None:
        if self.path == "/stop":
            self.send_response(200)
            self.end_headers()
            server = self.server
            threading.Thread(target=lambda: (server.shutdown(), server.server_close())).start()
            return
        self.asked.append(self.path)
        with suppress(ConnectionError):  # the page was closed meanwhile
            super().do_GET()

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        self.send_error(405)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of this folder, and the paths that it is asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Quiet,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
