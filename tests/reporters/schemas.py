"""The schemas of other people's formats; they are read from a folder that NVGRE_DOCTOR_SCHEMAS
names.
"""

import os
from pathlib import Path

import pytest


def schema_path(name: str) -> Path:
    """The path of one schema.  Skips without the folder, except in CI, where a missing folder is a
    failure.
    """
    folder = os.environ.get("NVGRE_DOCTOR_SCHEMAS")
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("CI must set NVGRE_DOCTOR_SCHEMAS to the folder that holds " + name)
        pytest.skip("NVGRE_DOCTOR_SCHEMAS is not set")
    return Path(folder) / name
