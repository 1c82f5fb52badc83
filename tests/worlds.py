"""Small worlds: who sends what to whom, recorded frame by frame, then scanned and judged by the
program under test.

A `Tape` records; `evidence_of`, `diagnose_tapes` and `judge_tapes` play tapes to the real scan,
inference and rules.  Frames come from tests/build.py; what is expected of them stands in the tests.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add

from nvgre_doctor.capture.batch import Batch, Problem, WordClock
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.infer.hearsay import settle_errors
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.known.inventory import Inventory, LookupRecord
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import find_all, select_codes
from nvgre_doctor.scan.counting import scan
from tests import build

NOON = 1_361_361_600_000_000_000
"""2013-02-20 12:00:00 UTC: when every tape begins."""
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
ETHERNET = 1
CLOCK = WordClock(">", are_seconds=False, per_second=SECOND)
ICMP, TCP, UDP, GRE, ICMPV6 = 1, 6, 17, 47, 58

A, B, C, D = "192.168.50.1", "192.168.50.2", "192.168.50.3", "192.168.50.4"
"""Provider addresses of four hosts."""
A6, B6 = "fd00:50::1", "fd00:50::2"


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine: MAC and customer address."""

    mac: str
    ip: str


def vm(number: int) -> Vm:
    """Hyper-V's own MAC prefix: vm(1) is 00:15:5d:0a:00:01 with 10.1.1.1."""
    return Vm(f"00:15:5d:0a:00:{number:02x}", f"10.1.1.{number}")


VM1, VM2, VM3, VM4 = (vm(number) for number in range(1, 5))


@dataclass(slots=True)
class Tape:
    """One capture while it is recorded: each frame lies a millisecond after the one before, unless
    somebody waits.
    """

    frames: list[build.Frame] = field(default_factory=list)
    now_ns: int = NOON
    snaplen: int = 0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += int(seconds * SECOND)

    def put(self, packet: bytes, tags: build.Tags = ()) -> bytes:
        """One frame that holds this IP packet, which is returned, so that an ICMP error can quote
        it.
        """
        frame = build.ethernet(packet, tags=tags)
        self.frames.append(
            (self.now_ns, frame[: self.snaplen] if self.snaplen else frame, len(frame))
        )
        self.now_ns += MILLISECOND
        return packet

    def send(
        self,
        source: str,
        destination: str,
        gre_key: int,
        source_vm: Vm = VM1,
        destination_vm: Vm = VM2,
        inner: bytes | None = None,
        reply: bool = False,
        tags: build.Tags = (),
        inner_tags: build.Tags = (),
        **outer: object,
    ) -> bytes:
        """One NVGRE frame: a ping of `source_vm`, behind host `source`, to `destination_vm`, behind
        host `destination`.  Each is a packet of its own, numbered as hosts and pings are.
        """
        number = len(self.frames) + 1
        if inner is None:
            echo = build.echo(sequence=number, reply=reply)
            inner = build.ipv4(source_vm.ip, destination_vm.ip, ICMP, echo)
        if ":" not in source:
            outer.setdefault("ident", number)
        frame = build.inner_frame(source_vm.mac, destination_vm.mac, inner, tags=inner_tags)
        packet = build.nvgre(source, destination, gre_key, frame, **outer)  # type: ignore[arg-type]
        return self.put(packet, tags)

    def ping(
        self,
        one: str,
        two: str,
        key_one: int,
        key_two: int,
        vm_one: Vm = VM1,
        vm_two: Vm = VM2,
    ) -> None:
        """VM one, behind host one, which writes key one, pings VM two behind host two, which
        answers with key two.
        """
        self.send(one, two, key_one, vm_one, vm_two)
        self.send(two, one, key_two, vm_two, vm_one, reply=True)

    def error(
        self, by: str, to: str, quote: bytes, kind: tuple[int, int] = (3, 10), rest: int = 0
    ) -> bytes:
        """An ICMP error on the underlay: outer."""
        if ":" in by:
            return self.put(build.ipv6(by, to, ICMPV6, build.icmp6(by, to, *kind, quote, rest)))
        return self.put(build.ipv4(by, to, ICMP, build.icmp(*kind, quote, rest)))

    def unreachable(
        self,
        by: str,
        to: str,
        gre_key: int,
        quote: bytes,
        kind: tuple[int, int] = (3, 10),
        rest: int = 0,
    ) -> bytes:
        """The UNREACHABLE of MS-NVGREE 2.2.2 (or another message): inside NVGRE, from host to
        host.
        """
        if ":" in by:
            inner = build.ipv6(by, to, ICMPV6, build.icmp6(by, to, *kind, quote, rest))
        else:
            inner = build.ipv4(by, to, ICMP, build.icmp(*kind, quote, rest))
        return self.send(
            by, to, gre_key, Vm("3c:d9:2b:f0:50:02", by), Vm("3c:d9:2b:f0:50:01", to), inner
        )

    def guest_refusal(self, source: str, destination: str, gre_key: int, by: Vm, to: Vm) -> bytes:
        """A guest's own firewall answers 3/10 to a guest, inside the tunnel, quoting the guest's
        packet.
        """
        quote = build.ipv4(to.ip, by.ip, UDP, build.udp(to.ip, by.ip, 5000, 53))
        inner = build.ipv4(by.ip, to.ip, ICMP, build.icmp(3, 10, quote))
        return self.send(source, destination, gre_key, by, to, inner)

    def web(self, one: str = "192.0.2.80", two: str = "192.0.2.81") -> bytes:
        """A frame of TCP: nothing to do with NVGRE."""
        return self.put(build.ipv4(one, two, TCP, build.tcp(one, two, 50000, 443)))


Recording = Tape | Sequence[build.Frame]


def frames_of(recording: Recording) -> list[build.Frame]:
    """The frames of a tape, or the list as it is."""
    return list(recording.frames if isinstance(recording, Tape) else recording)


def batch(
    frames: Iterable[build.Frame], numbers: Sequence[int] | None = None, linktype: int = ETHERNET
) -> Batch:
    """A Batch as a reader hands it on: before each frame its time, and both lengths.

    Frames are numbered from 1 unless `numbers` are given.
    """
    rows = list(frames)
    data = bytearray()
    stamps = []
    for row in rows:
        stamps.append(len(data))
        wire_length = row[2] if len(row) == 3 else len(row[1])
        data += struct.pack(">qII", row[0], len(row[1]), wire_length) + row[1]
    lengths = [len(row[1]) for row in rows]
    numbers = numbers if numbers is not None else range(1, len(rows) + 1)
    return Batch(linktype, bytes(data), stamps, 16, lengths, numbers, ">", CLOCK)


def scan_frames(
    frames: Iterable[build.Frame], numbers: Sequence[int] | None = None
) -> CaptureEvidence:
    """What the scan sees in Ethernet frames."""
    return scan([batch(frames, numbers)])


def evidence_of(*recordings: Recording) -> Evidence:
    """What the scan sees in captures, merged."""
    parts = [
        Evidence({index: scan_frames(frames_of(tape))}) for index, tape in enumerate(recordings)
    ]
    return reduce(add, parts, Evidence())


def diagnose_tapes(*recordings: Recording, inventory: Inventory | None = None) -> Diagnosis:
    """What the captures together mean."""
    return infer(settle_errors(evidence_of(*recordings)), inventory or Inventory())


def judge_tapes(
    *recordings: Recording,
    inventory: Inventory | None = None,
    problems: tuple[Problem, ...] = (),
) -> Situation:
    """Everything that rules get; `problems` are those of the first capture."""
    evidence = settle_errors(evidence_of(*recordings))
    known = inventory or Inventory()
    captures = tuple(
        Capture(
            f"capture-{index}.pcap",
            "pcap",
            None,
            "cut" if problems and not index else "complete",
            part.frames,
            0,
            part.nvgre_frames,
            problems if not index else (),
        )
        for index, part in sorted(evidence.captures.items())
    )
    return Situation(captures, evidence, infer(evidence, known), known)


def findings_of(situation: Situation, code: str | None = None) -> list[Finding]:
    """The findings of one code, or all."""
    return [finding for finding in find_all(situation) if code in (None, finding.code)]


def report_of(situation: Situation) -> Report:
    """The whole report."""
    from nvgre_doctor.report.assemble import assemble  # only the tests of whole reports need it

    return assemble(situation, find_all(situation), select_codes())


def host_of(diagnosis: Diagnosis, address: str) -> HostVerdict:
    """The verdict about one host; KeyError when it is none."""
    return diagnosis.hosts[build.ip(address)]


def verdict_of(diagnosis: Diagnosis, address: str) -> tuple[str, str]:
    """Layout and confidence of one host, as JSON has them."""
    host = host_of(diagnosis, address)
    return host.layout.value, host.confidence.value


def verdicts_of(diagnosis: Diagnosis) -> dict[str, tuple[str, str]]:
    """Layout and confidence of every host, in order of their addresses."""
    return {
        address_text(host.address): (host.layout.value, host.confidence.value)
        for host in diagnosis.hosts.values()
    }


def reasons_of(diagnosis: Diagnosis, address: str) -> set[tuple[str, str]]:
    """The kinds of evidence about one host, each with the layout that it speaks for."""
    return {
        (reason.kind.value, reason.layout.value) for reason in host_of(diagnosis, address).reasons
    }


def margin_of(diagnosis: Diagnosis, address: str) -> tuple[str, str, int]:
    """Layout, confidence and margin of one host."""
    return *verdict_of(diagnosis, address), host_of(diagnosis, address).margin


def address_text(address: bytes) -> str:
    """Provider address as text; IPv6 in eight groups, not shortened."""
    if len(address) == 4:
        return ".".join(map(str, address))
    return address.hex(":", 2)


def known_vsids(*vsids: int) -> Inventory:
    """What --vsid gives."""
    return Inventory(frozenset(vsids))


def lookup(vsid: int, provider_address: str | None = None, vm: Vm | None = None) -> LookupRecord:
    """One lookup record."""
    return LookupRecord(
        vsid,
        build.ip(provider_address) if provider_address else None,
        build.mac(vm.mac) if vm else None,
        build.ip(vm.ip) if vm else None,
    )


def lookups(*records: LookupRecord) -> Inventory:
    """What --inventory gives."""
    return Inventory(frozenset(record.vsid for record in records), records)
