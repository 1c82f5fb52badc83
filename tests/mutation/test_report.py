"""The report of mutation testing speaks about the code as it is."""

from pathlib import Path

import pytest

from tests.mutation.constants import mutants
from tests.mutation.run import REPORT, ROOT, Change, read_explained

EXPLAINED = sorted(read_explained(REPORT.read_text("utf-8")))


def source_of(place: str) -> Path:
    path = ROOT / "nvgre_doctor" / place.split(maxsplit=1)[0].replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_survivors_are_read_from_the_report() -> None:
    report = (
        "Text.\n\n```diff\ninfer.x _f\n-    a  < b\n+    a <= b\n\ninfer.y C.g\n- 0,\n+"
        " 1,\n```\n\n```sh\n- no\n```\n"
    )
    assert read_explained(report) == {
        ("infer.x _f", "- a < b\n+ a <= b"),
        ("infer.y C.g", "- 0,\n+ 1,"),
    }


def test_every_number_and_text_at_the_top_of_a_module_becomes_another_one() -> None:
    source = 'A = 5, "text"\nB: Final = {"": "aa"}\n\n\ndef c():\n    return 7\n'
    assert list(mutants(source)) == [
        (0, 'A = 5, "text"', 'A = 6, "text"'),
        (0, 'A = 5, "text"', "A = 5, 'extt'"),
        (1, 'B: Final = {"": "aa"}', "B: Final = {'X': \"aa\"}"),
        (1, 'B: Final = {"": "aa"}', "B: Final = {\"\": 'aaX'}"),
    ]


@pytest.mark.parametrize("change", EXPLAINED, ids=[place for place, _ in EXPLAINED])
def test_the_line_that_an_explained_survivor_changes_is_still_there(change: Change) -> None:
    place, lines = change
    source = {" ".join(line.split()) for line in source_of(place).read_text("utf-8").splitlines()}
    before = [line.removeprefix("- ") for line in lines.splitlines() if line.startswith("- ")]
    assert before
    assert source >= set(before)
