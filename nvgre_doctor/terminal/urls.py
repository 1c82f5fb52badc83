"""Which text is a URL, and what of it may be shown: a URL can hold a password or a signature.

Knows nothing about what is read over URLs.
"""

import re
from typing import Final

_BEGIN: Final = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_IN_TEXT: Final = re.compile(r"[a-z][a-z0-9+.-]+://[^\s\"'<>|\\]+", re.IGNORECASE)
_PUNCTUATION: Final = ".,:;)]}"
"""What may follow a URL in a sentence."""
_CONTAINER_FIRST: Final = ("abfs", "abfss", "az")
"""Schemes of Azure, where `container@account` is no user."""


def is_url(text: str) -> bool:
    """Whether it begins as a URL does; `C:\\captures` does not."""
    return _BEGIN.match(text) is not None


def scheme_of(url: str) -> str:
    """The scheme in small letters, empty for what is no URL."""
    found = _BEGIN.match(url)
    return found[1].lower() if found is not None else ""


def shown(path: str) -> str:
    """A URL without user info, query and fragment; any other path as it is."""
    found = _BEGIN.match(path)
    if found is None:
        return path
    rest = re.split(r"[?#]", path[found.end() :], maxsplit=1)[0]
    authority, slash, place = rest.partition("/")
    user, _, host = authority.rpartition("@")
    if found[1].lower() in _CONTAINER_FIRST and ":" not in user:
        host = authority
    return f"{found[0]}{host}{slash}{place}"


def redacted(text: str) -> str:
    """A sentence of somebody else, in which every URL is shown as `shown` does it."""
    return _IN_TEXT.sub(_redacted, text) if "://" in text else text


def _redacted(found: re.Match[str]) -> str:
    url = found[0].rstrip(_PUNCTUATION)
    return shown(url) + found[0][len(url) :]
