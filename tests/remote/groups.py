"""Groups of captures, drawn at random with options that fit, and engines that read and merge them
in random trees: the report must be that of one process.

    NVGRE_DOCTOR_CASES=FOLDER python -m tests.remote.groups --groups 600 --workers 1 2 4 --kills 20

asks clusters of real processes about so many groups, and kills a worker at random moments.  The
captures are the samples and, where they are, those with known truth.
"""

import argparse
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from nvgre_doctor import diagnose
from nvgre_doctor.engines import Result, Task, Tell
from nvgre_doctor.report.to_json import to_json
from tests.program import PROGRAM, SAMPLES, environment
from tests.remote.fleet import fleet, kill

_NO_CAPTURES = {".json", ".md", ".tsv", ".txt", ".py"}
_INVENTORY = "VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n6001,192.168.50.2\n"


def captures(cases: Path | None = None) -> list[Path]:
    """The samples, and all captures of a folder."""
    found = sorted(SAMPLES.glob("*.pcap*"))
    if cases is not None:
        found += [
            path
            for path in sorted(cases.rglob("*"))
            if path.is_file() and path.suffix not in _NO_CAPTURES
        ]
    return found


class Group(NamedTuple):
    """Captures, and what is asked about them."""

    paths: list[Path]
    options: dict[str, Any]

    @property
    def urls(self) -> list[str]:
        """The captures as URLs."""
        return [f"file://{path}" for path in self.paths]

    def report(self, paths: Sequence[str], **more: Any) -> str:
        """As JSON."""
        return to_json(diagnose(paths, **self.options, **more))


def draw(dice: random.Random, of: Sequence[Path], folder: Path) -> Group:
    """2 to 20 captures, some of them twice, some of them cut, with the options of one user."""
    paths = []
    for number in range(dice.randint(2, 20)):
        source = dice.choice(of)
        data = source.read_bytes()
        if dice.random() < 0.3:
            data = data[: dice.randrange(len(data) + 1)]
        path = folder / f"{number:02}-{source.name}"
        path.write_bytes(data)
        paths.append(path)
    (folder / "lookup.csv").write_text(_INVENTORY)
    every: dict[str, Any] = {
        "vsids": [5001, 6001],
        "inventory": str(folder / "lookup.csv"),
        "expect": {"192.168.50.2": "draft-00"},
        "not_nvgre": ["192.168.50.3", "192.0.2.0/24"],
    }
    return Group(paths, {name: value for name, value in every.items() if dice.random() < 0.3})


class Trees:
    """An engine that does tasks in random order, and merges in random trees what was pickled, as
    if it came from somewhere else.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def fold(
        self,
        tasks: Sequence[Task],
        work: Callable[[Task, Tell], Result],
        merge: Callable[[Iterable[Result]], Result],
        tell: Tell,
    ) -> Result:
        """See `Engine`."""
        dice = self._dice
        order = dice.sample(tasks, len(tasks))
        parts = [_sent(merge([work(task, tell)])) for task in order]
        while len(parts) > 1:
            some = [parts.pop() for _ in range(min(len(parts), dice.randint(2, 4)))]
            parts.insert(dice.randrange(len(parts) + 1), _sent(merge(some)))
        return parts[0] if parts else merge([])


def _sent(result: Result) -> Result:
    found: Result = pickle.loads(pickle.dumps(result, 5))
    return found


# --- by hand -----------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="See the module's text.")
    parser.add_argument("--groups", type=int, default=600)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    named = os.environ.get("NVGRE_DOCTOR_CASES")
    of = captures(Path(named) if named else None)
    with tempfile.TemporaryDirectory() as folder:
        wrong = ask_groups(Path(folder), options.groups, options.workers, options.seed, of)
        lost = kill_workers(Path(folder), options.kills, options.seed, of)
    return 1 if wrong or lost else 0


def ask_groups(
    folder: Path, count: int, workers: Sequence[int], seed: int, of: Sequence[Path]
) -> int:
    """How many groups have another report where a cluster reads them."""
    from nvgre_doctor.engines import cluster

    wrong = read = 0
    with ExitStack() as stack:
        fleets = [stack.enter_context(fleet(folder / f"logs-{n}", n)) for n in workers]
        for number in range(count):
            dice = random.Random(f"{seed} {number}")
            cluster.INPUTS = dice.randint(2, 8)  # type: ignore[misc]
            cluster.BATCH_TASKS = dice.randint(1, 8)  # type: ignore[misc]
            place = folder / f"group-{number}"
            place.mkdir()
            group = draw(dice, of, place)
            read += len(group.paths)
            asked = fleets[number % len(fleets)].address
            if group.report(group.urls) != group.report(group.urls, scheduler=asked):
                wrong += 1
                print(f"DIFFERENT: group {number} of seed {seed}", flush=True)
    print(
        f"{count} groups of {read} captures, drawn from {len(of)}, read by"
        f" {', '.join(map(str, workers))} workers: {wrong} reports differ",
        flush=True,
    )
    return wrong


def kill_workers(folder: Path, kills: int, seed: int, of: Sequence[Path]) -> int:
    """How many runs say something else, or nothing, where a worker is killed on their way."""
    if not kills:
        return 0
    urls = [f"file://{path}" for path in of] * 8
    dice = random.Random(seed)
    wrong = 0
    with fleet(folder / "logs-kills", 2) as running:
        begin = time.monotonic()
        expected = _ask(urls, running.address).communicate()
        whole = time.monotonic() - begin
        for _ in range(kills):
            pids = running.wait(2)
            process = _ask(urls, running.address)
            time.sleep(dice.uniform(0.2, 0.95) * whole)
            kill(dice.choice(pids))
            wrong += process.communicate(timeout=300) != expected
    print(f"{kills} runs of {whole:.1f} s with a killed worker: {wrong} differ")
    return wrong


def _ask(urls: Sequence[str], address: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*PROGRAM, "check", "-f", "json", *urls, "--scheduler", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


if __name__ == "__main__":
    sys.exit(main())
