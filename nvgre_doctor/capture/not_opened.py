"""Why an input is not opened, in words."""

import os
from collections.abc import Sequence
from typing import Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.decompress import Codec
from nvgre_doctor.terminal.visible import visible

NO_INPUT: Final = Problem(
    "no-input", 0, "nothing is piped into standard input; name a file instead"
)
NESTED: Final = Problem("nested", 0, "this is an archive inside an archive: unpack it once")
NOT_FOLLOWED: Final = Problem(
    "not-followed",
    0,
    "only pcap and pcapng are read while they are written, compressed or not: give this to"
    " `nvgre-doctor check` when it is complete",
)
NO_ARCHIVE: Final = Problem("cannot-open", 0, "cannot open the file: there is no archive before it")


def folder(path: str) -> Problem:
    """A folder, which stands for no capture."""
    try:
        os.listdir(path)
    except OSError as error:
        return Problem("cannot-open", 0, f"cannot list the folder: {error.strerror or error}")
    return Problem(
        "no-captures",
        0,
        "this folder holds no captures (files are judged by content; hidden ones are left out)",
    )


def nothing_at(url: str) -> str:
    """Why a pattern or a folder behind a URL stands for no capture."""
    from nvgre_doctor.remote.opening_urls import listed

    try:
        there = listed(url)
    except OSError as error:
        return f"its names cannot be listed: {error.strerror}"
    if there and url.endswith("/"):
        return "no capture lies there (in folders of URLs, captures are known by their names)"
    return "nothing there has such a name"


def cannot_open(error: Exception) -> Problem:
    """The operating system says no."""
    why = getattr(error, "strerror", None) or str(error)
    return Problem("cannot-open", 0, f"cannot open the file: {visible(why)}")


def missing(codec: Codec) -> Problem:
    """The library of a compression is not installed."""
    remedy = 'run `pip install "nvgre-doctor[zstd]"`, or unpack it first: `zstd -d INPUT`'
    return Problem(
        f"{codec.name}-missing",
        0,
        f"the file is compressed with {codec.name}, which this Python cannot read: {remedy}",
    )


def twice(inside: str, codec: Codec) -> Problem:
    """Two compressions, one in the other."""
    return Problem(
        "compressed-twice",
        0,
        f"{inside}this is compressed again, with {codec.name}; unpack it once",
    )


def several(names: Sequence[str]) -> Problem:
    """One capture is wanted, and an archive holds more."""
    return Problem(
        "several-captures",
        0,
        f"this archive holds {len(names)} captures, and one is read here: name it behind the"
        f" archive, as in INPUT/{visible(names[0])}",
    )
