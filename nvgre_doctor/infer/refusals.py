"""ICMP errors become refused flows: which flow, with which key, how many packets, and whether the
layouts of that time explain it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.signs import EXAMPLES, IcmpInterval, IcmpSign
from nvgre_doctor.infer.at import At, Stretch, are_near, at
from nvgre_doctor.infer.diagnosis import About, RefusalFacts
from nvgre_doctor.infer.hearsay import Told, icmp_errors, is_prohibited, refused_flow
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.refusal_counts import Refused
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender
from nvgre_doctor.wire import layouts

_LAYOUTS: Final = {Layout.OLD, Layout.CURRENT}

Flow = tuple[bytes, bytes]
"""Source and destination."""
Answers = dict[tuple[bytes, bytes, int], list[Stretch]]
"""By source, destination and key: when the other end refused, too."""


class Refusals(NamedTuple):
    """All ICMP errors that quote NVGRE frames, by flow, in order; and what each of them refuses."""

    facts: list[RefusalFacts]
    about: dict[IcmpSign, About]


def find_refusals(
    evidence: Evidence, streams: Iterable[Stream], hosts: Mapping[bytes, HostVerdict]
) -> Refusals:
    """Which flows are refused, by whom and why."""
    errors = [heard for heard in icmp_errors(evidence) if heard.sign.refuses_nvgre]
    if not errors:
        return Refusals([], {})
    index = _FlowIndex(streams, {heard.sign.addressee for heard in errors})
    abouts: dict[IcmpSign, About] = {}
    for sign in {heard.sign: None for heard in errors}:
        flow, gre_key = index.flow_and_key(sign)
        abouts[sign] = About(*flow, IcmpSign(*sign[:8]), gre_key)
    answers = _answers(abouts, errors)
    alike = {one: captures[0] for _, captures in evidence.different() for one in captures}
    causes: dict[tuple[int, IcmpSign], list[Cause]] = {}  # the same in captures that are alike
    found: defaultdict[About, Refused] = defaultdict(Refused)
    for heard in errors:
        about, told = abouts[heard.sign], (alike[heard.capture], heard.sign)
        if told not in causes:
            causes[told] = [
                _cause(about, answers, hosts, _ends(interval, heard.capture))
                for interval in heard.seen.intervals
            ]
        for interval, cause in zip(heard.seen.intervals, causes[told], strict=True):
            found[about].add(cause, interval, heard.capture)
    return Refusals(list(_facts(found)), abouts)


def _facts(found: Mapping[About, Refused]) -> Iterator[RefusalFacts]:
    told = {about: list(seen.by_cause()) for about, seen in found.items()}
    causes: defaultdict[tuple[object, ...], set[Cause]] = defaultdict(set)
    for about, rows in told.items():
        causes[about[:3]].update(cause for cause, _ in rows)
    for about in sorted(told, key=_sortable):
        is_several = len(causes[about[:3]]) > 1
        for cause, row in told[about]:
            yield RefusalFacts(
                *about,
                row.packets,
                tuple(sorted(row.frames)[:EXAMPLES]),
                cause,
                row.sightings,
                tuple(sorted(row.spells)) if is_several else (),
            )


def _sortable(about: About) -> tuple[object, ...]:
    gre_key = -1 if about.gre_key is None else about.gre_key
    return (about.source, about.destination, gre_key, about.sign)


def _cause(
    about: About, answers: Answers, hosts: Mapping[bytes, HostVerdict], ends: Stretch
) -> Cause:
    cause = _cause_by_layouts(about, hosts, *ends)
    if cause is Cause.UNKNOWN and _is_answered(about, answers, hosts, ends):
        return Cause.LAYOUT_MISMATCH
    return cause


def _cause_by_layouts(
    about: About, hosts: Mapping[bytes, HostVerdict], first: At, last: At
) -> Cause:
    """Who is neither end of the flow, nor a host, refuses for reasons of its own.  Else only a 3/10
    can be caused by layouts: those of that time.
    """
    source, destination, sign, _ = about
    if not sign.is_inner and sign.reporter not in (source, destination, *hosts):
        return Cause.THIRD_PARTY
    if not is_prohibited(sign) or source not in hosts or destination not in hosts:
        return Cause.UNKNOWN
    one = hosts[source].spoken_between(first, last)
    two = hosts[destination].spoken_between(first, last)
    if one is None or two is None or not {one.layout, two.layout} <= _LAYOUTS:
        return Cause.UNKNOWN
    if not one.margin or not two.margin or not _may_write(hosts[source], one.layout, about.gre_key):
        return Cause.UNKNOWN
    if one.layout is not two.layout:
        return Cause.LAYOUT_MISMATCH
    # That nothing is wrong with the layouts takes a proof for one, and nearly one for the other.
    both = [_sureness(hosts[address], first, last) for address in (source, destination)]
    return Cause.POLICY if any(both) and None not in both else Cause.UNKNOWN


def _may_write(host: HostVerdict, layout: Layout, gre_key: int | None) -> bool:
    """Whether a key that was refused is one of the layout that its sender seems to have spoken
    then: else it was sent at another time, or the quote is wrong.
    """
    if gre_key is None:
        return True
    if layout is Layout.OLD:
        return layouts.fits_old(gre_key)
    return host.sender is not Sender.HYPER_V or layouts.fits_current(gre_key)


def _agree(flow: Flow, hosts: Mapping[bytes, HostVerdict], first: At, last: At) -> bool:
    """Whether both ends seem to speak one layout at that time, by more than a guess."""
    spoken = [hosts[end].spoken_between(first, last) for end in flow if end in hosts]
    layouts_then = [span.layout for span in spoken if span is not None and span.margin]
    return len(layouts_then) == len(flow) and len(set(layouts_then)) == 1


def _sureness(host: HostVerdict, first: At, last: At) -> bool | None:
    """Whether a layout is proven for that time by what the same capture heard then; None if it is
    less than nearly: every frame that the host sent says so.
    """
    span = host.spoken_between(first, last, by_itself=True)
    if span is not None and span.ends_in(first.capture)[0].capture != first.capture:
        return None
    if span is not None and span.confidence is Confidence.PROVEN:
        return True
    says_all = span is not None and span.is_hard and span.margin >= host.frames_sent
    return False if says_all else None


def _ends(interval: IcmpInterval, capture: int) -> Stretch:
    return at(interval.first, capture), at(interval.last, capture)


def _answers(abouts: Mapping[IcmpSign, About], errors: Iterable[Told]) -> Answers:
    """Where each end refuses with 3/10 what the other sends, and the one key is the other shifted
    by eight bits.
    """
    times: defaultdict[tuple[bytes, bytes, int], list[Stretch]] = defaultdict(list)
    for heard in errors:
        source, destination, sign, gre_key = abouts[heard.sign]
        if gre_key is not None and is_prohibited(sign) and sign.reporter in (source, destination):
            stretches = [_ends(interval, heard.capture) for interval in heard.seen.intervals]
            times[source, destination, gre_key] += stretches
    answers: Answers = {}
    for (source, destination, gre_key), own in times.items():
        lower = layouts.vsid(gre_key)
        back = times.get((destination, source, lower))
        if back is not None and layouts.fits_current(gre_key):
            answers.setdefault((source, destination, gre_key), []).extend(back)
            answers.setdefault((destination, source, lower), []).extend(own)
    return answers


def _is_answered(
    about: About, answers: Answers, hosts: Mapping[bytes, HostVerdict], ends: Stretch
) -> bool:
    """Whether the other end refuses as well, and nothing says that both speak one layout.  Where
    one of them spoke two, it does so then: for another layout it restarts.
    """
    source, destination, sign, gre_key = about
    if gre_key is None or not is_prohibited(sign) or _agree(about[:2], hosts, *ends):
        return False
    others = answers.get((source, destination, gre_key), ())
    if any(hosts[end].is_mixed for end in (source, destination) if end in hosts):
        return any(are_near(ends, other) for other in others)
    return bool(others)


class _FlowIndex:
    """Finds the flow and the key of a refusal whose quote does not hold them, by what else is
    quoted: MACs or customer addresses.
    """

    def __init__(self, streams: Iterable[Stream], senders: set[bytes]) -> None:
        """`senders` are those whose flows may be asked about."""
        self._flows: set[Flow] = set()
        self._found: defaultdict[tuple[bytes, bytes], list[Stream]] = defaultdict(list)
        for stream in streams:
            self._flows.add(stream[:2])
            if stream.source in senders:
                for quoted in {stream.macs, stream.customer_addresses} - {b""}:
                    self._found[stream.source, quoted].append(stream)

    def flow_and_key(self, sign: IcmpSign) -> tuple[Flow, int | None]:
        """The key, if what is quoted fits frames of one key only.  The message may come from
        another address of the host that refuses: then the flow is one that was heard.
        """
        source, destination = refused_flow(sign)
        customers = sign.quoted_source + sign.quoted_destination
        if sign.is_inner and (source, destination) not in self._flows:
            # A guest's own tunnel inside NVGRE looks like the packet of a host.
            fitting = self._found.get((sign.addressee, customers), [])
            if fitting:
                return self._one_of(sign.addressee, sign.reporter, fitting)
        quoted = sign.quoted_macs or sign.quoted_customer_addresses
        fitting = self._found.get((source, quoted), [])  # nothing where nothing is quoted
        if not sign.quoted_destination and (source, destination) not in self._flows:
            heard = {stream.destination for stream in fitting}
            if len(heard) == 1:
                destination = heard.pop()
        if sign.quoted_key is not None:
            return (source, destination), sign.quoted_key
        return self._one_of(source, destination, fitting)

    def _one_of(
        self, source: bytes, destination: bytes, fitting: Iterable[Stream]
    ) -> tuple[Flow, int | None]:
        gre_keys = {
            gre_key
            for stream in fitting
            if stream.destination == destination
            for gre_key in stream.gre_keys
        }
        return (source, destination), gre_keys.pop() if len(gre_keys) == 1 else None
