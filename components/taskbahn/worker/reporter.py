"""What this worker holds, and what it has to report. Nothing leaves the books before the dispatcher has recorded it.

All that happens while a report is on its way travels in the next one: an idle worker reports at once, a busy one in
batches. A large batch does not wait for the one before it, so that the dispatcher has it when its store is done with that. What was not
acknowledged when the connection was lost is reported again after it came back.

An acknowledgement that does not come would keep everything here for ever, on a connection that seems to live. So after a few
heartbeats without it the worker gives the connection up and makes a new one, unless the dispatcher says that the report waits for the store.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from autobahn.wamp.exception import TransportLost
from twisted.logger import Logger

from taskbahn.attempt.context import DONE, FAILED, PARKED, SUSPENDED
from taskbahn.protocol import messages
from taskbahn.protocol.vitals import Vitals
from taskbahn.worker.report_batch import Key, ReportBatch

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import AttemptContext, Record

LARGE_REPORT_SUCCESSES = 200  # successes that do not wait for the acknowledgement of the report before
MAX_REPORTS_IN_FLIGHT = 3  # reports
MAX_PENDING_NOTICES = 100_000  # notices, of all attempts
PATIENCE = 3  # heartbeats that an acknowledgement may take; as many as the dispatcher waits for a report
VITALS_SECONDS = 2.0  # between two looks at memory and processor, at least


class Sent(NamedTuple):
    """A report on its way."""

    batch: ReportBatch
    tells_draining: bool = False


class Reporter:
    """Keeps the books and sends the reports; lives on the event loop's thread.

    on_failed gets each attempt that did not succeed, with what is reported of it.
    on_chunks gets the mark up to which the chunks of an attempt are recorded, or will never be.
    on_refused gets the attempts that are no longer this worker's; on_unanswered is called when a report was not acknowledged for too long, with
    the seconds, and is to drop the connection; measure tells now and then what this worker takes of its machine.
    """

    log = Logger("taskbahn.worker")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        on_refused: Callable[[list[Key]], None] = lambda _: None,
        on_unanswered: Callable[[float], None] = lambda _: None,
        on_chunks: Callable[[AttemptContext, int], None] = lambda _, __: None,
        on_failed: Callable[[AttemptContext, dict[str, Any]], None] = lambda _, __: None,
        measure: Callable[[], Vitals] | None = None,
    ) -> None:
        self.held: dict[Key, AttemptContext] = {}  # attempts without an outcome
        self.finished = 0
        self.dropped = 0  # notices that were dropped
        self._missing: Counter[Key] = Counter()  # attempt -> its log lines and chunks that were dropped
        self._loop = loop
        self._on_refused = on_refused
        self._on_unanswered = on_unanswered
        self._on_chunks = on_chunks
        self._on_failed = on_failed
        self._measure = measure
        self._measured_at: float | None = None  # when the vitals were last measured in this session
        self._is_urgent = False
        self._call: Callable[[Any], None] | None = None
        self._pending = ReportBatch()
        self._sent: deque[Sent] = deque()  # reports on their way, the oldest first
        self._is_draining = False
        self._draining_told = False
        self._heartbeat = 0.0
        self._last_sent = 0.0
        self._waits_since = 0.0  # when the oldest report on its way became that, or was last said to wait for the store
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_clear(self) -> bool:
        """True when everything that is known here is recorded by the dispatcher."""
        told = self._call is None or self._draining_told >= self._is_draining
        return told and not self.held and not self._pending and not self._sent

    def connected(self, call: Callable[[Any], None], heartbeat: float) -> None:
        """A session is open: report through *call*, at least every *heartbeat* seconds; `recorded` follows each report."""
        self._call = call
        self._heartbeat = heartbeat
        self._draining_told = False
        self._measured_at = None
        self._last_sent = self._loop.time()  # the hello counts as a report
        parked = [[*key, True] for key, context in self.held.items() if context.parked_at is not None]
        self._pending.parked = parked  # the dispatcher gives each attempt that the hello names a slot
        self._beat()
        self._flush()

    def disconnected(self) -> None:
        """The session is gone; keep everything until the next one."""
        self._call = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending = self._unacknowledged()
        self._sent.clear()

    def running(self) -> list[Key]:
        """Return the attempts to name after a reconnect: running, waiting in line, or not acknowledged."""
        return [*self.held, *self._unacknowledged().keys()]

    def _unacknowledged(self) -> ReportBatch:
        """Return all that is on its way or waits to be sent, as one."""
        whole = ReportBatch()
        for sent in self._sent:
            whole = whole.before(sent.batch)
        return whole.before(self._pending)

    def deliver(self, records: Iterable[Record]) -> None:
        """Take what attempts have said; what is not held any more (refused, or reported otherwise) is dropped."""
        pending, held = self._pending, self.held
        for kind, data in records:
            if kind == DONE:
                if held.pop((data[0], data[1]), None) is not None:
                    if self._missing:
                        self._tell_missing((data[0], data[1]))
                    pending.done.append(data)
                    self.finished += 1
            elif kind == FAILED:
                self._take_failure(data)
            elif kind == SUSPENDED:
                self._take_suspension(data)
            elif kind == PARKED:
                self._take_parked(*data)
            elif (data[0], data[1]) in held:
                self._take_notice(data)
        self._flush()

    def hand_back(self, contexts: Iterable[AttemptContext]) -> None:
        """Return attempts, unstarted or unfinished, without charge."""
        found = [context for context in contexts if self.held.pop(context.key, None) is not None]
        for context in found:
            self._missing.pop(context.key, None)
        self._pending.back += [context.key for context in found]
        # an attempt that was ordered to stop and has not answered may have begun in another process
        self._pending.begun += [context.key for context in found if context.started_at or context.stop is not None]
        self._flush()

    def tell_vitals(self) -> None:
        """Have the vitals sent with the next report, and that soon: something is to be known."""
        self._measured_at = None
        self._is_urgent = True
        self._flush()

    def drain(self) -> None:
        """Say that this worker takes no more."""
        self._is_draining = True
        self._flush()

    def _take_notice(self, data: list[Any]) -> None:
        """Add a notice, unless far too many wait already, as when the router is away for long."""
        if len(self._pending.notices) < MAX_PENDING_NOTICES or data[2] in ("note", "question", "event"):
            self._pending.notices.append(data)
            return
        if not self.dropped:
            self.log.error(
                "{most} notices wait to be sent: further logs, chunks and progress are dropped", most=MAX_PENDING_NOTICES
            )
        self.dropped += 1
        self._settle_chunks([data])
        if data[2] in ("log", "chunk"):
            self._missing[data[0], data[1]] += 1

    def _tell_missing(self, key: Key) -> None:
        """Say in the log of a job how much of what it said was dropped."""
        missing = self._missing.pop(key, 0)
        if missing:
            message = f"{missing:,} log lines and chunks of this attempt are missing: {MAX_PENDING_NOTICES:,} waited while the router was away"
            line = {"level": "WARNING", "logger": "taskbahn", "message": message}
            self._pending.notices.append([*key, "log", time.time(), line])

    def _take_failure(self, data: dict[str, Any]) -> None:
        key = (data["id"], data["attempt"])
        context = self.held.pop(key, None)
        if context is None:
            return
        if context.stop in ("back", "refused"):
            self._missing.pop(key, None)
            if context.stop == "back":
                self._pending.back.append(key)
                if data["started_at"]:
                    self._pending.begun.append(key)
            return
        self._tell_missing(key)
        self._on_failed(context, data)
        self._pending.failed.append(data)
        self.finished += 1

    def _take_suspension(self, data: dict[str, Any]) -> None:
        context = self.held.pop((data["id"], data["attempt"]), None)
        if context is not None and context.stop not in ("back", "refused"):
            self._tell_missing(context.key)
            self._pending.suspended.append(data)
        elif context is not None and context.stop == "back":
            self._pending.back.append(context.key)
            self._pending.begun.append(context.key)

    def _take_parked(self, job: str, attempt: int, is_parked: bool) -> None:  # noqa: FBT001 - as it travels
        context = self.held.get((job, attempt))
        if context is None or is_parked == (context.parked_at is not None):
            return
        if context.parked_at is None:
            context.parked_at = time.monotonic()
        else:  # the time limit of an attempt does not count what it waits for
            context.waited += time.monotonic() - context.parked_at
            context.parked_at = None
        self._pending.parked.append([job, attempt, is_parked])

    def _flush(self) -> None:
        if self._call is None or (
            self._sent and (len(self._pending.done) < LARGE_REPORT_SUCCESSES or len(self._sent) >= MAX_REPORTS_IN_FLIGHT)
        ):
            return
        if self._pending or self._is_urgent or self._is_draining > self._draining_told:
            batch, self._pending = self._pending.split()
            self._send(batch)

    def _send(self, batch: ReportBatch) -> None:
        assert self._call is not None  # noqa: S101 - checked by `_flush`
        report = batch.plain()
        if self._is_draining:
            report["draining"] = True
        now = self._last_sent = self._loop.time()
        if not self._sent:
            self._waits_since = now
        self._sent.append(Sent(batch, self._is_draining))
        if self._measure is not None and (self._measured_at is None or now - self._measured_at >= VITALS_SECONDS):
            self._measured_at = now
            self._is_urgent = False
            report["vitals"] = messages.plain(self._measure())
        try:
            self._call(report)
        except TransportLost:
            return  # without a session all records stay here
        except Exception as error:  # noqa: BLE001 - one record that cannot travel must cost that record, and not the others
            self._sent.pop()
            self.log.failure("a report could not be sent as a whole")
            parts = batch.smaller(error)
            for part in parts:
                self._send(part)
            if batch.back and not parts:
                self._pending = batch.before(self._pending)
                self._on_unanswered(0.0)

    def recorded(self, refused: list[Key], count: int = 1) -> None:
        """Forget the *count* oldest reports: the dispatcher has recorded them, but for what it *refused*."""
        if not self._sent:
            return
        for _ in range(min(count, len(self._sent))):
            sent = self._sent.popleft()
            self._draining_told |= sent.tells_draining
            if sent.batch.notices:
                self._settle_chunks(sent.batch.notices)
        self._waits_since = self._loop.time()
        if refused:
            self._on_refused(refused)
        self._flush()

    def waits(self) -> None:
        """Wait on: the dispatcher has the reports, and cannot record them yet, as the store refuses."""
        self._waits_since = self._loop.time()

    def drop_reports(self) -> None:
        """Forget the reports on their way: the dispatcher will never take one of them."""
        for sent in self._sent:
            self._settle_chunks(sent.batch.notices)
        self._sent.clear()

    def _settle_chunks(self, notices: list[Any]) -> None:
        """Tell the attempts that said these that they may go on: a generator waits when much of it is not recorded."""
        newest = {(one[0], one[1]): one[5] for one in notices if one[2] in ("chunk", "note")}
        for key, mark in newest.items():
            context = self.held.get(key)
            if context is not None:
                self._on_chunks(context, mark)

    def _beat(self) -> None:
        """Send an empty report when nothing was sent for half of the heartbeat; the first one sooner, for it brings the vitals."""
        now = self._loop.time()
        patience = self._heartbeat / (2 if self._measured_at is not None or self._measure is None else 5)
        self._timer = self._loop.call_later(self._heartbeat / 4, self._beat)
        if self._call is not None and not self._sent and now - self._last_sent >= patience:
            self._send(ReportBatch())
        elif self._sent and now - self._waits_since > PATIENCE * self._heartbeat:
            self._on_unanswered(now - self._waits_since)
