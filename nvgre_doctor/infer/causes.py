"""Why a flow is refused: whether the layouts of that time explain it, who else refuses, or what the
other end refuses.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from nvgre_doctor.evidence.signs import IcmpInterval, IcmpSign
from nvgre_doctor.infer.at import At, Stretch, are_near, at
from nvgre_doctor.infer.diagnosis import About
from nvgre_doctor.infer.hearsay import Told, is_prohibited
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender
from nvgre_doctor.wire import layouts

_LAYOUTS: Final = {Layout.OLD, Layout.CURRENT}

Answers = dict[tuple[bytes, bytes, int], list[Stretch]]
"""By source, destination and key: when the other end refused, too."""


def cause_of(
    about: About,
    interval: IcmpInterval,
    capture: int,
    hosts: Mapping[bytes, HostVerdict],
    answers: Answers,
) -> Cause:
    """Why errors of one capture refuse a flow; `answers` as `find_answers` finds them."""
    ends = _ends(interval, capture)
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
    is_third = sign.reporter not in (source, destination) and sign.reporter not in hosts
    if is_third and not sign.is_inner:
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


def _agree(
    flow: tuple[bytes, bytes], hosts: Mapping[bytes, HostVerdict], first: At, last: At
) -> bool:
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


def find_answers(abouts: Mapping[IcmpSign, About], errors: Iterable[Told]) -> Answers:
    """Where each end refuses with 3/10 what the other sends, and the one key is the other shifted
    by eight bits.
    """
    times: defaultdict[tuple[bytes, bytes, int], list[Stretch]] = defaultdict(list)
    for heard in errors:
        source, destination, sign, gre_key = abouts[heard.sign]
        if gre_key is not None and is_prohibited(sign) and sign.reporter in (source, destination):
            stretches = [_ends(interval, heard.captures[0]) for interval in heard.seen.intervals]
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
