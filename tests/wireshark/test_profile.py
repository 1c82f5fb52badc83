"""The profile NVGRE as tshark loads it: columns, colouring rules, filter buttons."""

import csv
import re
import xml.etree.ElementTree as ET

import pytest

from tests import build
from tests.wireshark.person import REPOSITORY, Person
from tests.wireshark.test_dissector import (
    CURRENT_5001,
    HOST1,
    HOST2,
    ICMP,
    OLD_5001,
    VM1,
    VM2,
    bare_gre,
    ping,
    refusal,
)

pytestmark = pytest.mark.peer

PROFILE = REPOSITORY / "nvgre_doctor" / "wireshark" / "profile"
SAMPLE = REPOSITORY / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"


def lines_of(name: str) -> list[str]:
    lines = (PROFILE / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


COLOUR_RULES = [
    re.fullmatch(r"@([^@]+)@(.+)@\[(\d+,\d+,\d+)\]\[(\d+,\d+,\d+)\]", line)
    for line in lines_of("colorfilters")
]
BUTTONS = list(csv.reader(lines_of("dfilter_buttons"), escapechar="\\", doublequote=False))


def rows(person: Person, *arguments: str) -> list[list[str]]:
    """The packet list under the profile: the titles, then one row for each frame."""
    structure, *packets = ET.fromstring(person.tshark("-C", "NVGRE", "-T", "psml", *arguments))
    return [
        [section.text or "" for section in row.findall("section")] for row in (structure, *packets)
    ]


def test_the_columns_show_the_outer_addresses_and_what_the_key_means(person: Person) -> None:
    titles, *frames = rows(person, "-r", str(SAMPLE))
    assert titles == ["No.", "Time", "Outer source", "Outer destination", "Key", "VSID or TNI",
                      "Info"]  # fmt: skip
    assert len(frames) == 36
    assert frames[4][2:6] == ["192.168.50.1", "192.168.50.2", "0x00138900", "5001 or 1280256"]
    assert frames[12][2:6] == ["192.168.50.2", "192.168.50.1", "0x00001389", "TNI 5001"]


def test_the_columns_of_an_error_show_the_key_that_it_refuses(person: Person) -> None:
    capture = person.capture(
        build.ethernet(refusal(bare_gre(CURRENT_5001), key=0xFFFFFF00)),
        build.ethernet(build.ipv4(HOST2, HOST1, ICMP, build.icmp(3, 2, ping(OLD_5001)[:28]))),
        build.ethernet(ping(0xFFFFFF00)),
    )
    assert [row[4:6] for row in rows(person, "-r", str(capture))[1:]] == [
        ["0x00138900", "5001 or 1280256"],
        ["0x00001389", "TNI 5001"],
        ["0xffffff00", "control"],
    ]


def test_frames_without_nvgre_show_their_addresses_too(person: Person) -> None:
    capture = person.capture(build.ethernet(build.ipv4(HOST1, HOST2, ICMP, build.echo())))
    assert rows(person, "-r", str(capture))[1][2:6] == [HOST1, HOST2, "", ""]


WIDTH_OF_LIST = 1229
"""Pixels of a window of 1,280, beside its scroll bar, in which the columns stand."""


def test_every_column_has_a_width_and_together_they_fit_a_window_of_1280_pixels() -> None:
    (line,) = (line for line in lines_of("recent") if line.startswith("column.width: "))
    parts = line.removeprefix("column.width: ").split(", ")
    formats = re.findall(r'"[^"]*", "(%[^"]*)"', (PROFILE / "preferences").read_text("utf-8"))
    assert parts[::2] == [column.removesuffix(":1:R") for column in formats]
    assert sum(map(int, parts[1::2])) <= WIDTH_OF_LIST


def test_the_colour_of_a_frame_names_what_it_is(person: Person) -> None:
    guests_packet = build.ipv4(VM1, VM2, 6, build.tcp(VM1, VM2, 49200, 3389))
    answer = build.ipv4(VM2, VM1, ICMP, build.icmp(3, 10, guests_packet[:28]))
    of_a_guest = build.nvgre(
        HOST2,
        HOST1,
        CURRENT_5001,
        build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, answer),
    )
    packets = {
        "NVGRE refused": refusal(bare_gre(CURRENT_5001)),
        "ICMP error about NVGRE": build.ipv4(
            HOST2, HOST1, ICMP, build.icmp(3, 2, ping(OLD_5001)[:28])
        ),
        "ICMP 3/10 inside NVGRE": of_a_guest,
        "draft-00 only": ping(OLD_5001),
        "RFC 7637 only": ping(0x0186A100),
        "Either layout": ping(CURRENT_5001),
        "NVGRE control traffic": ping(0xFFFFFF00),
        "Neither layout": ping(5),
        "": build.ipv4(HOST1, HOST2, ICMP, build.echo()),
    }
    capture = person.capture(*(build.ethernet(packet) for packet in packets.values()))
    shown = person.fields(capture, "frame.coloring_rule.name", options=("-C", "NVGRE", "--color"))
    assert [name for (name,) in shown] == list(packets)


def test_every_colouring_rule_has_the_form_that_wireshark_reads() -> None:
    assert [rule[1] for rule in COLOUR_RULES if rule] == [
        "NVGRE refused", "ICMP error about NVGRE", "ICMP 3/10 inside NVGRE", "draft-00 only",
        "RFC 7637 only", "Either layout", "NVGRE control traffic", "Neither layout"
    ]  # fmt: skip
    assert all(
        int(part) <= 65535
        for rule in COLOUR_RULES
        if rule
        for part in f"{rule[3]},{rule[4]}".split(",")
    )


@pytest.mark.parametrize(
    "display_filter", [rule[2] for rule in COLOUR_RULES if rule] + [row[2] for row in BUTTONS]
)
def test_every_filter_of_the_profile_is_valid(person: Person, display_filter: str) -> None:
    assert isinstance(person.matches(SAMPLE, display_filter), list)


def test_a_filter_that_is_not_valid_would_be_noticed(person: Person) -> None:
    assert person.run("tshark", "-r", SAMPLE, "-Y", "nvgre.tin == 5001").returncode != 0


@pytest.mark.parametrize(
    ("label", "frames"),
    [
        ("NVGRE", 32),
        ("Refused", 16),
        ("Errors about NVGRE", 16),
        ("All 3/10", 16),
        ("draft-00 only", 8),
        ("RFC 7637 only", 0),
        ("Either", 8),
    ],
)
def test_a_filter_button_finds_its_frames(person: Person, label: str, frames: int) -> None:
    (enabled, text, comment), *others = [
        (row[0], row[2], row[3]) for row in BUTTONS if row[1] == label
    ]
    assert (enabled, bool(comment), others) == ("TRUE", True, [])
    assert len(person.matches(SAMPLE, text)) == frames


def test_tshark_reads_the_buttons_and_would_complain_about_a_broken_one(newcomer: Person) -> None:
    assert newcomer.nvgre_doctor("install").returncode == 0
    newcomer.tshark("-C", "NVGRE", "-r", SAMPLE, "-c", "1")  # says nothing on standard error
    with (newcomer.profile / "dfilter_buttons").open("a") as stream:
        stream.write('"MAYBE","x","nvgre","y"\n')
    assert (
        "dfilter_buttons:" in newcomer.run("tshark", "-C", "NVGRE", "-r", SAMPLE, "-c", "1").stderr
    )


def test_the_profile_turns_no_protocol_off(person: Person) -> None:
    assert sorted(path.name for path in person.profile.iterdir()) == [
        "colorfilters",
        "dfilter_buttons",
        "preferences",
        "recent",
    ]
