"""A capture told frame by frame, each packet with identifications of its own, as machines number
them: for properties that need a capture of a few exact frames.
"""

from dataclasses import dataclass, field

from tests import build
from tests.proof.changing import Capture
from tests.proof.fabric import MILLISECOND, NOON, SECOND

A, B, C, D = (f"192.168.50.{n}" for n in (1, 2, 3, 4))
"""Provider addresses of four hosts."""
ROUTER = "192.168.66.254"


@dataclass(frozen=True, slots=True)
class Guest:
    mac: str
    ip: str


def guest(number: int, third: int = 1) -> Guest:
    """guest(1) has 00:15:5d:0a:01:01 and 10.1.1.1."""
    return Guest(f"00:15:5d:0a:{third:02x}:{number:02x}", f"10.1.{third}.{number}")


G1, G2, G3, G4 = (guest(number) for number in (1, 2, 3, 4))


@dataclass(slots=True)
class Story:
    """Frames a millisecond apart, unless somebody waits."""

    frames: Capture = field(default_factory=list)
    now_ns: int = NOON
    number: int = 0
    ttl: int = 128

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)

    def put(self, packet: bytes) -> bytes:
        """One packet of the underlay, which is returned, so that an error can quote it."""
        data = build.ethernet(packet)
        self.frames.append((self.now_ns, data, len(data)))
        self.now_ns += MILLISECOND
        return packet

    def send(
        self, source: str, destination: str, key: int, a: Guest = G1, b: Guest = G2, count: int = 1
    ) -> bytes:
        """Pings of guest `a`, behind `source`, to guest `b`, behind `destination`."""
        for _ in range(count):
            self.number += 1
            inner = build.ipv4(a.ip, b.ip, 1, build.echo(sequence=self.number), ident=self.number)
            packet = self._nvgre(source, destination, key, a.mac, b.mac, inner)
        return packet

    def connect(
        self, source: str, destination: str, key: int, port: int, a: Guest = G1, b: Guest = G2
    ) -> bytes:
        """One TCP segment of a connection from `port` to 443; a negative port is the way back."""
        self.number += 1
        ports = (port, 443) if port > 0 else (443, -port)
        inner = build.ipv4(a.ip, b.ip, 6, build.tcp(a.ip, b.ip, *ports), ident=self.number)
        return self._nvgre(source, destination, key, a.mac, b.mac, inner)

    def _nvgre(
        self, source: str, destination: str, key: int, a: str, b: str, inner: bytes
    ) -> bytes:
        frame = build.inner_frame(a, b, inner)
        ident = self.number & 0xFFFF
        return self.put(build.nvgre(source, destination, key, frame, ttl=self.ttl, ident=ident))

    def unreachable(
        self, by: str, to: str, key: int, quote: bytes, macs: tuple[str, str] | None = None,
        ips: tuple[str, str] | None = None,
    ) -> bytes:  # fmt: skip
        """An ICMP 3/10 inside NVGRE: of a host, unless MACs and addresses of guests are given."""
        self.number += 1
        macs = macs or ("3c:d9:2b:00:00:01", "3c:d9:2b:00:00:02")
        ends = ips or (by, to)
        inner = build.ipv4(*ends, 1, build.icmp(3, 10, quote), ident=self.number)
        return self._nvgre(by, to, key, *macs, inner)

    def error(self, by: str, to: str, quote: bytes, kind: tuple[int, int] = (3, 10)) -> bytes:
        """An ICMP error on the underlay that quotes an IP packet."""
        self.number += 1
        icmp = build.icmp(*kind, quote[:28])
        return self.put(build.ipv4(by, to, 1, icmp, ttl=64, ident=self.number & 0xFFFF))

    def cut(self, length: int) -> Capture:
        """The frames at this snap length."""
        return [(at, data[:length], wire) for at, data, wire in self.frames]  # type: ignore[misc]
