"""Packs a source distribution anew, in place, so that the same source gives the same bytes: sorted,
with the time of SOURCE_DATE_EPOCH and nobody's name.

    SOURCE_DATE_EPOCH=1700000000 python release/repack_sdist.py dist/nvgre_doctor-1.0.0.tar.gz
"""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def repacked(data: bytes, seconds: int) -> bytes:
    """The same members as another .tar.gz."""
    tape = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as old,
        tarfile.open(fileobj=tape, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.mtime = seconds
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(tape.getvalue(), 9, mtime=seconds)


def main() -> int:
    """Each argument is one."""
    seconds = int(os.environ["SOURCE_DATE_EPOCH"])
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_bytes(repacked(path.read_bytes(), seconds))
        print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
