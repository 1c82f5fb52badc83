"""A new link type is one row of `wire.links.LINKS`: everything else follows from it.

The row is PPP (RFC 1661, RFC 1662), which the program does not read: two bytes of protocol, or four
with address and control before them.
"""

import struct
from pathlib import Path

import pytest

from nvgre_doctor.scan import exact
from nvgre_doctor.wire.links import LINKS, Link, PlainHeader
from tests import build
from tests.every_command import FORMATS, run_every_command, run_here

PPP = 9
TIME = 1_700_000_000_000_000_000
MICROSECOND = 1_000
HOST_1, HOST_2 = "192.168.50.1", "192.168.50.2"
VM_1, VM_2 = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
CURRENT_5001, OLD_5001 = 0x00138900, 0x00001389
IPV4, IPV6, ADDRESS_AND_CONTROL = b"\x00\x21", b"\x00\x57", b"\xff\x03"
LCP = b"\xc0\x21\x01\x01\x00\x04"


def read_ppp(data: bytes) -> tuple[int | None, int]:
    start = 4 if data.startswith(ADDRESS_AND_CONTROL) else 2
    if len(data) < start:
        return None, 0
    (protocol,) = struct.unpack_from(">H", data, start - 2)
    return {0x0021: 0x0800, 0x0057: 0x86DD}.get(protocol, 0), start


WITH_FAST_PATH = Link("PPP", read_ppp, (PlainHeader(2, 0, 2), PlainHeader(4, 0, 4)))
WITHOUT_FAST_PATH = Link("PPP", read_ppp)


def tcp(key: int, hosts: tuple[str, str], vms: tuple[str, str], *, v6: bool = False) -> bytes:
    inner = build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445))
    if v6:
        hosts = ("fd00:50::" + hosts[0][-1], "fd00:50::" + hosts[1][-1])
    return build.nvgre(*hosts, key, build.inner_frame(*vms, inner))


def both_ways(*, v6: bool = False) -> tuple[bytes, bytes]:
    """VSID 5001, as an updated host and as an old one says it."""
    return (
        tcp(CURRENT_5001, (HOST_1, HOST_2), (VM_1, VM_2), v6=v6),
        tcp(OLD_5001, (HOST_2, HOST_1), (VM_2, VM_1), v6=v6),
    )


def ppp_frames() -> list[bytes]:
    """1000 frames of NVGRE, 200 of other IP, all plain."""
    there, back = both_ways()
    there6, back6 = both_ways(v6=True)
    other = build.ipv4(HOST_1, HOST_2, 6, build.tcp(HOST_1, HOST_2, 5000, 445))
    return 100 * [
        *(IPV4 + packet for packet in (there, back, there, back, other)),
        *(ADDRESS_AND_CONTROL + IPV4 + packet for packet in (there, back, there, other)),
        *(IPV6 + there6, ADDRESS_AND_CONTROL + IPV6 + there6, ADDRESS_AND_CONTROL + IPV6 + back6),
    ]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A pcap of link type 9: the plain frames, three that are not IP or cut, and a long plain one,
    because the last ones of a buffer are decoded if they are shorter than what is read at once.
    """
    odd = [LCP, ADDRESS_AND_CONTROL + LCP, b"\x00"]
    frames = [*ppp_frames(), *odd, IPV4 + both_ways()[0] + bytes(120)]
    path = tmp_path / "ppp.pcap"
    records = [
        struct.pack("<IIII", TIME // 10**9, n * MICROSECOND % 10**6, len(frame), len(frame)) + frame
        for n, frame in enumerate(frames)
    ]
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, PPP)
    path.write_bytes(head + b"".join(records))
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The frames that the scan decodes."""
    frames: list[bytes] = []
    decode = exact.decode

    def counted(linktype: int, data: bytes, wire_length: int) -> object:
        frames.append(data)
        return decode(linktype, data, wire_length)

    monkeypatch.setattr(exact, "decode", counted)
    return frames


def test_every_command_reads_a_link_type_that_has_a_row(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LINKS, PPP, WITH_FAST_PATH)
    said = run_every_command(capture, tmp_path)
    assert [(done.code, done.stderr) for done in said.checks.values()] == [(1, "")] * len(FORMATS)
    assert all("NVG301" in done.stdout for done in said.checks.values())
    (read,) = said.report["captures"]
    assert (read["frames"], read["nvgre_frames"]) == (1204, 1001)
    assert said.converts == said.checks
    assert "  Interface    PPP (9), times in microseconds, snap length 65535\n" in said.info.stdout
    assert "  Can be diagnosed: yes\n" in said.info.stdout
    (part,) = said.info_json["captures"]
    assert part["interfaces"][0]["linktype_name"] == "PPP (9)"
    assert said.annotate.code == 1
    assert b"nvgre-doctor NVG301: " in said.annotated.read_bytes()
    assert f"host {HOST_1}" in said.filter.stdout


def test_the_fast_path_takes_the_plain_frames_of_a_new_link_type(
    capture: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LINKS, PPP, WITH_FAST_PATH)
    run_here("check", str(capture))
    assert decoded == [LCP, b"\x00"]  # what is not IP is decoded once for all


def test_a_link_type_without_plain_headers_says_the_same(
    capture: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LINKS, PPP, WITH_FAST_PATH)
    fast = run_here("check", str(capture), "-f", "json")
    decoded.clear()
    monkeypatch.setitem(LINKS, PPP, WITHOUT_FAST_PATH)
    assert run_here("check", str(capture), "-f", "json") == fast
    assert len(decoded) > 3


@pytest.mark.parametrize("is_named", [True, False])
def test_a_link_type_that_cannot_be_read_says_so(
    capture: Path, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_named:
        monkeypatch.delitem(LINKS, PPP)
    done = run_here("info", str(capture))
    assert done.code == 3
    assert ("PPP (9)" if is_named else "link type 9") in done.stdout
    assert "1204 frames have a link type that cannot be decoded (9)." in done.stdout
    assert run_here("check", str(capture)).code == 3
