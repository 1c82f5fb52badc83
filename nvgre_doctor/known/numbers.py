"""How people write numbers and VSIDs: decimal, or with 0x.  The one parser of them."""

import re
from typing import Final

from nvgre_doctor.wire.layouts import CONTROL_ID, LOWEST_VSID, is_usable

_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]{1,8}")
_DECIMAL: Final = re.compile(r"[0-9]{1,10}", re.ASCII)

VSIDS: Final = f"from {LOWEST_VSID} to {CONTROL_ID - 1}"
"""What an administrator may assign (RFC 7637 section 3.4)."""


def parse_number(text: str) -> int | None:
    """The number that `5001` or `0x1389` means; None for what is none, and for what is too long."""
    if _HEX.fullmatch(text):
        return int(text, 16)
    return int(text) if _DECIMAL.fullmatch(text) else None


def parse_vsid(text: str) -> int:
    """A VSID that an administrator may assign.  Errors: ValueError, whose text says why not."""
    number = parse_number(text)
    if number is None:
        raise ValueError(f"{text!r} is not a number.")
    if not is_usable(number):
        raise ValueError(f"{text} is not a VSID: they go {VSIDS}.")
    return number
