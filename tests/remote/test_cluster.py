"""Captures read by the workers of a Dask cluster: the same bytes as one machine."""

import json
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.report.to_json import to_json
from tests import build
from tests.needs import need_module
from tests.program import MISMATCH, SAMPLES, UPDATED, run, text_of

pytestmark = pytest.mark.peer
NAMES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))


@pytest.fixture
def no_workers() -> Iterator[str]:
    distributed = need_module("distributed")
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp://", dashboard_address=""
    ) as cluster:
        yield cluster.scheduler_address


def both(address: str, *args: str, code: int = 1) -> tuple[bytes, bytes]:
    """What the cluster and what this process says."""
    there = run("check", *args, "--scheduler", address)
    here = run("check", *args)
    assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
    assert there.returncode == code
    return there.stdout, here.stdout


SAMPLE_URLS = [f"file://{SAMPLES}/{name}" for name in NAMES]


@pytest.mark.parametrize("format_name", ["json", "text", "sarif", "html"])
def test_samples_have_the_same_report(address: str, format_name: str) -> None:
    there, here = both(address, "-f", format_name, f"file://{SAMPLES}/")
    assert there == here


def test_options_make_no_difference(address: str, tmp_path: Path) -> None:
    inventory = tmp_path / "lookup.csv"
    inventory.write_text("VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n")
    baseline = str(tmp_path / "baseline.json")
    assert run("check", SAMPLE_URLS[0], "--write-baseline", baseline).returncode == 0
    (tmp_path / "settings.toml").write_text(
        'not-nvgre = ["192.0.2.0/24"]\nexpect = { "192.168.50.2" = "rfc7637" }\n'
    )
    for more in (
        ["--vsid", "5001", "--vsid-complete"],
        ["--inventory", str(inventory)],
        ["--inventory", f"file://{inventory}"],
        ["--config", str(tmp_path / "settings.toml")],
        ["--baseline", baseline],
        ["--each"],
        ["--each", "--baseline", baseline, "--inventory", str(inventory)],
    ):
        there, here = both(address, "-f", "json", *SAMPLE_URLS, *more)
        assert there == here, more


def test_local_files_are_read_here_and_urls_there(address: str, tmp_path: Path) -> None:
    there, here = both(address, "-f", "json", MISMATCH, SAMPLE_URLS[1], UPDATED, *SAMPLE_URLS[2:])
    assert there == here
    assert b"file://" in there


def test_what_cannot_be_read_there_is_said_as_here(address: str, tmp_path: Path) -> None:
    (tmp_path / "cut.pcapng").write_bytes(Path(MISMATCH).read_bytes()[:3000])
    (tmp_path / "text.pcap").write_text("no capture")
    urls = [f"file://{tmp_path}/{name}" for name in ("cut.pcapng", "text.pcap", "none.pcap")]
    for more in ([], ["--each"]):
        there, here = both(address, "-f", "json", *urls, SAMPLE_URLS[0], *more, code=3)
        assert there == here
        assert there.count(b'"unreadable"') >= 2


def random_captures(dice: random.Random, folder: Path) -> list[str]:
    """Cuts and copies of samples, whose hosts and streams overlap."""
    urls = []
    for number in range(dice.randint(2, 20)):
        data = Path(SAMPLES / dice.choice(NAMES)).read_bytes()
        if dice.random() < 0.3:
            data = data[: dice.randrange(len(data))]
        path = folder / f"{number:02}.pcap"
        path.write_bytes(data)
        urls.append(f"file://{path}")
    return urls


@pytest.mark.parametrize("seed", range(12))
def test_random_groups_merged_in_random_trees_have_the_same_report(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr("nvgre_doctor.engines.cluster.INPUTS", dice.randint(2, 5))
    monkeypatch.setattr("nvgre_doctor.engines.cluster.BATCH_TASKS", dice.randint(1, 4))
    urls = random_captures(dice, tmp_path)
    found = [
        to_json(diagnose(urls, scheduler=scheduler, vsids=[5001])) for scheduler in (address, None)
    ]
    assert found[0] == found[1]


def large(count: int) -> bytes:
    """NVGRE frames of two hosts with many VM pairs, in a pcap."""
    records = []
    for number in range(count):
        pair = number % 97
        inner = build.inner_frame(f"00:15:5d:0a:00:{pair:02x}", "00:15:5d:0a:01:01", bytes(400))
        frame = build.ethernet(build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, inner))
        records.append(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)
    return build.pcap([]) + b"".join(records)


def test_a_large_object_is_read_in_parts_that_are_joined_on_a_worker(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large.pcap").write_bytes(large(9000))
    url = f"file://{tmp_path}/large.pcap"
    here = run("check", "-f", "json", url, "--jobs", "1")
    monkeypatch.setattr("nvgre_doctor.scan.fleet.PART", 1 << 20)
    monkeypatch.setattr("nvgre_doctor.scan.files.WORTH_A_THREAD", 1 << 19)
    parts = []

    def split(*args: Any) -> Any:
        found = real(*args)
        parts.append(len(found))
        return found

    from nvgre_doctor.scan import fleet

    real = fleet.split
    monkeypatch.setattr(fleet, "split", split)
    there = run("check", "-f", "json", url, SAMPLE_URLS[0], "--scheduler", address)
    assert parts == [5]
    alone = run("check", "-f", "json", url, "--scheduler", address)
    assert alone.stdout == here.stdout
    assert json.loads(there.stdout)["captures"][0]["frames"] == 9000


# --- what cannot be used -----------------------------------------------------


@pytest.mark.parametrize(
    "given",
    ["host:8786", "http://host:8786", "tcp://host", "tcp://u:geheim@host:1", "tcp://h:1?x=1"],
)
def test_other_addresses_are_usage_errors(given: str) -> None:
    done = text_of(run("check", MISMATCH, "--scheduler", given))
    assert done.returncode == 2
    assert "expected an address such as tcp://host:8786." in done.stderr
    done = text_of(run("check", MISMATCH, env={"NVGRE_DOCTOR_SCHEDULER": given}))
    assert done.returncode == 2
    assert "an address such as tcp://host:8786" in done.stderr


def test_a_scheduler_that_does_not_answer_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need_module("distributed")
    monkeypatch.setattr("nvgre_doctor.engines.cluster.CONNECT_SECONDS", 0.5)
    done = text_of(run("check", SAMPLE_URLS[0], "--scheduler", "tcp://127.0.0.1:1"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nvgre-doctor: no scheduler of Dask answers at tcp://127.0.0.1:1")
    assert done.stderr.count("\n") == 1


def test_a_scheduler_without_workers_is_an_error(
    no_workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nvgre_doctor.engines.cluster.WORKER_SECONDS", 1)
    done = text_of(run("check", SAMPLE_URLS[0], env={"NVGRE_DOCTOR_SCHEDULER": no_workers}))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"nvgre-doctor: the scheduler at {no_workers} has no worker after 1 s: start one with"
        f" `dask worker {no_workers}`\n"
    )


def test_without_the_extra_the_line_to_type_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("fsspec")
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = text_of(run("check", SAMPLE_URLS[0], "--scheduler", "tcp://127.0.0.1:1"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'nvgre-doctor: --scheduler needs: pip install "nvgre-doctor[dask]"\n'


def test_a_worker_without_the_extra_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this process here, so what is missing goes missing between the two questions."""
    from nvgre_doctor.remote import schemes

    asked = []

    def find(name: str) -> object:
        asked.append(name)
        return object() if len(asked) <= 2 else None

    monkeypatch.setattr(schemes, "find_spec", find)
    done = text_of(run("check", SAMPLE_URLS[0], "--scheduler", address))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nvgre-doctor: worker tcp://127.0.0.1:")
    assert done.stderr.endswith('file:// needs: pip install "nvgre-doctor[dask]"\n')


def test_a_fault_on_a_worker_is_an_internal_error_without_secrets(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, **more: object) -> None:
        raise TypeError(f"cannot read {path}")

    monkeypatch.setattr("nvgre_doctor.scan.files.open_capture", fail)
    url = f"{SAMPLE_URLS[0]}?sig=geheim"
    done = text_of(run("check", url, "--scheduler", address, env={"NVGRE_DOCTOR_DEBUG": "1"}))
    assert done.returncode == 70
    assert f"TypeError: cannot read {SAMPLE_URLS[0]}" in done.stderr
    assert "scan/files.py" in done.stderr
    assert "geheim" not in done.stderr
