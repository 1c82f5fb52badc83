"""JSON text from anywhere -> values that are checked as they are taken.  Knows JSON; knows nothing
about reports.

Standard JSON only: no NaN, no field twice in one object, no numbers beyond what is ever meant.
What is wrong is said with its JSON path.
"""

import json
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

from nvgre_doctor.errors import GivenError
from nvgre_doctor.terminal.visible import visible

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

LARGEST: Final = 2**64 - 1
"""No count, no offset and no time in nanoseconds is larger."""
LONGEST_NUMBER: Final = 25
"""Digits.  Python takes quadratic time for long numbers, and refuses the longest with an error of
its own.
"""
LONGEST_SHOWN: Final = 60
"""Characters of a wrong string that an error repeats."""

_KEY: Final = re.compile(r"0x[0-9a-f]{8}", re.ASCII)


class JsonError(GivenError):
    """What is wrong with a JSON text, and where."""


class Value:
    """A value and its path from the root, `$`.  Every method checks the type first.  Errors:
    JsonError.
    """

    __slots__ = ("path", "raw")

    def __init__(self, path: str, raw: object) -> None:
        """`raw` as json reads it."""
        self.path = path
        self.raw = raw

    def fail(self, wanted: str) -> NoReturn:
        """Say what was wanted here and what was found."""
        raise JsonError(f"{self.path}: expected {wanted}, found {shown(self.raw)}.")

    def __getitem__(self, name: str) -> "Value":
        """A field of an object, which must be there."""
        if not isinstance(self.raw, dict):
            self.fail("an object")
        if name not in self.raw:
            raise JsonError(f"{self.path}: the field {name!r} is missing.")
        return Value(f"{self.path}.{name}", self.raw[name])

    def get(self, name: str) -> "Value":
        """A field that may be missing; then null."""
        if isinstance(self.raw, dict) and name in self.raw:
            return self[name]
        return Value(f"{self.path}.{name}", None)

    def each(self, read: Callable[["Value"], T]) -> tuple[T, ...]:
        """The items of a list."""
        if not isinstance(self.raw, list):
            self.fail("a list")
        return tuple(
            read(Value(f"{self.path}[{index}]", item)) for index, item in enumerate(self.raw)
        )

    def two(self, read: Callable[["Value"], T]) -> tuple[T, T]:
        """The items of a list of two."""
        items = self.each(read)
        if len(items) != 2:
            self.fail("a list of 2")
        return items[0], items[1]

    def optional(self, read: Callable[["Value"], T]) -> T | None:
        """None for null."""
        return None if self.raw is None else read(self)

    def text(self) -> str:
        """Any string."""
        if not isinstance(self.raw, str):
            self.fail("a string")
        return self.raw

    def integer(self, lowest: int = 0, highest: int = LARGEST) -> int:
        """An integer of that range, both ends included."""
        # True and False are integers in Python, not in JSON.
        if (
            not isinstance(self.raw, int)
            or isinstance(self.raw, bool)
            or not lowest <= self.raw <= highest
        ):
            self.fail(f"an integer from {lowest} to {highest}")
        return self.raw

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.raw, bool):
            self.fail("true or false")
        return self.raw

    def word(self, words: tuple[str, ...]) -> str:
        """One of some strings."""
        if not isinstance(self.raw, str) or self.raw not in words:
            self.fail(f"one of {', '.join(words)}")
        return self.raw

    def member(self, words: type[E]) -> E:
        """A member of an enum, by its value."""
        return words(self.word(tuple(words)))

    def address(self) -> str:
        """An IPv4 or IPv6 address, without a zone: that could hold any text."""
        from ipaddress import ip_address  # only a report that is read has addresses

        text = self.text()
        try:
            ip_address(text)
        except ValueError:
            self.fail("an IP address")
        if "%" in text:
            self.fail("an IP address without a zone")
        return text

    def gre_key(self) -> int:
        """A GRE Key as text, `0x%08x`."""
        if not isinstance(self.raw, str) or not _KEY.fullmatch(self.raw):
            self.fail("a key such as 0x00001389")
        return int(self.raw, 16)


def parse(text: str) -> Value:
    """Parse a JSON text.  Errors: JsonError."""
    try:
        raw: object = json.loads(
            # A file that Windows PowerShell saved as UTF-8 begins with a byte order mark.
            text.removeprefix("\ufeff"),
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except RecursionError:
        raise JsonError("$: nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise JsonError(
            f"line {error.lineno} column {error.colno}: not JSON ({error.msg})."
        ) from None
    return Value("$", raw)


def shown(raw: object) -> str:
    """A value as an error message may repeat it: short, on one line, harmless."""
    if isinstance(raw, dict):
        return "an object"
    if isinstance(raw, list):
        return f"a list of {len(raw)}"
    if isinstance(raw, str):
        return (
            '"' + visible(raw[:LONGEST_SHOWN]) + '"' + ("..." if len(raw) > LONGEST_SHOWN else "")
        )
    if isinstance(raw, int) and abs(raw) >= 10**LONGEST_NUMBER:
        return f"a number of more than {LONGEST_NUMBER} digits"
    # TOML has dates, Python has anything.
    return json.dumps(raw, default=lambda other: visible(str(other))[:LONGEST_SHOWN])


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise JsonError(f"a number of {len(digits)} digits is too large.")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON.")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise JsonError(f"the field {shown(name)} stands twice in one object.")
        found[name] = value
    return found
