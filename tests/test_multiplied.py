"""What a capture can multiply is capped: addresses, ids, oddities, ICMP errors.  The report says
so, and whatever is kept means what it meant.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from random import Random

import pytest

from nvgre_doctor.doctor import diagnose
from nvgre_doctor.evidence import CaptureEvidence, Evidence, limits, sampling
from nvgre_doctor.evidence.limits import LeftOut
from nvgre_doctor.evidence.parts import (
    Net,
    PartKey,
    ends_of,
    halves,
    is_kept,
    source_of,
    unit_key,
)
from nvgre_doctor.evidence.rows import NO_PACKET, frames_of, pack
from nvgre_doctor.report.model import Report
from nvgre_doctor.scan.native import PURE_VARIABLE
from tests import build
from tests.exactly import scan_exactly
from tests.worlds import A, B, Tape, batch, scan_frames, vm

CURRENT, OLD = 0x5B8D8000, 0x005B8D80  # VSID 6000000


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can pass."""
    for name, most in (("HOSTS", 12), ("PAIRS", 20), ("IDS", 9), ("SIGNS", 7), ("ERRORS", 5)):
        monkeypatch.setattr(limits, name, most)


def host(number: int) -> str:
    return f"10.9.{number >> 8}.{number & 255}"


def crowd(dice: Random, hosts: int, frames: int = 400) -> list[build.Frame]:
    """Everything at once: data of many hosts, VM pairs and ids, oddities, refusals."""
    tape = Tape()
    for _ in range(frames):
        one, two = host(dice.randrange(hosts)), host(dice.randrange(hosts))
        if one == two:
            continue
        kind, key = dice.randrange(8), (5000 + dice.randrange(30)) << 8 | dice.randrange(4)
        macs = vm(dice.randrange(6)), vm(10 + dice.randrange(6))
        if kind < 5:
            tape.send(one, two, key, *macs)
        elif kind == 5:
            tape.send(one, two, key, *macs, flags=0x2000 | dice.randrange(8) << 3)
        else:
            quote = Tape().send(two, one, key, *macs)
            tape.error(one, two, quote, (3, dice.choice((4, 10))), dice.randrange(3))
        tape.wait(dice.choice((0, 0, 0, 30)))
    return tape.frames


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 8))]
)
def test_what_is_kept_depends_on_no_order_no_cut_and_no_way_of_counting(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = Random(seed)
    frames = crowd(dice, hosts=dice.choice((6, 13, 16, 60)))
    whole = scan_frames(frames)
    cuts = [0, *sorted(dice.sample(range(1, len(frames)), 4)), len(frames)]
    stretches = [
        scan_frames(frames[begin:end], range(begin + 1, end + 1)) for begin, end in pairwise(cuts)
    ]
    dice.shuffle(stretches)
    assert reduce(add, stretches, CaptureEvidence()) == whole
    assert scan_exactly([batch(frames)]) == whole
    monkeypatch.setenv(PURE_VARIABLE, "1")
    assert scan_frames(frames) == whole


@pytest.mark.usefixtures("few")
def test_captures_that_are_too_much_together_are_limited_alike_in_whatever_order() -> None:
    parts = [Evidence({index: scan_frames(crowd(Random(index), 20, 90))}) for index in range(4)]
    one = reduce(add, parts, Evidence()).limited()
    two = (parts[3] + parts[1] + (parts[2] + parts[0])).limited()
    assert one == two
    assert len({half for ends in directions(one) for half in halves(ends)}) <= 12
    assert len(directions(one)) > 12


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "crowds",
    [
        ((8, 250), (6, 250)),
        ((7, 400), (10, 120)),
        ((10, 120), (7, 400), (8, 250)),
        ((6, 100), (6, 100), (5, 60)),
        ((13, 250), (60, 300)),  # of hosts that are left out no ids are kept
    ],
)
def test_captures_together_keep_what_the_limits_say_and_count_the_rest(
    crowds: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its definition, for several captures that each are limited already."""
    monkeypatch.setattr(sampling, "ALL_UNITS", 100)
    evidence = Evidence(
        {n: scan_frames(crowd(Random(n), *sizes)) for n, sizes in enumerate(crowds)}
    )
    before, after = evidence.captures, evidence.limited().captures
    sent = {ends for capture in before.values() for ends in capture.frames_by_ends()}
    cuts = [limits.first_left_out(sent), *(capture.cut for capture in before.values())]
    cut = min(filter(None, cuts), default=None)
    kept = {ends for ends in sent if cut is None or limits.rank_of(ends) < cut}
    hosts = {half for ends in kept for half in halves(ends)}
    of_all = [unit for capture in before.values() for unit, _ in capture.units()]
    ids = set(limits.beyond({unit for unit in of_all if not is_kept(unit)}, 9))
    signs = {sign for capture in before.values() for sign in capture.signs if sign.source}
    signs = set(limits.beyond(signs, 7))
    errors = set(limits.beyond({one for capture in before.values() for one in capture.icmp}, 5))
    for index, capture in before.items():
        one, frames = after[index], capture.frames_by_ends()
        assert one.cut == cut
        assert one.frames_by_ends() == {ends: n for ends, n in frames.items() if ends in kept}
        assert dict(one.units()) == {
            unit: rows
            for unit, rows in capture.units()
            if (ends_of(unit) in kept if is_kept(unit) else source_of(unit) in hosts)
            and unit not in ids
        }
        assert set(one.signs) == set(capture.signs) - signs
        assert set(one.icmp) == set(capture.icmp) - errors
        assert one.left_out == capture.left_out.plus(
            LeftOut(
                sum(n for ends, n in frames.items() if ends not in kept),
                sum(frames_of(rows) for unit, rows in capture.units() if unit in ids),
                sum(seen.count for sign, seen in capture.signs.items() if sign in signs),
                sum(seen.count for sign, seen in capture.icmp.items() if sign in errors),
            )
        )


def directions(evidence: Evidence) -> set[bytes]:
    return {ends for part in evidence.captures.values() for ends in part.frames_by_ends()}


@pytest.mark.usefixtures("few")
def test_no_more_is_kept_than_the_limits_say_and_every_frame_is_counted() -> None:
    frames = crowd(Random(3), hosts=60, frames=3000)
    evidence = scan_frames(frames)
    units = evidence.units
    assert len({half for ends in units.levels for half in halves(ends)}) <= 12
    assert sum(not is_kept(unit) for unit in units.packed) == 9
    assert sum(bool(sign.source) for sign in evidence.signs) == 7
    assert len(evidence.icmp) == 5
    out = evidence.left_out.plus(units.left_out)
    assert min(out) > 0
    assert evidence.frames == len(frames)
    sent = sum(frame[23:24] == b"\x2f" for _, frame, _ in frames)
    assert evidence.nvgre_frames == sent > 1800
    assert (
        units.unkept_frames.total() + out.frames
        == sum(frames_of(rows) for unit, rows in units.packed.items() if not is_kept(unit))
        + out.frames_of_ids
    )


def fabric(hosts: int, peers: int) -> CaptureEvidence:
    """Every host sends to the next ones, and hears from them."""
    evidence = CaptureEvidence()
    for one in range(hosts):
        for step in range(1, peers + 1):
            two = (one + step) % hosts
            for source, destination in ((one, two), (two, one)):
                macs = destination.to_bytes(6) + source.to_bytes(6)
                ends = build.ip(host(source)), build.ip(host(destination))
                key = PartKey(*ends, 5001, macs, Net.SUBNET, is_sure=True)
                row = (0, 0, 1, 1, 0, 1, 0, 1, bytes(8), 1, 128, 0, *NO_PACKET)
                evidence.units.add([(unit_key(key, 0), pack(b"", [row]))])
    evidence.limit()
    return evidence


@pytest.mark.long
def test_a_network_of_five_thousand_hosts_is_kept_whole() -> None:
    evidence = fabric(hosts=5000, peers=4)
    assert evidence.units.left_out == LeftOut()
    assert len(evidence.folded().sent) == 5000
    assert len(evidence.folded().frames_by_ends()) == 40_000


def report_of(frames: list[build.Frame], path: Path) -> Report:
    path.write_bytes(build.pcap(frames))
    return diagnose(path)


def couples(count: int) -> list[build.Frame]:
    """Hosts that talk in twos; one of four has the old layout."""
    tape = Tape()
    for number in range(0, 2 * count, 2):
        back = OLD if number % 4 else CURRENT
        for vms in range(4):
            for _ in range(2):
                tape.ping(host(number), host(number + 1), CURRENT, back, vm(1 + vms), vm(11 + vms))
    return tape.frames


@pytest.mark.usefixtures("few")
def test_hosts_that_are_kept_are_what_they_are_without_any_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = report_of(couples(30), tmp_path / "a.pcap")
    monkeypatch.undo()
    whole = {host.address: host for host in report_of(couples(30), tmp_path / "a.pcap").hosts}
    assert len(whole) == 60
    assert len(limited.hosts) == 12
    assert {(host.layout, host.confidence) for host in limited.hosts} == {
        ("rfc7637", "proven"),
        ("draft-00", "proven"),
    }
    for kept in limited.hosts:
        other = whole[kept.address]
        assert (kept.layout, kept.confidence) == (other.layout, other.confidence)
        assert (kept.frames_sent, kept.frames_received) == (
            other.frames_sent,
            other.frames_received,
        )


@pytest.mark.usefixtures("few")
def test_the_report_says_what_was_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    monkeypatch.setattr(limits, "IDS", 60)
    report = report_of(couples(30), path)
    (found,) = (one for one in report.findings if one.code == "NVG101")
    frames = 30 * 16 - sum(one.frames_sent for one in report.hosts)
    assert found.message == (
        f"{path}: too much to keep: {frames} frames between other hosts than 12, or other pairs"
        " than 20. They are counted, and not looked at. 480 frames were read."
    )
    assert found.severity == "warning"
    assert found.next_step.startswith("Ask about fewer hosts: capture with a filter such as")
    assert [one.reason for one in report.captures[0].problems] == ["too-much"]
    assert report.captures[0].status == "complete"
    assert report.summary.nvgre_frames == 480


@pytest.mark.usefixtures("few")
def test_ids_oddities_and_errors_that_are_not_kept_are_told_too(tmp_path: Path) -> None:
    report = report_of(crowd(Random(3), hosts=60, frames=3000), tmp_path / "a.pcap")
    (found,) = (one for one in report.findings if one.code == "NVG101")
    for words in (
        "keys of frames with other ids than 9;",
        "unusual frames of other kinds than 7;",
        "ICMP errors that say something else than 5 others. They are counted",
    ):
        assert words in found.message


def test_a_note_says_that_vm_pairs_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "ALL_UNITS", 20)
    tape, path = Tape(), tmp_path / "a.pcap"
    for number in range(1, 41):
        for _ in range(3):
            tape.ping(A, B, CURRENT, CURRENT, vm(number), vm(100 + number))
    report = report_of(tape.frames, path)
    assert report.verdict == "healthy"
    (note,) = report.findings
    unkept = 240 - sum(frames_of(rows) for unit, rows in packed(tape) if is_kept(unit))
    assert (note.code, note.severity) == ("NVG101", "info")
    assert note.message == (
        f"{path}: very many VM pairs: {unkept} frames of others than a sample of each direction"
        " between two hosts count for their hosts and keys, and are not compared."
        " 240 frames were read."
    )
    assert [host.frames_sent for host in report.hosts] == [120, 120]


def packed(tape: Tape) -> Iterable[tuple[bytes, bytes]]:
    return scan_frames(tape.frames).units.packed.items()


def test_nothing_is_said_where_all_is_kept(tmp_path: Path) -> None:
    report = report_of(couples(30), tmp_path / "a.pcap")
    assert [one for one in report.findings if one.code == "NVG101"] == []
