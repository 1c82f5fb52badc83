"""The page in web/ in real browsers, on loopback and from disk: it says what the native program
says, whatever is dropped on it, and nothing leaves it.
"""

import json
import os
import shutil
import socket
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.terminal.visible import visible
from tests.browser.browsers import PROGRAMS, Step, Told, Visit, visit
from tests.browser.measure import (
    CANCELLED,
    KEPT,
    READING,
    READY,
    give,
    many_frames,
    peaks,
    times,
)
from tests.browser.site import build_site, served
from tests.hostile.payloads import EVIL, FILE_NAMES, SHOWN
from tests.hostile.test_contents import capture as hostile_capture
from tests.needs import folder
from tests.program import MISMATCH, PROGRAM, ROOT, SAMPLES, environment, run

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("browser")]

SAMPLE = Path(MISMATCH).name
STATE = "document.getElementById('state').textContent"
ANSWERED: Step = {
    "until": "document.body.classList.contains('answered')"
    " || !document.getElementById('trouble').hidden"
}
TROUBLE: Step = {"run": "document.getElementById('trouble').textContent"}
OFFERS: Step = {
    "run": "[...document.querySelectorAll('#offers button')].map(b => b.textContent)",
}
CLICK_ALL = """document.querySelectorAll("button, summary, a").forEach(control =>
    control.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true})))"""
WATCH = """
    globalThis.refused = [];
    addEventListener("securitypolicyviolation", event =>
        refused.push(`${event.effectiveDirective} ${event.blockedURI}`), true);
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    with served(site) as (address, _):
        yield address


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where large captures are made, for both browsers."""
    return tmp_path_factory.mktemp("captures")


def do(page: Path | str, *steps: Step, browser: str, **more: Any) -> Told:
    downloads = more.pop("downloads", None)
    (told,) = visit(Visit(page, list(steps), **more), browser=browser, downloads=downloads)
    return told


def save(number: int) -> Step:
    """Click on one of what can be downloaded, and wait until it was made."""
    return {
        "run": f"""(async () => {{
            const title = {STATE};
            document.querySelectorAll("#offers button")[{number}].click();
            do await new Promise(done => setTimeout(done, 50)); while ({STATE} !== title);
            await new Promise(done => setTimeout(done, 300));
        }})()"""
    }


def saved(place: Path, name: str) -> bytes:
    return (place / name).read_bytes()


def ours(told: Told) -> list[str]:
    """What was asked for, but for what is within the browser and the page."""
    return [url for url in told.requests if not url.startswith(("data:", "blob:"))]


def test_two_builds_have_the_same_bytes(site: Path, tmp_path: Path) -> None:
    again = build_site(tmp_path / "again")
    names = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert len(names) == 5
    assert [
        name for name in names if (site / name).read_bytes() != (again / name).read_bytes()
    ] == []


@pytest.mark.parametrize("browser", PROGRAMS)
def test_the_command_web_shows_the_page_of_the_wheel_and_the_keyboard_is_enough(
    site: Path, tmp_path: Path, browser: str
) -> None:
    (wheel,) = (site / "wheel").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    focus: Step = {"run": "document.activeElement.id"}
    tab: Step = {"press": "Tab"}
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    process = subprocess.Popen(
        [*PROGRAM, "web", "--port", "0"],
        env=environment(PYTHONPATH=paths),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        told = do(
            address, READY, tab, focus, tab, tab, focus, {"press": "Enter"}, ANSWERED,
            {"run": STATE}, focus, {"press": "Enter"}, READY, {"run": "document.body.className"},
            KEPT, browser=browser,
        )  # fmt: skip
    finally:
        process.terminate()
        process.communicate(timeout=20)
    focused = [told.results[place] for place in (2, 5, 9)]
    assert focused == ["choose", "sample", "again"]
    assert (told.results[8], told.results[12]) == ("MISMATCH", "")
    assert told.messages == []


# --- the same answers --------------------------------------------------------


def everything(place: Path) -> list[str]:
    """The samples and the captures with known truth, in one folder."""
    for path in SAMPLES.iterdir():
        shutil.copy(path, place)
    for path in sorted(folder("NVGRE_DOCTOR_CASES").rglob("*")):
        if path.is_file() and path.suffix not in {".json", ".md", ".tsv", ".txt", ".py"}:
            shutil.copy(path, place / f"{path.parent.name}-{path.name}")
    return sorted(path.name for path in place.iterdir())


KEYS = ("0x00001389", "5001", "00 00 13 89", "00001389", "0", "0xffffff00", "xyz", "4294967296")
ASK_KEY = """(async word => {{
    document.getElementById("key-text").value = word;
    document.querySelector("#key-form button").click();
    const card = document.getElementById("key-card");
    const trouble = document.getElementById("key-trouble");
    while (card.hidden && trouble.hidden) await new Promise(done => setTimeout(done, 10));
    return [card.hidden ? "" : card.textContent, trouble.hidden ? "" : trouble.textContent];
}})({word!r})"""
JSON: Step = {"run": "python.ask({ask: 'report', format: 'json'})"}
AGAIN: Step = {"run": "document.getElementById('again').click()"}
UNDECIDED = SAMPLES / "05-value-cannot-tell-nothing-does.pcapng"


def fill(**values: str | bool) -> Step:
    """Text and ticks of the options."""
    fields = json.dumps(values)
    return {
        "run": f"""Object.entries({fields}).forEach(([id, value]) => {{
            document.getElementById(id)[value === !!value ? "checked" : "value"] = value;
        }})"""
    }


@pytest.mark.parametrize("browser", PROGRAMS)
def test_captures_options_and_keys_give_the_words_of_the_native_program(
    url: str, tmp_path: Path, browser: str
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    names = everything(given)
    good, broken = tmp_path / "lookup.csv", tmp_path / "broken.csv"
    good.write_text("VirtualSubnetID,Rule\n6000,TranslationMethodEncap\n")
    broken.write_text("Nothing\n1\n")
    told = do(
        url,
        READY,
        *({"run": ASK_KEY.format(word=word)} for word in KEYS),
        fill(each=True),
        give(*(given / name for name in names)),
        ANSWERED,
        {"run": STATE},
        JSON,
        AGAIN,
        READY,
        fill(each=False, vsids="17"),
        give(UNDECIDED),
        ANSWERED,
        TROUBLE,
        fill(vsids="0x1770, 5001", complete=True),
        {"give": {"#inventory": [str(broken)]}},
        give(UNDECIDED),
        {"until": "document.getElementById('trouble').textContent.includes('broken.csv')"},
        {"give": {"#inventory": [str(good)]}},
        give(UNDECIDED),
        {"until": "document.body.classList.contains('answered')"},
        JSON,
        browser=browser,
    )
    for word, (card, trouble) in zip(KEYS, told.results[1:9], strict=True):
        done = run("key", *word.split())
        assert card == done.stdout.decode(), word
        assert bool(trouble) == (done.returncode == 2), word
        assert trouble in done.stderr.decode(), word
    state, each = told.results[12:14]
    native = run(*names, "--each", "--no-config", "-f", "json", cwd=given).stdout.decode()
    assert state == f"{len(json.loads(native)['each'])} captures, each by itself"
    assert each == native
    assert told.results[19] == "VSIDs: 17 is not a VSID: they go from 4096 to 16777214."
    options = ["--vsid-complete", "--vsid", "6000", "--vsid", "5001", "--inventory", str(good)]
    json_of = (UNDECIDED.name, "--no-config", "-f", "json")
    assert told.results[27] == run(*json_of, *options, cwd=SAMPLES).stdout.decode()
    assert told.results[27] != run(*json_of, cwd=SAMPLES).stdout.decode()
    assert told.messages == []


@pytest.mark.parametrize("browser", PROGRAMS)
def test_what_is_downloaded_is_what_the_native_program_writes(
    url: str, tmp_path: Path, browser: str
) -> None:
    told = do(
        url,
        give(*map(Path, (MISMATCH, SAMPLES / "06-host-updated-during-capture.pcapng"))),
        ANSWERED,
        {"run": STATE},
        OFFERS,
        *map(save, range(6)),
        browser=browser,
        downloads=tmp_path,
    )
    names = [SAMPLE, "06-host-updated-during-capture.pcapng"]
    assert told.results[2] == "MISMATCH"
    assert told.results[3] == [
        "Report as one page (HTML)",
        "JSON",
        "SARIF, for code hosting",
        "JUnit XML, for CI",
        *(f"{name} with comments for Wireshark" for name in names),
    ]
    for name, format_name in {
        "report.html": "html",
        "report.json": "json",
        "report.sarif": "sarif",
        "report.xml": "junit",
    }.items():
        native = run(*names, "--no-config", "-f", format_name, cwd=SAMPLES).stdout
        assert saved(tmp_path, name) == native, name
    run("annotate", *names, "--no-config", "-o", f"{tmp_path}/native/", cwd=SAMPLES)
    for name in names:
        made = saved(tmp_path, name.removesuffix(".pcapng") + "-annotated.pcapng")
        assert made == next((tmp_path / "native").glob(f"*{name[:2]}-*")).read_bytes(), name


def test_a_folder_stands_for_the_captures_in_it(url: str, tmp_path: Path) -> None:
    place = tmp_path / "lab"
    (place / "one").mkdir(parents=True)
    for target in ("one/a.pcapng", "b.pcapng"):
        shutil.copy(MISMATCH, place / target)
    (place / "notes.txt").write_text("no capture")
    told = do(
        url, READY, {"give": {"#folder": [str(place)]}}, ANSWERED, TROUBLE, save(1),
        browser="chromium", downloads=tmp_path,
    )  # fmt: skip
    assert told.results[3] == ""
    assert saved(tmp_path, "report.json") == run("lab", "-f", "json", cwd=tmp_path).stdout


@pytest.mark.parametrize("browser", PROGRAMS)
def test_captures_that_are_dropped_are_read_together(url: str, browser: str) -> None:
    """Two of one name, as from two folders, are two captures."""
    drop: Step = {
        "run": """(() => {
            const transfer = new DataTransfer();
            for (const each of [1, 2]) transfer.items.add(new File([sample.file], "lab.pcapng"));
            document.body.dispatchEvent(new DragEvent("drop",
                {dataTransfer: transfer, bubbles: true, cancelable: true}));
        })()"""
    }
    told = do(url, READY, drop, ANSWERED, TROUBLE, {"run": STATE}, OFFERS, browser=browser)
    assert told.results[3:5] == ["", "MISMATCH"]
    assert told.results[5][4:] == [
        "lab.pcapng with comments for Wireshark",
        "lab (2).pcapng with comments for Wireshark",
    ]
    assert told.messages == []


# --- at once, later, never ---------------------------------------------------


@pytest.mark.parametrize("browser", PROGRAMS)
def test_cancel_ends_a_long_read_at_once_and_the_next_capture_is_read(
    url: str, place: Path, browser: str
) -> None:
    large = many_frames(place / "large.pcap", 4_000_000)
    told = do(
        url,
        READY,
        give(large),
        READING,
        CANCELLED,
        TROUBLE,
        {"run": "document.querySelectorAll('iframe').length"},
        give(Path(MISMATCH)),
        ANSWERED,
        {"run": STATE},
        browser=browser,
    )
    assert told.results[3] < 1000
    assert told.results[4:6] == ["", 0]
    assert told.results[8] == "MISMATCH"
    assert told.messages == []


MOST_MS = {"painted": 300, "cold": 6000, "warm": 3000, "frames": 2000, "cancel": 1000}


@pytest.mark.parametrize("browser", PROGRAMS)
def test_something_is_seen_at_once_and_a_verdict_soon(url: str, place: Path, browser: str) -> None:
    """On a machine on which Pyodide alone takes longer than 2.7 s, all may take longer by that.
    Three tries: what else the machine does can come between the one and the other.
    """
    late = {}
    for _ in range(3):
        took = times(url, browser, place)
        slow = max(1.0, took.pyodide / 2700)
        late = {
            name: took for name, most in MOST_MS.items() if not getattr(took, name) < most * slow
        }
        if not late:
            break
    assert late == {}


@pytest.mark.parametrize("browser", PROGRAMS)
def test_a_tab_needs_no_more_memory_for_a_capture_a_hundred_times_as_large(
    url: str, place: Path, browser: str
) -> None:
    """What was read is given back at once: else some hundred MB of it would lie about."""
    small = many_frames(place / "short.pcap", 80, 50_000)
    large = many_frames(place / "long.pcap", 8000, 50_000)
    assert large.stat().st_size > 400_000_000
    of_small, of_large = peaks(url, [small, large], browser)
    assert 100 < of_small < 600
    assert of_large - of_small < 60


@pytest.mark.parametrize("browser", PROGRAMS)
def test_the_single_file_works_from_disk_and_asks_for_nothing(
    site: Path, tmp_path: Path, browser: str
) -> None:
    page = tmp_path / "nvgre-doctor.html"  # and nothing beside it
    shutil.copy(site / page.name, page)
    told = do(
        page,
        give(Path(MISMATCH)),
        ANSWERED,
        TROUBLE,
        save(1),
        {"run": "refused"},
        browser=browser,
        downloads=tmp_path,
        before=WATCH,
    )
    assert told.results[2] == ""
    native = run(SAMPLE, "--no-config", "-f", "json", cwd=SAMPLES).stdout
    assert saved(tmp_path, "report.json") == native
    assert {*ours(told)} <= {page.resolve().as_uri()}
    assert (told.messages, told.results[4]) == ([], [])


# --- nothing leaves ----------------------------------------------------------


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """Somebody else's server, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                heard.append(connection.recv(4096))
                connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard
        over.set()
        thread.join()


TRY = """
globalThis.tryAll = async (other, own) => {
    const ways = {
        fetch: url => askFor(`http://${url}`, {method: "POST", body: "secret", mode: "no-cors"}),
        request: url => new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            [request.onload, request.onerror] = [resolve, reject];
            request.open("POST", `http://${url}`);
            request.send("secret");
        }),
        socket: url => new Promise((resolve, reject) => {
            const socket = new WebSocket(`ws://${url}`);
            [socket.onopen, socket.onerror] = [resolve, reject];
        }),
        events: url => new Promise((resolve, reject) => {
            const source = new EventSource(`http://${url}`);
            [source.onopen, source.onerror] = [resolve, reject];
        }),
        module: url => import(`http://${url}/x.js`),
        scripts: url => bring(`http://${url}/x.js`),
    };
    const passed = [];
    for (const [name, way] of Object.entries(ways)) for (const url of [other, own]) {
        try { await way(url); passed.push(`${name} ${url}`); } catch {}
    }
    return passed;
};
"""
PROBE = f"""
{WATCH}
const TRY = {json.dumps(TRY)};
(0, eval)("globalThis.askFor = fetch.bind(globalThis);"
    + "globalThis.bring = () => {{ throw 0; }};" + TRY);
// The worker's source gets the same in front, and answers when it is asked to try.
const RealBlob = Blob;
globalThis.Blob = class extends RealBlob {{
    constructor(parts, options) {{
        super(options?.type === "text/javascript" ? [`
            globalThis.askFor = fetch.bind(globalThis);
            globalThis.bring = importScripts.bind(globalThis);
            ${{TRY}}
            const channel = new BroadcastChannel("probe");
            channel.onmessage = async ({{data}}) => data.other
                && channel.postMessage({{passed: await tryAll(data.other, data.own)}});
        `, ...parts] : parts, options);
    }}
}};
"""
IN_WORKER = """new Promise(resolve => {{
    const channel = new BroadcastChannel("probe");
    channel.onmessage = ({{data}}) => data.passed && resolve(data.passed);
    channel.postMessage({{other: {other!r}, own: {own!r}}});
}})"""


@pytest.mark.parametrize("browser", PROGRAMS)
def test_a_page_that_has_loaded_can_send_nothing_to_anyone_nor_can_its_worker(
    site: Path, browser: str
) -> None:
    """Even if a bug tried: every way is tried, in both."""
    with served(site) as (address, asked), listening() as (other, heard):
        own = address.removeprefix("http://").rstrip("/")
        told = do(
            address,
            READY,
            KEPT,
            {"run": f"tryAll({other!r}, {own!r})"},
            {"run": IN_WORKER.format(other=other, own=own)},
            {"run": f"navigator.sendBeacon('http://{other}', 'secret') && 0"},
            {"run": "new Promise(done => setTimeout(() => done(refused.length > 5), 500))"},
            browser=browser,
            before=PROBE,
        )
    assert told.results[2:4] == [[], []]
    assert told.results[5] is True  # so it was tried
    assert heard == []
    packed = next(site.glob("python-*.bin")).name
    assert set(asked) == {"/", f"/{packed}", "/offline.js"}


@pytest.mark.parametrize("browser", PROGRAMS)
def test_only_the_files_of_the_page_are_asked_for_once_and_then_no_server_is_needed(
    site: Path, browser: str
) -> None:
    """A whole use of it, with every request and every refusal written down."""
    with served(site) as (address, asked):
        told = do(
            address,
            {"run": STATE},
            {"click": "#sample"},
            ANSWERED,
            {"inside": "document.querySelector('#verdict').innerText"},
            {"inside": CLICK_ALL},
            {"inside": "new Promise(done => setTimeout(done, 300))"},
            {"click": "#again"},
            READY,
            KEPT,
            {"run": "refused"},
            {"run": "[localStorage.length, sessionStorage.length, document.cookie]"},
            {"run": "indexedDB.databases()"},
            {"get": f"{address}stop"},
            {"reload": True},
            READY,
            {"click": "#sample"},
            ANSWERED,
            {"run": STATE},
            browser=browser,
            before=WATCH,
        )
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1][:-1])))
    assert told.results[0] != "Ready"
    assert "192.168.50.2 still uses the old NVGRE layout" in told.results[3]
    assert told.results[9:12] == [[], [0, 0, ""], []]
    assert told.results[17] == "MISMATCH"
    packed = next(site.glob("python-*.bin")).name
    files = {"", packed, "offline.js"}
    assert {*ours(told)} <= {address + name for name in files}
    assert {*asked} == {f"/{name}" for name in files}
    assert told.messages == []


def is_utf8(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


@pytest.mark.parametrize("browser", PROGRAMS)
def test_hostile_names_and_captures_are_shown_as_text_and_do_nothing(
    url: str, tmp_path: Path, browser: str
) -> None:
    # A name that is no UTF-8 reaches a page with other letters in their place.
    payloads = [pair for pair in FILE_NAMES.values() if is_utf8(pair[0])]
    assert len(payloads) >= len(FILE_NAMES) - 2
    cut = Path(MISMATCH).read_bytes()[:-3]
    for name, _ in payloads:
        (tmp_path / name).write_bytes(cut)
    spoken = tmp_path / "spoken.pcapng"
    spoken.write_bytes(hostile_capture(EVIL.encode()))
    text = {"inside": "document.body.textContent"}
    told = do(
        url,
        READY,
        give(*(tmp_path / name for name, _ in payloads), spoken),
        ANSWERED,
        {"run": "document.title"},
        OFFERS,
        text,
        {"inside": "[origin, document.querySelectorAll('img, iframe, evil, object').length]"},
        {
            "inside": """(() => { try { return parent.document.title; } catch { return "shut"; }
                })()"""
        },
        {"run": "[document.querySelectorAll('evil, img').length, document.scripts.length]"},
        {"run": "refused"},
        browser=browser,
        before=WATCH,
    )
    title, offers, shown, inside, reach, page, refused = told.results[3:]
    assert title == "MISMATCH - nvgre-doctor"
    assert [name for _, name in payloads if name not in shown] == []
    for name, _ in payloads:
        assert f"{visible(name)} with comments for Wireshark" in offers
    assert inside == ["null", 0]
    assert (reach, page[0], refused, told.messages) == ("shut", 0, [], [])
    assert SHOWN not in title


# --- for everybody -----------------------------------------------------------


def test_axe_finds_nothing_and_no_view_is_wider_than_a_phone(url: str) -> None:
    opened: Step = {"run": "document.querySelectorAll('details').forEach(d => { d.open = true; })"}
    wide: Step = {"run": "document.documentElement.scrollWidth"}
    steps: list[Step] = [
        {"axe": True},
        READY,
        wide,
        opened,
        {"run": ASK_KEY.format(word="5001")},
        wide,
        {"axe": True},
        {"run": "document.getElementById('sample').click()"},
        ANSWERED,
        opened,
        wide,
        {"axe": True},
    ]
    views = ((False, 1280), (True, 1280), (False, 360))
    visits = [Visit(url, steps, dark, width) for dark, width in views]
    for (_, width), told in zip(views, visit(*visits), strict=True):
        assert [told.results[place] for place in (0, 6, 11)] == [[], [], []]
        assert [told.results[place] for place in (2, 5, 10)] == [width, width, width]
