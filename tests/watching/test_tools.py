"""A watch beside the programs that write captures: dumpcap's ring in a network namespace, tcpdump
into a pipe.
"""

import gzip
import os
import socket
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

import pytest

from tests.needs import need_all, posix
from tests.program import PROGRAM, environment
from tests.watching.test_processes import Running
from tests.watching.watched import HEADER, OLD, RFC
from tests.worlds import Tape, Vm

pytestmark = [pytest.mark.peer, posix]


def sent_frames(seconds: float) -> None:
    """Send frames on the loopback interface of this network: a mismatch again and again."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind(("lo", 0))
    tape = Tape()
    guests = [Vm(f"00:15:5d:0b:00:0{i}", f"10.2.0.{i}") for i in (1, 2)]
    for _ in range(500):
        tape.ping("10.0.0.1", "10.0.0.2", RFC, OLD, *guests)
    until = time.monotonic() + seconds
    for frame in cycle(tape.frames):
        link.send(frame[1])
        time.sleep(0.0005)
        if time.monotonic() > until:
            return


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    sent_frames(float(sys.argv[1]))


def in_namespace(line: str, cwd: Path) -> "subprocess.Popen[str]":
    """A line of shell in a network of its own, where only loopback is."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    return subprocess.Popen(
        ["unshare", "--net", "sh", "-c", line],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
        start_new_session=True,
    )


SENDER = f"{sys.executable} -m tests.watching.test_tools"


def watched(ring: Path, writer: str) -> Running:
    """A watch of a folder into which a program writes what is sent."""
    ring.mkdir()
    watch = " ".join([*PROGRAM, "watch", str(ring), "--for", "7s", "--interval", "200ms"])
    both = f"{SENDER} 60 & s=$!; {writer} & d=$!"
    line = f"ip link set lo up; {both}; {watch}; code=$?; kill $d $s; exit $code"
    return Running(in_namespace(line, Path(os.getcwd())))


def test_a_ring_of_dumpcap_is_read_from_file_to_file(tmp_path: Path) -> None:
    need_all("dumpcap", "unshare", "ip")
    ring = tmp_path / "ring"
    running = watched(ring, f"dumpcap -q -i lo -b filesize:30 -b files:4 -w {ring}/ring.pcapng")
    assert running.end() == 1
    read = [event["path"] for event in running.events if event["event"] == "reading"]
    assert len(read) >= 4
    assert read == sorted(read)
    found = [e["finding"]["code"] for e in running.events if e["event"] == "appeared"]
    assert "NVG301" in found
    assert not [e for e in running.events if e["event"] in ("problem", "lost")]


def test_a_ring_of_tcpdump_that_compresses_its_files_is_read_once(tmp_path: Path) -> None:
    need_all("tcpdump", "unshare", "ip", "gzip")
    ring = tmp_path / "ring"
    running = watched(ring, f"tcpdump -U -i lo -G 1 -z gzip -Z root -w {ring}/ring_%s.pcap")
    # tcpdump begins another file with the first packet of a second, so its first one may be empty.
    code = running.end()
    first, *_ = sorted(ring.glob("*.gz"))
    assert code == (3 if len(gzip.decompress(first.read_bytes())) == HEADER else 1)
    assert len(list(ring.glob("*.gz"))) >= 4
    read = [e["path"].removesuffix(".gz") for e in running.events if e["event"] == "reading"]
    assert len(read) >= 5
    assert read == sorted(set(read))
    found = [e["finding"]["code"] for e in running.events if e["event"] == "appeared"]
    assert "NVG301" in found
    assert not [e for e in running.events if e["event"] in ("problem", "lost")]


def test_tcpdump_into_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    need_all("tcpdump", "unshare", "ip")
    watch = " ".join([*PROGRAM, "watch", "-", "--interval", "200ms"])
    tcpdump = "tcpdump -U -i lo -w - -Z root"
    line = f"ip link set lo up; (sleep 1; {SENDER} 2) & timeout 5 {tcpdump} | {watch}"
    running = Running(in_namespace(line, Path(os.getcwd())))
    running.wait_for("appeared")
    begun = time.monotonic()
    assert running.end() == 1
    assert time.monotonic() - begun > 1  # it was said long before tcpdump had ended
    assert running.events[-1]["reason"] == "end of input"
    assert not [event for event in running.events if event["event"] == "problem"]
