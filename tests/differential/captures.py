"""Captures that nobody here wrote, each read by nvgre_doctor and dissected by tshark.

The folders come from the environment: NVGRE_DOCTOR_CORPUS (with its index.tsv, which says what
tshark 4.0 made of each file) and NVGRE_DOCTOR_CASES.  One tshark per file would take minutes, so
all that can be merged is merged.
"""

import csv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.batch import NO_TIME
from nvgre_doctor.vocabulary import Status
from tests.differential.tshark import Row, can_merge, dissect, merge


@dataclass(frozen=True)
class Frame:
    """One frame as nvgre_doctor reads it."""

    number: int
    ts_ns: int | None
    wire_length: int
    linktype: int
    data: bytes


@dataclass(frozen=True)
class Seen:
    """One capture, seen by both."""

    path: Path
    said: str  # by tshark about the file; nothing where mergecap read it whole
    status: Status
    numbered: int
    frames: dict[int, Frame]  # by number
    rows: dict[int, Row]  # of tshark, by number, packets only


def corpus_index(folder: Path) -> list[dict[str, str]]:
    """The lines of index.tsv about pcap and pcapng files."""
    with open(folder / "index.tsv", encoding="utf-8", newline="") as table:
        return [
            row
            for row in csv.DictReader(table, delimiter="\t")
            if row["kind"] in ("pcap", "pcapng")
        ]


def see_corpus(folder: Path, scratch: Path) -> Iterator[Seen]:
    """Every pcap and pcapng file of the corpus."""
    merged, alone = [], []
    for row in corpus_index(folder):
        # mergecap can neither mix all encapsulations nor keep blocks that only take a number.
        (merged if row["tshark_rc"] == "0" and row["encap_ids"].isdigit() else alone).append(row)
    counts = [int(row["tshark_packets"]) for row in merged]
    paths = [folder / row["file"] for row in merged]
    yield from _see_merged(paths, counts, scratch / "corpus.pcapng")
    yield from _see_alone([folder / row["file"] for row in alone])


def case_paths(folder: Path) -> list[Path]:
    """The captures of the cases."""
    return sorted(path for path in folder.rglob("*") if {".pcap", ".pcapng"} & set(path.suffixes))


def see_cases(folder: Path, scratch: Path) -> Iterator[Seen]:
    """Every capture of the cases.  What mergecap reads is merged; the others are dissected
    alone.
    """
    merged, alone = _mergeable(case_paths(folder), scratch / "attempt.pcapng")
    counts = [read_capture(path)[2] for path in merged]
    yield from _see_merged(merged, counts, scratch / "cases.pcapng")
    yield from _see_alone(alone)


def _mergeable(paths: Sequence[Path], attempt: Path) -> tuple[list[Path], list[Path]]:
    """Those that mergecap reads whole, and those that it refuses, found by halving."""
    if can_merge(paths, attempt):
        return list(paths), []
    if len(paths) == 1:
        return [], list(paths)
    middle = len(paths) // 2
    first, second = _mergeable(paths[:middle], attempt), _mergeable(paths[middle:], attempt)
    return first[0] + second[0], first[1] + second[1]


def _see_merged(paths: Sequence[Path], counts: Sequence[int], merged: Path) -> Iterator[Seen]:
    merge(paths, merged)
    rows, _ = dissect(merged)
    assert len(rows) == sum(counts)
    at = 0
    for path, count in zip(paths, counts, strict=True):
        ours = [replace(row, number=row.number - at) for row in rows[at : at + count]]
        yield _seen(path, "", ours)
        at += count


def _see_alone(paths: Sequence[Path]) -> Iterator[Seen]:
    with ThreadPoolExecutor() as pool:
        for path, (rows, said) in zip(paths, pool.map(dissect, paths), strict=True):
            yield _seen(path, said, rows)


def _seen(path: Path, said: str, rows: Sequence[Row]) -> Seen:
    status, frames, numbered = read_capture(path)
    return Seen(
        path, said, status, numbered, frames, {row.number: row for row in rows if row.is_packet}
    )


def read_capture(path: Path) -> tuple[Status, dict[int, Frame], int]:
    """How far it could be read, its frames by number, and how many numbers were used."""
    frames = {}
    with open_capture(path) as capture:
        for batch in capture.batches():
            for i, number in enumerate(batch.numbers):
                time = batch.ts_ns(i)
                ts_ns = None if time == NO_TIME else time
                frames[number] = Frame(
                    number, ts_ns, batch.wire_length(i), batch.linktype, batch.frame(i)
                )
        assert capture.progress.frames == len(frames)
        return capture.progress.status, frames, capture.progress.numbered
