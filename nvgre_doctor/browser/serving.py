"""Shows the page to browsers on this computer, and to no other.

The page is a package of its own, `nvgre_doctor_web`, which the extra `web` installs: its folder
`site` is what `web/build.py` makes.  Only the files in it can be asked for, by their names.
"""

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from nvgre_doctor.errors import DoctorError

ADDRESS: Final = "127.0.0.1"
USUAL_PORT: Final = 7637
"""As RFC 7637."""
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".bin": "application/octet-stream",
}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_POLICIES: Final = {
    ".html": "frame-ancestors 'none'",  # all else is in the page
    ".js": "default-src 'none'; connect-src 'self'",  # what keeps the page for later
}


class ServingError(DoctorError):
    """The page cannot be shown; the text says why, and what to do."""


def site() -> dict[str, Traversable]:
    """The files of the page, by the path that a browser asks for.  Errors: ServingError."""
    try:
        folder = files("nvgre_doctor_web") / "site"
    except ModuleNotFoundError:
        raise ServingError(
            'the page is not installed; it is the extra "web": pip install "nvgre-doctor[web]"'
        ) from None
    found = {f"/{file.name}": file for file in folder.iterdir()}
    return {**found, "/": found["/index.html"]}


class _Server(ThreadingHTTPServer):
    """Says nothing of browsers that do not wait for an answer: a tab is closed, a page loaded
    again.
    """

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show what is a bug, as all servers of Python do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(port: int) -> ThreadingHTTPServer:
    """A server that is bound, and does not serve yet.  Errors: ServingError."""
    served = site()

    class Handler(BaseHTTPRequestHandler):
        """Answers with a file of the page, or with 404."""

        def do_GET(self) -> None:
            """Send one file."""
            file = served.get(self.path.partition("?")[0])
            if file is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            content = file.read_bytes()
            _, dot, ending = file.name.rpartition(".")
            suffix = dot + ending
            self.send_response(HTTPStatus.OK)
            headers = {
                "Content-Type": _TYPES.get(suffix, _TYPES[".bin"]),
                "Content-Length": str(len(content)),
                "Content-Security-Policy": _POLICIES.get(suffix, "default-src 'none'"),
                **_HEADERS,
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is written down."""

    try:
        return _Server((ADDRESS, port), Handler)
    except OSError as error:
        raise ServingError(
            f"port {port} of {ADDRESS} cannot be had: {error.strerror}; choose another: --port N"
        ) from None
