"""Archives behind URLs: each reader of them fetches an archive once, not once for each capture."""

import gzip
import json
from pathlib import Path

import pytest

from tests.capture.test_archives import tarred, zipped
from tests.program import MISMATCH, UPDATED, run, text_of
from tests.remote.servers import Site

pytestmark = pytest.mark.peer
FILES = {f"{n:02}.pcapng": Path(MISMATCH if n % 2 else UPDATED).read_bytes() for n in range(24)} | {
    "notes.txt": b"text\n" * 100
}
PACKED = {"lab.tar": tarred(FILES), "lab.zip": zipped(FILES)}
PACKED["lab.tar.gz"] = gzip.compress(PACKED["lab.tar"], 0)
PATHS = [f"/{number:02}.pcapng" for number in range(24)]


def paths_in(report: bytes, url: str) -> list[str]:
    return [each["path"].removeprefix(url) for each in json.loads(report)["captures"]]


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("jobs", [1, 2])
def test_each_thread_fetches_an_archive_once(
    site: Site, name: str, jobs: int, tmp_path: Path
) -> None:
    site.files[name] = PACKED[name]
    (tmp_path / name).write_bytes(PACKED[name])
    url = site.url(name)
    there = run("check", "-f", "json", "--jobs", str(jobs), url)
    assert paths_in(there.stdout, url) == PATHS
    here = text_of(run("check", "-f", "json", str(tmp_path / name))).stdout
    assert json.loads(here.replace(str(tmp_path / name), url)) == json.loads(there.stdout)
    assert len(site.asked) <= 1 + jobs  # one to list what is in it
    assert site.sent <= (1 + jobs) * len(PACKED[name])


@pytest.mark.parametrize("name", ["lab.tar", "lab.tar.gz"])
def test_a_server_without_ranges_sends_an_archive_once_to_who_reads_it(
    site: Site, name: str
) -> None:
    site.has_ranges = site.has_length = False
    site.files[name] = PACKED[name]
    url = site.url(name)
    there = run("check", "-f", "json", "--jobs", "1", url)
    assert paths_in(there.stdout, url) == PATHS
    assert len(site.asked) <= 2 * 3  # fsspec asks twice how long it is


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("more", [[], ["--each"]])
def test_each_batch_of_a_cluster_fetches_an_archive_once(
    site: Site, name: str, more: list[str], address: str
) -> None:
    """Two workers take turns with three captures of 24 at a time, and fetch it for each turn."""
    site.files[name] = PACKED[name]
    there = run("check", "-f", "json", *more, "--scheduler", address, site.url(name))
    assert len(site.asked) <= 1 + 8  # one to list what is in it
    assert there.stdout == run("check", "-f", "json", *more, site.url(name)).stdout
