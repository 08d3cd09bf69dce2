"""What follows when jobs move, to a fixed point, within a budget. A kind of reaction is a file beside this one and a row in `registry.py`.

A reaction goes by the state in which a job is, not by the move that led there. So it may look at a job again at any time: what follows
is done once, whatever came in between, and the leftover of a commit is no more than which jobs to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event, advance
from taskbahn_router.core.reactions import Duty, FlaggedJob, Reacted, ReactedMove, ReactionNeed
from taskbahn_router.promises.engine import THREAD_BUDGET
from taskbahn_router.promises.registry import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from taskbahn_router.core.reactions import Edge, ReactionRows

CLAIMS_SHARE = 4  # the part of a budget, one in this number, that is left for the claims of the commit


class Cascade:
    """The jobs that one transaction's reactions touch, as they are after what was decided so far."""

    def __init__(self, now: float, changed: Sequence[FlaggedJob]) -> None:
        self.now = now
        self.jobs = {job.seq: job for job in changed}
        self.reacted = Reacted()
        self._moved: list[FlaggedJob] = []

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

    def move(self, job: FlaggedJob, event: Event, error: str | None = None) -> None:
        """Move a job; what depends on it follows."""
        self.reacted.moves.append(ReactedMove(job, event, error))
        moved = job._replace(state=str(advance(State(job.state), event)), number=job.number + 1)
        self.jobs[job.seq] = moved
        self._moved.append(moved)

    def take_moved(self) -> list[FlaggedJob]:
        """Return the jobs that moved since the last call."""
        moved, self._moved = self._moved, []
        return moved


class Reaction(Protocol):
    """Decides what follows when jobs move that have its flag. docs/writing-a-limit.md has the rules for it."""

    name: str  # of its duties
    flag: int

    def react(
        self, seqs: Sequence[int], cascade: Cascade, most: int
    ) -> Generator[ReactionNeed, ReactionRows, Sequence[int]]:  # fmt: skip
        """Bring what depends on jobs to where their states want it, with at most *most* units.

        Returns the jobs that must be looked at again, for that was not enough.
        """


@dataclass(slots=True)
class Reactions:
    """What the dispatcher gives with a batch; fulfils `core.reactions.ReactionRules`."""

    now: float  # seconds
    keep: float = 0.0  # seconds for which a job is kept that fails because another one did
    budget: int = THREAD_BUDGET
    goes_on: bool = False  # whether a budget has cut off commits before

    def run(self, changed: Sequence[FlaggedJob], used: int = 0) -> Generator[ReactionNeed, ReactionRows, Reacted]:
        """Let what moved have its consequences, and then, if asked for, what was left of commits before."""
        cascade = Cascade(self.now, changed)
        reacted, most = cascade.reacted, self.budget - self.budget // CLAIMS_SHARE - used
        todo: dict[Duty, None] = dict.fromkeys(self._duties(changed))
        stored: list[Duty] = []
        if self.goes_on:
            rows = yield ReactionNeed(duties=True, most=self.budget)
            stored = rows.duties
            todo.update(dict.fromkeys(stored))
        seen: set[Duty] = set()
        left: set[Duty] = set()
        while todo and reacted.units < most:
            now, todo = todo, {}
            left |= now.keys() & seen  # what they had was read before it was changed
            for name, kind in REACTIONS.items():
                seqs = [duty.subject for duty in now if duty.kind == name and duty not in seen]
                if seqs:
                    unfinished = yield from kind.react(seqs, cascade, most - reacted.units)
                    left.update(Duty(name, seq) for seq in unfinished)
            seen.update(now)
            todo = dict.fromkeys(self._duties(cascade.take_moved()))
        left.update(todo)
        reacted.duties = sorted(left.difference(stored))
        reacted.done = [duty for duty in stored if duty not in left]
        reacted.more = bool(left) or len(stored) == self.budget
        return reacted

    @staticmethod
    def _duties(jobs: Iterable[FlaggedJob]) -> list[Duty]:
        return [Duty(name, job.seq) for job in jobs for name, kind in REACTIONS.items() if job.flags & kind.flag]
