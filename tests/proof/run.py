"""Score the program on many generated worlds, by hand:

    python -m tests.proof.run --worlds 3000 --seed 1 --processes 2

prints the worlds with a wrong proof, and one line of figures.  `--keep FOLDER` keeps their
captures, `--only clones=4 --only clone_ids=near` fixes phenomena (see style.py), `-v` prints every
note.
"""

import argparse
import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.proof.generator import make_world
from tests.proof.score import SERIOUS, Score, judge
from tests.proof.style import Style

LINE = (
    "worlds {worlds}, hosts {hosts}: right proven {right proven} ({proven_share:.1%}), right likely"
    " {right likely} ({right_share:.1%} right), wrong proven {wrong proven}, wrong as A2 or A4 is"
    " broken unseen {wrong, as A2 or A4 is broken unseen}, wrong likely {wrong likely}, unknown"
    " {unknown},"
    " stale {stale} (said so {stale, said so})"
    " | oracle {oracle}, wrong {oracle wrong}, proven {oracle_share:.1%}"
    " | others {others}, blamed {other blamed}, sender wrong {sender wrong}"
    " | pairs right {pairs right}, wrong proven {pairs wrong proven}, wrong likely"
    " {pairs wrong likely}, unknown {pairs unknown}"
    " | refusals {refusals}, flows wrong {refusals wrong} (and {refusals estimated} near), keys"
    " wrong {refused keys wrong}, causes right {causes right}, open {causes open}, wrong"
    " {causes wrong}, other ICMP wrong {other ICMP wrong}"
    " | wrong advice {wrong advice, proven} + {wrong advice, likely}, healthy but wrong"
    " {healthy, but wrong}, probably healthy but old {probably healthy, but old}, hosts made up"
    " {hosts made up}, crashes {crash}"
)


class _Zero(dict[str, Any]):
    def __missing__(self, key: str) -> int:
        return 0


def summary(figures: Counter[str]) -> str:
    """All figures in one line."""
    hosts, right = figures["hosts"] or 1, figures["right proven"] + figures["right likely"]
    shares = {
        "proven_share": figures["right proven"] / hosts,
        "right_share": right / hosts,
        "oracle_share": figures["of the oracle's"] / (figures["oracle"] or 1),
    }
    return LINE.format_map(_Zero({**figures, **shares}))


def score_one(seed: int, fixed: dict[str, Any], keep: Path | None = None) -> tuple[int, Score]:
    """The score of one world, in a folder of its own; kept if something is seriously wrong."""
    world = make_world(seed, **fixed)
    with tempfile.TemporaryDirectory(prefix="world-") as scratch:
        score = judge(world, Path(scratch))
    if keep and score.of(SERIOUS):
        folder = keep / f"world-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        world.write(folder)
        about = [f"seed {seed}", str(world.style), *score.notes]
        (folder / "about.txt").write_text("\n".join(about) + "\n", "utf-8")
    return seed, score


def score_all(
    seeds: Iterable[int], fixed: dict[str, Any], processes: int = 1, keep: Path | None = None
) -> Iterable[tuple[int, Score]]:
    """The scores in the order of the seeds."""
    work = partial(score_one, fixed=fixed, keep=keep)
    if processes == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(work, seeds, chunksize=20)


def differing(style: Style) -> str:
    """The phenomena of a style: where it is not the plainest."""
    plain = Style()._asdict()
    return ", ".join(f"{k}={v}" for k, v in style._asdict().items() if plain[k] != v)


def parse_fixed(texts: Sequence[str]) -> dict[str, Any]:
    """`["clones=4"]` as fields of Style, each with the type of its default."""
    fixed: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        default = Style._field_defaults[name]
        known = {"True": True, "False": False}
        fixed[name] = known[value] if isinstance(default, bool) else type(default)(value)
    return fixed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1, help="the first; the others follow")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the worlds with something serious")
    parser.add_argument("--only", action="append", default=[], metavar="FIELD=VALUE")
    parser.add_argument("-v", action="store_true", help="print every note")
    asked = parser.parse_args()
    fixed = parse_fixed(asked.only)
    figures: Counter[str] = Counter()
    seeds = range(asked.seed, asked.seed + asked.worlds)
    for seed, score in score_all(seeds, fixed, asked.processes, asked.keep):
        figures += score.figures
        shown = score.notes if asked.v else score.of(SERIOUS)
        if shown:
            print(f"seed {seed}: {differing(make_world(seed, **fixed).style)}")
            print("".join(f"    {note}\n" for note in shown), end="", flush=True)
    print(summary(figures))
    return 1 if any(figures[word] for word in SERIOUS) else 0


if __name__ == "__main__":
    raise SystemExit(main())
