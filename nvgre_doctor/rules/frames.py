"""One frame as rules look at it, to say whether a finding of theirs is about it.

Knows the facts of a frame; decides nothing.
"""

from collections.abc import Callable, Container, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.scan.exact import customer_addresses, macs_of
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre
from nvgre_doctor.wording import address_text, key_text

_ADDRESSES_REMEMBERED: Final = 4096

name_of = lru_cache(_ADDRESSES_REMEMBERED)(address_text)
"""`address_text`, remembered: a capture has many frames and few hosts."""


class Packet(NamedTuple):
    """An NVGRE data packet that a frame shows: the frame itself, or one that an ICMP error
    quotes.
    """

    source: bytes
    destination: bytes
    gre_key: int
    macs: bytes  # as in StreamKey


class Frame(NamedTuple):
    """What a frame shows.  `error` is an ICMP error about NVGRE, inside it or beside it."""

    facts: Facts
    at: At
    packet: Packet | None
    error: IcmpError | None


class Claim(NamedTuple):
    """What a rule says of one frame, if it has a finding about these hosts."""

    hosts: tuple[str, ...]  # as in Subject
    text: str


Show = Callable[[Frame], Iterable[Claim]]
"""The claims about one frame; of several whose findings exist the first one counts."""


Ends = tuple[bytes, bytes, bytes, bytes]
"""Of a message inside NVGRE: outer source and destination, MACs and customer addresses."""


def messages_of_hosts(evidence: Evidence) -> frozenset[Ends]:
    """Between whom hosts refuse NVGRE with ICMP errors inside it; other such errors are those of
    guests, whatever they quote.
    """
    return frozenset(
        (sign.reporter, sign.addressee, sign.macs, sign.customer_addresses)
        for capture in evidence.captures.values()
        for sign in capture.icmp
        if sign.is_inner and sign.refuses_nvgre
    )


def frame_of(facts: Facts, at: At, of_hosts: Container[Ends]) -> Frame:
    """The frame with these facts, where those messages are of hosts."""
    error = facts.inner_error if isinstance(facts, Nvgre) else facts
    if (
        isinstance(error, IcmpError)
        and error.refuses_nvgre
        and (not isinstance(facts, Nvgre) or _ends_of(facts) in of_hosts)
    ):
        return Frame(facts, at, _quoted_packet(error), error)
    return Frame(facts, at, _data_packet(facts) if isinstance(facts, Nvgre) else None, None)


def _ends_of(facts: Nvgre) -> Ends:
    customers = customer_addresses(facts.inner_source, facts.inner_destination)
    return facts.source, facts.destination, macs_of(facts), customers


def refused_flow(error: IcmpError) -> tuple[bytes, bytes]:
    """Source and destination of the packet that an error is about."""
    return error.quote.source or error.addressee, error.quote.destination or error.reporter


def quoted_key_text(error: IcmpError) -> str:
    """The key that an error quotes, for people."""
    gre_key = error.quote.gre_key
    return "key not quoted" if gre_key is None else f"key {key_text(gre_key)}"


def _data_packet(facts: Nvgre) -> Packet | None:
    customers = customer_addresses(facts.inner_source, facts.inner_destination)
    if layouts.is_control(facts.gre_key) or customers == facts.source + facts.destination:
        return None
    return Packet(facts.source, facts.destination, facts.gre_key, macs_of(facts))


def _quoted_packet(error: IcmpError) -> Packet | None:
    quote = error.quote
    if quote.gre_key is None or layouts.is_control(quote.gre_key):
        return None
    return Packet(*refused_flow(error), quote.gre_key, macs_of(quote))
