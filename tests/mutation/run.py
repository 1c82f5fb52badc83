"""Mutation testing with mutmut: which small changes of the code does no test notice?

    python -m tests.mutation.run                every mutant: hours on one core
    python -m tests.mutation.run --numbers 9    of each function the mutant number 9: a sample

Needs `pip install mutmut==3.8.1`, which is configured in pyproject.toml.  It works on a copy of the
checkout in a temporary folder, so no mutant can stay behind.  Every survivor must stand in
README.md beside this file, as a diff below the reason why no test kills it; otherwise the run
fails.  A run of every mutant fails for a diff that is of no survivor, too.  With `--least PERCENT`
a run fails only where fewer are killed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.mutation.constants import try_constants

ROOT = Path(__file__).resolve().parent.parent.parent
REPORT = Path(__file__).with_name("README.md")
MUTMUT = Path(sys.executable).with_name("mutmut")
NEEDED = ("pyproject.toml", "nvgre_doctor", "sample_pcaps", "tests")
UNNOTICED = frozenset({0, 33})
"""mutmut records how the tests ended: 0 is that they passed, 33 that there are none; everything
else notices the mutant.
"""

Change = tuple[str, str]
"""Module and function; the lines of a diff that begin with - or +, without their indentation."""


def read_explained(report: str) -> set[Change]:
    """The diffs in the report: a line such as `infer.gathering _merge`, and below it the lines that
    begin with - and +.
    """
    return {
        (place, _squeezed(lines.splitlines()))
        for block in re.findall(r"^```diff\n(.*?)^```$", report, re.MULTILINE | re.DOTALL)
        for place, lines in re.findall(r"^(\w[^\n]*)\n((?:[-+][^\n]*\n)+)", block, re.MULTILINE)
    }


def _squeezed(lines: Iterable[str]) -> str:
    return "\n".join(f"{line[0]} {' '.join(line[1:].split())}" for line in lines)


def mutmut(folder: Path, *arguments: str) -> str:
    """What mutmut says; SystemExit when it fails."""
    try:
        result = subprocess.run(
            [MUTMUT, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        sys.exit("mutmut is not there: pip install mutmut==3.8.1")
    if result.returncode:
        sys.exit(f"mutmut {arguments[0]} failed:\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result.stdout


def try_mutants(folder: Path, numbers: list[int], processes: int) -> dict[str, int]:
    """How the tests of every mutant ended, by its name."""
    mutmut(
        folder, "run", f"--max-children={processes}", *(f"*__mutmut_{number}" for number in numbers)
    )
    records = [json.loads(path.read_bytes()) for path in sorted(folder.glob("mutants/**/*.meta"))]
    found = {name: code for record in records for name, code in record["exit_code_by_key"].items()}
    tried = {name: code for name, code in found.items() if code is not None}
    if len(tried) < len(found) and not numbers:
        sys.exit(f"mutmut stopped: {len(tried)} of {len(found)} mutants were tried")
    return tried


def place_of(name: str) -> str:
    """`nvgre_doctor.infer.host.xǁHostVerdictǁlayout_of__mutmut_3` is in `infer.host
    HostVerdict.layout_of`.
    """
    module, function = name.removeprefix("nvgre_doctor.").rpartition("__mutmut_")[0].rsplit(".", 1)
    return f"{module} {function.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def change_of(folder: Path, name: str) -> Change:
    """What a mutant changes."""
    lines = mutmut(folder, "show", name).splitlines()
    return place_of(name), _squeezed(
        line for line in lines if re.match(r"-(?!--)|\+(?!\+\+)", line)
    )


def main() -> int:
    """Run, tell, judge."""
    parser = argparse.ArgumentParser(description="Mutation testing: see tests/mutation/README.md.")
    parser.add_argument(
        "--numbers", type=int, nargs="+", default=[], help="only these mutants of each function"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count(), help="how many mutants to try at a time"
    )
    parser.add_argument(
        "--least",
        type=float,
        metavar="PERCENT",
        help="fail only if fewer are killed, whether or not the others are explained",
    )
    arguments = parser.parse_args()
    totals: Counter[str] = Counter()
    survivors: list[Change] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(ROOT / name, copy / name)
        for name, code in try_mutants(copy, arguments.numbers, arguments.processes).items():
            totals[place_of(name).split()[0]] += 1
            if code in UNNOTICED:
                survivors.append(change_of(copy, name))
        for module, before, after, is_noticed in () if arguments.numbers else try_constants(copy):
            totals[module] += 1
            if not is_noticed:
                survivors.append((f"{module} (constants)", _squeezed((f"-{before}", f"+{after}"))))
    explained = read_explained(REPORT.read_text("utf-8"))
    unexplained = [change for change in survivors if change not in explained]
    for place, lines in unexplained:
        print(f"survives, and is not explained:\n\n{place}\n{lines}\n")
    stale = set() if arguments.numbers else explained - set(survivors)
    for place, lines in sorted(stale):
        print(f"explained, but does not survive:\n\n{place}\n{lines}\n")
    alive = Counter(place.split()[0] for place, _ in survivors)
    for module, total in sorted(totals.items()):
        print(f"{module:20}{total - alive[module]:6} of {total:4} killed")
    total, numbers = totals.total(), ", ".join(map(str, arguments.numbers))
    print(
        f"mutation score: {total - len(survivors)} of {total} mutants killed,"
        f" {len(survivors) - len(unexplained)} survive and are explained, {len(unexplained)}"
        " are not"
        + (f" (a sample, number {numbers} of each function;" if numbers else " (all;")
        + " see tests/mutation/README.md)"
    )
    if arguments.least is not None:
        return int(total - len(survivors) < arguments.least * total / 100)
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    sys.exit(main())
