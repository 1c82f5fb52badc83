"""Somebody who tries what the documentation says, on a terminal of 100 columns."""

import os
import re
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nvgre_doctor.errors import Exit
from tests.program import environment
from tests.wireshark.person import Person, need

COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """A person, in a folder with the files that the pages speak of."""

    person: Person
    binaries: Path

    @property
    def folder(self) -> Path:
        return self.person.home

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in environment().items() if not name.startswith("XDG_")}
        path = f"{self.binaries}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "PATH": path, "HOME": str(self.folder), "NO_COLOR": "1"}

    def run(self, line: str) -> str:
        """Run one line in bash and return what it prints.  What ends with 2 or more does not belong
        into a page.
        """
        if line.startswith("tshark "):
            need("tshark")
            done = self.person.run("bash", "-c", line)
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout
        process, leader = self._start(line)
        printed = b"".join(_until_closed(leader)).decode("utf-8").replace("\r\n", "\n")
        assert process.wait(60) in (Exit.OK, Exit.FINDINGS), printed
        for name in re.findall(r" -o (?:\w+=)?([^\s=]+)| --write-baseline (\S+)", line):
            assert (self.folder / "".join(name)).stat().st_size > 0
        return printed

    def _start(self, line: str) -> tuple["subprocess.Popen[bytes]", int]:
        import fcntl  # not on Windows
        import pty
        import termios

        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        process = subprocess.Popen(
            [need("bash"), "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        return process, leader


def _until_closed(leader: int) -> Iterator[bytes]:
    try:
        while data := os.read(leader, 65536):
            yield data
    except OSError:  # Linux says so when the last one who could write is gone
        pass
    finally:
        os.close(leader)
