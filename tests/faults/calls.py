"""Runs commands with one call of the C library failing, for each call and each number of calls, and
prints what became of each as a line of JSON: `python -m tests.faults.calls FOLDER`.

Must be started with tests/faults/shim.c in LD_PRELOAD.  One process does all of it, because a call
fails some hundred times.
"""

import ctypes
import errno
import gzip
import json
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from nvgre_doctor.scan import files
from tests.faults import captures
from tests.program import MISMATCH, UPDATED, run

CALLS: Final = (
    *("read", "lseek", "close", "fstat", "stat", "lstat", "open"),
    *("write", "fsync", "fchmod", "rename"),
)
COMMANDS: Final = {
    "archives": ["a.zip", "b.tar.gz", "-f", "json"],
    "one": ["one.pcapng", "updated.pcapng", "-f", "json"],
    "compressed": ["healthy.pcap.gz", "-f", "json"],
    "threads": ["large.pcap", "--jobs", "2", "-f", "json"],
    "folder": [".", "-f", "json"],
    "files": ["one.pcapng", "--config", "c.toml", "--baseline", "accepted.json", "-f", "json"],
    "outputs": ["one.pcapng", "-o", "old.json", "-o", "new.json", "-f", "json"],
    "baseline": ["one.pcapng", "--write-baseline", "new.json", "-f", "json"],
    "annotate": ["annotate", "one.pcapng", "-o", "new.pcapng"],
    "convert": ["convert", "old.json", "-o", "new.json", "-f", "json"],
    "info": ["info", "one.pcapng", "updated.pcapng", "-f", "json"],
    "filter": ["filter", "one.pcapng"],
}
ERRORS: Final = ((errno.ESTALE, False), (errno.EIO, True))
"""Once and never again, and each time from then on."""


def make_inputs(folder: Path) -> None:
    shutil.copy(MISMATCH, folder / "one.pcapng")
    shutil.copy(UPDATED, folder / "updated.pcapng")
    (folder / "healthy.pcap.gz").write_bytes(gzip.compress(captures.healthy(200)))
    (folder / "large.pcap").write_bytes(captures.healthy(1000))
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.write(folder / "one.pcapng", "one.pcapng")
        pack.write(folder / "updated.pcapng", "two.pcapng")
    with tarfile.open(folder / "b.tar.gz", "w:gz") as archive:
        archive.add(folder / "updated.pcapng", "three.pcapng")
    (folder / "vms.csv").write_text("VirtualSubnetID\n5001\n")
    (folder / "c.toml").write_text('inventory = "vms.csv"\n')
    run("one.pcapng", "-o", "old.json", cwd=folder)
    run("one.pcapng", "-q", "--write-baseline", "accepted.json", cwd=folder)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().hex() for path in sorted(folder.iterdir())}


def attempts(folder: Path) -> Iterator[dict[str, Any]]:
    shim = ctypes.CDLL(None)
    work, inputs = folder / "work", folder / "inputs"
    inputs.mkdir()
    make_inputs(inputs)
    for name, command in COMMANDS.items():
        # Of a folder each file is opened twice, and each call on it fails by itself.
        errors = ERRORS[:1] if name in ("folder", "archives", "files") else ERRORS
        for call, (error, stays) in ((call, error) for call in ("", *CALLS) for error in errors):
            nth, has_failed = 0, True
            while has_failed:
                nth += 1
                shutil.copytree(inputs, work)
                shim.fault_set(call.encode(), os.fsencode(work), nth, error, stays)
                done = run(*command, cwd=work)
                has_failed = shim.fault_fired() > 0
                shim.fault_set(b"", b"", 0, 0, 0)
                yield {
                    "command": name,
                    "call": call,
                    "fault": f"{errno.errorcode[error]} {'from' if stays else 'at'} {nth}",
                    "has_failed": has_failed,
                    "code": done.returncode,
                    "stdout": done.stdout.decode(),
                    "stderr": done.stderr.decode(),
                    "contents": contents(work),
                }
                shutil.rmtree(work)


if __name__ == "__main__":
    files.WORTH_A_THREAD = 1 << 12  # type: ignore[misc]  # threads for small captures too
    for attempt in attempts(Path(sys.argv[1])):
        print(json.dumps(attempt))
