"""Properties 7 and 12: a change of layout needs a silence and two packets on each side; advice
follows the last span.
"""

import pytest

from tests import build
from tests.proof.asking import Answer, ask
from tests.proof.changing import Capture
from tests.proof.fabric import NOON, SECOND
from tests.proof.generator import make_world
from tests.proof.story import G1, G2, G3, G4, A, B, Story

OLD_KEY, NEW_KEY = 0x00012345, 0x01234500
"""Of id 0x12345, which each of the two can be of one layout only, by its value."""
SHARED = 5001
"""An id that both layouts can write."""
OLD, NEW = "draft-00", "rfc7637"
INSTALL = "install kb2779768"


def told(*parts: tuple[int, int] | float, by: str = A) -> Story:
    """(key, frames) sent, and seconds of silence between."""
    story = Story()
    for part in parts:
        if isinstance(part, tuple):
            story.send(by, B, part[0], count=part[1])
        else:
            story.wait(part)
    return story


def changes(answer: Answer) -> list[tuple[str, str, int]]:
    return [(c["from"], c["to"], c["frame"]) for c in answer.host(A)["changes"]]


# --- 7: change ------------------------------------------------------------------------


def test_a_change_over_a_silence_is_proven() -> None:
    answer = ask(told((OLD_KEY, 3), 21, (NEW_KEY, 3)).frames)
    assert answer.hosts[A] == (NEW, "proven")
    assert changes(answer) == [(OLD, NEW, 4)]
    host = answer.host(A)
    assert (host["proven_from"]["frame"], host["proven_to"]["frame"]) == (4, 6)


def test_a_change_without_a_silence_is_not_proven() -> None:
    answer = ask(told((OLD_KEY, 3), 19, (NEW_KEY, 3)).frames)
    assert answer.hosts[A][1] != "proven"


def test_a_file_given_twice_hides_no_change_without_a_silence() -> None:
    """One tenant in one layout and then in the other: an address that moved to another host."""
    story = Story()
    story.send(A, B, 0x12345600, count=9)
    story.send(A, B, 0x00123456, count=9)
    once, twice = ask(story.frames), ask(story.frames, story.frames)
    assert once.hosts[A] == twice.hosts[A] == (OLD, "likely")
    assert changes(once) == changes(twice) == [(NEW, OLD, 10)]


@pytest.mark.parametrize(("before", "after"), [(1, 5), (5, 1)])
def test_a_change_needs_two_packets_on_each_side(before: int, after: int) -> None:
    answer = ask(told((OLD_KEY, before), 60, (NEW_KEY, after)).frames)
    assert changes(answer) == []


@pytest.mark.parametrize(("before", "after"), [(1, 5), (5, 1), (1, 1)])
def test_one_frame_without_a_silence_is_not_even_likely_a_change(before: int, after: int) -> None:
    """The same id in both layouts, of other guests: draft-00 throughout explains it as well."""
    story = told((0x00001234, before))
    story.send(A, B, 0x00123400, G3, G4, count=after)
    answer = ask(story.frames)
    assert (answer.hosts[A][0], changes(answer)) == (OLD, [])


def test_a_change_from_a_layout_that_is_only_likely_is_not_proven() -> None:
    """Two tenants, 0xF697 and 0xF69701, of a host that is old throughout; every packet is heard in
    a silence.
    """
    story = Story()
    for key, one, two in ((0xF69701, G3, G4), (0xF697, G1, G2), (0xF697, G1, G2)):
        story.send(A, B, key, one, two)
        story.wait(60)
    story.send(A, B, 0xF697, count=3)
    answer = ask(story.frames)
    assert answer.hosts[A] == (OLD, "proven")
    told = [f["confidence"] for f in answer.report["findings"] if f["code"] == "NVG202"]
    assert "proven" not in told


def test_any_number_of_changes_in_one_capture() -> None:
    answer = ask(told((OLD_KEY, 3), 60, (NEW_KEY, 3), 60, (OLD_KEY, 3), 60, (NEW_KEY, 3)).frames)
    assert changes(answer) == [(OLD, NEW, 4), (NEW, OLD, 7), (OLD, NEW, 10)]
    assert answer.hosts[A] == (NEW, "proven")


def test_a_clock_that_was_set_back_does_not_change_the_order() -> None:
    answer = ask(told((OLD_KEY, 3), -3600, (NEW_KEY, 3)).frames)
    assert answer.hosts[A] == (NEW, "proven")
    assert changes(answer) == [(OLD, NEW, 4)]


def hour_apart(frames: Capture) -> Capture:
    return [(at + 3600 * 10**9, data, wire) for at, data, wire in frames]  # type: ignore[misc]


def test_the_same_packets_tie_the_clocks_of_two_captures() -> None:
    frames = told((OLD_KEY, 3), 60, (NEW_KEY, 3)).frames
    answer = ask(frames, hour_apart(frames))
    assert answer.hosts[A] == (NEW, "proven")
    assert [change[:2] for change in changes(answer)] == [(OLD, NEW)]


def test_across_captures_without_common_packets_the_order_is_not_known() -> None:
    story = told((OLD_KEY, 3), 60, (NEW_KEY, 3))
    answer = ask(story.frames[:3], story.frames[3:])
    assert answer.hosts[A][1] != "proven"
    assert answer.hosts[A][0] != "both"


def an_hour_each(olds: int, news: int) -> list[Capture]:
    """Captures of an hour each with three packets each way: host 1 is old in the first ones."""
    captures = []
    story = Story()
    for n in range(olds + news):
        story.frames = []
        story.send(A, B, SHARED if n < olds else SHARED << 8 | 0x33, count=3)
        story.send(B, A, SHARED << 8 | 0x47, G2, G1, count=3)
        captures.append(story.frames)
        story.wait(3600)
    return captures


@pytest.mark.parametrize("half", [2, 33, 80])
def test_captures_that_tell_different_layouts_are_not_healthy(half: int) -> None:
    answer = ask(*an_hour_each(half, half))
    assert answer.verdict == "warnings"
    assert (answer.hosts[A], answer.hosts[B]) == ((NEW, "likely"), (NEW, "proven"))
    (finding,) = answer.report["findings"]
    assert (finding["code"], finding["confidence"]) == ("NVG202", "likely")
    assert finding["message"] == (
        f"{A} probably changed its layout: it speaks draft-00 in {half} captures and RFC 7637 in"
        f" {half} captures. Nothing in them tells which came first."
    )


def test_each_of_such_captures_is_read_by_the_layout_of_its_time() -> None:
    answer = ask(*an_hour_each(2, 2))
    (segment,) = answer.host(A)["segments"]
    assert (segment["id"], segment["frames"]) == (SHARED, 12)


def over_ipv6(*frames: tuple[float, str, int, bytes]) -> Capture:
    """(seconds after noon, who sends it to fd00::9, key, what a guest of 1 sends)."""
    story = Story()
    for second, source, key, inner in frames:
        story.now_ns = NOON + int(second * SECOND)
        story.put(build.nvgre(source, "fd00::9", key, inner))
    return story.frames


def test_a_request_that_comes_again_over_ipv6_ties_no_clocks() -> None:
    """Nothing numbers it: host 2 asked at noon, and again 500 seconds later.  Were that one packet,
    the second capture would have come first, and host 1 would be old.
    """
    asked = build.inner_frame(G3.mac, "ff:ff:ff:ff:ff:ff", build.arp(G3.mac, G3.ip, G4.ip))
    pings = [
        build.inner_frame(G1.mac, G2.mac, build.ipv4(G1.ip, G2.ip, 1, build.echo(), ident=n))
        for n in range(1, 7)
    ]
    old = [(200 + n, "fd00::1", OLD_KEY, ping) for n, ping in enumerate(pings[:3])]
    new = [(300 + n, "fd00::1", NEW_KEY, ping) for n, ping in enumerate(pings[3:])]
    answer = ask(
        over_ipv6((0, "fd00::2", NEW_KEY, asked), *old),
        over_ipv6(*new, (500, "fd00::2", NEW_KEY, asked)),
    )
    assert answer.hosts["fd00::1"] == (NEW, "likely")
    assert INSTALL not in advice(answer)


def test_a_request_that_comes_again_over_ipv6_does_not_put_captures_in_order() -> None:
    """Host 1 asked the same before it changed and after it changed back, in another capture."""
    asked = build.inner_frame(G1.mac, "ff:ff:ff:ff:ff:ff", build.arp(G1.mac, G1.ip, G2.ip))
    pings = [
        build.inner_frame(G1.mac, G2.mac, build.ipv4(G1.ip, G2.ip, 1, build.echo(), ident=n))
        for n in range(1, 10)
    ]
    sent = [(float(n % 3 + n // 3 * 100), n) for n in range(9)]
    keys = (OLD_KEY, NEW_KEY, OLD_KEY)
    told = [(at, "fd00::1", keys[n // 3], pings[n]) for at, n in sent]
    first = over_ipv6((0.5, "fd00::1", OLD_KEY, asked), *told[:6])
    second = over_ipv6((199.5, "fd00::1", OLD_KEY, asked), *told[6:])
    answer = ask(first, second)
    assert answer.hosts["fd00::1"][1] == "likely"


def test_captures_of_unknown_order_that_end_alike_do_not_hide_what_one_of_them_sent_last() -> None:
    """The second ends in a key of the new layout that two packets do not prove, after a silence."""
    first = told((OLD_KEY + 1, 3)).frames
    second = told((OLD_KEY, 3), 60, (NEW_KEY, 1)).frames
    answer = ask(first, hour_apart(second))
    assert answer.hosts[A] == (OLD, "likely")
    assert INSTALL not in advice(answer)


def test_a_host_that_is_old_before_and_after_a_silence_is_old_between() -> None:
    """Of other guests only a key is heard that fits both layouts."""
    story = told((OLD_KEY, 3), 60)
    story.send(A, B, 0x00123400, G3, G4, count=3)
    story.wait(60)
    story.send(A, B, OLD_KEY, count=3)
    answer = ask(story.frames)
    assert answer.hosts[A] == (OLD, "proven")
    assert NEW not in [span["layout"] for span in answer.host(A)["spans"]]


def test_what_was_proven_before_a_silence_is_not_proven_after_it() -> None:
    story = told((OLD_KEY, 3), 3600)
    story.send(A, B, 0x00123442, G3, G4, count=3)  # fits both layouts
    answer = ask(story.frames)
    assert answer.host(A)["proven_to"]["frame"] == 3
    assert any("known up to frame 3;" in f["message"] for f in answer.report["findings"])


def test_two_machines_with_one_address_are_both() -> None:
    story = Story()
    for _ in range(15):
        story.send(A, B, OLD_KEY)
        story.send(A, B, NEW_KEY, G2, G1)
    answer = ask(story.frames)
    assert answer.hosts[A] == ("both", "proven")
    assert "NVG203" in answer.codes()


# --- 12: advice follows the last span ----------------------------------------------------


def advice(answer: Answer) -> str:
    return " ".join(f["next_step"] or "" for f in answer.report["findings"]).lower()


def test_a_host_that_was_updated_is_not_told_to_update() -> None:
    answer = ask(told((OLD_KEY, 5), 90, (NEW_KEY, 5)).frames)
    assert INSTALL not in advice(answer)
    assert "NVG201" not in answer.codes()
    assert answer.verdict != "old-layout"


def test_a_host_that_came_back_old_is_told_to_update() -> None:
    answer = ask(told((NEW_KEY, 5), 90, (OLD_KEY, 5)).frames)
    assert answer.hosts[A] == (OLD, "proven")
    assert INSTALL in advice(answer)


@pytest.mark.parametrize("restarts", ["update", "waves"])
def test_updated_hosts_of_worlds_are_not_told_to_update(restarts: str) -> None:
    """Once their last frames are proven to be of the later layout."""
    for seed in range(73_000, 73_006):
        world = make_world(seed, restarts=restarts, layouts="new", failover="no")
        answer = ask(*world.captures())
        updated = {a for a, host in world.truth.hosts.items() if host.last == NEW}
        for finding in answer.report["findings"]:
            if finding["code"] == "NVG201" and finding["confidence"] == "proven":
                assert not updated & set(map(str, finding["subject"].values())), seed


@pytest.mark.parametrize(
    ("seconds", "causes"),
    [(5, {"layout-mismatch": 4}), (300, {"layout-mismatch": 1, "unknown": 3})],
)
def test_that_each_end_refuses_the_other_tells_the_cause_of_that_time_only(
    seconds: int, causes: dict[str, int]
) -> None:
    """Host 1 was silent then, and may have restarted: later it is up to date."""
    story = Story()
    for _ in range(3):
        story.error(B, A, story.send(A, B, OLD_KEY))
    story.error(A, B, story.send(B, A, NEW_KEY, G2, G1))
    story.wait(seconds)
    for _ in range(3):
        story.error(A, B, story.send(B, A, NEW_KEY, G2, G1))
    story.wait(600)
    story.send(A, B, NEW_KEY, count=3)
    told = ask(story.frames).report["refusals"]
    assert {r["cause"]: r["count"] for r in told if r["source"] == A} == {"layout-mismatch": 3}
    assert {r["cause"]: r["count"] for r in told if r["source"] == B} == causes
