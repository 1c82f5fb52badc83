"""The whole way from captures to a Report: read, scan, infer, apply the rules.  The public function
is `diagnose`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from nvgre_doctor.capture import NO_TIME, archives_kept, find
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.capture.searching import Found
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.captures import NOTHING_DECODABLE, SAMPLED, TOO_MUCH, Capture
from nvgre_doctor.evidence.folded import FoldedCapture
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.hearsay import settle_errors
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.known.expectations import NetworkTable, parse_expected, parse_hosts
from nvgre_doctor.known.inventory import Inventory, read_inventory
from nvgre_doctor.report.assemble import assemble
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.registry import find_all, select_codes
from nvgre_doctor.scan.files import CaptureRead, Meter, ProgressCallback, sizes_of
from nvgre_doctor.scan.folding import Folded, Stored, fold_captures
from nvgre_doctor.settings.keys import to_options
from nvgre_doctor.settings.options import Options
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.vocabulary import Layout, Oddity, Status
from nvgre_doctor.wording import left_out_words, sampled_words

Path = str | bytes | os.PathLike[str]

_UNDECODABLE = (Oddity.LINKTYPE, Oddity.TRUNCATED, Oddity.MALFORMED)


def diagnose(
    captures: Path | Iterable[Path],
    options: Options | None = None,
    *,
    progress: ProgressCallback | None = None,
    interruption: Interruption | None = None,
    **given: object,
) -> Report:
    """Diagnose captures together: evidence of all of them is merged first, verdicts come after.

    `captures` is a path, or several: files or directories, "-" for standard input.  What else is
    asked for comes as `options`, or by the names of their fields:
    `diagnose("lab.pcapng", vsids=[5001], select="NVG3")`.
    A capture that cannot be read never raises: the report says so.  After an `interruption` it is
    about what was read before.  Raises ValueErrors for options
    that cannot be used (settings.keys.SettingError) and for an inventory that cannot
    (known.inventory.InventoryError).
    """
    if options is None:
        options = to_options(**given)
    elif given:
        raise TypeError(f"give options or {', '.join(given)}, not both")
    select_codes(options.select)  # before anything is read
    paths = [captures] if isinstance(captures, str | bytes | os.PathLike) else captures
    return report_of(examine(paths, options, progress, interruption), options)


def diagnose_each(
    captures: Path | Iterable[Path],
    options: Options | None = None,
    *,
    progress: ProgressCallback | None = None,
    interruption: Interruption | None = None,
    **given: object,
) -> Iterator[Report]:
    """Diagnose every capture by itself: captures that have nothing to do with each other.

    As `diagnose`, with a report for each capture of folders and patterns, in order; nothing more is
    opened after an `interruption`.
    """
    if options is None:
        options = to_options(**given)
    paths = [captures] if isinstance(captures, str | bytes | os.PathLike) else captures
    found = find([os.fsdecode(path) for path in paths])
    elsewhere: dict[int, Report] = {}
    if options.scheduler is not None:
        elsewhere = _each_elsewhere(found, options, progress, interruption)
    with archives_kept():
        for index, one in enumerate(found):
            report = elsewhere.get(index) or diagnose(
                one.path, options, progress=progress, interruption=interruption
            )
            yield report
            if interruption is not None and interruption.is_asked:
                was_read = all(each.status != Status.INTERRUPTED for each in report.captures)
                if index not in elsewhere or not was_read:
                    return


def _each_elsewhere(
    found: Sequence[Found],
    options: Options,
    progress: ProgressCallback | None,
    interruption: Interruption | None,
) -> dict[int, Report]:
    """Reports about what lies behind URLs, made by the workers of a cluster."""
    sizes = sizes_of(found)
    stored = [
        Stored(index, path, size)
        for index, ((path, _), size) in enumerate(zip(found, sizes, strict=True))
        if is_url(path)
    ]
    if not stored:
        return {}
    from nvgre_doctor.scan.fleet import fold_each  # only for clusters

    there = replace(options, scheduler=None, jobs=1, inventory=None)
    answer = partial(_answered, there, hear(options))
    meter = Meter(progress, sum(one.size or 0 for one in stored))
    return fold_each(options.scheduler or "", stored, describe, answer, meter.add, interruption)


def _answered(options: Options, told: "Told", folded: Folded) -> Report:
    """The report about one capture."""
    return report_of(_situation(folded, 1, told), options)


def examine(
    captures: Iterable[Path],
    options: Options,
    progress: ProgressCallback | None = None,
    interruption: Interruption | None = None,
) -> Situation:
    """Everything that `diagnose` finds out before it applies the rules; errors as there."""
    told = hear(options)
    found = find([os.fsdecode(path) for path in captures])
    jobs, scheduler = options.jobs or 1, options.scheduler
    folded = fold_captures(found, jobs, describe, progress, interruption, scheduler)
    return _situation(folded, len(found), told)


def _situation(folded: Folded, count: int, told: "Told") -> Situation:
    """What so many captures mean."""
    described = tuple([folded.captures[index] for index in range(count)])
    situation = judge(described, folded.evidence, told)
    kept = situation.evidence.captures
    limited = [with_limits(one, kept[index]) for index, one in enumerate(described)]
    return situation._replace(captures=tuple(limited))


class Told(NamedTuple):
    """What the user tells about the network."""

    known: Inventory
    expected: NetworkTable[Layout]
    not_nvgre: NetworkTable[bool]


def hear(options: Options) -> Told:
    """What `options` tell, with the inventory that they name; errors as in `diagnose`."""
    expected, other_hosts = parse_expected(options.expect), parse_hosts(options.not_nvgre)
    known = read_inventory(options.inventory) if options.inventory is not None else Inventory()
    known = known.with_vsids(options.vsids)._replace(is_complete=options.vsid_complete)
    return Told(known, expected, other_hosts)


def judge(captures: tuple[Capture, ...], evidence: Evidence, told: Told) -> Situation:
    """What the evidence of these captures means, by their indexes."""
    evidence = settle_errors(evidence.limited())
    if told.not_nvgre:
        evidence = leave_out(evidence, told.not_nvgre)
    return Situation(captures, evidence, infer(evidence, told.known), told.known, told.expected)


def report_of(situation: Situation, options: Options) -> Report:
    """The rules applied, and the report of what they find."""
    selected = select_codes(options.select)
    report = assemble(situation, find_all(situation), selected, options.ignore)
    return report._replace(configuration=options.file_elsewhere)


def describe(read: CaptureRead) -> Capture:
    """What a report says of one input."""
    found = read.progress
    problems = [Problem(p.reason, p.offset, p.message) for p in found.problems]
    return Capture(
        read.path,
        read.format,
        read.compression,
        found.status,
        found.frames,
        found.bytes_read,
        read.evidence.nvgre_frames,
        (*problems, *_nothing_decodable(read.path, read.evidence)),
        None if found.first_ts_ns == NO_TIME else found.first_ts_ns,
        None if found.last_ts_ns == NO_TIME else found.last_ts_ns,
        found.losses,
    )


def with_limits(capture: Capture, part: FoldedCapture) -> Capture:
    """The same, saying how far it was too much to keep, or to compare."""
    left_out = left_out_words(part.left_out)
    sampled = sampled_words(sum(frames for _, frames in part.unkept_frames))
    told = [
        Problem(reason, 0, f"{capture.path}: {words}.")
        for reason, words in ((TOO_MUCH, left_out), (SAMPLED, sampled))
        if words
    ]
    return capture._replace(problems=(*capture.problems, *told)) if told else capture


def _nothing_decodable(path: str, part: CaptureEvidence) -> Iterable[Problem]:
    undecodable = {sign: seen for sign, seen in part.signs.items() if sign.oddity in _UNDECODABLE}
    if part.frames and sum(seen.count for seen in undecodable.values()) == part.frames:
        linktypes = sorted({sign.detail for sign in undecodable if sign.oddity is Oddity.LINKTYPE})
        why = (
            f"link type {', '.join(map(str, linktypes))} is not supported"
            if linktypes
            else "they are cut or malformed"
        )
        yield Problem(
            NOTHING_DECODABLE, 0, f"{path}: none of its {part.frames} frames can be decoded: {why}."
        )
