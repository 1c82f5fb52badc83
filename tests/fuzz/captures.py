"""Random captures around random frames: every pcap kind, pcapng with sections, interfaces and all
blocks that hold frames.

Knows the file formats through `tests.build`; must not know anything of nvgre_doctor.
"""

from collections.abc import Sequence
from random import Random

from tests import build, build_etl, build_other
from tests.fuzz.frames import Captured

TIME = 1_700_000_000_123_456_789


def random_pcap(dice: Random, frames: Sequence[Captured]) -> bytes:
    """A pcap file; the linktype is that of the first frame, so hand in frames of one."""
    rows = [(_time(dice), frame.data, frame.wire_length) for frame in frames]
    linktype = frames[0].linktype if frames else 1
    return build.pcap(rows, linktype, dice.choice("<>"), dice.choice(("micro", "nano", "modified")))


def random_pcapng(dice: Random, frames: Sequence[Captured]) -> bytes:
    """A pcapng file with one interface at least for each linktype, and a few sections."""
    linktypes = sorted({frame.linktype for frame in frames})
    parts: list[bytes] = []
    order, resolutions = "<", [6]
    odd_kinds = dice.choice(((), (), ("spb", "opb", "custom", "isb", "comment", "section")))
    for frame in frames:
        kind = dice.choice(odd_kinds) if odd_kinds and dice.random() < 0.1 else "epb"
        if not parts or kind == "section":
            order = dice.choice("<>")
            resolutions = [dice.choice((6, 9, 9, 3, 0x80 | 20)) for _ in range(2 * len(linktypes))]
            parts.append(build.shb(order))
            parts += [
                build.idb(linktypes[i // 2], order, tsresol=each)
                for i, each in enumerate(resolutions)
            ]
        if kind == "custom":
            parts.append(build.custom(frame.data, order=order))
        elif kind == "isb":
            parts.append(build.isb(order=order))
        interface = 2 * linktypes.index(frame.linktype) + dice.randrange(2)
        if kind == "spb":  # always of the first interface
            parts.append(build.spb(frame.data, order, max(frame.wire_length, len(frame.data))))
            continue
        make = build.opb if kind == "opb" else build.epb
        comment = build.option(1, b"\xffa comment", order) if kind == "comment" else b""
        parts.append(
            make(
                interface,
                _time(dice),
                frame.data,
                order,
                frame.wire_length,
                comment,
                tsresol=resolutions[interface],
            )
        )
    return b"".join(parts) or build.shb() + build.idb()


def random_trace(dice: Random, frames: Sequence[Captured]) -> bytes:
    """An event trace with events of both providers, whole and in pieces, on a few processors."""
    events: list[build_etl.Event | bytes] = []
    for number, frame in enumerate(frames):
        ts_ns, data = build_etl.BEGIN + number * 1000, frame.data[:1200]
        media = {101: build_etl.WWAN, 105: build_etl.WIRELESS}.get(frame.linktype, 1)
        match dice.randrange(6):
            case 0:
                events.append(build_etl.ndiscap(ts_ns, data, media=media))
            case 1:
                half = len(data) // 2
                start, end = build_etl.PACKET_START, build_etl.PACKET_END
                events.append(build_etl.ndiscap(ts_ns, data[:half], parts=start, media=media))
                events.append(build_etl.ndiscap(ts_ns + 1, data[half:], parts=end, media=media))
            case 2:
                events.append(build_etl.vmswitch(ts_ns, data, port=dice.randrange(3)))
            case 3:
                events.append(build_etl.pktmon(ts_ns, data, packet_type=dice.choice((1, 2, 3, 9))))
            case 4:
                events.append(build_etl.pktmon(ts_ns, data, drop_reason=dice.choice((0, 20, 907))))
            case 5:
                events.append(build_etl.component(ts_ns, dice.randrange(9), "a.sys", "Adapter"))
                events.append(build_etl.ndiscap(ts_ns, data, items=[b"item"]))
    trace = build_etl.Trace(
        pointer_size=dice.choice((4, 8)),
        clock=dice.choice((1, 2, 3)),
        compressed=dice.random() < 0.5,
        buffer_size=6000,
        events_lost=dice.choice((0, 3)),
    )
    return build_etl.etl(events, trace, each=2, processors=dice.choice((1, 2, 3)))


def random_netmon(dice: Random, frames: Sequence[Captured]) -> bytes:
    """A Network Monitor capture of any version."""
    rows = [(_time(dice), frame.data, frame.wire_length % 65536) for frame in frames]
    version = dice.choice(((1, 1), (2, 0), (2, 1), (2, 2), (2, 3)))
    networks = [dice.choice((1, 1, 6, 9, 0xE001, 0xFFE0, 0xFFFC)) for _ in frames]
    holes = [dice.choice((0, 0, 5)) for _ in frames]
    with_table = dice.random() < 0.8
    if version[0] == 1:
        rows = [(build_other.NETMON_BEGIN + n, *row[1:]) for n, row in enumerate(rows)]
    return build_other.netmon(rows, version, 1, networks, holes, with_table=with_table)


def random_snoop(dice: Random, frames: Sequence[Captured]) -> bytes:
    """A snoop capture."""
    rows = [(_time(dice), frame.data, frame.wire_length) for frame in frames]
    return build_other.snoop(rows, dice.choice((0, 2, 4, 8)), lost=range(len(rows)))


def _time(dice: Random) -> int:
    """Not in order: captures of several interfaces are not."""
    return TIME + dice.randrange(10**12)
