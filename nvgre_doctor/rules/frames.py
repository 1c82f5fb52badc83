"""One frame as rules look at it, to say whether a finding of theirs is about it.

Knows the facts of a frame; decides nothing.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import About, Diagnosis
from nvgre_doctor.scan.exact import bare_sign, customer_addresses, icmp_sign, macs_of
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre
from nvgre_doctor.wording import address_text, key_text

_ADDRESSES_REMEMBERED: Final = 4096

name_of = lru_cache(_ADDRESSES_REMEMBERED)(address_text)
"""`address_text`, remembered: a capture has many frames and few hosts."""


class Packet(NamedTuple):
    """The NVGRE data packet that a frame is."""

    source: bytes
    destination: bytes
    gre_key: int
    macs: bytes  # as in StreamKey


class Frame(NamedTuple):
    """What a frame shows.  `refuses` is what an ICMP error about NVGRE, inside it or beside it, is
    about.
    """

    facts: Facts
    at: At
    packet: Packet | None
    refuses: About | None


class Claim(NamedTuple):
    """What a rule says of one frame, if it has a finding about these hosts."""

    hosts: tuple[str, ...]  # as in Subject
    text: str


Show = Callable[[Frame], Iterable[Claim]]
"""The claims about one frame; of several whose findings exist the first one counts."""


Ends = tuple[bytes, bytes, bytes, bytes]
"""Of a message inside NVGRE: outer source and destination, MACs and customer addresses."""


class Errors:
    """Tells of an ICMP error what was found of all that say the same: whether it refuses NVGRE, and
    which flow.

    A frame alone does not tell: a quote may be cut off or nested, and a guest may have sent it.
    """

    def __init__(self, evidence: Evidence, diagnosis: Diagnosis) -> None:
        """Those of one situation."""
        self._about = diagnosis.refused
        self._of_hosts = frozenset(
            (sign.reporter, sign.addressee, sign.macs, sign.customer_addresses)
            for capture in evidence.captures.values()
            for sign in capture.icmp  # of others the MACs are not told
        )

    def __call__(self, facts: Facts) -> About | None:
        """What the error in a frame refuses; None where there is none that refuses NVGRE."""
        error = facts.inner_error if isinstance(facts, Nvgre) else facts
        if not isinstance(error, IcmpError):
            return None
        sign = icmp_sign(error)
        if sign.shows_gre:
            return self._about.get(sign._replace(refuses_nvgre=True, shows_gre=False))
        if not sign.refuses_nvgre:
            return None
        if isinstance(facts, Nvgre):
            ends = _ends_of(facts)
            if ends not in self._of_hosts:
                return None
            sign = sign._replace(macs=ends[2], customer_addresses=ends[3])
        known = self._about.get(sign)
        if known is not None:
            return known
        # There were too many to keep them all.
        quote = error.quote
        source, destination = quote.source or error.addressee, quote.destination or error.reporter
        return About(source, destination, bare_sign(error), quote.gre_key)


def frame_of(facts: Facts, at: At, errors: Errors) -> Frame:
    """The frame with these facts."""
    packet = _data_packet(facts) if isinstance(facts, Nvgre) else None
    return Frame(facts, at, packet, errors(facts))


def _ends_of(facts: Nvgre) -> Ends:
    customers = customer_addresses(facts.inner_source, facts.inner_destination)
    return facts.source, facts.destination, macs_of(facts), customers


def refused_key_text(about: About) -> str:
    """The key that was refused, for people."""
    return "key not quoted" if about.gre_key is None else f"key {key_text(about.gre_key)}"


def _data_packet(facts: Nvgre) -> Packet | None:
    customers = customer_addresses(facts.inner_source, facts.inner_destination)
    is_from_host = facts.inner_error is not None and customers == facts.source + facts.destination
    if is_from_host or layouts.is_control(facts.gre_key):
        return None
    return Packet(facts.source, facts.destination, facts.gre_key, macs_of(facts))
