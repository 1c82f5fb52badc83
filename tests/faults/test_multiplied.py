"""The memory that captures need which multiply one thing after another: addresses, ids, flags,
quotes.
"""

import json
from pathlib import Path

import pytest

from tests.benchmarks.many_hosts import frames
from tests.build import pcap
from tests.faults.program import run_for_memory

pytestmark = [pytest.mark.process, pytest.mark.long]

MOST_KIB = 150 * 1024
BOTH, ONE = ("", "1"), ("",)
"""The loop in C and that in Python, or the first: both hand odd frames and errors to the same
code.
"""


@pytest.mark.parametrize(
    ("shape", "count", "told", "loops"),
    [
        ("addresses", 40_000, "between other hosts than 20,000", BOTH),
        ("ids", 80_000, "with other ids than 32,768", BOTH),
        ("flags", 80_000, "unusual frames of other kinds than 8,192", ONE),
        ("quotes", 80_000, "ICMP errors that say something else than 8,192 others", ONE),
        ("mtus", 80_000, "ICMP errors that say something else than 8,192 others", ONE),
    ],
)
def test_what_a_capture_multiplies_takes_no_more_than_150_megabytes_and_is_told(
    tmp_path: Path,
    shape: str,
    count: int,
    told: str,
    loops: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.pcap").write_bytes(
        pcap((10**18 + n, f) for n, f in enumerate(frames(shape, count)))
    )
    for pure in loops:
        monkeypatch.setenv("NVGRE_DOCTOR_PURE", pure)
        done, peak = run_for_memory("-f", "json", "-o", "out.json", "a.pcap", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        report = json.loads((tmp_path / "out.json").read_bytes())
        assert report["summary"]["frames"] == count
        assert any(told in problem["message"] for problem in report["captures"][0]["problems"])
        assert peak < MOST_KIB, pure
