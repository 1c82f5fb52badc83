"""Which findings somebody decided not to be told, about whom, and why.

Knows codes as text, and addresses; knows nothing about findings.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from nvgre_doctor.known.expectations import NetworkTable, parse_hosts


class Ignore(NamedTuple):
    """One decision."""

    code: str  # of findings, or how it begins
    hosts: tuple[str, ...] = ()
    """Addresses and networks: only findings about one of these.  None: all."""
    reason: str = ""

    def fits(self, code: str, hosts: Iterable[str]) -> bool:
        """Whether it is about a finding with this code and these hosts."""
        if not code.startswith(self.code.upper()):
            return False
        if not self.hosts:
            return True
        from ipaddress import ip_address  # only where hosts are named

        table = _table(self.hosts)
        return any(ip_address(host).packed in table for host in hosts)


def ignores_of(given: Iterable[Ignore | str]) -> tuple[Ignore, ...]:
    """Decisions, of which those that are nothing but a code may be written as one."""
    return tuple(Ignore(one) if isinstance(one, str) else one for one in given)


@lru_cache(64)
def _table(hosts: tuple[str, ...]) -> NetworkTable[bool]:
    return parse_hosts(hosts)
