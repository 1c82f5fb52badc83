"""A new finding is one rule in one file: all else follows from what is registered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Severity
from tests.every_command import run_every_command, run_here
from tests.program import ALL_OLD, text_of
from tests.program import run as run_program

HOST = bytes([192, 168, 50, 1])


def find_dummy(situation: Situation) -> Iterator[Finding]:
    """What it means
    A dummy was found.
    """
    yield finding(
        "NVG999",
        Severity.ERROR,
        "there is a dummy.",
        about_host(HOST),
        (),
        display_filter="frame",
        advice=Advice("Take it away."),
    )


def shows_dummy(situation: Situation) -> Show:
    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is not None:
            yield Claim((name_of(HOST),), "a dummy frame")

    return show


@pytest.fixture(autouse=True)
def dummy() -> Iterator[None]:
    rule = Rule(
        "NVG999",
        Severity.ERROR,
        "a dummy",
        find_dummy,
        shows_dummy,
        claim="{} is no dummy",
    )
    RULES.append(rule)
    yield
    RULES.remove(rule)


def test_every_format_and_every_command_tells_it(tmp_path: Path) -> None:
    done = run_every_command(Path(ALL_OLD), tmp_path)
    for name, check in {**done.checks, **done.converts}.items():
        assert "NVG999" in check.stdout, name
        assert check.code == 1
    assert "NVG999 4" not in done.annotate.stdout
    assert "NVG999" in done.annotate.stdout
    assert "NVG999 192.168.50.1" in done.filter.stdout


def test_it_is_explained_listed_completed_and_selected() -> None:
    assert "A dummy was found." in run_here("explain", "NVG999").stdout
    assert "NVG999  error     a dummy" in run_here("rules").stdout
    selected = run_here("check", ALL_OLD, "--select", "NVG9", "-f", "json")
    assert [f["code"] for f in json.loads(selected.stdout)["findings"]] == ["NVG999"]
    variables = {
        "_NVGRE_DOCTOR_COMPLETE": "powershell_complete",
        "COMP_WORDS": "nvgre-doctor\nexplain\nNVG9",
    }
    assert "NVG999" in text_of(run_program(env=variables)).stdout


def test_its_claim_is_that_of_the_test_case_and_its_rule_is_in_sarif() -> None:
    assert "192.168.50.1 is no dummy" in run_here("check", ALL_OLD, "-f", "junit").stdout
    (run,) = json.loads(run_here("check", ALL_OLD, "-f", "sarif").stdout)["runs"]
    result = next(r for r in run["results"] if r["ruleId"] == "NVG999")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "NVG999"
