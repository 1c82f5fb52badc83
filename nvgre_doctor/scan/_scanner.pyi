"""What `_scanner.c` has for Python."""

from typing import final

@final
class Scanner:
    def __init__(self, seed: bytes, spread: bytes, longest: int, rows: int, /) -> None: ...
    def walk(
        self,
        data: bytes,
        at: int,
        number: int,
        is_big: bool,
        is_pcapng: bool,
        distance: int,
        kinds: bytearray,
        stamps: list[int],
        lengths: list[int],
        numbers: list[int],
        /,
    ) -> tuple[int, int, int, bool]: ...
    def add_kind(self, are_seconds: bool, per_second: int, offset_ns: int, /) -> int: ...
    def add_way(
        self,
        kind: int,
        size: int,
        decisive_at: int,
        may_be_tagged: bool,
        bottom_at: int,
        value: bytes,
        version: int,
        /,
    ) -> None: ...
    def keep(self, ends: bytes, mask: int, /) -> None: ...
    def limit(self, rows: int, kept: int, /) -> None: ...
    def take(
        self,
    ) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, int, int]], int, int, int, int]: ...
