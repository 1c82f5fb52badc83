"""Which URLs can be read, and what is said where something must be installed."""

import sys
import tomllib
from pathlib import Path

import pytest

from nvgre_doctor.remote.schemes import SCHEMES
from tests.program import MISMATCH, ROOT, run, text_of

EXTRAS = {
    "s3": ("s3", "s3fs"),
    "abfs": ("azure", "adlfs"),
    "gs": ("gs", "gcsfs"),
    "https": ("http", "aiohttp"),
    "sftp": ("sftp", "paramiko"),
}


@pytest.mark.parametrize("scheme", EXTRAS)
@pytest.mark.parametrize("command", ["check", "info", "filter", "annotate"])
def test_a_url_without_its_extra_is_a_usage_error_that_says_what_to_type(
    scheme: str, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extra, module = EXTRAS[scheme]
    monkeypatch.setitem(sys.modules, module, None)
    more = ["-o", str(tmp_path / "out")] if command == "annotate" else []
    done = text_of(run(command, MISMATCH, f"{scheme}://u:geheim@place/a.pcap?sig=geheim", *more))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'nvgre-doctor: {scheme}:// needs: pip install "nvgre-doctor[{extra}]"\n'


def test_an_inventory_without_its_extra_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    done = text_of(run(MISMATCH, "--inventory", "s3://bucket/lookup.csv"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'nvgre-doctor: s3:// needs: pip install "nvgre-doctor[s3]"\n'


@pytest.mark.parametrize("url", ["gopher://h/a.pcap", "zip://a.pcap::s3://b/c.zip", "s3://b::c"])
def test_other_urls_are_refused(url: str) -> None:
    done = text_of(run(url))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read: a URL begins with s3://, " in done.stderr


def test_every_extra_stands_in_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {extra.name for extra in SCHEMES.values()} <= set(project["optional-dependencies"])


def test_an_installation_without_extras_needs_three_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == ["dpkt>=1.9.8", "click>=8.2", "rich>=13.0"]
