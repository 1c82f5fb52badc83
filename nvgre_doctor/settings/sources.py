"""Where settings come from: a file, and the environment over it.  Knows files and variables; what
they may hold is in `keys`, and whose files may be found is in `ownership`.

The file is `nvgre-doctor.toml`, or the table `[tool.nvgre-doctor]` of a `pyproject.toml`: the first
one found upward from the working directory, to the root of the repository or the home folder.
Where both lie in one folder, `nvgre-doctor.toml` counts.  Each key has a variable
NVGRE_DOCTOR_<KEY>, which wins over the file; an empty variable counts as none.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from nvgre_doctor.errors import GivenError
from nvgre_doctor.settings.keys import KEYS, SettingError, checked, field_of, from_words
from nvgre_doctor.settings.options import Options
from nvgre_doctor.settings.ownership import open_regular, open_trusted
from nvgre_doctor.terminal.text_files import Opener, TextFileError, read_text
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.terminal.visible import visible

OWN_FILE: Final = "nvgre-doctor.toml"
PYPROJECT: Final = "pyproject.toml"
TABLE: Final = "nvgre-doctor"
VARIABLE_PREFIX: Final = "NVGRE_DOCTOR_"
LARGEST_FILE: Final = 1024 * 1024
"""In bytes.  A key and an address take about 30: more than 30,000 expectations fit."""
MOST_PARTS: Final = 16
"""Of a dotted key.  `tomllib` needs memory in the square of them: 400 kB of long keys took 832 MB.
"""
_PART: Final = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_TOO_MANY_PARTS: Final = re.compile(
    rf"(?:^|[\[{{,])[ \t]*+(?:{_PART}\.[ \t]*+){{{MOST_PARTS}}}", re.MULTILINE
)
"""From where a key can begin: in a line, in brackets, in an inline table."""
_OF_REPOSITORIES: Final = (".git", ".hg")
"""What lies at the root of one."""
_ALMOST: Final = 0.8
"""Similarity from which an unknown variable is taken for a mistyped one: FAILON is meant to be
FAIL_ON, HOME is not.
"""


class ConfigError(GivenError):
    """A configuration that cannot be used; the message names the file or variable, the key, and
    what was expected.
    """


def load_options(
    file: str | None = None, *, search: bool = True, environment: Mapping[str, str] = os.environ
) -> Options:
    """The settings of `file`, or of the one found from the working directory if `search`, then
    those of the environment over them.

    Errors: ConfigError, UntrustedError.
    """
    opener = None  # a file that is named may be anybody's, and a pipe
    if file is None and search:
        file, opener = find_file(), open_trusted
    try:
        options = Options() if file is None else _from_file(file, opener)
        return replace(options, **_from_environment(environment))
    except SettingError as error:
        raise ConfigError(str(error)) from error


def find_file() -> str | None:
    """The configuration file for the working directory; None if there is none."""
    try:
        here = os.getcwd()
    except OSError:  # the working directory was deleted
        return None
    for folder in folders_upward(here):
        own, pyproject = os.path.join(folder, OWN_FILE), os.path.join(folder, PYPROJECT)
        if _is_file(own):
            return own
        if _is_file(pyproject) and _is_ours(pyproject):
            return pyproject
    return None


def _is_file(path: str) -> bool:
    """What we may not look at is not for us; what cannot be looked at must not be missed."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    except OSError as error:
        raise ConfigError(f"{visible(path)}: cannot be read: {error.strerror}.") from error


def folders_upward(folder: str, above: Callable[[str], str] = os.path.dirname) -> Iterator[str]:
    """The folder and those above it, up to the root of its repository, the home folder, or the
    root of its file system, drive or share.
    """
    home = os.path.expanduser("~")
    with contextlib.suppress(OSError):  # Windows cannot resolve every path
        home = os.path.realpath(home)
    yield folder
    while folder != home and not _is_repository(folder) and (parent := above(folder)) != folder:
        yield parent
        folder = parent


def _is_repository(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in _OF_REPOSITORIES)


def variable_of(key: str) -> str:
    """The environment variable of a key."""
    return VARIABLE_PREFIX + key.upper().replace("-", "_")


def _is_ours(pyproject: str) -> bool:
    """Whether there is a table for us.  A file that does not even name us may be as broken as it
    likes.
    """
    try:
        text = read_text(pyproject, LARGEST_FILE, open_regular)
    except TextFileError as error:
        if isinstance(error.__cause__, OSError) and not isinstance(
            error.__cause__, PermissionError
        ):
            raise ConfigError(f"{visible(pyproject)}: {error}.") from error
        return False
    if TABLE not in text:
        return False
    tool = _tables(pyproject, text).get("tool")
    return isinstance(tool, dict) and TABLE in tool


def _from_file(file: str, opener: Opener | None) -> Options:
    name = visible(file)
    try:
        text = read_text(file, LARGEST_FILE, opener)
    except TextFileError as error:
        raise ConfigError(f"{name}: {error}. Name another file: --config") from error
    table: Any = _tables(file, text)
    where = name
    if os.path.basename(file) == PYPROJECT:
        where = f"{name}, [tool.{TABLE}]"
        tool = table.get("tool")
        if not isinstance(tool, dict) or TABLE not in tool:
            raise ConfigError(f"{name}: there is no table [tool.{TABLE}] in it.")
        table = tool[TABLE]
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: expected a table.")
    elif "tool" in table:
        raise ConfigError(f"{name}: the keys stand at the top, without [tool.{TABLE}].")
    values: dict[str, Any] = {}
    for key, raw in table.items():
        if key not in KEYS:
            raise ConfigError(f"{where}: unknown key {visible(key)}; {_nearest(key)}")
        values[field_of(key)] = checked(key, f"{where}: {key}", raw)
    if "inventory" in values and not is_url(values["inventory"]):
        values["inventory"] = os.path.join(os.path.dirname(file), values["inventory"])
    return Options(**values, file=file, file_elsewhere=_elsewhere(file, was_found=bool(opener)))


def _elsewhere(file: str, *, was_found: bool) -> str | None:
    """The file as a report names it, as it was given or from the working directory; None if it lies
    there.
    """
    try:
        if os.path.samefile(os.path.dirname(file) or os.curdir, os.curdir):
            return None
        return os.path.relpath(file) if was_found else file
    except (OSError, ValueError):  # no working directory, or another drive
        return file


def _close_matches(word: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches  # only for mistakes

    return get_close_matches(word, [*known], n=1, cutoff=cutoff)


def _tables(file: str, text: str) -> dict[str, Any]:
    if found := _TOO_MANY_PARTS.search(text):
        line = text.count("\n", 0, found.end()) + 1
        raise ConfigError(
            f"{visible(file)}, line {line}: a key of more than {MOST_PARTS} parts, which no"
            " setting needs. Shorten it, or name another file: --config"
        )
    import tomllib  # most runs have no file

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{visible(file)}: nested too deeply.") from None
    except ValueError as error:  # also for numbers of more than 4300 digits
        raise ConfigError(f"{visible(file)}: not TOML: {visible(str(error))}.") from error


def _nearest(key: str) -> str:
    for known in _close_matches(key.lower().replace("_", "-"), KEYS):
        return f"did you mean {known}?"
    return f"the keys are {', '.join(KEYS)}."


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {
        name.removeprefix(VARIABLE_PREFIX)
        for name in environment
        if name.startswith(VARIABLE_PREFIX)
    }
    _refuse_mistyped(names)
    return {
        field_of(key): checked(
            key, f"environment variable {variable_of(key)}", from_words(key, text)
        )
        for key in KEYS
        if (text := environment.get(variable_of(key), "").strip())
    }


def _refuse_mistyped(names: Iterable[str]) -> None:
    """NVGRE_DOCTOR_FAILON would silently do nothing."""
    known = [variable_of(key).removeprefix(VARIABLE_PREFIX) for key in KEYS]
    for name in sorted(set(names) - set(known)):
        for meant in _close_matches(name, known, _ALMOST):
            raise ConfigError(
                f"environment variable {VARIABLE_PREFIX}{visible(name)}: did you mean"
                f" {VARIABLE_PREFIX}{meant}?"
            )
