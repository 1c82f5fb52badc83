"""Says whether the lab can run here."""

import os
import subprocess

import pytest

from tests.needs import need_all

PROGRAMS = (
    "dumpcap ip nft nsenter ovs-appctl ovs-ofctl ovs-vsctl ovs-vswitchd ovsdb-server ovsdb-tool"
    " ping setpriv tcpdump tshark unshare"
)


@pytest.fixture(scope="session", autouse=True)
def _lab_is_possible() -> None:
    """Skip where no network namespace can be made, and where a program is missing."""
    need_all(*PROGRAMS.split())
    if os.geteuid() != 0:
        pytest.skip("THE LAB WAS NOT RUN: network namespaces cannot be made without root")
    attempt = subprocess.run(
        ["unshare", "--net", "true"], capture_output=True, text=True, check=False
    )
    if attempt.returncode != 0:
        pytest.skip(
            f"THE LAB WAS NOT RUN: network namespaces cannot be made here: {attempt.stderr.strip()}"
        )
