"""Whatever dpkt shows of a frame, the decoder says too, on random frames and on the foreign
captures.

dpkt shows nothing of much that the decoder reads (cut headers, three tags, ...), so only what it
shows is compared.  WRONG names where dpkt 1.9.8 is wrong.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

import dpkt
import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre, Other
from tests import figures
from tests.differential.captures import case_paths, corpus_index, read_capture
from tests.fuzz.frames import random_frame

pytestmark = pytest.mark.long

LINK_LAYERS = {
    1: dpkt.ethernet.Ethernet,
    113: dpkt.sll.SLL,
    276: dpkt.sll2.SLL2,
    0: dpkt.loopback.Loopback,
    108: dpkt.loopback.Loopback,
}
ERRORS = {4: {3, 5, 11, 12}, 6: {1, 2, 3, 4, 137}}
RAISED = (dpkt.Error, AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error)
"""What dpkt raises on frames that it does not understand: more than its own errors."""

Fields = dict[str, object]


def network_layer(linktype: int, data: bytes) -> object:
    try:
        if linktype in LINK_LAYERS:
            return LINK_LAYERS[linktype](data).data
        if linktype in (12, 14, 101, 228, 229) and data:
            return dpkt.ip.IP(data) if data[0] >> 4 == 4 else dpkt.ip6.IP6(data)
    except RAISED:
        return None
    return None


def dpkts(linktype: int, data: bytes) -> Fields:
    packet = network_layer(linktype, data)
    if not isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6):
        return {}
    fields: Fields = {"source": packet.src, "destination": packet.dst}
    if any(
        getattr(header, "frag_off", 0) for header in getattr(packet, "all_extension_headers", ())
    ):
        # dpkt goes on with the payload of a later fragment, unless its header is the first one.
        return fields
    payload = packet.data
    if (
        isinstance(payload, dpkt.gre.GRE)
        and payload.flags & 0x2007 == 0x2000
        and payload.p == 0x6558
    ):
        fields |= {"flags": payload.flags, "key": payload.key}
        if isinstance(payload.data, dpkt.ethernet.Ethernet):
            fields["macs"] = payload.data.dst, payload.data.src
    elif isinstance(payload, dpkt.icmp.ICMP | dpkt.icmp6.ICMP6):
        version = 4 if isinstance(payload, dpkt.icmp.ICMP) else 6
        if payload.type in ERRORS[version]:
            fields["icmp"] = version, payload.type, payload.code
        quoted = getattr(payload.data, "data", None)  # Unreach, TimeExceed, ...
        if (
            isinstance(quoted, dpkt.ip.IP)
            and isinstance(quoted.data, dpkt.gre.GRE)
            and quoted.data.p == 0x6558
        ):
            fields["quoted key"] = quoted.data.key if quoted.data.flags & 0x2007 == 0x2000 else None
    return fields


def ours(facts: Facts) -> Fields:
    if isinstance(facts, Nvgre):
        return {
            "source": facts.source,
            "destination": facts.destination,
            "flags": facts.gre_flags,
            "key": facts.gre_key,
            "macs": (facts.inner_destination_mac, facts.inner_source_mac),
        }
    if isinstance(facts, IcmpError):
        return {
            "source": facts.reporter,
            "destination": facts.addressee,
            "icmp": (facts.version, facts.type, facts.code),
            "quoted key": facts.quote.gre_key,
        }
    return {"source": facts.source, "destination": facts.destination}


@dataclass(frozen=True)
class Wrong:
    """Where dpkt is wrong, and in which fields."""

    name: str
    reason: str
    fields: frozenset[str]
    applies: Callable[[Facts, Fields], bool]


EVERYTHING = frozenset({"source", "destination", "flags", "key", "macs", "icmp", "quoted key"})
WRONG = (
    Wrong(
        "version of IP",
        "dpkt believes the link layer and does not look at the version in the IP header",
        EVERYTHING,
        lambda facts, shown: facts in (Other(Oddity.MALFORMED), Other(Oddity.NOT_IP, ethertype=0)),
    ),
    Wrong(
        "acknowledgment number",
        "dpkt takes the flag 0x0080 for an acknowledgment number in version 0 too, so the inner"
        " frame begins 4 bytes too late",
        frozenset({"macs"}),
        lambda facts, shown: isinstance(facts, Nvgre) and bool(facts.gre_flags & 0x0080),
    ),
    Wrong(
        "source route in GRE",
        "dpkt ends a source route (RFC 1701) at another place",
        frozenset({"macs"}),
        lambda facts, shown: isinstance(facts, Nvgre) and bool(facts.gre_flags & 0x4000),
    ),
    Wrong(
        "ICMP of the other version",
        "dpkt reads ICMPv6 in IPv4 and ICMP in IPv6 too",
        frozenset({"icmp", "quoted key"}),
        lambda facts, shown: (
            facts in (Other(Oddity.NOT_GRE, *ends(shown)), Other(Oddity.TRUNCATED, *ends(shown)))
        ),
    ),
)


def ends(shown: Fields) -> tuple[bytes, bytes]:
    return shown["source"], shown["destination"]  # type: ignore[return-value]


def explain(facts: Facts, shown: Fields) -> str | None:
    """ "": what dpkt shows is what we say; the name of the class where it is wrong; None: a
    difference.
    """
    said = ours(facts)
    differing = {name for name, value in shown.items() if value != said.get(name)}
    if not differing:
        return ""
    return next(
        (
            wrong.name
            for wrong in WRONG
            if differing <= wrong.fields and wrong.applies(facts, shown)
        ),
        None,
    )


def assert_dpkt_agrees(frames: Iterable[tuple[int, bytes, int]], what: str, least: int) -> None:
    """`least` fields must have been compared."""
    compared, wrong = 0, []
    for linktype, data, wire_length in frames:
        shown, facts = dpkts(linktype, data), decode(linktype, data, wire_length)
        name = explain(facts, shown)
        if name is None:
            wrong.append(f"linktype {linktype} {data.hex()}: {facts}, dpkt {shown}")
        elif name:
            figures.DIFFERENCES[f"dpkt is wrong: {name}"] += 1
        compared += len(shown)
    figures.COMPARED[f"fields of {what} as dpkt shows them"] += compared
    assert wrong == []
    assert compared >= least


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_frames(seed):
    dice = Random(seed)
    assert_dpkt_agrees((random_frame(dice) for _ in range(4000)), "random frames", least=9000)


def test_the_corpus(corpus):
    paths = [corpus / row["file"] for row in corpus_index(corpus)]
    frames = (frame for path in paths for frame in read_capture(path)[1].values())
    assert_dpkt_agrees(
        ((f.linktype, f.data, f.wire_length) for f in frames), "the corpus", least=20_000
    )


def test_the_cases(cases):
    frames = (frame for path in case_paths(cases) for frame in read_capture(path)[1].values())
    assert_dpkt_agrees(
        ((f.linktype, f.data, f.wire_length) for f in frames), "the cases", least=50_000
    )


def test_a_difference_is_seen():
    frame = dpkt.ethernet.Ethernet(
        data=dpkt.ip.IP(
            src=b"\1\2\3\4", dst=b"\5\6\7\x08", p=47, len=28, data=bytes.fromhex("2000655800138900")
        )
    )
    data = bytes(frame)
    facts = decode(1, data, len(data))
    shown = dpkts(1, data)
    assert shown == {
        "source": b"\1\2\3\4",
        "destination": b"\5\6\7\x08",
        "flags": 0x2000,
        "key": 0x00138900,
    }
    assert explain(facts, shown) == ""
    assert explain(facts, shown | {"key": 0x00001389}) is None
    assert explain(Other(Oddity.NOT_GRE, b"\1\2\3\4", b"\5\6\7\x08"), shown) is None
