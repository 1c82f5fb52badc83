"""A person with a home folder of their own, who runs the real tshark and the real program.

Wireshark treats root differently, so under root tshark runs as the user with the number of
`nobody`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import build
from tests.needs import need

REPOSITORY = Path(__file__).resolve().parents[2]
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Person:
    """Runs programs with `home` as home folder and nothing else of ours in the environment."""

    home: Path

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Any program of the system, as a normal user; `variables` go into its environment."""
        program, *arguments = command
        command = (need(str(program)), *arguments)
        if os.geteuid() == 0:
            return self._run(command, variables, user=NOBODY, group=NOBODY, extra_groups=())
        return self._run(command, variables)

    def nvgre_doctor(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`nvgre-doctor wireshark ...`, as a process."""
        script = "import sys; from nvgre_doctor import cli; "
        script += "cli.COMMANDS.setdefault('wireshark', 'nvgre_doctor.commands.wireshark'); "
        script += "sys.exit(cli.main(['wireshark', *sys.argv[1:]]))"
        command = (sys.executable, "-B", "-c", script, *arguments)
        return self._run(command, {"PYTHONPATH": str(REPOSITORY)} | variables)

    def _run(
        self, command: Sequence[str | Path], variables: dict[str, str], **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            **options,
        )

    def tshark(self, *arguments: str | Path, **variables: str) -> str:
        """What tshark prints; it must succeed and have nothing to complain about."""
        done = self.run(need("tshark"), *arguments, **variables)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def fields(
        self, capture: Path, *names: str, options: Sequence[str | Path] = ()
    ) -> list[tuple[str, ...]]:
        """Fields of every frame as text, several values of one field joined with commas."""
        wanted = [argument for name in names for argument in ("-e", name)]
        lines = self.tshark(*options, "-r", capture, "-T", "fields", *wanted).splitlines()
        return [tuple(line.split("\t")) for line in lines]

    def matches(self, capture: Path, display_filter: str) -> list[int]:
        """The numbers of the frames that a display filter shows."""
        lines = self.tshark(
            "-r", capture, "-Y", display_filter, "-T", "fields", "-e", "frame.number"
        ).split()
        return [int(number) for number in lines]

    def capture(self, *frames: bytes, linktype: int = 1, wire_length: int | None = None) -> Path:
        """Frames as a capture file, one a second, in the person's home folder."""
        timed: list[build.Frame] = [
            (number * 1_000_000_000, frame, max(len(frame), wire_length or 0))
            for number, frame in enumerate(frames, start=1_361_355_247)
        ]
        handle, name = tempfile.mkstemp(suffix=".pcap", dir=self.home)
        with open(handle, "wb") as stream:
            stream.write(build.pcap(timed, linktype=linktype))
        os.chmod(name, 0o644)
        return Path(name)

    @property
    def plugin(self) -> Path:
        """Where the Lua plugin lies on Unix."""
        return self.home / ".local" / "lib" / "wireshark" / "plugins" / "nvgre.lua"

    @property
    def profile(self) -> Path:
        """Where the profile lies on Unix."""
        return self.home / ".config" / "wireshark" / "profiles" / "NVGRE"


@contextmanager
def new_person() -> Iterator[Person]:
    """Somebody with an empty home folder, which is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="nvgre-doctor-test-"))
    try:
        home.chmod(0o755)
        yield Person(home)
    finally:
        shutil.rmtree(home)
