"""Tasks that wait, in every pool: each lives a plan of steps, children, sleeps, questions, events and messages, and writes down what it gets.

A plan is data, so that the books can say what each attempt has to come to. `moves` of a plan are the same for `def` and `async def`.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.tasks import CRASHES, ONCE_PARENT, Mishap, app, begin, journal
from taskbahn import Concurrency, chain, current, group
from taskbahn.attempt import waiting
from taskbahn.attempt.stops import Suspended
from taskbahn.errors import WorkerError
from taskbahn.protocol.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from taskbahn import Batch, Flow, Job

waiting.SUSPEND_AFTER = 0.4  # seconds: some waits are over before, and some are not

PARENTS = tuple(f"chaos.parent.{pool}" for pool in ("process", "thread", "loop"))
GATED_PARENT = "chaos.parent.gated"
ALL_PARENTS = (*PARENTS, GATED_PARENT, ONCE_PARENT)
TAG = "chaos.waits"
TOPIC = "chaos.news"
NO_ANSWER = -1  # what a question gives whose time is over
PERMITS = 2  # of the parents under a limit
RETRIES = [0.05] * 20  # one mishap each at most

Call = list[Any]  # the name of a task, and its arguments
Plan = list[list[Any]]  # a kind, and what it is given


class Move(NamedTuple):
    """One thing that a parent does and that may wait."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = MappingProxyType({})


def write(event: str, **more: Any) -> None:
    """Write down something of the attempt that runs."""
    journal().write(event, id=current.job, attempt=current.attempt, **more)


def moves(plan: Plan) -> Generator[Move, Any, Any]:
    """Live a plan; return what its task returns."""
    end = begin(plan=plan)
    values: list[Any] = []
    try:
        for place, (kind, *given) in enumerate(plan):
            if kind == "replace":
                end("replaced")
                return (yield Move("replace", (_chain(given[0]),)))
            value = yield from KINDS[kind](place, *given)
            write("point", place=place, kind=kind, value=value)
            values.append(value)
    except Suspended:
        end("suspended")
        raise
    except Mishap:
        end("raised")
        raise
    return {"token": end("returned"), "values": values}


def _each(those: list[Move]) -> Generator[Move, Any, list[Any]]:
    """Make moves one after the other; return what each gave."""
    found: list[Any] = []
    for move in those:
        found.append((yield move))  # noqa: PERF401 - a comprehension cannot yield
    return found


def _done(place: int, said: list[str]) -> str:
    """Do a step: what it gives is another thing each time."""
    said.append(new_id())
    write("stepped", place=place, value=said[-1])
    return said[-1]


def _step(place: int) -> Generator[Move, Any, Any]:
    return (yield Move("step", (f"step {place}", partial(_done, place, []))))


def _mishap(place: int) -> Generator[Move, Any, Any]:
    """Fail after a step that is done for the first time; an attempt that comes later goes on."""
    said: list[str] = []
    value = yield Move("step", (f"mishap {place}", partial(_done, place, said)))
    if said:
        raise Mishap("one was asked for")
    return value


def _sleep(place: int, seconds: float) -> Generator[Move, Any, Any]:
    write("sleeps", place=place, seconds=seconds)
    yield Move("sleep", (seconds,), {"name": f"sleep {place}"})
    return seconds


def _ask(place: int, within: float | None) -> Generator[Move, Any, Any]:
    more = {} if within is None else {"within": within, "default": NO_ANSWER}
    return (yield Move("ask", ("How much?", int), {"name": f"ask {place}", **more}))


def _event(place: int) -> Generator[Move, Any, Any]:
    news = yield Move("event", (TOPIC, dict), {"name": f"event {place}", "where": {"job": current.job}})
    return news["value"]


def _messages(_place: int, count: int) -> Generator[Move, Any, Any]:
    inbox = current.inbox.of(int)
    return (yield from _each([Move("message", (inbox,))] * count))


def _children(_place: int, calls: list[Call]) -> Generator[Move, Any, Any]:
    """Start all, then wait for each."""
    jobs = yield from _each([Move("start", (app.get(name), *args)) for name, args in calls])
    results = yield from _each([Move("result", (job,)) for job in jobs])
    return [{"job": job.id, "gave": result} for job, result in zip(jobs, results, strict=True)]


def _calls(_place: int, calls: list[Call]) -> Generator[Move, Any, Any]:
    """Call one after the other."""
    return (yield from _each([Move("call", (app.get(name), *args)) for name, args in calls]))


def _many(_place: int, name: str, argument: float, count: int) -> Generator[Move, Any, Any]:
    """Start many in one submission."""
    batch = yield Move("many", (app.get(name), [argument] * count))
    results = yield Move("results", (batch,))
    return [{"job": id, "gave": result} for id, result in zip(batch.ids, results, strict=True)]


def _flow(_place: int, calls: list[Call]) -> Generator[Move, Any, Any]:
    """Start a group, and wait for it."""
    job = yield Move("flow", (group([app.get(name).si(*args) for name, args in calls]),))
    return [{"job": job.id, "gave": (yield Move("result", (job,)))}]


def _add(_place: int, call: Call) -> Generator[Move, Any, Any]:
    """Add one more member to the group, and do not wait for it."""
    job = yield Move("add", (app.get(call[0]).si(*call[1]),))
    return job.id


def _chain(calls: list[Call]) -> Flow[Any, Any]:
    return chain(app.get(name).si(*args) for name, args in calls)


KINDS: dict[str, Callable[..., Generator[Move, Any, Any]]] = {
    "step": _step, "mishap": _mishap, "sleep": _sleep, "ask": _ask, "event": _event, "messages": _messages,
    "children": _children, "calls": _calls, "many": _many, "flow": _flow, "add": _add,
}  # fmt: skip


def _failed(error: WorkerError) -> dict[str, Any]:
    return {"failed": error.detail.get("type")}


def _result(job: Job[Any]) -> Any:
    try:
        return job.result()
    except WorkerError as error:
        return _failed(error)


async def _result_async(job: Job[Any]) -> Any:
    try:
        return await job
    except WorkerError as error:
        return _failed(error)


async def _results_async(batch: Batch[Any]) -> Any:
    return await batch


BLOCKING: dict[str, Callable[..., Any]] = {
    "step": current.step, "sleep": current.sleep, "ask": current.ask, "event": current.wait_for_event,
    "message": lambda inbox: inbox.get(), "start": lambda task, *args: task.start(*args),
    "call": lambda task, *args: task.call(*args), "many": lambda task, calls: task.start_many(calls),
    "results": lambda batch: batch.results(), "result": _result, "flow": lambda flow: flow.start(),
    "add": current.add_to_group, "replace": current.replace,
}  # fmt: skip
AWAITED: dict[str, Callable[..., Awaitable[Any]]] = {
    "step": current.step_async, "sleep": current.sleep_async, "ask": current.ask_async,
    "event": current.wait_for_event_async, "message": lambda inbox: inbox.get_async(),
    "start": lambda task, *args: task.start_async(*args), "call": lambda task, *args: task.call_async(*args),
    "many": lambda task, calls: task.start_many_async(calls), "results": _results_async, "result": _result_async,
    "flow": lambda flow: flow.start_async(), "add": current.add_to_group_async, "replace": current.replace_async,
}  # fmt: skip


def parent(plan: Plan) -> Any:
    """Live a plan in a thread or a process."""
    life = moves(plan)
    try:
        move = next(life)
        while True:
            try:
                value = BLOCKING[move.name](*move.args, **move.kwargs)
            except Suspended as ending:
                life.throw(ending)
                raise
            move = life.send(value)
    except StopIteration as end:
        return end.value


async def parent_in_loop(plan: Plan) -> Any:
    """Do the same on the worker's event loop."""
    life = moves(plan)
    try:
        move = next(life)
        while True:
            move = life.send(await AWAITED[move.name](*move.args, **move.kwargs))
    except StopIteration as end:
        return end.value


app.task(name=PARENTS[0], pool="process", crash_attempts=CRASHES, retries=RETRIES)(parent)
app.task(name=PARENTS[1], pool="thread", crash_attempts=CRASHES, retries=RETRIES)(parent)
app.task(name=PARENTS[2], crash_attempts=CRASHES, retries=RETRIES)(parent_in_loop)
app.task(
    name=GATED_PARENT,
    pool="thread",
    crash_attempts=CRASHES,
    retries=RETRIES,
    limits=[Concurrency(PERMITS, name="chaos.parents")],
)(parent)
app.task(name=ONCE_PARENT, pool="thread", delivery="at_most_once")(parent)
