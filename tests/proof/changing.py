"""Captures with one thing changed: a frame removed, doubled, forged, its key flipped; hosts
renumbered, traffic added.  Works on frames, and knows no truth.
"""

from collections.abc import Iterator
from random import Random

from tests import build
from tests.proof.reading import Shown, read_nvgre

Capture = list[build.Frame]

STRANGER = "203.0.113.66"


def key_offset(data: bytes) -> int | None:
    """Where the key of an NVGRE frame lies, None if the frame is none."""
    shown = read_nvgre(data)
    return shown and shown.key_at


def nvgre_frames(frames: Capture) -> list[int]:
    """The indexes of NVGRE frames whose key was captured."""
    return [index for index, frame in enumerate(frames) if key_offset(frame[1]) is not None]


def with_data(frame: build.Frame, data: bytes) -> build.Frame:
    return (frame[0], data, frame[2] if len(frame) == 3 else len(frame[1]))


def removed(frames: Capture, index: int) -> Capture:
    return frames[:index] + frames[index + 1 :]


def doubled(frames: Capture, index: int) -> Capture:
    """The same packet once more, as another capture point sees it a little later."""
    copy = (frames[index][0] + 5000, *frames[index][1:])
    return [*frames[: index + 1], copy, *frames[index + 1 :]]


def flipped(frames: Capture, index: int, mask: int) -> Capture:
    """With wrong bits in the key of one frame."""
    frame = frames[index]
    at = key_offset(frame[1])
    assert at is not None
    key = int.from_bytes(frame[1][at : at + 4], "big") ^ mask
    data = frame[1][:at] + key.to_bytes(4, "big") + frame[1][at + 4 :]
    return [*frames[:index], with_data(frame, data), *frames[index + 1 :]]


def inserted(frames: Capture, index: int, data: bytes) -> Capture:
    """One more frame right after another."""
    added = (frames[index][0] + 1000, data, len(data))
    return [*frames[: index + 1], added, *frames[index + 1 :]]


def forged(frames: Capture, dice: Random) -> Capture:
    """One frame more that nobody sent who is named in it: NVGRE of any key, an UNREACHABLE, or an
    ICMP error that quotes a key.
    """
    index = dice.choice(nvgre_frames(frames))
    shown = read_nvgre(frames[index][1])
    assert shown is not None
    make = dice.choice((_forged_data, _forged_data, _forged_unreachable, _forged_error))
    return inserted(frames, index, make(shown, dice))


def _any_key(key: int, dice: Random) -> int:
    """One that would mean something: shifted either way, of either range, or at random."""
    choices = (
        key >> 8,
        key << 8 & 0xFFFFFFFF,
        0x1389,
        0x138900,
        0x13890000,
        dice.randrange(1 << 32),
    )
    return dice.choice(choices)


def _text(address: bytes) -> str:
    return ".".join(map(str, address)) if len(address) == 4 else address.hex(":", 2)


def _ends(shown: Shown, dice: Random) -> tuple[str, str]:
    ends = _text(shown.source), _text(shown.destination)
    return ends if dice.random() < 0.7 else ends[::-1]


def _forged_data(shown: Shown, dice: Random) -> bytes:
    source, destination = _ends(shown, dice)
    inner = shown.inner
    if dice.random() < 0.3 and len(inner) >= 12:
        inner = inner[6:12] + inner[:6] + inner[12:]
    packet = build.outer(
        source, destination, 47, build.gre(inner, key=_any_key(shown.key, dice)),
        **({"ident": dice.randrange(1, 65536)} if ":" not in source else {}),
    )  # fmt: skip
    return build.ethernet(packet)


def _forged_unreachable(shown: Shown, dice: Random) -> bytes:
    source, destination = _ends(shown, dice)
    quoted = build.gre(shown.inner[:28], key=_any_key(shown.key, dice))
    if ":" in source:
        icmp = build.icmp6(source, destination, 1, 1, quoted)
        inner = build.ipv6(source, destination, 58, icmp)
    else:
        inner = build.ipv4(source, destination, 1, build.icmp(3, 10, quoted))
    frame = build.inner_frame("02:00:00:00:00:01", "02:00:00:00:00:02", inner)
    key = dice.choice((0xFFFFFF00, 0xFFFFFF, _any_key(shown.key, dice)))
    return build.ethernet(build.nvgre(source, destination, key, frame))


def _forged_error(shown: Shown, dice: Random) -> bytes:
    source, destination = _ends(shown, dice)
    gre = build.gre(b"", key=_any_key(shown.key, dice))
    quoted = build.outer(source, destination, 47, gre)
    by = dice.choice((destination, "fd00:66::6" if ":" in source else STRANGER))
    if ":" in source:
        icmp = build.icmp6(by, source, 1, 1, quoted)
        return build.ethernet(build.ipv6(by, source, 58, icmp))
    return build.ethernet(build.ipv4(by, source, 1, build.icmp(3, 10, quoted), ttl=64))


# --- what should change nothing -------------------------------------------------------


def one_frame_changes(frames: Capture, dice: Random, count: int) -> Iterator[tuple[str, Capture]]:
    """Captures that differ from this one by one frame, and how."""
    keyed = nvgre_frames(frames)
    for _ in range(count if keyed else 0):
        index, any_index = dice.choice(keyed), dice.randrange(len(frames))
        mask = 1 << dice.randrange(32)
        if dice.random() < 0.3:
            mask |= dice.randrange(1 << 32)
        yield f"without frame {any_index + 1}", removed(frames, any_index)
        yield f"frame {any_index + 1} twice", doubled(frames, any_index)
        yield f"frame {index + 1}, key ^ 0x{mask:08x}", flipped(frames, index, mask)
        yield "one forged frame", forged(frames, dice)


def renumbered(frames: Capture) -> Capture:
    """With other provider addresses: 192.168.50.x becomes 198.51.100.x, fd00:50::x fd00:77::x."""
    v6, other = build.ip("fd00:50::")[:15], build.ip("fd00:77::")[:15]
    return [
        with_data(frame, frame[1].replace(b"\xc0\xa8\x32", b"\xc6\x33\x64").replace(v6, other))
        for frame in frames
    ]


def renumbered_address(address: str) -> str:
    return address.replace("192.168.50.", "198.51.100.").replace("fd00:50::", "fd00:77::")


def with_other_traffic(frames: Capture, dice: Random) -> Capture:
    """With frames between machines that have nothing to do with NVGRE."""
    mixed: Capture = []
    for frame in frames:
        mixed.append(frame)
        if dice.random() < 0.5:
            body = build.tcp("198.18.0.1", "198.18.0.2", dice.randrange(1024, 65536), 443)
            data = build.ethernet(build.ipv4("198.18.0.1", "198.18.0.2", 6, body))
            mixed.append((frame[0] + 500, data, len(data)))
    return mixed
