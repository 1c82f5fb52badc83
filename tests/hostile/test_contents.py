"""Hostile text inside captures and inside reports: what a capture says about itself changes nothing
and does nothing.
"""

import json
import re
import struct
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from nvgre_doctor.reporters import FORMATS
from tests import build
from tests.hostile.payloads import EVIL, SHOWN
from tests.hostile.readers import ACTIVE, PLAIN, Terminal, markdown, runner_commands
from tests.needs import need
from tests.program import MISMATCH, run

KEYS = (0x00138900, 0x00001389)  # VSID 5001 in the current layout, and in the old one
WIDE = 3000


def frames() -> list[bytes]:
    """Two hosts that speak different layouts, two pings each way."""
    one, two = (
        ("192.168.50.1", "00:15:5d:0a:00:01", "10.0.0.1"),
        ("192.168.50.2", "00:15:5d:0a:00:02", "10.0.0.2"),
    )
    found = []
    for number in (1, 2):
        for (source, mac, customer), (destination, other_mac, other), key in (
            (one, two, KEYS[0]),
            (two, one, KEYS[1]),
        ):
            ping = build.ipv4(customer, other, 1, build.echo(sequence=number))
            inner = build.inner_frame(mac, other_mac, ping)
            packet = build.nvgre(source, destination, key, inner, ident=number)
            found.append(build.ethernet(packet))
    return found


def capture(text: bytes) -> bytes:
    """A pcapng that says `text` wherever a capture can say something: 13 options, a name, a custom
    block, an unknown block.
    """
    said = text[:65_535]
    words = [
        build.option(code, said) for code in (1, 2, 3, 4)
    ]  # comment, hardware, system, application
    section = build.shb(options=b"".join(words))
    # Comment, name, description, filter, system, hardware of the interface.
    words = [build.option(code, said) for code in (1, 2, 3, 12, 15)] + [
        build.option(11, b"\0" + said[:65_534])
    ]
    interface = build.idb(options=b"".join(words))
    names = build.block(
        4,
        struct.pack("<HH", 1, 4 + len(said[:60_000]) + 1)
        + bytes([192, 168, 50, 1])
        + said[:60_000]
        + b"\0",
    )
    statistics = build.block(5, struct.pack("<III", 0, 0, 0) + build.option(1, said) + bytes(4))
    packets = [
        build.epb(0, 1_361_355_247_000_000_000 + n, frame, options=build.option(1, said) * 3)
        for n, frame in enumerate(frames())
    ]
    others = build.custom(said) + build.block(0x0BADBEEF, said)
    return b"".join((section, interface, names, others, *packets, statistics))


TEXTS = {
    "evil": EVIL.encode("utf-8", "surrogateescape") + b"PWNED",
    "not UTF-8": b"\xff\xfe\x9b31m\x1b[31mPWNED\xc3",
    "NULs": b"\0\x1b[31m\0PWNED\0\0",
    "64 kB": b"\x1b[31m" * 13_000 + b"PWNED",
    "UTF-16": "\x1b[31m\n::error::PWNED".encode("utf-16"),
}
KINDS = pytest.mark.parametrize("kind", TEXTS)


@KINDS
def test_what_a_capture_says_about_itself_is_in_no_report_and_changes_none(
    tmp_path: Path, kind: str
) -> None:
    sizes, reports = [], []
    for text in (TEXTS[kind], b""):
        data = capture(text)
        (tmp_path / "lab.pcapng").write_bytes(data)
        sizes.append(len(data))
        done = run(
            "-v", *(f"--output={name}={name}" for name in FORMATS), "lab.pcapng", cwd=tmp_path
        )
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
        reports.append({name: (tmp_path / name).read_bytes() for name in FORMATS})
    loud, quiet = reports
    for name in FORMATS:
        assert b"192.168.50.2" in loud[name]
        assert b"PWNED" not in loud[name]
        # How many bytes were read is the only difference.
        same = loud[name]
        for spelled in ('"bytes": {}', "{:,}"):
            same = same.replace(*(spelled.format(size).encode() for size in sizes))
        assert same == quiet[name], name


@KINDS
def test_info_shows_what_a_capture_says_literally_and_short(tmp_path: Path, kind: str) -> None:
    (tmp_path / "lab.pcapng").write_bytes(capture(TEXTS[kind]))
    done = run("info", "lab.pcapng", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    terminal = Terminal(done.stdout, WIDE)
    assert terminal.deeds == set()
    assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (done.stdout.count(b"\n"), 0)
    assert {
        style for row in range(done.stdout.count(b"\n")) for style in terminal.styles(row, 0, WIDE)
    } == {PLAIN}
    assert list(runner_commands(done.stdout)) == []
    assert {character for character in done.stdout.decode() if not character.isprintable()} == {
        "\n"
    }
    assert len(done.stdout) < 8000
    if kind == "evil":
        terminal.find(f"{SHOWN}PWNED, {SHOWN}PWNED")  # application and system that wrote it
        terminal.find(f'"{SHOWN}PWNED"')  # the interface


def test_info_for_programs_gives_the_text_of_a_capture_back(tmp_path: Path) -> None:
    (tmp_path / "lab.pcapng").write_bytes(capture(TEXTS["evil"]))
    done = run("info", "-f", "json", "lab.pcapng", cwd=tmp_path)
    assert done.stdout.isascii()
    assert list(runner_commands(done.stdout)) == []
    (found,) = json.loads(done.stdout)["captures"]
    (interface,) = found["interfaces"]
    assert {
        found["application"],
        found["os"],
        found["hardware"],
        interface["name"],
        interface["description"],
    } == {EVIL + "PWNED"}


@pytest.mark.peer
@KINDS
def test_annotated_copy_keeps_the_words_of_strangers_in_their_blocks(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "lab.pcapng").write_bytes(capture(TEXTS[kind]))
    done = run("annotate", "lab.pcapng", "-o", "out.pcapng", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"PWNED" not in done.stdout
    assert Terminal(done.stdout, WIDE).deeds == set()
    copy = (tmp_path / "out.pcapng").read_bytes()
    said = TEXTS[kind][:65_535]
    assert copy.count(said) == capture(TEXTS[kind]).count(said)
    # Whoever reads the copy finds the same frames, and comments of ours on each of them.
    (read,) = json.loads(run("-f", "json", "out.pcapng", cwd=tmp_path).stdout)["captures"]
    assert read["frames"] == 4
    rows = subprocess.run(
        [need("tshark"), "-r", "out.pcapng", "-Y", 'frame.comment contains "nvgre-doctor NVG"',
         "-T", "fields", "-e", "frame.number"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    assert rows.stdout.split() == [b"2", b"3", b"4", b"5"]  # the custom block takes number 1


# --- reports from anywhere ---------------------------------------------------


def evil_report(text: str) -> dict[str, Any]:
    """The report of the sick sample with `text` in every field that may hold any text."""
    report: dict[str, Any] = json.loads(run("-f", "json", MISMATCH).stdout)
    report["headline"] = text
    report["tool"]["version"] = text
    for found in report["captures"]:
        found.update(
            path=text,
            compression=text,
            status="cut",
            problems=[{"reason": text, "offset": 1, "message": text}],
        )
    for host in report["hosts"]:
        for item in host["evidence"]:
            item["statement"] = text
    for finding in report["findings"]:
        finding.update(message=text, next_step=text, check=text, code=text)
    return report


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("converted")
    (folder / "evil.json").write_text(json.dumps(evil_report(EVIL)))
    found = {}
    for name in FORMATS:
        done = run("convert", "-v", "-f", name, "evil.json", cwd=folder)
        assert (done.returncode, done.stderr) == (1, b""), name
        found[name] = done.stdout
    return found


def test_report_of_a_stranger_only_writes_on_the_terminal(converted: dict[str, bytes]) -> None:
    terminal = Terminal(converted["text"], WIDE)
    lines = converted["text"].count(b"\n")
    assert terminal.deeds == set()
    assert (terminal.screen.title, terminal.screen.cursor.y, terminal.screen.cursor.x) == (
        "",
        lines,
        0,
    )
    assert {style for row in range(lines) for style in terminal.styles(row, 0, WIDE)} == {PLAIN}
    assert terminal.rows[0] == f"MISMATCH  {SHOWN}"
    terminal.find(f"next: {SHOWN}")


@pytest.mark.parametrize("name", FORMATS)
def test_report_of_a_stranger_gives_no_command_of_its_own(
    converted: dict[str, bytes], name: str
) -> None:
    commands = list(runner_commands(converted[name]))
    if name != "github":
        assert commands == []
        return
    assert {command.name for command in commands} == {"error"}
    for command in commands:
        assert SHOWN in command.data
        assert "file" not in command.properties


def test_report_of_a_stranger_renders_to_harmless_documents(converted: dict[str, bytes]) -> None:
    tokens = markdown(converted["markdown"].decode())
    assert not {token.type for token in tokens} & ACTIVE
    # All of its words stand in code, where GitHub links and mentions nothing.
    outside = " ".join(token.content for token in tokens if token.type == "text")
    assert not re.search(r"pwned|vso|bold|\\x", outside)
    root = ET.fromstring(converted["junit"])
    values = [
        value for element in root.iter() for value in (element.text or "", *element.attrib.values())
    ]
    assert SHOWN in values
    assert {
        character for value in values for character in value if not character.isprintable()
    } == {"\n"}
    (log,) = json.loads(converted["sarif"])["runs"]
    assert {result["ruleId"] for result in log["results"]} == {EVIL}
    assert all(
        result["message"]["text"] == f"{SHOWN}\n\n{SHOWN} Check: {SHOWN}"
        for result in log["results"]
    )


def test_report_of_a_stranger_comes_back_whole_as_json(converted: dict[str, bytes]) -> None:
    assert json.loads(converted["json"]) == evil_report(EVIL)
    for line in converted["jsonl"].decode().splitlines():
        assert json.loads(line)["message"] == EVIL
    assert converted["json"].isascii()
    assert converted["jsonl"].isascii()
