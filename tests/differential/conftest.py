"""Where the foreign captures are, and the numbers at the end."""

import os
from pathlib import Path

import pytest

from tests.differential import tally

BESIDE = Path(__file__).parents[3] / "shared"
"""Where the folders lie on machines that have them; the variables must then be set in CI, so that
nothing is left out silently.
"""


def _folder(variable: str, name: str) -> Path:
    given = os.environ.get(variable)
    if given:
        folder = Path(given)
        assert folder.is_dir(), f"{variable} names {folder}, which is no folder"
        return folder
    if os.environ.get("CI") == "true" and (BESIDE / name).is_dir():
        pytest.fail(f"{variable} is not set, although ../shared/{name} is there")
    message = f"NOT COMPARED: {variable} is not set, so the captures of that folder were left out"
    if message not in tally.NOT_RUN:
        tally.NOT_RUN.append(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def corpus() -> Path:
    return _folder("NVGRE_DOCTOR_CORPUS", "corpus")


@pytest.fixture(scope="session")
def cases() -> Path:
    return _folder("NVGRE_DOCTOR_CASES", "cases")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := tally.lines():
        terminalreporter.section("compared with tshark and dpkt")
        for line in lines:
            terminalreporter.write_line(line)
