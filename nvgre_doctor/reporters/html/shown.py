"""How single values look on the page, wherever they stand: addresses, layouts, keys, sentences.

`rows.js` builds the same elements for rows that are unpacked; a test compares both.
"""

import re
from collections.abc import Collection
from html import escape
from typing import Final

from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.report.model import Host
from nvgre_doctor.reporters.html.markup import NOTHING, Html, joined, tag, text
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Layout, Sender
from nvgre_doctor.wording import LAYOUT_WORDS, PLAIN_GRE, layout_words

LAYOUT_CLASSES: Final = {
    Layout.OLD: "old",
    Layout.CURRENT: "new",
    Layout.BOTH: "both",
    Layout.UNKNOWN: "unknown",
}
LOOKS: Final = {LAYOUT_WORDS[layout]: look for layout, look in LAYOUT_CLASSES.items()} | {
    PLAIN_GRE: "unknown",
    layout_words(Layout.OLD, Sender.UNCLEAR): "old",
}
"""The class of each word for a layout: nobody is blamed for plain GRE."""
_LINKED: Final = re.compile(
    r"\b0x[0-9a-f]{8}\b|(?<![\w:.])(?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f:]*:[0-9a-f:.]*[0-9a-f:])"
)
"""Keys, and what may be the address of a host."""


def host_target(address: str) -> str:
    """Where the row of a host is."""
    return f"#host-{address}"


def host_link(address: str) -> Html:
    """An address that leads to its row."""
    return tag("a.h", text(address), href=host_target(address))


def key_link(gre_key: str) -> Html:
    """A key that leads to its bits."""
    return tag("a.k", text(gre_key), href="#key")


def copied(command: str) -> Html:
    """Something to type; `base.js` adds a button that copies it."""
    return tag("code.copy", Html(escape(whole_or(command, visible)))) if command else NOTHING


def word_of(host: Host) -> str:
    """The layout of a host in a word or two."""
    return layout_words(host.layout, host.sender)


def layout_badge(word: str) -> Html:
    """A word for a layout, with a shape of its own."""
    return tag(f"b.l.{LOOKS[word]}", text(word))


def sentence(raw: str, hosts: Collection[str]) -> Html:
    """A sentence in which keys and the addresses of hosts are links."""
    shown = visible(raw)
    parts, begin = [], 0
    for match in _LINKED.finditer(shown):
        word = match.group()
        if not word.startswith("0x") and word not in hosts:
            continue
        parts.append(text(shown[begin : match.start()]))
        parts.append(key_link(word) if word.startswith("0x") else host_link(word))
        begin = match.end()
    return joined((*parts, text(shown[begin:])))


def headline(raw: str, hosts: dict[str, Host]) -> Html:
    """The sentence of the verdict: every host in the colour of its layout."""
    shown = visible(raw)
    parts, begin = [], 0
    for match in _LINKED.finditer(shown):
        if host := hosts.get(match.group()):
            parts.append(text(shown[begin : match.start()]))
            style = LOOKS[word_of(host)]
            parts.append(tag(f"a.h.l.{style}", text(host.address), href=host_target(host.address)))
            begin = match.end()
    return joined((*parts, text(shown[begin:])))
