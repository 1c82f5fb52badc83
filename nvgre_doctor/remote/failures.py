"""What libraries for storage raise, in words of ours.

They raise classes of their own, and their texts may hold the URL with all its secrets.  What is no
failure of storage (a TypeError of ours) is left alone.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nvgre_doctor.terminal.urls import redacted, shown

_LIBRARIES: Final = (
    "adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko",
    "s3fs",
)  # fmt: skip
"""Modules whose exceptions are failures of storage."""
_NO_CREDENTIALS: Final = ("NoCredentialsError", "CredentialUnavailableError", "DefaultCredentials")
_NO_PERMISSION: Final = (401, 403)  # of HTTP
_MISSING: Final = ("ResourceNotFoundError",)
_REPLACED: Final = ("FileExpired", "ResourceModifiedError")
_LONGEST: Final = 300
"""Characters of what a library says."""


class ReplacedError(OSError):
    """The object is not the one that was opened."""

    def __init__(self) -> None:
        """It is said in one way only."""
        super().__init__(0, "the object was replaced while it was read")


class SlowError(OSError):
    """A server sends so little that nobody waits for it."""

    def __init__(self, why: str) -> None:
        """In words of ours."""
        super().__init__(0, why)


class MissingError(FileNotFoundError):
    """Nothing is there; asking again does not help."""


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Everything that goes wrong with storage inside is an OSError, whose `strerror` says why and
    holds no secret.
    """
    try:
        yield
    except ReplacedError:
        raise
    except Exception as error:  # libraries have no class in common
        slow: BaseException | None = error
        while slow is not None and not isinstance(slow, SlowError):
            slow = slow.__cause__  # of it fsspec says that nothing is there
        if slow is not None:
            raise slow from None
        if not _is_of_storage(error):
            raise
        raise _said(error, url) from None  # the texts of the chain hold the URL


def _is_of_storage(error: BaseException) -> bool:
    """Whether storage failed, and not this program."""
    # Of a server whose folders lie in folders without end.
    if isinstance(error, OSError | EOFError | ImportError | ValueError | RecursionError):
        return True
    return type(error).__module__.partition(".")[0] in _LIBRARIES


def _said(error: Exception, url: str) -> OSError:
    name = type(error).__name__
    if name in _REPLACED:
        return ReplacedError()
    if isinstance(error, FileNotFoundError) or name in _MISSING:
        return MissingError(errno.ENOENT, "there is no such object, or its bucket is missing")
    if name.startswith(_NO_CREDENTIALS):
        return PermissionError(
            errno.EACCES, "no credentials were found where the tools of this storage keep them"
        )
    why = _text(error, url)
    if isinstance(error, PermissionError) or _status(error) in _NO_PERMISSION:
        return PermissionError(errno.EACCES, f"no permission ({why})")
    if isinstance(error, TimeoutError):
        return TimeoutError(errno.ETIMEDOUT, "no answer came in time")
    return OSError(errno.EIO, why)


def _status(error: Exception) -> object:
    """Of HTTP, where a library tells it: Azure's and aiohttp's name for it."""
    return getattr(error, "status_code", getattr(error, "status", None))


def _text(error: Exception, url: str) -> str:
    """What a library says: the URL itself is replaced first, as parts of it may stand alone."""
    said = getattr(error, "strerror", None) or str(error)
    text = " ".join(redacted(str(said).replace(url, shown(url))).split())
    query = url.partition("?")[2]
    if query and query in text:
        text = text.replace(query, "...")
    return f"{type(error).__name__}: {text[:_LONGEST]}" if text else type(error).__name__
