"""Comments in packet blocks: ours come, ours go, everything else stays byte for byte."""

import struct

import pytest

from nvgre_doctor.annotate.packets import with_comments
from tests.build import block, epb, opb, option

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
PACKETS = pytest.mark.parametrize("packet", [epb, opb])
TIME = 1_361_355_247_000_000_000
DATA = bytes(range(61))  # not a multiple of 4: padded in its block
ONE = "nvgre-doctor NVG201: 192.168.50.2 uses the old layout"
TWO = "nvgre-doctor NVG301: they cannot talk"


@ORDERS
@PACKETS
def test_a_block_without_options_gets_comments_and_their_end(packet, order):
    expected = packet(0, TIME, DATA, order, options=option(1, ONE, order) + option(1, TWO, order))
    assert with_comments(packet(0, TIME, DATA, order), order, [ONE, TWO]) == expected


@ORDERS
@PACKETS
def test_ours_come_first_and_other_options_stay(packet, order):
    theirs = option(1, "Ticket 4711", order) + option(2, b"\0\0\0\1", order)
    expected = packet(0, TIME, DATA, order, options=option(1, ONE, order) + theirs)
    assert with_comments(packet(0, TIME, DATA, order, options=theirs), order, [ONE]) == expected


@ORDERS
def test_ours_of_an_earlier_run_are_replaced_wherever_they_stand(order):
    theirs = option(1, "Ticket 4711", order)
    before = option(1, TWO, order) + theirs + option(1, ONE, order)
    expected = epb(0, TIME, DATA, order, options=option(1, ONE, order) + theirs)
    assert with_comments(epb(0, TIME, DATA, order, options=before), order, [ONE]) == expected
    assert with_comments(expected, order, [ONE]) == expected


def test_ours_are_taken_away_where_nothing_is_found_any_more():
    theirs = option(1, "Ticket 4711")
    assert with_comments(epb(0, TIME, DATA, options=option(1, ONE) + theirs), "<", []) == epb(
        0, TIME, DATA, options=theirs
    )
    assert with_comments(epb(0, TIME, DATA, options=option(1, ONE)), "<", []) == epb(0, TIME, DATA)


@pytest.mark.parametrize(
    "comment",
    [
        "nvgre-doctor is a nice program",
        "see nvgre-doctor NVG201: above",
        "nvgre-doctor NVG2: short",
        "nvgre-doctor NVG2015: long",
        "NVG201: 192.168.50.2",
    ],
)
def test_comments_of_others_are_not_taken_for_ours(comment):
    packet = epb(0, TIME, DATA, options=option(1, comment))
    assert with_comments(packet, "<", []) == packet


def test_our_words_in_an_option_that_is_no_comment_are_not_ours():
    packet = epb(0, TIME, DATA, options=option(2988, ONE))
    assert with_comments(packet, "<", []) == packet


@pytest.mark.parametrize(
    "options",
    [
        struct.pack("<HH", 1, 500) + b"ab\0\0",  # longer than its block
        option(1, b"\xff\xfe\xfd"),  # not UTF-8
        option(2, b"\0\0\0\1")[:8],  # no end of options
        bytes(12),  # bytes after the end
        b"\x01\0\0\0" * 3,  # empty comments
    ],
    ids=["too long", "not UTF-8", "no end", "after the end", "empty"],
)
def test_strange_options_survive_being_given_a_comment_and_losing_it(options):
    body = struct.pack("<IIIII", 0, 0, 0, len(DATA), len(DATA)) + DATA + b"\0\0\0" + options
    packet = block(6, body)
    with_one = with_comments(packet, "<", [ONE])
    assert with_one == block(6, body[: -len(options)] + option(1, ONE) + options)
    assert with_comments(with_one, "<", []) == packet


def test_a_list_that_is_nothing_but_its_end_is_no_list():
    body = struct.pack("<IIIII", 0, 0, 0, 4, 4) + b"data"
    with_one = with_comments(block(6, body + bytes(4)), "<", [ONE])
    assert with_one == epb(0, 0, b"data", options=option(1, ONE))
    assert with_comments(with_one, "<", []) == epb(0, 0, b"data")


@ORDERS
def test_a_block_that_gets_nothing_is_the_same_object(order):
    packet = epb(0, TIME, DATA, order, options=option(1, "Ticket 4711", order))
    assert with_comments(packet, order, []) is packet


def test_a_length_that_does_not_count_the_padding_is_left_alone_until_there_is_a_comment():
    body = struct.pack("<IIIII", 0, 0, 0, len(DATA), len(DATA)) + DATA
    packet = block(6, body, total_length=12 + len(body), trailer=12 + len(body))
    assert len(packet) % 4 == 0
    assert with_comments(packet, "<", []) is packet
    assert with_comments(packet, "<", [ONE]) == epb(0, 0, DATA, options=option(1, ONE))


def test_a_comment_that_is_not_ascii_is_utf_8():
    assert with_comments(epb(0, TIME, DATA), "<", ["nvgre-doctor NVG201: \u00e4"]) == epb(
        0, TIME, DATA, options=option(1, b"nvgre-doctor NVG201: \xc3\xa4")
    )
