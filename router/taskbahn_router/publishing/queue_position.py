"""Why jobs do not run yet, and their positions: for clients that ask, and for watchers at each change.

What is before a job is counted on the reader's thread; why it waits is read off the workers of now, in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.core.wait_reason import MAX_AHEAD
from taskbahn_router.model.wire_format import is_held
from taskbahn_router.promises.elder import known_of, row_of
from taskbahn_router.publishing.start_estimate import JobPosition, StartEstimate
from taskbahn_router.stores.contract import QueueCursor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn_router.core.rows import HeldJob
    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.publishing.job_watch import JobWatch
    from taskbahn_router.publishing.start_estimate import DeclaredLimits
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

QUEUED = (State.READY, State.WAITING)
SENT_SECONDS = 1.0  # seconds between two places of one job for its watcher
TICK_SECONDS = 0.25
MAX_JOBS_EACH_TICK = 50  # jobs: 200 a second
MAX_HOLDERS = 10  # of the jobs that have the permits for which a job waits
SAME_SECONDS = 5.0  # seconds by which an expected start must move before a watcher gets it again


class Served(NamedTuple):
    """What the loop knows and a question to the store needs."""

    partitions: list[set[int]]  # of each worker that takes new jobs
    domains: Mapping[str, str]  # of limits, for the elder rule


class QueuePositions:
    """Tells why jobs wait.

    limits: what tasks declare.   typical: the seconds that an attempt of a task takes, None if that is not known.
    """

    log = Logger("taskbahn.queue_position")

    def __init__(
        self,
        state: DispatcherState,
        limits: DeclaredLimits,
        reader: Reader,
        runner: Runner,
        *,
        wall: Callable[[], float],
        clock: Clock,
        typical: Callable[[str], float | None],
    ) -> None:
        self._state = state
        self._limits = limits
        self._reader = reader
        self._runner = runner
        self._wall = wall
        self._clock = clock
        self._typical = typical
        self._watchers: dict[JobWatch, float] = {}  # watcher of a waiting job -> when it got its last place; the oldest first
        self._ticks = False

    def served(self) -> Served:
        """Return which partitions are served together, for `placed`."""
        partitions = [worker.room.partitions for worker in self._state.workers.values() if worker.room.open]
        return Served(partitions, self._limits.domains)

    def placed(self, rows: Sequence[JobRow], served: Served) -> list[JobPosition]:
        """Count what is before those jobs; on the reader's thread."""
        spots = {row.seq: spot(row, served.partitions) for row in rows if row.state == State.READY}
        ahead = dict(zip(spots, self._reader.ahead(list(spots.values()), MAX_AHEAD), strict=True)) if spots else {}
        held = {job.seq: job for job in self._reader.held(list(spots), MAX_AHEAD, MAX_HOLDERS)} if spots else {}
        kept_for = self._kept_for([(row, held[row.seq]) for row in rows if row.seq in held], served.domains)
        pauses = {row.seq: self._reader.holding_pause(row.seq) for row in rows if is_held(row)}
        return [
            JobPosition(row, spots[row.seq].partitions, ahead[row.seq], held.get(row.seq), kept_for.get(row.seq))
            if row.seq in spots
            else JobPosition(row, pause=pauses.get(row.seq))
            for row in rows
        ]

    def _kept_for(self, held: Sequence[tuple[JobRow, HeldJob]], domains: Mapping[str, str]) -> dict[int, bytes]:
        """Return for which job the gate that holds a job keeps permits, by the seqs of those jobs."""
        names = {name for _, job in held if (name := domains.get(job.gate.limit)) is not None}
        gates = self._reader.gates(sorted(map(row_of, names))) if names else []
        elders = [known for gate in gates if (known := known_of(gate.reason)).keeps]
        ids = {row.seq: row.id for row in self._reader.rows([known.passed[0].head for known in elders])} if elders else {}
        return {
            row.seq: ids[known.passed[0].head]
            for row, job in held
            for known in elders
            if job.gate.key in dict(known.keeps)
            and known.passed[0].best < (-row.priority, row.seq)
            and known.passed[0].head in ids
        }

    def start_estimate(self) -> StartEstimate:
        """Return an estimate of places from the workers of this moment."""
        return StartEstimate(self._state, self._limits, self._wall(), self._typical)

    def moved(self, watcher: JobWatch) -> None:
        """A watched job came into another state."""
        if watcher.state not in QUEUED:
            self.forget(watcher)
        elif watcher not in self._watchers:
            self._watchers[watcher] = self._clock.seconds()
            self._tick_later()

    def forget(self, watcher: JobWatch) -> None:
        """Drop a watcher: it has left, or its job does not wait any more."""
        self._watchers.pop(watcher, None)

    def _tick_later(self) -> None:
        if self._watchers and not self._ticks:
            self._ticks = True
            self._clock.callLater(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Ask for the places of the jobs whose watchers got one longest ago, in one question."""
        watchers = self._next()
        if not watchers:
            self._again()
            return
        served = self.served()

        def read() -> list[JobPosition]:
            with self._reader.snapshot():
                return self.placed(self._reader.rows(list(watchers)), served)

        asked = self._runner.run(read)
        asked.addCallbacks(lambda found: self._tell(watchers, found), self._not_read)
        asked.addBoth(lambda _: self._again())

    def _next(self) -> dict[int, list[JobWatch]]:
        """Return the watchers that get a place in this tick, by the seqs of their jobs."""
        now = self._clock.seconds()
        chosen: dict[int, list[JobWatch]] = {}
        for watcher, sent_at in list(self._watchers.items()):
            if sent_at > now - SENT_SECONDS or (len(chosen) == MAX_JOBS_EACH_TICK and watcher.seq not in chosen):
                break
            del self._watchers[watcher]
            if watcher.call.open:
                self._watchers[watcher] = now
                chosen.setdefault(watcher.seq, []).append(watcher)
        return chosen

    def _tell(self, watchers: dict[int, list[JobWatch]], found: list[JobPosition]) -> None:
        start_estimate = self.start_estimate()
        for placed in found:
            place = start_estimate.place(placed)
            for watcher in watchers[placed.row.seq]:
                if place is not None and watcher.state in QUEUED and is_news(watcher.place, place):
                    watcher.place = place
                    watcher.call.progress({"place": place})

    def _not_read(self, failure: Any) -> None:
        if not failure.check(StoreUnavailable):  # without the store, a later tick sends them
            self.log.failure("places cannot be sent", failure)

    def _again(self) -> None:
        self._ticks = False
        self._tick_later()


def spot(row: JobRow, served: list[set[int]]) -> QueueCursor:
    """Return where a ready job is: among all jobs of the partitions that a worker serves together with its own."""
    partitions = {row.partition}.union(*(partitions for partitions in served if row.partition in partitions))
    return QueueCursor(tuple(sorted(partitions)), row.priority, row.seq)


def is_news(before: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    """Return whether a place says something else than the one before."""
    if before is None or (before["why"], before.get("ahead")) != (now["why"], now.get("ahead")):
        return True
    was, is_now = before.get("starts_at"), now.get("starts_at")
    if was is None or is_now is None:
        return was is not is_now
    return bool(abs(was - is_now) > SAME_SECONDS)
