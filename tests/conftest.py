"""What holds for all tests: Ctrl-C means what it usually means."""

import signal


def pytest_configure() -> None:
    """A shell that starts jobs in the background makes them deaf to Ctrl-C, and every program that tests start would be too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
