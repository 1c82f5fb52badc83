"""What lies behind a URL: listed and opened with fsspec, which no other module imports.

Credentials come from where the tools of each storage keep them, never from an option.
"""

import glob
import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Any, BinaryIO, Final, NamedTuple, cast

import fsspec

from nvgre_doctor.remote import web_servers
from nvgre_doctor.remote.failures import ReplacedError, in_words
from nvgre_doctor.remote.stored import RANGE, StoredFile, Version
from nvgre_doctor.terminal.urls import scheme_of, shown

_TAGS: Final = (
    "ETag", "etag", "generation", "content_md5", "Content-MD5", "Last-Modified",
    "LastModified", "last_modified", "mtime",
)  # fmt: skip
"""What storages say of the version of an object, the best first."""
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "s3": {
        "use_listings_cache": False,
        "config_kwargs": {"connect_timeout": 10, "retries": {"max_attempts": 2}},
    },
    "sftp": {"timeout": 10},  # goes to ssh as it is, which lists anew each time
}
"""Nothing is remembered of what was listed, as objects are replaced.  Who does not answer is not
waited for: a port that refuses would cost 7 seconds for each object.
"""
_ALIASES: Final = {"s3a": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs", "https": "http"}
_ESCAPED: Final = {"?": "%3F", "#": "%23", "*": "%2A", "[": "%5B"}
"""Characters of a name that begin no query or fragment, and are no pattern."""

ASKED: Final = 256
"""Objects that are asked for their size one by one."""
_AT_ONCE: Final = 16
_TURNS: Final = threading.RLock()


class Listed(NamedTuple):
    """An object that was found."""

    url: str
    size: int | None  # bytes, None where the storage does not say


def is_pattern(url: str) -> bool:
    """Whether it stands for several: a pattern, or a folder."""
    if _is_web(url):
        path = url.partition("?")[0]
        return path.endswith("/") or "*" in path or "[" in path
    return url.endswith("/") or glob.has_magic(url)


def listed(url: str) -> list[Listed]:
    """What a pattern or a folder (with all below it) stands for, by URL.  Errors: OSError."""
    with _asking(url) as (system, path):
        if not url.endswith("/"):
            found = system.glob(path, detail=True)
        elif _is_web(url):
            found = web_servers.files_below(system, path)
        else:
            found = system.find(path, detail=True)
    files = {
        _url(url, name): info.get("size")
        for name, info in found.items()
        if info.get("type") != "directory"
    }
    return [Listed(each, files[each]) for each in sorted(files)]


def sizes_at(urls: Sequence[str]) -> dict[str, int | None]:
    """Bytes of objects, None where nobody says: of the first ASKED of them, as each one costs a
    question.
    """
    asked = urls[:ASKED]
    sizes: dict[str, int | None] = dict.fromkeys(urls)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        sizes |= zip(asked, threads.map(_size_at, asked), strict=True)
    return sizes


def _size_at(url: str) -> int | None:
    try:
        with _asking(url) as (system, path):
            size = system.info(path).get("size")
    except OSError:
        return None
    return size if isinstance(size, int) else None


def opened(url: str) -> BinaryIO:
    """An object as a file that is not buffered, which can seek if the storage can.

    Errors: OSError, with a `strerror` that can be shown.
    """
    with _asking(url) as (system, path):
        if _is_web(url):
            info = system.info(path)
            if not _has_ranges(system, path, info):
                return cast(BinaryIO, _Forward(url, system.open(path, "rb", block_size=0)))
            file = system.open(path, "rb", cache_type="none", size=info["size"])
        else:  # not with a size: s3fs pins the ETag without one
            kinds = {} if scheme_of(url) == "sftp" else {"cache_type": "none", "block_size": RANGE}
            file = system.open(path, "rb", **kinds)
            info = getattr(file, "details", None) or system.info(path)
    if info.get("type") == "directory":
        raise OSError(0, "this is a folder: end it with / for all that lies in it")
    version = _version(url, info)
    ranges = _Ranges(url, file, version)
    return cast(BinaryIO, StoredFile(version, ranges, ranges.close))


class _Ranges:
    """Ranges of one version of an object."""

    def __init__(self, url: str, file: Any, version: Version) -> None:
        self._url, self._file, self._version = url, file, version
        self._is_pinned = "IfMatch" in getattr(file, "read_kw", {})
        self._lock = threading.Lock()

    def __call__(self, begin: int, end: int) -> bytes:
        """See `StoredFile`."""
        with _asking(self._url) as (system, path), self._lock:
            data = self._read(begin, end)
            is_same = self._is_pinned or _version(self._url, system.info(path)) == self._version
        if not is_same:
            raise ReplacedError
        return data

    def _read(self, begin: int, end: int) -> bytes:
        if hasattr(self._file, "readv"):  # of ssh: asks for all pieces at once
            return b"".join(self._file.readv([(begin, end - begin)]))
        self._file.seek(begin)
        data: bytes = self._file.read(end - begin)
        return data

    def close(self) -> None:
        """What was read counts, whatever is said about closing it."""
        with suppress(OSError), _asking(self._url), self._lock:
            self._file.close()


class _Forward(io.RawIOBase):
    """What can only be read from its beginning to its end, as a pipe."""

    def __init__(self, url: str, file: Any) -> None:
        super().__init__()
        self._url, self._file = url, file

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1, /) -> bytes:
        with in_words(self._url):
            data: bytes = self._file.read(count)
        return data

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _has_ranges(system: Any, path: str, info: Mapping[str, Any]) -> bool:
    """Whether a web server gives parts of a file: some send the whole file instead, some do not
    even say how long it is.
    """
    size = info.get("size")
    if not isinstance(size, int) or info.get("partial") is False:
        return False
    if size <= RANGE:  # one range is enough, which begins at the beginning
        return True
    try:
        with system.open(path, "rb", cache_type="none", size=size) as file:
            file.seek(size - 1)
            return len(file.read(1)) == 1
    except ValueError:  # so says fsspec
        return False


def _version(url: str, info: Mapping[str, Any]) -> Version:
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
    return Version(shown(url), tag, int(info["size"]))


def _is_web(url: str) -> bool:
    return scheme_of(url) in ("http", "https")


@contextmanager
def _asking(url: str) -> Iterator[tuple[Any, str]]:
    """The file system of a URL, and the path in it.  Errors: OSError, also for what is done with
    them.
    """
    with in_words(url):
        system, path = _system(url)
        # Threads that share a connection of paramiko take each other's answers, and wait for ever.
        with _TURNS if scheme_of(url) == "sftp" else nullcontext():
            yield system, path


def _system(url: str) -> tuple[Any, str]:
    scheme = scheme_of(url)
    kind = fsspec.get_filesystem_class(scheme)
    if not _is_web(url):
        for character, escape in _ESCAPED.items():
            url = url.replace(escape, character)
    if scheme == "sftp":
        return _over_ssh(kind, url)
    return _made(_ALIASES.get(scheme, scheme), _as_key(kind, url)), kind._strip_protocol(url)


def _over_ssh(kind: Any, url: str) -> tuple[Any, str]:
    """Servers hang up after a while, and workers of a cluster live for long."""
    authority, _, path = url.partition("://")[2].partition("/")
    # The path is none of fsspec's business: it would see a query or a fragment in a name.
    options = (*_as_key(kind, f"sftp://{authority}/"), ("host_key_policy", _known_hosts()))
    made = _made("sftp", options)
    transport = made.client.get_transport()
    if transport is None or not transport.is_active():
        _made.cache_clear()
        made = _made("sftp", options)
    return made, f"/{path}"


def _as_key(kind: Any, url: str) -> tuple[tuple[str, Any], ...]:
    """What a URL says beside the path."""
    return tuple(sorted(kind._get_kwargs_from_urls(url).items()))


@cache
def _made(protocol: str, options: tuple[tuple[str, Any], ...]) -> Any:
    """One for all threads."""
    more = _OPTIONS.get(protocol, {"use_listings_cache": False})
    if protocol == "http":
        more = {**more, "client_kwargs": web_servers.client()}
    return fsspec.filesystem(protocol, skip_instance_cache=True, **more, **dict(options))


@cache
def _known_hosts() -> Any:
    """Only hosts whose key ssh knows: fsspec would believe any key."""
    import os

    import paramiko

    class KnownHosts(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # it has no types
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            known = paramiko.HostKeys()
            for path in ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"):
                if os.path.exists(path := os.path.expanduser(path)):
                    known.load(path)
            if not known.check(hostname, key):
                raise paramiko.SSHException(
                    f"the key of {hostname} is not in ~/.ssh/known_hosts: connect once with sftp"
                )

    return KnownHosts


def _url(given: str, name: str) -> str:
    """The URL of something with this name that was found where `given` was searched."""
    scheme, _, rest = given.partition("://")
    authority = rest.partition("/")[0]
    if _is_web(given):
        scheme, _, name = name.partition("://")
        return f"{scheme}://{_escaped(name, '*[')}"
    name = _escaped(name, _ESCAPED)
    if name.startswith("/"):
        return f"{scheme}://{authority}{name}"
    if "@" in authority:  # container@account: the account must stay
        return f"{scheme}://{authority}/{name.partition('/')[2]}"
    return f"{scheme}://{name}"


def _escaped(name: str, characters: Iterable[str]) -> str:
    for character in characters:
        name = name.replace(character, _ESCAPED[character])
    return name
