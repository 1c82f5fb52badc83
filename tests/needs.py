"""What some tests need and some machines lack.  Where it is missing the test is skipped, and the
reason says what is missing.

NVGRE_DOCTOR_NO_SKIPS=1, which `.ci/run` sets, makes a failure of each skip (see conftest.py) but
those of `FolderMissing`: captures and schemas of other people are no part of the project.
"""

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

NO_SKIPS = "NVGRE_DOCTOR_NO_SKIPS"


class FolderMissing(pytest.skip.Exception):
    """A folder of foreign files was not named."""

    __module__ = "builtins"  # as that of pytest.skip: a reason needs no path before it


def need(program: str) -> str:
    """The path of a program."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def need_all(*programs: str) -> None:
    """Every one of these programs."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def folder(variable: str) -> Path:
    """The folder that an environment variable names."""
    named = os.environ.get(variable)
    if not named:
        raise FolderMissing(f"{variable} is not set")
    path = Path(named)
    assert path.is_dir(), f"{variable} names {path}, which is no folder"
    return path


posix = pytest.mark.skipif(
    sys.platform == "win32",
    reason="Windows has no FIFOs, devices, permissions or names of files like these",
)


def make_link(link: Path, target: str) -> None:
    """A symbolic link.  On Windows not everybody may make one, and Wine makes something else."""
    try:
        link.symlink_to(target)
    except OSError as error:
        pytest.skip(f"no symbolic link can be made here: {error}")
    if not link.is_symlink():
        pytest.skip("no symbolic link can be made here")


def need_module(name: str) -> ModuleType:
    """A module of Python that Windows lacks (pty, termios, fcntl, resource), or one of a package
    that is not installed.
    """
    module: ModuleType = pytest.importorskip(
        name, reason=f"this Python has no module {name}", exc_type=ModuleNotFoundError
    )
    return module
