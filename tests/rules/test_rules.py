"""The table of rules, and the order and choice of findings."""

from collections.abc import Iterator

import pytest

from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.rules.registry import RULES, UnknownCodeError, find_all, select_codes
from nvgre_doctor.vocabulary import Severity
from nvgre_doctor.wording import listed
from tests.worlds import A, B, Tape, judge_tapes

CODES = {
    "NVG101": ("warning", "capture cut short or damaged"),
    "NVG102": ("warning", "frames too short to show the GRE key"),
    "NVG103": ("warning", "no NVGRE in the captures"),
    "NVG104": ("info", "packets captured more than once"),
    "NVG105": ("warning", "the capture says that it lost frames"),
    "NVG201": ("error", "host uses the old layout"),
    "NVG202": ("warning", "host changed layout during the capture"),
    "NVG203": ("error", "host sends both layouts at the same time"),
    "NVG204": ("warning", "layout of a host cannot be told"),
    "NVG205": ("error", "host does not speak the expected layout"),
    "NVG301": ("error", "two hosts use different layouts"),
    "NVG302": ("error", "flow refused, and the layouts differ"),
    "NVG303": ("error", "flow refused, and the layouts do not explain it"),
    "NVG304": ("warning", "flow refused with another ICMP error"),
    "NVG305": ("warning", "NVGRE does not fit the path"),
    "NVG306": ("info", "VM pair heard in one direction only"),
    "NVG307": ("info", "the virtual machine moved"),
    "NVG308": ("warning", "one VM pair with ids that no layouts make equal"),
    "NVG401": ("warning", "key valid under neither layout"),
    "NVG402": ("warning", "GRE header breaks RFC 7637"),
    "NVG403": ("warning", "inner frame carries an 802.1Q tag"),
    "NVG404": ("warning", "VSID not in the inventory"),
    "NVG405": ("warning", "stray frames, named and not used"),
}
HEADS = ["What it means", "How it is detected", "What it is not", "What to do", "Sources"]


def test_the_table_has_every_code_of_the_contract_with_its_severity_and_title_in_order() -> None:
    assert [(rule.code, (rule.severity.value, rule.title)) for rule in RULES] == list(CODES.items())


def test_titles_are_short_distinct_and_no_sentences() -> None:
    titles = [rule.title for rule in RULES]
    assert len(set(titles)) == 23
    assert all(len(title) <= 60 and not title.endswith(".") for title in titles)


@pytest.mark.parametrize("code", CODES)
def test_explain_has_the_five_sections_each_with_text(code: str) -> None:
    (rule,) = [rule for rule in RULES if rule.code == code]
    lines = rule.explain.splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads == HEADS
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = len(lines) if following is None else lines.index(following)
        section = [line for line in lines[lines.index(head) + 1 : end] if line]
        assert section
        assert all(line.startswith("  ") for line in section)


@pytest.mark.parametrize("code", CODES)
def test_explain_is_plain_ascii(code: str) -> None:
    (rule,) = [rule for rule in RULES if rule.code == code]
    assert rule.explain.isascii()


def test_findings_come_worst_first_then_by_code() -> None:
    tape = Tape()
    for _ in range(2):
        tape.ping(A, B, 0x00138900, 0x00001389)
    tape.send(A, "192.168.50.3", 0x00138900, flags=0x2008)
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, 0x00138900))
    found = find_all(judge_tapes(tape))
    assert [(finding.code, finding.severity.value) for finding in found] == [
        ("NVG201", "error"),
        ("NVG301", "error"),
        ("NVG302", "error"),
        ("NVG402", "warning"),
        ("NVG204", "info"),
    ]


def test_every_finding_says_what_it_is_about_and_what_to_do() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    for finding in find_all(judge_tapes(tape)):
        assert finding.message.endswith(".")
        assert finding.next_step
        assert finding.subject.hosts
        assert finding.severity in Severity


def test_everything_is_selected_unless_told() -> None:
    assert select_codes() == set(CODES)


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (["NVG201"], [], {"NVG201"}),
        (["nvg20"], [], {"NVG201", "NVG202", "NVG203", "NVG204", "NVG205"}),
        (["NVG2", "NVG301"], ["NVG204"], {"NVG201", "NVG202", "NVG203", "NVG205", "NVG301"}),
        (["NVG1"], ["NVG"], set()),
        ([], ["NVG1", "NVG2", "NVG3"], {"NVG401", "NVG402", "NVG403", "NVG404", "NVG405"}),
    ],
)
def test_codes_are_chosen_by_prefix(
    select: list[str], ignore: list[str], expected: set[str]
) -> None:
    assert select_codes(select, ignore) == expected


@pytest.mark.parametrize("prefix", ["NVG9", "", "201", "NVG2011", "NVG201 "])
def test_a_prefix_that_fits_no_code_is_an_error_that_names_the_codes(prefix: str) -> None:
    with pytest.raises(UnknownCodeError, match="NVG101, NVG102"):
        select_codes([prefix])
    with pytest.raises(UnknownCodeError):
        select_codes([], [prefix])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("a", "a"),
        ("abcd", "a, b, c, d"),
        ("abcde", "a, b, c, d and 1 more"),
        ("abcdef", "a, b, c, d and 2 more"),
    ],
)
def test_of_more_than_four_things_the_rest_is_counted(words: str, text: str) -> None:
    assert listed(words) == text


class Walked(list[Stream]):
    """Streams that count how often somebody walks over all of them."""

    times = 0

    def __iter__(self) -> Iterator[Stream]:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize("hosts", [10, 200])
@pytest.mark.parametrize("gre_key", [0x00138901, 0x00001389, 0x00000001])
def test_no_rule_walks_over_all_streams_for_each_host(gre_key: int, hosts: int) -> None:
    """NVG204 did: 5,000 addresses took less than a second, and 20,000 took 9."""
    tape = Tape()
    for host in range(hosts):
        tape.send(
            f"192.168.{host // 100}.{host % 100 + 1}", "192.168.50.250", gre_key + (host << 8)
        )
    situation = judge_tapes(tape)
    situation.diagnosis.streams = Walked(situation.diagnosis.streams)
    assert len(find_all(situation)) >= hosts
    assert situation.diagnosis.streams.times <= 7
