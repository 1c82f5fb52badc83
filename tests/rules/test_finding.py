"""Frames as findings name them."""

import pytest

from nvgre_doctor.infer.at import At
from nvgre_doctor.rules.finding import FrameRef, frame_ref


@pytest.mark.parametrize(
    ("ts_ns", "shown"), [(-1, None), (0, 0), (1_361_354_047_000_180_000, 1_361_354_047_000_180_000)]
)
def test_a_frame_has_a_time_from_1970_on_and_none_where_its_block_has_none(
    ts_ns: int, shown: int | None
) -> None:
    assert frame_ref(At(ts_ns, 2, 7)) == FrameRef(2, 7, shown)
