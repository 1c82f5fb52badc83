"""Gives the tests file systems of their own, and a C library that fails."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.needs import need

Mount = Callable[..., Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts something on a new folder; unmounted in the end.  Skips only where nobody may mount,
    and says so.
    """
    mounted: list[Path] = []

    def do(name: str, *options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        done = subprocess.run(
            [need("mount"), *options, str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(
                f"THIS FAULT WAS NOT TRIED: mounts are not possible here: {done.stderr.strip()}"
            )
        mounted.append(folder)
        return folder

    yield do
    for folder in reversed(mounted):
        subprocess.run([need("umount"), "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/faults/shim.c, for LD_PRELOAD."""
    if sys.platform != "linux":
        pytest.skip("LD_PRELOAD is of Linux")
    shim = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([need("gcc"), "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return shim
