"""What a configuration, the environment and a caller in Python may ask for: keys, types, and how
each is checked.

Knows nothing about files and variables (sources.py), and nothing about what the options do.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from nvgre_doctor.errors import GivenError
from nvgre_doctor.known.expectations import EXPECTABLE, AddressError, parse_expected, parse_hosts
from nvgre_doctor.known.ignored import Ignore
from nvgre_doctor.known.numbers import parse_number
from nvgre_doctor.report.checked_json import JsonError, Value, shown
from nvgre_doctor.report.exits import FAIL_ON
from nvgre_doctor.reporters import FORMATS
from nvgre_doctor.rules.registry import UnknownCodeError, select_codes
from nvgre_doctor.settings.options import Options
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.wire.layouts import CONTROL_ID, LOWEST_VSID

COLORS: Final = ("auto", "always", "never")
_IGNORE: Final = '{code = "NVG306", hosts = "10.0.0.7", reason = "..."}'


class SettingError(GivenError):
    """A value that cannot be used; the message says where it stands, what was expected and what was
    found.
    """


def field_of(key: str) -> str:
    """The field of Options that a key fills."""
    return "vsids" if key == "vsid" else key.replace("-", "_")


def to_options(**given: object) -> Options:
    """Options from values as people write them in Python: `vsids=["5001", 0x1770]`,
    `select="NVG3"`.

    Names are the fields of Options; None stands for what is not given.  Errors: SettingError, a
    ValueError; TypeError for a name that is none.
    """
    key_of = {field_of(key): key for key in KEYS}
    for name in given:
        if name not in key_of:
            raise TypeError(f"there is no option {name!r}; there are {', '.join(key_of)}")
    values: dict[str, Any] = {}
    for name, raw in given.items():
        if raw is not None:
            values[name] = checked(key_of[name], name, _written(key_of[name], raw))
    return Options(**values)


def _written(key: str, raw: object) -> object:
    """A value from Python as a file would hold it."""
    if isinstance(raw, str):
        return from_words(key, raw)
    if isinstance(raw, os.PathLike):
        return os.fspath(raw)
    if isinstance(raw, Mapping):
        return {str(name): value for name, value in raw.items()}
    if isinstance(raw, Iterable) and not isinstance(raw, bytes):
        return [_written_item(key, item) for item in raw]
    return raw


def _written_item(key: str, item: object) -> object:
    if key == "vsid" and isinstance(item, str):
        return number(item)
    if key == "not-nvgre":
        from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

        if isinstance(item, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
            return str(item)
    return item


def checked(key: str, where: str, raw: object) -> object:
    """The value of one of KEYS; `where` names its place.  Errors: SettingError."""
    try:
        return KEYS[key].check(Value(where, raw))
    except JsonError as error:
        raise SettingError(visible(str(error))) from error


def from_words(key: str, text: str) -> object:
    """The text of an environment variable as the value that a file would hold; what does not fit is
    left to the check.

    Lists are separated by commas or spaces, expectations are written `10.0.0.7=draft-00`.
    """
    return KEYS[key].from_text(text)


def _words(text: str) -> list[str]:
    return re.split(r"[\s,]+", text.strip(" \t\r\n,"))


def _numbers(text: str) -> list[object]:
    return [number(word) for word in _words(text)]


def _layouts(text: str) -> dict[str, str]:
    pairs = [word.partition("=") for word in _words(text)]
    return {address: layout for address, _, layout in pairs}


def _flag(text: str) -> object:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)


def number(word: str) -> object:
    """The number that a word means; the word itself where it means none."""
    found = parse_number(word)
    return word if found is None else found


def _codes(value: Value) -> tuple[str, ...]:
    return _strings(value, "finding codes", '["NVG301", "NVG2"]', select_codes)


def _ignores(value: Value) -> tuple[Ignore | str, ...]:
    if not isinstance(value.raw, list):
        value.fail('a list of finding codes such as ["NVG306", "NVG1"]')
    return value.each(_ignore)


def _ignore(value: Value) -> Ignore | str:
    if isinstance(value.raw, Ignore):
        return _ignore(Value(value.path, value.raw._asdict()))
    ignore = value.raw if isinstance(value.raw, str) else _ignore_row(value)
    try:
        select_codes(ignore=[ignore])
    except UnknownCodeError as error:
        raise JsonError(f"{value.path}: {error}.") from error
    return ignore


def _ignore_row(value: Value) -> Ignore:
    if not isinstance(value.raw, dict) or "code" not in value.raw:
        value.fail(f'a code such as "NVG306", or {_IGNORE}')
    for name in value.raw:
        if name not in Ignore._fields:
            raise JsonError(f"{value.path}: there is no {shown(name)} in {_IGNORE}.")
    reason = value.get("reason").optional(Value.text) or ""
    return Ignore(value["code"].text(), _ignored_hosts(value.get("hosts")), reason)


def _ignored_hosts(value: Value) -> tuple[str, ...]:
    """One, or several."""
    if value.raw is None:
        return ()
    if isinstance(value.raw, str):
        return _hosts(Value(value.path, [value.raw]))
    return _hosts(Value(value.path, list(value.raw)) if isinstance(value.raw, tuple) else value)


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


def _scheduler(value: Value) -> str:
    return address_of_scheduler(value.text()) or value.fail("an address such as tcp://host:8786")


def address_of_scheduler(text: str) -> str:
    """The address of a scheduler as it is; empty for what is none."""
    return text if re.fullmatch(r"(tcp|tls)://[^\s/?#@]+:\d+", text) else ""


def _expected(value: Value) -> dict[str, str]:
    if not isinstance(value.raw, dict):
        value.fail(f'layouts by address, such as {{"10.0.0.7" = "{EXPECTABLE[0]}"}}')
    expect = {address: value[address].word(EXPECTABLE) for address in value.raw}
    try:
        parse_expected(expect)
    except AddressError as error:
        raise JsonError(f"{value.path}: {error}.") from error
    return expect


class Key(NamedTuple):
    """One key: how its value is checked, and how its text is read where there is only text."""

    check: Callable[[Value], object]
    from_text: Callable[[str], object] = str


KEYS: Final[dict[str, Key]] = {
    "select": Key(_codes, _words),
    "ignore": Key(_ignores, _words),
    "fail-on": Key(lambda value: value.word(tuple(FAIL_ON))),
    "vsid": Key(_vsids, _numbers),
    "vsid-complete": Key(Value.flag, _flag),
    "inventory": Key(_path),
    "format": Key(lambda value: value.word(tuple(FORMATS))),
    "jobs": Key(lambda value: value.integer(1), number),
    "scheduler": Key(_scheduler),
    "color": Key(lambda value: value.word(COLORS)),
    "expect": Key(_expected, _layouts),
    "not-nvgre": Key(_hosts, _words),
}
"""Each fills a field of Options."""
