"""Live captures, and what Wireshark and tcpdump themselves count in them.

Nothing here is shared with the program under test: frames are read by tshark and tcpdump only.
"""

import re
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.lab.lab import Lab
from tests.lab.processes import Namespace, Started, run

LAST_WORDS = b"end of the trace"
"""Payload of the ping that is sent when a capture may end: what came before it has been captured.
"""
ANSWERED_LAST_WORDS = re.compile(rb"\x00\x00.{6}.{16}" + re.escape(LAST_WORDS), re.DOTALL)
"""An echo reply with that payload: type, code, rest of the ICMP header, the time stamp that ping
writes, payload.
"""


@contextmanager
def tcpdump(lab: Lab, file: Path, namespace: Namespace, interface: str) -> Iterator[None]:
    """Capture on one interface, or on `any`, while the block runs."""
    command = [
        "tcpdump",
        "-i",
        interface,
        "-w",
        str(file),
        "-U",
        "--immediate-mode",
        "-s",
        "0",
        "-Z",
        "root",
    ]
    with _recorded(lab, file, namespace.inside(*command), says="listening on", interfaces=1):
        yield


@contextmanager
def dumpcap(
    lab: Lab, file: Path, namespace: Namespace, interfaces: Sequence[str]
) -> Iterator[None]:
    """Capture on several interfaces into one pcapng while the block runs."""
    command = [
        "dumpcap",
        "-q",
        "-w",
        str(file),
        *(word for interface in interfaces for word in ("-i", interface)),
    ]
    with _recorded(lab, file, namespace.inside(*command), says="File:", interfaces=len(interfaces)):
        yield


@contextmanager
def _recorded(
    lab: Lab, file: Path, command: list[str], *, says: str, interfaces: int
) -> Iterator[None]:
    recorder = lab.processes.start(command)
    recorder.wait_until_ready(lambda: says in recorder.said)
    yield
    _say_last_words(lab, file, recorder, interfaces)
    recorder.end(signal.SIGINT)


def _say_last_words(lab: Lab, file: Path, recorder: Started, interfaces: int) -> None:
    """Let the first host ping the others once, and wait until every interface has shown an
    answer.
    """
    first, *others = lab.hosts
    payload = ["-s", str(16 + len(LAST_WORDS)), "-p", LAST_WORDS.hex()]
    for other in others:
        first.namespace.run("ping", "-n", "-q", "-c", "1", "-W", "5", *payload, other.address)
    recorder.wait_until_ready(
        lambda: file.exists() and len(ANSWERED_LAST_WORDS.findall(file.read_bytes())) >= interfaces
    )


class Refused(NamedTuple):
    """A flow that somebody refused, in the words of the report's `refusals`."""

    source: str
    destination: str
    by: str
    gre_key: str
    icmp_type: int
    icmp_code: int


class Flow(NamedTuple):
    """NVGRE frames from one host to another with one key."""

    source: str
    destination: str
    gre_key: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What tshark counts in a capture."""

    frames: int
    flows: Counter[Flow]
    first_frame: dict[Flow, int]  # 1-based
    refusals: Counter[Refused]


FIELDS = (
    "frame.number",
    "ip.proto",
    "ip.src",
    "ip.dst",
    "gre.proto",
    "gre.key",
    "icmp.type",
    "icmp.code",
)
GRE, ICMP = "47", "1"
UNREACHABLE = "3"


def seen_by_tshark(file: Path) -> Seen:
    """Read a capture with tshark; of a field that a frame holds several times, the outermost comes
    first.
    """
    fields = [word for field in FIELDS for word in ("-e", field)]
    table = run(
        [
            "tshark",
            "-n",
            "-r",
            str(file),
            "-T",
            "fields",
            "-E",
            "occurrence=a",
            "-E",
            "aggregator=,",
            *fields,
        ]
    )
    flows: Counter[Flow] = Counter()
    refusals: Counter[Refused] = Counter()
    first_frame: dict[Flow, int] = {}
    rows = table.splitlines()
    for row in rows:
        number, *values = row.split("\t")
        protocols, sources, destinations, gre_protocols, gre_keys, types, codes = (
            value.split(",") for value in values
        )
        if protocols[0] == GRE and gre_protocols[0] == "0x6558":
            flow = Flow(sources[0], destinations[0], gre_keys[0])
            flows[flow] += 1
            first_frame.setdefault(flow, int(number))
        elif protocols[:2] == [ICMP, GRE] and types[0] == UNREACHABLE:
            refused = Refused(
                sources[1], destinations[1], sources[0], gre_keys[0], int(types[0]), int(codes[0])
            )
            refusals[refused] += 1
    return Seen(len(rows), flows, first_frame, refusals)


def unreachables_seen_by_tcpdump(file: Path, code: int) -> int:
    """How many frames of a capture without VLAN tags are an ICMP 3/`code`, as tcpdump's own filter
    has it.
    """
    condition = f"icmp[icmptype] == icmp-unreach and icmp[icmpcode] == {code}"
    return len(run(["tcpdump", "-n", "-q", "-t", "-r", str(file), condition]).splitlines())


def tagged_frames_seen_by_tshark(file: Path, vlan: int) -> int:
    """How many frames carry the outer 802.1Q tag."""
    return len(run(["tshark", "-n", "-r", str(file), "-Y", f"vlan.id == {vlan}"]).splitlines())
