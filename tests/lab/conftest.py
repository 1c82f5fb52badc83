"""Says whether the lab can run here, and at the end of the run how many of its scenarios were
right.
"""

import os
import shutil
import subprocess

import pytest

PROGRAMS = (
    "dumpcap ip nft nsenter ovs-appctl ovs-ofctl ovs-vsctl ovs-vswitchd ovsdb-server ovsdb-tool"
    " ping setpriv tcpdump tshark unshare"
)


@pytest.fixture(scope="session", autouse=True)
def _lab_is_possible() -> None:
    """Skip only where no network namespace can be made; what can be installed must be there."""
    if os.geteuid() != 0:
        pytest.skip("THE LAB WAS NOT RUN: network namespaces cannot be made without root")
    attempt = subprocess.run(
        ["unshare", "--net", "true"], capture_output=True, text=True, check=False
    )
    if attempt.returncode != 0:
        pytest.skip(
            f"THE LAB WAS NOT RUN: network namespaces cannot be made here: {attempt.stderr.strip()}"
        )
    missing = [program for program in PROGRAMS.split() if shutil.which(program) is None]
    if missing:
        pytest.fail(
            f"missing {', '.join(missing)}: tests/lab/needs.sh installs them", pytrace=False
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of scenarios, right and in all."""
    outcomes = {
        outcome: sum(
            "lab" in getattr(report, "keywords", {})
            for report in terminalreporter.stats.get(outcome, [])
        )
        for outcome in ("passed", "failed", "error", "skipped")
    }
    if outcomes["skipped"]:
        terminalreporter.write_line(
            f"lab: {outcomes['skipped']} SCENARIOS WERE NOT RUN", yellow=True
        )
    elif total := sum(outcomes.values()):
        terminalreporter.write_line(f"lab: {outcomes['passed']} of {total} scenarios right")
