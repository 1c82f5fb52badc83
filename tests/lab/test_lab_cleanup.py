"""Whatever ends a lab, nothing that it started lives on."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.lab.doctor import PROJECT
from tests.lab.lab import CURRENT, Lab, new_lab
from tests.lab.processes import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.peer]


LAB_THAT_WAITS = """
import time
from tests.lab.lab import CURRENT, new_lab
with new_lab(vlan=50) as lab:
    lab.vm(lab.host(CURRENT), 5001)
    print(*lab.processes.pids, flush=True)
    time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process lives; one that is dead and only not yet collected by its parent does
    not.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class SceneFailsError(Exception):
    """What a failing assertion is to a lab."""


def fail_inside(lab: Lab) -> None:
    """A scenario that fails when the lab is up."""
    lab.vm(lab.host(CURRENT), 5001)
    assert (
        len(lab.processes.pids) == 5
    )  # namespaces of wire, host and VM, and the host's two Open vSwitch daemons
    assert all(is_running(pid) for pid in lab.processes.pids)
    assert lab.processes.folder.is_dir()
    raise SceneFailsError


def test_lab_that_fails_leaves_nothing() -> None:
    with pytest.raises(SceneFailsError), new_lab() as lab:
        fail_inside(lab)
    assert not any(is_running(pid) for pid in lab.processes.pids)
    assert not lab.processes.folder.exists()


def test_lab_whose_run_is_killed_leaves_no_process() -> None:
    """Nobody cleans up then but the kernel.  Namespaces, links and firewall rules live only as long
    as the processes.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.Popen(
            [sys.executable, "-c", LAB_THAT_WAITS],
            cwd=PROJECT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert run.stdout is not None
        pids = [int(word) for word in run.stdout.readline().split()]
        assert len(pids) == 7  # with the two daemons of the tagged wire
        assert all(is_running(pid) for pid in pids)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        wait_until("all processes to be gone", lambda: not any(is_running(pid) for pid in pids))
