"""Random frames of every shape are decoded as tshark decodes them; differences only as the table in
`compare` has them.
"""

from collections import Counter
from dataclasses import fields, replace
from random import Random

import pytest

from nvgre_doctor.wire.decode import decode
from tests import build, figures
from tests.differential import compare
from tests.differential.compare import Case
from tests.differential.tshark import Shown, dissect
from tests.fuzz.frames import Captured, mutated, random_frame

pytestmark = pytest.mark.peer

COUNT = 3000
SEEDS = (1, 2, 3)


def frames_of(seed: int) -> list[Captured]:
    """Every fifth one is a mutant."""
    dice = Random(seed)
    frames = [random_frame(dice) for _ in range(COUNT)]
    return [mutated(dice, frame) if n % 5 == 0 else frame for n, frame in enumerate(frames)]


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> list[Case]:
    frames = [frame for seed in SEEDS for frame in frames_of(seed)]
    linktypes = sorted({frame.linktype for frame in frames})
    blocks = [build.shb(), *(build.idb(linktype) for linktype in linktypes)]
    for linktype, data, wire_length in frames:
        blocks.append(build.epb(linktypes.index(linktype), 0, data, wire_length=wire_length))
    path = tmp_path_factory.mktemp("generated") / "frames.pcapng"
    path.write_bytes(b"".join(blocks))
    rows = zip(frames, dissect(path)[0], strict=True)
    return [compare.case(*frame, decode(*frame), row) for frame, row in rows]


def test_random_frames_are_decoded_as_tshark_decodes_them(cases):
    names = Counter(compare.explain(case) for case in cases)
    figures.COMPARED["random frames decoded as tshark decodes them"] = len(cases)
    figures.DIFFERENCES.update({f"facts: {name}": count for name, count in names.items() if name})
    wrong = [case for case in cases if compare.explain(case) is None]
    assert [
        f"linktype {each.linktype} {each.data.hex()}: {each.ours}, tshark {each.theirs}"
        for each in wrong
    ] == []
    assert names[""] > 0.8 * len(cases)
    # Every entry of the table is needed; source routes are only in foreign captures.
    assert {name for name in names if name} == {each.name for each in compare.ACCEPTED} - {
        "source route"
    }


def test_a_difference_in_any_field_is_seen(cases):
    case = next(each for each in cases if each.ours.quoted_key and each.ours == each.theirs)
    for field in fields(Shown):
        assert getattr(case.ours, field.name) is not None
        different = replace(case, ours=replace(case.ours, **{field.name: "00:00"}))
        assert compare.explain(different) is None, field.name
