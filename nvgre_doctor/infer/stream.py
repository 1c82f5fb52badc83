"""What one host sent between one VM pair, under keys that share their upper bits."""

from typing import NamedTuple

from nvgre_doctor.infer.at import At


class Stream(NamedTuple):
    """Frames of one VM pair in one direction whose keys share bits 31..8, over all captures.

    `macs` is inner destination + inner source, or empty.  `destination` is empty for frames of many
    VM pairs to many hosts, which were not told apart (see `evidence.sampling`).
    """

    source: bytes
    destination: bytes
    upper_bits: int
    macs: bytes
    low_octets: bytes
    frames: int
    first: At
    last: At
    customer_addresses: bytes

    @property
    def gre_keys(self) -> tuple[int, ...]:
        """Every key of the stream, ascending."""
        return tuple([self.upper_bits << 8 | low for low in self.low_octets])

    @property
    def lowest_gre_key(self) -> int:
        """The first of them."""
        return self.upper_bits << 8 | self.low_octets[0]

    @property
    def inner_source_mac(self) -> bytes:
        """Empty when it was not captured."""
        return self.macs[6:]
