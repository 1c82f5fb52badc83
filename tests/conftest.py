"""What holds for all tests: Ctrl-C means what it usually means, and no test fails for being
slow.
"""

import signal

from hypothesis import settings


def pytest_configure() -> None:
    """A shell that starts jobs in the background makes them deaf to Ctrl-C, and every program that
    tests start would be too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("patient", parent=settings(), deadline=None)
    settings.load_profile("patient")
