"""Where Wireshark keeps a person's configuration and Lua plugins.  Creates and changes nothing.

Wireshark itself knows best, so tshark is asked first; without one, the places that the Wireshark
User's Guide documents (appendix B, "Files and Folders") are taken.
"""

import os
import shutil
import subprocess  # nosec B404 # tshark alone is run, without a shell
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from nvgre_doctor.errors import DoctorError

PROFILE_NAME: Final = "NVGRE"
_ASK_TIMEOUT_S: Final = 60  # the first start of a fresh installation builds its caches
_WINDOWS_PROGRAM_FOLDERS: Final = ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)")
_MACOS_TSHARK: Final = Path("/Applications/Wireshark.app/Contents/MacOS/tshark")


class FoldersUnknownError(DoctorError):
    """No way to tell where Wireshark keeps its files; the text says what to do."""


class Folders(NamedTuple):
    """The two folders that matter.  They need not exist."""

    configuration: Path
    lua_plugins: Path
    source: str  # who says so: for people

    @property
    def profile(self) -> Path:
        """The folder of our profile; Wireshark shows its name."""
        return self.configuration / "profiles" / PROFILE_NAME


def find_folders(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Folders:
    """Ask tshark for the folders, or take the documented ones.

    `platform` is as in `sys.platform`.  Errors: FoldersUnknownError when not even a home folder is
    known.
    """
    environment = os.environ if environment is None else environment
    tshark = find_tshark(environment, platform)
    answer = _ask(tshark, environment) if tshark else None
    return answer or default_folders(environment, platform)


def find_tshark(environment: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The tshark program: on PATH, or where the installers of Windows and macOS put it."""
    found = shutil.which("tshark", path=environment.get("PATH", os.defpath))
    # Windows looks into the working directory before PATH: never run what lies beside somebody's
    # captures.
    if found and (platform != "win32" or Path(found).resolve().parent != Path.cwd()):
        return Path(found)
    if platform == "win32":
        places = [
            Path(environment[name]) / "Wireshark" / "tshark.exe"
            for name in _WINDOWS_PROGRAM_FOLDERS
            if environment.get(name)
        ]
    else:
        places = [_MACOS_TSHARK] if platform == "darwin" else []
    return next((place for place in places if place.is_file()), None)


def default_folders(environment: Mapping[str, str], platform: str = sys.platform) -> Folders:
    """The documented folders: %APPDATA%\\Wireshark, or ~/.config/wireshark and
    ~/.local/lib/wireshark/plugins.

    Errors: FoldersUnknownError.
    """
    chosen = environment.get("WIRESHARK_CONFIG_DIR")
    source = "the documented places, because tshark was not found or did not say"
    if platform == "win32":
        if not chosen and not environment.get("APPDATA"):
            raise FoldersUnknownError(
                "Wireshark's folders are not known: neither tshark nor %APPDATA% was found"
            )
        configuration = Path(chosen) if chosen else Path(environment["APPDATA"]) / "Wireshark"
        return Folders(configuration, configuration / "plugins", source)
    if not environment.get("HOME"):
        raise FoldersUnknownError(
            "Wireshark's folders are not known: neither tshark nor $HOME was found"
        )
    home = Path(environment["HOME"])
    configuration = Path(chosen) if chosen else _unix_configuration(home, environment)
    return Folders(configuration, home / ".local" / "lib" / "wireshark" / "plugins", source)


def read_answer(text: str, source: str) -> Folders | None:
    """Read what `tshark -G folders` prints; None if a folder is missing in it (a Wireshark without
    Lua) or not absolute.
    """
    places = {}
    for line in text.splitlines():
        name, found, place = line.partition("\t")
        if found:
            places[name.strip().rstrip(":")] = Path(place.strip())
    configuration, plugins = (
        places.get("Personal configuration"),
        places.get("Personal Lua Plugins"),
    )
    if (
        configuration is None
        or plugins is None
        or not (configuration.is_absolute() and plugins.is_absolute())
    ):
        return None
    return Folders(configuration, plugins, source)


def _unix_configuration(home: Path, environment: Mapping[str, str]) -> Path:
    current = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "wireshark"
    former = home / ".wireshark"  # still used by Wireshark where it exists alone
    return former if former.is_dir() and not current.is_dir() else current


def _ask(tshark: Path, environment: Mapping[str, str]) -> Folders | None:
    try:
        answer = subprocess.run(  # nosec B603 # a path that `find_tshark` found, and fixed words
            [tshark, "-G", "folders"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_TIMEOUT_S,
            check=True,
        )
        return read_answer(answer.stdout.decode("utf-8"), f"{tshark} says so")
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None  # a program of that name that does not answer: the documented places remain
