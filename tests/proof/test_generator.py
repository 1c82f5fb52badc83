"""The generator itself: its truth is what its frames say, and everything that it can do happens."""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests.needs import need
from tests.proof.fabric import NEW, OLD, SECOND
from tests.proof.generator import World, make_world
from tests.proof.reading import is_inner_error, read_nvgre, read_pcap
from tests.proof.style import SNAPS, Style, style_of

SEEDS = range(100)


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [make_world(seed) for seed in SEEDS]


def test_a_seed_names_one_world() -> None:
    one, again = make_world(6), make_world(6)
    assert [r.content for r in one.recordings] == [r.content for r in again.recordings]
    assert one.truth == again.truth


def test_a_key_holds_the_vsid_where_its_senders_layout_has_it(worlds: list[World]) -> None:
    seen = defaultdict(int)
    for world in worlds:
        for recording in world.recordings:
            for frame in recording.frames:
                packet, shown = frame.packet, read_nvgre(frame.data)
                if packet.kind == "data" and not frame.is_wrong and shown is not None:
                    key = shown.key >> 8 if packet.layout == NEW else shown.key
                    assert key == packet.vsid, (world.seed, packet)
                    seen[packet.layout] += 1
    assert min(seen[OLD], seen[NEW], seen[None]) > 100


def test_the_files_hold_the_frames_of_the_recordings(worlds: list[World]) -> None:
    for world in worlds:
        for recording in world.recordings:
            in_file = list(read_pcap(recording.content))
            assert [data for _, data in in_file] == [seen.data for seen in recording.frames]
            for (at_ns, _), seen in zip(in_file, recording.frames, strict=True):
                assert abs(at_ns - seen.at_ns) < 1000


def test_the_hosts_of_the_truth_are_those_that_sent_data(worlds: list[World]) -> None:
    for world in worlds:
        sources = {
            frame.packet.source
            for recording in world.recordings
            for frame in recording.frames
            if frame.packet.kind in ("data", "guest-error") and not frame.is_wrong
        }
        assert set(world.truth.hosts) == sources


def test_what_the_truth_calls_data_is_no_error_of_a_host(worlds: list[World]) -> None:
    for world in worlds:
        for recording in world.recordings:
            for frame in recording.frames:
                shown = read_nvgre(frame.data)
                if shown and not world.style.snap and frame.packet.kind in ("data", "error"):
                    assert is_inner_error(shown) == (frame.packet.kind == "error")


def test_a_layout_changes_over_a_silence_of_twenty_seconds(worlds: list[World]) -> None:
    changes = 0
    for world in worlds:
        for host in world.truth.hosts.values():
            for before, after in zip(host.spoken, host.spoken[1:], strict=False):
                if before.layout != after.layout and not host.is_two_machines:
                    assert after.at_ns - before.at_ns > 20 * SECOND
                    changes += 1
    assert changes > 10


def test_the_identifications_of_one_sender_count_up() -> None:
    plain = Style(machines=3, layouts="mixed", quantity="dense")._asdict()
    world = make_world(1, **plain)
    before: dict[object, int] = {}
    for frame in world.recordings[0].frames:
        if frame.packet.sender:
            ident = int.from_bytes(frame.packet.data[18:20])
            previous = before.setdefault(frame.packet.sender, ident - 1)
            assert (ident - previous) % 0xFFFF == 1
            before[frame.packet.sender] = ident
    assert len(before) > 1


def test_clones_share_macs_and_customer_addresses_and_no_vsid() -> None:
    vms = make_world(3, clones=4, clone_ids="near").fabric.vms
    by_number = defaultdict(list)
    for vm in vms:
        by_number[vm.number].append(vm)
    copies = [same for same in by_number.values() if len(same) == 5]
    assert copies
    for same in copies:
        assert len({(vm.mac, vm.ip) for vm in same}) == 1
        assert len({vm.subnet.ids[0][1] for vm in same}) == 5


def test_shifted_clones_have_k_and_k_shifted() -> None:
    world = make_world(3, clones=1, clone_ids="shifted", ids="small")
    ids = {vm.subnet.ids[0][1] for vm in world.fabric.vms}
    assert any(number << 8 in ids for number in ids)


def test_every_phenomenon_occurs() -> None:
    """Each field of a style takes each value that its comment names."""
    styles = [style_of(seed) for seed in range(1000)]
    values = {name: {getattr(style, name) for style in styles} for name in Style._fields}
    assert values["snap"] == {0, *SNAPS}
    assert values["restarts"] == {"no", "same", "update", "downgrade", "waves", "twice"}
    assert values["clone_ids"] == {"next", "near", "far", "shifted"}
    assert values["vantage"] == {
        "span", "host", "one-way", "laptops", "windows", "ring", "twice", "pktmon", "errors",
    }  # fmt: skip
    assert values["others"] == {
        "no", "open-vswitch", "neutron", "openbsd", "egre", "switch", "appliance",
    }  # fmt: skip
    assert values["prefix_length"] == {22, 23, 24, 25, 26}
    assert all(len(found) > 1 for found in values.values())


@pytest.mark.peer
def test_tshark_reads_the_same_keys(tmp_path: Path) -> None:
    tshark = need("tshark")
    for seed in range(12):
        world = make_world(seed, snap=0)
        for path, recording in zip(world.write(tmp_path), world.recordings, strict=True):
            command = [tshark, "-n", "-r", path, "-T", "fields", "-e", "gre.key", "-e", "icmp.code"]
            found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            lines = found.splitlines()
            assert len(lines) == len(recording.frames)
            for line, frame in zip(lines, recording.frames, strict=True):
                keys = line.split("\t")[0]
                shown = read_nvgre(frame.data)
                assert bool(keys) or shown is None
                if shown is not None:
                    assert int(keys.split(",")[0], 16) == shown.key, (seed, line)
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
