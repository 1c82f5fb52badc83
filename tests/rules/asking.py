"""What the rules find, by code."""

from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from tests.worlds import findings_of


def found(code: str, known: Situation) -> list[Finding]:
    return findings_of(known, code)


def only(code: str, known: Situation) -> Finding:
    (finding,) = found(code, known)
    return finding
