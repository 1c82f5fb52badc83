"""The fabric behind the benchmark captures: hosts, VMs and their inner flows, drawn from a seed.

Knows who talks to whom and with which GRE Key; must not know how a frame looks on the wire, nor
anything of nvgre_doctor. Addresses are text, as in tests/build.py.
"""

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from tests import build

FAMILIAR_VSIDS = (
    5001,
    5002,
    6001,
)  # what administrators choose by hand; the other tenants get any VSID
SERVER_PORT = 445


@dataclass(frozen=True, slots=True)
class Host:
    """A Hyper-V host with one provider address in each family."""

    mac: str
    ipv4: str
    ipv6: str
    speaks_old: bool  # draft-00: without update KB2779768

    def address(self, ipv6: bool) -> str:
        """Its provider address."""
        return self.ipv6 if ipv6 else self.ipv4


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine: one NIC in one virtual subnet."""

    host: Host
    mac: str
    ip: str  # customer address; tenants may use the same ones, that is what NVGRE is for
    network_id: int  # the VSID, which old hosts call TNI


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of a TCP connection between two VMs on different hosts."""

    sender: Vm
    receiver: Vm
    source_port: int
    destination_port: int
    gre_key: int

    @property
    def is_refused(self) -> bool:
        """The two hosts use different layouts: only connection attempts are sent."""
        return self.sender.host.speaks_old != self.receiver.host.speaks_old


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a fabric is."""

    hosts: int
    old_hosts: int
    vms: int
    tenants: int
    flows: int  # directions: a connection is two


@dataclass(frozen=True, slots=True)
class Fabric:
    """Everything that talks."""

    hosts: tuple[Host, ...]
    flows: tuple[Flow, ...]  # a flow and its answer stand side by side


def gre_key(host: Host, network_id: int, five_tuple: bytes) -> int:
    """What `host` writes into the Key.

    Old hosts: the bare TNI in the lower 24 bits (draft-00).  Current hosts: the VSID in the upper
    24 bits and a FlowID hashed over the inner 5-tuple (RFC 7637 section 3.2).
    """
    if host.speaks_old:
        return network_id
    return network_id << 8 | zlib.crc32(five_tuple) & 0xFF


def build_fabric(scale: Scale, rng: random.Random) -> Fabric:
    """Hosts, VMs spread over them, and connections between VMs of one tenant."""
    old = set(rng.sample(range(1, scale.hosts + 1), scale.old_hosts))
    hosts = tuple(
        Host(f"3c:d9:2b:f0:50:{n:02x}", f"192.168.50.{n}", f"fd00:50::{n:x}", n in old)
        for n in range(1, scale.hosts + 1)
    )
    network_ids = [
        *FAMILIAR_VSIDS,
        *(rng.randrange(0x1000, 0xFFFFFF) for _ in range(scale.tenants)),
    ][: scale.tenants]
    tenants: list[list[Vm]] = [[] for _ in network_ids]
    for n in range(scale.vms):
        position, tenant = divmod(n, scale.tenants)
        mac = f"00:15:5d:{n >> 16 & 0xFF:02x}:{n >> 8 & 0xFF:02x}:{n & 0xFF:02x}"
        ip = f"10.1.{1 + position // 250}.{1 + position % 250}"
        tenants[tenant].append(Vm(rng.choice(hosts), mac, ip, network_ids[tenant]))
    return Fabric(hosts, tuple(islice(_directions(tenants, rng), scale.flows)))


def _directions(tenants: list[list[Vm]], rng: random.Random) -> Iterator[Flow]:
    """Without end: a connection's first direction, then its answer."""
    while True:
        client, server = rng.sample(rng.choice(tenants), 2)
        if client.host is server.host:
            continue  # never leaves the virtual switch
        port = rng.randrange(49152, 65536)
        yield _flow(client, server, port, SERVER_PORT)
        yield _flow(server, client, SERVER_PORT, port)


_ip = cache(build.ip)


def _flow(sender: Vm, receiver: Vm, source_port: int, destination_port: int) -> Flow:
    five_tuple = (
        _ip(sender.ip) + _ip(receiver.ip) + struct.pack("!BHH", 6, source_port, destination_port)
    )
    key = gre_key(sender.host, sender.network_id, five_tuple)
    return Flow(sender, receiver, source_port, destination_port, key)
