"""One GRE Key explained: its 32 bits under both layouts, what its value alone proves, and what to
look at next.

Knows the key and nothing else: no capture, no host.  The layouts themselves are in wire/layouts.py.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from nvgre_doctor.errors import GivenError
from nvgre_doctor.terminal.page import Page, Span, Style
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wording import key_text

LARGEST: Final = 0xFFFFFFFF

_HEX_PREFIXED: Final = re.compile(r"0[xX]([0-9a-fA-F]{1,8})")
_BYTES: Final = re.compile(
    r"([0-9a-fA-F]{2})([:\- ])([0-9a-fA-F]{2})\2([0-9a-fA-F]{2})\2([0-9a-fA-F]{2})"
)
_DIGITS: Final = re.compile(r"[0-9]+")
_HEX_DIGITS: Final = re.compile(r"[0-9a-fA-F]{1,8}")
_BYTE: Final = re.compile(r"[0-9a-fA-F]{2}")


class GivenKey(NamedTuple):
    """A key as somebody typed it; `note` says how it was read, where another reading was
    possible.
    """

    gre_key: int
    note: str = ""


class KeyTextError(GivenError):
    """What was typed is no 32-bit key; the message says what is."""

    help_helps: ClassVar[bool] = True


def parse_keys(words: Sequence[str]) -> list[GivenKey]:
    """Read every word as a key; four words of two hex digits are the four bytes of one key, as a
    hex dump has them.

    Errors: KeyTextError.
    """
    if len(words) == 4 and all(_BYTE.fullmatch(word) for word in words):
        gre_key = int("".join(words), 16)
        return [GivenKey(gre_key, "read as the four bytes of one key")]
    return [parse_key(word) for word in words]


def parse_key(word: str) -> GivenKey:
    """Read one key: 0x00001389, 5001, 00:00:13:89 (also with - or spaces), or a hex stream as
    Wireshark copies it.

    Digits alone are decimal, unless there are eight and the first is 0: people do not write
    00001389 for a number. Errors: KeyTextError.
    """
    text = word.strip()
    if match := _HEX_PREFIXED.fullmatch(text):
        return GivenKey(int(match[1], 16))
    if match := _BYTES.fullmatch(text):
        return GivenKey(int(match[1] + match[3] + match[4] + match[5], 16))
    if _DIGITS.fullmatch(text) and not (len(text) == 8 and text[0] == "0"):
        digits = text.lstrip("0") or "0"
        number = int(digits[:11])  # eleven are too many already
        if number > LARGEST:
            raise KeyTextError(
                f"{text[:40]} does not fit into 32 bits: the largest key is {LARGEST} (0xffffffff)"
            )
        if number < 10:  # the same in both
            return GivenKey(number)
        as_hex = f"; if it is hex, write 0x{digits}" if len(digits) <= 8 else ""
        return GivenKey(number, f"read as decimal{as_hex}")
    if _HEX_DIGITS.fullmatch(text):
        return GivenKey(
            int(text, 16),
            f"read as hex; if it is decimal, write {int(text)}"
            if text.isdigit()
            else "read as hex",
        )
    raise KeyTextError(f"{word[:40]!r} is no GRE key: write 0x00001389, 5001 or 00:00:13:89")


def draw_key_card(page: Page, given: GivenKey) -> None:
    """Add everything that can be said about one key to a page: the answer first, then lines of
    ASCII of at most 80 columns, with a reading that is not possible dim.
    """
    gre_key = given.gre_key
    reading = layouts.reading(gre_key)
    note = f"  ({given.note})" if given.note else ""
    page.say(
        Span(
            f"0x{gre_key:08x}  {_ANSWERS[reading]}".format(**template_values(gre_key)),
            Style.HEADING,
        )
    )
    page.blank()
    page.say(f"GRE Key 0x{gre_key:08x} = {gre_key}{note}")
    page.blank()
    for line in _drawing(gre_key):
        page.say(line)
    _section(page, "By its value alone", _VERDICTS[reading], gre_key)
    other = [line for sentence in _other_layout(gre_key) for line in sentence]
    _section(page, "The same tenant in the other layout", other, gre_key)
    filters = [f"{name:<25}{expression}" for name, expression in display_filters(gre_key)]
    _section(page, "In Wireshark", filters, gre_key)
    _section(page, "Look at next", _NEXT_STEPS[reading], gre_key)


def _section(page: Page, heading: str, lines: Sequence[str], gre_key: int) -> None:
    if not lines:
        return
    page.blank()
    page.say(heading)
    for line in lines:
        page.say(f"  {line}".format(**template_values(gre_key)))


def sentences() -> dict[str, str]:
    """What can be said of a key by its value, as templates for `template_values`: one for each
    Reading, and what the other layout writes if the key is a TNI ("if-old") or a VSID
    ("if-current").
    """
    by_value = {reading.value: " ".join(lines) for reading, lines in _VERDICTS.items()}
    return by_value | {"if-old": " ".join(_IF_OLD), "if-current": " ".join(_IF_CURRENT)}


def said_of(gre_key: int) -> list[str]:
    """These sentences, as far as they apply to a key."""
    values = template_values(gre_key)
    lines = [_VERDICTS[layouts.reading(gre_key)], *_other_layout(gre_key)]
    return [" ".join(part).format(**values) for part in lines]


def display_filters(gre_key: int) -> list[tuple[str, str]]:
    """What to type into Wireshark's filter bar, with a name each.  Tested against tshark 4.0."""
    filters = [("this key", f"gre.key == 0x{gre_key:08x}")]
    if layouts.fits_current(gre_key) and not layouts.is_control(gre_key):
        vsid = layouts.vsid(gre_key)
        filters.append((f"VSID {vsid}, any FlowID", f"gre.key & 0xffffff00 == 0x{vsid << 8:08x}"))
        filters.append((f"TNI {vsid}, old layout", f"gre.key == 0x{vsid:08x}"))
    if layouts.fits_old(gre_key):
        tni = layouts.tni(gre_key)
        filters.append((f"VSID {tni}, any FlowID", f"gre.key & 0xffffff00 == 0x{tni << 8:08x}"))
    filters.append(
        ("refused inside NVGRE", "ip.proto#1 == 47 && icmp.type == 3 && icmp.code == 10")
    )
    filters.append(
        ("refused on the underlay", "ip.proto#1 == 1 && icmp.type == 3 && icmp.code == 10")
    )
    return filters


def _drawing(gre_key: int) -> list[Span]:
    octets = gre_key.to_bytes(4, "big")
    vsid, tni, octet = layouts.vsid(gre_key), layouts.tni(gre_key), layouts.reserved_octet(gre_key)
    flow_id = layouts.flow_id(gre_key)
    current = Style.PLAIN if layouts.fits_current(gre_key) else Style.DIM
    old = Style.PLAIN if layouts.fits_old(gre_key) else Style.DIM
    return [
        Span("bit       31     24 23     16 15      8 7       0   network byte order"),
        Span("          " + "  ".join(f"{octet:08b}" for octet in octets)),
        Span("          " + "  ".join(f"   {octet:02x}   " for octet in octets).rstrip()),
        Span(""),
        Span("RFC 7637 |            VSID            |  FlowID |", current),
        Span(f"         |{f'{vsid}{remark(vsid)}':^28}|{flow_id:^9}|", current),
        Span("draft-00 |reserved|             TNI             |", old),
        Span(
            f"         |{f'0x{octet:02x}':^8}|{f'{tni}{remark(tni)}':^29}|"
            + ("" if octet == 0 else "  reserved must be 0"),
            old,
        ),
    ]


def remark(network_id: int) -> str:
    """What is special about a VSID or TNI, to stand behind it."""
    if network_id == layouts.CONTROL_ID:
        return ", NVE to NVE"
    return "" if layouts.is_usable(network_id) else ", reserved"


def template_values(gre_key: int) -> dict[str, str | int]:
    """What stands in braces in the sentences."""
    vsid, tni = layouts.vsid(gre_key), layouts.tni(gre_key)
    return {
        "number": gre_key,
        "vsid": vsid,
        "flow_id": layouts.flow_id(gre_key),
        "tni": tni,
        "octet": f"0x{layouts.reserved_octet(gre_key):02x}",
        "vsid_as_old": key_text(vsid),
        "tni_as_current": key_text(tni << 8),
        "tni_as_current_last": key_text(tni << 8 | 0xFF),
    }


def _other_layout(gre_key: int) -> list[tuple[str, ...]]:
    if layouts.is_control(gre_key):
        return []
    fits = ((layouts.fits_old(gre_key), _IF_OLD), (layouts.fits_current(gre_key), _IF_CURRENT))
    return [sentence for is_possible, sentence in fits if is_possible]


_ANSWERS: Final = {
    Reading.OLD_ONLY: "draft-00 only: TNI {tni}, if this is NVGRE",
    Reading.CURRENT_ONLY: "RFC 7637 only: VSID {vsid}, FlowID {flow_id}",
    Reading.EITHER: "VSID {vsid} (RFC 7637) or TNI {tni} (draft-00): both fit",
    Reading.NEITHER: "no tenant's key in either layout: a plain GRE tunnel, or broken",
    Reading.CONTROL: "control traffic between two hosts: no evidence for a layout",
}

_IF_OLD: Final = (
    "If this is TNI {tni} (draft-00): an RFC 7637 host writes VSID {tni} as",
    "{tni_as_current}, or up to {tni_as_current_last} with a FlowID.",
)
_IF_CURRENT: Final = (
    "If this is VSID {vsid} (RFC 7637): a draft-00 host writes TNI {vsid} as",
    "{vsid_as_old}.",
)
_VERDICTS: Final = {
    Reading.OLD_ONLY: (
        "As NVGRE, only the old layout (draft-00) can have written it. Read as",
        "RFC 7637 its VSID would be {vsid}, and 0 to 4095 are reserved (RFC 7637 s3.4).",
        "But a plain GRE tunnel (Open vSwitch or Linux with key {number}) has the very",
        "same bytes: the value does not prove that this is NVGRE at all.",
    ),
    Reading.CURRENT_ONLY: (
        "As NVGRE, only the current layout (RFC 7637) can have written it. In draft-00",
        "the top octet is reserved and must be 0; here it is {octet}.",
    ),
    Reading.EITHER: (
        "Both layouts can have written it: VSID {vsid} with FlowID {flow_id} (RFC 7637), or",
        "TNI {tni} (draft-00). The value alone cannot tell.",
    ),
    Reading.NEITHER: (
        "Neither layout allows it for a tenant: as a VSID or as a TNI it is in the",
        "reserved range 0 to 4095 (RFC 7637 s3.4). It may be the number of a plain GRE",
        "tunnel (Open vSwitch, Linux, port mirroring), or broken.",
    ),
    Reading.CONTROL: (
        "Most likely control traffic between two hosts: 0xFFFFFF, in either position,",
        "is kept for vendor-specific NVE to NVE messages (RFC 7637 s3.4). It is no",
        "evidence for a layout.",
    ),
}

_NEXT_STEPS: Final = {
    Reading.OLD_ONLY: (
        "Look for the key in the other direction of the same two VMs. If it is the",
        "number above for RFC 7637, one host lacks KB2779768 and they cannot talk. Do",
        "the inner MAC addresses begin with 00:15:5D or 00:1D:D8? Then it is Hyper-V.",
        "Check: Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
    ),
    Reading.CURRENT_ONLY: (
        "Look for the key in the other direction of the same two VMs. Its upper 24 bits",
        "must be the same. If it is {vsid_as_old}, the other host has the old layout.",
    ),
    Reading.EITHER: (
        "1. The other direction of the same two VMs: equal keys mean the same layout at",
        "   both ends, a key shifted by 8 bits means a mismatch.",
        "2. More keys of one VM pair: low octets that vary are FlowIDs (RFC 7637).",
        "3. Your VSIDs: Get-NetVirtualizationLookupRecord shows which reading exists.",
    ),
    Reading.NEITHER: (
        "Who sends it? Inner MAC addresses of 00:15:5D or 00:1D:D8 are Hyper-V. If both",
        "ends use the same small key, it is most likely a plain GRE tunnel.",
    ),
    Reading.CONTROL: (
        "What is inside? ICMP 3/10 is UNREACHABLE: the receiver had no policy for a",
        "frame. ICMP 5/10 is REDIRECT: the VM moved ([MS-NVGREE] 2.2.2).",
    ),
}
