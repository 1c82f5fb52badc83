"""The compressions that captures are stored in, behind one small interface.

Knows their first bytes and the library of each; knows nothing about captures.  The libraries are
imported when a file needs them.  zstd needs Python 3.14 or the extra `nvgre-doctor[zstd]`.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

XZ_MEMORY: Final = 128 << 20
"""Bytes that an xz stream may ask for: `xz -9` needs 65 MiB, a forged header could ask for
gigabytes.
"""


class Decompressor(Protocol):
    """One member of a compressed file; the interface of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """The end of the member was reached."""

    @property
    def needs_input(self) -> bool:
        """Nothing more comes out before more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What was handed in and lies behind the end of the member."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to `max_length` bytes; raises one of `Codec.errors` where the data is damaged."""


class _Gzip:
    """zlib's decompressor with the interface of the others."""

    def __init__(self, zlib: ModuleType) -> None:
        self._zlib = zlib.decompressobj(wbits=31)  # 31: with gzip header and checksum
        self._full = False  # the last call filled its output: more may come without more input

    @property
    def eof(self) -> bool:
        return bool(self._zlib.eof)

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return bytes(self._zlib.unused_data)

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        part: bytes = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._full = len(part) == max_length
        return part


class Codec(NamedTuple):
    """A compression.  A member of a file begins with one of `magics`."""

    name: str
    magics: tuple[bytes, ...]
    modules: tuple[str, ...]  # the first one that can be imported is used
    make: Callable[[Any], Decompressor]  # from the module
    suffix: str  # that its programs give a file
    error_name: str  # what the module raises for damaged data, besides OSError (bz2) and ValueError
    tester: str  # the command that checks such a file

    def module(self) -> ModuleType | None:
        """The library, or None where it is not installed."""
        for name in self.modules:
            try:
                return importlib.import_module(name)
            except ImportError:
                continue
        return None

    def new(self) -> Decompressor:
        """A decompressor for the next member.  Ask `module()` first."""
        return self.make(self.module())

    def errors(self) -> tuple[type[Exception], ...]:
        """What `Decompressor.decompress` raises for damaged data."""
        module = self.module()
        return (OSError, ValueError, getattr(module, self.error_name, ValueError))

    @property
    def longest_magic(self) -> int:
        """Bytes that are needed to recognise a member."""
        return max(len(magic) for magic in self.magics)


_SKIPPABLE = tuple(
    bytes([number]) + b"\x2a\x4d\x18" for number in range(0x50, 0x60)
)  # frames without data (RFC 8878 3.1.2)

CODECS: Final = (
    Codec("gzip", (b"\x1f\x8b\x08",), ("zlib",), _Gzip, ".gz", "error", "gzip -t"),
    Codec(
        "bzip2",
        tuple(b"BZh%d" % level for level in range(1, 10)),
        ("bz2",),
        lambda bz2: bz2.BZ2Decompressor(),
        ".bz2",
        "",
        "bzip2 -t",
    ),
    Codec(
        "xz",
        (b"\xfd7zXZ\0",),
        ("lzma",),
        lambda lzma: lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY),
        ".xz",
        "LZMAError",
        "xz -t",
    ),
    Codec(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *_SKIPPABLE),
        ("compression.zstd", "backports.zstd"),
        lambda zstd: zstd.ZstdDecompressor(),
        ".zst",
        "ZstdError",
        "zstd -t",
    ),
)
