"""The Python API as it is imported: what loads what, and when."""

import subprocess
import sys

import pytest

from tests.program import environment


def python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.process
def test_diagnose_is_the_function_whatever_was_imported_before() -> None:
    program = (
        "import nvgre_doctor.cli, nvgre_doctor.doctor, nvgre_doctor; from nvgre_doctor import"
        " diagnose; "
    )
    assert (
        python(program + "print(diagnose is nvgre_doctor.doctor.diagnose is nvgre_doctor.diagnose)")
        == "True\n"
    )


@pytest.mark.process
def test_the_package_loads_nothing_of_ours_by_itself() -> None:
    program = (
        "import sys, nvgre_doctor; print([name for name in sys.modules if"
        " name.startswith('nvgre_doctor')])"
    )
    assert python(program) == "['nvgre_doctor']\n"


@pytest.mark.process
def test_a_name_that_the_package_has_not_is_an_attribute_error() -> None:
    program = "import nvgre_doctor; print(hasattr(nvgre_doctor, 'diagnosis'))"
    assert python(program) == "False\n"
