"""Why a single ICMP error refuses a flow, where the diagnosis has no row for such errors."""

import pytest

from nvgre_doctor.infer.diagnosis import At, Change, Diagnosis, HostVerdict
from nvgre_doctor.vocabulary import Carried, Cause, Confidence, Layout
from nvgre_doctor.wire.facts import IcmpError, Quote, QuoteKind

UPDATED, OLD = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
LAST_BEFORE, FIRST_AFTER = At(100, 0, 10), At(200, 0, 20)
ERROR = IcmpError(
    OLD, UPDATED, 4, 3, 10, Carried.OUTER, True, Quote(QuoteKind.OUTER_IP, UPDATED, OLD)
)


def diagnosis() -> Diagnosis:
    change = Change(Layout.OLD, Layout.CURRENT, LAST_BEFORE, FIRST_AFTER)
    hosts = {
        UPDATED: HostVerdict(UPDATED, Layout.CURRENT, Confidence.PROVEN, change=change),
        OLD: HostVerdict(OLD, Layout.OLD, Confidence.PROVEN),
    }
    return Diagnosis([], hosts, [], [])


@pytest.mark.parametrize(
    ("at", "cause"),
    [
        (At(90, 0, 9), Cause.UNKNOWN),
        (At(150, 0, 15), Cause.UNKNOWN),
        (At(210, 0, 21), Cause.LAYOUT_MISMATCH),
    ],
)
def test_the_layouts_at_its_own_time_decide(at: At, cause: Cause) -> None:
    assert diagnosis().cause_of(UPDATED, OLD, ERROR, at) is cause


def test_a_host_that_nobody_heard_explains_nothing() -> None:
    stranger = bytes([10, 0, 0, 9])
    assert diagnosis().cause_of(stranger, OLD, ERROR, At(210, 0, 21)) is Cause.UNKNOWN
