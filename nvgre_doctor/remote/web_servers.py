"""Web servers, which may send and name more than anybody asked for.

Knows aiohttp, which is loaded only for URLs of the web, and pages with links.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from nvgre_doctor.remote import pace
from nvgre_doctor.remote.failures import SlowError

MOST_PAGES: Final = 10_000
"""Folders below one that are looked at: pages can lead to others without end."""
LARGEST_PAGE: Final = 4 << 20
"""Bytes of a page with links: some 30,000."""
_RANGE: Final = re.compile(r"bytes=(\d{1,20})-(\d{1,20})", re.ASCII)
_PIECE: Final = 1 << 16
_CONNECTED: Final = 30  # seconds until there is a connection


class TooMuchError(OSError):
    """A server sends more than was asked for."""


def client() -> dict[str, Any]:
    """What a session of aiohttp is made with.  It has no limit for a whole answer: that is one for
    honest lines, on which 8 MiB take more than its 5 minutes.
    """
    import aiohttp

    limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTED)
    return {"response_class": answers(), "timeout": limits}


@cache
def answers() -> Any:
    """The class of answers for aiohttp, of which no more is read than was asked for: fsspec takes
    each whole into memory.  One that is too slow is given up.
    """
    import aiohttp

    class Answer(aiohttp.ClientResponse):  # type: ignore[misc]  # it has no types
        content: Any
        _body: bytes | None = None

        async def start(self, connection: Any) -> Any:
            """Wait for its headers."""
            url = self.request_info.url
            server = f"{url.host}:{url.port}"
            limit = asyncio.timeout(pace.PATIENCE)
            try:
                async with limit:
                    await super().start(connection)
            except TimeoutError:
                if not limit.expired():
                    raise
                raise SlowError(
                    f"the server {server} did not answer in {pace.PATIENCE:g} s"
                ) from None
            self.content = pace.Paced(self.content, server)
            return self

        async def read(self) -> bytes:
            """All of it."""
            body: bytes | None = self._body
            if body is None:
                body = self._body = await self._bounded(_most(self.request_info.headers))
            return body

        async def _bounded(self, most: int) -> bytes:
            parts, size = [], 0
            while part := await self.content.read(_PIECE):
                parts.append(part)
                size += len(part)
                if size > most:
                    self.close()
                    raise TooMuchError(0, f"the server sent more than {most} bytes")
            return b"".join(parts)

    return Answer


def _most(headers: Mapping[str, str]) -> int:
    asked = _RANGE.fullmatch(headers.get("Range", ""))
    return LARGEST_PAGE if asked is None else int(asked[2]) - int(asked[1]) + 1


def files_below(system: Any, path: str) -> dict[str, Mapping[str, Any]]:
    """What the pages of a folder lead to, by name: the files in it and in those below.  Errors:
    OSError.
    """
    found: dict[str, Mapping[str, Any]] = {}
    folders, known = deque([path]), {path.rstrip("/")}
    while folders:
        folder = folders.popleft()
        try:
            infos = system.ls(folder, detail=True)
        except FileNotFoundError:  # a link to nothing
            continue
        for info in infos:
            name = info["name"]
            if info.get("type") != "directory":
                found[name] = info
            elif name.rstrip("/") not in known:
                known.add(name.rstrip("/"))
                folders.append(name)
        if len(known) > MOST_PAGES:
            raise TooMuchError(0, f"there are more than {MOST_PAGES} folders")
    return found
