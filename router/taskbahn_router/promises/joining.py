"""Members of flows with unique keys: each asks for its key when nothing else keeps it waiting, for then its arguments are known.

The key is one of what a member waits for (`job.pending`), the last. With the key it is ready. If another job has the key, the member
joins that: it waits for that job's end, by an edge with the policy `FOLLOW`, and has its outcome. Or it fails with `Duplicate`, or
that job is cancelled. What joined and is retried by hand asks again, unless it follows a job that has not ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.job_times import is_due
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    ASKS_KEY,
    DROPPED,
    HAS_CHILDREN,
    HAS_MEMBERS,
    IS_LARGE,
    IS_SUSPENDED,
    OPEN,
    PAUSE_BIT,
    SATISFIED,
    Edge,
    ReactionNeed,
)
from taskbahn_router.core.unique_keys import FOLLOW, FOLLOW_POSITION, IS_UNIQUE, JOIN, REFUSE, KeyHolder, KeyRow

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import Duty, FlaggedJob, ReactionRows
    from taskbahn_router.core.unique_keys import NewKey
    from taskbahn_router.promises.reactions import Cascade

MOST_WAITING = 1_000  # jobs at which the search for a circle looks; behind more of them no member joins


def lacks_key(job: FlaggedJob) -> bool:
    """Return whether a job waits for its unique key and no other job; what it joined may stand for the key, and a pause may hold it."""
    is_waiting = job.flags & ASKS_KEY and not job.flags & IS_SUSPENDED and job.state == State.WAITING
    return bool(is_waiting) and job.pending & ~PAUSE_BIT == 1


def asks(job: FlaggedJob) -> bool:
    """Return whether its unique key, or what it joined, is all that a job waits for."""
    return lacks_key(job) and not job.pending & PAUSE_BIT


class Demands:
    """Gives members their keys. One unit is a member."""

    name = "demands"
    flag = ASKS_KEY

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        yield from cascade.load(duty.subject for duty in duties)
        asking = [duty for duty in duties if duty.subject in cascade.jobs and asks(cascade.jobs[duty.subject])]
        now = [duty.subject for duty in asking[: max(0, most)]]
        if now:
            following = yield from _following(now, cascade)
            if len(following) < len(now):
                yield from self._ask([seq for seq in now if seq not in following], cascade)
        return asking[max(0, most) :]

    @staticmethod
    def _ask(seqs: Sequence[int], cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, None]:
        rows = yield ReactionNeed(asking=seqs)
        wanted: list[tuple[FlaggedJob, NewKey | None]] = []
        for member in rows.asking:
            job = cascade.jobs[member.seq]
            try:
                wanted.append((job, cascade.key_of(job.partition, member)))
            except TaskbahnError as error:
                _fail(job, error.info() | {"type": type(error).__name__}, cascade)
        compared = {new.key for _, new in wanted if new is not None and new.is_same is not None}
        keys = sorted({new.key for _, new in wanted if new is not None} - cascade.holders.keys())
        if keys:
            rows = yield ReactionNeed(unique=[(key, key in compared) for key in keys])
            cascade.holders.update((holder.row.key, holder) for holder in rows.unique)
        yield from cascade.load(
            cascade.holders[new.key].row.seq for _, new in wanted if new is not None and new.key in cascade.holders
        )
        for job, new in wanted:
            if new is None:
                _begin(job, cascade)
            else:
                yield from _decide(job, new, cascade)


def _following(seqs: Sequence[int], cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, set[int]]:
    """Return those members that follow jobs; forget the ended jobs that the others have followed."""
    rows = yield ReactionNeed(followed=seqs)
    yield from cascade.load(edge.parent for edge in rows.followed)
    found = {seq for seq in seqs if seq in cascade.followed}
    for edge in rows.followed:
        other = cascade.jobs.get(edge.parent)
        if other is not None and (edge.state == OPEN or not State(other.state).is_final):
            found.add(edge.child)
        elif edge.child not in found:
            cascade.reacted.left.append(edge)
    return found


def _decide(job: FlaggedJob, new: NewKey, cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, None]:
    """Give a member its key; if another job has it, let the member join that, fail it, or cancel that one."""
    holder = cascade.holders.get(new.key)
    if holder is not None and holder.row.seq != job.seq:
        other = cascade.jobs[holder.row.seq]
        if holder.is_held(State(other.state), int(cascade.now * 1_000_000)):
            if new.is_same is not None and not new.is_same(holder.packed or ""):
                _refuse(job, new, holder, "was started with the key {key} and other arguments", cascade)
                return
            if new.conflict == REFUSE:
                _refuse(job, new, holder, "has the unique key {key}", cascade)
                return
            if not State(other.state).is_final and (yield from _leads_to(job, other, cascade)):
                _refuse(
                    job, new, holder, "has the unique key {key}, and this member is a part of it or of what it waits for", cascade
                )
                return
            if new.conflict == JOIN:
                yield from _join(job, other, cascade)
                return
            if not State(other.state).is_final:
                reason = f"job {id_text(job.id)} took its place: it has the same unique key, {new.key}"
                cascade.move(other, Event.CANCEL, messages.to_json({"message": reason}))
    _give(job, new, cascade)


def _give(job: FlaggedJob, new: NewKey, cascade: Cascade) -> None:
    row = KeyRow.of(new, job.seq, int(cascade.now * 1_000_000))
    cascade.reacted.keys.append(row)
    cascade.holders[new.key] = KeyHolder(row, job.id, job.partition, "", job.state, new.said or new.packed)
    cascade.flag(job.seq, IS_UNIQUE)
    _begin(cascade.jobs[job.seq], cascade)


def _begin(job: FlaggedJob, cascade: Cascade) -> None:
    """Nothing but time keeps a member waiting."""
    job = cascade.lower(job)
    cascade.reacted.units += 1
    if is_due(job.due_at, cascade.now):
        cascade.move(job, Event.DUE)


def _refuse(job: FlaggedJob, new: NewKey, holder: KeyHolder, why: str, cascade: Cascade) -> None:
    id = id_text(holder.id)
    _fail(job, {"type": "Duplicate", "message": f"job {id} {why.format(key=new.key)}", "job": id, "key": new.key}, cascade)


def _fail(job: FlaggedJob, error: dict[str, object], cascade: Cascade) -> None:
    cascade.reacted.units += 1
    cascade.move(job, Event.PARENT_FAILED, messages.to_json(error))


def _join(job: FlaggedJob, other: FlaggedJob, cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, None]:
    """Let a member follow the job that has its key."""
    edge = Edge(other.seq, job.seq, FOLLOW_POSITION, FOLLOW, OPEN)
    cascade.reacted.follows.append(edge)
    cascade.followed[job.seq] = edge
    cascade.flag(other.seq, HAS_CHILDREN)
    if State(other.state).is_final:
        yield from share(edge, cascade)
    else:
        cascade.reacted.units += 1


def share(edge: Edge, cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, None]:
    """Let a member that joined a job have that one's outcome, if the member still waits."""
    other, job = cascade.jobs[edge.parent], cascade.jobs.get(edge.child)
    if not State(other.state).is_final:
        cascade.settle(edge, OPEN)
        return
    if job is None or not lacks_key(job):
        cascade.settle(edge, DROPPED)
    elif other.state == State.SUCCEEDED:
        rows = yield ReactionNeed(results=[other.seq])
        cascade.settle(edge, SATISFIED)
        cascade.complete_with(cascade.lower(job), rows.results[other.seq] or "null", other.flags & IS_LARGE)
    else:
        cascade.settle(edge, DROPPED)
        event, error = yield from cascade.errors.shared(other)
        cascade.move(job, event, error)


def _leads_to(job: FlaggedJob, other: FlaggedJob, cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, bool]:
    """Return whether a job may wait for a member, by what depends on the member and by what that is a part of, or that is too far."""
    if not other.pending and not other.flags & HAS_MEMBERS:
        return False
    seen = newest = {job.seq}
    while newest:
        rows = yield ReactionNeed(waiting=sorted(newest), most=MOST_WAITING)
        found = {*rows.waiting, *(edge.child for edge in cascade.reacted.follows if edge.parent in newest)}
        newest = found - seen
        seen = seen | newest
        if other.seq in newest or len(seen) > MOST_WAITING:
            return True
    return False
