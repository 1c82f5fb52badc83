"""Who is there: machines with their true layouts over time, customer subnets, virtual machines.

Times are integer nanoseconds since 1970, and true: no clock of a capture is meant.
"""

from dataclasses import dataclass, field
from random import Random

OLD, NEW = "draft-00", "rfc7637"
SECOND = 1_000_000_000
MILLISECOND = 1_000_000
NOON = 1_361_361_600 * SECOND
"""When every world begins."""


@dataclass(slots=True, eq=False)
class Machine:
    """A host.  `kind`: hyper-v, appliance, open-vswitch, openbsd, switch."""

    name: str
    kind: str
    addresses: list[str]
    mac: str
    layouts: list[tuple[int, str | None]]  # (from when, layout), ascending; None: plain GRE
    flow_ids: str
    ttl: int = 128
    hops: int = 0
    ident: int = 1
    has_idents: bool = True  # Linux writes 0 for packets that must not be fragmented
    twin: str | None = None  # the layout of a second machine with the same addresses
    is_replaced: bool = False  # another machine takes its addresses over, or has them as well
    downs: list[tuple[int, int]] = field(default_factory=list)
    flows: dict[object, int] = field(default_factory=dict)  # FlowIDs that were given

    def layout_at(self, at_ns: int, of_twin: bool = False) -> str | None:
        if of_twin and self.twin:
            return self.twin
        return [layout for start, layout in self.layouts if start <= at_ns][-1]

    def is_up(self, at_ns: int) -> bool:
        return not any(start <= at_ns < end for start, end in self.downs)

    def next_ident(self) -> int:
        """The next identification of an outer IPv4 header."""
        if not self.has_idents:
            return 0
        self.ident = self.ident % 0xFFFF + 1
        return self.ident

    def flow_id(self, conversation: object, direction: object, dice: Random) -> int:
        """The low octet of a frame under RFC 7637, in this machine's manner."""
        style = self.flow_ids
        if style == "zero":
            return 0
        if style == "constant":
            return self.flows.setdefault("constant", dice.randrange(1, 256))
        flow = (conversation, direction)
        if flow not in self.flows:
            if style == "few":
                start = self.flows.setdefault("few", dice.randrange(1, 250))
                self.flows[flow] = start + dice.randrange(3)
            elif style == "consecutive":
                self.flows[flow] = self.flows.get("last", dice.randrange(256)) + 1 & 0xFF
                self.flows["last"] = self.flows[flow]
            else:  # spread, hashed: hashed is the same for a whole connection, and both ways
                self.flows[flow] = dice.randrange(256)
        return self.flows[flow]


@dataclass(slots=True, eq=False)
class Subnet:
    """A virtual subnet: its VSID over time, and its prefix.  A clone has those of its original."""

    ids: list[tuple[int, int]]  # (from when, VSID), ascending
    customer: int
    network: str  # "10.1.4" or "fd10:1:4:", without the last part
    first: int  # the least last part of its addresses
    gateway_mac: str
    clone: int = 0

    def id_at(self, at_ns: int) -> int:
        return [number for start, number in self.ids if start <= at_ns][-1]

    @property
    def gateway(self) -> str:
        return self.address(1)

    def address(self, number: int) -> str:
        last = self.first + number
        if ":" in self.network:
            return f"{self.network}:{last:x}"
        high, low = divmod(last, 256)
        stem, third = self.network.rsplit(".", 1)
        return f"{stem}.{int(third) + high}.{low}"


@dataclass(slots=True, eq=False)
class Vm:
    """A virtual machine, and where it lives over time."""

    mac: str
    ip: str
    subnet: Subnet
    homes: list[tuple[int, Machine]]
    number: int  # the same for the clones of one
    ident: int = 0

    def home_at(self, at_ns: int) -> Machine:
        return [machine for start, machine in self.homes if start <= at_ns][-1]

    def next_ident(self) -> int:
        self.ident = self.ident % 0xFFFF + 1
        return self.ident


@dataclass(slots=True)
class Phase:
    """A time in which conversations begin; the machines of `quiet` are down or silent."""

    start_ns: int
    end_ns: int
    quiet: tuple[Machine, ...] = ()
    share: float = 1.0  # of the conversations of a usual phase


@dataclass(slots=True)
class Fabric:
    """Everything that is there."""

    machines: list[Machine]
    vms: list[Vm]
    phases: list[Phase]
    others: list[Machine] = field(default_factory=list)

    @property
    def end_ns(self) -> int:
        return self.phases[-1].end_ns
