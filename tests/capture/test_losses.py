"""What a capture says of frames that it lost: counters of interfaces, and of single packets."""

import struct
from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.losses import Losses
from tests import build
from tests.worlds import A, B, Tape

FRAME = build.ethernet(build.nvgre(A, B, 0x1E848100, bytes(60)))


def drops(count: int, order: str = "<") -> bytes:
    """epb_dropcount."""
    return build.option(4, struct.pack(order + "Q", count), order)


def statistics(
    by_interface: int | None, by_os: int | None, interface: int = 0, order: str = "<"
) -> bytes:
    options = b"".join(
        build.option(code, struct.pack(order + "Q", count), order)
        for code, count in ((4, 10), (5, by_interface), (6, 9), (7, by_os), (8, 8))
        if count is not None
    )
    return build.block(5, struct.pack(order + "III", interface, 0, 0) + options, order)


def losses_of(data: bytes, path: Path) -> Losses:
    path.write_bytes(data)
    with open_capture(str(path)) as capture:
        for _ in capture.batches():
            pass
        return capture.progress.losses


def lost_in(data: bytes, path: Path) -> int:
    return losses_of(data, path).packets


def section(*blocks: bytes, order: str = "<", interfaces: int = 1) -> bytes:
    return build.shb(order) + build.idb(order=order) * interfaces + b"".join(blocks)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pcapng"


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_counters_of_an_interface_are_read(order: str, path: Path) -> None:
    frame = build.epb(0, 0, FRAME, order)
    data = section(frame, statistics(3, 9, order=order), order=order)
    assert lost_in(data, path) == 12


@pytest.mark.parametrize(
    ("block", "lost"),
    [
        (statistics(None, 9), 9),
        (statistics(3, None), 3),
        (statistics(0, 0), 0),
        (statistics(None, None), 0),
        (build.block(5, struct.pack("<III", 0, 0, 0) + build.option(5, b"1234")), 0),
        (build.block(5, b""), 0),
    ],
    ids=["os", "interface", "zero", "none", "short option", "short block"],
)
def test_what_is_not_there_counts_as_nothing(block: bytes, lost: int, path: Path) -> None:
    assert lost_in(section(build.epb(0, 0, FRAME), block), path) == lost


def test_counters_are_since_the_beginning_so_the_last_ones_count(path: Path) -> None:
    data = section(statistics(3, 1), build.epb(0, 0, FRAME), statistics(5, 2))
    assert lost_in(data, path) == 7


def test_interfaces_and_sections_are_added_up(path: Path) -> None:
    first = section(statistics(1, 0), statistics(10, 0, interface=1), interfaces=2)
    second = section(statistics(100, 0), build.epb(0, 0, FRAME), statistics(200, 0))
    third = section(build.epb(0, 0, FRAME, options=drops(7)))
    assert lost_in(first + second + third, path) == 211


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_tell_what_was_lost_before_each(order: str, path: Path) -> None:
    frames = [
        build.epb(0, 0, FRAME, order, options=build.option(1, "a comment", order)),
        build.epb(0, 0, FRAME[:61], order, options=drops(2, order)),
        build.epb(0, 0, FRAME, order),
        build.epb(0, 0, FRAME, order, options=build.option(1, "x", order) + drops(3, order)),
        build.epb(0, 0, FRAME, order, options=drops(0, order)),
        build.epb(0, 0, FRAME, order, options=build.option(4, b"1234", order)),
    ]
    assert lost_in(section(*frames, order=order), path) == 5


def test_the_bytes_of_a_frame_are_no_options(path: Path) -> None:
    frame = build.epb(0, 0, FRAME + drops(9) + bytes(4))
    assert lost_in(section(frame), path) == 0


@pytest.mark.long
def test_every_packet_of_a_long_capture_is_asked(path: Path) -> None:
    frames = [build.epb(0, n, FRAME, options=drops(n % 3)) for n in range(50_000)]
    path.write_bytes(section(*frames))
    assert diagnose(path).captures[0].lost.packets == sum(n % 3 for n in range(50_000))


def test_a_block_longer_than_a_buffer_is_asked_as_far_as_it_is_held(path: Path) -> None:
    comments = build.option(1, bytes(60_000)) * 100
    frame = build.epb(0, 0, FRAME, options=drops(4) + comments)
    assert lost_in(section(frame, build.epb(0, 0, FRAME)), path) == 4


def test_a_cut_packet_tells_nothing(path: Path) -> None:
    whole = section(build.epb(0, 0, FRAME), build.epb(0, 0, FRAME, options=drops(4)))
    assert lost_in(whole, path) == 4
    path.write_bytes(whole[:-4])
    assert diagnose(path).captures[0].lost.packets == 0


def test_counters_and_packets_may_tell_of_the_same_frames(path: Path) -> None:
    frame = build.epb(0, 0, FRAME, options=drops(5))
    assert lost_in(section(frame, statistics(3, 1)), path) == 5
    assert lost_in(section(frame, statistics(3, 4)), path) == 7


def test_a_capture_that_does_not_say_is_told_from_one_that_lost_nothing(path: Path) -> None:
    frame = build.epb(0, 0, FRAME)
    assert not losses_of(section(frame), path).is_told
    assert losses_of(section(frame, statistics(0, 0)), path).is_told
    assert losses_of(section(build.epb(0, 0, FRAME, options=drops(0))), path).is_told


Step = tuple[str, int, int]


def test_parts_of_a_capture_are_put_together_as_one_reader_would_count() -> None:
    steps: list[Step] = [
        ("count", 0, 6),
        ("before", 2, 0),
        ("begin", 0, 0),
        ("count", 0, 7),
        ("count", 1, 2),
        ("count", 0, 9),
        ("before", 3, 0),
        ("begin", 0, 0),
        ("begin", 0, 0),
        ("before", 4, 0),
        ("count", 0, 6),
    ]

    def read(part: list[Step]) -> Losses:
        losses = Losses()
        for name, one, two in part:
            if name == "count":
                losses.tell_packets(one, two)
            elif name == "before":
                losses.tell_before(one)
            else:
                losses.begin_section()
        return losses

    whole = read(steps)
    assert (whole.packets, whole.beside) == (6 + 9 + 2 + 6, 9)
    for one in range(len(steps) + 1):
        for two in range(one, len(steps) + 1):
            first, second, third = read(steps[:one]), read(steps[one:two]), read(steps[two:])
            assert (first + second) + third == whole
            assert first + (second + third) == whole


def test_a_capture_with_very_many_sections_remembers_few() -> None:
    losses = Losses()
    for _ in range(1000):
        losses.begin_section()
        losses.tell_packets(0, 1)
    assert losses.packets == 1000
    assert len(repr(losses)) < 200


def test_the_report_says_so(path: Path) -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    frames = [build.epb(0, row[0], row[1]) for row in tape.frames]
    path.write_bytes(section(*frames, statistics(0, 12)))
    (finding,) = [f for f in diagnose(path).findings if f.code == "NVG105"]
    assert finding.message == (f"{path} says that 12 packets were lost while it was captured.")
    path.write_bytes(build.pcap(tape.frames))
    assert [f for f in diagnose(path).findings if f.code == "NVG105"] == []
