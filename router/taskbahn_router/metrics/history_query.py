"""`taskbahn.view.history`, from what is in memory and what is stored; and what was stored, brought into memory after a start."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidRequest, UnknownTask
from taskbahn_router.metrics.charts import LONGEST, SHORTEST, chart, start_of, step_for
from taskbahn_router.metrics.daily import ENOUGH, HOUR, HOURS, hour_of
from taskbahn_router.metrics.recent import KEPT, STEP
from taskbahn_router.metrics.tally import NOTHING, Tallies, Tally, add_to
from taskbahn_router.stores.minutes import MINUTE, minute_of
from taskbahn_router.submission.submission import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.internet.defer import Deferred

    from taskbahn_router.metrics.recorder import Recorder
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.minutes import MinuteRow

Slice = tuple[int, int, str | None]  # since, until, task


class HistoryQuery:
    """Reads stored minutes on the reader's thread."""

    log = Logger("taskbahn.history")

    def __init__(
        self,
        state: DispatcherState,
        history: Recorder,
        wall: Callable[[], float],
        reader: Reader,
        runner: Runner,
        fail: Callable[[PendingCall, Any], None],
    ) -> None:
        self._state = state
        self._history = history
        self._wall = wall
        self._reader = reader
        self._runner = runner
        self._fail = fail

    # after a start

    def load(self) -> None:
        """Bring the last quarter of an hour into memory, and the last day of each task, hour by hour, so that no question waits for long."""
        first = self._history.first_minute
        since = minute_of(self._wall() - KEPT * STEP)
        asked: Deferred[list[MinuteRow]] = self._runner.run(self._reader.minutes, since, first + MINUTE, None)
        asked.addCallback(self._history.load_recent)
        asked.addErrback(lambda failure: self.log.failure("the charts of before the start are missing", failure))
        hours = [hour_of(first) - ago * HOUR for ago in range(HOURS)]
        day: Iterator[Slice] = ((hour, min(hour + HOUR, first), None) for hour in hours)
        self._load(chain(day, self._older(hours[-1])))

    def _older(self, until: int) -> Iterator[Slice]:
        """Yield the stretches of time in which to look for the last runs of tasks that had none in the last day."""
        for task in list(self._state.tasks):
            if self._history.typical(task) is None:
                yield until - LONGEST, until, task

    def _load(self, slices: Iterator[Slice]) -> None:
        part = next(slices, None)
        if part is None:
            return

        def loaded(tallies: Tallies) -> None:
            self._history.load(part[0], tallies)
            self._load(slices)

        asked: Deferred[Tallies] = self._runner.run(self._sums, *part)
        asked.addCallback(loaded)
        asked.addErrback(lambda failure: self.log.failure("statistics of before the start are missing", failure))

    def _sums(self, since: int, until: int, task: str | None) -> Tallies:
        """Return the sums of all tasks; with *task*, of that task's last runs alone."""
        sums: Tallies = {}
        for row in reversed(self._reader.minutes(since, until, task)):
            if task in sums and sum(sums[task].runs.values()) >= ENOUGH:
                break
            add_to(sums, row.task, Tally.of(row))
        return sums

    # questions

    def history(self, call: PendingCall) -> None:
        """`taskbahn.view.history`."""
        seconds, task = call.kwargs.get("seconds", HOUR), call.kwargs.get("task") or ""
        if not _is_span(seconds):
            raise InvalidRequest(f"seconds must be a number, {SHORTEST} to {LONGEST:,}")
        if not isinstance(task, str):
            raise InvalidRequest("task must be the name of one")
        if task and task not in self._state.tasks:
            check_name(task)
            raise UnknownTask(task, self._state.tasks)
        now, step = self._wall(), step_for(seconds)
        start = start_of(now, seconds, step)
        if step == STEP:
            call.answer(chart(step, start, now, self._history.moments(task, start)))
            return
        until, recent = self._history.minutes(task)

        def read() -> dict[str, Any]:
            with self._reader.snapshot():
                found = [(row.at, Tally.of(row)) for row in self._reader.minutes(start, until, task)]
                ran = [(row.at, NOTHING) for row in self._reader.minutes(start, until, "")] if task else []
            stored = sorted([*ran, *found], key=lambda pair: pair[0])
            return chart(step, start, now, [*stored, *recent])

        asked: Deferred[dict[str, Any]] = self._runner.run(read)
        asked.addCallbacks(call.answer, lambda failure: self._fail(call, failure))


def _is_span(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and SHORTEST <= seconds <= LONGEST
