"""Files for what reads only files."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="nvgre-doctor-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def file(name: str, data: bytes) -> str:
    """A file of this name; always the same one."""
    path = _folder() / name
    path.unlink(missing_ok=True)  # some file systems wait for the disk when a file is truncated
    path.write_bytes(data)
    return str(path)
