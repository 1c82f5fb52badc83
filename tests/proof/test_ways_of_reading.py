"""Every way to read a world sees the same, and what is told of it is as the schema says."""

import json

import jsonschema
import pytest

from nvgre_doctor.report.to_json import read_schema
from nvgre_doctor.scan.counting import scan
from tests.exactly import scan_exactly
from tests.proof.asking import ask
from tests.proof.generator import make_world
from tests.worlds import batch

SEEDS = range(85_000, 85_025)
VALIDATOR = jsonschema.Draft202012Validator(json.loads(read_schema()))


@pytest.mark.parametrize("seed", SEEDS)
def test_plain_frames_are_counted_as_the_exact_way_decodes_them(seed: int) -> None:
    for frames in make_world(seed).captures():
        assert scan([batch(frames)]) == scan_exactly([batch(frames)])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_world_is_told_as_the_schema_says(seed: int) -> None:
    VALIDATOR.validate(json.loads(json.dumps(ask(*make_world(seed).captures()).report)))
