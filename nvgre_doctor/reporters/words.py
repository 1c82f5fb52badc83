"""The words that people read for what the report holds: layouts, verdicts, ICMP errors, keys,
counts.

Knows names; knows nothing about how they are laid out.
"""

from typing import Final

from nvgre_doctor.vocabulary import Confidence, Verdict
from nvgre_doctor.wire import layouts

LAYOUT_WORDS: Final = {
    "draft-00": "draft-00",
    "rfc7637": "RFC 7637",
    "both": "both",
    "unknown": "unknown",
}
SURE_WORDS: Final = {Confidence.PROVEN: "proven", Confidence.LIKELY: "likely", Confidence.NONE: "-"}
VERDICT_WORDS: Final = {
    Verdict.MISMATCH: "MISMATCH",
    Verdict.REFUSED: "REFUSED",
    Verdict.OLD_LAYOUT: "OLD LAYOUT",
    Verdict.WARNINGS: "WARNINGS",
    Verdict.HEALTHY: "HEALTHY",
    Verdict.NO_NVGRE: "NO NVGRE",
    Verdict.UNREADABLE: "UNREADABLE",
}

# Names of RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1 and RFC 4443 section 3.
_ICMP_NAMES: Final = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 5): "source route failed",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "communication administratively prohibited",
    (4, 5, 10): "redirect, the VM moved",
    (4, 11, 0): "time to live exceeded",
    (4, 11, 1): "fragment reassembly time exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "route rejected",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
    (6, 3, 1): "fragment reassembly time exceeded",
    (6, 4, 1): "next header not recognized",
    (6, 137, 1): "redirect, the VM moved",
}


def icmp_words(version: int, icmp_type: int, code: int) -> str:
    """Name an ICMP message: "ICMP 3/10 (host administratively prohibited)"."""
    name = _ICMP_NAMES.get((version, icmp_type, code))
    return f"{'ICMPv6' if version == 6 else 'ICMP'} {icmp_type}/{code}" + (
        f" ({name})" if name else ""
    )


def both_readings(gre_key: int) -> str:
    """The raw key and what it is under either layout: "0x00138900 (TNI 1280256, or VSID 5001 with
    FlowID 0)".
    """
    octet = layouts.reserved_octet(gre_key)
    old = network_id_words("TNI", layouts.tni(gre_key)) + (
        f" with top octet 0x{octet:02x}" if octet else ""
    )
    current = (
        f"{network_id_words('VSID', layouts.vsid(gre_key))} with FlowID {layouts.flow_id(gre_key)}"
    )
    return f"0x{gre_key:08x} ({old}, or {current})"


def network_id_words(noun: str, network_id: int) -> str:
    """Return "TNI 5001", "VSID 19 [reserved]" (0 to 4095) or "VSID 16777215 [NVE to NVE]" (RFC 7637
    section 3.4).
    """
    if layouts.is_usable(network_id):
        return f"{noun} {network_id}"
    return (
        f"{noun} {network_id} [{'NVE to NVE' if network_id == layouts.CONTROL_ID else 'reserved'}]"
    )


def count(number: int, noun: str) -> str:
    """Return "1 frame", "2 frames"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
