"""What `_scanner.c` has for Python."""

from typing import final

@final
class Scanner:
    def __init__(
        self, seed: bytes, spread: bytes, longest: int, kept: int, rows: int, /
    ) -> None: ...
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
    ) -> tuple[int, int, bool]: ...
    def add_kind(self) -> int: ...
    def add_way(
        self,
        kind: int,
        size: int,
        decisive_at: int,
        may_be_tagged: bool,
        value: bytes,
        version: int,
        /,
    ) -> None: ...
    def keep(self, ends: bytes, mask: int, /) -> None: ...
    def limit(self, rows: int, is_thinned: bool, /) -> None: ...
    def take(self) -> tuple[list[tuple[object, ...]], int, int]: ...
