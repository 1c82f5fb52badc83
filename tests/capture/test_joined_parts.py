"""Parts of a file are put together only if it was one and the same file for all of them."""

import os

import pytest

from nvgre_doctor.evidence.parts import source_of
from nvgre_doctor.scan import files
from tests import build

OLD, NEW = (
    build.pcap(
        [(0, build.ethernet(build.nvgre(source, "192.168.50.9", 0x00138900, bytes(60))))] * 400
    )
    for source in ("192.168.50.1", "192.168.50.2")
)


def replace(path, data):
    path.with_name("next").write_bytes(data)
    os.replace(path.with_name("next"), path)


def overwrite(path, data):
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(1, 1))  # a clock may be coarser than this test


@pytest.mark.parametrize("change", [replace, overwrite])
@pytest.mark.parametrize("parts_before", [0, 1, 2])
def test_a_file_that_another_one_of_its_size_takes_the_place_of_is_read_again(
    change, parts_before, tmp_path, monkeypatch
):
    path = tmp_path / "a.pcap"
    path.write_bytes(OLD)

    monkeypatch.setattr(files, "WORTH_A_THREAD", 4096)
    stretches = files.split(str(path), path.stat().st_size, 2, None)
    results = []
    for number, stretch in enumerate(stretches):
        if number == parts_before:
            change(path, NEW)
        results.append(files.read_stretch(stretch, lambda count: None))
    if len(stretches) == parts_before:
        change(path, NEW)
    read = files.join(stretches, results)
    sources = {source_of(unit) for unit in read.evidence.units.packed}
    assert sources == {build.ip("192.168.50.1" if parts_before == 2 else "192.168.50.2")}
    assert (len(stretches), read.progress.frames) == (2, 400)
