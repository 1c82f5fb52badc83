"""The loop: take what was read, judge what is in the window, say what changed.

Judging takes a tenth of a core at most: what took long is looked at later again.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.doctor import Told, judge, report_of
from nvgre_doctor.report.exits import FAIL_ON
from nvgre_doctor.report.model import Report
from nvgre_doctor.report.to_json import summary_of
from nvgre_doctor.settings.options import Options
from nvgre_doctor.terminal.memory import resident_bytes
from nvgre_doctor.watching.clock import Clock, SteadyClock
from nvgre_doctor.watching.file_marks import supply_state
from nvgre_doctor.watching.ledger import Change
from nvgre_doctor.watching.numbering import by_file
from nvgre_doctor.watching.rates import Counting, Rates
from nvgre_doctor.watching.reading import Follower, Slice, Taken
from nvgre_doctor.watching.said import ASIDE, Event, about, problem_at
from nvgre_doctor.watching.standing import OLD_S, Counts, Outlet, Standing, Wanted
from nvgre_doctor.watching.state import NOTHING, State
from nvgre_doctor.watching.supply import Notice, Supply
from nvgre_doctor.watching.window import Window

SHARE: Final = 10
"""Judging may take one part in so many of the time."""
HEARTBEAT_S: Final = 60
BEHIND_S: Final = 10
"""Age of the newest frame from which on it is said, where more is there to be read."""
MOST_PROBLEMS: Final = 10_000
"""Problems of files that are remembered, so that none is said twice."""
SETTLING_S: Final = 0.5
"""How long what is there already is read when the end is asked for."""
_NS: Final = 1_000_000_000


class Watch:
    """Several supplies, looked at together."""

    def __init__(
        self,
        supplies: Iterable[Supply],
        options: Options,
        told: Told,
        wanted: Wanted,
        outlet: Outlet,
        *,
        known: Callable[[Report], Report] = lambda report: report,
        state: State = NOTHING,
        save: Callable[[State], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`known` takes out of a report what need not be told (a baseline).  `state` is what was
        told earlier, and is saved again and again.
        """
        self.followers = [Follower(supply, told=self._one_ended) for supply in supplies]
        self.window = Window(wanted.window_s)
        self.ledger = state.ledger()
        self.ended = threading.Event()
        self.report: Report | None = None
        self._options, self._told, self._wanted = options, told, wanted
        self._outlet, self._known = outlet, known
        self._clock = clock or SteadyClock()
        self._counts, self._counting = Counts(), Counting()
        self._number, self._beaten_frames = state.number, 0
        self._pending, self._save = state.pending, save
        self._taken: dict[str, tuple[int, Taken]] = {}  # by path of the source
        self._began_ns = self._looked_ns = self._beaten_ns = self._clock.now_ns()
        self._said_behind_ns: int | None = None
        self._problems: dict[tuple[str, str, int], None] = dict.fromkeys(state.problems)
        """Those that were said."""
        self._reason = ""

    # --- the loop ---

    def stop(self, reason: str = "interrupted") -> None:
        """End at the next occasion; for signal handlers too."""
        self._reason = self._reason or reason
        self.ended.set()

    def _one_ended(self) -> None:
        if all(follower.is_ended for follower in self.followers):
            self.stop("end of input")

    def run(self) -> Report:
        """Until it ends; the last report."""
        self.begin()
        begin = self._clock.now_ns()
        for_s = self._wanted.for_s
        pause = 0.0
        while not self.ended.is_set():
            if for_s is not None:
                left = for_s - (self._clock.now_ns() - begin) / _NS
                if left <= 0:
                    self.stop("time")
                    break
                pause = min(pause, left)
            self._clock.wait(pause, self.ended)
            if self.ended.is_set():
                break
            pause = max(self._wanted.interval_s, SHARE * self.look())
        return self.finish()

    def begin(self) -> None:
        """Start reading.  What may not have been said before a restart is said now."""
        if self._pending:
            self._outlet.say(self._pending)
        self._say([("started", {"sources": [f.supply.path for f in self.followers]})])
        for follower in self.followers:
            follower.start()

    def finish(self) -> Report:
        """Read what is there already, look for the last time, and end."""
        self._settle()
        self.look(is_last=True)
        for follower in self.followers:
            follower.pace.end()
        assert self.report is not None
        summary = summary_of(self.report)
        self._say([("stopped", {"reason": self._reason, "summary": summary})])
        return self.report

    def _settle(self) -> None:
        until = time.monotonic() + SETTLING_S
        before = [follower.pace.rounds for follower in self.followers]
        while time.monotonic() < until and not all(
            follower.is_ended or follower.pace.rounds >= rounds + 2
            for follower, rounds in zip(self.followers, before, strict=True)
        ):
            time.sleep(0.01)

    # --- one look ---

    def look(self, *, is_last: bool = False) -> float:
        """Take what was read, and say what changed.  Seconds of a core that judging took."""
        now_ns = self._clock.now_ns()
        frames = self._counts.frames
        said = [
            event
            for index, follower in enumerate(self.followers)
            for event in self._take(index, follower, now_ns / _NS)
        ]
        began = time.thread_time()
        rates, is_reading = self._counting.rates(now_ns), self._counts.frames > frames
        self._looked_ns = now_ns
        if is_last or not any(follower.is_planned for follower in self.followers):
            said += self._judge(now_ns, is_last=is_last)
        standing = self._standing(now_ns, rates, is_reading=is_reading)
        if standing.behind_s and self._is_time_for_behind(now_ns):
            said.append(("behind", {"seconds": standing.behind_s}))
        if now_ns - self._beaten_ns >= HEARTBEAT_S * _NS:
            said.append(("heartbeat", self._heartbeat(now_ns)))
        if said or is_reading:
            self._say(said)
        if self.report is not None:
            self._outlet.show(self.report, standing, is_last=is_last)
        return time.thread_time() - began

    def _take(self, index: int, follower: Follower, now: float) -> list[tuple[str, dict[str, Any]]]:
        taken = follower.take()
        self._taken[follower.supply.path] = index, taken
        opened, notices, slices = taken[:3]
        said: list[tuple[str, dict[str, Any]]] = [("reading", {"path": path}) for path in opened]
        self._counts.reading = opened[-1] if opened else self._counts.reading
        said += [self._notice(notice) for notice in notices]
        for slice in slices:
            self._count(slice)
            self.window.add(index, slice, now)
            for problem in slice.problems:
                key = slice.path, problem.reason, problem.offset
                if key not in self._problems:
                    self._problems[key] = None
                    if len(self._problems) > MOST_PROBLEMS:
                        del self._problems[next(iter(self._problems))]
                    self._counts.problems += 1
                    said.append(problem_at(slice.path, problem))
        return said

    def _notice(self, notice: Notice) -> tuple[str, dict[str, Any]]:
        if notice.kind == "lost":
            self._counts.lost += 1
            return "lost", {"path": notice.path, "why": notice.text}
        self._counts.problems += 1
        return problem_at(notice.path, Problem("source", 0, notice.text))

    def _count(self, slice: Slice) -> None:
        counts = self._counts
        self._counting.add(slice.evidence)
        counts.frames += slice.evidence.frames
        counts.nvgre_frames += slice.evidence.nvgre_frames
        if slice.last_ts_ns is not None and slice.last_ts_ns >= 0:
            counts.newest_ns = slice.last_ts_ns

    def _judge(self, now_ns: int, *, is_last: bool) -> list[tuple[str, dict[str, Any]]]:
        seen = self.window.seen(now_ns / _NS, is_last=is_last)
        situation = by_file(
            judge((), seen.evidence, self._told), seen.captures, seen.tapes, self._told
        )
        self.report = report = self._known(report_of(situation, self._options))
        changes = self.ledger.compare(report, now_ns, self._patience_ns)
        if self._wanted.until_finding and any(map(self._counts_as_found, changes)):
            self.stop("finding")
        said = [about(change) for change in changes]
        for layout in self.ledger.layouts_said(report):
            fields = {"address": layout.address, "from": layout.before, "to": layout.after}
            said.append(("host", fields))
        return said

    @property
    def _patience_ns(self) -> int:
        window_s = self._wanted.window_s
        return 1 << 62 if window_s is None else int(window_s * _NS)

    def _counts_as_found(self, change: Change) -> bool:
        severities = FAIL_ON[self._options.fail_on] or FAIL_ON["info"]
        return change.event == "appeared" and change.row["severity"] in severities

    # --- what is said ---

    def _say(self, said: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Whoever is killed between the saving and the saying says it again, with the same number:
        nothing is missing.
        """
        events = []
        for name, fields in said:
            self._number += 1
            times = self._looked_ns, self._counts.newest_ns
            events.append(Event(name, self._number, *times, fields))
        told = [event for event in events if event.name not in ASIDE]
        if told:
            self._keep(told)
        if events and not self._outlet.say(events):
            self.stop("nobody reads")
        self._keep([])

    def _keep(self, pending: list[Event]) -> None:
        """Save the state, unless the one before is still needed."""
        if self._save is None or any(follower.is_planned for follower in self.followers):
            return
        supplies = {
            path: supply_state(taken.reads, taken.last_number, self.window.plans(index))
            for path, (index, taken) in self._taken.items()
        }
        ledger, problems = self.ledger, tuple(self._problems)
        opened = tuple(ledger.open.values())
        state = State(self._number, opened, ledger.layouts, problems, supplies, tuple(pending))
        self._save(state)

    def _is_time_for_behind(self, now_ns: int) -> bool:
        last = self._said_behind_ns
        if last is not None and now_ns - last < HEARTBEAT_S * _NS:
            return False
        self._said_behind_ns = now_ns
        return True

    def _heartbeat(self, now_ns: int) -> dict[str, Any]:
        seconds = (now_ns - self._beaten_ns) / _NS
        counts = self._counts
        rate = round((counts.frames - self._beaten_frames) / seconds)
        self._beaten_ns, self._beaten_frames = now_ns, counts.frames
        return {
            "frames": counts.frames,
            "nvgre_frames": counts.nvgre_frames,
            "rate": rate,
            "rss": resident_bytes(),
        }

    def _standing(self, now_ns: int, rates: Rates, *, is_reading: bool) -> Standing:
        counts = self._counts
        lag_s = None if counts.newest_ns is None else (now_ns - counts.newest_ns) / _NS
        is_busy = any(f.pace.is_busy() and not f.is_ended for f in self.followers)
        is_late = lag_s is not None and BEHIND_S < lag_s < OLD_S
        is_behind = is_reading and is_busy and is_late
        if not is_behind:
            self._said_behind_ns = None
        return Standing(
            tuple([follower.supply.path for follower in self.followers]),
            self._wanted.window_s,
            now_ns,
            counts.frames,
            counts.nvgre_frames,
            rates,
            counts.reading,
            lag_s,
            int(lag_s) if is_behind and lag_s is not None else 0,
            counts.lost,
            counts.problems,
            tuple(
                [(dict(one.row), one.since_ns) for one in self.ledger.open.values()
                 if not one.is_silent]
            ),
        )  # fmt: skip
