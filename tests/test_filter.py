"""`nvgre-doctor filter`: its filters in the hands of tcpdump and tshark."""

import subprocess
from pathlib import Path

import pytest

from nvgre_doctor.filters.for_captures import capture_filter, with_vlan
from tests import build, program
from tests.needs import need
from tests.sharkd import matches
from tests.worlds import A6, B6, VM1, VM2, A, B

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_pcaps"
MISMATCH = SAMPLES / "01-mismatch-pings-refused.pcapng"
ROUTER = "192.168.50.254"
TIME = 1_361_355_247_000_000_000


def run(
    *args: str | Path, stdin: bytes | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = program.run("filter", *args, cwd=cwd, stdin=stdin)
    return program.text_of(done)


def filters_of(text: str) -> tuple[str, str, list[tuple[str, str]]]:
    """The capture filter, the one for tagged frames, and the display filters with their names."""
    lines = text.splitlines()
    begin = lines.index("Display filters, for Wireshark 4.0 or later and tshark -Y:") + 1
    end = lines.index("", begin) if "" in lines[begin:] else len(lines)
    rows = lines[begin:end]
    return (
        lines[1],
        lines[4],
        [(name, row.strip()) for name, row in zip(rows[::2], rows[1::2], strict=True)],
    )


def compiles(capture_filter_text: str) -> bool:
    command = [need("tcpdump"), "-d", "-y", "EN10MB", capture_filter_text]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def selected(
    frames: list[bytes], capture_filter_text: str, tmp_path: Path, linktype: int = 1
) -> list[int]:
    """Which frames tcpdump keeps, counted from 1: each frame is as many seconds old as its number
    says.
    """
    path = tmp_path / "frames.pcap"
    path.write_bytes(
        build.pcap(
            [(number * 10**9, frame) for number, frame in enumerate(frames, start=1)], linktype
        )
    )
    command = [need("tcpdump"), "-n", "-tt", "-r", str(path), capture_filter_text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [int(line.partition(".")[0]) for line in done.stdout.splitlines() if line[0].isdigit()]


def nvgre(source: str, destination: str, **outer: object) -> bytes:
    inner = build.inner_frame(VM1.mac, VM2.mac, build.ipv4(VM1.ip, VM2.ip, 1, build.echo()))
    return build.nvgre(source, destination, 0x00138900, inner, **outer)  # type: ignore[arg-type]


def icmp(source: str, destination: str, kind: int, code: int) -> bytes:
    return build.ipv4(
        source, destination, 1, build.icmp(kind, code, nvgre(destination, source)[:28])
    )


def icmp6(source: str, destination: str, kind: int) -> bytes:
    return build.ipv6(
        source,
        destination,
        58,
        build.icmp6(source, destination, kind, 0, nvgre(destination, source)[:48]),
    )


IPV4 = [
    nvgre(A, B),  # 1
    nvgre(B, A),
    nvgre(A, B, fragment=0x2000),  # first fragment
    build.ipv4(A, B, 47, b"the rest", fragment=0x0010),  # later fragment
    icmp(B, A, 3, 10),  # 5
    icmp(ROUTER, A, 3, 4),
    icmp(ROUTER, A, 11, 0),
    icmp(B, A, 5, 10),
    nvgre(A, "239.1.1.1"),
    nvgre("192.0.2.1", "192.0.2.2"),  # 10: other hosts
    icmp("192.0.2.2", "192.0.2.1", 3, 10),
    build.ipv4(A, B, 1, build.echo()),
    build.ipv4(A, B, 6, build.tcp(A, B, 50000, 443)),
    build.ipv4(A, B, 17, build.udp(A, B, 50000, 4789)),
]
IPV6 = [
    nvgre(A6, B6),  # 1
    build.ipv6(
        A6,
        B6,
        47,
        b"\x20\x00\x65\x58\x00\x13\x89\x00" + bytes(40),
        extensions=[(44, b"\0\1\0\0\0\1")],
    ),
    icmp6(B6, A6, 1),
    icmp6("fd00:50::ff", A6, 2),
    icmp6(B6, A6, 137),  # 5
    build.ipv6(A6, B6, 58, build.echo6(A6, B6)),
    build.ipv6(A6, B6, 58, build.icmp6(A6, B6, 135, 0)),
    nvgre("fd00:99::1", "fd00:99::2"),
]


@pytest.mark.peer
def test_the_capture_filter_takes_nvgre_of_the_hosts_and_errors_about_it(tmp_path: Path) -> None:
    frames = [build.ethernet(packet) for packet in IPV4]
    assert selected(frames, capture_filter([A, B]), tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert selected(frames, capture_filter([]), tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


@pytest.mark.peer
def test_the_capture_filter_takes_ipv6_too(tmp_path: Path) -> None:
    frames = [build.ethernet(packet) for packet in IPV6]
    assert selected(frames, capture_filter([A6, B6]), tmp_path) == [1, 2, 3, 4, 5]
    assert selected(frames, capture_filter([]), tmp_path) == [1, 2, 3, 4, 5, 8]
    mixed = [build.ethernet(packet) for packet in (*IPV6[:2], *IPV4[:2])]
    assert selected(mixed, capture_filter([A, A6]), tmp_path) == [1, 2, 3, 4]


@pytest.mark.peer
def test_without_the_vlan_part_no_tagged_frame_is_taken_and_with_it_all_are(tmp_path: Path) -> None:
    tagged = [build.ethernet(packet, tags=[(0x8100, 7)]) for packet in (*IPV4, *IPV6)]
    untagged = [build.ethernet(packet) for packet in (*IPV4, *IPV6)]
    plain = capture_filter([A, B, A6, B6])
    wanted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19]
    assert selected(tagged, plain, tmp_path) == []
    assert selected(tagged, with_vlan(plain), tmp_path) == wanted
    assert selected(untagged, with_vlan(plain), tmp_path) == wanted


@pytest.mark.peer
@pytest.mark.parametrize("linktype", [1, 101, 113, 276])
def test_the_plain_filter_works_on_every_kind_of_interface(linktype: int, tmp_path: Path) -> None:
    frames = [build.link(linktype, packet) for packet in IPV4]
    assert selected(frames, capture_filter([A, B]), tmp_path, linktype) == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
    ]


def test_the_filters_of_the_story_are_these() -> None:
    done = run(MISMATCH)
    assert (done.returncode, done.stderr) == (0, "")
    nvgre_and_errors = (
        "ip proto 47 or (icmp and (icmp[0] == 3 or icmp[0] == 5 or icmp[0] == 11 or icmp[0] == 12))"
    )
    plain = f"({nvgre_and_errors}) and (host 192.168.50.1 or host 192.168.50.2)"
    assert done.stdout.splitlines() == [
        "Capture filter, for tcpdump, dumpcap -f and Wireshark:",
        plain,
        "",
        "The same where frames may carry a VLAN tag (Ethernet only):",
        f"({plain}) or (vlan and ({plain}))",
        "",
        "Display filters, for Wireshark 4.0 or later and tshark -Y:",
        "all NVGRE",
        "  gre.proto == 0x6558 && gre.key",
        "NVG201 192.168.50.2",
        "  ip.src#1 == 192.168.50.2 && ip.proto#1 == 47 && gre.proto#1 == 0x6558 && gre.key#1"
        " && !(ip.src#2 == 192.168.50.2)",
        "NVG301 192.168.50.1 and 192.168.50.2",
        "  ip.addr#1 == 192.168.50.1 && ip.addr#1 == 192.168.50.2 && ip.proto#1 == 47"
        " && gre.proto#1 == 0x6558 && gre.key#1 && !(ip.src#2 == 192.168.50.1)"
        " && !(ip.src#2 == 192.168.50.2)",
        "NVG302 192.168.50.1 to 192.168.50.2",
        "  ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47"
        " && icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2",
        "NVG302 192.168.50.2 to 192.168.50.1",
        "  ip.src#1 == 192.168.50.1 && ip.dst#1 == 192.168.50.2 && ip.proto#1 == 47"
        " && icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.1",
        "",
        "Display filter for a Wireshark before 4.0, which knows no #1:",
        "all that names these hosts, also inside and in quotes",
        "  gre && ((ip.addr == 192.168.50.1) || (ip.addr == 192.168.50.2))",
    ]


@pytest.mark.peer
@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.iterdir()))
def test_every_filter_is_accepted_and_shows_what_it_should(sample: str) -> None:
    done = run(SAMPLES / sample)
    plain, tagged, display_filters = filters_of(done.stdout)
    assert compiles(plain)
    assert compiles(tagged)
    assert display_filters[0][0] == "all NVGRE"
    shown = set()
    for name, display_filter in display_filters:
        frames = matches(SAMPLES / sample, display_filter)
        assert frames, name
        shown |= set(frames)
    last = done.stdout.splitlines()[-1].strip()
    if len(display_filters) > 1:
        assert "#" not in last
        assert shown <= set(matches(SAMPLES / sample, last))


def test_only_hosts_in_question_are_named(tmp_path: Path) -> None:
    mismatch = [nvgre(A, B), build.nvgre(B, A, 0x00001389, b"\0" * 12)]
    healthy = [nvgre("192.0.2.1", "192.0.2.2"), nvgre("192.0.2.2", "192.0.2.1")]
    path = tmp_path / "lab.pcap"
    path.write_bytes(build.pcap([(TIME, build.ethernet(packet)) for packet in mismatch + healthy]))
    plain, _, _ = filters_of(run(path).stdout)
    assert plain.endswith(" and (host 192.168.50.2)")
    path.write_bytes(build.pcap([(TIME, build.ethernet(packet)) for packet in healthy]))
    plain, _, _ = filters_of(run(path).stdout)
    assert plain.endswith(" and (host 192.0.2.1 or host 192.0.2.2)")


@pytest.mark.parametrize(("hosts", "is_named"), [(16, True), (17, False)])
def test_many_hosts_are_not_named(hosts: int, is_named: bool, tmp_path: Path) -> None:
    path = tmp_path / "fabric.pcap"
    packets = [
        nvgre(f"192.0.2.{number}", f"192.0.2.{number % hosts + 1}")
        for number in range(1, hosts + 1)
    ]
    path.write_bytes(build.pcap([(TIME, build.ethernet(packet)) for packet in packets]))
    assert ("host 192.0.2.1 or" in run(path).stdout) == is_named


def test_without_nvgre_the_filter_is_the_one_to_look_for_it_with(tmp_path: Path) -> None:
    path = tmp_path / "web.pcap"
    path.write_bytes(build.pcap([(TIME, build.ethernet(IPV4[12]))]))
    done = run(path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == (
        "ip proto 47 or (icmp and (icmp[0] == 3 or icmp[0] == 5 or icmp[0] == 11 or icmp[0] == 12))"
        " or ip6 proto 47 or (icmp6 and (ip6[40] < 5 or ip6[40] == 137))"
    )


def test_captures_can_be_given_together_and_through_standard_input() -> None:
    both = run(MISMATCH, SAMPLES / "02-all-updated.pcapng")
    assert both.returncode == 0
    assert run("-", stdin=MISMATCH.read_bytes()).stdout == run(MISMATCH).stdout


def test_what_cannot_be_read_is_exit_3_and_told(tmp_path: Path) -> None:
    (tmp_path / "evil\x1b.pcap").write_text("no capture\n")
    done = run("evil\x1b.pcap", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(r"nvgre-doctor: evil\x1b.pcap: this is text, not a capture")
    assert run("missing.pcap", MISMATCH, cwd=tmp_path).returncode == 3


def test_usage_errors_are_exit_2(tmp_path: Path) -> None:
    for args in ((), ("--no-such-option", MISMATCH), ("--config", "missing.toml", MISMATCH)):
        done = run(*args, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
