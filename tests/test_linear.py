"""Four times the input makes four times the work, not sixteen: counted in lines of Python, not in
seconds.
"""

import io
import struct
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.evidence import CaptureEvidence, Evidence, merge, sampling
from nvgre_doctor.evidence.parts import Moment, Net, Packet, PartKey, unit_key
from nvgre_doctor.evidence.rows import pack
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.clocks import compare_clocks
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.scan.counting import scan
from nvgre_doctor.vocabulary import Layout
from nvgre_doctor.watching.follow import Pace
from nvgre_doctor.watching.ring import Folder
from tests import build

TIME = 1_700_000_000_000_000_000
SECOND = 10**9
CURRENT_ONLY = 0x5B8D80
EITHER = 0x001389  # bits 31..8: VSID 5001, or TNIs from 0x138900 on


def lines(work: Callable[[], object]) -> int:
    """How many lines of Python the work takes, those of comprehensions for each element."""
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def assert_linear(make: Callable[[int], Callable[[], object]], size: int) -> None:
    assert lines(make(4 * size)) <= 4.5 * lines(make(size))


def host(number: int) -> bytes:
    return struct.pack(">I", 0x0A000000 + number)


def vm(number: int) -> bytes:
    return b"\x00\x15" + struct.pack(">I", number)


def send(evidence: CaptureEvidence, one: int, two: int, upper_bits: int, macs: bytes) -> None:
    """Two packets of one VM pair."""
    first, last, second = Moment(1, TIME), Moment(2, TIME), TIME // SECOND
    packets = tuple(
        Packet(order, struct.pack(">HHHH", one, two, upper_bits >> 8, order), 1, 128, 0)
        for order in (1, 2)
    )
    key = PartKey(host(one), host(two), upper_bits, macs, Net.SUBNET, is_sure=True)
    row = (second, second, 2, *first, *last, *packets[0], *packets[1])
    customers = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    evidence.units.add([(unit_key(key, 0), pack(customers, [row]))])


def talk(evidence: CaptureEvidence, one: int, two: int, pair: int) -> None:
    """Two hosts whose streams agree under either layout."""
    for source, destination, macs in (
        (one, two, vm(2 * pair) + vm(2 * pair + 1)),
        (two, one, vm(2 * pair + 1) + vm(2 * pair)),
    ):
        send(evidence, source, destination, EITHER, macs)


def star(leaves: int) -> CaptureEvidence:
    """A hub with a proof toward each host, and hosts that are known only by what it agrees with."""
    evidence = CaptureEvidence(frames=1)
    for leaf in range(1, leaves + 1):
        talk(evidence, 0, leaf, leaf)
        send(evidence, 0, leaf, CURRENT_ONLY, vm(1 << 20 | leaf) + vm(1 << 21))
    return evidence


def comb(teeth: int) -> CaptureEvidence:
    """Hosts that agree in a row, each with another one of a lower address than all before: groups
    of hosts that are put together in the most tedious order.
    """
    evidence = CaptureEvidence(frames=1)
    for number in range(teeth):
        talk(evidence, teeth - number, teeth + 1 + number, 2 * number)
        talk(evidence, teeth + 1 + number, teeth + 2 + number, 2 * number + 1)
    return evidence


def test_units_that_come_one_by_one_are_linear_also_where_not_all_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As those of frames do that are counted exactly."""
    monkeypatch.setattr(sampling, "ALL_UNITS", 50)
    assert_linear(lambda size: lambda: star(size), 100)


def test_ids_that_are_not_kept_are_not_copied_for_each_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """65,536 of them took a millisecond a frame."""
    monkeypatch.setattr(sampling, "ALL_UNITS", 50)
    evidence = star(100)
    ids, before = evidence.units._ids, len(evidence.units._ids)
    for number in range(100):
        send(evidence, 0, 1, CURRENT_ONLY + (number << 8), vm(number) + vm(1 << 22))
    assert len(ids) > before
    assert evidence.units._ids is ids


def inferred(evidence: CaptureEvidence) -> Callable[[], object]:
    return lambda: infer(Evidence({0: evidence}), Inventory())


def test_every_leaf_of_a_star_learns_from_its_hub() -> None:
    diagnosis = infer(Evidence({0: star(50)}), Inventory())
    assert {host.layout for host in diagnosis.hosts.values()} == {Layout.CURRENT}


@pytest.mark.parametrize("make", [star, comb])
def test_inference_is_linear_in_the_hosts(make: Callable[[int], CaptureEvidence]) -> None:
    assert_linear(lambda size: inferred(make(size)), 80)


def fleet(captures: int, own: int) -> Evidence:
    """Captures of one star, each with so many packets that no other one holds."""
    parts = []
    for index in range(captures):
        part = star(20)
        for number in range(own):
            send(part, 0, 1 + index % 20, CURRENT_ONLY, vm(index) + vm(1 << 22 | number))
        parts.append(Evidence({index: part}))
    return merge(parts)


def judged(evidence: Evidence) -> Callable[[], object]:
    return lambda: infer(evidence, Inventory())


def test_inference_is_linear_in_captures_that_differ_in_little() -> None:
    assert_linear(lambda captures: judged(fleet(captures, own=1)), 25)


def test_captures_that_are_alike_are_judged_once() -> None:
    once, often = lines(judged(fleet(5, own=0))), lines(judged(fleet(200, own=0)))
    assert often < 1.5 * once


def test_clocks_are_compared_in_linear_time() -> None:
    def compared(captures: int) -> Callable[[], object]:
        evidence = fleet(captures, own=1)
        return lambda: compare_clocks(evidence)

    assert_linear(compared, 25)


def test_captures_are_folded_in_linear_time() -> None:
    assert_linear(lambda captures: lambda: fleet(captures, own=1), 10)


def read(capture: bytes) -> Callable[[], object]:
    def work() -> None:
        with open_capture("-", stdin=io.BytesIO(capture)) as opened:
            scan(opened.batches())

    return work


def test_statistics_of_many_interfaces_are_linear() -> None:
    def make(interfaces: int) -> Callable[[], object]:
        blocks = [build.shb(), *[build.idb()] * interfaces]
        blocks += [struct.pack("<IIIQI", 5, 24, n, 0, 24) for n in range(interfaces)]
        return read(b"".join(blocks))

    assert_linear(make, 60)


def test_empty_options_take_no_step_each() -> None:
    def idb(options: int) -> bytes:
        size = 20 + 4 * options
        return (
            struct.pack("<IIHHI", 1, size, 1, 0, 0)
            + b"\1\0\0\0" * options
            + struct.pack("<I", size)
        )

    few, many = (lines(read(build.shb() + idb(options))) for options in (10, 10_000))
    assert many - few <= 100


def test_the_files_of_a_ring_are_put_in_order_in_linear_time(tmp_path: Path) -> None:
    def make(count: int) -> Callable[[], object]:
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"a{number}").touch()  # has not begun
            (folder / f"b{number}").write_bytes(build.pcap([]))
        return lambda: begin_all(folder, count)

    def begin_all(folder: Path, count: int) -> None:
        pace = Pace(60)  # no look at the folder but the first
        with pace.reading():
            opened = [*islice(Folder(str(folder)).files(pace), count)]
        assert [Path(one.path).name for one in opened] == [f"b{number}" for number in range(count)]

    assert_linear(make, 50)
