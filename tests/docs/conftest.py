"""The person who reads the documentation."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reader import Reader
from tests.program import MISMATCH, ROOT
from tests.samples import mismatch_traced
from tests.wireshark.person import new_person

LOOKUP_RECORDS = (
    '"ProviderAddress","VirtualSubnetID","Rule"\r\n'
    '"192.168.50.1","5001","TranslationMethodEncap"\r\n'
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    if sys.platform == "win32":
        pytest.skip("bash on a terminal of Unix reads the pages")
    program = tmp_path / "nvgre-doctor"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nvgre_doctor "$@"\n')
    program.chmod(0o755)
    with new_person() as person:
        shutil.copytree(ROOT / "sample_pcaps", person.home / "sample_pcaps")
        (person.home / "captures").mkdir()
        for copy in ("lab.pcapng", "captures/lab.pcapng"):
            shutil.copy(MISMATCH, person.home / copy)
            (person.home / copy).chmod(0o644)
        (person.home / "lab.etl").write_bytes(mismatch_traced())
        (person.home / "lookup.csv").write_text(LOOKUP_RECORDS)
        (person.home / "nvgre-doctor.toml").touch()  # so that none is looked for above the folder
        yield Reader(person, tmp_path)
