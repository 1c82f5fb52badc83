"""People for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.wireshark.person import Person, new_person


@pytest.fixture
def newcomer() -> Iterator[Person]:
    """Somebody who has installed nothing yet."""
    with new_person() as person:
        yield person


@pytest.fixture(scope="session")
def person() -> Iterator[Person]:
    """Somebody who ran `nvgre-doctor wireshark install`, without further options.  Must stay
    unchanged.
    """
    with new_person() as somebody:
        done = somebody.nvgre_doctor("install")
        assert (done.returncode, done.stderr) == (0, "")
        yield somebody
