"""Storages beside S3, each a real server on loopback: Azurite and OpenSSH.

`tests/remote/needs.sh` installs what is no package of Python.
"""

import base64
import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.needs import need, need_module

HERE = Path(__file__).parent
SECRETS = ("geheim-key-of-azure-blob", "geheim-word-of-nobody")
_AZURE_KEY = base64.b64encode(SECRETS[0].encode()).decode()
_AZURITE = (
    "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck",
    "--blobHost", "127.0.0.1", "--blobPort", "0",
)  # fmt: skip
_PATIENCE = 30.0


class Storage(Protocol):
    """A folder of objects."""

    secrets: tuple[str, ...]  # that it was given, and nothing may show

    def url(self, name: str = "") -> str: ...

    def put(self, name: str, data: bytes) -> str: ...

    def delete(self, name: str) -> None: ...


# --- Azure -------------------------------------------------------------------


class Container:
    """A container of Azurite."""

    secrets = (SECRETS[0], _AZURE_KEY)

    def __init__(self, client: Any) -> None:
        self._client = client

    def url(self, name: str = "") -> str:
        return f"abfs://{self._client.container_name}/site/{name}"

    def put(self, name: str, data: bytes) -> str:
        self._client.upload_blob(f"site/{name}", data, overwrite=True)
        return self.url(name)

    def delete(self, name: str) -> None:
        self._client.delete_blob(f"site/{name}")


@contextmanager
def azure_storage(folder: Path) -> Iterator[Container]:
    need_module("adlfs")
    blob = need_module("azure.storage.blob")
    program = HERE / "node_modules/azurite/dist/src/blob/main.js"
    if not program.exists():
        pytest.skip("azurite is not installed: sh tests/remote/needs.sh")
    with (
        _running(
            [need("node"), str(program), *_AZURITE],
            folder,
            AZURITE_ACCOUNTS=f"lab:{_AZURE_KEY}",
        ) as log,
        pytest.MonkeyPatch.context() as patch,
    ):
        found = _said(log, rb"listens on (http://127\.0\.0\.1:\d+)")
        text = (
            f"DefaultEndpointsProtocol=http;AccountName=lab;AccountKey={_AZURE_KEY};"
            f"BlobEndpoint={found}/lab;"
        )
        patch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
        patch.setenv("no_proxy", "*")
        service = blob.BlobServiceClient.from_connection_string(text)
        yield Container(service.create_container("captures"))


# --- SFTP --------------------------------------------------------------------


class Folder:
    """A folder that sshd serves."""

    secrets = (SECRETS[1],)

    def __init__(self, place: Path, port: int) -> None:
        self._place, self._port = place, port

    def url(self, name: str = "") -> str:
        user = f"{getpass.getuser()}:{SECRETS[1]}@"  # a key opens, so that the word is not needed
        return f"sftp://{user}127.0.0.1:{self._port}{self._place}/{name}"

    def put(self, name: str, data: bytes) -> str:
        path = self._place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return self.url(name)

    def delete(self, name: str) -> None:
        (self._place / name).unlink()


@contextmanager
def sftp_storage(folder: Path) -> Iterator[Folder]:
    """A home with keys of its own is where ssh looks for them."""
    need_module("paramiko")
    need_module("fsspec")
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if sshd is None:
        pytest.skip("sshd is not installed: sh tests/remote/needs.sh")
    port = _free_port()
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True)
    host, user = folder / "host", home / ".ssh/id_ed25519"
    for key in (host, user):
        subprocess.run(
            [need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True
        )
    words = host.with_suffix(".pub").read_text().split()
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {words[0]} {words[1]}\n")
    settings = folder / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {user}.pub\nPasswordAuthentication no\nUsePAM no\n"
        "KbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n"
    )
    if os.getuid() == 0:
        os.makedirs("/run/sshd", 0o755, exist_ok=True)
    place = folder / "served"
    place.mkdir()
    with (
        _running([sshd, "-D", "-e", "-f", str(settings)], folder),
        pytest.MonkeyPatch.context() as patch,
    ):
        _wait_for_port(port)
        patch.setenv("HOME", str(home))
        yield Folder(place, port)


STORAGES = {"abfs": azure_storage, "sftp": sftp_storage}


# --- processes ---------------------------------------------------------------


@contextmanager
def _running(command: list[str], folder: Path, **more: str) -> Iterator[Path]:
    """A server, and where what it says is written."""
    log = folder / "server.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **more},
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _said(log: Path, what: bytes) -> str:
    until = time.monotonic() + _PATIENCE
    while (found := re.search(what, log.read_bytes())) is None:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return found[1].decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < until, f"nothing answers at port {port}"
        time.sleep(0.05)
