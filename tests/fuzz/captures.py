"""Random captures around random frames: every pcap kind, pcapng with sections, interfaces and all
blocks that hold frames.

Knows the file formats through `tests.build`; must not know anything of nvgre_doctor.
"""

from collections.abc import Sequence
from random import Random

from tests import build
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


def _time(dice: Random) -> int:
    """Not in order: captures of several interfaces are not."""
    return TIME + dice.randrange(10**12)
