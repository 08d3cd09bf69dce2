"""Flows that callers hand in: checked against the tasks that they name, and made into the jobs to be accepted."""

from __future__ import annotations

import hashlib
from collections import deque
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidFlow, InvalidOption, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK
from taskbahn.protocol.options import Where
from taskbahn.protocol.options import check as check_options
from taskbahn.protocol.states import State
from taskbahn_router.core.flow_form import wrong
from taskbahn_router.core.flow_graph import compiled
from taskbahn_router.core.flow_jobs import member_id
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.policy import Policy
from taskbahn_router.core.reactions import (
    ASKS_KEY,
    HAS_INPUTS,
    HAS_WEIGHT,
    IN_TIME,
    IS_DETACHED,
    IS_FLOW,
    IS_UNSEALED,
    OUTLIVES_PARENT,
)
from taskbahn_router.core.task_callbacks import jobs_after
from taskbahn_router.core.task_keys import of_flow
from taskbahn_router.model.job_links import JobLinks
from taskbahn_router.submission.deadlines import check_due, checked_deadline, due

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import TypeVar

    from taskbahn_router.core.flow_jobs import FlowJob
    from taskbahn_router.core.policy import Policy
    from taskbahn_router.core.unique_keys import NewKey
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.partitions import Named, Partitions
    from taskbahn_router.model.state import LiveJob
    from taskbahn_router.submission.submission import Draft, Submissions

    T = TypeVar("T")
    Steps = Generator[None, None, T]

SLICE_JOBS = 500  # jobs of a flow that one commit stores
LARGE_SLICE_JOBS = (
    250  # likewise of one with more than `MAX_CALLS` jobs: others wait for each commit, some 20 ms, again and again
)
SHOWN = 200  # characters of a place


class Parent(NamedTuple):
    """The job whose attempt starts others. inherited: options that these have unless they say others.   deadline: none is later."""

    raw: bytes | None = None
    inherited: Mapping[str, Any] = MappingProxyType({})
    deadline: float | None = None
    joins: bytes | None = None  # a job whose group what it starts joins

    def links(self, flags: int) -> JobLinks | None:
        """Return what a job that it starts, with these flags, has to do with it."""
        return None if self.raw is None else JobLinks(self.raw, flags, None, is_child=True)


NO_PARENT = Parent()


class Checked(NamedTuple):
    """A job of a flow that may be accepted."""

    job: FlowJob
    policy: Policy
    packed: str
    keys: str | None
    unique: NewKey | None = None  # the key that a caller gives to the whole
    asks: bool = False  # a member that has a unique key


class FlowJobs:
    """The jobs of a flow that are still to be accepted: all at once, or slice by slice.

    Nothing is wrong with any of them. The first slice has the flow itself, which waits for all its jobs from the beginning: so it
    cannot end before they are stored. The last one seals it.   entry: the number of its entry in the submission.   caller: whose it is.
    """

    def __init__(
        self, entry: int, caller: str | None, ids: tuple[str, bytes], parent: Parent, jobs: Sequence[Checked], *, is_sliced: bool
    ) -> None:
        self.entry = entry
        self.caller = caller
        self.id, self.raw = ids
        self._parent = parent
        self._left = deque(jobs)
        self._in_time = IN_TIME if _has_deadline(jobs[0].policy, parent) else 0
        self._count = len(self._left)
        self._is_sliced = is_sliced

    def __len__(self) -> int:
        return len(self._left)

    def add(self, intake: Submissions, draft: Draft) -> Steps[int]:
        """Add the next slice to a draft; return how many jobs it has."""
        size = self._count
        if self._is_sliced:
            size = SLICE_JOBS if size <= messages.MAX_CALLS else LARGE_SLICE_JOBS
        first = len(draft.jobs)
        for one in islice(self._left, size):
            self._add(one, intake, draft)
            yield
        draft.has_links = True
        return len(draft.jobs) - first

    def accepted(self, count: int) -> None:
        """Forget jobs that were accepted."""
        for _ in range(count):
            self._left.popleft()

    def planned(self, partitions: Partitions, named: Named) -> Steps[None]:
        """Name the partitions of all its jobs."""
        for one in self._left:
            partitions.named(one.policy.queue, one.job.task, named)
            yield

    def _add(self, one: Checked, intake: Submissions, draft: Draft) -> None:
        live = _add(intake, one, self.raw, self._parent, draft, self._in_time)
        if not self._is_sliced or live.links is None:
            return
        if not one.job.number:
            live.links = live.links._replace(flags=live.links.flags | IS_UNSEALED, needs=self._needs())
        is_last = one.job.number == self._count - 1
        live.links = live.links._replace(is_late=len(self._left) < self._count, seals=is_last)

    def _needs(self) -> list[bytes]:
        """Return the jobs outside of the flow that it refers to: it is refused if one of them is not there."""
        return list(dict.fromkeys(parent for one in self._left for parent, _ in one.job.waits_for if isinstance(parent, bytes)))


def flags_of(policy: Policy) -> int:
    """Return the flags that a job with a parent has by its options."""
    return (OUTLIVES_PARENT if policy.detached else 0) | (HAS_WEIGHT if policy.weight != 1 else 0)


def read_flow(
    intake: Submissions, entry: dict[str, Any], ids: tuple[str, bytes], parent: Parent, draft: Draft
) -> Steps[str]:  # fmt: skip
    """Add the jobs of a flow to a draft, or the first slice of them, or none; return the id of the whole.

    ids: of the whole, as text and as bytes.   parent: the job that starts it.
    Raises `InvalidFlow`, or what is wrong with a member, with the place.
    """
    unknown = entry.keys() - {"flow", "id", "options", "parent", "group_of", "declarations"}
    if unknown:
        raise wrong("", f"a submission of a flow has `flow`, `id`, `options` and `group_of`, not {min(map(str, unknown))!r:.100}")
    options = entry.get("options", {})
    if not isinstance(options, dict):
        raise wrong("", "`options` is an object")
    jobs = yield from compiled(entry["flow"], ids[1], {**parent.inherited, **options}, messages.MAX_FLOW_JOBS, intake.callbacks)
    checked: list[Checked] = []
    refuses, is_job = False, not jobs[0].flags & IS_FLOW
    key, said = _key_of_whole(jobs[0], parent), hashlib.sha256()
    for job in jobs:
        if key is not None:
            said.update(_said(job))
        try:
            if draft.is_confined:
                intake.check_own((parent for parent, _ in job.waits_for if isinstance(parent, bytes)), draft)
            checked.append(_checked(intake, job, draft))
            _check_time(checked, draft.now)
        except TaskbahnError as error:
            raise _at(job.place, error) from None
        refuses = refuses or intake.may_refuse(job.task)
        job.forget_checked()
        yield
    if is_job and len(checked) == 1 and checked[0].asks and not jobs[0].waits_for and parent.joins is None:
        checked[0] = _as_plain(intake, checked[0], draft)
    if key is not None:
        checked[0] = _keyed(intake, checked[0], key, said.hexdigest())
    if (refuses or is_job) and len(jobs) > messages.MAX_CALLS:
        why = "a limit of one of them refuses jobs" if refuses else "they are the callbacks of one job"
        raise wrong(
            "", f"it has {len(jobs):,} jobs; it may have {messages.MAX_CALLS:,}, for {why}, so one commit stores them all"
        )
    flow = FlowJobs(
        len(draft.answers), draft.authid, ids, parent, checked, is_sliced=len(jobs) > SLICE_JOBS and not (refuses or is_job)
    )  # fmt: skip
    del jobs, checked
    yield from intake.begin(flow, draft)
    return ids[0]


def callbacks_for(intake: Submissions, task: DeclaredTask, id: bytes, options: Mapping[str, Any], draft: Draft) -> list[Checked]:
    """Return the jobs of a task's callbacks that follow the job of an id; raises as `read_flow`.

    options: of the job; its callbacks have its priority and tags, as what it starts itself.
    """
    inherited = {name: options[name] for name in ("priority", "tags") if name in options}
    jobs = jobs_after(task.name, id, inherited, intake.callbacks)
    found = []
    for job in jobs[1:]:
        try:
            found.append(_checked(intake, job, draft))
        except TaskbahnError as error:
            raise _at(job.place, error) from None
    return found


def add_callbacks(intake: Submissions, job: LiveJob, callbacks: Sequence[Checked], draft: Draft) -> None:
    """Add the jobs that follow a job which was added."""
    if job.links is None:
        job.links = JobLinks(None, 0, None, is_child=True)
    draft.has_links = True
    for one in callbacks:
        _add(intake, one, job.raw, NO_PARENT, draft)


def _has_deadline(policy: Policy, parent: Parent) -> bool:
    """Return whether a flow has to have ended at some time."""
    own = policy.finish_within is not None or policy.finish_by is not None
    return own or (parent.deadline is not None and not policy.detached)


def _add(intake: Submissions, checked: Checked, root: bytes, parent: Parent, draft: Draft, in_time: int = 0) -> LiveJob:
    """Add a job of a flow.  root: the id of the first of them.   parent: of that one.   in_time: the flag of members of the whole."""
    job, policy, packed, keys = checked[:4]
    live = intake.add(job.task, policy, (id_text(job.raw), job.raw), packed, keys, draft)
    live.unique = checked.unique
    is_root = not job.number
    if is_root:
        live.inherit(parent.deadline)
    if is_root or policy.detached or job.flags & IS_DETACHED:
        in_time = 0

    def id_of(name: int | bytes) -> bytes:
        if isinstance(name, bytes):
            return name
        return member_id(root, name) if name else root

    live.links = JobLinks(
        parent=parent.raw if is_root else root,
        flags=job.flags | flags_of(policy) | in_time | (ASKS_KEY if checked.asks else 0),
        label=job.label,
        after=[(id_of(before), position, how) for (before, position), how in job.waits_for.items()],
        is_child=is_root,
        leads_to=[(id_of(child), position, how) for (child, position), how in job.leads_to.items()],
        awaited=job.awaited,
        joins=parent.joins if is_root else None,
    )
    if job.flags & IS_FLOW:
        live.accepted_as(State.RUNNING if is_root else State.WAITING)
        live.started_at = draft.now if is_root else None
    return live


def _check_time(checked: Sequence[Checked], now: float) -> None:
    """Raise `InvalidOption` if the newest of the jobs of a flow cannot have ended in time."""
    newest, whole = checked[-1], checked[0].policy
    checked_deadline(newest.policy, now)
    if not newest.job.flags & IS_DETACHED and (newest.policy.delay or newest.policy.eta):
        option = "finish_within" if whole.finish_by is None else "finish_by"
        check_due(checked_deadline(whole, now), due(newest.policy, now), option)


def _checked(intake: Submissions, job: FlowJob, draft: Draft) -> Checked:
    if job.flags & IS_FLOW:
        return Checked(job, intake.policy(None, job.options), messages.NO_ARGUMENTS, None)
    task = intake.task(job.task)
    policy = intake.policy(task, job.options, takes_key=True)
    packed = intake.checked(task, job.packed, draft.trusted(job.checked), job.known)
    asks = task.unique.is_unique or "key" in job.options
    if asks:
        _check_key(task, job, policy, packed, draft)
    return Checked(job, policy, packed, intake.keys(task, packed, policy, draft), asks=asks)


def _key_of_whole(first: FlowJob, parent: Parent) -> str | None:
    """Take the key that its caller gives to the whole out of the options of its first job.

    A call that is added to a group keeps its key, as a member does: a group needs a job of its own for each.
    """
    if first.options.get("key") is None or (parent.joins is not None and not first.flags & IS_FLOW):
        return None
    key = check_options({"key": first.options.pop("key")}, Where.CALL).key
    if parent.joins is not None:
        raise InvalidOption("option key is for a whole flow, and what is added to a group is a part of one", option="key")
    return key


def _check_key(task: DeclaredTask, job: FlowJob, policy: Policy, packed: str, draft: Draft) -> None:
    """Raise what is wrong with the unique key of a member, as far as that is known before it asks for it."""
    if packed.startswith(CHUNK):
        raise InvalidFlow(f"each job of {task.name} has a unique key, and a chunk of calls has no one key: use map")
    if "key" in job.options:
        task.unique.given(job.options["key"], packed)
    elif not job.flags & HAS_INPUTS:
        args, kwargs = messages.from_json(packed)
        task.unique.of(args, kwargs, (policy.tags, draft.authid, policy.queue))


def _as_plain(intake: Submissions, checked: Checked, draft: Draft) -> Checked:
    """Return a call that is all of its flow, and has nothing to do with other jobs, as one that is submitted by itself."""
    policy, (args, kwargs) = checked.policy, messages.from_json(checked.packed)
    unique = intake.task(checked.job.task).unique.of(args, kwargs, (policy.tags, draft.authid, policy.queue))
    draft.asks = True
    return checked._replace(unique=unique, asks=False)


def _keyed(intake: Submissions, checked: Checked, key: str, said: str) -> Checked:
    """Return the first job of a flow with the key that its caller gives to the whole.  said: a digest of the flow."""
    job, packed = checked.job, checked.packed
    if job.flags & IS_FLOW:
        return checked._replace(unique=of_flow(job.task, key, said))
    unique = intake.task(job.task).unique
    new = unique.given(key, packed)
    return checked._replace(unique=of_flow(job.task, key, said) if job.flags & HAS_INPUTS else new)


def _said(job: FlowJob) -> bytes:
    """Return what a job says, the same for the same part of the same flow: its name in the flow does not matter."""
    waits, leads = sorted(job.waits_for.items(), key=repr), sorted(job.leads_to.items())
    return repr((job.task, job.packed, job.flags, waits, leads)).encode()


def _at(place: str, error: TaskbahnError) -> TaskbahnError:
    """Return an error that says in which part of a flow it is."""
    if not place or (isinstance(error, InvalidFlow) and error.detail.get("place")):
        return error
    return type(error).rebuild(f"{place[:SHOWN]}: {error.message}", {**error.detail, "place": place})
