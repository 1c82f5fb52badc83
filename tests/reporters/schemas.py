"""The schemas of other people's formats; they are read from a folder that NVGRE_DOCTOR_SCHEMAS
names.
"""

from pathlib import Path

from tests.needs import folder


def schema_path(name: str) -> Path:
    """The path of one schema.  Skips without the folder."""
    return folder("NVGRE_DOCTOR_SCHEMAS") / name
