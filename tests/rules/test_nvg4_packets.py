"""NVG401 to NVG405: packets that break the rules, host by host."""

import pytest

from nvgre_doctor.infer.diagnosis import Stray
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Layout, Sender, Severity
from tests import build
from tests.situations import BOTH, CURRENT, OLD, UNKNOWN, host, situation, span, stream
from tests.situations import at as moment
from tests.worlds import (
    A6,
    B6,
    NOON,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    Tape,
    findings_of,
    judge_tapes,
    known_vsids,
    lookup,
    lookups,
)

MS = 1_000_000


def found(code: str, tape: Tape) -> list[Finding]:
    return findings_of(judge_tapes(tape), code)


def only(code: str, tape: Tape) -> Finding:
    (finding,) = found(code, tape)
    return finding


def at(*frames: int) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(0, frame, NOON + (frame - 1) * MS) for frame in frames)


# --- NVG401 ------------------------------------------------------------------


@pytest.mark.parametrize("gre_key", [0x00000000, 0x00000007, 0x00000FFF])
def test_a_key_that_is_valid_under_neither_layout_is_a_warning(gre_key: int) -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.send(A, B, gre_key, VM3, VM4)
    finding = only("NVG401", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert finding.message.startswith(
        f"192.168.50.1 sends keys that are valid under neither layout: key 0x{gre_key:08x} (TNI"
        f" {gre_key}"
    )
    assert finding.message.endswith("This is probably not NVGRE.")
    assert finding.frames == at(3)
    assert "192.168.50.1" in finding.next_step


@pytest.mark.parametrize("gre_key", [0x00001000, 0x00100000, 0xFFFFFEFF, 0x00FFFFFF, 0xFFFFFF00])
def test_a_key_that_is_valid_somewhere_or_control_is_none(gre_key: int) -> None:
    tape = Tape()
    tape.send(A, B, gre_key)
    assert found("NVG401", tape) == []


@pytest.mark.parametrize(
    ("layout", "gre_keys", "reserved"),
    [
        (CURRENT, (0x0004D211, 0x0004D25C), 0x0004D211),
        (CURRENT, (0x000FFFFF,), 0x000FFFFF),
        (CURRENT, (0x00100000,), None),
        (OLD, (0x0004D211,), None),
        (UNKNOWN, (0x0004D211,), None),
        (UNKNOWN, (0x00000FFF,), 0x00000FFF),
    ],
)
def test_a_reserved_vsid_of_a_host_that_speaks_rfc_7637_is_a_warning(
    layout: Layout, gre_keys: tuple[int, ...], reserved: int | None
) -> None:
    known = situation(host(A, layout), streams=(stream(A, B, *gre_keys),))
    findings = findings_of(known, "NVG401")
    assert len(findings) == (reserved is not None)
    for finding in findings:
        assert f"key 0x{reserved:08x} (" in finding.message
        assert finding.frame_count == 4


def test_a_stray_is_no_reserved_vsid() -> None:
    known = situation(
        host(A, CURRENT), streams=(stream(A, B, 0x00001389),), strays=(stray(A, 0x00001389, 1),)
    )
    assert findings_of(known, "NVG401") == []


# --- NVG402 ------------------------------------------------------------------


def test_gre_flags_other_than_the_key_bit_are_a_warning() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    tape.send(A, B, 0x1E848100, flags=0x2008)
    tape.send(A, B, 0x1E848100, flags=0x2100)
    finding = only("NVG402", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert (
        finding.message
        == "192.168.50.1 sends 2 packets whose GRE flags are 0x2008, 0x2100 instead of 0x2000."
    )
    assert finding.frames == at(2, 3)
    assert (
        finding.next_step
        == "Find out what the sender is; turn GRE checksums and sequence numbers off."
    )


def test_flags_as_rfc_7637_has_them_are_none() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG402", tape) == []


# --- NVG403 ------------------------------------------------------------------


@pytest.mark.parametrize("tpid", [0x8100, 0x88A8])
def test_a_tag_inside_is_a_warning(tpid: int) -> None:
    tape = Tape()
    tape.send(A6, B6, 0x1E848100)
    tape.send(A6, B6, 0x1E848100, inner_tags=[(tpid, 7)])
    finding = only("NVG403", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("fd00:50::1",))
    assert finding.message == "fd00:50::1 sends 1 frame with an 802.1Q tag inside NVGRE."
    assert finding.frames == at(2)
    assert finding.check == "Get-VMNetworkAdapterVlan"


def test_a_tag_outside_is_fine() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100, tags=[(0x8100, 50)])
    assert found("NVG403", tape) == []


def test_a_frame_that_is_cut_before_the_tag_tells_nothing() -> None:
    tape = Tape(snaplen=54)
    tape.send(A, B, 0x1E848100, inner_tags=[(0x8100, 7)])
    assert found("NVG403", tape) == []


@pytest.mark.parametrize("sender", list(Sender))
def test_the_tag_is_removed_where_its_sender_keeps_it(sender: Sender) -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100, inner_tags=[(0x8100, 7)])
    known = judge_tapes(tape)
    known.diagnosis.hosts[build.ip(A)] = host(A, CURRENT, sender=sender)
    (finding,) = findings_of(known, "NVG403")
    assert finding.check == (None if sender is Sender.OTHER else "Get-VMNetworkAdapterVlan")
    assert ("Hyper-V hosts)" in finding.next_step) is (sender is not Sender.OTHER)


# --- NVG404 ------------------------------------------------------------------


def unlisted(*vsids: int, layout: Layout = CURRENT, sent: tuple[Stream, ...]) -> list[Finding]:
    known = situation(host(A, layout, spans=[span(layout, 1, 99)]), streams=sent)
    return findings_of(known._replace(inventory=known_vsids(*vsids)), "NVG404")


def test_a_vsid_that_is_not_in_the_inventory_is_a_warning() -> None:
    sent = stream(A, B, 0x1E848105), stream(A, B, 0x0F424000, first=3, vms=(VM3, VM4))
    (finding,) = unlisted(2000001, sent=sent)
    assert finding.severity is Severity.WARNING
    assert finding.confidence == "proven"
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert finding.message.startswith(
        "192.168.50.1 uses ids that are not in the inventory: key 0x0f424000 ("
    )
    assert "VSID 1000000 with FlowID 0" in finding.message
    assert finding.frames == at(3)
    assert finding.frame_count == 4
    assert finding.display_filter.endswith(" && gre.key#1 in {0x0f424000 .. 0x0f4240ff}")


def test_the_id_of_a_host_with_the_old_layout_is_its_tni() -> None:
    sent = stream(A, B, 0x00001389), stream(A, B, 0x00001771, first=2)
    (finding,) = unlisted(5001, layout=OLD, sent=sent)
    assert finding.message.startswith(
        "192.168.50.1 uses ids that are not in the inventory: key 0x00001771 (TNI 6001, or"
        " VSID 23 [reserved]"
    )
    assert finding.frames == at(2)


def test_without_an_inventory_there_is_no_nvg404() -> None:
    assert unlisted(sent=(stream(A, B, 0x0F424000),)) == []


def test_what_only_a_quote_tells_of_draws_no_nvg404() -> None:
    assert unlisted(5001, sent=(stream(A, B, 0x0F424000, frames=0),)) == []


@pytest.mark.parametrize(("layout", "key"), [(CURRENT, 0x1E848105), (OLD, 0x001E8481)])
def test_vsids_that_are_in_the_inventory_draw_none(layout: Layout, key: int) -> None:
    assert unlisted(2000001, layout=layout, sent=(stream(A, B, key),)) == []


@pytest.mark.parametrize("layout", [UNKNOWN, BOTH])
def test_while_the_layout_is_not_known_either_reading_will_do(layout: Layout) -> None:
    sent = (stream(A, B, 0x001E8481),)
    assert unlisted(2000001, layout=layout, sent=sent) == []
    assert unlisted(7812, layout=layout, sent=sent) == []
    assert len(unlisted(4097, layout=layout, sent=sent)) == 1


def test_an_id_of_an_unknown_layout_is_told_without_confidence() -> None:
    (finding,) = unlisted(4097, layout=UNKNOWN, sent=(stream(A, B, 0x001E8481),))
    assert finding.confidence == "none"


def test_a_tni_in_the_inventory_does_not_excuse_a_host_that_is_current() -> None:
    (finding,) = unlisted(1280261, sent=(stream(A, B, 0x00138905, 0x00138977),))
    assert "VSID 5001 with FlowID 5" in finding.message


def test_the_vsids_of_lookup_records_count() -> None:
    known = situation(
        host(A, CURRENT),
        streams=(stream(A, B, 0x1E848105),),
        inventory=lookups(lookup(2000001, B, VM2)),
    )
    assert findings_of(known, "NVG404") == []


# --- NVG405 ------------------------------------------------------------------


def stray(address: str, gre_key: int, frame: int) -> Stray:
    return Stray(build.ip(address), build.ip(C), gre_key, moment(frame), OLD)


def test_stray_frames_are_named_host_by_host_in_order() -> None:
    known = situation(
        host(A, CURRENT),
        strays=(stray(A, 0x00001389, 9), stray(B, 0x00001771, 8), stray(A, 0x00001390, 7)),
    )
    findings = findings_of(known, "NVG405")
    assert [(f.subject.hosts, f.frames, f.frame_count) for f in findings] == [
        (("192.168.50.1",), at(7, 9), 2),
        (("192.168.50.2",), at(8), 1),
    ]
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert findings[0].display_filter.endswith("gre.key#1 in {0x00001389, 0x00001390}")
    assert findings[0].message.index("frame 7") < findings[0].message.index("frame 9")


def test_a_host_without_a_stray_draws_no_nvg405() -> None:
    assert findings_of(situation(host(A, CURRENT)), "NVG405") == []
