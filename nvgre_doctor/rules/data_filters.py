"""Display filters for the NVGRE data of hosts, as short as what else they sent allows."""

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.vocabulary import Oddity


class DataFilters:
    """Those of one situation."""

    def __init__(self, situation: Situation) -> None:
        """Looks once at what hosts sent that is no data: control traffic, and messages of their
        own.
        """
        signs = [sign for capture, _ in situation.evidence.different() for sign in capture.signs]
        self._of_messages = {sign.source for sign in signs if sign.oddity is Oddity.HOST_ERROR}
        self._of_control = {sign.source for sign in signs if sign.oddity is Oddity.CONTROL}

    def __call__(self, *addresses: bytes) -> str:
        """A filter for the data that one host sent, or that two exchanged."""
        show = for_wireshark.from_host if len(addresses) == 1 else for_wireshark.between
        parts = [show(*addresses)]
        parts += [
            for_wireshark.not_own_message(address)
            for address in addresses
            if address in self._of_messages
        ]
        if self._of_control & {*addresses}:
            parts.append(f"!{for_wireshark.CONTROL_KEY}")
        return " && ".join(parts)
