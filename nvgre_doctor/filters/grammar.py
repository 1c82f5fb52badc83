"""What a display filter of ours is made of: names of fields, numbers, addresses and operators.

A filter that comes from somewhere else is held against this before it is shown to be copied: it
can hold nothing that a shell would take for a command.
"""

import re
from collections.abc import Callable
from typing import Final

_TOKEN: Final = r"""
    [a-z][a-z0-9_]*+ (?:\.[a-z0-9_]++)*+ (?:\#\d++)?+   # ip.src#1, and words such as `in`
    | \[\d++:\]                                          # all bytes from one on
    | [0-9a-f:][0-9a-fx.:/]*+                           # numbers, addresses, networks
    | == | != | <= | >= | < | > | && | \|\| | ! | [(){},] | \.\.
    | &\ 0x[0-9a-f]++                                   # a mask
    | "[a-z0-9:()|]*+"
"""
_FILTER: Final = re.compile(rf"(?:{_TOKEN}|\ )*+", re.VERBOSE | re.ASCII)


def is_display_filter(text: str) -> bool:
    """Whether a text is made of these alone; whether it means something is Wireshark's to say."""
    return _FILTER.fullmatch(text) is not None


def whole_or(text: str, cleaned: Callable[[str], str]) -> str:
    """A display filter as it is, for shortened it would show something else; any other text
    `cleaned`.
    """
    return text if is_display_filter(text) else cleaned(text)
