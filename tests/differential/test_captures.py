"""Every foreign capture is read and decoded as tshark does it, frame by frame; differences only as
the two tables have them.
"""

import pytest

from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre
from tests import figures
from tests.differential import compare, reading
from tests.differential.captures import Seen, see_cases, see_corpus
from tests.differential.tshark import shows_nvgre

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def seen_corpus(corpus, tmp_path_factory) -> list[Seen]:
    return list(see_corpus(corpus, tmp_path_factory.mktemp("corpus")))


@pytest.fixture(scope="module")
def seen_cases(cases, tmp_path_factory) -> list[Seen]:
    return list(see_cases(cases, tmp_path_factory.mktemp("cases")))


def assert_same_frames(captures: list[Seen], what: str) -> None:
    """Frame numbers, times to the nanosecond, both lengths, and all bytes."""
    wrong = []
    for seen in captures:
        name = reading.explain_file(seen)
        if name:
            figures.DIFFERENCES[f"capture: {name}"] += 1
        if name != "":
            wrong += (
                [] if name else [f"{seen.path}: {len(seen.frames)} frames, tshark {len(seen.rows)}"]
            )
            continue
        for number, frame in seen.frames.items():
            for difference in reading.explain_frame(seen, frame, seen.rows[number]):
                if difference is None:
                    wrong.append(
                        f"{seen.path} frame {number}: {reading.differing(frame, seen.rows[number])}"
                    )
                figures.DIFFERENCES[f"frame: {difference}"] += 1
    figures.COMPARED[f"captures of the {what} read as tshark reads them"] = len(captures)
    assert wrong == []


def assert_same_facts(captures: list[Seen], what: str, least: int) -> None:
    """Outer addresses, GRE flags, key, inner MACs, ICMP type and code, quoted key."""
    compared, wrong = 0, []
    for seen in captures:
        if reading.explain_file(seen) != "":
            continue
        for number, frame in seen.frames.items():
            facts = decode(frame.linktype, frame.data, frame.wire_length)
            case = compare.case(
                frame.linktype, frame.data, frame.wire_length, facts, seen.rows[number]
            )
            name = compare.explain(case)
            if name is None:
                wrong.append(f"{seen.path} frame {number}: {case.ours}, tshark {case.theirs}")
            elif name:
                figures.DIFFERENCES[f"facts: {name}"] += 1
            compared += 1
    figures.COMPARED[f"frames of the {what} decoded as tshark decodes them"] = compared
    assert wrong == []
    assert compared >= least


def test_the_corpus_is_read_as_tshark_reads_it(seen_corpus):
    assert_same_frames(seen_corpus, "corpus")


def test_the_corpus_is_decoded_as_tshark_decodes_it(seen_corpus):
    assert_same_facts(seen_corpus, "corpus", least=16_000)


def test_the_cases_are_read_as_tshark_reads_them(seen_cases):
    assert_same_frames(seen_cases, "cases")


def test_the_cases_are_decoded_as_tshark_decodes_them(seen_cases):
    assert_same_facts(seen_cases, "cases", least=15_000)


def test_nvgre_that_only_tshark_sees_is_behind_what_the_table_names(seen_corpus, seen_cases):
    """Anywhere in a frame: inside other tunnels, behind link layers, in link types that are not
    decoded here.
    """
    missed = []
    for seen in (*seen_corpus, *seen_cases):
        if reading.explain_file(seen) != "":
            continue
        for number, frame in seen.frames.items():
            if shows_nvgre(seen.rows[number]):
                facts = decode(frame.linktype, frame.data, frame.wire_length)
                if isinstance(facts, Nvgre | IcmpError):
                    continue
                if name := compare.explain_unseen(facts, seen.rows[number]):
                    figures.DIFFERENCES[f"NVGRE not looked for: {name}"] += 1
                else:
                    missed.append(
                        f"{seen.path} frame {number}: {facts}, tshark {seen.rows[number].layers}"
                    )
    assert missed == []
