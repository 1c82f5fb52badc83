"""The HTML report: what is on the page, how it is made safe, how large it is."""

import base64
import hashlib
import re

import pytest

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import render
from nvgre_doctor.terminal.display import Display
from tests.html_page import Element, read, unpacked
from tests.large_reports import fabric
from tests.program import MISMATCH, SAMPLES, run

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


def test_the_suffix_of_a_file_asks_for_html(tmp_path: object) -> None:
    done = run(MISMATCH, "-o", "report.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert (tmp_path / "report.html").read_text("ascii").startswith("<!DOCTYPE html>\n")


def test_convert_makes_the_same_page_from_json(tmp_path: object) -> None:
    run(MISMATCH, "-o", "report.html", "-o", "report.json", cwd=tmp_path)
    assert run("convert", "report.json", "-o", "again.html", cwd=tmp_path).returncode == 1
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "report.html").read_bytes()
