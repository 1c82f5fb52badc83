"""The HTML report in real browsers: accessible, silent, harmless, and able to do what it offers."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from nvgre_doctor.keycard import KeyTextError, parse_key, remark, said_of
from nvgre_doctor.reporters.html import page_files, render, render_each, row_tables
from nvgre_doctor.reporters.html.packed_rows import packed
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.wire import layouts
from tests.browser.browsers import PROGRAMS, Told, Visit, visit
from tests.browser.pages import PAYLOADS, REPORTS, filtered, write_pages
from tests.fuzz import packing
from tests.fuzz.mutate import mutate
from tests.html_page import read, unpacked
from tests.large_reports import fabric

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("browser")]

OPEN_ALL = {"run": "document.querySelectorAll('details').forEach(d => { d.open = true; })"}
SETTLE = {"run": "new Promise(done => setTimeout(done, 300))"}
SHOW_ALL = {
    "run": """(async () => {
        for (let round = 0; round < 600; round++) {
            const more = [...document.querySelectorAll("button")]
                .filter(b => b.textContent === "Show more" && !b.hidden);
            if (!more.length) return round;
            more.forEach(b => b.click());
            await new Promise(done => setTimeout(done, 50));
        }
        return "never";
    })()"""
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_pages(tmp_path_factory.mktemp("pages"))


def run(page: Path, *steps: dict[str, Any], browser: str = "chromium", **more: Any) -> Told:
    (told,) = visit(Visit(page, list(steps), **more), browser=browser)
    return told


# --- accessible --------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_any_page(pages: dict[str, Path], dark: bool) -> None:
    """A dark page differs in its colors, and in nothing else."""
    axe = {"axe": "colors" if dark else True}
    visits = [Visit(page, [OPEN_ALL, axe], dark) for page in pages.values()]
    found = {name: told.results[1] for name, told in zip(pages, visit(*visits), strict=True)}
    assert found == {name: [] for name in pages}


def test_axe_finds_nothing_in_a_page_as_it_comes_and_when_its_rows_are_unpacked(
    pages: dict[str, Path],
) -> None:
    told = run(pages["lab"], {"axe": True}, SHOW_ALL, {"axe": True})
    assert (told.results[0], told.results[2]) == ([], [])


def test_axe_finds_nothing_on_a_phone_in_print_and_with_forced_colors(
    pages: dict[str, Path],
) -> None:
    axe = {"axe": True}
    phone = Visit(pages["mixed"], [axe], width=360, height=740)
    printed = Visit(pages["mixed"], [{"medium": "print"}, axe], dark=True)
    forced = Visit(pages["lab"], [{"media": {"forced-colors": "active"}}, axe])
    assert [told.results[-1] for told in visit(phone, printed, forced)] == [[], [], []]


def test_an_index_is_accessible_breaks_no_verdict_and_fits_a_phone(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    reports = [REPORTS[name] for name in ("mismatch", "healthy", "no-nvgre", "hostile")]
    page.write_text(render_each(reports, Display()), "ascii")
    lines = {
        "run": "[...document.querySelectorAll('td.word b')].map(b => b.getClientRects().length)"
    }
    wide = {"run": "document.documentElement.scrollWidth"}
    to_it = {"run": "document.querySelector(document.querySelector('a').hash).tagName"}
    views = [(1280, False), (1280, True), (360, False)]
    visits = [Visit(page, [{"axe": True}, lines, wide, to_it], dark, w) for w, dark in views]
    for (width, _), told in zip(views, visit(*visits), strict=True):
        assert told.results == [[], [1, 1, 1, 1], width, "SECTION"]
        assert told.messages == []


def test_no_page_is_wider_than_a_phone(pages: dict[str, Path]) -> None:
    wide = {"run": "document.documentElement.scrollWidth"}
    visits = [Visit(page, [OPEN_ALL, wide], width=360, height=740) for page in pages.values()]
    assert {told.results[1] for told in visit(*visits)} == {360}


def test_addresses_and_words_never_break_inside_a_cell(pages: dict[str, Path]) -> None:
    broken = {
        "run": """[...document.querySelectorAll("td.id, td.host, td.word, td.key, td.count, .h")]
            .filter(cell => {
                const range = document.createRange();
                range.selectNodeContents(cell);
                const tops = [...range.getClientRects()].map(r => Math.round(r.top / 8));
                return Math.max(...tops) - Math.min(...tops) > 1;
            }).map(cell => cell.textContent)"""
    }
    visits = [
        Visit(pages[name], [broken], width=width)
        for name in ("mixed", "lab", "healthy")
        for width in (360, 800, 1280)
    ]
    assert [told.results[0] for told in visit(*visits)] == [[]] * 9


def test_the_keyboard_reaches_everything_and_sorts(pages: dict[str, Path]) -> None:
    where = {"run": "document.activeElement.textContent"}
    told = run(
        pages["lab"],
        {"press": "Tab"},
        where,
        {"press": "Tab"},
        where,
        {"run": "document.querySelector('#hosts th:nth-child(6) button').focus()"},
        {"press": "Enter"},
        SETTLE,
        {"run": "[...document.querySelectorAll('#hosts td:nth-child(6)')].map(c => c.textContent)"},
        {"run": "document.querySelector('#hosts th:nth-child(6)').getAttribute('aria-sort')"},
    )
    assert (told.results[1], told.results[3]) == ("Skip to the verdict", "Map")
    sent = sorted(host.frames_sent for host in REPORTS["lab"].hosts)
    assert told.results[7] == [f"{count:,}" for count in sent]
    assert told.results[8] == "ascending"


def test_motion_is_smooth_only_where_nobody_asked_for_less(pages: dict[str, Path]) -> None:
    behavior = {"run": "getComputedStyle(document.documentElement).scrollBehavior"}
    less = {"media": {"prefers-reduced-motion": "reduce"}}
    assert run(pages["mixed"], less, behavior).results[1] == "auto"
    assert run(pages["mixed"], behavior).results[0] == "smooth"


# --- silent ------------------------------------------------------------------


@pytest.mark.parametrize("browser", PROGRAMS)
def test_a_page_asks_for_nothing_and_says_nothing_whatever_is_clicked(
    pages: dict[str, Path], browser: str
) -> None:
    click_all = {
        "run": """document.querySelectorAll("button, summary, a.k, thead button")
            .forEach(control => control.click())"""
    }
    steps = [filtered("main", "refused"), SHOW_ALL, click_all, SETTLE]
    calm = {"no-nvgre", "unreadable", "healthy", "mismatch", "mixed", "warnings"}
    visits = [Visit(page, steps[1:] if name in calm else steps) for name, page in pages.items()]
    told = dict(zip(pages, visit(*visits, browser=browser), strict=True))
    assert {name: one.messages for name, one in told.items()} == {name: [] for name in pages}
    # What is within the page or the browser is no request, nor is the page itself.
    asked = {
        url
        for name, one in told.items()
        for url in one.requests
        if not url.startswith("data:") and url != pages[name].resolve().as_uri()
    }
    assert asked == set()


@pytest.mark.parametrize("browser", PROGRAMS)
def test_what_a_page_asks_for_and_says_would_be_seen(tmp_path: Path, browser: str) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!DOCTYPE html><img src=http://127.0.0.1:18999/x><script>console.log(1)</script>"
    )
    told = run(page, SETTLE, browser=browser)
    assert "http://127.0.0.1:18999/x" in told.requests
    assert "log: 1" in told.messages


# --- harmless ----------------------------------------------------------------


@pytest.mark.parametrize("browser", PROGRAMS)
def test_hostile_text_is_shown_in_every_row_and_does_nothing(
    pages: dict[str, Path], browser: str
) -> None:
    page = pages["hostile"]
    elements = {
        "run": """[document.title, document.scripts.length,
            document.querySelectorAll("img, iframe, object, embed, form, base, evil, style").length,
            [...document.querySelectorAll("a")].filter(a => !a.getAttribute("href").startsWith("#"))
                .length]"""
    }
    text = {"run": "document.body.textContent"}
    cards = {"run": "[...document.querySelectorAll('article')].map(a => a.textContent)"}
    told = run(
        page, elements, filtered("#findings", "message"), SHOW_ALL, elements, text, cards,
        browser=browser,
    )  # fmt: skip
    before, counted, _, after, shown, articles = told.results
    packed = before[1] - after[1]  # what was unpacked is no script element any more
    assert before[0] == after[0] == "\u2716 MISMATCH - nvgre-doctor"
    assert (before[2:], after[2:]) == ([1, 0], [1, 0])
    assert packed >= 3
    assert counted == "290 of 290"
    assert len(articles) == 290
    assert [what for what, payload in PAYLOADS.items() if visible(payload) not in shown] == []
    messages = [visible(finding.message) for finding in REPORTS["hostile"].findings]
    assert sorted(m for m in messages for a in articles if m in a) == sorted(messages)
    assert told.messages == []


# --- what a page offers ------------------------------------------------------


def test_rows_that_are_unpacked_are_those_of_the_report_and_look_like_the_first_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for all of them, the same rows are made by Python."""
    report = fabric(150, 400, 100)
    packed, whole = tmp_path / "packed.html", tmp_path / "whole.html"
    packed.write_text(render(report, Display()), "ascii")
    monkeypatch.setattr(row_tables, "MOST_INLINE", dict.fromkeys(row_tables.MOST_INLINE, 9999))
    monkeypatch.setattr("nvgre_doctor.reporters.html.cards.MOST_INLINE", 9999)
    whole.write_text(render(report, Display()), "ascii")
    # Links to hosts and keys are there in both; buttons to copy are added to both.
    bodies = {
        "run": "[...document.querySelectorAll('tbody, .cards')].map(b => b.innerHTML).join('\\n')"
    }
    one, other = visit(Visit(packed, [SHOW_ALL, bodies]), Visit(whole, [bodies]))
    assert read(packed.read_text()).has_id("hosts-rows")
    assert not read(whole.read_text()).has_id("hosts-rows")
    assert one.results[1] == other.results[0]


@pytest.mark.parametrize("browser", PROGRAMS)
def test_a_page_unpacks_any_rows_as_they_were(tmp_path: Path, browser: str) -> None:
    """Those that the fuzzer begins with, and 300 that it makes of them."""
    dice, seeds = Random(1), packing.seeds()
    inputs = [*seeds, *(mutate(dice, dice.choice(seeds), seeds, 2000) for _ in range(300))]
    tables = [packing.rows_of(data) for data in inputs]
    needed = "<style>@media(prefers-color-scheme:dark){p{color:red}}</style><p id=theme></p>"
    scripts = "".join(
        f"<script>{page_files.script(name)}</script>" for name in ("base.js", "rows.js")
    )
    rows = "".join(packed(f"x{number}", table) for number, table in enumerate(tables))
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><title>rows</title>{needed}{rows}{scripts}", "ascii")
    ids = [f"x{number}-rows" for number in range(len(tables))]
    told = run(page, {"run": f"Promise.all({ids}.map(packedRows.unpack))"}, browser=browser)
    assert told.results[0] == [[[*map(packing.shown, row)] for row in table] for table in tables]


def test_filters_count_what_they_show_also_in_packed_rows(pages: dict[str, Path]) -> None:
    hosts = REPORTS["fabric"].hosts
    old = [host for host in hosts if host.layout == "draft-00"]
    words = REPORTS["fabric"].findings[-1].display_filter.split()[-1]  # a key
    told = run(
        pages["fabric"],
        filtered("#hosts", "draft-00"),
        filtered("#hosts", hosts[251].address + " rfc"),
        {"run": "document.querySelectorAll('#hosts tbody tr').length"},
        filtered("#findings", words),
        filtered("#findings", "no such thing"),
    )
    assert told.results[0] == f"{len(old)} of 300"
    assert told.results[2] == 1
    assert told.results[3] == "1 of 400"
    assert told.results[4] == "0 of 400"


def test_a_severity_shows_its_findings_alone(pages: dict[str, Path]) -> None:
    told = run(
        pages["lab"],
        {
            "run": """(async () => {
                const select = document.querySelector("#findings select");
                const told = document.querySelector("#findings output");
                select.value = "error";
                select.dispatchEvent(new Event("change"));
                while (!told.textContent) await new Promise(done => setTimeout(done, 20));
                return [told.textContent,
                    [...new Set([...document.querySelectorAll("article")].map(a => a.className))]];
            })()"""
        },
    )
    errors = REPORTS["lab"].summary.errors
    assert told.results[0] == [f"{errors} of 115", ["error"]]


def test_a_host_in_the_map_leads_to_its_row_also_if_that_is_packed(pages: dict[str, Path]) -> None:
    found = {
        "run": """(async () => {
            const row = () => document.querySelector("tr.found td");
            while (!row()) await new Promise(done => setTimeout(done, 20));
            return row().textContent;
        })()"""
    }
    told = run(
        pages["mixed"],
        {"run": "document.querySelector('.map svg a').dispatchEvent(new MouseEvent('click',"
                " {bubbles: true, cancelable: true}))"},
        found,
        {"run": "location.hash"},
    )  # fmt: skip
    assert told.results[2] == f"#host-{told.results[1]}"
    packed = unpacked(read(pages["fabric"].read_text()), "hosts")[-1][0]
    told = run(pages["fabric"], {"run": f"location.hash = 'host-{packed}'"}, found)
    assert told.results[1] == packed


KEYS = (
    0x00001389, 0x00138900, 0, 1, 0xFFF, 0x1000, 0xFFFFFF, 0xFFFFFF00, 0xFFFFFFFF, 0xFFFFFE,
    0xFFFFFE01, 0x00FFFFFE, 0x01000000, 0x000FFFFF, 0x00100000, 0x001000FF, 0x80000000, 0x13890042,
)  # fmt: skip
TEXTS = (
    "0x00001389", "0X1389", "5001", "00:00:13:89", "00-00-13-89", "00 00 13 89", "00001389",
    "1389abcd", "4294967295", "4294967296", "0x123456789", "", "  5001  ", "12345678", "xyz",
    "00:00:13", "0", "ffffffff", "99999999999999999999", "00:00-13:89",
)  # fmt: skip


def test_the_bits_of_any_key_are_those_of_the_program(pages: dict[str, Path]) -> None:
    type_it = """(word => {{
        const input = document.getElementById("key-input");
        input.value = word;
        input.dispatchEvent(new Event("input"));
        return [
            document.querySelector("#key-bits .values th").textContent,
            [...document.querySelectorAll("#key-bits .values td")].map(t => t.textContent).join(""),
            [...document.querySelectorAll("#key-bits .new td, #key-bits .old td")]
                .map(t => t.textContent),
            [...document.querySelectorAll("#key-said li")].map(t => t.textContent),
            input.getAttribute("aria-invalid"),
        ];
    }})({word!r})"""
    words = [f"0x{gre_key:08x}" for gre_key in KEYS] + list(TEXTS)
    told = run(pages["mixed"], *({"run": type_it.format(word=word)} for word in words))
    for word, (head, bits, fields, said, is_invalid) in zip(words, told.results, strict=True):
        try:
            gre_key = parse_key(word).gre_key
        except KeyTextError:
            assert is_invalid == "true", word
            continue
        assert (head, is_invalid) == (f"0x{gre_key:08x}", "false")
        assert bits == f"{gre_key:032b}"
        assert said == said_of(gre_key)
        octet = gre_key >> 24
        assert fields == [
            f"VSID {gre_key >> 8}{remark(gre_key >> 8)}",
            f"FlowID {gre_key & 255}",
            "Possible" if layouts.fits_current(gre_key) else "Not possible",
            f"0x{octet:02x}" + (", must be 0" if octet else ""),
            f"TNI {gre_key & 0xFFFFFF}{remark(gre_key & 0xFFFFFF)}",
            "Possible" if layouts.fits_old(gre_key) else "Not possible",
        ]


def test_a_key_in_a_finding_is_shown_bit_by_bit_when_it_is_clicked(pages: dict[str, Path]) -> None:
    told = run(
        pages["mixed"],
        {"run": "[...document.querySelectorAll('#refused a.k')][0].click()"},
        SETTLE,
        {"run": "document.querySelector('#key-bits .values th').textContent"},
    )
    assert told.results[2] == "0x00138900"


def test_the_button_turns_light_to_dark_and_back(pages: dict[str, Path]) -> None:
    paper = {"run": "getComputedStyle(document.body).backgroundColor"}
    press = {"click": "#theme"}
    for dark in (False, True):
        told = run(pages["mixed"], paper, press, paper, press, paper, dark=dark)
        first, _, second, _, third = told.results
        assert first != second
        assert first == third


def test_without_javascript_everything_is_readable_and_no_control_is_there(
    pages: dict[str, Path],
) -> None:
    visible_controls = {
        "run": """[...document.querySelectorAll("button, input, select")]
            .filter(control => control.checkVisibility()).length"""
    }
    for name in ("mixed", "fabric"):
        told = run(pages[name], visible_controls, {"run": "document.body.innerText"},
                   javascript=False)  # fmt: skip
        assert told.results[0] == 0
        assert REPORTS[name].headline in " ".join(told.results[1].split())
        assert ("240 more rows are packed in this file" in told.results[1]) == (name == "fabric")


def test_paper_gets_every_detail_and_no_control(pages: dict[str, Path], tmp_path: Path) -> None:
    told = run(
        pages["mixed"],
        {"medium": "print"},
        {"run": "dispatchEvent(new Event('beforeprint'))"},
        {"run": "document.querySelectorAll('details:not([open])').length"},
        {"run": """[...document.querySelectorAll("button:not(th button), header, input")]
            .filter(control => control.checkVisibility()).length"""},
        {"run": "dispatchEvent(new Event('afterprint'))"},
        {"run": "document.querySelectorAll('details[open]').length"},
        {"pdf": str(tmp_path / "page.pdf")},
        dark=True,
    )  # fmt: skip
    assert (told.results[2], told.results[3], told.results[5]) == (0, 0, 0)
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
