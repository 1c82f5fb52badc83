"""Captures of a thousand frames, of five kinds, for the test of single wrong bits."""

from collections.abc import Callable

from tests import build
from tests.proof.changing import Capture
from tests.proof.fabric import NOON, SECOND

A, B = "192.168.50.1", "192.168.50.2"
FRAMES = 1000


def _capture(key_of: Callable[[int, str], int], hosts: tuple[str, str], at: int = NOON) -> Capture:
    """Pings of eight VM pairs in one /24, and their answers: `key_of` is asked for each frame, with
    its number and its host.
    """
    frames: Capture = []
    for number in range(FRAMES):
        way = number % 2
        pair = number // 2 % 8
        source, destination = hosts[way], hosts[1 - way]
        vms = [(f"00:15:5d:0a:{side:02x}:{pair:02x}", f"10.1.0.{10 + 100 * side + pair}")
               for side in (way, 1 - way)]  # fmt: skip
        body = build.echo(sequence=number // 2, reply=bool(way))
        inner = build.ipv4(vms[0][1], vms[1][1], 1, body, ident=number)
        frame = build.inner_frame(vms[0][0], vms[1][0], inner)
        packet = build.nvgre(source, destination, key_of(number, source), frame, ident=number + 1)
        data = build.ethernet(packet)
        frames.append((at + number * SECOND // 100, data, len(data)))
    return frames


def mismatch() -> Capture:
    """VSID 5001: the one key is old only, the other fits both."""
    return _capture(lambda number, host: 0x1389 if host == A else 0x138900, (A, B))


def mismatch_of_ambiguous_keys() -> Capture:
    """VSID 0x123400: the old key fits both layouts, and so does nothing else tell."""
    return _capture(lambda number, host: 0x123400 if host == A else 0x12340000, (A, B))


def all_new() -> Capture:
    """VSID 5001 with FlowIDs that are spread: the keys fit both layouts."""
    return _capture(lambda number, host: 0x138900 | number // 2 % 24 * 37 % 256, (A, B))


def all_old() -> Capture:
    """TNI 5001."""
    return _capture(lambda number, host: 0x1389, (A, B))


def updated() -> Capture:
    """The first host restarts in the middle and comes back with the later layout."""

    def key_of(number: int, host: str) -> int:
        return 0x1389 if host == A and number < FRAMES // 2 else 0x138900

    return [
        (frame[0] + 60 * SECOND * (index >= FRAMES // 2), *frame[1:])
        for index, frame in enumerate(_capture(key_of, (A, B)))
    ]


KINDS = {
    "mismatch": mismatch,
    "mismatch of ambiguous keys": mismatch_of_ambiguous_keys,
    "all new": all_new,
    "all old": all_old,
    "updated": updated,
}
