"""Where the cases of other people are."""

from pathlib import Path

import pytest

from tests.needs import folder


@pytest.fixture(scope="session")
def cases() -> Path:
    return folder("NVGRE_DOCTOR_CASES")
