"""The settings that a configuration may hold: keys, types, and how each is checked.

Knows nothing about where they come from (config.py) and what they do (the commands).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from nvgre_doctor.known.expectations import EXPECTABLE, AddressError, parse_expected, parse_hosts
from nvgre_doctor.report.checked_json import JsonError, Value
from nvgre_doctor.report.exits import FAIL_ON
from nvgre_doctor.reporters import FORMATS
from nvgre_doctor.rules import UnknownCodeError, select_codes
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.wire.layouts import CONTROL_ID, LOWEST_VSID

COLORS: Final = ("auto", "always", "never")


class SettingError(ValueError):
    """A value that cannot be used; the message says where it stands, what was expected and what was
    found.
    """


@dataclass(frozen=True, slots=True)
class Settings:
    """What was set, checked; None where nothing was.  Field names are those of the keys, with `_`
    for `-`.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    fail_on: str | None = None
    vsid: tuple[int, ...] | None = None
    inventory: str | None = None  # a path that is right in the working directory
    format: str | None = None
    jobs: int | None = None
    color: str | None = None
    expect: Mapping[str, str] | None = None
    not_nvgre: tuple[str, ...] | None = None
    file: str | None = None  # where they come from, if from a file


def field_of(key: str) -> str:
    """The field of Settings that a key fills."""
    return key.replace("-", "_")


def checked(key: str, where: str, raw: object) -> object:
    """The value of one of KEYS; `where` names its place.  Errors: SettingError."""
    try:
        return KEYS[key](Value(where, _plain(raw)))
    except JsonError as error:
        raise SettingError(visible(str(error))) from error


def from_words(key: str, text: str) -> object:
    """The text of an environment variable as the value that a file would hold; what does not fit is
    left to the check.

    Lists are separated by commas or spaces, expectations are written `10.0.0.7=draft-00`.
    """
    words = re.split(r"[\s,]+", text.strip(" \t\r\n,"))
    if key in ("select", "ignore", "not-nvgre"):
        return words
    if key == "vsid":
        return [_number(word) for word in words]
    if key == "jobs":
        return _number(text)
    if key == "expect":
        pairs = [word.partition("=") for word in words]
        return {address: layout for address, _, layout in pairs}
    return text


def _number(word: str) -> object:
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", word):
        return int(word, 16)
    return int(word) if re.fullmatch(r"[0-9]{1,10}", word) else word


def _plain(raw: object) -> object:
    """What TOML has and JSON has not (dates and times) as text, so that an error can show it."""
    if isinstance(raw, dict):
        return {key: _plain(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_plain(value) for value in raw]
    return raw if isinstance(raw, str | int | float) else str(raw)


def _codes(value: Value) -> tuple[str, ...]:
    return _strings(value, "finding codes", '["NVG301", "NVG2"]', select_codes)


def _hosts(value: Value) -> tuple[str, ...]:
    return _strings(value, "addresses and networks", '["10.0.0.9", "10.1.0.0/16"]', parse_hosts)


def _strings(
    value: Value, what: str, example: str, check: Callable[[tuple[str, ...]], object]
) -> tuple[str, ...]:
    if not isinstance(value.raw, list):
        value.fail(f"a list of {what} such as {example}")
    strings = value.each(Value.text)
    try:
        check(strings)
    except (UnknownCodeError, AddressError) as error:
        raise JsonError(f"{value.path}: {error}.") from error
    return strings


def _vsids(value: Value) -> tuple[int, ...]:
    if not isinstance(value.raw, list):
        value.fail("a list of VSIDs such as [5001, 5002]")
    return value.each(lambda item: item.integer(LOWEST_VSID, CONTROL_ID - 1))


def _path(value: Value) -> str:
    return value.text() or value.fail("the name of a CSV file")


def _expected(value: Value) -> dict[str, str]:
    if not isinstance(value.raw, dict):
        value.fail(f'layouts by address, such as {{"10.0.0.7" = "{EXPECTABLE[0]}"}}')
    expect = {address: value[address].word(EXPECTABLE) for address in value.raw}
    try:
        parse_expected(expect)
    except AddressError as error:
        raise JsonError(f"{value.path}: {error}.") from error
    return expect


KEYS: Final[Mapping[str, Callable[[Value], object]]] = {
    "select": _codes,
    "ignore": _codes,
    "fail-on": lambda value: value.word(tuple(FAIL_ON)),
    "vsid": _vsids,
    "inventory": _path,
    "format": lambda value: value.word(FORMATS),
    "jobs": lambda value: value.integer(1),
    "color": lambda value: value.word(COLORS),
    "expect": _expected,
    "not-nvgre": _hosts,
}
"""Key -> how its value is checked.  Each is a field of Settings."""
