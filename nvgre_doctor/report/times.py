"""Times as RFC 3339 text."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS: Final = 1_000_000_000
_YEAR_1, _YEAR_9999_END = -62_135_596_800, 253_402_300_799  # seconds: what RFC 3339 can write


def rfc3339(time_ns: int | None) -> str | None:
    """Nanoseconds since 1970 as RFC 3339 text in UTC; None outside the years 1 to 9999."""
    if time_ns is None:
        return None
    seconds, fraction = divmod(time_ns, _NS)
    if not _YEAR_1 <= seconds <= _YEAR_9999_END:
        return None
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment.replace(tzinfo=None).isoformat()}.{fraction:09}Z"
