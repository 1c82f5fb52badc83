"""Captures with so many VM pairs that not all are kept: the same verdicts, and every frame counted
for its hosts.
"""

import pytest

from tests.worlds import A, B, C, Tape, Vm, diagnose_tapes, scan_frames


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real captures need thousands of VM pairs."""
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 30)
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.VM_STREAMS", 8)


def machine(host: int, number: int) -> Vm:
    return Vm(f"00:15:5d:0{host}:00:{number:02x}", f"10.1.{host}.{number}")


def fabric() -> Tape:
    """A is current, B and C are old; 40 VM pairs between A and B, 20 between A and C, keys that fit
    both layouts where they can.
    """
    tape = Tape()
    for number in range(40):
        tape.ping(A, B, 0x1E848100, 0x001E8481, machine(1, number), machine(2, number))
    for number in range(20):
        tape.ping(A, C, 0x1E848100, 0x001E8481, machine(1, number), machine(3, number))
    return tape


def test_not_all_vm_pairs_are_kept() -> None:
    diagnosis = diagnose_tapes(fabric())
    with_macs = [stream for stream in diagnosis.streams if stream.macs]
    assert scan_frames(fabric().frames).is_thinned
    assert 4 <= len(with_macs) <= 32
    assert [stream.destination for stream in diagnosis.streams if not stream.macs] == [
        b"",
        b"",
        b"",
    ]


def test_every_frame_counts_for_its_hosts_and_pairs() -> None:
    diagnosis = diagnose_tapes(fabric())
    counts = [(host.frames_sent, host.frames_received) for host in diagnosis.hosts.values()]
    assert counts == [(60, 60), (40, 40), (20, 20)]
    assert [(pair.frames_forward, pair.frames_backward) for pair in diagnosis.pairs] == [
        (40, 40),
        (20, 20),
    ]
    assert sum(stream.frames for stream in diagnosis.streams) == 120
