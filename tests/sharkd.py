"""What Wireshark shows of captures through display filters, by sharkd: one process for all."""

import atexit
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.needs import need


class _Sharkd:
    """Wireshark without a window, which reads one capture after the other: to start takes most of
    the time.
    """

    def __init__(self) -> None:
        self._errors = TemporaryFile()  # noqa: SIM115  as long as the process
        self._process = subprocess.Popen(
            [need("sharkd"), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._asked, self._loaded = 1, 0

    def shown(self, capture: Path, filters: frozenset[str]) -> dict[str, frozenset[int]] | None:
        """The frames that it shows through each filter; None where it cannot read the capture to
        its end.
        """
        self._loaded += 1
        other = " " * self._loaded  # it remembers what a filter showed, of the capture before too
        asked = sorted(filters)
        said = self._errors.seek(0, os.SEEK_END)
        loaded, *answers = self._ask(
            ("load", {"file": str(capture.resolve())}),
            *(("frames", {"filter": f"{one}{other}"}) for one in asked),
        )
        self._errors.seek(said)
        errors = self._errors.read()
        if b"damaged or corrupt" in errors:
            return None
        if b"appears to have been cut short" not in errors:  # else it does not answer the first
            assert loaded.get("result") == {"status": "OK"}, errors
        return {
            one: frozenset(frame["num"] for frame in answer["result"])
            for one, answer in zip(asked, answers, strict=True)
        }

    def _ask(self, *calls: tuple[str, dict[str, str]]) -> list[dict[str, Any]]:
        """Its answers; empty where it has none.  That to the last one, which it always has, comes
        after all others.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        first = self._asked
        for method, params in (*calls, ("status", {})):
            question = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params}
            self._process.stdin.write(f"{json.dumps(question)}\n")
            self._asked += 1
        self._process.stdin.flush()
        answers: dict[int, dict[str, Any]] = {}
        while self._asked - 1 not in answers:
            line = self._process.stdout.readline()
            assert line, "sharkd has ended"
            answer = json.loads(line)
            answers[answer["id"]] = answer
        return [answers.get(number, {}) for number in range(first, self._asked - 1)]

    def end(self) -> None:
        self._process.communicate(timeout=60)
        self._errors.close()


@cache
def _sharkd() -> _Sharkd:
    found = _Sharkd()
    atexit.register(found.end)
    return found


def shown(capture: Path, filters: frozenset[str]) -> dict[str, frozenset[int]] | None:
    """The numbers of the frames that each filter shows; None where Wireshark cannot read the
    capture to its end.
    """
    return _sharkd().shown(capture, filters)


def matches(capture: Path, display_filter: str) -> list[int]:
    """Those of one filter, in order; of a capture that is cut, those before."""
    found = shown(capture, frozenset({display_filter}))
    assert found is not None, capture
    return sorted(found[display_filter])
