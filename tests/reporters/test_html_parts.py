"""What the HTML page is made of: markup, packed rows, the map, time."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import page_files
from nvgre_doctor.reporters.html.alike import edges_of, groups_of
from nvgre_doctor.reporters.html.axis import axis_of
from nvgre_doctor.reporters.html.host_map import host_map
from nvgre_doctor.reporters.html.markup import Html, counted, raw_element, tag, text
from nvgre_doctor.reporters.html.matrix import matrix
from nvgre_doctor.reporters.html.packed_rows import packed
from nvgre_doctor.reporters.html.relations import Bond, relations_of
from nvgre_doctor.reporters.html.shown import sentence
from nvgre_doctor.reporters.html.timeline import duration, timeline
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Cause, PairVerdict
from tests.html_page import Element, read, unpacked
from tests.large_reports import fabric
from tests.page_reports import MIXED, A, B, healthy

# --- markup ------------------------------------------------------------------


def test_text_is_made_visible_and_escaped() -> None:
    assert text("<b>\x1b[31m&\"'") == "&lt;b&gt;\\x1b[31m&amp;&quot;&#x27;"


def test_an_attribute_is_escaped_and_named_with_hyphens() -> None:
    made = tag("a.x.y", text("z"), href='"><', aria_label="l", for_="f", hidden=True, open=False)
    assert made == '<a class="x y" href="&quot;&gt;&lt;" aria-label="l" for="f" hidden>z</a>'


def test_an_attribute_shows_what_is_hostile_and_keeps_what_is_long() -> None:
    assert tag("p", title="\u202e") == '<p title="\\u202e"></p>'
    assert len(tag("path", d="M1 2" * 1000)) == len('<path d=""/>') + 4000


@pytest.mark.parametrize("content", ["</script>", "<!--", "\u00e9"])
def test_what_could_end_a_script_cannot_stand_in_one(content: str) -> None:
    with pytest.raises(ValueError, match="this cannot stand in <script>"):
        raw_element("script", content)


def test_a_sentence_links_keys_and_hosts_and_nothing_that_looks_like_them() -> None:
    hosts = {"10.0.0.1", "fe80::1"}
    raw = "10.0.0.1 and 10.0.0.2, fe80::1, 00:15:5d:00:00:01 send 0x00001389, 0x6558, 110.0.0.1"
    links = read(sentence(raw, hosts)).all("a")
    assert [(link.text, link.attributes["href"]) for link in links] == [
        ("10.0.0.1", "#host-10.0.0.1"),
        ("fe80::1", "#host-fe80::1"),
        ("0x00001389", "#key"),
    ]  # fmt: skip
    assert read(sentence(raw, hosts)).text == raw


def test_counts_have_commas_and_plurals() -> None:
    assert [counted(n, "host") for n in (0, 1, 1000)] == ["0 hosts", "1 host", "1,000 hosts"]


def test_scripts_keep_their_strings_and_lose_comments() -> None:
    script = page_files.script("base.js")
    assert "//" not in script
    assert 'setAttribute("aria-label","Copy "+code.textContent)' in script


# --- packed rows -------------------------------------------------------------


def unpack(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return unpacked(read(packed("x", rows)), "x")


def test_rows_come_back_as_they_were() -> None:
    rows = [
        ("10.0.0.1", "key 0x00001389 is TNI 5001", "0x00138900", "VSID 5001", "00:15:5d:00:00:01"),
        ("10.0.0.2", "key 0x00001389 is TNI 5001", "0x00138900", "VSID 5001", "00:15:5d:00:00:02"),
        ("10.0.0.9", "nothing", "", "0", "fe80::1"),
        ("999.1.1.1", "0x0000138", "007", "99999999999999999999", "1.2.3"),
    ]
    assert unpack(rows) == [list(row) for row in rows]


def test_a_key_that_follows_from_its_vsid_is_not_kept() -> None:
    """Of 24 random bits each, 3 bytes remain; base64 makes 4 of them."""
    random = Random(1)
    vsids = [random.randrange(4096, 2**24 - 1) for _ in range(3000)]
    rows = [(f"0x{v:08x} one way, 0x{v << 8:08x} the other: both are VSID {v}",) for v in vsids]
    assert len(packed("x", rows)) < 3000 * 4.1


WORDS = st.sampled_from(
    ["0x00001389", "0x00138900", "5001", "1280256", "10.0.0.1", "10.0.0.256", "00:15:5d:00:00:01",
     "fe80::1", "0", "00", "0x", "x", " ", ":", ".", "#", "NVG201", "4294967295", "4294967296",
     "0xffffffff", "0x00ffffff", "16777215", "<b>", "\\x01", "&"]
)  # fmt: skip
CELLS = st.lists(WORDS, max_size=8).map("".join)


@pytest.mark.long
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_any_rows_come_back(rows: list[tuple[str, str, str]]) -> None:
    assert unpack(rows) == [list(row) for row in rows]


@pytest.mark.long
@given(st.lists(st.tuples(st.text(max_size=30), st.integers(0, 2**70)), min_size=1, max_size=6))
def test_hostile_cells_come_back_visible(rows: list[tuple[str, int]]) -> None:
    assert unpack(rows) == [[visible(cell), str(number)] for cell, number in rows]


def test_no_cell_can_hold_what_the_format_keeps_for_itself() -> None:
    rows = [("a\x01b\x02c\x03d", ("e\x02f", "g\x03h"))]
    assert unpack(rows) == [["a\\x01b\\x02c\\x03d", "e\\x02f\x03g\\x03h"]]


# --- who can talk ------------------------------------------------------------


def test_relations_tell_what_is_between_two_hosts() -> None:
    relations = relations_of(MIXED)
    names = [host.address for host in relations.hosts]
    bonds = {
        frozenset((names[link.one], names[link.other])): (link.bond, link.refused)
        for link in relations.links
    }
    assert bonds[frozenset((A, B))] == (Bond.CANNOT, 24)
    assert bonds[frozenset((B, "192.168.50.7"))] == (Bond.DIFFERED, 8)
    assert bonds[frozenset(("192.168.50.3", "192.168.50.4"))] == (Bond.REFUSED, 4)
    assert bonds[frozenset((B, "192.168.50.8"))] == (Bond.UNKNOWN, 0)
    assert bonds[frozenset((B, "192.168.50.4"))] == (Bond.AGREE, 0)


def test_hosts_in_trouble_come_first() -> None:
    assert [host.address.removeprefix("192.168.50.") for host in relations_of(MIXED).hosts] == [
        "8", "2", "20", "1", "3", "21", "7", "4", "9",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("icmp", "refused"),
    [((4, 3, 10), 24), ((4, 3, 13), 24), ((6, 1, 1), 24), ((4, 3, 4), 8), ((6, 2, 0), 8),
     ((4, 11, 0), 8)],
)  # fmt: skip
def test_what_is_too_long_or_too_old_is_not_refused(icmp: tuple[int, ...], refused: int) -> None:
    version, kind, code = icmp
    first = MIXED.refusals[0]._replace(icmp_version=version, icmp_type=kind, icmp_code=code)
    relations = relations_of(MIXED._replace(refusals=(first, *MIXED.refusals[1:])))
    (link,) = [link for link in relations.links if (link.one, link.other) in ((1, 3), (3, 1))]
    assert link.refused == refused


def test_up_to_10_hosts_have_a_box_each() -> None:
    groups = groups_of(relations_of(healthy(10)))
    assert [len(group.places) for group in groups] == [1] * 10
    assert [len(group.places) for group in groups_of(relations_of(healthy(11)))] == [11]


def lab(old: int, new: int) -> Report:
    """Every host exchanges NVGRE with every other."""
    report = healthy(old + new)
    hosts = tuple(
        host._replace(layout="draft-00") if place < old else host
        for place, host in enumerate(report.hosts)
    )
    olds = {host.address for host in hosts[:old]}
    pairs = tuple(
        pair._replace(verdict=PairVerdict.MISMATCH) if len(olds & set(pair.hosts)) == 1 else pair
        for pair in report.pairs
    )
    return report._replace(hosts=hosts, pairs=pairs)


def test_two_old_hosts_of_16_are_two_boxes_against_one() -> None:
    relations = relations_of(lab(2, 14))
    groups = groups_of(relations)
    assert [(group.word, len(group.places)) for group in groups] == [
        ("draft-00", 1), ("draft-00", 1), ("RFC 7637", 14),
    ]  # fmt: skip
    edges = [edge for edge in edges_of(relations, groups) if edge.bond is Bond.CANNOT]
    assert [(edge.pairs, edge.one, edge.other) for edge in edges] == [(14, 0, 2), (14, 1, 2)]


def test_hosts_that_are_refused_without_a_mismatch_or_changed_stand_alone() -> None:
    report = lab(1, 14)
    source, destination = (host.address for host in report.hosts[3:5])
    refusal = MIXED.refusals[0]._replace(
        source=source, destination=destination, by=destination, cause=Cause.POLICY
    )
    hosts = list(report.hosts)
    hosts[5] = hosts[5]._replace(changes=MIXED.hosts[4].changes)
    pairs = tuple(
        pair._replace(verdict=PairVerdict.AGREE)
        if not {source, destination}.isdisjoint(pair.hosts)
        else pair
        for pair in report.pairs
    )
    relations = relations_of(report._replace(hosts=tuple(hosts), pairs=pairs, refusals=(refusal,)))
    sizes = sorted(len(group.places) for group in groups_of(relations))
    assert sizes == [1, 1, 1, 1, 11]


def test_a_fabric_is_grouped_by_network() -> None:
    groups = groups_of(relations_of(fabric(1000, 5000, 600)))
    assert len(groups) <= 24
    assert {group.network for group in groups} == {
        "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24",
    }  # fmt: skip


@pytest.mark.long
def test_a_large_fabric_is_grouped_by_what_is_wrong() -> None:
    groups = groups_of(relations_of(fabric(9000, 9000, 10)))
    assert len(groups) <= 8
    assert {group.network for group in groups} == {""}


# --- map and matrix ----------------------------------------------------------


def map_of(report: Report) -> Element:
    return read(host_map(relations_of(report)))


def boxes(drawn: Element) -> list[tuple[float, float, float, float]]:
    return [
        tuple(float(str(rect.attributes[side])) for side in ("x", "y", "width", "height"))
        for rect in drawn.all("svg")[0].all("rect")
    ]  # type: ignore[misc]


@pytest.mark.parametrize(
    "report",
    [MIXED, healthy(2), healthy(10), lab(2, 14), fabric(1000, 5000, 600)],
    ids=["mixed", "2", "10", "lab", "fabric"],
)
def test_boxes_lie_within_the_picture_and_not_on_each_other(report: Report) -> None:
    drawn = map_of(report)
    svg = drawn.all("svg")[0]
    width, height = (float(str(svg.attributes[side])) for side in ("width", "height"))
    places = boxes(drawn)
    assert len(places) == len(groups_of(relations_of(report)))
    for n, (x, y, w, h) in enumerate(places):
        assert x >= 0
        assert x + w <= width
        assert y >= 0
        assert y + h <= height
        for ox, oy, ow, oh in places[:n]:
            assert x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y


def test_old_hosts_are_left_current_ones_right_and_others_below_between() -> None:
    drawn = map_of(MIXED)
    groups = drawn.all("svg")[0].all("g")
    place = {
        g.all("a")[0].text: (g.classes[0], float(str(g.all("rect")[0].attributes["x"])),
                             float(str(g.all("rect")[0].attributes["y"])))
        for g in groups
    }  # fmt: skip
    looks = {look: [p for p in place.values() if p[0] == look] for look in ("old", "new", "both")}
    assert max(x for _, x, _ in looks["old"]) < min(x for _, x, _ in looks["both"])
    assert max(x for _, x, _ in looks["both"]) < min(x for _, x, _ in looks["new"])
    lowest = max(y for _, _, y in looks["old"] + looks["new"])
    assert min(y for _, _, y in looks["both"]) > lowest


def test_a_line_says_what_it_means() -> None:
    titles = {" ".join(title.text.split()) for title in map_of(MIXED).all("title")}
    assert (
        "192.168.50.2 and 192.168.50.1: cannot talk, the layouts differ,"
        " 24 ICMP messages refused something"
    ) in titles
    assert (
        "192.168.50.1 and 192.168.50.7: agree now, 8 ICMP messages refused something"
        " while the layouts differed"
    ) in titles


def test_labels_do_not_lie_on_each_other() -> None:
    drawn = map_of(fabric(1000, 5000, 600)).all("svg")[0]
    labels = drawn.all("text", "label")
    spots = [
        (float(str(label.attributes["x"])), float(str(label.attributes["y"])), len(label.text))
        for label in labels
    ]
    assert len(spots) >= 5
    for n, (x, y, length) in enumerate(spots):
        for ox, oy, other in spots[:n]:
            assert abs(y - oy) >= 13 or abs(x - ox) >= 6.6 * (length + other) / 2 - 1


def test_more_than_14_green_lines_are_counted_in_words() -> None:
    few, many = map_of(healthy(5)), map_of(healthy(7))
    assert len(few.all("svg")[0].all("path", "agree")) == 10
    assert many.all("svg")[0].all("path", "agree") == []
    assert "Not drawn: 21 pairs with the same layout, which can talk." in many.text


def test_a_matrix_is_there_from_17_hosts_on_with_500_at_most() -> None:
    assert matrix(relations_of(healthy(16))) == ""
    drawn = read(matrix(relations_of(healthy(17))))
    assert len(drawn.all("text")) == 17
    assert str(drawn.all("path", "agree")[0].attributes["d"]).count("M") == 17 * 16 // 2
    large = read(matrix(relations_of(fabric(1000, 5000, 600))))
    assert "a matrix of 500 hosts, the 500 that are in trouble first" in large.text


# --- time --------------------------------------------------------------------


def test_an_axis_is_even_where_there_is_no_gap() -> None:
    axis = axis_of([(0, 50), (50, 100)])
    assert axis is not None
    assert [axis.place(t) for t in (-5, 0, 25, 100, 105)] == [0, 0, 25, 100, 100]
    assert axis.gaps == ()


def test_a_long_gap_is_shortened() -> None:
    axis = axis_of([(0, 50), (1000, 1050)])
    assert axis is not None
    assert [axis.place(t) for t in (0, 50, 525, 1000, 1050)] == [0, 48.5, 50, 51.5, 100]
    assert [(gap.begin_ns, gap.end_ns) for gap in axis.gaps] == [(50, 1000)]


def test_many_gaps_leave_room_for_what_was_captured() -> None:
    axis = axis_of([(n * 1000, n * 1000 + 1) for n in range(100)])
    assert axis is not None
    assert sum(gap.width for gap in axis.gaps) == pytest.approx(30)


def test_a_single_moment_has_a_place() -> None:
    axis = axis_of([(7, 7)])
    assert axis is not None
    assert 0 <= axis.place(7) <= 100


def test_nothing_captured_is_no_axis() -> None:
    assert axis_of([]) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted), min_size=1))
def test_places_never_fall_as_time_goes_on(intervals: list[list[int]]) -> None:
    axis = axis_of((begin, end) for begin, end in intervals)
    assert axis is not None
    times = sorted({time for interval in intervals for time in interval})
    places = [axis.place(time) for time in times]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100


def test_a_duration_has_two_units_at_most() -> None:
    seconds = (0.25, 3, 75, 3600, 12_000, 90_000)
    told = ["0.250 s", "3 s", "1 min 15 s", "1 h", "3 h 20 min", "1 d 1 h"]
    assert [duration(int(second * 10**9)) for second in seconds] == told


def rows_of(report: Report) -> dict[str, Element]:
    drawn = read(timeline(report, relations_of(report)))
    return {row.all("th")[0].text: row for row in drawn.all("tr") if row.all("th")}


def test_a_change_is_a_mark_between_two_bars_and_refusals_are_ticks() -> None:
    row = rows_of(MIXED)["192.168.50.7"]
    bars = [
        (bar.classes[0], bar.attributes["x"]) for bar in row.all("rect") if bar.classes != ["tick"]
    ]
    assert [look for look, _ in bars] == ["gap", "old", "new", "new"]
    (mark,) = row.all("circle", "change")
    assert mark.attributes["cx"] == bars[2][1]
    assert len(row.all("rect", "tick")) == 2
    assert row.all("svg")[0].attributes["aria-label"] == (
        "draft-00 2013-02-20 10:14:07 to 10:15:47 UTC;"
        " RFC 7637 2013-02-20 10:16:47 to 10:19:07 UTC;"
        " RFC 7637 2013-02-20 13:14:07 to 13:15:07 UTC; refused at 2 moments at least"
    )


def test_a_shortened_gap_is_told() -> None:
    drawn = read(timeline(MIXED, relations_of(MIXED)))
    assert (
        "Shortened, as nothing was captured: 2 h 55 min from 2013-02-20 10:19:07 UTC." in drawn.text
    )


def test_at_most_60_bars_are_drawn() -> None:
    drawn = read(timeline(fabric(100, 200, 10), relations_of(fabric(100, 200, 10))))
    assert len(drawn.all("th")) == 60
    assert "And 40 hosts more." in drawn.text


def test_without_times_there_is_no_timeline() -> None:
    captures = tuple(c._replace(first_time_ns=None, last_time_ns=None) for c in MIXED.captures)
    hosts = tuple(host._replace(spans=()) for host in MIXED.hosts)
    report = MIXED._replace(captures=captures, hosts=hosts)
    assert timeline(report, relations_of(report)) == Html("")
