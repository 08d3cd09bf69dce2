"""Random lives of jobs whose functions wait without an attempt, compared after each step with a model that knows no edges.

The model keeps what each job waits for as it was asked, and when it has it. A store may wake a job too early where it says so
(`may_wake`); it may never leave one waiting whose wait is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.pause_checks import EDGES, check_holds, is_held
from support.promise_tables import tables_of
from support.rows import NOW, PARTITIONS, cancel, finish, id_of, new_job, requeue, retry
from taskbahn.protocol.suspended import CIRCLE_NOTE, OVER_NOTE
from taskbahn_router.core.job_pauses import PauseJob, ResumeJob
from taskbahn_router.core.rows import Room
from taskbahn_router.core.suspensions import SUSPENSIONS, Note, Suspension
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Sweep

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from typing import Any

    from support.promise_runs import Kind
    from support.promise_tables import JobState
    from taskbahn_router.stores.contract import CommitResult, Store

NAMES = ("a", "b", "c")
ENDS = ("succeeded", "failed")
FINAL = frozenset(("succeeded", "failed", "cancelled", "expired"))
BUDGETS = (10_000, 10_000, 10_000, 3, 8)  # units of work of one commit


@dataclass
class ModelJob:
    """One job, as it should be."""

    state: str
    attempt: int = 0
    wait: Suspension | None = None  # while it is suspended
    is_woken: bool = False  # while it is suspended, and has what it waits for
    ended: set[int] = field(default_factory=set)  # jobs that have ended since then, of those that it waits for
    needs: set[int] = field(default_factory=set)  # jobs without whose ends it does not go on, while it is suspended
    due_at: float = 0.0  # of the delay of a retry
    notes: dict[str, str] = field(default_factory=dict)
    suspensions: int = 0  # that no cancel or failure of the attempt after it has made a failure
    is_flagged: bool = False  # from a suspension to the next requeue or retry
    is_paused: bool = False


class SuspensionLife:
    """One life of a store of a kind."""

    def __init__(self, pick: random.Random, kind: Kind, store: Store, count: int) -> None:
        self.pick = pick
        self.store = store
        self.now = NOW
        self.next_sweep: float | None = None
        self.goes_on = False
        self.budget = pick.choice(BUDGETS)
        self.jobs = {seq: ModelJob("ready") for seq in range(1, count + 1)}
        self._kind = kind
        self.commit(partitions=PARTITIONS, new=[new_job(seq, created_at=NOW) for seq in self.jobs])

    def live(self, steps: int) -> None:
        """Make random steps; each one is checked."""
        for _ in range(steps):
            self.step()
            self.check()
        self.rest()

    def commit(self, *, free: int = 0, **batch: Any) -> CommitResult:
        """Commit a batch, and go on with what its budget has cut off."""
        rooms = [Room("w", frozenset({1, 2}), free)] if free else []
        claims = [Claim("w", (1, 2), free, self.now)] if free else []
        result = self._commit(CommitBatch(rules=Promises(self.now, {}, rooms, 100.0), claims=claims, **batch))
        for row in [row for rows in result.claimed for row in rows]:
            self.started(row.seq, row.attempt)
        while self.goes_on:
            self._commit(CommitBatch(rules=Promises(self.now, {}, [], 100.0), is_continued=True))
        return result

    def _commit(self, batch: CommitBatch) -> CommitResult:
        batch.reactions = Reactions(self.now, 100.0, budget=self.budget, goes_on=self.goes_on)
        result = self.store.commit(batch)
        self.goes_on = result.more
        if result.next_sweep is not None or batch.sweep is not None:
            self.next_sweep = result.next_sweep
        return result

    def started(self, seq: int, attempt: int) -> None:
        job = self.jobs[seq]
        assert job.state == "ready", f"{seq} started, though it is {job}"
        assert not job.is_paused, f"{seq} started, though it is paused: {job}"
        assert attempt == job.attempt + 1
        job.state, job.attempt, job.wait, job.is_woken = "running", attempt, None, False

    def step(self) -> None:
        """Make one random step."""
        of_all = {"start": self.start, "cancel": self.cancel, "note": self.note, "sweep": self.pass_time, "restart": self.restart}
        of_all |= {"pause": self.pause, "resume": self.resume}
        of_running = {
            "suspend": self.suspend,
            "end": self.end,
            "together": self.together,
            "delay": self.delay,
            "back": self.hand_back,
        }
        running, final = self.those("running"), [seq for seq, job in self.jobs.items() if job.state in FINAL]
        kind = self.pick.choice(
            (*of_all, "start", *(of_running if running else ()), *(("suspend", "suspend", "end") if running else ()), "retry")
        )
        if kind in of_running:
            of_running[kind](self.some(running))
        elif kind == "retry" and final:
            self.retry(self.some(final))
        elif kind in of_all:
            of_all[kind]()

    def start(self) -> None:
        self.commit(free=self.pick.randint(1, 4))

    def restart(self) -> None:
        self.store, start = self._kind.replaced(self.store)
        self.next_sweep = start.next_sweep

    def pass_time(self) -> None:
        self.now += self.pick.choice((0.0, 1.0, 5.0, 50.0))
        self.sweep()

    def some(self, seqs: list[int]) -> int:
        return self.pick.choice(seqs)

    def those(self, state: str) -> list[int]:
        return [seq for seq, job in self.jobs.items() if job.state == state]

    def asked(self, seq: int) -> Suspension:
        """Return something to wait for: seldom nothing, a job that there is not, or itself."""
        pick = self.pick
        others = pick.sample([*self.jobs, 99], pick.choice((0, 1, 1, 2, 3)))
        notes = tuple(pick.sample(NAMES, pick.choice((0, 0, 0, 1, 2))))
        until = self.now + pick.choice((-1.0, 3.0, 60.0)) if pick.random() < 0.3 else None
        return Suspension(seq, self.jobs[seq].attempt, tuple(map(id_of, others)), pick.random() < 0.5, notes, until)

    def suspend(self, *seqs: int, **batch: Any) -> None:
        asked = [self.asked(seq) for seq in seqs]
        requeues = [requeue(seq, self.jobs[seq].attempt, state="waiting") for seq in seqs]
        for one in asked:
            job = self.jobs[one.seq]
            job.state, job.wait, job.ended = "waiting", one, set()
            job.needs = self.needs(one)
            closes = any(self.leads_to(other, one.seq) for other in job.needs)
            job.is_woken = closes or self.has_what_it_waits_for(job)
            job.suspensions += 1
            job.is_flagged = True
        self.commit(requeues=requeues, suspensions=asked, **batch)

    def needs(self, asked: Suspension) -> set[int]:
        """Return the jobs without whose ends a suspended job does not go on: none if something else may let it."""
        open_ones = {
            seq for seq in self.jobs if id_of(seq) in asked.jobs and seq != asked.seq and self.jobs[seq].state not in FINAL
        }
        is_first = not asked.every and len(asked.jobs) > 1
        return set() if asked.notes or asked.until is not None or is_first else open_ones

    def leads_to(self, seq: int, end: int, seen: frozenset[int] = frozenset()) -> bool:
        """Return whether a job goes on only when another one has ended, or is that one."""
        job = self.jobs[seq]
        waits = job.state == "waiting" and job.wait is not None and not job.is_woken and seq not in seen
        return seq == end or (waits and any(self.leads_to(other, end, seen | {seq}) for other in job.needs - job.ended))

    def together(self, seq: int) -> None:
        """Suspend some, and end some, within one batch."""
        seqs = list({seq, *self.pick.choices(self.those("running"), k=3)})
        half = len(seqs) // 2
        finishes = [finish(one, self.jobs[one].attempt, state="succeeded") for one in seqs[:half]]
        for ended in seqs[:half]:
            self.jobs[ended].state = "succeeded"
        self.suspend(*seqs[half:], finishes=finishes)

    def end(self, seq: int) -> None:
        job, state = self.jobs[seq], self.pick.choice(ENDS)
        error = None if state == "succeeded" else '{"type":"E"}'
        ended = finish(seq, job.attempt, state=state, error=error)
        job.state = state
        self.commit(finishes=[ended])

    def delay(self, seq: int) -> None:
        """Let an attempt fail, and the next one begin later."""
        job = self.jobs[seq]
        job.is_flagged = False
        job.state, job.due_at = "waiting", self.now + self.pick.choice((1.0, 40.0))
        self.commit(requeues=[requeue(seq, job.attempt, state="waiting", due_at=job.due_at)])

    def hand_back(self, seq: int) -> None:
        job = self.jobs[seq]
        job.state, job.is_flagged = "ready", False
        self.commit(requeues=[requeue(seq, job.attempt)])

    def cancel(self) -> None:
        seq = self.some([*self.jobs])
        job = self.jobs[seq]
        if job.state not in FINAL:
            job.state, job.wait = "cancelled", None
        self.commit(cancels=[cancel(seq)])

    def retry(self, seq: int) -> None:
        job = self.jobs[seq]
        if job.state != "succeeded":
            job.state = "ready"
            job.suspensions -= job.is_flagged
            job.is_flagged = False
        self.commit(retries=[retry(seq)])

    def note(self) -> None:
        seq, name = self.some([*self.jobs]), self.pick.choice(NAMES)
        self.jobs[seq].notes.setdefault(name, str(self.now))
        self.commit(notes=[Note(seq, name, str(self.now), self.now)])

    def pause(self) -> None:
        seq = self.some([*self.jobs])
        job = self.jobs[seq]
        job.is_paused = job.is_paused or job.state not in FINAL
        self.commit(job_pauses=[PauseJob(id_of(seq), None, self.now, "", None)])

    def resume(self, seqs: Sequence[int] = ()) -> None:
        seqs = seqs or [self.some([*self.jobs])]
        for seq in seqs:
            self.jobs[seq].is_paused = False
        self.commit(resumes=[ResumeJob(id_of(seq)) for seq in seqs])

    def sweep(self) -> None:
        self.commit(sweep=Sweep(self.now, 1000, 100.0))

    def has_what_it_waits_for(self, job: ModelJob) -> bool:
        """Return whether a suspended job has to go on; jobs that ended and were retried since then have ended."""
        wait = job.wait
        assert wait is not None
        seqs = {int.from_bytes(id) for id in wait.jobs}
        job.ended |= {seq for seq in seqs if seq == wait.seq or seq not in self.jobs or self.jobs[seq].state in FINAL}
        if wait.until is not None and wait.until <= self.now:
            return True
        if any(name in job.notes for name in wait.notes):
            return True
        if not (wait.jobs or wait.notes or wait.until is not None):
            return True
        return job.ended >= seqs > set() if wait.every else bool(job.ended)

    def may_wake(self, job: ModelJob) -> bool:
        """Return whether a store may have a job look, though it need not go on: it waits for all, and for something else, too."""
        wait = job.wait
        assert wait is not None
        return job.is_woken or (bool(job.ended) and (bool(wait.notes) or wait.until is not None))

    def check(self) -> None:
        """Compare the model with the tables; what the store may do early or late, the model follows."""
        tables = tables_of(self.store)
        for seq, job in self.jobs.items():
            row = tables.jobs[seq]
            if job.wait is not None and job.state == "waiting":
                job.is_woken = job.is_woken or self.has_what_it_waits_for(job)
                (self.check_paused if job.is_paused else self.check_suspended)(job, row)
            elif job.state == "waiting":
                self.check_delayed(job, row)
            job.is_paused = job.is_paused and job.state not in FINAL
            state = "waiting" if job.state == "ready" and job.is_paused else job.state
            assert (row.state, row.attempt) == (state, job.attempt), f"{job}, {row}"
            assert is_held(row) == job.is_paused, f"{job}, {row}"
            assert job.state != "ready" or row.pending & EDGES == 0
        check_holds(tables)

    def check_suspended(self, job: ModelJob, row: JobState) -> None:
        assert job.wait is not None
        if row.state == "ready":
            assert self.may_wake(job), f"it was woken for nothing: {job}, {row}"
            job.state = "ready"
        elif job.is_woken:
            assert (row.due_at or 0.0, row.pending) <= (self.now, 0), f"it is not woken: {job}, {row}"
            assert self.next_sweep is not None
            assert self.next_sweep <= self.now, f"nothing wakes it in time: {job}, {row}"
        elif job.wait.until is not None:
            assert self.next_sweep is not None
            assert self.next_sweep <= job.wait.until

    def check_paused(self, job: ModelJob, row: JobState) -> None:
        """What wakes a paused job is kept until it is resumed."""
        assert row.state == "waiting", f"it is paused, and goes on: {job}, {row}"
        if job.is_woken:
            assert ((row.due_at or 0.0) <= self.now, row.pending & EDGES) == (True, 0), f"it is not woken: {job}, {row}"

    def check_delayed(self, job: ModelJob, row: JobState) -> None:
        if row.state == "ready":
            assert job.due_at <= self.now, f"it was retried before its delay was over: {job}, {row}"
            job.state = "ready"
        else:
            assert (row.due_at or 0.0) == job.due_at

    def rest(self) -> None:
        """Let all end that can: what has what it waits for, and what runs. Then look at notes and counts."""
        self.resume([*self.jobs])
        for _ in range(4 * len(self.jobs)):
            self.now += 1000.0
            self.sweep()
            self.check()
            assert all(
                job.wait is None or not self.has_what_it_waits_for(job) for job in self.jobs.values() if job.state == "waiting"
            )
            self.commit(free=100)
            for seq in self.those("running"):
                self.jobs[seq].state = "succeeded"
                self.commit(finishes=[finish(seq, self.jobs[seq].attempt)])
                self.check()
        for seq, job in self.jobs.items():
            notes = {note.name: note.value for note in self.store.reader().notes(seq, "", 100)}
            assert notes.pop(SUSPENSIONS, "0") == str(job.suspensions)
            notes = {name: value for name, value in notes.items() if not name.startswith((CIRCLE_NOTE, OVER_NOTE))}
            assert notes == job.notes
