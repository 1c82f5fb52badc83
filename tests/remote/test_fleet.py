"""A scheduler and workers that are real processes: killed, of another version, interrupted; and
what they write into logs.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.remote.stored import RANGE
from tests.program import PROGRAM, SAMPLES, environment, run
from tests.remote.fleet import Fleet, fleet, kill
from tests.remote.servers import KEY, SECRET, Bucket, Site
from tests.remote.test_cluster import SAMPLE_URLS, large

pytestmark = [pytest.mark.process, pytest.mark.once]
KILLER = """
import os
from nvgre_doctor.scan import files
opened = getattr(files, "opened_before", files.open_capture)  # this may be loaded twice
files.opened_before = opened
def open_capture(path, **more):
    name = os.path.basename(path)
    if "killer" in name:
        os._exit(9)
    if "slow" in name:
        import time
        time.sleep(0.2)
        open(path[7:] + ".seen", "w").close()
    return opened(path, **more)
files.open_capture = open_capture
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two workers; those that read a killer die, and a slow one takes its time."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "killer.py").write_text(KILLER)
    with fleet(folder / "logs", 0) as found:
        for _ in range(2):
            found.add_worker("--preload", str(folder / "killer.py"))
        found.wait(2)
        yield found


def copies(folder: Path, count: int, name: str = "a") -> list[str]:
    """URLs of copies of the samples."""
    urls = []
    for number in range(count):
        path = folder / f"{name}{number:03}.pcap"
        shutil.copy(SAMPLES / Path(SAMPLE_URLS[number % len(SAMPLE_URLS)]).name, path)
        urls.append(f"file://{path}")
    return urls


def wait_for(folder: Path, count: int) -> None:
    """Until so many slow files were read."""
    until = time.monotonic() + 60
    while len(list(folder.glob("*.seen"))) < count:
        assert time.monotonic() < until
        time.sleep(0.05)


def begin(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROGRAM, "check", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def test_a_worker_of_four_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    """Those of the other tests have one."""
    with fleet(tmp_path / "logs", 1, threads=4) as one:
        for more in ([], ["--each"]):
            there = run("check", "-f", "json", *SAMPLE_URLS, *more, "--scheduler", one.address)
            here = run("check", "-f", "json", *SAMPLE_URLS, *more)
            assert (there.returncode, there.stdout, there.stderr) == (1, here.stdout, here.stderr)


@pytest.mark.parametrize("seed", range(2))
def test_a_worker_that_is_killed_costs_nothing_but_time(
    two: Fleet, tmp_path: Path, seed: int
) -> None:
    urls = copies(tmp_path, 40, "slow")
    here = run("check", "-f", "json", *urls)
    pids = two.wait(2)
    process = begin("-f", "json", *urls, "--scheduler", two.address)
    wait_for(tmp_path, random.Random(seed).randint(1, 36))
    kill(pids[seed % 2])
    out, err = process.communicate(timeout=60)
    assert (err, out) == (here.stderr, here.stdout)


def test_a_result_that_is_lost_with_its_worker_before_anybody_looks_is_made_anew(
    two: Fleet,
) -> None:
    """The worker is killed between the message that a task has ended and the next look at it."""
    from nvgre_doctor.engines.cluster import Cluster, DaskEngine

    two.wait(2)
    seen: list[str] = []

    def kill_who_has_the_result() -> bool:
        """Asked again and again: the first time that there is a task, before it is looked at."""
        if not seen and cluster.client.futures:
            (future,) = cluster.client.futures.values()
            for status in "finished", "lost":
                until = time.monotonic() + 60
                while future.status != status:
                    assert time.monotonic() < until
                    time.sleep(0.01)
                seen.append(status)
                if status == "finished":
                    ((holder,),) = cluster.client.who_has().values()
                    kill(cluster.client.run(os.getpid, workers=[holder])[holder])
        return False

    def weigh(task: int) -> int:
        return task

    def work(task: int, tell: object) -> int:
        time.sleep(1)  # else it would be there again before anybody looks
        return task + 1

    with Cluster(two.address, bool) as cluster:
        engine = DaskEngine(
            cluster, weigh=weigh, killed=weigh, stopped=weigh, is_stopped=kill_who_has_the_result
        )
        assert engine.fold([41], work, sum, weigh) == 42
    assert seen == ["finished", "lost"]


def test_a_nanny_that_is_killed_with_its_worker_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "killer.py").write_text(KILLER)
    urls = copies(tmp_path, 30, "slow")
    here = run("check", "-f", "json", *urls)
    with fleet(tmp_path / "logs", 0) as found:
        for _ in range(2):
            found.add_worker("--preload", str(tmp_path / "killer.py"))
        found.wait(2)
        process = begin("-f", "json", *urls, "--scheduler", found.address)
        wait_for(tmp_path, 10)
        os.killpg(found.workers[0].pid, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert (err, out) == (here.stderr, here.stdout)


def test_a_file_that_kills_its_workers_is_named_and_the_others_go_on(
    two: Fleet, tmp_path: Path
) -> None:
    urls = copies(tmp_path, 12)
    (killer,) = copies(tmp_path, 1, "killer")
    done = run("check", "-f", "json", *urls, killer, "--scheduler", two.address)
    assert done.returncode == 3
    found = json.loads(done.stdout)["captures"]
    assert found[-1]["path"] == killer
    assert found[-1]["status"] == "unreadable"
    assert found[-1]["problems"] == [
        {"reason": "workers-died", "offset": 0, "message": "every worker that read it died"}
    ]
    here = json.loads(run("check", "-f", "json", *urls).stdout)["captures"]
    assert found[:-1] == here
    two.wait(2)


def test_a_worker_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other" / "nvgre_doctor"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.9"\n')
    with fleet(tmp_path / "logs", 0) as found:
        found.add_worker("--name", "old", path=[other.parent])
        found.wait(1)
        done = run("check", SAMPLE_URLS[0], "--scheduler", found.address)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"nvgre-doctor: worker tcp://127.0.0.1:")
    assert b" has nvgre-doctor 0.9, and this is nvgre-doctor 1." in done.stderr


def test_ctrl_c_cancels_and_reports_what_was_read_and_the_workers_stay(
    two: Fleet, tmp_path: Path
) -> None:
    urls = copies(tmp_path, 60, "slow")
    pids = two.wait(2)
    process = begin("-f", "json", *urls, "--scheduler", two.address)
    wait_for(tmp_path, 30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith(b"nvgre-doctor: interrupted: the report is about what was read before\n")
    states = [capture["status"] for capture in json.loads(out)["captures"]]
    assert len(states) == 60
    assert "interrupted" in states
    assert "complete" in states
    assert two.wait(2) == pids


def test_a_scheduler_that_goes_away_is_one_line_and_70(tmp_path: Path) -> None:
    (tmp_path / "killer.py").write_text(KILLER)
    urls = copies(tmp_path, 60, "slow")
    with fleet(tmp_path / "logs", 0) as found:
        found.add_worker("--preload", str(tmp_path / "killer.py"))
        found.wait(1)
        process = begin("-f", "json", *urls, "--scheduler", found.address)
        wait_for(tmp_path, 3)
        found.scheduler.kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (70, b"")
    assert err == f"nvgre-doctor: the scheduler at {found.address} was lost\n".encode()


def test_a_bucket_read_by_a_cluster_has_the_same_report(
    s3_client: Any, bucket: Bucket, tmp_path: Path
) -> None:
    for path in sorted(SAMPLES.glob("*.pcap*")):
        bucket.put(path.name, path.read_bytes())
    bucket.put("large.pcap", large(20_000))
    inventory = bucket.put("lookup.csv", b"VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n")
    with fleet(tmp_path / "logs") as found:
        args = ["check", "-vv", "-f", "json", bucket.url(), "--inventory", inventory]
        here, there = run(*args), run(*args, "--scheduler", found.address)
        assert there.stdout == here.stdout
        assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
        vanished = run("check", "-f", "json", bucket.url("none.pcap"), bucket.url(), "--scheduler",
                       found.address)  # fmt: skip
        assert json.loads(vanished.stdout)["captures"][0]["status"] == "unreadable"
        logs = found.logs()
    for secret in (KEY, SECRET):
        for text in (logs, here.stdout, there.stdout, vanished.stdout, vanished.stderr):
            assert secret.encode() not in text


@pytest.mark.parametrize("event", ["vanishes", "is replaced"])
def test_an_object_that_goes_while_a_worker_reads_it_is_cut_as_it_is_here(
    two: Fleet, site: Site, event: str
) -> None:
    """The third range is answered by what is there then."""
    long = large(50_000)
    assert len(long) > 2 * RANGE
    urls = [site.url("long.pcap"), SAMPLE_URLS[0]]
    said = []
    for more in ([], ["--scheduler", two.address]):
        site.files["long.pcap"] = long
        site.asked.clear()
        site.on_range[3] = (
            (lambda: site.files.pop("long.pcap"))
            if event == "vanishes"
            else (lambda: site.files.update({"long.pcap": bytes(len(long))}))
        )
        said.append(run("check", "-f", "json", "--jobs", "1", *urls, *more))
        assert site.on_range == {}
    here, there = said
    assert there.stdout == here.stdout
    assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
    cut, whole = json.loads(there.stdout)["captures"]
    assert (cut["status"], whole["status"]) == ("cut", "complete")
    reason = {"vanishes": "read-error", "is replaced": "replaced"}[event]
    assert [problem["reason"] for problem in cut["problems"]] == [reason]


SECRETS = ("geheim-user", "geheim-word", "geheim-signature", "geheim-part")


def test_no_secret_of_a_url_is_in_any_output_file_or_log(
    two: Fleet, site: Site, tmp_path: Path
) -> None:
    data = (SAMPLES / "01-mismatch-pings-refused.pcapng").read_bytes()
    site.files |= {"a.pcapng": data, "cut.pcapng": data[:3000], "lookup.csv": b"nonsense"}
    tail = "?X-Amz-Signature=geheim-signature#geheim-part"
    good, cut, gone, table = (
        site.url(name + tail, "geheim-user:geheim-word@")
        for name in ("a.pcapng", "cut.pcapng", "gone.pcapng", "lookup.csv")
    )
    (tmp_path / "list").write_text(f"{good}\n{cut}\n{gone}\n")
    (tmp_path / "settings.toml").write_text(f'inventory = "{table}"\n')
    formats = ("json", "jsonl", "html", "sarif", "junit", "markdown", "github")
    outputs = [f"-o{name}={tmp_path}/out-{name}" for name in formats]
    said = b""
    for args in (
        ["check", "-vv", good, cut, gone, *outputs],
        ["check", "-vv", good, cut, gone, "--scheduler", two.address, *outputs],
        ["check", "--each", good, gone, "--scheduler", two.address],
        ["check", "--files-from", str(tmp_path / "list"), "--write-baseline", f"{tmp_path}/base"],
        ["check", good, "--write-baseline", f"{tmp_path}/base"],
        ["check", good, "--inventory", table],
        ["check", good, "--inventory", gone],
        ["--config", str(tmp_path / "settings.toml"), good],
        ["info", good, cut, gone],
        ["info", "-f", "json", good],
        ["filter", good, cut, gone],
        ["annotate", good, cut, gone, "-o", f"{tmp_path}/copies"],
        ["check", "--files-from", good],
        ["check", good, "-o", good],
        ["check", good, "--write-baseline", good],
        ["annotate", good, "-o", good],
        ["check", f"nothing://geheim-user:geheim-word@h/a{tail}"],
        ["explain", good],
        ["key", good],
        [good, "--select", good],
        [good, "--scheduler", good],
    ):
        done = run(*args, env={"NVGRE_DOCTOR_DEBUG": "1"})
        assert done.returncode in (0, 1, 2, 3), args
        said += done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    ours = [path for path in files if path.name not in ("list", "settings.toml")]
    assert len(ours) >= len(formats) + 2
    said += b"".join(path.name.encode() + path.read_bytes() for path in ours) + two.logs()
    assert site.url("a.pcapng").encode() in said
    assert b"- DEBUG - " in said  # the cluster logs all that it can
    for secret in SECRETS:
        at = said.find(secret.encode())
        assert at < 0, said[max(at - 300, 0) : at + 100]
