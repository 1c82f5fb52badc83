"""What the decoder says of a frame beside what tshark says, and every difference that is accepted,
with its reason.

The table ACCEPTED is the whole list: a difference that no entry explains is a failure.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, fields

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre, Other, QuoteKind
from tests.differential.tshark import OUTER_LAYERS, Row, Shown, shown


@dataclass(frozen=True)
class Case:
    """One frame, seen by both."""

    linktype: int
    data: bytes
    wire_length: int
    facts: Facts
    row: Row
    ours: Shown
    theirs: Shown

    @property
    def is_cut(self) -> bool:
        return len(self.data) < self.wire_length

    @property
    def error(self) -> IcmpError | None:
        return (
            self.facts.inner_error
            if isinstance(self.facts, Nvgre)
            else self.facts
            if isinstance(self.facts, IcmpError)
            else None
        )

    def differing(self) -> set[str]:
        return {
            f.name
            for f in fields(Shown)
            if getattr(self.ours, f.name) != getattr(self.theirs, f.name)
        }


def case(linktype: int, data: bytes, wire_length: int, facts: Facts, row: Row) -> Case:
    return Case(linktype, data, wire_length, facts, row, said(facts), shown(row))


def said(facts: Facts) -> Shown:
    """The decoder's facts in tshark's words."""
    if isinstance(facts, Nvgre):
        return Shown(
            _text(facts.source),
            _text(facts.destination),
            f"0x{facts.gre_flags:04x}",
            _key(facts.gre_key),
            _text(facts.inner_destination_mac),
            _text(facts.inner_source_mac),
            *_error(facts.inner_error),
        )
    if isinstance(facts, IcmpError):
        icmp, quoted_key = _error(facts)
        return Shown(
            _text(facts.reporter), _text(facts.addressee), icmp=icmp, quoted_key=quoted_key
        )
    return Shown(_text(facts.source), _text(facts.destination))


def _error(error: IcmpError | None) -> tuple[tuple[str, str, str] | None, str | None]:
    if error is None:
        return None, None
    protocol = "icmp" if error.version == 4 else "icmpv6"
    return (protocol, str(error.type), str(error.code)), _key(error.quote.gre_key)


def _key(gre_key: int | None) -> str | None:
    return None if gre_key is None else f"0x{gre_key:08x}"


def _text(address: bytes | None) -> str | None:
    if address is None:
        return None
    if len(address) == 6:
        return address.hex(":")
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


# --- the differences that are accepted ---------------------------------------

_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00"})
_FIRST_TYPE = {1: 12, 113: 14}


def _has_9200(data: bytes, at: int) -> bool:
    """Whether 0x9200 is among the tags that begin at `at`."""
    while data[at : at + 2] in _TAGS:
        if data[at : at + 2] == b"\x92\x00":
            return True
        at += 4
    return False


def _tag_9200(case: Case) -> bool:
    if case.linktype == 276 and case.data[:2] in _TAGS:
        outer = case.data[:2] == b"\x92\x00" or _has_9200(case.data, 22)
    else:
        outer = case.linktype in _FIRST_TYPE and _has_9200(case.data, _FIRST_TYPE[case.linktype])
    macs = bytes.fromhex(
        ((case.ours.inner_destination_mac or "") + (case.ours.inner_source_mac or "")).replace(
            ":", ""
        )
    )
    inner = len(macs) == 12 and _has_9200(case.data, case.data.index(macs) + 12)
    return outer or inner


def _ends_early(row: Row) -> bool:
    """Whether tshark says that bytes are missing; of less than 14 bytes of Ethernet and 8 of ICMP
    it shows nothing, and says nothing.
    """
    said = row.fields["_ws.short"] or row.fields["_ws.malformed"]
    return bool(said) or row.layers[-1] in ("eth", "icmp", "icmpv6")


def _is_other_version(layers: tuple[str, ...]) -> bool:
    """Whether tshark began with one version of IP and went on with the other, on the same bytes or
    on the payload.
    """
    network = [layer for layer in layers if layer not in OUTER_LAYERS]
    return network[:2] in (["ip", "ipv6"], ["ipv6", "ip"])


def _is_source_route(data: bytes, source: str) -> bool:
    """Whether an option of an IPv4 header from `source` is a loose or strict source route."""
    options = data[data.index(socket.inet_aton(source)) + 8 :].lstrip(b"\1")  # no-operation
    return options[:1] in (b"\x83", b"\x89")


@dataclass(frozen=True)
class Accepted:
    """A class of differences: which fields it explains, on which frames, and why the decoder is not
    wrong.
    """

    name: str
    reason: str
    fields: frozenset[str]
    applies: Callable[[Case], bool]


ALL = frozenset(field.name for field in fields(Shown))
ADDRESSES = frozenset({"source", "destination"})
ERROR = frozenset({"icmp", "quoted_key"})

ACCEPTED = (
    Accepted(
        "cut header",
        "of a header that is cut tshark shows little or nothing; the decoder shows every field that"
        " is there as a whole",
        ALL,
        lambda case: (
            _ends_early(case.row)
            and all(getattr(case.theirs, name) is None for name in case.differing())
        ),
    ),
    Accepted(
        "tag 0x9200", "tshark 4.0 does not know 0x9200 as the type of a VLAN tag", ALL, _tag_9200
    ),
    Accepted(
        "loopback family",
        "tshark knows fewer address families in a BSD loopback header, and takes some for an"
        " EtherType",
        ALL,
        lambda case: (
            case.row.layers[0] == "null"
            and (
                case.row.layers[1:2] not in (("ip",), ("ipv6",))
                or case.facts == Other(Oddity.NOT_IP, ethertype=0)
            )
        ),
    ),
    Accepted(
        "IPv6 extension",
        "tshark takes mobility, HIP and Shim6 headers (135, 139, 140) for the end of the chain; RFC"
        " 8200 lets others follow",
        ALL - ADDRESSES,
        lambda case: bool({"mipv6", "hip", "shim6"} & set(case.row.layers)),
    ),
    Accepted(
        "quote without IP",
        "tshark takes the quote of an ICMP error for an IP packet, whatever it is (MS-NVGREE 2.2.2"
        " allows other kinds)",
        frozenset({"quoted_key"}),
        lambda case: case.error is not None and case.error.quote.kind is QuoteKind.BARE_GRE,
    ),
    Accepted(
        "quote of the other version",
        "tshark reads an IPv4 packet in the quote of an ICMPv6 error as data, and the other way"
        " round",
        frozenset({"quoted_key"}),
        lambda case: (
            case.error is not None
            and len(case.error.quote.source or b"") == {4: 16, 6: 4}[case.error.version]
        ),
    ),
    Accepted(
        "GRE of guests",
        "the quoted GRE packet is that of a guest inside the tunnel, and no NVGRE of the hosts:"
        " only tshark shows its key",
        frozenset({"quoted_key"}),
        lambda case: case.error is not None and case.error.quote.kind is QuoteKind.INNER_IP,
    ),
    Accepted(
        "ICMP of the other version",
        "ICMPv6 in IPv4 and ICMP in IPv6 are no errors of that IP version; tshark dissects them all"
        " the same",
        ERROR,
        lambda case: case.error is None and case.theirs.icmp is not None,
    ),
    Accepted(
        "IP of the other version",
        "the link layer says IPv4 and the header says version 6, or the other way round: malformed,"
        " and tshark goes on with it",
        ALL,
        lambda case: case.facts == Other(Oddity.MALFORMED) and _is_other_version(case.row.layers),
    ),
    Accepted(
        "source route",
        "tshark shows the last hop of a source route as the destination, the decoder the address in"
        " the IP header",
        frozenset({"destination"}),
        lambda case: (
            ":" not in (case.ours.source or ":")
            and _is_source_route(case.data, case.ours.source or "")
        ),
    ),
)
"""In this order; the first that applies and explains all fields that differ is counted."""


def explain(case: Case) -> str | None:
    """ "": no difference; the name of the class of the differences; None: not accepted."""
    differing = case.differing()
    if not differing:
        return ""
    for accepted in ACCEPTED:
        if differing <= accepted.fields and accepted.applies(case):
            return accepted.name
    return None


# --- NVGRE that only tshark sees ---------------------------------------------


@dataclass(frozen=True)
class Unopened:
    """What the decoder does not look behind yet: a layer of tshark's, where it stands, and what the
    decoder says instead.
    """

    name: str
    reason: str
    before: tuple[str, ...]  # all layers up to it
    layer: str
    oddity: Oddity


UNOPENED = (
    Unopened(
        "mirror: ERSPAN",
        "a switch's copy of a frame; said to be a mirror of NVGRE, and not opened further",
        ("eth", "ethertype", "ip", "gre"),
        "erspan",
        Oddity.NVGRE_IN_ERSPAN,
    ),
)
"""The whole list: any other frame of which only tshark says that it is NVGRE is a failure."""


def explain_unseen(facts: Facts, row: Row) -> str | None:
    """The name of the layer that the decoder does not look behind; None: not accepted."""
    if not isinstance(facts, Other):
        return None
    for each in UNOPENED:
        if facts.oddity is each.oddity and row.layers[: len(each.before) + 1] == (
            *each.before,
            each.layer,
        ):
            return each.name
    return None
