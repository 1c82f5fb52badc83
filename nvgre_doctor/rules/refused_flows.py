"""Refusals flow by flow, and how rules tell of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import RefusalFacts
from nvgre_doctor.infer.hearsay import kind_of
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.numbered import Filters, Numbers, of_captures, with_numbers
from nvgre_doctor.vocabulary import Cause
from nvgre_doctor.wording import address_text, icmp_codes, key_text, listed

Flow = tuple[bytes, bytes]
Kind = tuple[object, ...]
"""What a display filter asks of an ICMP error: version, type, code, its two ends, where it went."""
Place = tuple[Kind, Flow, int]
"""In which capture a flow is refused so."""


def refused_text(refusals: list[RefusalFacts], by: str = "") -> str:
    """`B refuses what A sends: 2 x ICMP 3/10`; `by` what else is known of who refuses."""
    source, destination = refusals[0].source, refusals[0].destination
    reporters = reporters_of(refusals)
    refuse = "refuses" if len(reporters) == 1 else "refuse"
    to = "" if reporters == [address_text(destination)] else f" to {address_text(destination)}"
    count = sum(refusal.count for refusal in refusals)
    return (
        f"{listed(reporters)}{by} {refuse} what {address_text(source)} sends{to}:"
        f" {count} x {icmp_codes(refusals)}"
    )


def frames_of(refusals: Iterable[RefusalFacts]) -> list[At]:
    """The examples of all of them."""
    return [at for refusal in refusals for at in refusal.frames]


def sightings_of(refusals: Iterable[RefusalFacts]) -> int:
    """How many frames they are: a packet may have been captured several times."""
    return sum(max(refusal.sightings, refusal.count) for refusal in refusals)


def reporters_of(refusals: Iterable[RefusalFacts]) -> list[str]:
    """Who sent them."""
    return sorted({address_text(refusal.sign.reporter) for refusal in refusals})


def keys_text(refusals: Iterable[RefusalFacts]) -> str:
    """The keys that were refused, as far as the quotes hold them."""
    gre_keys = sorted({refusal.gre_key for refusal in refusals if refusal.gre_key is not None})
    if not gre_keys:
        return "the key is not in the quote"
    return "key " + listed((key_text(gre_key) for gre_key in gre_keys), 2)


class RefusedFlows:
    """All refusals of a situation, and those that one finding tells, with the filter that shows
    these and no others.
    """

    def __init__(self, situation: Situation) -> None:
        """Looks at all refusals once."""
        self._all = situation.diagnosis.refusals
        self._situation = situation
        self._flows: defaultdict[Kind, set[Flow]] = defaultdict(set)
        self._spells: defaultdict[Place, defaultdict[Cause, set[Numbers]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for refusal in self._all:
            kind, flow = _kind(refusal), (refusal.source, refusal.destination)
            self._flows[kind].add(flow)
            for capture, *numbers in refusal.spells:
                self._spells[kind, flow, capture][refusal.cause].add((numbers[0], numbers[1]))
        self._captures: defaultdict[Kind, set[int]] = defaultdict(set)
        self._inner_sources: defaultdict[Kind, set[bytes]] = defaultdict(set)
        different = situation.evidence.different()
        for part, captures in different:
            for seen in part.icmp:
                self._captures[_kind_of_sign(seen)].update(captures)
                if seen.refuses_nvgre and seen.is_inner:
                    self._inner_sources[_kind_of_sign(seen)].add(_inner_source(seen))
        self._others = {
            (*kind_of(seen), seen.reporter, seen.addressee)
            for part, _ in different
            for seen in part.icmp
            if not seen.refuses_nvgre and not seen.is_inner
        }

    def __call__(
        self, wanted: Callable[[RefusalFacts], bool]
    ) -> Iterator[tuple[Flow, list[RefusalFacts]]]:
        """Source and destination with the refusals that are wanted, in order; those by somebody who
        is neither end stand apart.
        """
        flows: defaultdict[tuple[bytes, bytes, bool], list[RefusalFacts]] = defaultdict(list)
        for refusal in filter(wanted, self._all):
            is_third = refusal.cause is Cause.THIRD_PARTY
            flows[refusal.source, refusal.destination, is_third].append(refusal)
        for (source, destination, _), refusals in flows.items():
            yield (source, destination), refusals

    def filter_of(self, refusals: Sequence[RefusalFacts]) -> Filters:
        """Display filters for these ICMP errors."""
        if not any(refusal.spells for refusal in refusals):
            return for_wireshark.any_of(sorted({self._filter(refusal) for refusal in refusals}))
        captures = {spell.capture for refusal in refusals for spell in refusal.spells}
        for refusal in refusals:
            captures |= self._captures[_kind(refusal)]
        filters = {}
        for capture in sorted(captures):
            texts = {self._filter_in(capture, refusal) for refusal in refusals}
            if shown := sorted(texts - {""}):
                filters[capture] = for_wireshark.any_of(shown)
        return of_captures(self._situation, filters)

    def _filter_in(self, capture: int, refusal: RefusalFacts) -> str:
        """In one capture; empty where it holds none of them."""
        flow = refusal.source, refusal.destination
        place = _kind(refusal), flow, capture
        causes: Mapping[Cause, set[Numbers]] = self._spells.get(place, {})
        if not refusal.spells or causes.keys() == {refusal.cause}:
            return self._filter(refusal)
        numbers = causes.get(refusal.cause)
        return with_numbers(self._filter(refusal), numbers) if numbers else ""

    def _filter(self, refusal: RefusalFacts) -> str:
        sign, kind = refusal.sign, _kind(refusal)
        inside = sorted(self._inner_sources[kind] or {sign.reporter}) if sign.is_inner else ()
        text = for_wireshark.icmp_error(*kind_of(sign), sign.reporter, sign.addressee, inside)
        if len(self._flows[kind]) > 1:  # it refuses other flows as well
            text += " && " + for_wireshark.quoted_destination(
                refusal.destination, is_inner=sign.is_inner
            )
        if not sign.is_inner and kind[:5] in self._others:
            text += " && " + for_wireshark.quoted_gre(len(sign.reporter))
        return text


def _kind(refusal: RefusalFacts) -> Kind:
    return _kind_of_sign(refusal.sign)


def _kind_of_sign(sign: IcmpSign) -> Kind:
    return (*kind_of(sign), sign.reporter, sign.addressee, sign.is_inner)


def _inner_source(sign: IcmpSign) -> bytes:
    """Who says so inside NVGRE: the host itself, perhaps with another of its addresses."""
    return sign.customer_addresses[: len(sign.customer_addresses) // 2] or sign.reporter
