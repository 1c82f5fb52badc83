"""NVG304: flows that are refused with another ICMP error than 3/10."""

from collections.abc import Iterator
from typing import Final

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.diagnosis import RefusalFacts
from nvgre_doctor.infer.hearsay import is_prohibited, is_redirect, kind_of
from nvgre_doctor.rules.advice import OWNER, Advice, find_owner, policy
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of, refused_key_text
from nvgre_doctor.rules.nvg305_307_paths import TOO_BIG
from nvgre_doctor.rules.refused_flows import RefusedFlows, frames_of, keys_text, sightings_of
from nvgre_doctor.vocabulary import Sender, Severity
from nvgre_doctor.wording import ICMP_NAMES, address_text, icmp_code, key_text, listed

NO_GRE: Final = frozenset({(4, 3, 2), (6, 4, 1)})
NO_TUNNEL: Final = frozenset({(4, 3, 3), (6, 1, 4)})
FILTERS: Final = frozenset({(4, 3, 9), (4, 3, 13), (6, 1, 5), (6, 1, 6)})
WHAT_IT_MEANS: Final[dict[tuple[int, ...], str]] = {
    (4, 3, 2): "there is no GRE at all on the receiver",
    (4, 3, 3): "the receiver has GRE, but no tunnel with this key",
    (4, 3, 9): "a filter",
    (4, 3, 13): "a filter",
    (4, 11, 0): "a routing loop, or a TTL that is too small",
    (6, 3, 0): "a routing loop, or a hop limit that is too small",
    (6, 4, 1): "there is no GRE at all on the receiver",
}
"""What some ICMP errors say about NVGRE, beside their names: version, type, code."""


def what_it_means(*kind: int) -> str:
    """`protocol unreachable: there is no GRE at all on the receiver`; `kind` is in ICMP_NAMES."""
    return ": ".join(table[kind] for table in (ICMP_NAMES, WHAT_IT_MEANS) if kind in table)


def is_other(message: IcmpSign) -> bool:
    """Whether an ICMP message is none of those that have a finding of their own."""
    return not (is_prohibited(message) or is_redirect(message) or kind_of(message) in TOO_BIG)


def find_other_errors(situation: Situation) -> Iterator[Finding]:
    """What it means
      An NVGRE flow is refused with another ICMP error: the packets do not reach the virtual switch
      of the receiver at all.

    How it is detected
      An ICMP error other than 3/10, 3/4 and redirects quotes an NVGRE frame.

    What it is not
      Not a matter of layouts: hosts that read a wrong VSID answer with 3/10. No evidence of a
      layout: a quote is hearsay.

    What to do
      3/2 (or ICMPv6 4/1): there is no GRE on the receiver; is the address right, and is network
      virtualization enabled there? 3/3: a Linux host with GRE, but without a tunnel of this key:
      compare the keys of both ends. 3/9 and 3/13: a router or firewall filters GRE (IP protocol
      47). 3/0, 3/1 and 11/0: routing of the provider network.

    Sources
      RFC 792; RFC 1812 section 5.2.7.1; RFC 4443 section 3.
    """
    flows = RefusedFlows(situation)
    for (source, destination), refusals in flows(lambda r: is_other(r.sign)):
        names = [
            f"{r.count} x {icmp_code(*kind_of(r.sign))} from {address_text(r.sign.reporter)}"
            + (f" ({what_it_means(*kind_of(r.sign))})" if kind_of(r.sign) in ICMP_NAMES else "")
            for r in refusals
        ]
        yield finding(
            "NVG304",
            Severity.WARNING,
            f"What {address_text(source)} sends to {address_text(destination)} comes back with an"
            f" ICMP error: {listed(names)}; {keys_text(refusals)}.",
            about_flow(source, destination),
            frames_of(refusals),
            count=sightings_of(refusals),
            display_filter=flows.filter_of(refusals),
            advice=_advice(situation, source, destination, refusals),
        )


def _advice(
    situation: Situation, source: bytes, destination: bytes, refusals: list[RefusalFacts]
) -> Advice:
    """By the commonest error."""
    sign = max(refusals, key=lambda refusal: refusal.count).sign
    kind, by, to = kind_of(sign), address_text(sign.reporter), address_text(destination)
    receiver = situation.host(destination)
    if kind in FILTERS:
        where = "on the way" if sign.reporter != destination else "the receiver itself"
        return Advice(f"Let {by}, {where}, pass IP protocol 47 (GRE).")
    if kind in NO_GRE:
        if situation.is_hyper_v(source, destination) and receiver.sender is not Sender.OTHER:
            return Advice(
                f"{find_owner(to)}: is network virtualization enabled there, on this adapter?",
                OWNER,
            )
        return Advice(f"Load GRE on {to}, or look whether {to} is the right address at all.")
    if kind in NO_TUNNEL:
        ends = [
            f"{address_text(one)} sends {key_numbers(gre_keys)}"
            for one, two in ((source, destination), (destination, source))
            if (gre_keys := _keys(situation, one, two))
        ]
        return Advice(f"Compare the keys of both ends: {'; '.join(ends) or 'they must be equal'}.")
    if kind in ICMP_NAMES and sign.reporter != destination:
        return Advice(f"Look at the routing of {by}: what it refuses is on its way to {to}.")
    return policy(receiver, situation.host(source))


def _keys(situation: Situation, source: bytes, destination: bytes) -> list[int]:
    """The keys that one end sends to the other."""
    streams = situation.diagnosis.between(source, destination)
    return sorted({gre_key for stream in streams for gre_key in stream.gre_keys})


def key_numbers(gre_keys: list[int]) -> str:
    """Keys as plain numbers: `0x000003e9 (1001)`."""
    return listed((f"{key_text(gre_key)} ({gre_key})" for gre_key in gre_keys), 3)


def shows_other_errors(situation: Situation) -> Show:
    """The errors themselves."""

    def show(frame: Frame) -> Iterator[Claim]:
        refused = frame.refuses
        if refused is not None and is_other(refused.sign):
            kind = kind_of(refused.sign)
            meaning = f": {ICMP_NAMES[kind]}" if kind in ICMP_NAMES else ""
            source, destination = map(name_of, refused[:2])
            text = (
                f"{icmp_code(*kind)} from {name_of(refused.sign.reporter)} about NVGRE from"
                f" {source} to {destination} ({refused_key_text(refused)}){meaning}"
            )
            yield Claim((source, destination), text)

    return show


OTHER_ERRORS = Rule(
    "NVG304",
    Severity.WARNING,
    "flow refused with another ICMP error",
    find_other_errors,
    shows_other_errors,
)
RULES = (OTHER_ERRORS,)
