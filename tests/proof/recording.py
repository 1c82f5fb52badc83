"""Packets become captures: what each capture point sees, when its clock says it was, how much of it
is kept, and in which file format.
"""

import struct
from itertools import pairwise
from random import Random
from typing import NamedTuple

from tests import build
from tests.proof.fabric import SECOND, Fabric, Machine
from tests.proof.happening import with_wrong_bits
from tests.proof.packets import Packet
from tests.proof.style import Style


class Seen(NamedTuple):
    """One frame of a capture: the packet it is of, and its time by the capture's clock."""

    packet: Packet
    at_ns: int
    data: bytes  # as captured: cut at the snap length
    wire_length: int
    is_wrong: bool = False  # its key was damaged where it was captured


class Recording(NamedTuple):
    """One capture: its frames in order, and the file."""

    name: str
    frames: list[Seen]
    content: bytes


def record(style: Style, fabric: Fabric, packets: list[Packet], dice: Random) -> list[Recording]:
    """The captures of a world."""
    points = _capture_points(style, fabric, packets, dice)
    recordings = []
    for index, (seen, offset_ns) in enumerate(points):
        kept = _without_unheard([packet for packet in seen if dice.random() >= style.loss])
        if not kept:
            continue
        frames = [
            see(packet, packet.at_ns + offset_ns + copy * 9_000, style.snap)
            for packet in kept
            for copy in range(_copies(style, dice))
        ]
        if style.bit_error == "capture" and not recordings:
            _damage_one(frames, dice)
        if style.is_clock_set_back:
            frames = _set_back(frames, dice)
        suffix = "pcapng" if style.file_format == "pcapng" else "pcap"
        recordings.append(
            Recording(f"{index}.{suffix}", frames, file_of(frames, style.file_format, style.snap))
        )
    if style.vantage == "twice" and recordings:
        recordings.append(recordings[0]._replace(name=f"again-{recordings[0].name}"))
    return recordings


def _without_unheard(packets: list[Packet]) -> list[Packet]:
    """Without errors of guests whose data no frame carries: nothing would tell them from hosts."""
    heard = {packet.inner_macs for packet in packets if packet.kind == "data"}
    heard |= {macs[6:] + macs[:6] for macs in heard}
    return [
        packet for packet in packets if packet.kind != "guest-error" or packet.inner_macs in heard
    ]


def see(packet: Packet, at_ns: int, snap: int) -> Seen:
    """A packet as it is captured some hops away from its sender."""
    data = lowered(packet.data, packet.sender.hops if packet.sender else 1)
    return Seen(packet, at_ns, data[:snap] if snap else data, len(data))


def _damage_one(frames: list[Seen], dice: Random) -> None:
    """Wrong bits in the key of one captured frame; other copies of its packet are whole."""
    data = [i for i, seen in enumerate(frames) if seen.packet.kind == "data"]
    if data:
        index = dice.choice(data)
        seen = frames[index]
        wrong = with_wrong_bits(seen.data, ":" in seen.packet.source, dice)
        frames[index] = seen._replace(data=wrong, is_wrong=True)


def lowered(data: bytes, hops: int) -> bytes:
    """The frame after so many routers."""
    if not hops or data[12:14] not in (b"\x08\0", b"\x86\xdd"):
        return data
    if data[12:14] == b"\x86\xdd":
        return data[:21] + bytes([data[21] - hops]) + data[22:]
    header = bytearray(data[14:34])
    header[8] -= hops
    header[10:12] = b"\0\0"
    header[10:12] = struct.pack(">H", build.internet_checksum(bytes(header)))
    return data[:14] + bytes(header) + data[34:]


def file_of(frames: list[Seen], file_format: str, snap: int) -> bytes:
    rows = [(seen.at_ns, seen.data, seen.wire_length) for seen in frames]
    if file_format == "pcapng":
        return build.pcapng(rows, snaplen=snap, tsresol=9)
    order = ">" if file_format == "pcap-big-endian" else "<"
    magic = "nano" if file_format == "pcap-nano" else "micro"
    return build.pcap(rows, byte_order=order, magic=magic, snaplen=snap)


def _copies(style: Style, dice: Random) -> int:
    return dice.randint(2, 4) if style.vantage == "pktmon" else 1


def _set_back(frames: list[Seen], dice: Random) -> list[Seen]:
    """From some frame on the clock is behind; not where it would hide a silence."""
    close = [
        index
        for index, (before, after) in enumerate(pairwise(frames), 1)
        if after.at_ns - before.at_ns < SECOND
    ]
    at, back_ns = dice.choice(close or [len(frames)]), dice.choice((30, 600, 3600)) * SECOND
    return [
        seen._replace(at_ns=seen.at_ns - back_ns * (index >= at))
        for index, seen in enumerate(frames)
    ]


# --- who sees what -----------------------------------------------------------------


def _capture_points(
    style: Style, fabric: Fabric, packets: list[Packet], dice: Random
) -> list[tuple[list[Packet], int]]:
    """For each capture the packets that pass it, and how far its clock is ahead."""
    hosts = fabric.machines + fabric.others
    if style.vantage in ("host", "laptops"):
        count = 1 if style.vantage == "host" else min(len(hosts), dice.choice((2, 2, 3)))
        return [
            (_at(host, packets), _clock_offset(style, dice) if index else 0)
            for index, host in enumerate(dice.sample(hosts, count))
        ]
    if style.vantage == "one-way":
        deaf = dice.choice(hosts)
        return [([packet for packet in packets if packet.sender is not deaf], 0)]
    if style.vantage == "errors":  # with a filter that leaves nothing else
        return [([packet for packet in packets if packet.kind == "error"], 0)]
    if style.vantage == "windows":  # one after the other, by two laptops
        cut = dice.randrange(1, len(packets)) if len(packets) > 1 else 0
        return [(packets[:cut], 0), (packets[cut:], _clock_offset(style, dice))]
    if style.vantage == "ring":
        size = max(1, len(packets) // 3)
        overlap = dice.choice((0, 2, 10))
        return [
            (packets[max(0, start - overlap) : start + size], 0)
            for start in range(0, len(packets), size)
        ]
    return [(packets, 0)]


def _at(host: Machine, packets: list[Packet]) -> list[Packet]:
    return [packet for packet in packets if host in (packet.sender, packet.receiver)]


def _clock_offset(style: Style, dice: Random) -> int:
    return dice.choice((0, 1, 3600, -3600, dice.randrange(-7200, 7200))) * SECOND
