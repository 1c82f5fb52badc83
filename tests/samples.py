"""The captures in sample_pcaps/: `python -m tests.samples` writes them, `build_samples()` returns
them.

Knows the story; must not know anything of nvgre_doctor.  Frames come from tests/build.py, times and
addresses are fixed, so that every run gives the same bytes.

| file                                          | what it shows
|
|-----------------------------------------------|--------------------------------------------------------------------------------------|
| 01-mismatch-pings-refused.pcapng              | The story: 192.168.50.1 is updated, .2 is not;
VSID 5001, four VMs, no ping is       |
|                                               | answered, every one is refused with ICMP 3/10
inside NVGRE                           |
| 02-all-updated.pcapng                         | Three updated hosts, two VSIDs, FlowIDs, on a
trunk port (outer 802.1Q)              |
| 03-all-old.pcapng                             | Two hosts without the update: everything works,
and both are behind                  |
| 04-value-cannot-tell-both-directions-do.pcapng| VSID 2000001: the old hosts' keys fit both
layouts; only the two directions of a VM  |
|                                               | pair tell.  Nobody sends an ICMP error
|
| 05-value-cannot-tell-nothing-does.pcapng      | One VM pair, one key both ways that fits both
layouts: nothing proves either         |
| 06-host-updated-during-capture.pcapng         | 192.168.50.2 starts with the old layout, restarts,
comes back with the current one   |
| 07-refused-but-layouts-agree.pcapng           | 3/10 for other reasons: a VM moved away, a Linux
firewall in the path, a guest's own |
|                                               | firewall, and TCP of the underlay
|
| 08-plain-gre-open-vswitch.pcap                | Open vSwitch with tunnel key 5001, the same bytes
as the old layout: not HNV         |
| 09-mismatch-over-ipv6.pcapng                  | Provider and customer addresses are IPv6, refusals
are ICMPv6 1/1                    |
| 10-mismatch-file-cut-short.pcap               | The story once more, snap length 96, and the copy
broke off in the middle of a frame |

Who is who: hosts are 192.168.50.N with a Hewlett-Packard NIC, VMs have Hyper-V MACs.  Hyper-V hosts
answer their guests' ARP themselves, so ARP is seen on the underlay only.  Which key an UNREACHABLE
itself carries is not documented: 01, 06, 09 and 10 repeat the key of the refused frame, 07 uses
0xFFFFFF00.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests import build, build_etl

FOLDER = Path(__file__).resolve().parent.parent / "sample_pcaps"
MORNING = 1_361_355_247_000_000_000  # 2013-02-20 10:14:07 UTC
ICMP, TCP, GRE, ICMPV6 = 1, 6, 47, 58

OLD_5001, CURRENT_5001 = 0x00001389, 0x00138900
OLD_6001, CURRENT_100001 = 0x00001771, 0x0186A100
OLD_2000001, CURRENT_2000001 = 0x001E8481, 0x1E848100
CONTROL = 0xFFFFFF00
REQUEST_TIMED_OUT_US = 4_900_000  # Windows ping's pace when nothing comes back
ANSWERED_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Station:
    """Something with a MAC and an IP address: a host or a VM."""

    mac: str
    ip: str


HOST1 = Station("3c:d9:2b:f0:50:01", "192.168.50.1")
HOST2 = Station("3c:d9:2b:f0:50:02", "192.168.50.2")
HOST3 = Station("3c:d9:2b:f0:50:03", "192.168.50.3")
VM1, VM2, VM3, VM4, VM5, VM6 = (
    Station(f"00:15:5d:0a:00:0{n}", f"10.1.1.1{n}") for n in range(1, 7)
)


@dataclass(slots=True)
class Wire:
    """A recording: what is sent becomes a frame, and time passes.  The hosts must be on one LAN."""

    tags: build.Tags = ()
    ttl: int = 128
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    now_us: int = 0
    idents: dict[str, int] = field(default_factory=dict)

    def wait(self, microseconds: int) -> None:
        """Let time pass, with a little jitter that is the same in every run."""
        self.now_us += microseconds + len(self.frames) * 7919 % 97

    def put(self, src: Station, dst_mac: str, payload: bytes) -> None:
        """One frame on the wire."""
        self.frames.append(
            (
                MORNING + self.now_us * 1000,
                build.ethernet(payload, None, src.mac, dst_mac, self.tags),
            )
        )
        self.wait(180)

    def ip(
        self, src: Station, dst: Station, protocol: int, payload: bytes, ttl: int | None = None
    ) -> bytes:
        """An IP packet; every sender counts its own identification."""
        ttl = self.ttl if ttl is None else ttl
        if ":" in src.ip:
            return build.ipv6(src.ip, dst.ip, protocol, payload, ttl)
        ident = self.idents[src.ip] = (
            self.idents.get(src.ip, int(src.ip.rpartition(".")[2]) * 0x0321) + 1
        )
        return build.ipv4(src.ip, dst.ip, protocol, payload, ttl, ident=ident)

    def arp(self, src: Station, dst: Station, answered: bool = True) -> None:
        """A host looks for another one."""
        self.put(src, "ff:ff:ff:ff:ff:ff", build.arp(src.mac, src.ip, dst.ip))
        if answered:
            self.put(dst, src.mac, build.arp(dst.mac, dst.ip, src.ip, src.mac, reply=True))

    def underlay_ping(self, src: Station, dst: Station, sequence: int) -> None:
        """The hosts themselves reach each other."""
        self.put(src, dst.mac, self.ip(src, dst, ICMP, build.echo(1, sequence)))
        self.put(dst, src.mac, self.ip(dst, src, ICMP, build.echo(1, sequence, reply=True)))

    def tunnel(
        self, src: Station, dst: Station, key: int, src_vm: Station, dst_vm: Station, inner: bytes
    ) -> bytes:
        """One NVGRE packet; returns it from its outer IP header on, as an ICMP error quotes it."""
        frame = build.inner_frame(src_vm.mac, dst_vm.mac, inner)
        packet = self.ip(src, dst, GRE, build.gre(frame, key))
        self.put(src, dst.mac, packet)
        return packet

    def ping(
        self, src: Station, dst: Station, key: int, src_vm: Station, dst_vm: Station, sequence: int
    ) -> bytes:
        """An echo request from VM to VM; returns the NVGRE packet."""
        if ":" in src_vm.ip:
            echo = build.echo6(src_vm.ip, dst_vm.ip, 1, sequence)
            return self.tunnel(src, dst, key, src_vm, dst_vm, self.ip(src_vm, dst_vm, ICMPV6, echo))
        return self.tunnel(
            src, dst, key, src_vm, dst_vm, self.ip(src_vm, dst_vm, ICMP, build.echo(1, sequence))
        )

    def pong(
        self, src: Station, dst: Station, key: int, src_vm: Station, dst_vm: Station, sequence: int
    ) -> None:
        """The echo reply to `ping`."""
        echo = build.echo(1, sequence, reply=True)
        self.tunnel(src, dst, key, src_vm, dst_vm, self.ip(src_vm, dst_vm, ICMP, echo))

    def refuse(self, by: Station, to: Station, key: int, quote: bytes) -> None:
        """An UNREACHABLE as MS-NVGREE 2.2.2 has it: ICMP 3/10 or ICMPv6 1/1 inside NVGRE, host to
        host.
        """
        if ":" in by.ip:
            error, protocol = build.icmp6(by.ip, to.ip, 1, 1, quote), ICMPV6
        else:
            error, protocol = build.icmp(3, 10, quote), ICMP
        self.tunnel(by, to, key, by, to, self.ip(by, to, protocol, error))

    def refused_pings(
        self,
        src: Station,
        dst: Station,
        key: int,
        src_vm: Station,
        dst_vm: Station,
        sequence: int,
        count: int = 4,
    ) -> None:
        """`ping` to a VM behind a host of the other layout: each request is refused, the guest sees
        "Request timed out".
        """
        for number in range(sequence, sequence + count):
            packet = self.ping(src, dst, key, src_vm, dst_vm, number)
            # The headers up to the first eight bytes of the guest's ICMP.
            headers = 40 + 8 + 14 + 40 + 8 if ":" in src.ip else 20 + 8 + 14 + 20 + 8
            self.refuse(dst, src, key, packet[:headers])
            self.wait(REQUEST_TIMED_OUT_US)

    def answered_pings(
        self,
        src: Station,
        dst: Station,
        keys: tuple[int, int],
        src_vm: Station,
        dst_vm: Station,
        sequence: int,
        count: int = 4,
    ) -> None:
        """`ping` that works; `keys` are the one of the request and the one of the reply."""
        for number in range(sequence, sequence + count):
            self.ping(src, dst, keys[0], src_vm, dst_vm, number)
            self.pong(dst, src, keys[1], dst_vm, src_vm, number)
            self.wait(ANSWERED_US)

    def web_request(
        self,
        src: Station,
        dst: Station,
        keys: tuple[int, int],
        src_vm: Station,
        dst_vm: Station,
        src_port: int,
    ) -> None:
        """One HTTP request between two VMs, from SYN to the last ACK."""
        question = b"GET / HTTP/1.1\r\nHost: intranet\r\n\r\n"
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
        sent, received = 1000, 5000

        def segment(out: bool, flags: int, data: bytes = b"") -> None:
            a, b = (src_vm, dst_vm) if out else (dst_vm, src_vm)
            ports = (src_port, 80) if out else (80, src_port)
            numbers = (sent, received) if out else (received, sent)
            acknowledged = 0 if flags == 0x02 else numbers[1]
            body = build.tcp(a.ip, b.ip, *ports, data, flags, numbers[0], acknowledged)
            hosts = (src, dst) if out else (dst, src)
            self.tunnel(*hosts, keys[0] if out else keys[1], a, b, self.ip(a, b, TCP, body))

        segment(True, 0x02)
        sent += 1
        segment(False, 0x12)
        received += 1
        segment(True, 0x10)
        segment(True, 0x18, question)
        sent += len(question)
        segment(False, 0x19, answer)
        received += len(answer) + 1
        segment(True, 0x11)
        sent += 1
        segment(False, 0x10)
        self.wait(300_000)


def _pcapng(wire: Wire, comment: str, tsresol: int | None = None) -> bytes:
    """What dumpcap at a mirror port writes, with the story as the capture's comment."""
    options = build.option(1, comment) + build.option(4, "Dumpcap 1.8.5")
    blocks = [build.shb(options=options), build.idb(snaplen=65535, tsresol=tsresol, name="mirror0")]
    blocks += [build.epb(0, ts_ns, data, tsresol=tsresol) for ts_ns, data in wire.frames]
    return b"".join(blocks)


def _the_story(wire: Wire) -> None:
    """Two hosts, one updated; four VMs of VSID 5001; nobody gets an answer."""
    wire.arp(HOST1, HOST2)
    wire.underlay_ping(HOST1, HOST2, 1)
    wire.wait(12_000_000)
    wire.refused_pings(HOST1, HOST2, CURRENT_5001, VM1, VM2, 21)
    wire.refused_pings(HOST2, HOST1, OLD_5001, VM2, VM1, 33)
    wire.refused_pings(HOST1, HOST2, CURRENT_5001, VM3, VM4, 5)
    wire.refused_pings(HOST2, HOST1, OLD_5001, VM4, VM3, 9)


def mismatch() -> bytes:
    """01: frames 1-4 underlay, 5-12 VM1 to VM2, 13-20 VM2 to VM1, 21-28 VM3 to VM4, 29-36 VM4 to
    VM3.
    """
    wire = Wire()
    _the_story(wire)
    return _pcapng(
        wire,
        "VSID 5001. VM1 and VM3 on 192.168.50.1 (KB2779768 installed), VM2 and VM4 on 192.168.50.2"
        " (not installed).",
    )


def mismatch_traced() -> bytes:
    """The same as `netsh trace` on a host writes it; no sample, because no Windows wrote it."""
    wire = Wire()
    _the_story(wire)
    return build_etl.etl([build_etl.ndiscap(ts_ns, data) for ts_ns, data in wire.frames])


def all_updated() -> bytes:
    """02: VSID 5001 with a FlowID per flow, VSID 100001 with FlowID 0; VLAN 50 outside."""
    wire = Wire(tags=((0x8100, 50),))
    wire.arp(HOST1, HOST2)
    wire.arp(HOST1, HOST3)
    wire.answered_pings(HOST1, HOST2, (CURRENT_5001 | 0x2A, CURRENT_5001 | 0xC1), VM1, VM2, 40)
    wire.web_request(HOST1, HOST2, (CURRENT_5001 | 0x77, CURRENT_5001 | 0x0E), VM1, VM2, 49171)
    wire.web_request(HOST1, HOST2, (CURRENT_5001 | 0xB3, CURRENT_5001 | 0x58), VM1, VM2, 49172)
    wire.answered_pings(HOST1, HOST3, (CURRENT_100001, CURRENT_100001), VM5, VM6, 1)
    return _pcapng(
        wire,
        "Trunk port, VLAN 50. VSID 5001 and 100001. KB2779768 is on all three hosts.",
        tsresol=9,
    )


def all_old() -> bytes:
    """03: VSID 5001 and 6001 in the old position, both directions, answered."""
    wire = Wire()
    wire.arp(HOST1, HOST2)
    wire.answered_pings(HOST1, HOST2, (OLD_5001, OLD_5001), VM1, VM2, 17)
    wire.answered_pings(HOST2, HOST1, (OLD_6001, OLD_6001), VM4, VM3, 3)
    wire.web_request(HOST1, HOST2, (OLD_5001, OLD_5001), VM1, VM2, 49160)
    return _pcapng(
        wire, "VSID 5001 and 6001. Windows Server 2012 as it was released, on both hosts."
    )


def both_directions() -> bytes:
    """04: .1 current, .2 and .3 old; 0x001E8481 fits both layouts, 0x1E848100 only the current
    one.
    """
    wire = Wire()
    wire.arp(HOST1, HOST2)
    for number in range(1, 5):
        wire.ping(HOST1, HOST2, CURRENT_2000001, VM1, VM2, number)
        wire.wait(REQUEST_TIMED_OUT_US)
    for number in range(1, 5):
        wire.ping(HOST2, HOST1, OLD_2000001, VM2, VM1, number)
        wire.wait(REQUEST_TIMED_OUT_US)
    wire.arp(HOST2, HOST3)
    wire.answered_pings(HOST2, HOST3, (OLD_2000001, OLD_2000001), VM2, VM5, 5)
    return _pcapng(
        wire, "VSID 2000001. VM1 to VM2 times out, VM2 to VM5 works. No ICMP error anywhere."
    )


def nothing_tells() -> bytes:
    """05: key 0x002A5A17 is TNI 2775575 or VSID 10842 with FlowID 0x17; one flow, the same key both
    ways.
    """
    wire = Wire()
    wire.arp(HOST1, HOST2)
    wire.answered_pings(HOST1, HOST2, (0x002A5A17, 0x002A5A17), VM1, VM2, 1)
    return _pcapng(
        wire, "One ping between two VMs. Is it TNI 2775575, or VSID 10842 with FlowID 23?"
    )


def updated_meanwhile() -> bytes:
    """06: refused both ways, 192.168.50.2 restarts (ARP without an answer), then the same VMs reach
    each other.
    """
    wire = Wire()
    wire.arp(HOST1, HOST2)
    wire.refused_pings(HOST1, HOST2, CURRENT_5001, VM1, VM2, 1, count=2)
    wire.refused_pings(HOST2, HOST1, OLD_5001, VM2, VM1, 1, count=2)
    wire.wait(95_000_000)
    for _ in range(3):
        wire.arp(HOST1, HOST2, answered=False)
        wire.wait(ANSWERED_US)
    wire.wait(240_000_000)
    wire.arp(HOST2, HOST2, answered=False)  # gratuitous: the host is back
    wire.wait(20_000_000)
    wire.arp(HOST1, HOST2)
    wire.answered_pings(HOST1, HOST2, (CURRENT_5001, CURRENT_5001), VM1, VM2, 3)
    wire.answered_pings(HOST2, HOST1, (CURRENT_5001, CURRENT_5001), VM2, VM1, 3)
    return _pcapng(
        wire, "VSID 5001. KB2779768 is installed on 192.168.50.2, and the host restarts."
    )


def other_reasons() -> bytes:
    """07: VSID 100001, both hosts current.  Frames 3-10 work; then one 3/10 of each other kind,
    twice.
    """
    wire = Wire()
    linux = Station("3c:d9:2b:f0:50:09", "192.168.50.9")
    keys = (CURRENT_100001, CURRENT_100001)
    wire.arp(HOST1, HOST2)
    wire.answered_pings(HOST1, HOST2, keys, VM1, VM2, 60)
    for number in (
        11,
        12,
    ):  # VM4 was moved off HOST2; the quote is the guest's IP header and eight bytes
        packet = wire.ping(HOST1, HOST2, CURRENT_100001, VM3, VM4, number)
        wire.refuse(HOST2, HOST1, CONTROL, packet[42 : 42 + 28])
        wire.wait(REQUEST_TIMED_OUT_US)
    wire.arp(HOST1, linux)
    for number in (21, 22):  # a Linux gateway that rejects what it does not know, as RHEL does
        packet = wire.ping(HOST1, linux, CURRENT_100001, VM3, VM6, number)
        wire.put(linux, HOST1.mac, wire.ip(linux, HOST1, ICMP, build.icmp(3, 10, packet), ttl=64))
        wire.wait(REQUEST_TIMED_OUT_US)
    for attempt in (0, 1):  # VM2's own firewall refuses RDP from VM1, inside the tunnel
        syn = build.tcp(VM1.ip, VM2.ip, 49200, 3389, sequence=7000)
        guest_packet = wire.ip(VM1, VM2, TCP, syn)
        wire.tunnel(HOST1, HOST2, CURRENT_100001, VM1, VM2, guest_packet)
        answer = wire.ip(VM2, VM1, ICMP, build.icmp(3, 10, guest_packet[:28]), ttl=64)
        wire.tunnel(HOST2, HOST1, CURRENT_100001, VM2, VM1, answer)
        wire.wait(3_000_000 << attempt)
    for attempt in (0, 1):  # the underlay: SSH from HOST2 to the Linux machine
        packet = wire.ip(HOST2, linux, TCP, build.tcp(HOST2.ip, linux.ip, 50022, 22, sequence=9000))
        wire.put(HOST2, linux.mac, packet)
        wire.put(linux, HOST2.mac, wire.ip(linux, HOST2, ICMP, build.icmp(3, 10, packet), ttl=64))
        wire.wait(3_000_000 << attempt)
    return _pcapng(
        wire,
        "VSID 100001. KB2779768 is on both hosts, and there is ICMP type 3 code 10 all the same.",
    )


def open_vswitch() -> bytes:
    """08: two Linux hosts, `options:key=5001`, OpenStack and VMware MACs, TTL 64, guests' ARP
    through the tunnel.
    """
    wire = Wire(ttl=64)
    left = Station("52:54:00:c8:00:15", "192.0.2.21")
    right = Station("52:54:00:c8:00:16", "192.0.2.22")
    guest1 = Station("fa:16:3e:4b:71:0c", "172.16.7.4")
    guest2 = Station("00:50:56:9a:3d:18", "172.16.7.9")
    everyone = Station("ff:ff:ff:ff:ff:ff", guest2.ip)
    wire.tunnel(left, right, 5001, guest1, everyone, build.arp(guest1.mac, guest1.ip, guest2.ip))
    reply = build.arp(guest2.mac, guest2.ip, guest1.ip, guest1.mac, reply=True)
    wire.tunnel(right, left, 5001, guest2, guest1, reply)
    wire.answered_pings(left, right, (5001, 5001), guest1, guest2, 1)
    wire.web_request(left, right, (5001, 5001), guest1, guest2, 40112)
    # `tcpdump -i any` on the left host: a cooked header takes the place of the Ethernet one.
    cooked = []
    for ts_ns, data in wire.frames:
        sender, packet_type = (left, 4) if data[6:12] == build.mac(left.mac) else (right, 0)
        cooked.append((ts_ns, build.sll2(data[14:], src=sender.mac, packet_type=packet_type)))
    return build.pcap(cooked, linktype=276, snaplen=262144)


def over_ipv6() -> bytes:
    """09: the story with IPv6 inside and outside; ICMPv6 1/1 instead of ICMP 3/10."""
    wire = Wire()
    host1 = Station(HOST1.mac, "fd00:50::1")
    host2 = Station(HOST2.mac, "fd00:50::2")
    vm1, vm2 = Station(VM1.mac, "fd01:5001::11"), Station(VM2.mac, "fd01:5001::12")
    wire.refused_pings(host1, host2, CURRENT_5001, vm1, vm2, 1)
    wire.refused_pings(host2, host1, OLD_5001, vm2, vm1, 1)
    return _pcapng(wire, "VSID 5001 over IPv6. fd00:50::1 has KB2779768, fd00:50::2 has not.")


def cut_short() -> bytes:
    """10: the story at snap length 96; the file ends 40 bytes into the data of frame 23."""
    wire = Wire()
    _the_story(wire)
    whole = build.pcap(wire.frames[:22], snaplen=96)
    last = build.pcap(wire.frames[22:23], snaplen=96)[24:]
    return whole + last[: 16 + 40]


SAMPLES: dict[str, Callable[[], bytes]] = {
    "01-mismatch-pings-refused.pcapng": mismatch,
    "02-all-updated.pcapng": all_updated,
    "03-all-old.pcapng": all_old,
    "04-value-cannot-tell-both-directions-do.pcapng": both_directions,
    "05-value-cannot-tell-nothing-does.pcapng": nothing_tells,
    "06-host-updated-during-capture.pcapng": updated_meanwhile,
    "07-refused-but-layouts-agree.pcapng": other_reasons,
    "08-plain-gre-open-vswitch.pcap": open_vswitch,
    "09-mismatch-over-ipv6.pcapng": over_ipv6,
    "10-mismatch-file-cut-short.pcap": cut_short,
}


def build_samples() -> dict[str, bytes]:
    """Every sample: file name to content."""
    return {name: make() for name, make in SAMPLES.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in build_samples().items():
        (FOLDER / name).write_bytes(content)
        print(f"{len(content):6} bytes  {name}")
