"""The jobs of flows, compared with what their callers handed in: all of a flow or nothing, each join once and with what came before it.

A flow is known from the journal, written before its caller started it. The router's own compiler says which jobs it has to become; that
one is held to a model elsewhere. What each edge means for the job behind it is said again here, by the states at the end. Pure.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.tasks import LINKS
from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core.flow_graph import compiled
from taskbahn_router.core.flow_jobs import CHAIN, GROUP, ORDER
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_DETACHED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from chaos.journal import Entry
    from chaos.reading import Standing
    from taskbahn_router.core.flow_jobs import FlowJob

SHAPES = frozenset((CHAIN, GROUP))
MOST_JOBS = 10_000
BAD_ENDS = frozenset((State.FAILED, State.EXPIRED))
SATISFIES: Mapping[
    str, Callable[[State], bool]
] = {  # policy of an edge -> whether its child goes on after such an end of the parent
    "fail": lambda state: state is State.SUCCEEDED,
    "none": lambda state: state.is_final,
    "skip": lambda state: state.is_final,
    "on_success": lambda state: state is State.SUCCEEDED,
    "on_failure": lambda state: state in BAD_ENDS,
    "on_end": lambda state: state.is_final,
}


class Counted(NamedTuple):
    """What there was of flows, and what is wrong with them: which job, and why."""

    flows: int
    members: int
    joins: int  # jobs that got results of others, and groups
    callbacks: int  # that ran
    wrong: list[tuple[str, str]]


class Judge(NamedTuple):
    """What is known beside the jobs. begun: attempts by job; to_cancel: jobs that clients cancelled."""

    begun: Mapping[str, Sequence[Entry]]
    to_cancel: Collection[str]
    may_fail: Callable[[Standing], bool]


class Link(NamedTuple):
    """A job waits for another one, of its flow by number."""

    parent: int | bytes
    position: int
    policy: str


def links_of(jobs: Sequence[FlowJob]) -> list[list[Link]]:
    """Return what each job of a flow waits for."""
    links = [[Link(parent, position, policy) for (parent, position), policy in job.waits_for.items()] for job in jobs]
    for job in jobs:
        for (child, position), policy in job.leads_to.items():
            links[child].append(Link(job.number, position, policy))
    return links


class Flow:
    """A flow of the journal, and how its jobs stand."""

    def __init__(self, entry: Entry, last: Mapping[str, Standing], judge: Judge) -> None:
        self.jobs = _compiled(entry["data"], bytes.fromhex(entry["id"].replace("-", "")))
        self.ids = [id_text(job.raw) for job in self.jobs]
        self._links = links_of(self.jobs)
        self._standings = [last.get(id) for id in self.ids]
        self._judge = judge

    @property
    def joins(self) -> int:
        """Return how many jobs wait for the results of others."""
        return sum(any(link.position != ORDER for link in self._links[job.number]) for job in self.jobs)

    @property
    def callbacks(self) -> int:
        """Return how many jobs of callbacks ran."""
        return sum(bool(job.flags & IS_DETACHED) and id in self._judge.begun for job, id in zip(self.jobs, self.ids, strict=True))

    def wrong(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with jobs of this flow: their ids, and why."""
        for job, id, standing in zip(self.jobs, self.ids, self._standings, strict=True):
            place = f"job {job.number} of {self.ids[0]}, {job.task}, {job.place}"
            if standing is None:
                yield id, f"its flow is there, and it is not: {place}"
            elif standing.task != job.task:
                yield id, f"it is {standing.task}, and has to be {place}"
            elif standing.state in FINAL_STATES and all(self._standings):
                yield from ((id, f"{why}; {place}") for why in (*self._early(job, standing), *self._late(job, standing)))

    def _unmet(self, job: FlowJob) -> Iterator[Link]:
        """Yield what should have kept a job from its start."""
        return (link for link in self._links[job.number] if not SATISFIES[link.policy](State(self._parent(link.parent).state)))

    def _early(self, job: FlowJob, standing: Standing) -> Iterator[str]:
        """Find that a job began, or succeeded, though something it waits for did not end so."""
        for link in self._unmet(job):
            parent = self._parent(link.parent)
            if standing.id in self._judge.begun or standing.state not in (State.FAILED, State.CANCELLED):
                yield f"it began, or {standing.state}, though {parent.id} {parent.state} ({link.policy})"

    def _late(self, job: FlowJob, standing: Standing) -> Iterator[str]:
        """Find that a job did not do what it had to do once its time had come."""
        if any(self._unmet(job)):
            return
        ids = {standing.id} if job.flags & IS_DETACHED else {standing.id, self.ids[0]}
        is_cancelled = standing.state == State.CANCELLED and not ids.isdisjoint(self._judge.to_cancel)
        if standing.state != State.SUCCEEDED and not is_cancelled and not self._judge.may_fail(standing):
            yield f"it {standing.state} without a reason: {json.dumps(standing.error)[:300]}"
        if job.task in SHAPES and standing.state == State.SUCCEEDED:
            yield from _differs("it has the result", _value(standing), self._result(job))
        for entry in self._judge.begun.get(standing.id, ()) if job.task in LINKS else ():
            yield from _differs(f"attempt {entry['attempt']} got", entry["given"], self._given(job))

    def _parent(self, number: int | bytes) -> Standing:
        standing = self._standings[int(number)] if isinstance(number, int) else None
        assert standing is not None  # flows of the load refer to no other jobs
        return standing

    def _inputs(self, job: FlowJob) -> list[Any]:
        """Return the results that a job gets, in order."""
        links = sorted((link for link in self._links[job.number] if link.position != ORDER), key=lambda link: link.position)
        return [
            _value(parent)
            for link in links
            if (parent := self._parent(link.parent)).state == State.SUCCEEDED or link.policy != "skip"
        ]

    def _result(self, job: FlowJob) -> Any:
        """Return what a shape has to give."""
        inputs = self._inputs(job)
        return inputs if job.task == GROUP else inputs[0] if inputs else None

    def _given(self, job: FlowJob) -> Any:
        """Return the first argument of a link: a result, a list of them, or the id of the job whose end it follows."""
        first = json.loads(job.packed)[0][0]
        inputs = self._inputs(job)
        return inputs if isinstance(first, list) else inputs[0] if inputs else first


def count(
    entries: Iterable[Entry], last: Mapping[str, Standing], to_cancel: Collection[str], may_fail: Callable[[Standing], bool]
) -> Counted:
    """Hold the flows of the journals against the jobs at the end."""
    begun: dict[str, list[Entry]] = defaultdict(list)
    handed_in: list[Entry] = []
    for entry in entries:
        if entry["event"] == "started":
            begun[entry["id"]].append(entry)
        elif entry["event"] == "flow":
            handed_in.append(entry)
    there = Counter(standing.root or standing.id for standing in last.values())
    judge = Judge(begun, to_cancel, may_fail)
    flows = [Flow(entry, last, judge) for entry in handed_in if there[entry["id"]]]  # those of killed clients may not be
    wrong = [one for flow in flows for one in flow.wrong()]
    for flow in flows:
        if there[flow.ids[0]] > len(flow.ids):
            wrong += [(flow.ids[0], f"it has {there[flow.ids[0]]} jobs, and has to have {len(flow.ids)}")]
    return Counted(
        flows=len(flows),
        members=sum(len(flow.ids) - 1 for flow in flows),
        joins=sum(flow.joins for flow in flows),
        callbacks=sum(flow.callbacks for flow in flows),
        wrong=wrong,
    )


def _differs(what: str, found: Any, expected: Any) -> Iterator[str]:
    if found != expected:
        yield f"{what} {json.dumps(found)[:300]} instead of {json.dumps(expected)[:300]}"


def _compiled(data: Any, root: bytes) -> list[FlowJob]:
    steps = compiled(data, root, {}, MOST_JOBS)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            jobs: list[FlowJob] = end.value
            return jobs


def _value(standing: Standing) -> Any:
    is_there = standing.state == State.SUCCEEDED and standing.result is not None
    return json.loads(standing.result) if is_there else None  # type: ignore[arg-type]
