"""Properties 2, 3 and 10: quotes and ICMP count refusals and decide nothing; frames without MACs
are no VM pair; refusals are packets, and not sightings.
"""

from random import Random

import pytest

from tests import build
from tests.proof.asking import ask
from tests.proof.changing import Capture, doubled
from tests.proof.fabric import SECOND
from tests.proof.generator import make_world
from tests.proof.story import G1, G2, ROUTER, A, B, C, Story

OLD_KEY, NEW_KEY = 0x1389, 0x138900


# --- 2: quotes and ICMP ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60_000, 60_015))
def test_a_host_that_sent_no_data_is_never_proven(seed: int) -> None:
    world = make_world(seed, refuses="inner", layouts="mixed", vantage="one-way")
    answer = ask(*world.captures())
    assert set(answer.proven()) <= set(world.truth.hosts)


@pytest.mark.parametrize("seed", range(60_100, 60_115))
def test_errors_of_strangers_decide_no_layout_and_make_no_host(seed: int) -> None:
    world = make_world(seed, is_provider_v6=False)
    captures, dice = world.captures(), Random(seed)
    if not captures:
        return
    before = ask(*captures)
    frames = [frame for capture in captures for frame in capture]
    for _ in range(10):
        at, data, *_ = dice.choice(frames)
        key = dice.choice((OLD_KEY, NEW_KEY, dice.randrange(1 << 32)))
        quote = data[14:34] + build.gre(b"", key=key)
        source = ".".join(map(str, data[26:30]))
        packet = build.ipv4(
            ROUTER, source, 1, build.icmp(3, 10, quote), ident=dice.randrange(65536)
        )
        added = build.ethernet(packet)
        captures[0] = sorted([*captures[0], (at, added, len(added))], key=lambda frame: frame[0])
    if not world.style.is_clock_set_back:
        assert ask(*captures).hosts == before.hosts


def test_a_guests_own_error_refuses_nothing_and_makes_no_host_whatever_it_quotes() -> None:
    story = Story()
    sent = story.send(A, B, NEW_KEY, G1, G2, count=3)
    story.send(B, A, NEW_KEY, G2, G1, count=3)
    before = ask(story.frames)
    for quote in (
        sent,
        sent[:20] + build.gre(b"", key=OLD_KEY),
        sent[:12] + build.ip(C) + sent[16:],
    ):
        story.unreachable(B, A, NEW_KEY, quote[:64], (G2.mac, G1.mac), (G2.ip, G1.ip))
    after = ask(story.frames)
    assert after.report["refusals"] == []
    assert after.report["summary"]["other_icmp_3_10"] == 3
    assert after.hosts == before.hosts


def test_an_error_from_a_third_address_is_named_as_coming_from_there() -> None:
    story = Story()
    for _ in range(3):
        story.error(ROUTER, A, story.send(A, B, NEW_KEY))
    answer = ask(story.frames)
    (refusal,) = answer.report["refusals"]
    assert (refusal["by"], refusal["cause"], refusal["count"]) == (ROUTER, "third-party", 3)
    assert ROUTER in answer.report["headline"]
    assert any(ROUTER in finding["next_step"] for finding in answer.report["findings"])


@pytest.mark.parametrize("control", [0xFFFFFF00, 0xFFFFFF])
def test_captures_of_refusals_alone_are_a_likely_mismatch(control: int) -> None:
    story = Story()
    for _ in range(3):
        for by, to, key in ((B, A, OLD_KEY), (A, B, NEW_KEY)):
            inner = build.inner_frame(G1.mac, G2.mac, build.ipv4(G1.ip, G2.ip, 1, build.echo()))
            quote = build.nvgre(to, by, key, inner)
            story.unreachable(by, to, control, quote[:64])
    answer = ask(story.frames)
    assert answer.verdict == "mismatch"
    assert answer.proven() == {}
    (finding,) = [f for f in answer.report["findings"] if f["code"] == "NVG301"]
    assert (finding["severity"], finding["confidence"]) == ("warning", "likely")


# --- 3: streams without MACs --------------------------------------------------------


@pytest.mark.parametrize("length", [42, 48, 54, 55])
def test_frames_cut_before_their_inner_ethertype_prove_nothing(length: int) -> None:
    story = Story()
    story.send(A, B, OLD_KEY, count=5)
    story.send(B, A, 0x13890000, count=5)
    assert ask(story.frames).proven() == {A: "draft-00", B: "rfc7637"}
    assert ask(story.cut(length)).proven() == {}


@pytest.mark.parametrize("length", [42, 50])
def test_cut_copies_of_packets_add_no_vm_pair(length: int) -> None:
    story = Story()
    story.send(A, B, 0x00138942, count=4)
    whole = ask(story.frames)
    assert whole.hosts[A] == ("unknown", "none")
    assert ask(story.frames, story.cut(length)).hosts == whole.hosts


def test_an_address_heard_in_one_stray_frame_is_no_proven_host() -> None:
    story = Story()
    story.send(A, B, OLD_KEY, count=5)
    story.send(C, B, 0x13890000)
    assert C not in ask(story.frames).proven()


# --- 10: refusals are packets -------------------------------------------------------


def refused() -> Story:
    story = Story()
    for _ in range(4):
        sent = story.send(A, B, OLD_KEY)
        story.unreachable(B, A, 0xFFFFFF00, sent[:64])
        sent = story.send(B, A, NEW_KEY)
        story.error(A, B, sent)
    return story


def counted(*captures: Capture) -> list[tuple[object, ...]]:
    return [
        (row["source"], row["carried"], row["count"], row["sightings"])
        for row in ask(*captures).report["refusals"]
    ]


def test_of_many_refusals_in_two_captures_those_that_both_hold_count_once() -> None:
    """200, of which both captures hold 50: too many for all of them to be kept.  That the sender
    counts its packets must not make the first of them stand for all: what is estimated from those
    that one capture holds alone is 250.
    """
    story = Story()
    sent = story.send(A, B, NEW_KEY)
    story.frames.clear()
    for _ in range(200):
        story.error(B, A, sent)
    (refusal,) = ask(story.frames[:150], story.frames[100:]).report["refusals"]
    assert refusal["sightings"] == 250
    assert 185 <= refusal["count"] <= 215


def test_one_refusal_is_one_packet() -> None:
    assert sorted(counted(refused().frames)) == [(A, "inner", 4, 4), (B, "outer", 4, 4)]


def test_a_refusal_captured_at_two_points_counts_once() -> None:
    frames = refused().frames
    for index in reversed(range(len(frames))):
        frames = doubled(frames, index)
    assert sorted(counted(frames)) == [(A, "inner", 4, 8), (B, "outer", 4, 8)]


def test_a_file_given_twice_counts_once() -> None:
    frames = refused().frames
    assert sorted(counted(frames, frames)) == [(A, "inner", 4, 8), (B, "outer", 4, 8)]


def test_what_another_capture_holds_is_put_in_its_time_by_the_packets_that_both_hold() -> None:
    """B went back to draft-00.  What it sent last is in the second capture alone, whose clock is an
    hour behind: by that, it would come before the refusal.
    """
    story, old, new = Story(), 0x00012345, 0x01234500
    story.send(A, B, old, count=3)
    story.send(B, A, new, G2, G1, count=3)
    story.wait(10)
    story.error(B, A, story.send(A, B, old))
    first = len(story.frames)
    story.wait(60)
    story.send(B, A, old, G2, G1, count=3)
    both = len(story.frames)
    story.wait(60)
    story.send(B, A, old, G2, G1, count=3)
    behind: Capture = [(at - 3600 * SECOND, *rest) for at, *rest in story.frames[first:]]  # type: ignore[misc]
    answer = ask(story.frames[:both], behind)
    assert [r["cause"] for r in answer.report["refusals"]] == ["layout-mismatch"]


def test_a_quoted_key_that_its_sender_cannot_have_written_then_explains_nothing() -> None:
    """Both speak draft-00 when B refuses a key with a top octet that is not 0."""
    story = Story()
    story.send(A, B, 0x00012345, count=3)
    sent = story.send(A, B, 0x01234500)
    story.frames.pop()
    story.send(B, A, 0x00012345, G2, G1, count=3)
    story.error(B, A, sent)
    story.send(A, B, 0x00012345, count=3)
    (refusal,) = ask(story.frames).report["refusals"]
    assert refusal["cause"] == "unknown"


def test_the_cause_of_each_refusal_is_that_of_its_own_time() -> None:
    """Six because of layouts, an update, then six for policy: two rows."""
    story = Story()
    for key, pause in ((OLD_KEY, 60), (NEW_KEY, 0)):
        for _ in range(6):
            story.send(B, A, NEW_KEY)
            sent = story.send(A, B, key)
            story.unreachable(B, A, 0xFFFFFF00, sent[:64])
        story.send(A, B, key, count=3)
        story.wait(pause)
    rows = [(r["source"], r["cause"], r["count"]) for r in ask(story.frames).report["refusals"]]
    assert sorted(rows) == [(A, "layout-mismatch", 6), (A, "policy", 6)]
