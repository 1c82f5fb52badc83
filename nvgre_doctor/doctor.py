"""The whole way from captures to a Report: read, scan, infer, apply the rules.  The public function
is `diagnose`.
"""

import os
from collections.abc import Iterable, Mapping

from nvgre_doctor.capture import expand
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.captures import NOTHING_DECODABLE, Capture
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.cut_quotes import decide_cut_quotes
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.known.expectations import parse_expected, parse_hosts
from nvgre_doctor.known.inventory import Inventory, read_inventory
from nvgre_doctor.report.assemble import assemble
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules import find_all, select_codes
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.scan.files import CaptureRead, ProgressCallback, read_captures
from nvgre_doctor.vocabulary import Oddity

Path = str | os.PathLike[str]

_UNDECODABLE = (Oddity.LINKTYPE, Oddity.TRUNCATED, Oddity.MALFORMED)


def diagnose(
    captures: Iterable[Path],
    *,
    vsids: Iterable[int] = (),
    inventory: Path | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    expect: Mapping[str, str] | None = None,
    not_nvgre: Iterable[str] = (),
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Report:
    """Diagnose captures together: evidence of all of them is merged first, verdicts come after.

    `captures` are paths of files or directories, "-" for standard input.  `vsids` and `inventory`
    (a CSV export of Get-NetVirtualizationLookupRecord) are what you know.  `select` and `ignore`
    are prefixes of finding codes. `expect` says which layout a host is meant to speak
    (`{"10.0.0.7": "draft-00"}`; addresses or networks, "draft-00" or "rfc7637"): then NVG201,
    NVG301 and NVG302 about an old host that is meant to be old are notes, and NVG205 says where it
    is otherwise. `not_nvgre` names addresses and networks whose GRE is no NVGRE: it is counted, and
    says nothing. `jobs` is how many processes may read; the report is the same with any number. A
    capture that cannot be read never raises: the report says so.  Raises inventory.InventoryError,
    rules.UnknownCodeError and addresses.AddressError, all ValueErrors.
    """
    selected = select_codes(select, ignore)
    situation = examine(
        captures,
        vsids=vsids,
        inventory=inventory,
        expect=expect,
        not_nvgre=not_nvgre,
        jobs=jobs,
        progress=progress,
    )
    return assemble(situation, find_all(situation), selected)


def examine(
    captures: Iterable[Path],
    *,
    vsids: Iterable[int] = (),
    inventory: Path | None = None,
    expect: Mapping[str, str] | None = None,
    not_nvgre: Iterable[str] = (),
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Situation:
    """Everything that `diagnose` finds out before it applies the rules; parameters and errors as
    there.
    """
    expected, other_hosts = parse_expected(expect or {}), parse_hosts(not_nvgre)
    known = (read_inventory(inventory) if inventory is not None else Inventory()).with_vsids(vsids)
    paths = expand([os.fspath(path) for path in captures])
    reads = read_captures(paths, jobs, progress)
    evidence = decide_cut_quotes(
        Evidence({index: read.evidence for index, read in enumerate(reads)})
    )
    described = tuple(_describe(read) for read in reads)
    if other_hosts:
        evidence = leave_out(evidence, other_hosts)
    return Situation(described, evidence, infer(evidence, known), known, expected)


def _describe(read: CaptureRead) -> Capture:
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
    )


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
