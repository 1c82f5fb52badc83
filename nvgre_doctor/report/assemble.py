"""A Diagnosis and its findings become a Report: names instead of bytes, the verdict, the headline
and the counts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from nvgre_doctor import __version__
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import PairFacts, RefusalFacts
from nvgre_doctor.infer.gathering import by_source
from nvgre_doctor.infer.hearsay import count_other_prohibited
from nvgre_doctor.infer.host import HostVerdict, Reason
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.known.ignored import Ignore, ignores_of
from nvgre_doctor.report.expected import expectation_of, tell_as_expected
from nvgre_doctor.report.headline import headline_of, suspicion_of
from nvgre_doctor.report.model import (
    EvidenceItem,
    Host,
    Ignored,
    LayoutChange,
    LayoutSpan,
    Pair,
    Refusal,
    Report,
    Segment,
    Summary,
)
from nvgre_doctor.report.verdict import verdict_of
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding, frame_ref, frame_refs
from nvgre_doctor.rules.registry import worst_first
from nvgre_doctor.statements import network_id, statement
from nvgre_doctor.vocabulary import Confidence, Kind, Layout, PairVerdict, Severity
from nvgre_doctor.wording import address_text

FRAMES_SHOWN: Final = 4
"""Example frames of one reason."""


def assemble(
    situation: Situation,
    findings: tuple[Finding, ...],
    selected: frozenset[str],
    ignore: Iterable[Ignore | str] = (),
) -> Report:
    """The report.  The verdict looks at all findings, as if nothing was expected or ignored: a sick
    network must not look healthy.
    """
    diagnosis = situation.diagnosis
    verdict = verdict_of(situation, findings)
    told = tell_as_expected(findings, situation)
    kept, ignored = _without_ignored(told, selected, ignores_of(ignore))
    shown = worst_first(kept)
    streams = by_source(diagnosis.streams)
    hosts = tuple(_host(host, streams.get(host.address, [])) for host in diagnosis.hosts.values())
    return Report(
        __version__,
        verdict,
        headline_of(verdict, situation, findings)
        + expectation_of(verdict, told)
        + suspicion_of(diagnosis),
        situation.captures,
        hosts,
        tuple(_pair(pair) for pair in diagnosis.pairs),
        tuple(_refusal(refusal) for refusal in diagnosis.refusals),
        shown,
        Summary(
            errors=sum(finding.severity is Severity.ERROR for finding in shown),
            warnings=sum(finding.severity is Severity.WARNING for finding in shown),
            infos=sum(finding.severity is Severity.INFO for finding in shown),
            frames=sum(capture.frames for capture in situation.captures),
            nvgre_frames=sum(capture.nvgre_frames for capture in situation.captures),
            hosts=len(hosts),
            other_icmp_3_10=count_other_prohibited(situation.evidence),
            nvgre_frames_left_out=situation.nvgre_frames_left_out,
        ),
        ignored=ignored,
    )


def _without_ignored(
    findings: Iterable[Finding], selected: frozenset[str], ignores: tuple[Ignore, ...]
) -> tuple[list[Finding], tuple[Ignored, ...]]:
    """The selected findings, and how many of them are ignored for which reason: the first that
    fits counts.
    """
    kept: list[Finding] = []
    counts: Counter[Ignore] = Counter()
    for finding in findings:
        if finding.code in selected:
            why = next(
                (row for row in ignores if row.fits(finding.code, finding.subject.hosts)), None
            )
            if why is None:
                kept.append(finding)
            else:
                counts[why] += 1
    return kept, tuple(Ignored(*row, counts[row]) for row in dict.fromkeys(ignores) if counts[row])


def evidence_items(host: HostVerdict) -> tuple[EvidenceItem, ...]:
    """Why a host's layout is believed: the strongest reason of each kind, those for its layout
    first.
    """
    order = list(Kind)
    strongest: dict[tuple[Kind, Layout], Reason] = {}
    for reason in sorted(host.reasons, key=lambda r: (-r.margin, r.streams)):
        strongest.setdefault((reason.kind, reason.layout), reason)
    reasons = sorted(
        strongest.values(), key=lambda r: (r.layout is not host.layout, order.index(r.kind))
    )
    return tuple(
        EvidenceItem(
            reason.kind,
            reason.layout,
            statement(reason),
            reason.assumes,
            frame_refs(_frames(reason), FRAMES_SHOWN),
        )
        for reason in reasons
    )


def _frames(reason: Reason) -> Iterator[At]:
    """Of what it rests on, and of what its peer's layout rests on."""
    yield from (stream.first for stream in reason.streams)
    for other in reason.because:
        yield from _frames(other)


def _host(host: HostVerdict, sent: list[Stream]) -> Host:
    return Host(
        address_text(host.address),
        host.layout,
        host.confidence,
        host.margin,
        host.sender,
        host.sender_reasons,
        None if host.proven_from is None else frame_ref(host.proven_from),
        None if host.proven_to is None else frame_ref(host.proven_to),
        tuple(
            LayoutSpan(span.layout, span.confidence, frame_ref(span.first), frame_ref(span.last))
            for span in host.spans
        ),
        evidence_items(host),
        tuple(
            LayoutChange(change.before, change.after, frame_ref(change.at))
            for change in host.changes
        ),
        host.frames_sent,
        host.frames_received,
        _segments(host, sent),
    )


def _segments(host: HostVerdict, sent: Iterable[Stream]) -> tuple[Segment, ...]:
    """The virtual subnets of what a host sent.  While its layout is not known, keys with equal bits
    31..8 stand together.
    """
    groups: defaultdict[tuple[bool, int], list[Stream]] = defaultdict(list)
    for stream in sent:
        if not stream.frames:
            continue
        layout = _layout_meant(host, stream)
        is_known = layout in (Layout.OLD, Layout.CURRENT)
        groups[is_known, network_id(stream, layout) if is_known else stream.upper_bits].append(
            stream
        )
    return tuple(
        Segment(
            number if is_known else None,
            _gre_keys(streams),
            sum(stream.frames for stream in streams),
        )
        for (is_known, number), streams in sorted(groups.items())
    )


def _layout_meant(host: HostVerdict, stream: Stream) -> Layout:
    """In which a host wrote a stream: likely counts where the host is no more than likely, and
    where it changed, it is the layout of that time.
    """
    if host.confidence is not Confidence.LIKELY:
        return host.layout_of(stream)
    if not host.is_mixed:
        return host.layout
    spoken = host.spoken_between(stream.first, stream.last)
    return Layout.UNKNOWN if spoken is None else spoken.layout


def _gre_keys(streams: Iterable[Stream]) -> tuple[int, ...]:
    """All of them, ascending."""
    low_octets: defaultdict[int, set[int]] = defaultdict(set)
    for stream in streams:
        low_octets[stream.upper_bits].update(stream.low_octets)
    return tuple(
        [
            upper_bits << 8 | low
            for upper_bits in sorted(low_octets)
            for low in sorted(low_octets[upper_bits])
        ]
    )


def _pair(pair: PairFacts) -> Pair:
    one, two = (address_text(address) for address in pair.hosts)
    if one <= two:
        return Pair((one, two), *_judged(pair), pair.frames_forward, pair.frames_backward)
    return Pair((two, one), *_judged(pair), pair.frames_backward, pair.frames_forward)


def _judged(pair: PairFacts) -> tuple[PairVerdict, Confidence]:
    return pair.verdict, pair.confidence


def _refusal(refusal: RefusalFacts) -> Refusal:
    sign = refusal.sign
    return Refusal(
        address_text(refusal.source),
        address_text(refusal.destination),
        address_text(sign.reporter),
        refusal.gre_key,
        "inner" if sign.is_inner else "outer",
        sign.version,
        sign.type,
        sign.code,
        refusal.count,
        max(refusal.sightings, refusal.count),
        frame_ref(refusal.frames[0]),
        tuple(map(frame_ref, refusal.frames)),
        refusal.cause,
    )
