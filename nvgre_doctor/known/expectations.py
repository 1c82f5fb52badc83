"""What you know of single hosts, by provider address: the layout that each is meant to speak, and
which are no NVGRE.

Knows addresses and networks; knows nothing about captures, and nothing about where the words come
from.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from nvgre_doctor.errors import GivenError
from nvgre_doctor.vocabulary import Layout

T = TypeVar("T")
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

Network: TypeAlias = "IPv4Network | IPv6Network"

EXPECTABLE: Final = (Layout.OLD.value, Layout.CURRENT.value)
"""The layouts that a host can be meant to speak."""
_SHOWN_CHARACTERS: Final = 40


class AddressError(GivenError):
    """No address, no network, or no layout; the message says what was expected."""


class NetworkTable(Generic[T]):
    """Values by network, looked up by address; the longest prefix wins, as in a routing table."""

    def __init__(self, rows: Iterable[tuple[Network, T]] = ()) -> None:
        """Of two rows with the same network the later one counts."""
        tables: dict[tuple[int, int], dict[int, T]] = {}
        for network, value in rows:
            host_bits = network.max_prefixlen - network.prefixlen
            prefixes = tables.setdefault((network.max_prefixlen // 8, host_bits), {})
            prefixes[int(network.network_address) >> host_bits] = value
        self._tables = sorted(tables.items(), key=lambda item: item[0])

    def get(self, address: bytes) -> T | None:
        """The value for a provider address of 4 or 16 bytes in network order; None where no network
        holds it.
        """
        number = int.from_bytes(address)
        for (size, host_bits), prefixes in self._tables:
            if size == len(address) and number >> host_bits in prefixes:
                return prefixes[number >> host_bits]
        return None

    def __contains__(self, address: bytes) -> bool:
        return self.get(address) is not None

    def __bool__(self) -> bool:
        return bool(self._tables)


def parse_network(text: str) -> Network:
    """An address (`10.0.0.7`, `fd00::7`) or a network (`10.0.0.0/24`).  Errors: AddressError."""
    from ipaddress import ip_network  # most runs name no network

    if "%" not in text:  # a zone means something on one machine only
        try:
            return ip_network(text)
        except ValueError:
            pass
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            pass
        else:
            raise AddressError(
                f"{_show(text)} has bits set behind its prefix; the network is {network}"
            )
    raise AddressError(
        "expected an address such as 10.0.0.7 or a network such as 10.0.0.0/24, found"
        f" {_show(text)}"
    )


def parse_expected(expect: Mapping[str, str]) -> NetworkTable[Layout]:
    """Which layout is meant to be spoken where: `{"10.0.0.7": "draft-00"}`.  Errors:
    AddressError.
    """
    rows: dict[Network, Layout] = {}
    for text, layout in expect.items():
        network = parse_network(text)
        if network in rows:
            raise AddressError(f"{network} stands twice")
        if layout not in EXPECTABLE:
            raise AddressError(
                f"expected {' or '.join(EXPECTABLE)} for {network}, found {_show(layout)}"
            )
        rows[network] = Layout(layout)
    return NetworkTable(rows.items())


def parse_hosts(texts: Iterable[str]) -> NetworkTable[bool]:
    """A set of addresses and networks.  Errors: AddressError."""
    return NetworkTable((parse_network(text), True) for text in texts)


def _show(text: str) -> str:
    """Quoted, with control characters escaped, and never long."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "...")
