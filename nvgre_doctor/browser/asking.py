"""What the page asks, in the Python that runs in the browser: captures, reports, annotated copies,
keys.

Takes and gives plain texts, numbers and bytes, which JavaScript has too.  Captures are paths here
as everywhere: the page mounts what was dropped on it, and nothing is copied into memory.
"""

import io
import json
import sys
from collections.abc import Sequence
from typing import Final

from nvgre_doctor.annotate import Pointer, annotate, can_be_copied, says
from nvgre_doctor.doctor import diagnose_each, examine
from nvgre_doctor.errors import DoctorError
from nvgre_doctor.keycard import draw_key_card, parse_keys
from nvgre_doctor.known.numbers import parse_vsid
from nvgre_doctor.report.assemble import assemble
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import render, render_each
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.registry import find_all, select_codes
from nvgre_doctor.scan.files import ProgressCallback
from nvgre_doctor.settings.options import Options
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.page import Page
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.wording import VERDICT_WORDS, plural

LARGEST_WHOLE_COPY: Final = 200_000_000
"""Bytes of a capture of which a whole annotated copy is made; it must find room in memory."""


class AskedError(DoctorError):
    """What was asked cannot be answered; the text says what to change."""


class Session:
    """The captures that were given last, and what can be asked about them."""

    def __init__(self) -> None:
        """Nothing was given yet."""
        self._reports: list[Report] = []
        self._situation: Situation | None = None  # None: each was diagnosed by itself
        self._is_each = False

    def diagnose(
        self,
        names: Sequence[str],
        tell: ProgressCallback,
        *,
        each: bool = False,
        vsids: str = "",
        vsid_complete: bool = False,
        inventory: str | None = None,
    ) -> str:
        """Diagnose files and folders of the working directory; what was found, as JSON: see
        `_summary`.

        `vsids` is what somebody typed, `inventory` the path of a CSV.  Errors: DoctorError.
        """
        options = Options(
            vsids=_numbers(vsids), vsid_complete=vsid_complete, inventory=inventory, jobs=1
        )
        paths = ["./-" if name == "-" else name for name in names]  # "-" would be standard input
        self._is_each, self._situation = each, None
        if each:
            self._reports = list(diagnose_each(paths, options, progress=tell))
        else:
            self._situation = examine(paths, options, tell)
            found = find_all(self._situation)
            self._reports = [assemble(self._situation, found, select_codes(()), ())]
        return json.dumps(self._summary())

    def _summary(self) -> dict[str, object]:
        """What the page says around the report, and what it can offer."""
        (*_, last) = self._reports
        count = plural(len(self._reports), "capture")
        return {
            "title": f"{count}, each by itself" if self._is_each else VERDICT_WORDS[last.verdict],
            "copies": [
                {"capture": index, "name": visible(capture.path), "whole": _fits(capture.bytes)}
                for index, capture in enumerate(() if self._is_each else last.captures)
                if can_be_copied(capture)
            ],
        }

    def report(self, format_name: str) -> str:
        """The report in one of the formats."""
        if self._is_each:
            return render_each(format_name, self._reports, Display())
        return render(format_name, self._reports[0], Display())

    def annotated(self, index: int, tell: ProgressCallback) -> bytes:
        """A capture with comments, as pcapng; of a large one only the frames of findings."""
        situation, (report, *_) = self._situation, self._reports
        assert situation is not None
        capture = report.captures[index]
        target = io.BytesIO()
        annotate(
            capture.path,
            capture,
            Pointer(situation, report.findings, index),
            target,
            tell,
            comment=says(report),
            only_findings=not _fits(capture.bytes),
        )
        return target.getvalue()


def _fits(size: int) -> bool:
    return size <= LARGEST_WHOLE_COPY


def _numbers(typed: str) -> tuple[int, ...]:
    try:
        return tuple(map(parse_vsid, typed.replace(",", " ").split()))
    except ValueError as error:
        raise AskedError(f"VSIDs: {error}") from None


def key_card(typed: str) -> str:
    """What `nvgre-doctor key` says.  Errors: DoctorError."""
    page = Page(None, color=False)
    for key in parse_keys(typed.split()):
        page.blank()
        draw_key_card(page, key)
    return page.text()


def last_trouble() -> str | None:
    """What the last error says, if its user can mend it.  The bridge to JavaScript leaves it where
    an interactive Python does.
    """
    error = getattr(sys, "last_exc", None)
    return visible(str(error)) if isinstance(error, DoctorError) else None
