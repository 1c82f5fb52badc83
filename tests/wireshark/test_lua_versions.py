"""nvgre.lua under every Lua that Wireshark 3.6 to 4.6 is built with: 5.1 and 5.2 up to 4.2, 5.3 and
5.4 since 4.4.

The tshark at hand has one of them; for the others the plugin runs against `wireshark_api.lua`,
which stands for the few functions of Wireshark that it calls.
"""

import subprocess
from pathlib import Path

import pytest

from tests.needs import need
from tests.wireshark.person import REPOSITORY

pytestmark = pytest.mark.peer

PLUGIN = REPOSITORY / "nvgre_doctor" / "wireshark" / "nvgre.lua"
HARNESS = Path(__file__).with_name("wireshark_api.lua")
LUA_VERSIONS = ["5.1", "5.2", "5.3", "5.4"]


def lua(version: str, *arguments: str | Path) -> list[str]:
    command = [need(f"lua{version}"), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("version", LUA_VERSIONS)
def test_the_plugin_compiles(version: str) -> None:
    done = subprocess.run(
        [need(f"luac{version}"), "-p", PLUGIN], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("version", LUA_VERSIONS)
@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (
            "00001389",
            [
                "nvgre.source 192.168.50.2",
                "nvgre.destination 192.168.50.1",
                "NVGRE, GRE Key 0x00001389",
                "nvgre.key 5001",
                "nvgre.reserved 0",
                "nvgre.tni 5001",
                "nvgre.vsid 19",
                "nvgre.flowid 137",
                "nvgre.reading draft-00 only",
                "nvgre.about 5001",
                "nvgre.about.id TNI 5001",
                ", TNI 5001 (draft-00 only)",
                (
                    "nvgre.old_only GRE Key 0x00001389: only the old NVGRE layout (draft-00)"
                    " explains it, as TNI 5001; or a plain tunnel number of Open vSwitch or Linux"
                ),
            ],
        ),
        (
            "fffffeff",
            [
                "nvgre.source 192.168.50.2",
                "nvgre.destination 192.168.50.1",
                "NVGRE, GRE Key 0xfffffeff",
                "nvgre.key 4294967039",
                "nvgre.reserved 255",
                "nvgre.tni 16776959",
                "nvgre.vsid 16777214",
                "nvgre.flowid 255",
                "nvgre.reading RFC 7637 only",
                "nvgre.about 4294967039",
                "nvgre.about.id VSID 16777214",
                ", VSID 16777214 (RFC 7637 only)",
            ],
        ),
    ],
)
def test_a_key_reads_the_same_under_every_lua(version: str, key: str, shown: list[str]) -> None:
    assert lua(version, HARNESS, PLUGIN, key) == shown


@pytest.mark.parametrize("version", LUA_VERSIONS)
def test_a_bare_gre_quote_reads_the_same_under_every_lua(version: str) -> None:
    assert lua(version, HARNESS, PLUGIN, "00001389", "030a00000000000020006558" + "00138900") == [
        "nvgre.source 192.168.50.2",
        "nvgre.destination 192.168.50.1",
        "NVGRE, GRE Key 0x00001389",
        "nvgre.key 5001",
        "nvgre.reserved 0",
        "nvgre.tni 5001",
        "nvgre.vsid 19",
        "nvgre.flowid 137",
        "nvgre.reading control",
        ", control traffic",
        "nvgre.quoted 1280256",
        "nvgre.quoted.reserved 0",
        "nvgre.quoted.tni 1280256",
        "nvgre.quoted.vsid 5001",
        "nvgre.quoted.flowid 0",
        "nvgre.quoted.reading either",
        "nvgre.about 1280256",
        "nvgre.about.id 5001 or 1280256",
        ", VSID 5001 (RFC 7637) or TNI 1280256 (draft-00)",
        "nvgre.refused An NVGRE frame with GRE Key 0x00138900 was refused (ICMP type 3 code 10)",
    ]
