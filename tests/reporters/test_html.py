"""The HTML report: what is on the page, how it is made safe, how large it is."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import render
from nvgre_doctor.terminal.display import Display
from tests.browser.pages import REPORTS
from tests.hostile.payloads import FILE_NAMES
from tests.html_page import Element, read, unpacked
from tests.large_reports import fabric
from tests.page_reports import MIXED
from tests.program import MISMATCH, SAMPLES, VERDICT, run
from tests.reports import EVERY, NO_NVGRE

HOSTILE = REPORTS["hostile"]
FEW, MANY = fabric(16, 120, 115), fabric(300, 900, 400)


def page_of(report: Report) -> Element:
    return read(render(report, Display()))


def words(element: Element) -> str:
    return " ".join(element.text.split())


# --- the whole page ----------------------------------------------------------


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(fabric(60, 200, 100), Display()) == render(fabric(60, 200, 100), Display())


def test_a_page_is_ascii_and_says_nothing_of_when_it_was_made() -> None:
    page = render(FEW, Display())
    assert page.isascii()
    assert set(re.findall(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", page)) == {"2013-02-20"}


def test_the_policy_allows_this_style_and_these_scripts_and_nothing_else() -> None:
    page = page_of(MANY)
    (policy,) = [
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = page.all("style")
    scripts = [script for script in page.all("script") if "type" not in script.attributes]
    assert len(scripts) == 4
    assert policy == (
        f"default-src 'none'; style-src {digest(style)};"
        f" script-src {' '.join(map(digest, scripts))};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def digest(element: Element) -> str:
    hashed = base64.b64encode(hashlib.sha256(element.raw.encode()).digest()).decode()
    return f"'sha256-{hashed}'"


def test_nothing_on_the_page_leads_out_of_it() -> None:
    for report in (FEW, MANY):
        for element in page_of(report).every():
            assert element.attributes.keys().isdisjoint({"style", "src", "onclick", "onload"})
            target = element.attributes.get("href")
            assert target is None or target.startswith(("#", "data:image/svg+xml,"))


def test_a_link_leads_to_something_on_the_page_or_to_a_packed_host() -> None:
    page = page_of(MANY)
    packed = {f"host-{row[0]}" for row in unpacked(page, "hosts")}
    targets = {link.attributes["href"] for link in page.all("a")}
    assert {str(target)[1:] for target in targets if not page.has_id(str(target)[1:])} <= packed


def test_title_and_icon_tell_the_verdict() -> None:
    page = page_of(FEW)
    assert page.all("title")[0].raw == "\u2716 MISMATCH - nvgre-doctor"
    assert "fill='%23b0101a'" in str(page.all("link")[0].attributes["href"])


def test_a_script_that_unpacks_or_filters_is_there_only_where_there_is_something_for_it() -> None:
    begins = {"page": "const page=", "rows": "const packedRows=", "lists": "class List{"}
    pages = {
        "one": run(MISMATCH, "-f", "html").stdout.decode(),
        "a few": render(fabric(9, 20, 10), Display()),
        "many": render(MANY, Display()),
    }
    there = {
        name: [word for word, begin in begins.items() if begin in page]
        for name, page in pages.items()
    }
    assert there == {
        "one": ["page"],
        "a few": ["page", "lists"],
        "many": ["page", "rows", "lists"],
    }


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.pcap*")))
def test_a_page_of_a_sample_has_at_most_40_kb(sample: str) -> None:
    page = run(str(SAMPLES / sample), "-f", "html").stdout
    assert len(page) <= 40_000
    read(page.decode())


def test_a_page_of_1000_hosts_has_at_most_300_kb() -> None:
    assert len(render(fabric(1000, 5000, 600), Display())) <= 300_000


@pytest.mark.long
def test_a_page_of_10000_hosts_and_100000_findings_has_at_most_2_mb() -> None:
    assert len(render(fabric(10_000, 60_000, 100_000), Display())) <= 2_000_000


def test_the_suffix_of_a_file_asks_for_html(tmp_path: Path) -> None:
    names = ["report.html", "REPORT.HTM"]
    for name in names:
        done = run(MISMATCH, "-o", name, cwd=tmp_path)
        assert (done.returncode, done.stdout.splitlines()) == (1, VERDICT.splitlines())
    pages = {(tmp_path / name).read_text("ascii") for name in names}
    assert [page[:16] for page in pages] == ["<!DOCTYPE html>\n"]


def test_convert_makes_the_same_page_from_json(tmp_path: Path) -> None:
    run(MISMATCH, "-o", "report.html", "-o", "report.json", cwd=tmp_path)
    assert run("convert", "report.json", "-o", "again.html", cwd=tmp_path).returncode == 1
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "report.html").read_bytes()


# --- what is on it -----------------------------------------------------------


def listed(page: Element, name: str) -> list[list[str]]:
    """All rows of a table, on the page and packed: the texts of their cells."""
    rows = [
        [words(cell) for cell in row.all("td")]
        for row in page.with_id(name).all("tbody")[0].all("tr")
    ]
    return rows + unpacked(page, name)


@pytest.mark.parametrize("report", [FEW, MANY, MIXED], ids=["few", "many", "mixed"])
def test_every_host_of_the_report_is_on_the_page(report: Report) -> None:
    plain = json.loads(report.to_json())["hosts"]
    names = {"draft-00": "draft-00", "rfc7637": "RFC 7637", "both": "both", "unknown": "unknown"}
    shown = {}
    for row in listed(page_of(report), "hosts"):
        shown[row[0]] = [row[1], row[2], *(cell.replace(",", "") for cell in row[3:7])]
        del shown[row[0]][3]
    wanted = {
        host["address"]: [
            {"other": "plain GRE"}.get(
                host["sender"],
                names[host["layout"]] + ", if NVGRE" * (host["sender"] == "unclear"),
            ),
            host["confidence"].replace("none", "-"),
            str(host["margin"]),
            str(host["frames_sent"]),
            str(host["frames_received"]),
        ]
        for host in plain
    }
    assert shown == wanted


@pytest.mark.parametrize("report", [FEW, MANY, MIXED], ids=["few", "many", "mixed"])
def test_every_reason_of_a_host_is_on_the_page(report: Report) -> None:
    shown = {row[0]: row[8].replace("\x03", " ") for row in listed(page_of(report), "hosts")}
    for host in json.loads(report.to_json())["hosts"]:
        said = [item["statement"] for item in host["evidence"]]
        said += [f"frame {host[end]['frame']}" for end in ("proven_from", "proven_to") if host[end]]
        assert [statement for statement in said if statement not in shown[host["address"]]] == []


@pytest.mark.parametrize("report", [FEW, MANY, MIXED], ids=["few", "many", "mixed"])
def test_every_pair_of_the_report_is_on_the_page(report: Report) -> None:
    talks = {"mismatch": "cannot talk", "agree": "can talk", "unknown": "not known"}
    wanted = [
        [
            *pair["hosts"],
            talks[pair["verdict"]],
            pair["confidence"].replace("none", "-"),
            *map(str, pair["frames"].values()),
        ]
        for pair in json.loads(report.to_json())["pairs"]
    ]
    shown = [[cell.replace(",", "") for cell in row] for row in listed(page_of(report), "pairs")]
    assert sorted(shown) == sorted(wanted)


@pytest.mark.parametrize("report", [FEW, MANY, MIXED], ids=["few", "many", "mixed"])
def test_every_refusal_of_the_report_is_on_the_page(report: Report) -> None:
    shown = [
        [*row[:3], row[4], row[5].replace(",", ""), row[6].split(" of ")[0]]
        for row in listed(page_of(report), "refused")
    ]
    assert shown == [
        [
            refusal["source"],
            refusal["destination"],
            refusal["by"],
            refusal["key"],
            str(refusal["count"]),
            f"frame {refusal['first']['frame']}",
        ]
        for refusal in json.loads(report.to_json())["refusals"]
    ]


@pytest.mark.parametrize("report", [FEW, MANY, MIXED], ids=["few", "many", "mixed"])
def test_every_finding_of_the_report_is_on_the_page(report: Report) -> None:
    page = page_of(report)
    shown = []
    for card in page.all("article"):
        (head,) = card.all("h3")
        facts = dict(zip(map(words, card.all("dt")), map(words, card.all("dd")), strict=True))
        shown.append((*words(head).split()[:2], words(card.all("p")[0]), facts))
    for name in [e.attributes["id"] for e in page.all("details", "group")]:
        for severity, code, _, message, step, check, filters, frames in unpacked(page, name):
            display_filter = filters.rpartition("\x03")[2]  # behind the name of its capture
            facts = {"Next": step, "Check": check, "Wireshark": display_filter, "Seen in": frames}
            facts = {term: value for term, value in facts.items() if value}
            shown.append((severity.replace("info", "note"), code, message, facts))
    wanted = json.loads(report.to_json())["findings"]
    assert len(shown) == len(wanted)
    by_message = {entry[2]: entry for entry in shown}
    for finding in wanted:
        message = finding["message"]
        if finding["subject"]["kind"] == "capture":
            message = f"{report.captures[finding['subject']['capture']].path}: {message}"
        severity, code, _, facts = by_message[message]
        assert (severity, code) == (finding["severity"].replace("info", "note"), finding["code"])
        assert facts.get("Wireshark", "") == finding["display_filter"]
        numbers = set(re.findall("[0-9]+", facts.get("Seen in", "")))
        assert {str(frame["frame"]) for frame in finding["frames"]} <= numbers
        if report is not MIXED:  # there a next step is said once
            assert facts.get("Next", "") == finding["next_step"]
            assert facts.get("Check", "") == (finding["check"] or "")


def test_every_capture_is_on_the_page_the_incomplete_ones_first() -> None:
    rows = listed(page_of(MIXED), "captures")
    assert rows == [
        ["host7/after.pcapng", "cut", "pcapng gzip", "2,100", "1,900", "310,000",
         "2013-02-20 13:14:07 to 13:16:07 UTC",
         "frame 2101 is cut short at byte 310000"],
        ["host7/before.pcapng", "complete", "pcapng", "8,000", "5,120", "1,200,000",
         "2013-02-20 10:14:07 to 10:19:07 UTC", ""],
    ]  # fmt: skip


def test_a_refusal_that_was_captured_several_times_says_so() -> None:
    refusal = MIXED.refusals[0]._replace(sightings=1600)
    (row,) = listed(page_of(MIXED._replace(refusals=(refusal,))), "refused")
    assert row[3:] == [
        "ICMP 3/10 (host administratively prohibited), inside NVGRE", "0x00138900", "16",
        "frame 301 of host7/before.pcapng", "because the layouts differ; captured 1,600 times",
    ]  # fmt: skip


def test_the_verdict_names_the_old_host_and_what_to_do() -> None:
    verdict = page_of(MIXED).with_id("verdict")
    assert [words(part) for part in (verdict.all("h1") + verdict.all("p"))] == [
        "\u2716 MISMATCH",
        "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1, 192.168.50.3 and 192.168.50.4"
        " do not. They cannot talk.",
        "Next: Install KB2779768 on 192.168.50.2 and restart it.",
        "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
    ]
    assert {link.text: link.classes for link in verdict.all("a", "l")} == {
        "192.168.50.2": ["h", "l", "old"],
        "192.168.50.1": ["h", "l", "new"],
        "192.168.50.3": ["h", "l", "new"],
        "192.168.50.4": ["h", "l", "new"],
    }


def test_the_tiles_count() -> None:
    tiles = [words(tile) for tile in page_of(MIXED).all("ul", "tiles")[0].all("li")]
    assert tiles == [
        "2 errors", "2 warnings", "1 note", "9 hosts", "3 on the old layout", "3 pairs cannot talk",
        "36 refusals", "7,020 NVGRE frames", "2 captures",
    ]  # fmt: skip


def test_from_20_findings_on_those_of_a_code_share_an_explanation_and_a_count() -> None:
    groups = page_of(FEW).all("details", "group")
    assert [words(group.all("summary")[0]) for group in groups] == [
        "error NVG201 host uses the old layout 1 finding",
        "error NVG301 two hosts use different layouts 13 findings",
        "note NVG306 VM pair heard in one direction only 101 findings",
    ]
    assert ["open" in group.attributes for group in groups] == [True, True, False]
    assert "The host writes the tenant's id into the low 24 bits" in words(groups[0].all("p")[0])
    flat = page_of(fabric(16, 120, 19))
    assert flat.all("details", "group") == []
    assert len(flat.all("article")) == 19


def test_above_200_findings_only_the_first_group_is_open() -> None:
    groups = page_of(MANY).all("details", "group")
    assert ["open" in group.attributes for group in groups] == [True, False, False]


def test_at_most_60_cards_are_there_without_javascript() -> None:
    assert len(page_of(MANY).all("article")) == 60


def test_the_code_of_a_finding_leads_to_what_it_means() -> None:
    page = page_of(MIXED)
    assert page.all("a", "c")[0].attributes["href"] == "#NVG201"
    meaning = page.with_id("NVG201")
    headings = [words(heading) for heading in meaning.all("h3")]
    assert headings == ["What it means", "What it is not", "What to do"]
    assert "Windows Server 2012 did so until update KB2779768." in words(meaning)


def test_a_code_that_is_not_known_is_shown_and_leads_nowhere() -> None:
    strange = MIXED.findings[0]._replace(code="NVG999")
    page = page_of(MIXED._replace(findings=(strange,)))
    assert words(page.all("article")[0].all("h3")[0]) == "error NVG999"
    assert page.all("a", "c") == []
    assert not page.has_id("meaning")


def test_a_report_without_hosts_has_no_pictures_and_no_key() -> None:
    page = page_of(NO_NVGRE)
    nav = [words(link) for link in page.all("nav")[0].all("a")]
    assert nav == ["Findings", "Meaning", "Captures"]


@pytest.mark.parametrize("name", EVERY)
def test_every_report_makes_a_page_with_its_verdict(name: str) -> None:
    page = page_of(EVERY[name])
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1


def test_hostile_text_is_text_in_every_place_and_in_packed_rows() -> None:
    page = page_of(HOSTILE)
    names = {element.name for element in page.every()} - {""}
    assert names <= ALLOWED
    everything = page.text + "".join(
        cell
        for script in page.all("script")
        if script.attributes.get("type") == "text/plain"
        for row in unpacked(page, str(script.attributes["id"]).removesuffix("-rows"))
        for cell in row
    )
    assert [shown for _, shown in FILE_NAMES.values() if shown not in everything] == []
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", page.text)


ALLOWED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "header",
        "b",
        "nav",
        "button",
        "main",
        "section",
        "h1",
        "h2",
        "h3",
        "span",
        "p",
        "code",
        "ul",
        "li",
        "small",
        "div",
        "svg",
        "text",
        "rect",
        "path",
        "circle",
        "line",
        "g",
        "title",
        "details",
        "summary",
        "table",
        "caption",
        "tbody",
        "thead",
        "tr",
        "th",
        "td",
        "article",
        "dl",
        "dt",
        "dd",
        "em",
        "label",
        "input",
        "output",
        "script",
        "noscript",
        "footer",
    ]
)
