"""Where the foreign captures are."""

from pathlib import Path

import pytest

from tests.needs import folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    return folder("NVGRE_DOCTOR_CORPUS")


@pytest.fixture(scope="session")
def cases() -> Path:
    return folder("NVGRE_DOCTOR_CASES")
