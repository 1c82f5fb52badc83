"""Captures in Azure and behind SFTP, read from real servers, are what they are on a
disk.
"""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvgre_doctor.remote.stored import RANGE
from tests.needs import need_module
from tests.program import MISMATCH, SAMPLES, UPDATED, run, text_of
from tests.remote.storages import STORAGES, Storage, azure_storage, sftp_storage
from tests.remote.test_http import large

pytestmark = pytest.mark.peer
INVENTORY = b"VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n"
NAMES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))


@pytest.fixture(scope="module", params=STORAGES)
def storage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Storage]:
    with STORAGES[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found


def shown(url: str) -> str:
    """As reports show it: without the user of sftp."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


@pytest.fixture(scope="module")
def samples(storage: Storage) -> str:
    """The URL of a folder that holds the samples, and something else."""
    for name in NAMES:
        storage.put(f"samples/{name}", (SAMPLES / name).read_bytes())
    storage.put("samples/notes.txt", b"not for us")
    return storage.url("samples/")


def test_folders_patterns_and_options_say_the_same_as_on_a_disk(
    storage: Storage, samples: str
) -> None:
    inventory = storage.put("lookup.csv", INVENTORY)
    for place, more in (
        ("", ["--vsid", "5001", "--vsid-complete"]),
        ("*.pcap*", ["--inventory", inventory]),
        ("[01]*", ["--each", "-vv"]),
    ):
        there = text_of(run("check", "-f", "json", samples + place, *more))
        here = text_of(run("check", "-f", "json", str(SAMPLES), *more))
        assert there.stdout == here.stdout.replace(f"{SAMPLES}/", shown(samples))
        assert (there.returncode, there.stderr) == (1, "")
        assert not any(secret in there.stdout for secret in storage.secrets)


def test_other_commands_read_an_object_as_a_file(
    storage: Storage, samples: str, tmp_path: Path
) -> None:
    url = samples + Path(MISMATCH).name
    for command in ("info", "filter"):
        here, there = run(command, MISMATCH), run(command, url)
        assert there.stdout.replace(shown(url).encode(), MISMATCH.encode()) == here.stdout
    copies = [tmp_path / name for name in ("one.pcapng", "two.pcapng")]
    for path, copy in zip((MISMATCH, url), copies, strict=True):
        assert run("annotate", path, "-o", str(copy)).returncode == 1
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_workers_of_a_cluster_read_it_too(storage: Storage, samples: str, address: str) -> None:
    here = run("check", "-f", "json", samples)
    there = run("check", "-f", "json", samples, "--scheduler", address)
    assert (there.returncode, there.stdout, there.stderr) == (1, here.stdout, here.stderr)


def test_a_large_object_is_read_in_parts(storage: Storage, tmp_path: Path) -> None:
    data = large(2 * RANGE)
    (tmp_path / "large.pcap").write_bytes(data)
    here = text_of(run("check", "-f", "json", str(tmp_path / "large.pcap")))
    url = storage.put("large.pcap", data)
    for jobs in ("1", "2"):
        there = text_of(run("check", "-f", "json", url, "--jobs", jobs))
        assert there.stdout == here.stdout.replace(str(tmp_path / "large.pcap"), shown(url))


def test_names_may_hold_what_means_something_in_urls(storage: Storage) -> None:
    for name in ("a#1.pcapng", "a?x=1.pcapng", "a[1]*.pcapng", "a b%20.pcapng"):
        storage.put(f"names/{name}", Path(MISMATCH).read_bytes())
    found = json.loads(run("check", "-f", "json", storage.url("names/")).stdout)["captures"]
    assert [(each["path"], each["frames"]) for each in found] == [
        (shown(storage.url(f"names/{name}")), 36)
        for name in ("a b%20.pcapng", "a%231.pcapng", "a%3Fx=1.pcapng", "a%5B1]%2A.pcapng")
    ]


def test_what_is_not_there_is_unreadable_without_a_secret_and_the_others_go_on(
    storage: Storage,
) -> None:
    good = storage.put("good.pcapng", Path(UPDATED).read_bytes())
    for name, why in (
        ("none.pcap", "there is no such object, or its bucket is missing"),
        ("none*.pcap", "nothing there has such a name"),
        ("none/", "nothing there has such a name"),
    ):
        done = run("check", "-vv", "-f", "json", storage.url(name), good)
        found = json.loads(done.stdout)["captures"]
        assert done.returncode == 3
        assert [each["status"] for each in found] == ["unreadable", "complete"]
        assert found[0]["problems"][0]["message"] == f"cannot open the file: {why}"
        said = (done.stdout + done.stderr).decode()
        assert not any(secret in said for secret in storage.secrets)


@pytest.mark.parametrize("event", ["is replaced", "vanishes"])
def test_an_object_that_goes_while_it_is_read_is_never_a_mixture(
    storage: Storage, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nvgre_doctor.remote.stored.RANGE", 4096)
    monkeypatch.setattr("nvgre_doctor.remote.stored.FIRST", 4096)
    monkeypatch.setattr("nvgre_doctor.remote.stored._PAUSE", 0)
    data = Path(MISMATCH).read_bytes()
    url = storage.put("goes.pcapng", data)
    opened = need_module("nvgre_doctor.remote.opening_urls").opened
    with opened(url) as file:
        assert file.read(4096) == data[:4096]
        if event == "vanishes":
            storage.delete("goes.pcapng")
        else:
            storage.put("goes.pcapng", b"x" * (len(data) + 1))
        with pytest.raises(OSError, match=r"replaced while it was read|there is no such object"):
            file.read(4096)


def test_a_connection_that_was_closed_is_made_again(tmp_path: Path) -> None:
    """As a worker of a cluster meets it, which lives for long."""
    with sftp_storage(tmp_path) as storage:
        url = storage.put("lab.pcapng", Path(MISMATCH).read_bytes())
        first = run("check", "-f", "json", url)
        module = need_module("nvgre_doctor.remote.opening_urls")
        with module._asking(url) as (system, _):
            system.client.close()
        again = run("check", "-f", "json", url)
        assert (again.returncode, again.stdout) == (1, first.stdout)


def test_a_host_whose_key_ssh_does_not_know_is_not_believed(tmp_path: Path) -> None:
    with sftp_storage(tmp_path) as storage:
        url = storage.put("lab.pcapng", Path(MISMATCH).read_bytes())
        (tmp_path / "home/.ssh/known_hosts").write_text("")
        (found,) = json.loads(run("check", "-f", "json", url).stdout)["captures"]
    assert found["status"] == "unreadable"
    assert "is not in ~/.ssh/known_hosts: connect once with sftp" in found["problems"][0]["message"]


def test_a_wrong_key_of_azure_is_no_permission_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with azure_storage(tmp_path) as storage:
        url = storage.put("lab.pcapng", Path(MISMATCH).read_bytes())
        wrong = base64.b64encode(b"geheim-wrong").decode()
        text = os.environ["AZURE_STORAGE_CONNECTION_STRING"].replace(storage.secrets[1], wrong)
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
        need_module("nvgre_doctor.remote.opening_urls")._made.cache_clear()
        done = text_of(run("check", "-f", "json", url, MISMATCH))
        need_module("nvgre_doctor.remote.opening_urls")._made.cache_clear()
    found, other = json.loads(done.stdout)["captures"]
    assert (done.returncode, other["status"]) == (3, "complete")
    assert found["problems"][0]["message"].startswith("cannot open the file: no permission (")
    assert wrong not in done.stdout + done.stderr
