"""What people copy out of a report, display filters and lines for PowerShell, is made of addresses
and numbers that were parsed: no text of a stranger reaches them.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.filters.grammar import is_display_filter
from nvgre_doctor.reporters import FORMATS
from tests.hostile.payloads import EVIL, FILE_NAMES
from tests.hostile.test_contents import capture
from tests.program import MISMATCH, SAMPLES, run

SHELL = ("; calc", "$(calc)", "`calc`", "| calc", "& calc", "'; calc; '", '" -or calc', "\ncalc")
NAMES = tuple(name.removesuffix(".pcap") for name, _ in FILE_NAMES.values())
TEXTS = (*NAMES, *SHELL, EVIL)
SLOWER = (pytest.mark.long,)
EACH = [pytest.param(text, marks=SLOWER if text in NAMES else ()) for text in TEXTS]
NO_WORDS = [each for each in EACH if re.search(r"[^a-z0-9. ]", str(each.values[0]))]

ADDRESS = r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:.]*)"
CMDLET = re.compile(rf"Get-[A-Za-z]+(?: -[A-Za-z]+ (?:KB\d+|HOSTNAME|{ADDRESS}))*")
WORDS = re.compile(r"[A-Za-z0-9 .,:;()/'\"?=+-]*")


def lines_of(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for finding in report["findings"]:
        yield finding["display_filter"], finding["next_step"]
        yield "", finding.get("check") or ""


def assert_ours(stdout: bytes, text: str) -> None:
    report = json.loads(stdout)
    assert report["findings"]
    for display_filter, step in lines_of(report):
        assert is_display_filter(display_filter), display_filter
        assert WORDS.fullmatch(step), step
        for start in re.finditer("Get-", step):
            assert CMDLET.match(step, start.start()), step
        rest = CMDLET.sub("", step)
        assert "calc" not in display_filter + step
        assert not re.search(r"(?<![a-z])-[A-Z]", rest), (
            step
        )  # no option that is not part of such a line
        if len(text) > 3:
            assert text not in display_filter + step


@pytest.mark.parametrize("text", EACH, ids=range(len(EACH)))
def test_no_text_of_a_stranger_reaches_a_line_to_copy(tmp_path: Path, text: str) -> None:
    """As the name of captures and folders, in every option of a capture, in cells of an inventory,
    and in the names of accepted captures.
    """
    name = f"a{text.replace('/', '_')[:200]}"
    (tmp_path / name).mkdir()
    for sample in sorted(SAMPLES.iterdir()):
        shutil.copy(sample, tmp_path / name / f"{sample.stem[:20]}{name[:180]}")
    (tmp_path / name / "said").write_bytes(capture(text.encode("utf-8", "surrogateescape")))
    (tmp_path / name / "cut").write_bytes(Path(MISMATCH).read_bytes()[:-3])
    cell = text.replace('"', '""')
    (tmp_path / "vms.csv").write_bytes(
        f'VirtualSubnetID,VMName,CustomerID\n6001,"{cell}","{cell}"\n'.encode(
            "utf-8", "surrogateescape"
        )
    )
    options = ["-f", "json", "--inventory", "vms.csv"]
    for captures in ([name], [f"{name}/cut", f"{name}/said"]):
        done = run("check", *options, "--", *captures, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, b"")
        assert_ours(done.stdout, text)
    filters = run("filter", "--", name, cwd=tmp_path).stdout.decode().splitlines()
    shown = [line.removeprefix("  ") for line in filters if line.startswith("  ")]
    assert shown
    assert [line for line in shown if not is_display_filter(line)] == []


def with_filter(text: str) -> str:
    report = json.loads(run("-f", "json", MISMATCH).stdout)
    report["findings"][0]["display_filter"] = text
    return json.dumps(report)


@pytest.mark.parametrize("text", NO_WORDS, ids=range(len(NO_WORDS)))
def test_a_report_whose_filter_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "evil.json").write_text(with_filter(f"ip.src == 10.0.0.1 {text}"))
    for name in FORMATS:
        done = run("convert", "evil.json", "-f", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (3, b"")
        assert b"$.findings[0].display_filter: expected a display filter, found " in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ip.src#1 == 10.0.0.1 && gre.proto#1 == 0x6558 && gre.key#1",
        "ipv6.addr == fd00::1 && !(ipv6.src == ::1)",
        "gre.key & 0xff000000 && gre.key < 0x00001000",
        "frame.number in {1, 2, 7 .. 9} || eth.src == 00:15:5d:00:00:01",
        'frame.protocols matches "gre:eth:ethertype:(vlan|ieee8021ad)"',
        "ip.addr == 10.0.0.0/24",
        "frame[14:] contains 00:15:5d:00:00:02:00:15:5d:00:00:01 && !(eth.src#2 != ::1)",
    ],
)
def test_filters_of_ours_are_display_filters(tmp_path: Path, text: str) -> None:
    (tmp_path / "good.json").write_text(with_filter(text))
    assert run("convert", "good.json", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    "text",
    [
        "a | b",
        "a & b",
        "a && $b",
        "a; b",
        "a\nb",
        "a > 'b'",
        '"a b"',
        '"$(x)"',
        "a `b`",
        "é",
        "a\\b",
    ],
)
def test_what_a_shell_takes_for_a_command_is_no_display_filter(text: str) -> None:
    assert not is_display_filter(text)


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    """Quadratic time would be hours."""
    assert not is_display_filter("a." * 500_000 + "'")
    assert is_display_filter("ip.src == 10.0.0.1 || " * 50_000)
