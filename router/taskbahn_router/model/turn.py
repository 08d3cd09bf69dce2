"""One turn of the dispatcher: what was gathered, and what is to be seen once it is committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn_router.model.kept_input import KeptInput

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from taskbahn.protocol import messages
    from taskbahn.protocol.questions import AwaitedEvent
    from taskbahn.protocol.states import State
    from taskbahn_router.core.alarms import AlarmChange
    from taskbahn_router.core.audit import Act, ActParts, AuditRow
    from taskbahn_router.core.credentials import CredentialChange
    from taskbahn_router.core.firings import ScheduleChange
    from taskbahn_router.core.job_pauses import PauseJob, ResumeJob
    from taskbahn_router.core.retry import Ending
    from taskbahn_router.core.suspensions import Told
    from taskbahn_router.core.triggers import TriggerChange, Triggered
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.state import AttachedWorker, LiveJob
    from taskbahn_router.model.submissions import Submission
    from taskbahn_router.stores.auditing import DropAudit
    from taskbahn_router.stores.contract import CommitBatch
    from taskbahn_router.stores.minutes import MinuteRow
    from taskbahn_router.stores.rows import Answer

    Acknowledge = Callable[[list[list[Any]]], None]
    Answered = Callable[[Answer | None], None]
    Pause = tuple[PauseJob, Answered, Act | None]
    Resume = tuple[ResumeJob, Answered, Act | None]
    Cancel = tuple[bytes, str, Answered, str | None, Act | None]  # id, reason, answer, who asked for it
    Ask = tuple[bytes, Answered, Act | None]
    ToldJob = tuple[Told, Callable[[tuple[Answer, str] | None], None], Act | None]


class LostAttempt(NamedTuple):
    """An attempt that ended without a report of its worker; decided: takes the state in which that leaves its job."""

    job: LiveJob
    ending: Ending
    error: dict[str, Any]
    decided: Callable[[State], None] | None = None


@dataclass(slots=True)
class TurnInput:
    """Requests that wait for the next commit; only its own verbs write it."""

    new: list[LiveJob] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    reports: list[tuple[Acknowledge | None, AttachedWorker, messages.Report]] = field(default_factory=list)
    losses: list[LostAttempt] = field(default_factory=list)
    returns: list[LiveJob] = field(default_factory=list)  # jobs that go back to ready; their attempts do not count
    cancels: list[Cancel] = field(default_factory=list)
    told: list[ToldJob] = field(default_factory=list)  # from outside to jobs
    retries: list[Ask] = field(default_factory=list)
    skips: list[Ask] = field(default_factory=list)
    job_pauses: list[Pause] = field(default_factory=list)
    resumes: list[Resume] = field(default_factory=list)
    tasks: list[DeclaredTask] = field(default_factory=list)
    forgotten_tasks: list[str] = field(default_factory=list)
    schedules: KeptInput[ScheduleChange] = field(default_factory=KeptInput)
    alarms: list[tuple[AlarmChange, Callable[[bool], None]]] = field(default_factory=list)  # of schedules
    triggers: KeptInput[TriggerChange] = field(default_factory=KeptInput)
    triggered: list[Triggered] = field(default_factory=list)  # of events that start no job
    credentials: KeptInput[CredentialChange] = field(default_factory=KeptInput)
    limit_changes: list[Callable[[], None]] = field(default_factory=list)  # answers to operators who changed limits
    acts: list[ActParts] = field(default_factory=list)  # of what changes nothing else in the store
    audit: list[AuditRow] = field(default_factory=list)  # entries
    drop_audit: DropAudit | None = None
    sweep: bool = False
    prune_after: int | None = None
    purge: bool = False  # of gates
    minutes: list[MinuteRow] = field(default_factory=list)
    place: bool = False  # a worker has room
    ended: list[tuple[bytes, int]] = field(default_factory=list)  # attempts that ended after their jobs were cancelled
    is_continued: bool = False  # a budget cut off the commit before
    claim: bool = False  # the last claim had the largest size, so workers may have room for more

    def __bool__(self) -> bool:
        return bool(self.new or self.submissions) or not self.is_only_new()

    def add_submissions(self, submissions: Iterable[Submission]) -> None:
        """Accept new jobs."""
        for submission in submissions:
            self.submissions.append(submission)
            self.new += submission.jobs

    def add_report(self, acknowledge: Acknowledge | None, worker: AttachedWorker, report: messages.Report) -> None:
        """Record a worker's report."""
        self.reports.append((acknowledge, worker, report))

    def drop_reports(self, worker_id: str, attempts: AbstractSet[tuple[str, int]]) -> None:
        """Forget the reports of a worker that speak of *attempts* only."""
        self.reports = [
            (acknowledge, worker, report)
            for acknowledge, worker, report in self.reports
            if worker.id != worker_id or not attempts_in(report) <= attempts
        ]

    def add_loss(self, loss: LostAttempt) -> None:
        """Record that an attempt ended without a report."""
        self.losses.append(loss)

    def add_ended(self, raw: bytes, attempt: int) -> None:
        """Record that an attempt ended whose job was cancelled before."""
        self.ended.append((raw, attempt))

    def add_return(self, job: LiveJob) -> None:
        """Take back a job that never reached its worker."""
        self.returns.append(job)

    def add_cancel(
        self, raw: bytes, reason: str, answer: Answered, by: str | None = None, act: Act | None = None
    ) -> None:  # fmt: skip
        """Cancel a job; by: who asked for it, None if it was no person."""
        self.cancels.append((raw, reason, answer, by, act))

    def take_cancels_of(self, raws: Container[bytes]) -> list[Cancel]:
        """Take out the cancels of jobs; return them."""
        taken = [cancel for cancel in self.cancels if cancel[0] in raws]
        self.cancels = [cancel for cancel in self.cancels if cancel[0] not in raws]
        return taken

    def add_retry(self, raw: bytes, answer: Answered, act: Act | None = None) -> None:
        """Retry a job by hand."""
        self.retries.append((raw, answer, act))

    def add_skip(self, raw: bytes, answer: Answered, act: Act | None = None) -> None:
        """Let those go on that are held by a job."""
        self.skips.append((raw, answer, act))

    def add_pause(self, pause: PauseJob, answer: Answered, act: Act | None = None) -> None:
        """Pause a job."""
        self.job_pauses.append((pause, answer, act))

    def add_resume(self, resume: ResumeJob, answer: Answered, act: Act | None = None) -> None:
        """End the pause of a job."""
        self.resumes.append((resume, answer, act))

    def take_pauses_of(self, raws: Container[bytes]) -> list[Pause]:
        """Take out the pauses of jobs; return them."""
        taken = [pause for pause in self.job_pauses if pause[0].id in raws]
        self.job_pauses = [pause for pause in self.job_pauses if pause[0].id not in raws]
        return taken

    def take_resumes_of(self, raws: Container[bytes]) -> list[Resume]:
        """Take out the ends of pauses of jobs; return them."""
        taken = [resume for resume in self.resumes if resume[0].id in raws]
        self.resumes = [resume for resume in self.resumes if resume[0].id not in raws]
        return taken

    def add_told(
        self, told: Told, answer: Callable[[tuple[Answer, str] | None], None], act: Act | None = None
    ) -> None:  # fmt: skip
        """Have a job remember what a client tells it."""
        self.told.append((told, answer, act))

    def add_act(self, act: ActParts) -> None:
        """Write into the audit what changes nothing else in the store."""
        self.acts.append(act)

    def add_audit(self, rows: Iterable[AuditRow]) -> None:
        """Write entries into the audit that are about what changed nothing."""
        self.audit += rows

    def ask_drop_audit(self, drop: DropAudit) -> None:
        """Delete old entries of the audit."""
        self.drop_audit = drop

    def add_task(self, task: DeclaredTask) -> None:
        """Store the declaration of a task."""
        self.tasks.append(task)

    def forget_task(self, name: str) -> None:
        """Delete the declaration of a task."""
        self.tasks = [task for task in self.tasks if task.name != name]
        self.forgotten_tasks.append(name)

    def add_limit_change(self, answer: Callable[[], None]) -> None:
        """Store what the limit book has changed; *answer* is called after the commit."""
        self.limit_changes.append(answer)

    def change_alarm(self, change: AlarmChange, changed: Callable[[bool], None]) -> None:
        """Store when a schedule is late."""
        self.alarms.append((change, changed))

    def note_triggered(self, triggered: Triggered) -> None:
        """Note that an event started no job of a trigger."""
        self.triggered.append(triggered)

    def give_kept(self, batch: CommitBatch) -> None:
        """Put the changes of schedules, triggers and credentials into a batch, and what events mean to triggers."""
        batch.credentials, batch.dropped_credentials = self.credentials.rows()
        batch.schedules, batch.dropped_schedules = self.schedules.rows()
        batch.alarms = [change for change, _ in self.alarms]
        batch.triggers, batch.dropped_triggers = self.triggers.rows()
        batch.triggered = [*self.triggered, *(one.of() for submission in self.submissions for one in submission.events)]

    def ask_sweep(self) -> None:
        """Have the store move the jobs whose time has come."""
        self.sweep = True

    def ask_prune(self, after: int) -> None:
        """Have the store delete what it need not keep, after a seq."""
        self.prune_after = after

    def ask_purge(self) -> None:
        """Have the store delete gates that are as if they were new."""
        self.purge = True

    def add_minutes(self, minutes: Iterable[MinuteRow]) -> None:
        """Store minutes of the charts."""
        self.minutes += minutes

    def ask_place(self) -> None:
        """Look for work: a worker has room."""
        self.place = True

    def ask_claim(self) -> None:
        """Claim again: the last claim was as large as one may be."""
        self.claim = True

    def ask_continuation(self) -> None:
        """Go on with what a budget cut off."""
        self.claim = self.is_continued = True

    def take_out(self, seqs: Container[int]) -> list[LiveJob]:
        """Take out new jobs that the store does not have under these seqs; return them."""
        taken = [job for job in self.new if job.seq in seqs]
        self.new = [job for job in self.new if job.seq not in seqs]
        return taken

    def take_submissions(self) -> list[Submission]:
        """Take out the new jobs: the store refuses them."""
        submissions, self.submissions, self.new = self.submissions, [], []
        return submissions

    def follows(self, delayed: TurnInput) -> None:
        """Put the new jobs of a delayed turn before the own ones."""
        self.new[:0] = delayed.new
        self.submissions[:0] = delayed.submissions

    def is_only_new(self) -> bool:
        """Return whether there is nothing but new jobs."""
        return not (self.reports or self.place or self.claim) and self.is_plain()

    def is_plain(self) -> bool:
        """Return whether there is nothing but new jobs, reports and room that became free."""
        return not (
            self.losses or self.returns or self.ended or self.cancels or self.retries or self.skips or self.told or self.tasks
            or self.sweep or self.minutes or self.forgotten_tasks or self.purge or self.limit_changes or self.job_pauses or self.resumes
            or self.schedules or self.alarms or self.triggers or self.triggered or self.acts or self.audit or self.drop_audit
            or self.credentials
        ) and self.prune_after is None  # fmt: skip


class Ended(NamedTuple):
    """A job that is final."""

    job: LiveJob
    state: str
    result: str | None
    error: dict[str, Any] | None
    at: float


class DispatchedEarly(NamedTuple):
    """A job that its worker got before the commit, and the number of that event."""

    job: LiveJob
    worker: AttachedWorker
    number: int


class Requeued(NamedTuple):
    """A job whose attempt is over and which will have another one."""

    job: LiveJob
    state: str
    due_at: float | None
    error: dict[str, Any] | None


class JobEvent(NamedTuple):
    """Something that a running job said, with the number of that event."""

    job: LiveJob
    number: int
    notice: messages.Notice


@dataclass(slots=True)
class TurnEffects:
    """What the dispatcher publishes after the commit of a batch."""

    batch: CommitBatch
    turn_input: TurnInput
    started: list[tuple[LiveJob, AttachedWorker]] = field(default_factory=list)
    dispatched_early: list[DispatchedEarly] = field(default_factory=list)
    claims: list[AttachedWorker] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    requeued: list[Requeued] = field(default_factory=list)
    noticed: list[JobEvent] = field(default_factory=list)
    awaits: list[tuple[bytes, AwaitedEvent]] = field(default_factory=list)  # jobs, and the events for which they wait
    # answers to reports, with the attempts in them that were refused
    answers: list[tuple[Acknowledge, list[list[Any]]]] = field(default_factory=list)
    steps: Iterator[None] | None = None  # the rest of its decision; None: it is decided

    def decide_all(self) -> None:
        """Do the rest of its decision."""
        for _ in self.steps or ():
            pass
        self.steps = None

    def follows(self, delayed: TurnEffects) -> None:
        """Put a delayed turn before this one: one commit takes both, and the dispatcher publishes the delayed one first."""
        self.batch.partitions[:0] = delayed.batch.partitions
        self.batch.new[:0] = delayed.batch.new
        self.batch.triggered[:0] = delayed.batch.triggered
        self.batch.acts[:0] = delayed.batch.acts
        self.turn_input.follows(delayed.turn_input)
        self.dispatched_early = delayed.dispatched_early

    def retried(self, now: float) -> None:
        """Take a new time for what happens with the commit; what workers reported keeps the time at which they did."""
        batch = self.batch
        batch.claims = [claim._replace(now=now) for claim in batch.claims]
        if batch.rules is not None:
            batch.rules.now = now
        if batch.reactions is not None:
            batch.reactions.now = now
        batch.cancels = [cancel._replace(now=now, delete_at=now + (cancel.delete_at - cancel.now)) for cancel in batch.cancels]
        batch.attempts = [row._replace(ended_at=now) if row.outcome == "cancelled" else row for row in batch.attempts]
        batch.sweep = batch.sweep and batch.sweep._replace(now=now)
        batch.prune = batch.prune and batch.prune._replace(now=now)
        starting = {job.seq for job, _ in self.started}
        for job, _ in self.started:
            job.started_at = now
        batch.new = [row._replace(started_at=now) if row.seq in starting else row for row in batch.new]

    def forget(self, jobs: set[LiveJob]) -> None:
        """Drop all that was reported of jobs that are turned away."""
        self.batch.forget({job.seq for job in jobs})
        self.ended = [ended for ended in self.ended if ended.job not in jobs]
        self.requeued = [requeued for requeued in self.requeued if requeued.job not in jobs]
        self.noticed = [noticed for noticed in self.noticed if noticed.job not in jobs]


def attempts_in(report: messages.Report) -> set[tuple[str, int]]:
    """Return the attempts that a report names."""
    named: list[messages.Done | messages.Failed | messages.Notice] = [*report.done, *report.failed, *report.notices]
    return {(one.id, one.attempt) for one in named}.union(report.back)
