"""The samples are what they are said to be: rebuilt byte for byte, small, and read by Wireshark as
the story has it.
"""

import subprocess

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.reporters import render
from nvgre_doctor.terminal.display import Display
from tests.needs import need
from tests.program import ROOT
from tests.samples import FOLDER, SAMPLES, build_samples

CUT = "10-mismatch-file-cut-short.pcap"
WHOLE = sorted(set(SAMPLES) - {CUT})


def tshark(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        need("tshark"),
        "-n",
        "-r",
        str(FOLDER / name),
        "-o",
        "ip.check_checksum:TRUE",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def rows(name: str, *fields: str, display_filter: str = "") -> list[list[str]]:
    arguments = ["-T", "fields", *(word for field in fields for word in ("-e", field))]
    if display_filter:
        arguments += ["-Y", display_filter]
    return [line.split("\t") for line in tshark(name, *arguments).stdout.splitlines()]


def test_the_answer_about_sample_1_leaves_room_for_a_prompt_on_a_terminal_of_80_x_24(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    assert len(told("sample_pcaps/01-mismatch-pings-refused.pcapng")) == 23


def test_all_samples_are_told_in_at_most_240_lines_of_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    assert sum(len(told(f"sample_pcaps/{name}")) for name in SAMPLES) <= 240


def told(path: str) -> list[str]:
    """The lines of the answer on a terminal of 80 columns."""
    return render("text", diagnose(path), Display(width=80)).splitlines()


def test_the_folder_holds_the_samples_and_nothing_else() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(SAMPLES)
    assert 6 <= len(SAMPLES) <= 10


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_sample_is_rebuilt_byte_for_byte(name: str) -> None:
    assert (FOLDER / name).read_bytes() == build_samples()[name]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_sample_is_smaller_than_20_kb(name: str) -> None:
    assert 0 < (FOLDER / name).stat().st_size < 20_000


@pytest.mark.peer
@pytest.mark.parametrize("name", WHOLE)
def test_tshark_reads_each_whole_sample_without_an_error(name: str) -> None:
    bad = " || ".join(
        f"{protocol}.checksum.status == 0" for protocol in ("ip", "icmp", "icmpv6", "tcp")
    )
    result = tshark(name, "-o", "tcp.check_checksum:TRUE", "-Y", f"_ws.malformed || {bad}")
    assert result.returncode == 0
    assert "appears to" not in result.stderr
    assert result.stdout == ""


@pytest.mark.peer
def test_tshark_says_that_the_cut_sample_is_cut_after_22_frames() -> None:
    result = tshark(CUT, "-T", "fields", "-e", "frame.number")
    assert result.returncode == 2
    assert "cut short in the middle of a packet" in result.stderr
    assert result.stdout.split()[-1] == "22"


@pytest.mark.peer
def test_sample_1_has_exactly_the_frames_of_the_story() -> None:
    found = rows(
        "01-mismatch-pings-refused.pcapng",
        "frame.number",
        "ip.src",
        "ip.dst",
        "gre.key",
        "icmp.type",
    )
    updated_host, old_host = "192.168.50.1", "192.168.50.2"
    expected = [
        ["1", "", "", "", ""],
        ["2", "", "", "", ""],
        ["3", updated_host, old_host, "", "8"],
        ["4", old_host, updated_host, "", "0"],
    ]
    # Who pings whom, through which hosts, with which key; each ping is four requests and four
    # refusals.
    pings = [
        ("10.1.1.11", "10.1.1.12", updated_host, old_host, "0x00138900"),
        ("10.1.1.12", "10.1.1.11", old_host, updated_host, "0x00001389"),
        ("10.1.1.13", "10.1.1.14", updated_host, old_host, "0x00138900"),
        ("10.1.1.14", "10.1.1.13", old_host, updated_host, "0x00001389"),
    ]
    number = 5
    for vm, other_vm, host, other_host, key in pings:
        for _ in range(4):
            expected.append([str(number), f"{host},{vm}", f"{other_host},{other_vm}", key, "8"])
            # An UNREACHABLE: outer, inner, quoted outer and quoted inner addresses.
            sources = f"{other_host},{other_host},{host},{vm}"
            destinations = f"{host},{host},{other_host},{other_vm}"
            expected.append([str(number + 1), sources, destinations, f"{key},{key}", "3,8"])
            number += 2
    assert number == 37
    assert found == expected


@pytest.mark.peer
def test_sample_1_is_refused_with_code_10_inside_nvgre_between_the_hosts_macs() -> None:
    refusals = rows(
        "01-mismatch-pings-refused.pcapng",
        "eth.src",
        "icmp.code",
        display_filter="icmp.type == 3 && ip.proto#1 == 47",
    )
    old_host = ["3c:d9:2b:f0:50:02,3c:d9:2b:f0:50:02,00:15:5d:0a:00:01", "10,0"]
    assert len(refusals) == 16
    assert refusals[:4] == [old_host] * 4


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "keys_by_host"),
    [
        (
            "02-all-updated.pcapng",
            {
                "192.168.50.1": "0x0013892a 0x00138977 0x001389b3 0x0186a100",
                "192.168.50.2": "0x0013890e 0x00138958 0x001389c1",
                "192.168.50.3": "0x0186a100",
            },
        ),
        (
            "03-all-old.pcapng",
            {"192.168.50.1": "0x00001389 0x00001771", "192.168.50.2": "0x00001389 0x00001771"},
        ),
        (
            "04-value-cannot-tell-both-directions-do.pcapng",
            {
                "192.168.50.1": "0x1e848100",
                "192.168.50.2": "0x001e8481",
                "192.168.50.3": "0x001e8481",
            },
        ),
        (
            "05-value-cannot-tell-nothing-does.pcapng",
            {"192.168.50.1": "0x002a5a17", "192.168.50.2": "0x002a5a17"},
        ),
        (
            "08-plain-gre-open-vswitch.pcap",
            {"192.0.2.21": "0x00001389", "192.0.2.22": "0x00001389"},
        ),
    ],
)
def test_the_hosts_send_the_keys_that_the_table_says_and_no_icmp_error(
    name: str, keys_by_host: dict[str, str]
) -> None:
    found: dict[str, set[str]] = {}
    for source, key in rows(name, "ip.src", "gre.key", display_filter="gre"):
        found.setdefault(source.split(",")[0], set()).add(key)
    assert {host: " ".join(sorted(keys)) for host, keys in found.items()} == keys_by_host
    assert rows(name, "frame.number", display_filter="icmp.type == 3") == []


@pytest.mark.peer
def test_sample_2_is_tagged_outside_and_untagged_inside() -> None:
    assert {tuple(row) for row in rows("02-all-updated.pcapng", "vlan.id")} == {("50",)}


@pytest.mark.peer
def test_sample_6_changes_the_key_of_one_vm_after_the_restart() -> None:
    sent = rows(
        "06-host-updated-during-capture.pcapng",
        "frame.number",
        "gre.key",
        display_filter="ip.src == 192.168.50.2 && ip.src == 10.1.1.12 && icmp.type != 3",
    )
    assert sent == [
        ["7", "0x00001389"],
        ["9", "0x00001389"],
        *([str(number), "0x00138900"] for number in (18, 20, 22, 24, 25, 27, 29, 31)),
    ]


@pytest.mark.peer
def test_sample_7_has_3_10_of_four_kinds_twice_each() -> None:
    errors = rows(
        "07-refused-but-layouts-agree.pcapng",
        "frame.number",
        "ip.src",
        "gre.key",
        display_filter="icmp.code == 10",
    )
    moved = (  # by the host, inside NVGRE, quotes the guest's IP header
        "192.168.50.2,192.168.50.2,10.1.1.13"
    )
    firewall = "192.168.50.9,192.168.50.1,10.1.1.13"  # outside, quotes the whole NVGRE packet
    guest = "192.168.50.2,10.1.1.12,10.1.1.11"  # by the guest, inside its tunnel
    underlay = "192.168.50.9,192.168.50.2"  # about SSH
    assert errors == [
        ["12", moved, "0xffffff00"],
        ["14", moved, "0xffffff00"],
        ["18", firewall, "0x0186a100"],
        ["20", firewall, "0x0186a100"],
        ["22", guest, "0x0186a100"],
        ["24", guest, "0x0186a100"],
        ["26", underlay, ""],
        ["28", underlay, ""],
    ]


@pytest.mark.peer
def test_sample_8_shows_no_sign_of_hyper_v() -> None:
    assert {
        tuple(row)
        for row in rows("08-plain-gre-open-vswitch.pcap", "ip.ttl", display_filter="icmp || tcp")
    } == {("64,64",)}
    assert b"\x00\x15\x5d" not in (FOLDER / "08-plain-gre-open-vswitch.pcap").read_bytes()


@pytest.mark.peer
def test_sample_9_is_refused_with_icmpv6_1_1() -> None:
    refusals = rows(
        "09-mismatch-over-ipv6.pcapng",
        "frame.number",
        "gre.key",
        display_filter="icmpv6.type == 1 && icmpv6.code == 1",
    )
    assert refusals == [
        *([str(number), "0x00138900,0x00138900"] for number in (2, 4, 6, 8)),
        *([str(number), "0x00001389,0x00001389"] for number in (10, 12, 14, 16)),
    ]
