"""Builds nvgre-doctor.pyz: the program and all that it needs in one file, for Python 3.11 or later.

    python release/build_pyz.py dist/nvgre-doctor-1.0.0.pyz

The dependencies are those of the Python that runs this.  The same ones give the same bytes: entries
are sorted, and their time is SOURCE_DATE_EPOCH, or that of the first release.  What rich would need
to colour source code and to render Markdown is left out; nothing here does either.
"""

import io
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

DEPENDENCIES = ("dpkt", "click", "colorama", "rich")
"""colorama is what click needs on Windows; where it is not installed it is left out."""
ONLY_ON_WINDOWS = "colorama"
PACKAGE = Path(__file__).resolve().parent.parent / "nvgre_doctor"
SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = b"""import sys

if sys.version_info < (3, 11):
    sys.exit("nvgre-doctor needs Python 3.11 or later, and this is " + sys.version.split()[0])

from nvgre_doctor.cli import main

sys.exit(main())
"""
FIRST_RELEASE = 1_795_305_600  # 2026-11-22
LEFT_OUT = {".pyc", ".pyi", ".so", ".pyd", ".c"}


def program() -> Iterator[tuple[str, bytes]]:
    """Name and content of the files of the package, without the extension in C."""
    for path in PACKAGE.rglob("*"):
        if path.is_file() and path.suffix not in LEFT_OUT:
            yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()


def dependency(found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Those of an installed package: its modules, and its name, version and licence."""
    for path in found.files or ():
        name = path.as_posix()
        is_about = ".dist-info/" in name
        if name.startswith(("..", "/")) or path.suffix in LEFT_OUT or "__pycache__" in name:
            continue
        if not is_about or path.name == "METADATA" or "LICENSE" in path.name.upper():
            yield name, Path(str(path.locate())).read_bytes()


def entries() -> dict[str, bytes]:
    """Everything in the file, by name."""
    files = {"__main__.py": MAIN, **dict(program())}
    for name in DEPENDENCIES:
        try:
            found = distribution(name)
        except ModuleNotFoundError:
            if name != ONLY_ON_WINDOWS:
                raise
            continue
        files.update(dependency(found))
    return files


def entry(name: str) -> zipfile.ZipInfo:
    """What an archive says of a file: the same on every system."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", FIRST_RELEASE))
    info = zipfile.ZipInfo(name, time.gmtime(max(seconds, 315_532_800))[:6])  # zip begins in 1980
    info.create_system = 3  # Unix, whatever this is
    info.external_attr = 0o100644 << 16
    return info


def build() -> bytes:
    """The whole file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(entries().items()):
            archive.writestr(entry(name), data, zipfile.ZIP_DEFLATED, 9)
    return SHEBANG + out.getvalue()


def main() -> int:
    """Write it where the first argument says."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(build())
    target.chmod(0o755)
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
