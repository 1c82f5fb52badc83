"""URLs: which texts are some, and what of them is shown."""

import pytest

from nvgre_doctor.terminal.urls import is_url, redacted, shown
from nvgre_doctor.terminal.visible import visible


@pytest.mark.parametrize("text", ["s3://b/a.pcap", "HTTPS://h", "abfss://c@a.dfs/x", "file:///a"])
def test_what_begins_with_a_scheme_is_a_url(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize(
    "text", ["-", "lab.pcap", r"C:\lab.pcap", "C://lab.pcap", "a/s3://b", "//server/share", "s3:/b"]
)
def test_what_begins_otherwise_is_a_path(text: str) -> None:
    assert not is_url(text)
    assert shown(text) == text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("s3://bucket/a/b.pcap", "s3://bucket/a/b.pcap"),
        ("s3://AKIA:geheim@bucket/b.pcap", "s3://bucket/b.pcap"),
        ("https://u:p@host:8443/x.pcap?sig=geheim#part", "https://host:8443/x.pcap"),
        ("https://host/x.pcap#access_token=geheim", "https://host/x.pcap"),
        ("https://host?sig=geheim", "https://host"),
        ("https://geheim@host", "https://host"),
        ("https://a:p@ss@host/x", "https://host/x"),
        ("sftp://user:geheim@host/who@where.pcap", "sftp://host/who@where.pcap"),
        ("abfs://box@account.dfs.core.windows.net/x", "abfs://box@account.dfs.core.windows.net/x"),
        ("abfs://box:geheim@account/x", "abfs://account/x"),
    ],
)
def test_user_info_query_and_fragment_are_not_shown(url: str, text: str) -> None:
    assert shown(url) == text
    assert redacted(f"cannot read {url}: 403, and '{url}', too") == (
        f"cannot read {text}: 403, and '{text}', too"
    )


def test_what_is_cut_for_its_length_shows_no_secret_either() -> None:
    url = f"https://host/{'a' * 900}.pcap?X-Amz-Security-Token={'t' * 900}&X-Amz-Signature=geheim"
    assert visible(url) == f"https://host/{'a' * 900}.pcap"


def test_text_without_a_url_stays_as_it_is() -> None:
    assert redacted("who? me@home: a#1") == "who? me@home: a#1"
