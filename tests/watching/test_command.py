"""`nvgre-doctor watch` as it is called: what goes where, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.terminal.display import Display
from nvgre_doctor.watching.outlets import ReportFile, ReportFiles
from nvgre_doctor.watching.supply import SingleFile
from tests.every_command import run_here
from tests.needs import posix
from tests.program import MISMATCH, SAMPLES, UPDATED, run
from tests.watching.test_watch import healthy, mismatch, others, ring_name
from tests.watching.watched import HEADER, append, pcap, records, watching

QUICKLY = ("--for", "300ms", "--interval", "50ms")


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_pipe_gives_json_lines_and_the_exit_code_of_check() -> None:
    done = run("watch", "-", stdin=Path(MISMATCH).read_bytes())
    said = events(done.stdout.decode())
    assert [event["event"] for event in said] == [
        "started", "reading", "appeared", "appeared", "appeared", "appeared", "host", "host",
        "stopped",
    ]  # fmt: skip
    assert said[0]["sources"] == ["-"]
    assert said[-1]["reason"] == "end of input"
    assert said[-1]["summary"]["errors"] == 4
    assert [event["number"] for event in said] == list(range(1, 10))
    assert said[2]["finding"]["code"] == "NVG201"
    assert said[2]["finding"]["captures"] == {"0": "-"}
    assert said[6] == {
        "event": "host",
        "number": 7,
        "time": said[6]["time"],
        "frame_time_ns": said[6]["frame_time_ns"],
        "address": "192.168.50.1",
        "from": None,
        "to": "rfc7637",
    }
    assert done.returncode == 1


def test_a_capture_without_a_frame_is_never_good() -> None:
    done = run("watch", "-", stdin=pcap(others())[:HEADER])
    assert [event["event"] for event in events(done.stdout.decode())] == [
        "started", "reading", "stopped",
    ]  # fmt: skip
    assert done.returncode == 3


def test_what_is_good_ends_with_0() -> None:
    assert run("watch", "-", stdin=Path(UPDATED).read_bytes()).returncode == 0
    assert run("watch", UPDATED, *QUICKLY).returncode == 0


def test_fail_on_decides_as_in_check() -> None:
    assert run("watch", MISMATCH, *QUICKLY, "--fail-on", "never").returncode == 0


def samples() -> list[Any]:
    """Each waits; the fast tests try two."""
    first, second, *others = sorted(SAMPLES.iterdir())
    return [first, second, *(pytest.param(path, marks=pytest.mark.long) for path in others)]


@pytest.mark.parametrize("sample", samples(), ids=lambda path: path.name[:2])
def test_with_all_in_the_window_the_last_report_is_that_of_check(
    sample: Path, tmp_path: Path
) -> None:
    ring = tmp_path / "ring"
    ring.mkdir()
    name = f"a{sample.suffix}"
    (ring / name).write_bytes(sample.read_bytes())
    (ring / "b.pcap").write_bytes(pcap(others()))  # so that the first one has ended
    checked = run_here("check", str(ring), "-f", "json").stdout
    report = tmp_path / "report.json"
    run_here("watch", str(ring), "--window", "all", "-o", str(report), *QUICKLY)
    assert report.read_text("utf-8") == checked


def test_text_is_a_line_an_event_and_then_the_report_of_check(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    done = run_here("watch", str(path), "-f", "text", *QUICKLY)
    lines = done.stdout.splitlines()
    assert [line[21:].split()[0] for line in lines[:6]] == [
        "started", "reading", "appeared", "appeared", "host", "host",
    ]  # fmt: skip
    assert done.stdout.split("stopped   time\n")[1] == run_here("check", str(path)).stdout


def test_quiet_leaves_out_what_is_beside(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    lines = run_here("watch", str(path), "-f", "text", "-q", *QUICKLY).stdout.splitlines()
    assert [line[21:].split()[0] for line in lines[:-1]] == ["appeared", "appeared", "host", "host"]
    assert lines[-1].startswith("MISMATCH  192.168.50.2 still uses")


def test_until_finding_ends_with_the_first_one() -> None:
    done = run_here("watch", MISMATCH, "--until-finding", "--interval", "50ms")
    assert events(done.stdout)[-1]["reason"] == "finding"
    assert done.code == 1


def test_reports_are_written_in_every_format(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    files = [tmp_path / f"report.{name}" for name in ("html", "json", "md", "prom", "txt")]
    options = [word for file in files for word in ("-o", str(file))]
    run_here("watch", str(path), *options, *QUICKLY)
    page, plain, markdown, metrics, text = [file.read_text("utf-8") for file in files]
    assert "refresh" not in page.split("<body>")[0]  # of the last one
    assert json.loads(plain)["verdict"] == "mismatch"
    assert markdown.startswith("## nvgre-doctor: mismatch")
    assert text.startswith("MISMATCH")
    assert 'nvgre_doctor_verdict{verdict="mismatch"} 1' in metrics.splitlines()
    assert 'nvgre_doctor_findings{code="NVG301",severity="error"} 1' in metrics.splitlines()
    assert "nvgre_doctor_frames_total 8" in metrics.splitlines()


def test_metrics_are_in_the_format_of_prometheus(tmp_path: Path) -> None:
    path, file = tmp_path / "lab.pcap", tmp_path / "nvgre.prom"
    path.write_bytes(pcap(mismatch()))
    run_here("watch", str(path), "-o", str(file), *QUICKLY)
    families = []
    for line in file.read_text("utf-8").splitlines():
        word, name, rest = line.split(" ", 2) if line.startswith("#") else (*line.split(" "), "")
        if word == "#":
            families.append((name, rest.split()[0]))
        else:
            assert word.startswith(families[-1][1])
            float(name)
    assert [name for kind, name in families if kind == "HELP"] == [
        name for kind, name in families if kind == "TYPE"
    ]


def test_a_page_is_loaded_again_while_the_watch_goes_on(tmp_path: Path) -> None:
    path, page = tmp_path / "lab.pcap", tmp_path / "report.html"
    path.write_bytes(pcap(mismatch()))
    files = ReportFiles([ReportFile("html", str(page))], Display(), 1)
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        files.show(watched.report, watched.kept.standings[-1], is_last=False)
    assert '<head>\n<meta http-equiv="refresh" content="5">\n' in page.read_text("utf-8")


@posix
def test_a_disk_that_is_full_is_said_once_and_the_watch_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    done = run_here("watch", str(path), "-o", "json=/dev/full", *QUICKLY)
    assert done.stderr == "nvgre-doctor: /dev/full: No space left on device\n"
    assert events(done.stdout)[-1]["event"] == "stopped"
    assert done.code == 1


def test_a_baseline_takes_out_what_was_accepted(tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.json"
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    run_here("check", str(path), "--write-baseline", str(accepted))
    done = run_here("watch", str(path), "--baseline", str(accepted), *QUICKLY)
    assert "appeared" not in [event["event"] for event in events(done.stdout)]
    assert done.code == 0


def test_a_state_keeps_what_was_told(tmp_path: Path) -> None:
    path, state = tmp_path / "lab.pcap", tmp_path / "state.json"
    path.write_bytes(pcap(mismatch()))
    options = ("watch", str(path), "--state", str(state), *QUICKLY)
    first, second = events(run_here(*options).stdout), events(run_here(*options).stdout)
    assert [event["event"] for event in second] == ["started", "reading", "stopped"]
    assert second[0]["number"] == first[-1]["number"] + 1
    append(path, records(healthy(at_s=1)))
    third = events(run_here(*options).stdout)
    assert ("appeared", "NVG202") in [
        (event["event"], event.get("finding", {}).get("code")) for event in third
    ]


def test_files_of_a_ring_whose_numbers_are_said(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(others()))
    (tmp_path / ring_name(4)).write_bytes(pcap(others(at_s=1)))
    lost = [
        event
        for event in events(run_here("watch", str(tmp_path), *QUICKLY).stdout)
        if event["event"] == "lost"
    ]
    assert [event["why"] for event in lost] == [
        "numbers 00002 to 00003 of the ring, before this file"
    ]


HOSTILE = "evil\x1b[31m\u202e##vso[task]\n::error::x.pcap"


@pytest.mark.long
def test_hostile_names_do_nothing_in_any_output(tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    ring.mkdir()
    (ring / HOSTILE).write_bytes(b"this is no capture at all")
    (ring / f"z{HOSTILE}").write_bytes(pcap(mismatch()) + b"\xff" * 64)
    metrics = tmp_path / "x.prom"
    for name in ("text", "jsonl"):
        done = run("watch", str(ring), "-f", name, "-o", str(metrics), *QUICKLY)
        for text in (done.stdout, done.stderr, metrics.read_bytes()):
            assert b"\x1b" not in text
            assert "\u202e".encode() not in text
            assert b"##vso[" not in text
            assert not any(line.startswith(b"::error") for line in text.splitlines())
    assert len(events(run("watch", str(ring), *QUICKLY).stdout.decode())) > 4


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "Missing argument 'SOURCE...'"),
        (["missing.pcap"], 3, "missing.pcap: cannot open: No such file or directory"),
        (["--files-from", "missing.txt"], 3, "missing.txt: cannot open"),
        (["lab.pcap", "--window", "soon"], 2, "'soon' is no time such as 10m, 90s, 24h or all."),
        (["lab.pcap", "--for", "all"], 2, "'all' is no time such as 10m, 90s, 24h."),
        (["lab.pcap", "--interval", "0"], 2, "'0' is no time"),
        (["-", "-"], 2, "Standard input can be read once"),
        (["lab.pcap", "-f", "live"], 2, "-f live needs a terminal"),
        (["lab.pcap", "-f", "json"], 2, "'json' is not one of"),
        (["lab.pcap", "-o", "-"], 2, "-o needs a file"),
        (["lab.pcap", "-o", "lab.pcap"], 2, "lab.pcap is an input"),
        (["lab.pcap", "--state", "lab.pcap"], 2, "lab.pcap is an input"),
        (["lab.pcap", "-o", "x.prom", "-o", "x.prom"], 2, "Two outputs would go to x.prom."),
        (["lab.pcap", "--state", "other.json"], 2, "this is no state of watch"),
        (["lab.pcap", "-q", "-v"], 2, "-q and -v exclude each other."),
    ],
)
def test_what_cannot_be_watched_is_refused(
    tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    (tmp_path / "lab.pcap").write_bytes(pcap(mismatch()))
    (tmp_path / "other.json").write_text("{}")
    done = run("watch", *args, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr.decode()
