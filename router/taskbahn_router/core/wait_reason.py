"""Why a job does not run yet, as a sentence, and when it may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State
from taskbahn_router.core.deadlines import moment
from taskbahn_router.core.reactions import ON_END, ON_FAILURE, ON_SUCCESS, WAKE
from taskbahn_router.core.unique_keys import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn.protocol.views import Pause
    from taskbahn_router.core.job_pauses import JobPause

WHY_PARENTS = "It waits for other jobs"
WHY_SUSPENDED = "Its function waits for other jobs, or for an answer"
WHY_PARKED = "Its function waits in its worker, and holds no slot: for a job, an event, a message or a time"
WHY_SLEEPING = "Its function sleeps, and goes on then"
WHY_AT_LATEST = "Its function goes on then at the latest"
WHY_UNTIL = "Its function waits for a time, or for what comes before it"
WHY_BEHIND = "The free slots go to jobs before it"
DECIDE = "a person has to decide. It goes on when that is retried and succeeds, or is skipped"
MAX_AHEAD = 10_000  # ready jobs before a job; the store counts no further


class WorkerFit(NamedTuple):
    """Whether and how an attached worker can run the jobs of one partition (a queue and a task)."""

    offers: bool  # it offers the task
    serves: bool  # it offers the task and serves the queue
    is_open: bool  # it takes new jobs
    slots: int
    in_flight: int
    is_blocked: bool = False  # its event loop is blocked, and the task needs that loop


class Capacity(NamedTuple):
    """The workers that may start a job, taken together."""

    slots: int
    free: int


def capacity_of(fits: Sequence[WorkerFit]) -> Capacity:
    """Return what the workers that serve a partition and take new jobs have."""
    able = [fit for fit in fits if fit.serves and fit.is_open and not fit.is_blocked]
    return Capacity(sum(fit.slots for fit in able), sum(max(0, fit.slots - fit.in_flight) for fit in able))


def why_ready(task: str, queue: str, fits: Sequence[WorkerFit]) -> str:
    """Say what a ready job waits for; *fits* has an entry for each attached worker."""
    if not fits:
        return "No worker is attached"
    offering = [fit for fit in fits if fit.offers]
    if not offering:
        return f"No attached worker offers {task}"
    serving = [fit for fit in offering if fit.serves]
    if not serving:
        return f"{_workers(offering)} that {_s(offering, 'offers', 'offer')} {task} {_s(offering, 'does', 'do')} not serve the queue {queue}"
    able = [fit for fit in serving if fit.is_open]
    if not able:
        return f"{_workers(serving)} that can run it {_s(serving, 'takes', 'take')} no new jobs: {_s(serving, 'it is', 'they are')} draining"
    awake = [fit for fit in able if not fit.is_blocked]
    if not awake:
        their = _s(able, "its event loop is", "their event loops are")
        return f"{_workers(able)} that can run it {_s(able, 'does', 'do')} not answer for async tasks: {their} blocked"
    slots, free = capacity_of(fits)
    if free:
        return "A slot is free: it starts in a moment"
    all_slots = "The only slot" if slots == 1 else f"All {slots:,} slots"
    of = "the worker that can run it" if len(awake) == 1 else f"the {len(awake):,} workers that can run it"
    return f"{all_slots} of {of} {'is' if slots == 1 else 'are'} busy"


def why_waiting(attempt: int, losses: int, *, has_eta: bool) -> str:
    """Say what a waiting job waits for; *losses* are its attempts that failed or were lost."""
    if losses:
        return f"Attempt {attempt} failed; it is tried again when its delay is over"
    if attempt:
        return "The worker that had it has other code of its task: it waits for one that takes its arguments, and looks for one again then"
    if has_eta:
        return "It was submitted to start at a later time"
    return "It was submitted with a delay"


def why_behind(id: str, task: str, state: str, policy: str, *, is_held: bool) -> str:
    """Say for which job a job waits.  state: of that job.  policy: of the edge between them.  is_held: a person has to decide."""
    if is_held:
        return f"The job {id} ({task}), before it, {_ended(state)}: {DECIDE}"
    if policy == WAKE:
        return f"Its function waits for the job {id} ({task}), which is {state}"
    if policy == FOLLOW:
        return f"It has joined the job {id} ({task}), which has its unique key and is {state}: that one's outcome is its own"
    condition = {
        ON_SUCCESS: "it starts when that succeeds",
        ON_FAILURE: "it starts when that fails",
        ON_END: "it starts when that ends",
    }
    more = f"; {condition[policy]}" if policy in condition else ""
    return f"It waits for the job {id} ({task}), which is {state}{more}"


def why_last(id: str, task: str, state: str, *, is_held: bool, asks: str | None = None) -> str:
    """Say for which job, that waits for no other, a job waits in the end; as `why_behind`.  asks: a question that is open."""
    last = f"In the end it waits for the job {id} ({task}), which"
    if is_held:
        return f"{last} {_ended(state)}: {DECIDE}"
    return f"{last} is {state}" if asks is None else f"{last} waits for an answer: {asks}"


def why_answer(name: str) -> str:
    """Say for which note a suspended job waits."""
    return f"Its function waits for {name!r}, which is not there yet"


def why_deadline(deadline: float) -> str:
    """Say when a job has to have ended."""
    return f"Its deadline has not passed: it fails at {moment(deadline)} if it has not ended by then"


def why_too_late(deadline: float) -> str:
    """Say that a job does not start before its deadline."""
    return f"It will not make its deadline, {moment(deadline)}, for it does not start before"


def why_asked(question: str) -> str:
    """Say for which answer a running job waits."""
    return f"Its function waits for an answer, and holds no slot: {question}"


def why_circle(ids: Sequence[str]) -> str:
    """Say that jobs wait for each other, each for the next one and the last for the first."""
    return f"Jobs wait for each other in a circle, so none of them goes on: {' → '.join((*ids, ids[0]))}; cancel one of them"


def _ended(state: str) -> str:
    return state if state in (State.FAILED, State.EXPIRED) else f"was {state}"


def why_paused(pause: Pause) -> str:
    """Say what operators have paused."""
    kind, _, name = pause.query.partition(":")
    what = {
        "": "All jobs are",
        "queue": f"The queue {name} is",
        "task": f"The task {name} is",
        "key": f"The key {name} is",
    }[kind]
    by = f" by {pause.paused_by}" if pause.paused_by else ""
    return f"{what} paused{by}{f': {pause.reason}' if pause.reason else ''}"


def why_job_paused(pause: JobPause, of: str | None) -> str:
    """Say that a job is paused.  of: the id of the job whose pause it is, if that is another one."""
    what = "It" if of is None else f"The job {of}, of which it is a part,"
    by = f" by {pause.paused_by}" if pause.paused_by else ""
    since = datetime.fromtimestamp(pause.paused_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{what} is paused{by} since {since} UTC{f': {pause.reason}' if pause.reason else ''}"


def why_kept(limit: str, id: str) -> str:
    """Say for which job a limit keeps permits."""
    return f"Permits of {limit} are kept for the job {id}, which comes before it and was passed over"


def expected_start(now: float, ahead: int, these: Capacity, seconds_each: float | None) -> float | None:
    """Return when a ready job is expected to start; None if that is not known.

    seconds_each: what a job before it takes; every slot in use frees itself after about that time.
    """
    if not these.slots or ahead >= MAX_AHEAD:
        return None
    if these.free > ahead:
        return now
    if seconds_each is None:
        return None
    return now + (ahead + 1 - these.free) * seconds_each / these.slots


def _s(fits: Sequence[WorkerFit], one: str, many: str) -> str:
    return one if len(fits) == 1 else many


def _workers(fits: Sequence[WorkerFit]) -> str:
    return "The worker" if len(fits) == 1 else f"The {len(fits):,} workers"
