"""What holds for all tests: which processes may be started, what a skip means, and what is printed
in the end.
"""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests import figures, reached
from tests.needs import NO_SKIPS, FolderMissing

_MAY_START_PROCESSES = ("process", "peer")
_running: pytest.Item | None = None


def pytest_configure() -> None:
    """A shell that starts jobs in the background makes them deaf to Ctrl-C, and every program that
    tests start would be too.  No test fails for being slow.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("patient", parent=settings(), deadline=None)
    settings.load_profile("patient")
    sys.addaudithook(_no_process_without_a_marker)


# --- markers -----------------------------------------------------------------


def _no_process_without_a_marker(event: str, arguments: tuple[Any, ...]) -> None:
    # Python itself asks `uname` for the processor, where a library asks Python.
    if event == "subprocess.Popen" and arguments[0] != "uname" and _running is not None:
        marked = any(_running.get_closest_marker(name) for name in _MAY_START_PROCESSES)
        assert marked, f"a test that starts {arguments[0]} needs the marker process or peer"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Know which test runs, with its fixtures."""
    global _running  # noqa: PLW0603  an audit hook knows nothing else, and can never be removed
    _running = item
    try:
        return (yield)
    finally:
        _running = None


# --- skips -------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Where nothing may be skipped, a skip is a failure."""
    report = yield
    is_foreign = call.excinfo is not None and call.excinfo.errisinstance(FolderMissing)
    if is_foreign:
        figures.NOT_COMPARED[str(call.excinfo.value)] += 1
    elif report.skipped and not hasattr(report, "wasxfail"):
        _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[Any]:
    """The same for a whole file."""
    report = yield
    if report.skipped:
        _refuse(report)
    return report


def _refuse(report: Any) -> None:
    if os.environ.get(NO_SKIPS):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here ({NO_SKIPS} is set): {reason}"


# --- what is reached ---------------------------------------------------------


def pytest_collection_finish() -> None:
    """Count what is called from now on, by tests and not by their collection."""
    reached.start()


# --- figures -----------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A worker of pytest-xdist hands its figures over; all fast tests together must have reached
    every module.
    """
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = figures.handed_over()
    elif exitstatus == 0 and _are_all_tests(session.config) and reached.not_reached():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _are_all_tests(config: pytest.Config) -> bool:
    """Whether all tests run, or all fast ones, where calls can be counted."""
    options = config.option
    is_part = (
        options.keyword
        or options.ignore
        or options.deselect
        or options.collectonly
        or options.maxfail
        or getattr(options, "lf", False)
        or options.markexpr not in ("", *config.getini("addopts"))
    )
    return reached.CAN_COUNT and config.args == config.getini("testpaths") and not is_part


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker; one that crashed has none."""
    figures.take(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was compared, fuzzed and survived."""
    for heading, lines in figures.sections():
        terminalreporter.section(heading)
        for line in lines:
            terminalreporter.write_line(line)
    for line in figures.scenarios(terminalreporter.stats):
        terminalreporter.write_line(line)
    if _are_all_tests(config) and (missed := reached.not_reached()):
        terminalreporter.write_line(f"no test called a function of {', '.join(missed)}", red=True)
