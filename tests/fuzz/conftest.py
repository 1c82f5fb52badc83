"""How much was fuzzed, at the end of a test run."""

import pytest

EXECUTIONS: dict[str, int] = {}
"""By target."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if EXECUTIONS:
        terminalreporter.section("fuzzed")
        each = ", ".join(f"{name} {count:,}" for name, count in EXECUTIONS.items())
        terminalreporter.write_line(f"{sum(EXECUTIONS.values()):,} executions: {each}")
