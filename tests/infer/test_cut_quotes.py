"""A 3/10 whose quote ends behind the IP header counts as a refusal where the two hosts are known to
exchange NVGRE.
"""

from dataclasses import replace
from pathlib import Path

from nvgre_doctor.doctor import diagnose
from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.hearsay import settle_errors
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.report.model import Refusal
from tests import build
from tests.worlds import A, B, Tape, evidence_of

VM1, VM2 = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
NOON = 1_356_998_400_000_000_000
GRE, ICMP = 47, 1


def nvgre(
    source: str, destination: str, gre_key: int, source_mac: str, destination_mac: str
) -> bytes:
    ping = build.ipv4("10.1.1.1", "10.1.1.2", ICMP, build.icmp(8, 0, b"ping"))
    return build.nvgre(
        source, destination, gre_key, build.inner_frame(source_mac, destination_mac, ping)
    )


def refused(quoted: bytes) -> bytes:
    return build.ipv4(B, A, ICMP, build.icmp(3, 10, quoted))


def diagnose_frames(
    folder: Path, packets: list[tuple[bytes, int | None]]
) -> tuple[int, tuple[Refusal, ...]]:
    """Other 3/10, and the refusals, of IP packets that are cut to so many bytes of Ethernet
    frame.
    """
    frames = []
    for number, (packet, cut) in enumerate(packets):
        frame = build.ethernet(packet)
        frames.append((NOON + number, frame[:cut], len(frame)))
    path = folder / "capture.pcap"
    path.write_bytes(build.pcap(frames))
    report = diagnose([path])
    return report.summary.other_icmp_3_10, report.refusals


def test_a_quote_cut_behind_the_ip_header_counts_where_the_flow_is_nvgre(tmp_path: Path) -> None:
    sent = nvgre(A, B, 0x00138900, VM1, VM2)
    # 14 Ethernet, 20 IP, 8 ICMP, 20 quoted IP: what is left of the frame has no byte of GRE.
    other, refusals = diagnose_frames(tmp_path, [(sent, None), (refused(sent[:28]), 62)])
    assert other == 0
    (refusal,) = refusals
    assert (refusal.source, refusal.destination, refusal.by, refusal.gre_key, refusal.count) == (
        A,
        B,
        B,
        None,
        1,
    )


def test_without_nvgre_of_that_flow_it_is_about_other_traffic(tmp_path: Path) -> None:
    sent = nvgre(A, B, 0x00138900, VM1, VM2)
    answered = nvgre(B, A, 0x00138900, VM2, VM1)
    assert diagnose_frames(tmp_path, [(answered, None), (refused(sent[:28]), 62)]) == (1, ())


def test_a_quote_of_other_gre_is_about_other_traffic_even_between_these_hosts(
    tmp_path: Path,
) -> None:
    sent = nvgre(A, B, 0x00138900, VM1, VM2)
    other_gre = build.ipv4(A, B, GRE, build.gre(b"", protocol=0x0800))
    assert diagnose_frames(tmp_path, [(sent, None), (refused(other_gre[:28]), None)]) == (1, ())


KEY = 0x1E848100


def test_everything_else_that_was_seen_stays_as_it_was() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY, flags=0x2008)
    tape.error(B, A, packet[:20])
    (before,) = evidence_of(tape).captures.values()
    (after,) = settle_errors(evidence_of(tape)).captures.values()
    assert replace(after, icmp={}) == replace(before, icmp={})
    assert list(after.icmp.values()) == list(before.icmp.values())


def test_a_refusal_that_shows_its_key_keeps_it_although_no_frame_of_its_flow_was_captured() -> None:
    tape = Tape()
    packet = Tape().send(A, B, KEY)
    tape.error(B, A, packet)
    tape.error(B, A, packet[:20])
    (refusal,) = infer(settle_errors(evidence_of(tape)), Inventory()).refusals
    assert (refusal.gre_key, refusal.count) == (KEY, 1)


def test_errors_about_other_traffic_are_one_kind_whatever_they_quote() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, KEY)[:20])
    tape.error(B, A, Tape().send(A, "192.168.50.9", KEY)[:20])
    (part,) = settle_errors(evidence_of(tape)).captures.values()
    addresses = (bytes([192, 168, 50, 2]), bytes([192, 168, 50, 1]))
    assert {sign: seen.count for sign, seen in part.icmp.items()} == {
        IcmpSign(*addresses, 4, 3, 10, False, False, 0): 2
    }
