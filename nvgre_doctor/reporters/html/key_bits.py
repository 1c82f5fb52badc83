"""The 32 bits of a key under both layouts, in the words of `nvgre-doctor key`.

`key.js` draws the same for any other key; it gets the sentences, and has the rules of
`wire/layouts.py` a second time: a test compares both.
"""

import json
from typing import Final

from nvgre_doctor.keycard import remark, said_of, sentences
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html.markup import NOTHING, Html, raw_element, tag, text
from nvgre_doctor.vocabulary import Layout
from nvgre_doctor.wire import layouts

_NUMBERED: Final = (31, 24, 23, 16, 15, 8, 7, 0)


def key_section(report: Report) -> Html:
    """The first key that shows what is wrong; nothing, if the report names none."""
    gre_key = _first_key(report)
    if gre_key is None:
        return NOTHING
    return tag(
        "section",
        tag("h2", text("The bits of a key"), id="key-title"),
        tag(
            "p.note",
            text(
                "The same 32 bits, read in two ways. The first draft has the tenant's number in the"
                " low 24 bits, RFC 7637 (and a host with KB2779768) in the high 24 bits. Every key"
                " on this page leads here."
            ),
        ),
        tag(
            "p.tools",
            tag("label", text("GRE key "), tag("input", **_INPUT, value=f"0x{gre_key:08x}")),
            text(" "),
            tag("output", id="key-note"),
        ),
        tag(
            "div.scroll",
            bits_table(gre_key),
            tabindex=0,
            role="region",
            aria_labelledby="key-title",
        ),
        tag("ul.said", *(tag("li", text(said)) for said in said_of(gre_key)), id="key-said"),
        raw_element("script", json.dumps(sentences()), type="application/json", id="key-words"),
        id="key",
    )


_INPUT: Final[dict[str, str | int]] = {
    "id": "key-input",
    "type": "text",
    "autocomplete": "off",
    "spellcheck": "false",
    "size": 14,
}


def bits_table(gre_key: int) -> Html:
    """Numbers of bits, their values, and a row for each layout."""
    vsid, tni, octet = layouts.vsid(gre_key), layouts.tni(gre_key), layouts.reserved_octet(gre_key)
    numbers = [tag("td", text(str(bit) if bit in _NUMBERED else "")) for bit in range(31, -1, -1)]
    values = [
        tag("td.one" if gre_key >> bit & 1 else "td", text(str(gre_key >> bit & 1)))
        for bit in range(31, -1, -1)
    ]
    return tag(
        "table.bits",
        tag("tr.numbers", _head("bit"), *numbers),
        tag("tr.values", _head(f"0x{gre_key:08x}"), *values, tag("td")),
        tag(
            "tr.new",
            _head("RFC 7637"),
            tag("td", text(f"VSID {vsid}{remark(vsid)}"), colspan=24),
            tag("td", text(f"FlowID {layouts.flow_id(gre_key)}"), colspan=8),
            tag("td", text(_possible(layouts.fits_current(gre_key)))),
        ),
        tag(
            "tr.old",
            _head("draft-00"),
            tag("td", text(f"0x{octet:02x}" + ("" if octet == 0 else ", must be 0")), colspan=8),
            tag("td", text(f"TNI {tni}{remark(tni)}"), colspan=24),
            tag("td", text(_possible(layouts.fits_old(gre_key)))),
        ),
        id="key-bits",
    )


def _head(words: str) -> Html:
    return tag("th", text(words), scope="row")


def _possible(fits: bool) -> str:
    return "Possible" if fits else "Not possible"


def _first_key(report: Report) -> int | None:
    """The old one, if there is one."""
    for layout in (Layout.OLD, Layout.BOTH, Layout.UNKNOWN, Layout.CURRENT):
        for host in report.hosts:
            if host.layout == layout:
                for segment in host.segments:
                    if segment.gre_keys:
                        return segment.gre_keys[0]
    quoted = (refusal.gre_key for refusal in report.refusals)
    return next((gre_key for gre_key in quoted if gre_key is not None), None)
