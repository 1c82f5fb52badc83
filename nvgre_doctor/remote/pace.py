"""How slow a web server may be: for one that sends a byte now and then, one would wait for hours.

Knows asyncio and seconds; nothing about what comes.
"""

import asyncio
import time
from typing import Any, Final

from nvgre_doctor.remote.failures import SlowError

PATIENCE: Final = 60.0
"""Seconds in which an answer must begin, and in which LEAST bytes of it must come."""
LEAST: Final = 240_000
"""Bytes: 4 kB a second.  A line with 20 is slow, and honest."""


class Paced:
    """The content of an answer, of which enough must come.  Only time counts in which it is waited
    for, and not what its reader needs.
    """

    def __init__(self, content: Any, server: str) -> None:
        """`content` is a StreamReader of aiohttp; the error names the `server`."""
        self._content = content
        self._server = server
        self._waited = 0.0  # seconds
        self._came = 0  # bytes in that time

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def read(self, most: int) -> bytes:
        """Up to `most` bytes, empty at the end.  Errors: SlowError, those of aiohttp."""
        while True:
            begin = time.monotonic()
            limit = asyncio.timeout(PATIENCE - self._waited)
            part: bytes | None = None
            try:
                async with limit:
                    part = await self._content.read(most)
            except TimeoutError:
                if not limit.expired():
                    raise
            self._waited += time.monotonic() - begin
            self._came += len(part or b"")
            if part is None or self._waited >= PATIENCE:
                self._judge()
            if part is not None:
                return part

    def _judge(self) -> None:
        if self._came < LEAST:
            raise SlowError(
                f"the server {self._server} sent {self._came} bytes in {PATIENCE:g} s; less than"
                f" {LEAST} is not waited for"
            )
        self._waited, self._came = 0.0, 0
