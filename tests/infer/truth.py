"""Worlds whose truth is known: hosts with layouts, VMs with VSIDs, and what a capture of them
holds, as a hypothesis strategy.

What a host writes into a key follows from its layout, the VSID and the FlowID alone; a VM has one
VSID (RFC 7637 section 3.2). Knows nothing of the program under test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests import build
from tests.worlds import ICMP, MILLISECOND, NOON, SECOND, Vm, vm

OLD, CURRENT = "draft-00", "rfc7637"
VSIDS = (
    # the limits of each band of the key's table, in both positions
    *(0x1000, 0x1001, 0xFFFF, 0x10000, 0xFFFFF, 0x100000, 0x100001, 0xFFFF00, 0xFFFFFE),
    # pairs of which one is the other one's key in the other layout, and neighbours that differ in
    # the low octet
    *(5001, 5002, 0x138900, 0x138901, 0x138905, 0x1389FF, 0x138A00),
    *(2000001, 2000002, 7812, 0x1E8400),
)
FLOW_IDS = (0x00, 0x01, 0x05, 0x81, 0x89, 0xFF)
RESTART = 300 * SECOND
QUOTES: tuple[Callable[[bytes], bytes], ...] = (
    lambda packet: packet,
    lambda packet: packet[:28],
    lambda packet: packet[20:],
    lambda packet: packet[20:28],
    lambda packet: packet[42:],
    lambda packet: packet[28:],
    lambda packet: packet[:20],
    lambda packet: b"",
)
HOST_MACS = ("3c:d9:2b:f0:50:01", "3c:d9:2b:f0:50:02")


@dataclass(frozen=True, slots=True)
class Event:
    """One frame: data of a VM pair, or, with `answer`, the receiver's 3/10 about such a frame.
    Hosts are numbers.
    """

    era: int  # 0 before, 1 after the time in which hosts restart
    sender: int
    receiver: int
    gre_key: int
    source_vm: Vm
    destination_vm: Vm
    answer: str = ""  # "inner", "outer"
    quote: int = 0
    answer_key: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """`layouts[host]` is its layout in either era; `vsids` are those of all VMs; `events` are in
    order.
    """

    layouts: tuple[tuple[str, str], ...]
    vsids: frozenset[int]
    events: tuple[Event, ...]

    def packet(self, event: Event, names: Sequence[str]) -> bytes:
        """The outer IP packet of one event, hosts named by `names`."""
        sender, receiver = names[event.sender], names[event.receiver]
        ping = build.ipv4(event.source_vm.ip, event.destination_vm.ip, ICMP, build.echo())
        frame = build.inner_frame(event.source_vm.mac, event.destination_vm.mac, ping)
        data = build.nvgre(sender, receiver, event.gre_key, frame)
        if not event.answer:
            return data
        if event.answer == "outer":
            return build.ipv4(receiver, sender, ICMP, build.icmp(3, 10, data[:28]))
        refusal = build.ipv4(receiver, sender, ICMP, build.icmp(3, 10, QUOTES[event.quote](data)))
        return build.nvgre(
            receiver, sender, event.answer_key, build.inner_frame(*HOST_MACS, refusal)
        )

    def record(self, names: Sequence[str], snaplen: int = 0) -> list[build.Frame]:
        """The capture: a frame every millisecond, the two eras five minutes apart."""
        frames: list[build.Frame] = []
        for number, event in enumerate(self.events):
            frame = build.ethernet(self.packet(event, names))
            captured = frame[:snaplen] if snaplen else frame
            frames.append((NOON + event.era * RESTART + number * MILLISECOND, captured, len(frame)))
        return frames

    def spoken(self, host: int) -> set[str]:
        """The layouts of a host in the eras in which something of it was captured."""
        return {self.layouts[host][event.era] for event in self.events if event.sender == host}


def key_of(layout: str, vsid: int, flow_id: int) -> int:
    """What a host writes."""
    return vsid if layout == OLD else vsid << 8 | flow_id


@st.composite
def worlds(draw: st.DrawFn, changes: bool = False, refusals: bool = True, most: int = 14) -> World:
    """Two to four hosts, two to six VMs of one to three VSIDs, and what is left of their traffic
    after losses.
    """
    count = draw(st.integers(2, 4))
    plans = [(OLD, OLD), (CURRENT, CURRENT)] + ([(OLD, CURRENT), (CURRENT, OLD)] if changes else [])
    layouts = draw(st.lists(st.sampled_from(plans), min_size=count, max_size=count))
    vsids = draw(st.lists(st.sampled_from(VSIDS), min_size=1, max_size=3, unique=True))
    machines = draw(
        st.lists(
            st.tuples(st.sampled_from(vsids), st.integers(0, count - 1), st.integers(0, count - 1)),
            min_size=2,
            max_size=6,
        )
    )
    moves = draw(st.booleans())
    flow_ids = draw(st.sampled_from([(0,), FLOW_IDS, FLOW_IDS[1:]]))
    flow_per_pair = draw(st.booleans())
    events = []
    traffic = st.tuples(
        st.integers(0, len(machines) - 1),
        st.integers(0, len(machines) - 1),
        st.sampled_from(flow_ids),
        st.sampled_from(["", "inner", "outer"]) if refusals else st.just(""),
        st.integers(0, len(QUOTES) - 1),
        st.booleans(),
    )
    for era in (0, 1):
        for one, two, drawn_flow, answer, quote, is_control in draw(
            st.lists(traffic, max_size=most // 2)
        ):
            vsid, *homes = machines[one]
            sender, receiver = homes[era * moves], machines[two][1 + era * moves]
            if sender == receiver or vsid != machines[two][0]:
                continue
            flow_id = flow_ids[(one * 7 + two) % len(flow_ids)] if flow_per_pair else drawn_flow
            gre_key = key_of(layouts[sender][era], vsid, flow_id)
            event = Event(era, sender, receiver, gre_key, vm(one + 1), vm(two + 1))
            if answer:
                control = 0x00FFFFFF if layouts[receiver][era] == OLD else 0xFFFFFF00
                answer_key = control if is_control else gre_key
                events.append(replace(event, answer=answer, quote=quote, answer_key=answer_key))
            else:
                events.append(event)
    return World(tuple(layouts), frozenset(vsids), tuple(events))


def reordered(world: World, order: Sequence[int]) -> World:
    """The same frames in another order, but none across the restart."""
    shuffled = [world.events[index] for index in order]
    return replace(world, events=tuple(sorted(shuffled, key=lambda event: event.era)))


def other_traffic(names: Mapping[str, str]) -> list[bytes]:
    """Frames of others: TCP, VXLAN and ICMP of the same hosts, and NVGRE of two other hosts with
    both layouts.
    """
    one, two = names.values()
    packets = [
        build.ipv4(one, two, 6, build.tcp(one, two, 40000, 445)),
        build.ipv4(two, one, 17, build.udp(two, one, 1000, 4789, bytes(60))),
        build.ipv4(one, two, ICMP, build.echo()),
        build.ipv4(
            two,
            one,
            ICMP,
            build.icmp(3, 10, build.ipv4(one, two, 6, build.tcp(one, two, 40000, 445))),
        ),
    ]
    for gre_key, source, destination in (
        (5001, 201, 202),
        (5001 << 8, 202, 201),
        (0x138905, 203, 204),
    ):
        frame = build.inner_frame(
            vm(source).mac,
            vm(destination).mac,
            build.ipv4(vm(source).ip, vm(destination).ip, ICMP, build.echo()),
        )
        hosts = (f"192.0.2.{source}", f"192.0.2.{destination}")
        packets.append(build.nvgre(*hosts, gre_key, frame))
    return [build.ethernet(packet) for packet in packets]
