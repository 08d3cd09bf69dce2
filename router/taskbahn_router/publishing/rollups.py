"""Jobs with members seen as a whole: for clients that ask, and live for those that watch one.

Nothing is counted where members move: the index of members is read when a client asks, and for watchers at most four times a second,
and only after commits.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.core import rollup
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.policy import weight_of
from taskbahn_router.core.reactions import HAS_MEMBERS, HAS_WEIGHT, IS_FLOW
from taskbahn_router.model.wire_format import packed
from taskbahn_router.publishing.job_watch import JobWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.publishing.followers import JobFollowers
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

TICK_SECONDS = 0.25
LEAST_PART = 20  # between two counts pass at least as many times the seconds that one took
MAX_JOBS_EACH_TICK = 50
MAX_PARTLY = 200  # running members whose own progress counts


class MembersRead(NamedTuple):
    """What the store says of a job's members; running: some of those that run.  weights: None if all are 1."""

    row: JobRow
    counts: Mapping[str, int]
    running: Sequence[JobRow] = ()
    weights: Mapping[str, float] | None = None


class Rollups:
    """Counts the members of jobs."""

    log = Logger("taskbahn.rollups")

    def __init__(
        self,
        state: DispatcherState,
        followers: JobFollowers,
        reader: Reader,
        runner: Runner,
        *,
        clock: Clock,
        wall: Callable[[], float],
    ) -> None:
        self._state = state
        self._followers = followers
        self._reader = reader
        self._runner = runner
        self._clock = clock
        self._wall = wall
        self._watchers: dict[JobWatch, dict[str, Any] | None] = {}  # watcher -> what it got last; first those that wait longest
        self._ticks = False
        self._seen = -1  # turns of the followers at the last look

    def read(self, row: JobRow) -> MembersRead | None:
        """Count the members of a job; None: it has none. On the reader's thread."""
        if not row.flags & HAS_MEMBERS:
            return None
        counts = self._reader.member_counts([row.seq], sys.maxsize)[row.seq]
        running = self._reader.members(row.seq, 0, MAX_PARTLY, (State.RUNNING,)) if counts.get(State.RUNNING) else []
        return MembersRead(row, counts, self._reader.rows(running), self._weights(row)) if counts else None

    def read_all(self, rows: Sequence[JobRow], most: int) -> list[MembersRead]:
        """Count the members of the first jobs of a list, no more than *most* of all. On the reader's thread."""
        those = {row.seq: row for row in rows if row.flags & HAS_MEMBERS}
        counts = self._reader.member_counts(list(those), most) if those else {}
        return [MembersRead(those[seq], counts[seq], (), self._weights(those[seq])) for seq in counts if counts[seq]]

    def _weights(self, row: JobRow) -> Mapping[str, float] | None:
        return self._reader.member_weights(row.seq) if row.flags & HAS_WEIGHT else None

    def fields(self, read: MembersRead) -> dict[str, Any]:
        """Return what the view of a job says of its members; a flow's progress is theirs."""
        state = read.row.state if read.row.flags & IS_FLOW else None
        members = rollup.summary(read.counts, map(self._share, read.running), read.weights, state)
        return {"members": members} | ({} if state is None else {"progress": rollup.progress(members, state)})

    def shown(self, view: dict[str, Any]) -> dict[str, Any]:
        """Return the view of a job with the newest progress, if it runs."""
        live = self._state.jobs.get(view["id"])
        if live is not None and live.progress is not None:
            view["progress"] = live.progress
        return view

    def _share(self, row: JobRow) -> float:
        live = self._state.jobs.get(id_text(row.id))
        share = rollup.share(packed(row.progress) if live is None or live.progress is None else live.progress)
        return share * weight_of(row.options)

    def joined(self, parent: str) -> None:
        """A watched job has got members."""
        for follower in self._followers.of(parent):
            if isinstance(follower, JobWatch) and follower.seq and follower not in self._watchers:
                self._add(follower, None)

    def watch(self, watcher: JobWatch, members: dict[str, Any] | None) -> None:
        """Tell a watcher of its job's members from now on.  members: what its snapshot says of them; None: there are none."""
        if members is not None:
            self._add(watcher, members)

    def _add(self, watcher: JobWatch, last: dict[str, Any] | None) -> None:
        self._watchers[watcher] = last
        self._tick_later(TICK_SECONDS)

    def forget(self, watcher: JobWatch) -> None:
        """Drop a watcher."""
        self._watchers.pop(watcher, None)

    def _tick_later(self, seconds: float) -> None:
        if self._watchers and not self._ticks:
            self._ticks = True
            self._clock.callLater(seconds, self._tick)

    def _tick(self) -> None:
        """Count the members of those jobs whose watchers have waited longest, if anything was committed."""
        turns = self._followers.turns
        watchers = self._next() if turns != self._seen else {}
        if len(watchers) < MAX_JOBS_EACH_TICK:
            self._seen = turns
        if not watchers:
            self._again(0.0)
            return
        began = self._clock.seconds()

        def read() -> list[MembersRead]:
            with self._reader.snapshot():
                found = map(self.read, self._reader.rows(list(watchers)))
                return [members for members in found if members is not None]

        asked = self._runner.run(read)
        asked.addCallbacks(lambda found: self._tell(watchers, found), self._not_read)
        asked.addBoth(lambda _: self._again(self._clock.seconds() - began))

    def _next(self) -> dict[int, list[JobWatch]]:
        chosen: dict[int, list[JobWatch]] = {}
        for watcher, last in list(self._watchers.items()):
            if len(chosen) == MAX_JOBS_EACH_TICK and watcher.seq not in chosen:
                break
            del self._watchers[watcher]
            if watcher.call.open:
                self._watchers[watcher] = last
                chosen.setdefault(watcher.seq, []).append(watcher)
        return chosen

    def _tell(self, watchers: dict[int, list[JobWatch]], found: list[MembersRead]) -> None:
        for read in found:
            fields = self.fields(read)
            for watcher in watchers[read.row.seq]:
                if watcher in self._watchers and self._watchers[watcher] != fields["members"]:
                    self._watchers[watcher] = fields["members"]
                    watcher.members(fields["members"], fields.get("progress"), self._wall())

    def _not_read(self, failure: Any) -> None:
        if not failure.check(StoreUnavailable):  # without the store, a later tick counts them
            self.log.failure("members cannot be counted", failure)

    def _again(self, took: float) -> None:
        self._ticks = False
        self._tick_later(max(TICK_SECONDS, took * LEAST_PART))
