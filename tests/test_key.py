"""The `key` command: how a key may be typed, what its value proves, and that its filters work in
Wireshark.
"""

import struct
import subprocess
from pathlib import Path

import pytest

from nvgre_doctor.keycard import (
    GivenKey,
    KeyTextError,
    display_filters,
    draw_key_card,
    parse_key,
    parse_keys,
)
from nvgre_doctor.terminal.page import Page
from tests.needs import need

AS_TYPED = [
    ("0x00001389", 0x00001389, ""),
    ("0x1389", 0x00001389, ""),
    ("0XDEADBEEF", 0xDEADBEEF, ""),
    ("5001", 5001, "read as decimal; if it is hex, write 0x5001"),
    ("0", 0, ""),
    ("9", 9, ""),
    ("10", 10, "read as decimal; if it is hex, write 0x10"),
    ("05001", 5001, "read as decimal; if it is hex, write 0x5001"),
    ("000000000000005001", 5001, "read as decimal; if it is hex, write 0x5001"),
    ("4294967295", 0xFFFFFFFF, "read as decimal"),
    ("00:00:13:89", 0x00001389, ""),
    ("00-00-13-89", 0x00001389, ""),
    ("00 00 13 89", 0x00001389, ""),
    (" 0x1389\n", 0x00001389, ""),
    ("00001389", 0x00001389, "read as hex; if it is decimal, write 1389"),
    ("13890042", 13890042, "read as decimal; if it is hex, write 0x13890042"),
    ("0013890a", 0x0013890A, "read as hex"),
    ("beef", 0xBEEF, "read as hex"),
]

NOT_A_KEY = ["", "0x", "0x123456789", "4294967296", "9" * 5000, "-1", "1_000", "5001.0",
             "00:00:13", "00:00-13:89", "00:00:13:89:00",
             "\u0665\u0660\u0660\u0661", "\x1b[31m", "g"]  # fmt: skip

# domain.md's table of values, at both ends of every row.
BY_VALUE = [
    (0x00000000, "Neither layout allows it"),
    (0x00000FFF, "Neither layout allows it"),
    (0x00001000, "only the old layout (draft-00)"),
    (0x000FFFFF, "only the old layout (draft-00)"),
    (0x00100000, "The value alone cannot tell"),
    (0x00FFFFFE, "The value alone cannot tell"),
    (0x00FFFFFF, "Most likely control traffic"),
    (0x01000000, "only the current layout (RFC 7637)"),
    (0xFFFFFEFF, "only the current layout (RFC 7637)"),
    (0xFFFFFF00, "Most likely control traffic"),
    (0xFFFFFFFF, "Most likely control traffic"),
]
VERDICTS = sorted({words for _, words in BY_VALUE})

OLD_5001 = """\
0x00001389  draft-00 only: TNI 5001, if this is NVGRE

GRE Key 0x00001389 = 5001

bit       31     24 23     16 15      8 7       0   network byte order
          00000000  00000000  00010011  10001001
             00        00        13        89

RFC 7637 |            VSID            |  FlowID |
         |        19, reserved        |   137   |
draft-00 |reserved|             TNI             |
         |  0x00  |            5001             |

By its value alone
  As NVGRE, only the old layout (draft-00) can have written it. Read as
  RFC 7637 its VSID would be 19, and 0 to 4095 are reserved (RFC 7637 s3.4).
  But a plain GRE tunnel (Open vSwitch or Linux with key 5001) has the very
  same bytes: the value does not prove that this is NVGRE at all.

The same tenant in the other layout
  If this is TNI 5001 (draft-00): an RFC 7637 host writes VSID 5001 as
  0x00138900, or up to 0x001389ff with a FlowID.

In Wireshark
  this key                 gre.key == 0x00001389
  VSID 5001, any FlowID    gre.key & 0xffffff00 == 0x00138900
  refused inside NVGRE     ip.proto#1 == 47 && icmp.type == 3 && icmp.code == 10
  refused on the underlay  ip.proto#1 == 1 && icmp.type == 3 && icmp.code == 10

Look at next
  Look for the key in the other direction of the same two VMs. If it is the
  number above for RFC 7637, one host lacks KB2779768 and they cannot talk. Do
  the inner MAC addresses begin with 00:15:5D or 00:1D:D8? Then it is Hyper-V.
  Check: Get-HotFix -Id KB2779768 -ComputerName HOSTNAME
"""


ANSWERS = [
    (0x00001389, "0x00001389  draft-00 only: TNI 5001, if this is NVGRE"),
    (0x01389042, "0x01389042  RFC 7637 only: VSID 80016, FlowID 66"),
    (
        0x00138900,
        "0x00138900  VSID 5001 (RFC 7637) or TNI 1280256 (draft-00): both fit",
    ),
    (0x00000007, "0x00000007  no tenant's key in either layout: a plain GRE tunnel, or broken"),
    (0xFFFFFF00, "0xffffff00  control traffic between two hosts: no evidence for a layout"),
]


def key_card(given: GivenKey, *, color: bool = False) -> str:
    page = Page(None, color=color)
    draw_key_card(page, given)
    return page.text()


@pytest.mark.parametrize(("gre_key", "line"), ANSWERS)
def test_first_line_is_the_answer(gre_key: int, line: str) -> None:
    assert key_card(GivenKey(gre_key)).splitlines()[0] == line


def test_reading_that_is_not_possible_is_dim() -> None:
    card = key_card(GivenKey(0x00001389), color=True)
    assert "\x1b[2m         |        19, reserved        |   137   |\x1b[0m\n" in card
    assert "\n         |  0x00  |            5001             |\n" in card


def test_both_readings_of_a_key_that_fits_both_are_plain() -> None:
    assert "\x1b[2m" not in key_card(GivenKey(0x00138900), color=True)


@pytest.mark.parametrize(("typed", "gre_key", "note"), AS_TYPED)
def test_key_is_read_as_people_write_it(typed: str, gre_key: int, note: str) -> None:
    assert parse_key(typed) == GivenKey(gre_key, note)


@pytest.mark.parametrize("typed", NOT_A_KEY)
def test_other_text_is_refused_in_few_words(typed: str) -> None:
    with pytest.raises(KeyTextError) as refused:
        parse_key(typed)
    assert len(str(refused.value)) < 200
    assert "\x1b" not in str(refused.value)


def test_four_bytes_in_four_words_are_one_key() -> None:
    assert parse_keys(["00", "00", "13", "89"]) == [
        GivenKey(0x00001389, "read as the four bytes of one key")
    ]


def test_three_numbers_are_three_keys() -> None:
    assert [given.gre_key for given in parse_keys(["10", "11", "0x12"])] == [10, 11, 0x12]


def test_card_of_the_old_key_of_the_story() -> None:
    assert key_card(GivenKey(0x00001389)) == OLD_5001


@pytest.mark.parametrize(("gre_key", "words"), BY_VALUE)
def test_card_says_what_the_value_alone_proves_and_nothing_else(gre_key: int, words: str) -> None:
    card = key_card(GivenKey(gre_key))
    assert [said for said in VERDICTS if said in card] == [words]


@pytest.mark.parametrize(
    ("gre_key", "lines"),
    [
        (
            0x00138900,
            ["VSID 1280256 as\n  0x13890000, or up to 0x138900ff", "TNI 5001 as\n  0x00001389."],
        ),
        (0x01389042, ["TNI 80016 as\n  0x00013890."]),
        (0xFFFFFEFF, ["TNI 16777214 as\n  0x00fffffe."]),
    ],
)
def test_card_names_the_key_of_the_same_tenant_in_the_other_layout(
    gre_key: int, lines: list[str]
) -> None:
    card = key_card(GivenKey(gre_key))
    assert [line for line in lines if line in card] == lines


def test_top_octet_that_draft_00_forbids_is_pointed_at() -> None:
    assert "|  0x01  |           3706946           |  reserved must be 0\n" in key_card(
        GivenKey(0x01389042)
    )


@pytest.mark.parametrize("gre_key", [gre_key for gre_key, _ in BY_VALUE])
def test_card_is_ascii_of_80_columns(gre_key: int) -> None:
    card = key_card(parse_key(f"{gre_key:08x}"))
    assert card.isascii()
    assert max(len(line) for line in card.splitlines()) <= 80


@pytest.mark.peer
def test_filters_are_accepted_by_wireshark(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    expressions = sorted(
        {expression for gre_key, _ in BY_VALUE for _, expression in display_filters(gre_key)}
    )
    assert len(expressions) > 15
    every = " || ".join(f"({expression})" for expression in expressions)
    done = subprocess.run(
        [need("tshark"), "-r", empty, "-Y", every],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
