"""What follows when jobs move, to a fixed point, within a budget. A kind of reaction is a file beside this one and a row in `registry.py`.

A reaction goes by the state in which a job is, not by the move that led there. So it may look at a job again at any time: what follows
is done once, whatever came in between, and the leftover of a commit is no more than which jobs to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from taskbahn.protocol.states import State
from taskbahn_router.core.job_pauses import held
from taskbahn_router.core.job_times import is_due
from taskbahn_router.core.lifecycle import Event, advance
from taskbahn_router.core.reactions import (
    IS_FLOW,
    IS_GROUP,
    IS_HELD,
    IS_OVERDUE,
    IS_PAUSED,
    IS_SKIPPED,
    PAUSE_BIT,
    Duty,
    FlaggedJob,
    Hold,
    Reacted,
    ReactedMove,
    ReactionNeed,
)
from taskbahn_router.promises.edges import waits
from taskbahn_router.promises.engine import THREAD_BUDGET
from taskbahn_router.promises.flow_results import result_of
from taskbahn_router.promises.holding import Holding
from taskbahn_router.promises.joining import Demands, asks, lacks_key
from taskbahn_router.promises.parent_errors import ParentErrors
from taskbahn_router.promises.registry import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from taskbahn_router.core.reactions import Edge, Input, ReactionRows
    from taskbahn_router.core.unique_keys import KeyHolder, Member, NewKey

    KeyOf = Callable[[int, Member], NewKey | None]

Subject = tuple[str, int]  # kind and seq of a duty

CLAIMS_SHARE = 4  # the part of a budget, one in this number, that is left for the claims of the commit


class Cascade:
    """The jobs that one transaction's reactions touch, as they are after what was decided so far."""

    def __init__(self, now: float, changed: Sequence[FlaggedJob], task: Callable[[int], str], key_of: KeyOf) -> None:
        self.now = now
        self.key_of = key_of
        self.holders: dict[str, KeyHolder] = {}  # of unique keys
        self.followed: dict[int, Edge] = {}  # by members that joined jobs in this transaction
        self.jobs = {job.seq: job for job in changed}
        self.errors = ParentErrors(task)
        self.reacted = Reacted()
        self._moved: list[FlaggedJob] = []
        self._followed: list[Duty] = []
        self._results: dict[int, str] = {}  # of flows that are complete

    def load(self, seqs: Iterable[int]) -> Generator[ReactionNeed, ReactionRows, None]:
        """Read those jobs that were not read yet; one that does not exist is left out."""
        missing = [seq for seq in dict.fromkeys(seqs) if seq not in self.jobs]
        if missing:
            rows = yield ReactionNeed(jobs=missing)
            self.jobs.update((job.seq, job) for job in rows.jobs)

    def settle(self, edge: Edge, state: int) -> None:
        """Give an edge another state: one unit."""
        self.reacted.edges.append(edge._replace(state=state))
        self.reacted.units += 1

    def lower(self, job: FlaggedJob) -> FlaggedJob:
        """One more edge to a parent is satisfied; return the job as it is now."""
        now = self.jobs[job.seq] = job._replace(pending=job.pending - 1)
        self.reacted.pending[job.seq] = now.pending
        return now

    def move(self, job: FlaggedJob, event: Event, error: str | None = None, result: str | None = None, flags: int = 0) -> None:
        """Move a job; what depends on it follows."""
        kept = (job.flags | flags) & ~IS_SKIPPED  # that a person skipped it is over when it begins again
        moved = job._replace(state=str(advance(State(job.state), event)), number=job.number + 1, flags=kept)
        if State(job.state).is_final:  # it begins again, and its deadline with it
            moved = moved._replace(flags=moved.flags & ~IS_OVERDUE, deadline=None)
        self.reacted.moves.append(ReactedMove(job, event, error, result, flags))
        self.jobs[job.seq] = moved
        if error is not None:
            self.errors.note(job.id, moved.state, error)
        if event is Event.PAUSE:  # nothing follows
            return
        if moved.state == State.READY and moved.flags & IS_HELD:
            self.move(moved, Event.PAUSE)
        self._moved.append(self.jobs[job.seq])

    def wake(self, job: FlaggedJob) -> None:
        """Have a suspended job go on; one that is held does so as soon as it is not."""
        if job.pending & PAUSE_BIT:
            self.reacted.pending[job.seq] = job.pending
            self.reacted.woken.add(job.seq)
            self.jobs[job.seq] = job._replace(due_at=self.now)
        else:
            self.move(job, Event.DUE)

    def hold(self, job: FlaggedJob, *, is_held: bool) -> FlaggedJob:
        """Have a pause hold a job, or let it go; return the job as it is now: one unit."""
        self.reacted.units += 1
        now = held(job, is_held=is_held)
        if now == job:
            return job
        self.jobs[job.seq] = now
        self.reacted.pending[job.seq] = now.pending
        self.reacted.holds[job.seq] = Hold(job, is_held)
        if is_held and now.state == State.READY:
            self.move(now, Event.PAUSE)
        elif (
            not is_held
            and now.state == State.WAITING
            and not (now.pending or now.flags & IS_FLOW)
            and is_due(now.due_at, self.now)
        ):
            self.move(now, Event.DUE)
        elif asks(now):
            self.follow(Duty(Demands.name, now.seq))
        return self.jobs[job.seq]

    def unpause(self, job: FlaggedJob) -> FlaggedJob:
        """End the pause of a job; return the job as it is now."""
        self.reacted.unpaused.append(job.seq)
        now = self.jobs[job.seq] = job._replace(flags=job.flags & ~IS_PAUSED)
        return now

    def follow(self, duty: Duty) -> None:
        """Have a reaction look at a job that has not moved."""
        self._followed.append(duty)

    def complete(self, seqs: Sequence[int]) -> Generator[ReactionNeed, ReactionRows, None]:
        """End flows that have all that they wait for: one unit each."""
        flows = [self.jobs[seq] for seq in dict.fromkeys(seqs) if waits(self.jobs[seq])]
        if not flows:
            return
        groups = [flow.seq for flow in flows if flow.flags & IS_GROUP]
        rows = yield ReactionNeed(inputs=groups, first_inputs=[flow.seq for flow in flows if not flow.flags & IS_GROUP])
        for flow in flows:
            inputs = rows.inputs.get(flow.seq, [])
            result, flags = result_of(flow, None if inputs is None else list(map(self._as_decided, inputs)))
            self.complete_with(flow, result, flags)
            self.reacted.units += 1

    def _as_decided(self, stored: Input) -> Input:
        """Return what a flow gets, with what was decided and is not written yet."""
        job = self.jobs.get(stored.parent)
        if job is None:
            return stored
        return stored._replace(state=job.state, flags=job.flags, result=self._results.get(job.seq, stored.result))

    def complete_with(self, job: FlaggedJob, result: str, flags: int) -> None:
        """End a job with a result."""
        self._results[job.seq] = result
        self.move(job, Event.COMPLETE, result=result, flags=flags)

    def flag(self, seq: int, flag: int) -> None:
        """Let a job have a flag."""
        self.jobs[seq] = self.jobs[seq]._replace(flags=self.jobs[seq].flags | flag)
        self.reacted.flags[seq] = self.reacted.flags.get(seq, 0) | flag

    def take_moved(self) -> list[FlaggedJob]:
        """Return the jobs that moved since the last call."""
        moved, self._moved = self._moved, []
        return moved

    def take_followed(self) -> dict[Subject, Duty]:
        """Return the duties that reactions gave each other since the last call."""
        followed, self._followed = self._followed, []
        return {duty[:2]: duty for duty in followed}


class Reaction(Protocol):
    """Decides what follows when jobs move that have its flag. docs/writing-a-limit.md has the rules for it."""

    name: str  # of its duties
    flag: int

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        """Bring what depends on jobs to where their states want it, with at most *most* units.

        Returns the duties that are left, for that was not enough.
        """


@dataclass(slots=True)
class Reactions:
    """What the dispatcher gives with a batch; fulfils `core.reactions.ReactionRules`."""

    now: float  # seconds
    keep: float = 0.0  # seconds for which a job is kept that fails because another one did
    budget: int = THREAD_BUDGET
    goes_on: bool = False  # whether a budget has cut off commits before
    task: Callable[[int], str] = str  # the name of a partition's task
    key_of: KeyOf = lambda _, __: None  # the unique key of a member of a partition, without its seq; None: it has none

    def run(
        self, changed: Sequence[FlaggedJob], used: int = 0, repaused: Sequence[int] = ()
    ) -> Generator[ReactionNeed, ReactionRows, Reacted]:
        """Let what moved have its consequences, and then, if asked for, what was left of commits before."""
        cascade = Cascade(self.now, changed, self.task, self.key_of)
        reacted, most = cascade.reacted, self.budget - self.budget // CLAIMS_SHARE - used
        todo = self._duties(changed) | {(Holding.name, seq): Duty(Holding.name, seq) for seq in repaused}
        stored: dict[Subject, Duty] = {}
        if self.goes_on:
            rows = yield ReactionNeed(duties=True, most=self.budget)
            stored = {duty[:2]: duty for duty in rows.duties}
            todo = {**stored, **todo}  # a job that moved is looked at from the beginning
        seen: set[Subject] = set()
        left: dict[Subject, Duty] = {}
        while todo and reacted.units < most:
            now, todo = todo, {}
            left.update((subject, duty) for subject, duty in now.items() if subject in seen)  # it was read before it was changed
            for name, kind in REACTIONS.items():
                duties = [duty for subject, duty in now.items() if duty.kind == name and subject not in seen]
                if duties:
                    unfinished = yield from kind.react(duties, cascade, most - reacted.units)
                    left.update((duty[:2], duty) for duty in unfinished)
            seen.update(now)
            todo = cascade.take_followed() | self._duties(cascade.take_moved())
        left.update(todo)
        left.update(self._late(cascade))
        reacted.duties = sorted(duty for subject, duty in left.items() if stored.get(subject) != duty)
        reacted.done = [duty for subject, duty in stored.items() if subject not in left]
        reacted.more = bool(left) or len(stored) == self.budget
        return reacted

    @staticmethod
    def _late(cascade: Cascade) -> dict[Subject, Duty]:
        """Return the jobs that members joined and that have ended since: the store had no edge from them yet."""
        return Reactions._duties(
            job
            for edge in cascade.followed.values()
            if State((job := cascade.jobs[edge.parent]).state).is_final and lacks_key(cascade.jobs[edge.child])
        )

    @staticmethod
    def _duties(jobs: Iterable[FlaggedJob]) -> dict[Subject, Duty]:
        return {(name, job.seq): Duty(name, job.seq) for job in jobs for name, kind in REACTIONS.items() if job.flags & kind.flag}
