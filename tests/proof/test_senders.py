"""Properties 8, 9 and 11: what an inventory proves, who is no Hyper-V host, and what health is."""

from pathlib import Path

import pytest

from tests.proof.asking import ask
from tests.proof.generator import make_world
from tests.proof.story import G1, G2, ROUTER, A, B, Story
from tests.proof.truth import NO_NVGRE

AMBIGUOUS = 0x00138900
"""VSID 5001 under RFC 7637, TNI 1280256 under draft-00."""
CMDLETS = ("Get-NetVirtualization", "Get-HotFix", "KB2779768")


# --- 8: inventory -----------------------------------------------------------------------


def ambiguous() -> Story:
    story = Story()
    story.send(A, B, AMBIGUOUS, count=6)
    return story


def test_a_list_of_some_vsids_supports_a_layout() -> None:
    assert ask(ambiguous().frames, vsids=[5001]).hosts[A] == ("rfc7637", "likely")
    assert ask(ambiguous().frames, vsids=[1280256]).hosts[A] == ("draft-00", "likely")


def test_a_complete_list_of_vsids_proves_a_layout() -> None:
    answer = ask(ambiguous().frames, vsids=[5001], vsid_complete=True)
    assert answer.hosts[A] == ("rfc7637", "proven")


@pytest.mark.parametrize(("vsid", "layout"), [(5001, "rfc7637"), (1280256, "draft-00")])
def test_a_record_with_the_mac_proves_a_layout(vsid: int, layout: str, tmp_path: Path) -> None:
    table = tmp_path / "records.csv"
    mac = G1.mac.replace(":", "").upper()
    table.write_text(
        f"CustomerAddress,ProviderAddress,MACAddress,VirtualSubnetID\n{G1.ip},{A},{mac},{vsid}\n",
        "ascii",
    )
    assert ask(ambiguous().frames, inventory=str(table)).hosts[A] == (layout, "proven")


# --- 9: senders that are not HNV -----------------------------------------------------------


def plain(keys: tuple[int, ...], ttl: int = 64) -> Story:
    story = Story(ttl=ttl)
    for key in keys:
        for _ in range(4):
            story.send(A, B, key, G1, G2)
            story.send(B, A, key, G2, G1)
    return story


@pytest.mark.parametrize("key", [2, 5001, 70000])
@pytest.mark.parametrize("ttl", [64, 62, 255])
def test_the_same_small_key_both_ways_of_no_windows_is_no_error(key: int, ttl: int) -> None:
    """Also where the guests live on Hyper-V."""
    answer = ask(plain((key,), ttl).frames)
    for address in (A, B):
        assert answer.host(address)["sender"] != "hyper-v"
        assert answer.hosts[address] != ("draft-00", "proven")
    assert answer.report["summary"]["errors"] == 0


def test_a_sender_of_keys_over_the_whole_range_changes_no_layout() -> None:
    answer = ask(plain((5001, 70000, 0x02000001, 900000000)).frames)
    assert not {"NVG202", "NVG203"} & answer.codes()
    assert answer.proven() == {}


def test_a_sender_that_looks_like_windows_is_hyper_v() -> None:
    story = Story()
    for _ in range(4):
        story.send(A, B, 0x1389, G1, G2)
        story.send(B, A, 0x138900, G2, G1)
    answer = ask(story.frames)
    assert [answer.host(address)["sender"] for address in (A, B)] == ["hyper-v", "hyper-v"]
    assert answer.hosts == {A: ("draft-00", "proven"), B: ("rfc7637", "proven")}


@pytest.mark.parametrize("others", ["open-vswitch", "neutron", "openbsd", "egre", "switch"])
def test_senders_that_are_not_hnv_are_never_blamed(others: str) -> None:
    for seed in range(74_000, 74_005):
        world = make_world(seed, others=others, vantage="span", loss=0.0)
        answer = ask(*world.captures())
        foreign = {a for a, host in world.truth.hosts.items() if host.kind == others}
        for address in foreign:
            assert answer.hosts[address] != ("draft-00", "proven"), (seed, address)
            assert answer.host(address)["sender"] != "hyper-v", (seed, address)
        for finding in answer.report["findings"]:
            if finding["code"] in ("NVG201", "NVG202", "NVG203", "NVG205", "NVG301"):
                blamed = foreign & set(map(str, finding["subject"].values()))
                assert not blamed or finding["severity"] != "error", (seed, finding)


def test_next_steps_fit_the_sender() -> None:
    story = Story(ttl=64)
    for _ in range(4):
        sent = story.send(A, B, 5001)
        story.error(B, A, sent)
    answer = ask(story.frames)
    steps = " ".join(finding["next_step"] or "" for finding in answer.report["findings"])
    assert "47" in steps
    assert not any(cmdlet in steps for cmdlet in CMDLETS)


# --- 11: silence is not health --------------------------------------------------------------


def test_hosts_of_which_nothing_is_known_are_not_healthy() -> None:
    story = Story()
    story.send(A, B, 0x00138942, count=4)
    assert ask(story.frames).verdict == "undecided"


def test_an_error_that_may_refuse_nvgre_but_is_cut_is_not_health() -> None:
    story = Story()
    story.send(A, B, 0x13890000, count=4)
    sent = story.send(B, A, 0x13890000, G2, G1, count=4)
    assert ask(story.frames).verdict == "healthy"
    story.error(A, B, sent)
    story.frames[-1] = (story.frames[-1][0], story.frames[-1][1][:48], 70)
    answer = ask(story.frames)
    assert answer.verdict == "undecided"
    assert answer.report["headline"] == (
        f"{A} sends ICMP errors to {B} that may refuse NVGRE, but they were captured too short to"
        " tell. Capture whole frames."
    )


def test_a_cut_error_between_others_is_no_doubt() -> None:
    story = Story()
    story.send(A, B, 0x13890000, count=4)
    sent = story.send(B, A, 0x13890000, G2, G1, count=4)
    story.error(ROUTER, A, sent)
    story.frames[-1] = (story.frames[-1][0], story.frames[-1][1][:48], 70)
    assert ask(story.frames).verdict == "healthy"


@pytest.mark.parametrize("seed", range(75_000, 75_020))
def test_healthy_worlds_have_hosts_that_are_known(seed: int) -> None:
    world = make_world(seed, layouts="new", refuses="no", restarts="no")
    answer = ask(*world.captures())
    if answer.verdict == "healthy":
        senders = [h for h in answer.report["hosts"] if h["frames_sent"]]
        assert all(host["layout"] != "unknown" for host in senders)
        is_sure = all(host["confidence"] == "proven" for host in senders)
        assert is_sure or "probably" in answer.report["headline"]
        assert not world.truth.refusals


@pytest.mark.parametrize("seed", range(75_100, 75_115))
def test_sick_worlds_are_not_healthy(seed: int) -> None:
    """Refusals were captured, or two hosts that exchange NVGRE differ."""
    world = make_world(seed, layouts="mixed", refuses="outer", snap=0)
    answer = ask(*world.captures())
    if any(row.surely for row in world.truth.refusals):
        assert answer.verdict != "healthy"
    plain_hosts = {a for a, host in world.truth.hosts.items() if host.last == NO_NVGRE}
    assert not plain_hosts & set(answer.proven())
