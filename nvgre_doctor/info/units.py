"""Names and units for what a capture says about itself."""

from datetime import UTC, datetime, timedelta
from typing import Final

from nvgre_doctor.capture.description import InterfaceDescription
from nvgre_doctor.wire.links import LINKS

_UNITS: Final = {0: "seconds", 3: "milliseconds", 6: "microseconds", 9: "nanoseconds"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 253_402_300_800 * 10**9
"""Nanoseconds to the year 10000, which datetime does not know."""


def linktype_words(linktype: int) -> str:
    """Return "Ethernet (1)", or "link type 147"."""
    link = LINKS.get(linktype)
    return f"link type {linktype}" if link is None else f"{link.name} ({linktype})"


def resolution_words(interface: InterfaceDescription) -> str:
    """The unit of an interface's times."""
    exponent = interface.tsresol & 0x7F
    if interface.tsresol & 0x80:
        return f"2^-{exponent} s"
    return _UNITS.get(exponent, f"10^-{exponent} s")


def time_words(ts_ns: int) -> str:
    """A time in UTC to the nanosecond, as far as it is not zeros: 2013-02-20 10:14:07.000180."""
    if not 0 <= ts_ns < _LAST:
        return f"{ts_ns} ns since 1970"
    seconds, rest = divmod(ts_ns, 10**9)
    fraction = f"{rest:09d}" if rest % 1000 else f"{rest // 1000:06d}"
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{fraction}"


def duration_words(duration_ns: int) -> str:
    """Return "0.000180 s", "95.2 s", "12 min 5 s", "3 h 2 min", "2 d 3 h"."""
    seconds = duration_ns // 10**9
    if seconds < 10:
        return f"{duration_ns / 10**9:.6f} s"
    if seconds < 120:
        return f"{duration_ns / 10**9:.1f} s"
    if seconds < 7200:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def size_words(count: int) -> str:
    """Bytes in the unit that fits: "912 bytes", "5.4 kB", "1.2 GB"; 1 kB is 1000 bytes."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    size = count / 1000
    for unit in ("kB", "MB", "GB"):
        if size < 999.95:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
