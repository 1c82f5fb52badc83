"""One run of the benchmark: the captures it needs, and the program on them.

Knows how captures are made and how the program is called; must not know what is compared with what.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import ROOT, Command, CommandError, python, run

COUNT_FRAMES = "import json, sys; print(json.load(open(sys.argv[1]))['summary']['frames'])"


@dataclass(frozen=True, slots=True)
class Bench:
    """How much is measured, and where the captures lie."""

    folder: Path
    keep: bool
    frames: int
    rounds: int
    peers_rounds: int

    @contextmanager
    def capture(
        self,
        profile: str,
        encapsulation: str = "ethernet",
        suffix: str = "pcap",
        times: float = 1,
        seed: int = 1,
        snap: int = 0,
    ) -> Iterator[Path]:
        """A capture of `times` * `frames` frames, written unless it is there, and gone afterwards
        unless it is kept.
        """
        frames = int(times * self.frames)
        cut = f"-{snap}" if snap else ""
        path = self.folder / f"{profile}-{encapsulation}-{frames}-{seed}{cut}.{suffix}"
        existed = path.exists()
        if not existed:
            say(f"writing {path.name}")
            partial = path.with_stem("partial")
            options = (
                f"--frames={frames}",
                f"--encapsulation={encapsulation}",
                f"--seed={seed}",
                f"--snap={snap}",
                f"--output={partial}",
            )
            subprocess.run(
                python("-m", "tests.benchmarks.profiles", profile, *options), cwd=ROOT, check=True
            )
            with partial.open("rb") as file:
                os.fsync(
                    file.fileno()
                )  # or the disk would still be busy with it while others are timed
            partial.rename(path)
        yield path
        if not existed and not self.keep:
            path.unlink()

    @contextmanager
    def trace(self, kind: str, capture: Path) -> Iterator[Path]:
        """An event trace with the frames of a capture."""
        path = self.folder / f"{kind}-{capture.stem}.etl"
        say(f"writing {path.name}")
        options = (kind, capture, "--output", path)
        subprocess.run(python("-m", "tests.benchmarks.traces", *options), cwd=ROOT, check=True)
        yield path
        path.unlink()

    @contextmanager
    def many_hosts(self, shape: str, count: int) -> Iterator[Path]:
        """A capture of few frames between very many hosts."""
        path = self.folder / f"{shape}-{count}.pcap"
        say(f"writing {path.name}")
        options = (shape, str(count), "--output", path)
        subprocess.run(python("-m", "tests.benchmarks.many_hosts", *options), cwd=ROOT, check=True)
        yield path
        path.unlink()

    def doctor(
        self, *captures: Path, jobs: int = 1, report: str = "json", pure: bool = False
    ) -> Command:
        """The program on these captures; `pure` without its C extension."""
        options = (
            "check",
            "--format",
            report,
            "-o",
            self.folder / "report.out",
            "--jobs",
            str(jobs),
        )
        command = python("-m", "nvgre_doctor", *options, *captures)
        # What is installed is compiled once; a shell that forbids that would add 0.3 s to each run.
        environment = ("env", "-u", "PYTHONDONTWRITEBYTECODE", f"NVGRE_DOCTOR_PURE={int(pure)}")
        return Command((*environment, *command), frozenset({0, 1}))

    def check_answer(self, command: Command, frames: int) -> None:
        """Run it once and see that it read every frame: a wrong answer is not worth timing."""
        run(command)
        told = subprocess.run(
            python("-c", COUNT_FRAMES, self.folder / "report.out"),
            capture_output=True,
            text=True,
            check=True,
        )
        if told.stdout.strip() != str(frames):
            raise CommandError(
                f"{' '.join(command.arguments)}\nread {told.stdout.strip()} of {frames} frames"
            )


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)
