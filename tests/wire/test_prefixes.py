"""Whatever the bytes, the decoder answers; and a cut frame never says anything that the whole frame
denies.
"""

import random
from itertools import pairwise

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Other, Quote, QuoteKind
from tests import build
from tests.oddities import OF_OTHER_FRAMES
from tests.wire import frames

pytestmark = pytest.mark.long

NOT_YET = {
    Oddity.TRUNCATED: OF_OTHER_FRAMES,
    Oddity.TOO_SHORT: OF_OTHER_FRAMES,
    Oddity.NOT_GRE: {Oddity.VXLAN, Oddity.NVGRE_IN_VXLAN},  # the port is not there yet
    # K=0 is there, the protocol is not; or not yet what is in a mirror.
    Oddity.GRE_OTHER: {Oddity.GRE_WITHOUT_KEY, Oddity.NVGRE_IN_ERSPAN},
    Oddity.VXLAN: {Oddity.NVGRE_IN_VXLAN},
    Oddity.NOT_IP: {Oddity.WIRELESS},  # SNAP is not there yet
}

OTHER_GRE = {
    QuoteKind.UNRELATED,
    QuoteKind.INNER_IP,
}  # what OUTER_IP can become when the GRE protocol is there


def contradictions(part, whole):
    """What `part`, the facts of a prefix, claims against `whole`; each claim is a pair of
    values.
    """
    if isinstance(part, Other) and part.oddity in (Oddity.TRUNCATED, Oddity.TOO_SHORT):
        addresses = {
            Nvgre: ("source", "destination"),
            Other: ("source", "destination"),
            IcmpError: ("reporter", "addressee"),
        }
        mine = [part.source, part.destination]
        theirs = [getattr(whole, name) for name in addresses[type(whole)]]
        return [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None and a != b]
    if type(part) is not type(whole):
        return [(part, whole)]
    if (
        isinstance(part, Quote)
        and (part.kind, part.gre_key) == (QuoteKind.OUTER_IP, None)
        and whole.kind in OTHER_GRE
    ):
        return []
    found = []
    for name in part._fields:
        mine, theirs = getattr(part, name), getattr(whole, name)
        if mine is None or mine == theirs:
            continue
        if name == "oddity" and theirs in NOT_YET.get(mine, ()):
            continue
        if name == "ethertype" and whole.oddity is Oddity.WIRELESS:
            continue
        if isinstance(mine, IcmpError | Quote) and type(mine) is type(theirs):
            found += contradictions(mine, theirs)
        elif name == "kind" and mine is QuoteKind.NONE:
            continue
        elif name == "refuses_nvgre" and mine is False:
            continue  # not proven yet
        else:
            found.append((mine, theirs))
    return found


SHAPES = [*frames.nvgre_frames(), *frames.error_frames(), *frames.other_frames()]


@pytest.mark.parametrize("chunk", range(8))
def test_a_prefix_never_contradicts_the_whole_frame(chunk):
    for name, linktype, frame in SHAPES[chunk::8]:
        whole = decode(linktype, frame, len(frame))
        for length in range(len(frame)):
            part = decode(linktype, frame[:length], len(frame))
            assert contradictions(part, whole) == [], (name, length)


@pytest.mark.parametrize("chunk", range(8))
def test_a_longer_prefix_never_contradicts_a_shorter_one(chunk):
    for name, linktype, frame in SHAPES[chunk::8]:
        parts = [decode(linktype, frame[:length], len(frame)) for length in range(len(frame) + 1)]
        for length, (shorter, longer) in enumerate(pairwise(parts)):
            assert contradictions(shorter, longer) == [], (name, length)


def test_the_comparison_itself_sees_a_contradiction():
    whole = decode(101, frames.REFUSED, len(frames.REFUSED))
    assert contradictions(whole._replace(gre_key=5), whole) == [(5, 0x00001389)]
    assert contradictions(Other(Oddity.NOT_GRE), whole) == [(Other(Oddity.NOT_GRE), whole)]
    assert contradictions(Other(Oddity.TOO_SHORT, bytes(4)), whole) == [
        (bytes(4), bytes([192, 168, 50, 1]))
    ]


def mutants(count, seed):
    """Frames with a few bytes changed, cut, doubled or taken from another frame."""
    dice = random.Random(seed)
    for _ in range(count):
        _, linktype, frame = dice.choice(SHAPES)
        data = bytearray(frame)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data) + 1)
            match dice.randrange(5):
                case 0:
                    data[at : at + 1] = bytes([dice.randrange(256)])
                case 1:
                    data[at : at + 1] = bytes(
                        [dice.choice((0, 1, 4, 6, 0x20, 0x2F, 0x3A, 0x45, 0x60, 0x81, 0xFF))]
                    )
                case 2:
                    del data[at : at + dice.randint(1, 8)]
                case 3:
                    data[at:at] = data[at : at + dice.randint(1, 40)]
                case 4:
                    other = dice.choice(SHAPES)[2]
                    data[at:] = other[dice.randrange(len(other)) :]
        yield linktype, bytes(data)


def test_mutated_frames_are_always_answered():
    for linktype, frame in mutants(8000, seed=7637):
        for wire_length in (0, len(frame), 65535):
            assert isinstance(decode(linktype, frame, wire_length), Nvgre | IcmpError | Other), (
                frame.hex()
            )


def test_prefixes_of_mutated_frames_never_contradict_them():
    # The frame counts as cut even when all of it is there: whether a header is malformed then does
    # not depend on the length.
    for linktype, frame in mutants(250, seed=2784):
        whole = decode(linktype, frame, len(frame) + 1)
        for length in range(len(frame)):
            part = decode(linktype, frame[:length], len(frame) + 1)
            assert contradictions(part, whole) == [], (linktype, frame.hex(), length)


@pytest.mark.parametrize("linktype", [*range(-1, 300), 65535])
def test_random_bytes_are_always_answered(linktype):
    dice = random.Random(linktype)
    for _ in range(20):
        data = dice.randbytes(dice.randrange(120))
        assert isinstance(decode(linktype, data, len(data)), Nvgre | IcmpError | Other), data.hex()


# --- chains as long as a frame can be ----------------------------------------

SOURCE, DESTINATION = bytes([192, 168, 50, 1]), bytes([192, 168, 50, 2])


def test_sixteen_thousand_tags_are_taken_off():
    frame = build.ethernet(frames.REFUSED, tags=[(0x8100, 1)] * 16000)
    assert decode(1, frame, len(frame)).gre_key == 0x00001389


def test_sixty_four_kilobytes_of_tags_end():
    frame = build.ethernet(b"", ethertype=0x8100, tags=[(0x8100, 1)] * 16000)
    assert decode(1, frame, len(frame) + 1) == Other(Oddity.TRUNCATED)


def test_eight_thousand_extension_headers_are_skipped():
    chain = [(60, bytes(6))] * 8000
    packet = build.ipv6("fd00:10::1", "fd00:10::2", 47, frames.REFUSED[20:], extensions=chain)
    assert decode(101, packet, len(packet)).gre_key == 0x00001389


def test_a_source_route_without_end_leaves_no_inner_frame():
    route = b"\x08\x00\x00\x00" * 16000
    packet = build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, bytes.fromhex("6000655800000000 00001389") + route
    )
    assert decode(101, packet, len(packet)) == Nvgre(SOURCE, DESTINATION, 0x00001389, 0x6000, 128)
