"""The words that people read for keys, hosts, layouts, ICMP messages and counts.  One place, so
that the same thing has the same words everywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.evidence import limits
from nvgre_doctor.evidence.limits import LeftOut
from nvgre_doctor.infer.diagnosis import RefusalFacts
from nvgre_doctor.vocabulary import Assumption, Cause, Confidence, Layout, Sender, Verdict
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.ethertypes import ethertype_words

LAYOUT_NAMES: Final = {
    Layout.OLD: "draft-00",
    Layout.CURRENT: "RFC 7637",
    Layout.BOTH: "both layouts",
    Layout.UNKNOWN: "an unknown layout",
}
LAYOUT_WORDS: Final = {
    "draft-00": "draft-00",
    "rfc7637": "RFC 7637",
    "both": "both",
    "unknown": "unknown",
}
PLAIN_GRE: Final = "plain GRE"
"""What is said in place of a layout where the sender is no Hyper-V host."""
ASSUMPTION_NAMES: Final = {
    Assumption.VALUE: "value",
    Assumption.RESTART: "restart",
    Assumption.VM_PAIR: "VM pair",
    Assumption.UNIQUE: "unique",
    Assumption.CLOCKS: "clocks",
}
"""As docs/certainty.md names them."""
SURE_WORDS: Final = {Confidence.PROVEN: "proven", Confidence.LIKELY: "likely", Confidence.NONE: "-"}
CAUSE_WORDS: Final = {
    Cause.LAYOUT_MISMATCH: "because the layouts differ",
    Cause.POLICY: "layouts agree: policy, moved VM or firewall",
    Cause.THIRD_PARTY: "neither end refuses: a firewall or router on the way",
    Cause.UNKNOWN: "cause not known",
}
VERDICT_WORDS: Final = {
    Verdict.MISMATCH: "MISMATCH",
    Verdict.REFUSED: "REFUSED",
    Verdict.OLD_LAYOUT: "OLD LAYOUT",
    Verdict.UNDECIDED: "UNDECIDED",
    Verdict.WARNINGS: "WARNINGS",
    Verdict.HEALTHY: "HEALTHY",
    Verdict.NO_NVGRE: "NO NVGRE",
    Verdict.UNREADABLE: "UNREADABLE",
}
# Names of RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1 and RFC 4443 section 3.
ICMP_NAMES: Final[dict[tuple[int, ...], str]] = {
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


def address_text(address: bytes) -> str:
    """A provider or customer address as people write it."""
    if len(address) == 4:
        return ".".join(map(str, address))
    return _ipv6_text(address)


def _ipv6_text(address: bytes) -> str:
    """As RFC 5952 says, and as glibc does.  `socket.inet_ntop` says it so on Linux alone, and in a
    browser not at all; `ipaddress` says it otherwise from Python 3.13 on.
    """
    words = [int.from_bytes(address[place : place + 2]) for place in range(0, 16, 2)]
    zeros = re.finditer("00+", "".join("x" if word else "0" for word in words))
    longest = max(zeros, key=lambda run: run.end() - run.start(), default=None)  # the first of them
    if longest is None:
        return ":".join(f"{word:x}" for word in words)
    begin, end = longest.span()
    before, after = ([f"{word:x}" for word in part] for part in (words[:begin], words[end:]))
    if begin == 0 and (end == 6 or (end == 5 and words[5] == 0xFFFF)):  # IPv4 within it
        after[-2:] = [".".join(map(str, address[12:]))]
    return f"{':'.join(before)}::{':'.join(after)}"


def key_text(gre_key: int) -> str:
    """A GRE key as Wireshark shows it."""
    return f"0x{gre_key:08x}"


def vm_pair_text(macs: bytes) -> str:
    """Inner source and destination MAC; the second is shortened to what differs: 00:15:5d:0a:00:01
    / :02.
    """
    source, destination = macs[6:].hex(":"), macs[:6].hex(":")
    if source != destination and source[:14] == destination[:14]:
        destination = destination[14:]
    return f"{source} / {destination}"


def both_readings(gre_key: int) -> str:
    """The raw key and what it is under either layout: "0x00138900 (TNI 1280256, or VSID 5001 with
    FlowID 0)".
    """
    return f"0x{gre_key:08x} ({readings(gre_key)})"


def readings(gre_key: int) -> str:
    """What a key is under either layout: "TNI 1280256, or VSID 5001 with FlowID 0"."""
    octet = layouts.reserved_octet(gre_key)
    old = _id_words("TNI", layouts.tni(gre_key)) + (
        f" with top octet 0x{octet:02x}" if octet else ""
    )
    current = f"{_id_words('VSID', layouts.vsid(gre_key))} with FlowID {layouts.flow_id(gre_key)}"
    return f"{old}, or {current}"


def _id_words(noun: str, network_id: int) -> str:
    """Return "TNI 5001", "VSID 19 [reserved]" (0 to 4095) or "VSID 16777215 [NVE to NVE]" (RFC 7637
    section 3.4).
    """
    if layouts.is_usable(network_id):
        return f"{noun} {network_id}"
    return (
        f"{noun} {network_id} [{'NVE to NVE' if network_id == layouts.CONTROL_ID else 'reserved'}]"
    )


def icmp_code(version: int, icmp_type: int, code: int) -> str:
    """`ICMP 3/10`: type and code."""
    return f"{'ICMPv6' if version == 6 else 'ICMP'} {icmp_type}/{code}"


def icmp_words(version: int, icmp_type: int, code: int) -> str:
    """Name an ICMP message: "ICMP 3/10 (host administratively prohibited)"."""
    name = ICMP_NAMES.get((version, icmp_type, code))
    return icmp_code(version, icmp_type, code) + (f" ({name})" if name else "")


def icmp_codes(refusals: Iterable[RefusalFacts]) -> str:
    """`ICMP 3/10 or ICMPv6 1/1` where there are both."""
    signs = (refusal.sign for refusal in refusals)
    return " or ".join(sorted({icmp_code(sign.version, sign.type, sign.code) for sign in signs}))


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def ethertypes_words(ethertypes: Counter[int], limit: int = 4) -> str:
    """Return "5 x MACsec, 0x88e5; 2 x ARP, 0x0806", the commonest first."""
    ranked = sorted(ethertypes.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count} x {ethertype_words(ethertype)}" for ethertype, count in ranked[:limit]]
    if rest := sum(count for _, count in ranked[limit:]):
        parts.append(f"{rest} x other EtherTypes")
    return "; ".join(parts)


def losses_words(losses: Losses) -> str:
    """Return "7 packets" or "3 events and 1 buffer of events"; empty where nothing was lost."""
    lost = [
        plural(count, *words)
        for count, words in (
            (losses.packets, ("packet",)),
            (losses.events, ("event",)),
            (losses.buffers, ("buffer of events", "buffers of events")),
        )
        if count
    ]
    return " and ".join(lost)


def left_out_words(left_out: LeftOut) -> str:
    """What was too much to keep; empty where all is kept."""
    out = [
        f"{plural(count, *words)} {than}"
        for count, words, than in (
            (
                left_out.frames,
                ("frame",),
                f"between other hosts than {limits.HOSTS:,}, or other pairs than {limits.PAIRS:,}",
            ),
            (
                left_out.frames_of_ids,
                ("key of a frame", "keys of frames"),
                f"with other ids than {limits.IDS:,}",
            ),
            (left_out.signs, ("unusual frame",), f"of other kinds than {limits.SIGNS:,}"),
            (
                left_out.errors,
                ("ICMP error",),
                f"that say something else than {limits.ERRORS:,} others",
            ),
        )
        if count
    ]
    told = "; ".join(out)
    return f"too much to keep: {told}. They are counted, and not looked at" if out else ""


def sampled_words(frames: int) -> str:
    """That so many frames are of VM pairs that are not kept; empty where all are."""
    if not frames:
        return ""
    return (
        f"very many VM pairs: {plural(frames, 'frame')} of others than a sample of each direction"
        " between two hosts count for their hosts and keys, and are not compared"
    )


def listed(items: Iterable[str], limit: int = 4) -> str:
    """The first few of many, with how many are left."""
    all_items = list(items)
    rest = len(all_items) - limit
    return ", ".join(all_items[:limit]) + (f" and {rest} more" if rest > 0 else "")


def layout_words(layout: str, sender: Sender) -> str:
    """The layout of a host as a column shows it: the same bytes mean less where it may be no
    Hyper-V host.
    """
    if sender is Sender.OTHER:
        return PLAIN_GRE
    if sender is Sender.UNCLEAR and layout == Layout.OLD:
        return f"{LAYOUT_WORDS[layout]}, if NVGRE"
    return LAYOUT_WORDS[layout]


def assumption_words(assumes: Iterable[str]) -> str:
    """`A2 restart, A3 VM pair`."""
    return ", ".join(f"{letter} {ASSUMPTION_NAMES[Assumption(letter)]}" for letter in assumes)
