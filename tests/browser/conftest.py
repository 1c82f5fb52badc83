"""Browsers stay open for the tests of one file."""

from collections.abc import Iterator

import pytest

from tests.browser.browsers import end_all


@pytest.fixture(scope="module", autouse=True)
def _browsers_end() -> Iterator[None]:
    yield
    end_all()
