"""Captures in a bucket, read by this process, are what they are on a disk."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.build_etl import BEGIN, etl, ndiscap
from tests.needs import need_module
from tests.program import ALL_OLD, MISMATCH, SAMPLES, UPDATED, VERDICT, run, text_of
from tests.remote.servers import KEY, SECRET, Bucket

pytestmark = pytest.mark.peer
INVENTORY = b"VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n"
NAMES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))


def filled(bucket: Bucket, folder: str = "") -> None:
    for name in NAMES:
        bucket.put(folder + name, (SAMPLES / name).read_bytes())


def report(*args: str, code: int = 1) -> dict[str, Any]:
    done = run("check", "-f", "json", *args)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def local(url: str, *args: str) -> str:
    """The report about the samples with the paths that they have in the bucket."""
    done = text_of(run("check", "-f", "json", str(SAMPLES), *args))
    return done.stdout.replace(f"{SAMPLES}/", url)


@pytest.mark.parametrize("place", ["", "*.pcap*", "[01]*", "??-*"])
def test_a_folder_or_pattern_of_urls_has_the_report_of_the_same_files(
    bucket: Bucket, place: str
) -> None:
    filled(bucket)
    done = text_of(run("check", "-f", "json", bucket.url(place)))
    assert done.stdout == local(bucket.url())


def test_two_stars_and_folders_go_down(bucket: Bucket) -> None:
    bucket.put("a/b/one.pcapng", Path(MISMATCH).read_bytes())
    bucket.put("a/two.pcapng", Path(UPDATED).read_bytes())
    bucket.put("a/.hidden.pcapng", b"")
    bucket.put("a/notes.txt", b"not for us")
    paths = [bucket.url("a/b/one.pcapng"), bucket.url("a/two.pcapng")]
    for place in ("a/", "**/*.pcapng"):
        found = report(bucket.url(place))["captures"]
        assert [each["path"] for each in found] == paths
    assert report(bucket.url("a/.h*"), code=3)["captures"][0]["status"] == "empty"


def test_options_say_the_same_of_urls(bucket: Bucket) -> None:
    filled(bucket)
    inventory = bucket.put("lookup.csv", INVENTORY)
    for more in (
        ["--vsid", "5001", "--vsid-complete"],
        ["--inventory", inventory],
        ["--jobs", "4"],
        ["--each"],
    ):
        done = text_of(run("check", "-f", "json", bucket.url(), *more))
        assert done.stdout == local(bucket.url(), *more)


def test_other_commands_take_urls(bucket: Bucket, tmp_path: Path) -> None:
    url = bucket.put("lab.pcapng", Path(MISMATCH).read_bytes())
    for command in ("info", "filter"):
        here, there = run(command, MISMATCH), run(command, url)
        assert there.stdout.replace(url.encode(), MISMATCH.encode()) == here.stdout
    copies = [tmp_path / name for name in ("one.pcapng", "two.pcapng")]
    for path, copy in zip((MISMATCH, url), copies, strict=True):
        assert run("annotate", path, "-o", str(copy)).returncode == 1
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_copies_of_a_folder_of_urls_have_the_names_of_the_objects(
    bucket: Bucket, tmp_path: Path
) -> None:
    bucket.put("a.pcapng", Path(MISMATCH).read_bytes())
    bucket.put("b.pcap.gz", gzip.compress(Path(ALL_OLD).read_bytes()))
    assert run("annotate", bucket.url(), "-o", str(tmp_path / "out")).returncode == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.pcapng", "b.pcapng"]


def test_compressed_objects_and_archives_are_read(bucket: Bucket, tmp_path: Path) -> None:
    import zipfile

    data = Path(MISMATCH).read_bytes()
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("in/one.pcapng", data)
        archive.writestr("two.pcapng", Path(UPDATED).read_bytes())
    bucket.put("one.pcapng.gz", gzip.compress(data))
    bucket.put("two.zip", (tmp_path / "two.zip").read_bytes())
    found = report(bucket.url())["captures"]
    assert [(each["path"], each["compression"], each["frames"]) for each in found] == [
        (bucket.url("one.pcapng.gz"), "gzip", 36),
        (bucket.url("two.zip/in/one.pcapng"), None, 36),
        (bucket.url("two.zip/two.pcapng"), None, 34),
    ]
    assert report(bucket.url("two.zip/in/one.pcapng"))["captures"][0]["frames"] == 36


def test_an_event_trace_is_read_out_of_a_temporary_file(bucket: Bucket, tmp_path: Path) -> None:
    data = etl([ndiscap(BEGIN + n, bytes(60 + n)) for n in range(20)])
    (tmp_path / "a.etl").write_bytes(data)
    here = text_of(run("info", str(tmp_path / "a.etl"))).stdout.splitlines()
    there = text_of(run("info", bucket.put("a.etl", data))).stdout.splitlines()
    (note,) = set(there[1:]) - set(here)
    assert note.split() == f"Note read from a temporary file of {len(data)} bytes".split()
    assert here[1:] == [line for line in there[1:] if line != note]


def test_names_may_hold_what_means_something_in_urls(bucket: Bucket) -> None:
    for name in ("a#1.pcapng", "a?x=1.pcapng", "a[1]*.pcapng", "a b%20.pcapng"):
        bucket.put(name, Path(MISMATCH).read_bytes())
    found = report(bucket.url())["captures"]
    assert [(each["path"], each["frames"]) for each in found] == [
        (bucket.url(name), 36)
        for name in ("a b%20.pcapng", "a%231.pcapng", "a%3Fx=1.pcapng", "a%5B1]%2A.pcapng")
    ]


# --- what cannot be read -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none.pcap", "there is no such object, or its bucket is missing"),
        ("none*.pcap", "nothing there has such a name"),
        ("none/", "nothing there has such a name"),
    ],
)
def test_what_is_not_there_is_unreadable_and_the_others_go_on(
    bucket: Bucket, name: str, why: str
) -> None:
    good = bucket.put("good.pcapng", Path(UPDATED).read_bytes())
    found = report(bucket.url(name), good, code=3)["captures"]
    assert [each["status"] for each in found] == ["unreadable", "complete"]
    assert found[0]["problems"][0]["message"] == f"cannot open the file: {why}"


def test_a_folder_without_captures_says_how_they_are_known(bucket: Bucket) -> None:
    bucket.put("x/readme.txt", b"hello")
    (found,) = report(bucket.url("x/"), code=3)["captures"]
    assert found["problems"][0]["message"] == (
        "cannot open the file: no capture lies there"
        " (in folders of URLs, captures are known by their names)"
    )


def test_a_missing_inventory_is_a_usage_error(bucket: Bucket) -> None:
    done = text_of(run(MISMATCH, "--inventory", bucket.url("none.csv")))
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"nvgre-doctor: {bucket.url('none.csv')}: cannot be read: there is no such object"
    )


def test_an_object_that_is_replaced_while_it_is_read_is_cut_where_it_changed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first range comes from the old object; the second one is refused, as the ETag is not
    what it was.
    """
    monkeypatch.setattr("nvgre_doctor.remote.stored.RANGE", 4096)
    monkeypatch.setattr("nvgre_doctor.remote.stored.FIRST", 4096)
    data = Path(MISMATCH).read_bytes()
    assert len(data) > 4096
    url = bucket.put("lab.pcapng", data)
    storage = need_module("nvgre_doctor.remote.opening_urls")
    with storage.opened(url) as file:
        assert file.read(4096) == data[:4096]
        bucket.put("lab.pcapng", b"x" * len(data))
        with pytest.raises(OSError, match="the object was replaced while it was read"):
            file.read(4096)


def test_no_key_is_in_what_is_said(bucket: Bucket) -> None:
    bucket.put("a.pcapng", Path(MISMATCH).read_bytes())
    for args in (["-v", bucket.url()], [bucket.url("none.pcap")], ["-f", "json", bucket.url()]):
        done = run(*args)
        assert KEY.encode() not in done.stdout + done.stderr
        assert SECRET.encode() not in done.stdout + done.stderr


def test_a_verdict_is_said_of_what_lies_in_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    url = bucket.put("lab.pcapng", Path(MISMATCH).read_bytes())
    done = run(url, "-o", str(tmp_path / "report.html"))
    assert (done.returncode, done.stdout) == (1, VERDICT)
