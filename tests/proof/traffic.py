"""Conversations of virtual machines become packets on the underlay, and what a host answers that
cannot deliver them.

What a machine writes follows from its true layout at that time.
"""

from random import Random

from tests import build
from tests.proof.fabric import MILLISECOND, NEW, SECOND, Fabric, Machine, Vm
from tests.proof.packets import (
    GRE,
    ICMP,
    Packet,
    framed,
    inner_icmp,
    inner_ip,
    inner_refusal,
    key_of,
    outer,
    outer_error,
)
from tests.proof.style import Style

TCP, UDP = 6, 17
THIRD = {
    "firewall": ("192.168.66.254", (3, 10)),
    "acl": ("192.168.66.253", (3, 13)),
    "router": ("192.168.66.252", (3, 1)),
}
BROADCAST = "ff:ff:ff:ff:ff:ff"
QUOTES = ("outer-ip", "gre", "inner-ip", "inner-ethernet")


class Traffic:
    """Everything that is sent, in no order."""

    def __init__(self, style: Style, fabric: Fabric, dice: Random) -> None:
        self.style, self.fabric, self.dice = style, fabric, dice
        self.packets: list[Packet] = []
        self.third_ident = dice.randrange(0x8000)
        self.manner = {m: self._manner_of(m) for m in [*fabric.machines, *fabric.others]}
        hosts = fabric.machines
        self.blocked = {dice.choice(hosts)} if style.third_address != "no" else set()
        self.without_policy = {dice.choice(fabric.vms).number} if style.lacks_policy else set()

    def _manner_of(self, machine: Machine) -> tuple[str, str, str]:
        """How a machine refuses: inner, outer or no; its quotes; the key of its own messages."""
        dice, style = self.dice, self.style
        how = dice.choice(("inner", "outer", "no")) if style.refuses == "mixed" else style.refuses
        shape = dice.choice(QUOTES) if style.quotes == "mixed" else style.quotes
        return how, shape, dice.choice(("control", "control", "same", "own"))

    # --- one frame of a virtual machine --------------------------------------

    def addresses(self, source: Vm, destination: Vm, at_ns: int) -> tuple[str, str]:
        """The provider addresses of a frame: those of the VMs, or those of its path."""
        a, b = source.home_at(at_ns).addresses, destination.home_at(at_ns).addresses
        if not self.style.are_paths_asymmetric:
            return a[source.number % len(a)], b[destination.number % len(b)]
        path = source.number * 7 + destination.number * 3
        return a[path % len(a)], b[(path + 1) % len(b)]

    def send(
        self, source: Vm, destination: Vm, inner: bytes, at_ns: int, conversation: object,
        is_broadcast: bool = False,
    ) -> bool:  # fmt: skip
        """Send one inner packet, if both machines are apart; whether it arrived."""
        here, there = source.home_at(at_ns), destination.home_at(at_ns)
        if here is there or not here.is_up(at_ns):
            return here is there
        layout = here.layout_at(at_ns, of_twin=bool(source.number % 2))
        number, macs = self._route(source, destination, at_ns)
        way = None if here.flow_ids == "hashed" else source.number
        key = key_of(layout, number, here.flow_id(conversation, way, self.dice))
        destination_mac = BROADCAST if is_broadcast else macs[1]
        frame = build.inner_frame(macs[0], destination_mac, inner)
        a, b = self.addresses(source, destination, at_ns)
        data = framed(here, there, outer(here, a, b, GRE, build.gre(frame, key=key)))
        sent = Packet(at_ns, data, "data", a, b, here, there, layout, number)
        self.packets.append(sent)
        if not there.is_up(at_ns):
            return False
        return self._arrives(sent, key, there, destination, at_ns)

    def _route(self, source: Vm, destination: Vm, at_ns: int) -> tuple[int, tuple[str, str]]:
        """The VSID and the MACs of a frame: of one subnet, or routed."""
        macs = source.mac, destination.mac
        if source.subnet is destination.subnet:
            return source.subnet.id_at(at_ns), macs
        side = source if self.style.routed == "source" else destination
        if self.style.routed_macs == "gateway":
            is_source = self.style.routed == "source"
            gateway = source.subnet.gateway_mac if is_source else destination.subnet.gateway_mac
            macs = (source.mac, gateway) if is_source else (gateway, destination.mac)
        return side.subnet.id_at(at_ns), macs

    def _arrives(self, sent: Packet, key: int, there: Machine, destination: Vm, at_ns: int) -> bool:
        """Whether the frame is delivered; where it is not, the errors that say so."""
        if there in self.blocked and sent.sender is not None and ":" not in sent.source:
            by, kind = THIRD[self.style.third_address]
            self.third_ident += 1
            self.packets.append(
                outer_error(
                    None, by, sent.sender, sent, key, kind, "third-party", at_ns + MILLISECOND,
                    self.dice, self.third_ident,
                )
            )  # fmt: skip
            return False
        theirs = there.layout_at(at_ns, of_twin=bool(destination.number % 2))
        if theirs != sent.layout:
            self._refuse(sent, key, there, "layout-mismatch", at_ns)
            return False
        if destination.number in self.without_policy:
            self._refuse(sent, key, there, "policy", at_ns)
            return False
        return True

    def _refuse(self, sent: Packet, key: int, there: Machine, cause: str, at_ns: int) -> None:
        how, shape, own_key = self.manner[there]
        assert sent.sender is not None
        later = at_ns + self.dice.randrange(50, 900) * 1000
        by = sent.destination
        if self.style.refuses_from_other_address and len(there.addresses) > 1:
            by = next(address for address in there.addresses if address != by)
        if how == "inner" and there.kind == "hyper-v":
            control = 0xFFFFFF << 8 if there.layout_at(at_ns) == NEW else 0xFFFFFF
            if own_key == "same":
                control = key
            elif own_key == "own":
                control = key_of(there.layout_at(at_ns), sent.vsid or 0, 0)
            self.packets.append(
                inner_refusal(
                    there, by, sent.sender, sent, key, shape, control, cause, later, self.dice
                )
            )
        elif how == "outer":
            self.packets.append(
                outer_error(there, by, sent.sender, sent, key, (3, 10), cause, later, self.dice)
            )

    # --- conversations ---------------------------------------------------------

    def talk(self, a: Vm, b: Vm, at_ns: int) -> None:
        """One conversation that `a` begins."""
        kind = self.dice.choices(("ping", "tcp", "udp", "arp"), (35, 35, 15, 15))[0]
        getattr(self, f"_{kind}")(a, b, at_ns)

    def _later(self) -> int:
        return self.dice.randrange(1, 40) * MILLISECOND // 10

    def _ping(self, a: Vm, b: Vm, at_ns: int) -> None:
        conversation = "ping", a.number, b.number
        first = self.dice.randrange(1, 60000)
        for n in range(self.dice.choice((1, 2, 4))):
            at = at_ns + n * SECOND
            rest = 1 << 16 | first + n
            request = inner_icmp(a.ip, b.ip, (8, 0), build.PING_DATA, rest)
            if self.send(a, b, inner_ip(a, a.ip, b.ip, ICMP, request), at, conversation):
                reply = inner_icmp(b.ip, a.ip, (0, 0), build.PING_DATA, rest)
                back = inner_ip(b, b.ip, a.ip, ICMP, reply)
                self.send(b, a, back, at + self._later(), conversation)

    def _tcp(self, a: Vm, b: Vm, at_ns: int) -> None:
        port, service = self.dice.randrange(49152, 65536), self.dice.choice((80, 443, 445, 3389))
        conversation = "tcp", a.number, b.number, port
        number = self.dice.randrange(1 << 32)
        tries = (0, 3, 9)[: self.dice.choice((1, 2, 3))]
        for wait in tries:  # with another sequence number: over IPv6 nothing else tells them apart
            syn = build.tcp(a.ip, b.ip, port, service, sequence=(number + wait) % (1 << 32))
            at = at_ns + wait * SECOND
            if self.send(a, b, inner_ip(a, a.ip, b.ip, TCP, syn), at, conversation):
                break
        else:
            return
        for n in range(self.dice.choice((1, 3, 6))):
            at += self._later()
            here, there = (a, b) if n % 2 else (b, a)
            ports = (port, service) if n % 2 else (service, port)
            data = build.tcp(here.ip, there.ip, *ports, b"x" * 20 * n, 0x10, number % 99999 + n)
            self.send(here, there, inner_ip(here, here.ip, there.ip, TCP, data), at, conversation)

    def _udp(self, a: Vm, b: Vm, at_ns: int) -> None:
        port = self.dice.randrange(49152, 65536)
        conversation = "udp", a.number, b.number, port
        ask = build.udp(a.ip, b.ip, port, 53, self.dice.randbytes(24))
        if self.send(a, b, inner_ip(a, a.ip, b.ip, UDP, ask), at_ns, conversation):
            answer = build.udp(b.ip, a.ip, 53, port, self.dice.randbytes(60))
            back = inner_ip(b, b.ip, a.ip, UDP, answer)
            self.send(b, a, back, at_ns + self._later(), conversation)

    def _arp(self, a: Vm, b: Vm, at_ns: int) -> None:
        if ":" in a.ip or a.subnet is not b.subnet:
            self._ping(a, b, at_ns)
            return
        conversation = "arp", a.number, b.number
        for n in range(self.dice.choice((1, 1, 3))):
            at = at_ns + n * SECOND
            ask = build.arp(a.mac, a.ip, b.ip)
            for other in self._others_of(a, b):  # one copy for each host of the subnet
                self.send(a, other, ask, at, conversation, is_broadcast=True)
            if self.send(a, b, ask, at, conversation, is_broadcast=True):
                answer = build.arp(b.mac, b.ip, a.ip, a.mac, reply=True)
                self.send(b, a, answer, at + self._later(), conversation)
                return

    def _others_of(self, a: Vm, b: Vm) -> list[Vm]:
        """One virtual machine for each other host that a broadcast of `a` goes to."""
        start = self.fabric.phases[0].start_ns
        others = {vm.home_at(start): vm for vm in self.fabric.vms if vm.subnet is a.subnet}
        homes = a.home_at(start), b.home_at(start)
        return [vm for home, vm in others.items() if home not in homes]
