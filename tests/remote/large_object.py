"""How many bytes of a large object travel: read by this process in two threads, and by two workers
of a cluster in parts of 256 MB.

    python -m tests.remote.large_object --gigabytes 2

The object is the same frames again and again, on a web server with ranges that counts what it
sends.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nvgre_doctor import diagnose
from nvgre_doctor.report.to_json import to_json
from tests.remote.fleet import fleet
from tests.remote.servers import web_server
from tests.remote.test_http import large

_HEADER = 24


class Repeated:
    """A pcap whose records come again and again, which is nowhere as a whole."""

    def __init__(self, capture: bytes, times: int) -> None:
        self._header, self._records = capture[:_HEADER], capture[_HEADER:]
        self._length = _HEADER + times * len(self._records)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, span: slice) -> bytes:
        begin, end, _ = span.indices(self._length)
        found = [self._header[begin:end]]
        at, end = max(begin - _HEADER, 0), end - _HEADER
        while at < end:
            first = at % len(self._records)
            piece = self._records[first : first + end - at]
            found.append(piece)
            at += len(piece)
        return b"".join(found)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="See the module's text.")
    parser.add_argument("--gigabytes", type=float, default=2)
    options = parser.parse_args(arguments)
    block = large(8_000_000)
    times = int(options.gigabytes * 10**9 / len(block))
    reports = []
    with web_server() as site, tempfile.TemporaryDirectory() as folder:
        site.files["large.pcap"] = whole = Repeated(block, times)
        for who in ("two threads", "two workers"):
            site.sent = 0
            if who == "two threads":
                reports.append(to_json(diagnose(site.url("large.pcap"), jobs=2)))
            else:
                with fleet(Path(folder) / "logs", 2) as running:
                    there = diagnose(site.url("large.pcap"), scheduler=running.address)
                    reports.append(to_json(there))
            print(f"{who}: {site.sent:,} of {len(whole):,} bytes, {site.sent / len(whole):.4f}")
    print("the same bytes" if reports[0] == reports[1] else "DIFFERENT reports")
    return 0 if reports[0] == reports[1] else 1


if __name__ == "__main__":
    sys.exit(main())
