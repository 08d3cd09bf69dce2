"""Flows that callers hand in: checked against the tasks that they name, and made into the jobs to be accepted."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidFlow, InvalidOption, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.flow_form import wrong
from taskbahn_router.core.flow_graph import compiled
from taskbahn_router.core.flow_jobs import FlowJob
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.policy import Policy
from taskbahn_router.core.reactions import IS_FLOW, OUTLIVES_PARENT
from taskbahn_router.core.task_callbacks import jobs_after
from taskbahn_router.model.state import JobLinks

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from taskbahn_router.model.state import DeclaredTask, LiveJob
    from taskbahn_router.submission.submission import Draft, Submissions

SHOWN = 200  # characters of a place


class Parent(NamedTuple):
    """The job whose attempt starts others. inherited: options that these have unless they say others."""

    raw: bytes | None = None
    inherited: Mapping[str, Any] = MappingProxyType({})

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


def flags_of(policy: Policy) -> int:
    """Return the flags that a job with a parent has by its options."""
    return OUTLIVES_PARENT if policy.detached else 0


def read_flow(
    intake: Submissions, entry: dict[str, Any], ids: tuple[str, bytes], parent: Parent, draft: Draft
) -> Generator[None, None, str]:
    """Add the jobs of a flow to a draft, or none of them; return the id of the whole.

    ids: of the whole, as text and as bytes.   parent: the job that starts it.
    Raises `InvalidFlow`, or what is wrong with a member, with the place.
    """
    unknown = entry.keys() - {"flow", "id", "options", "parent"}
    if unknown:
        raise wrong("", f"a submission of a flow has `flow`, `id` and `options`, not {min(map(str, unknown))!r:.100}")
    options = entry.get("options", {})
    if not isinstance(options, dict):
        raise wrong("", "`options` is an object")
    jobs = yield from compiled(entry["flow"], ids[1], {**parent.inherited, **options}, messages.MAX_CALLS, intake.callbacks)
    raws = {job.number: job.raw for job in jobs}
    checked = []
    for job in jobs:
        try:
            checked.append(_checked(intake, job, draft))
        except TaskbahnError as error:
            raise _at(job.place, error) from None
        yield
    draft.has_links = True
    for one in checked:
        _add(intake, one, raws, parent, draft)
        yield
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
    raws = {0: job.raw} | {one.job.number: one.job.raw for one in callbacks}
    for one in callbacks:
        _add(intake, one, raws, NO_PARENT, draft)


def _add(intake: Submissions, checked: Checked, raws: Mapping[int, bytes], parent: Parent, draft: Draft) -> None:
    """Add a job of a flow.  raws: ids of its jobs by number.   parent: of the first of them."""
    job, policy, packed, keys = checked
    live = intake.add(job.task, policy, (id_text(job.raw), job.raw), packed, keys, draft)
    flags = job.flags | flags_of(policy)
    links = [(raws[link.parent] if isinstance(link.parent, int) else link.parent, *link[1:]) for link in job.links]
    if job.number:
        live.links = JobLinks(raws[0], flags, job.label, links)
    else:
        live.links = JobLinks(parent.raw, flags, job.label, links, is_child=True)
    if job.flags & IS_FLOW:
        live.accepted_as(State.WAITING if job.number else State.RUNNING)
        live.started_at = None if job.number else draft.now


def _checked(intake: Submissions, job: FlowJob, draft: Draft) -> Checked:
    if job.flags & IS_FLOW:
        return Checked(job, intake.policy(None, job.options), messages.NO_ARGUMENTS, None)
    task = intake.task(job.task)
    if task.unique.is_unique:
        raise InvalidOption(f"{job.task} is unique, and so are no jobs of a flow: start it by itself", option="unique")
    policy = intake.policy(task, job.options)
    packed = intake.checked(task, job.packed, job.checked, job.known)
    return Checked(job, policy, packed, intake.keys(task, packed, policy, draft))


def _at(place: str, error: TaskbahnError) -> TaskbahnError:
    """Return an error that says in which part of a flow it is."""
    if not place or (isinstance(error, InvalidFlow) and error.detail.get("place")):
        return error
    return type(error).rebuild(f"{place[:SHOWN]}: {error.message}", {**error.detail, "place": place})
