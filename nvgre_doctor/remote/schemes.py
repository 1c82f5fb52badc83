"""Which URLs can be read, and what must be installed for them."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Final, NamedTuple

from nvgre_doctor.errors import GivenError
from nvgre_doctor.terminal.urls import is_url, scheme_of, shown


class Extra(NamedTuple):
    """What `pip install "nvgre-doctor[name]"` brings, and the module that shows whether it is
    there.
    """

    name: str
    module: str


_S3: Final = Extra("s3", "s3fs")
_AZURE: Final = Extra("azure", "adlfs")
_GS: Final = Extra("gs", "gcsfs")
_HTTP: Final = Extra("http", "aiohttp")
_SFTP: Final = Extra("sftp", "paramiko")
_FILE: Final = Extra("dask", "fsspec")
SCHEMES: Final = {
    "s3": _S3,
    "s3a": _S3,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "az": _AZURE,
    "gs": _GS,
    "gcs": _GS,
    "http": _HTTP,
    "https": _HTTP,
    "sftp": _SFTP,
    "file": _FILE,
}


class UrlError(GivenError):
    """A URL that cannot be read with what is installed, or not at all."""


def check_urls(paths: Iterable[str]) -> None:
    """Before any work: whether every URL among `paths` can be read.  Errors: UrlError."""
    for path in paths:
        if is_url(path):
            _check(path, scheme_of(path))


def _check(url: str, scheme: str) -> None:
    extra = SCHEMES.get(scheme)
    if extra is None or "::" in url:
        raise UrlError(
            f"{shown(url)} cannot be read: a URL begins with"
            f" {', '.join(f'{name}://' for name in SCHEMES)}"
        )
    if find_spec("fsspec") is None or find_spec(extra.module) is None:
        raise UrlError(f'{scheme}:// needs: pip install "nvgre-doctor[{extra.name}]"')
