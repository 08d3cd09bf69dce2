"""`recorded`: nothing runs; the test looks at what was started."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from taskbahn.errors import InvalidRequest, TaskbahnError
from taskbahn.future import Future
from taskbahn.jobs.job import Job
from taskbahn.protocol import messages
from taskbahn.signatures.payloads import pack_result, plain_of
from taskbahn.testing.local_jobs import LocalJob, LocalJobs
from taskbahn.testing.prepared import Prepared
from taskbahn.testing.substitute import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.client.client import Client, OutcomeListener
    from taskbahn.tasks.task_handle import TaskHandle

P = ParamSpec("P")
R = TypeVar("R")
MOST_CALLS = 20  # that an assertion shows
LONGEST = 300  # characters of a call that an assertion shows


class Call(NamedTuple):
    """What was started: a job, or a member of a flow.   args, kwargs: in the types of the task.   id: "" for a member."""

    task: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    id: str = ""

    def __str__(self) -> str:
        shown = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.task}({', '.join(shown)})"


@contextlib.contextmanager
def recorded(app: Taskbahn) -> Iterator[Recorded]:
    """Record what *app* starts; nothing runs. The arguments are checked and packed as ever."""
    seen = Recorded(app)
    with substituted(app, lambda: cast("Client", seen._jobs), "recorded(app)"):  # noqa: SLF001 - of this module
        yield seen


class Recorded:
    """What was started.   calls: of all jobs and of the members of all flows, in their order."""

    def __init__(self, app: Taskbahn) -> None:
        self._app = app
        self._jobs = RecordedJobs(app)

    @property
    def calls(self) -> list[Call]:
        """What was started, in its order."""
        return list(self._jobs.calls)

    def started(self, task: TaskHandle[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Job[R]:
        """Return the first job of a task that was started with these arguments.  Raises AssertionError, which shows the difference."""
        __tracebackhide__ = True
        wanted = _bound(task, args, kwargs)
        of_task = [call for call in self._jobs.calls if call.task == task.name]
        for call in of_task:
            if _bound(task, call.args, call.kwargs) == wanted:
                return Job(self._app, call.id, task.name, task.signature)
        shown = Call(task.name, args, kwargs, {})
        raise AssertionError(f"{_short(shown)} was not started{self._instead(of_task)}{_difference(task, wanted, of_task)}")

    def not_started(self, task: TaskHandle[..., Any], /) -> None:
        """Check that no job of a task was started.  Raises AssertionError, which shows those that were."""
        __tracebackhide__ = True
        found = [call for call in self._jobs.calls if call.task == task.name]
        if found:
            raise AssertionError(f"{task.name} was started{'' if len(found) == 1 else f' {len(found)} times'}:{_lines(found)}")

    def returns(self, task: TaskHandle[P, R], result: R, /) -> None:
        """Have jobs of a task succeed with a result, those that were started and those that will be.  Raises ResultNotSerialisable."""
        if isinstance(result, BaseException):
            name = task.name.rpartition(".")[2]
            raise InvalidRequest(f"a task returns no exception; have its jobs fail with seen.raises({name}, {result!r:.100})")
        text = task.signature.pack_result(result) if task.signature else pack_result(result)
        self._jobs.give(task.name, Prepared(result=text))

    def raises(self, task: TaskHandle[..., Any], error: Exception | type[Exception], /) -> None:
        """Have jobs of a task end with an error, those that were started and those that will be.

        They fail as if the task had raised it; with JobCancelled or JobExpired they are cancelled or expire.  With an error of the caller
        or of the service, such as QueueFull or RouterUnavailable, starting one raises it; with NotFinished, waiting for one does.
        Raises InvalidRequest for what is no exception.
        """
        self._jobs.give(task.name, Prepared.of(error))

    def _instead(self, of_task: list[Call]) -> str:
        if of_task:
            return f"; of {of_task[0].task} these were:{_lines(of_task)}"
        return f"; these were:{_lines(self._jobs.calls)}" if self._jobs.calls else "; nothing was"


class RecordedJobs(LocalJobs):
    """Runs nothing of what it takes."""

    def __init__(self, app: Taskbahn) -> None:
        super().__init__("recorded")
        self.calls: list[Call] = []
        self._app = app
        self._prepared: dict[str, Prepared] = {}

    def submit(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None = None) -> Future[Any]:
        """Record a call, many or a flow."""
        options = content["options"]
        answered: Future[Any] = Future()
        if (refused := self._refusal(content)) is not None:
            answered.fail(refused)
            return answered
        if "flow" in content:
            flow = content["flow"]
            self.calls += [
                call._replace(id=content["id"] if "task" in flow and not i else "") for i, call in enumerate(self._members(flow))
            ]
            made = [LocalJob(content["id"], flow.get("task", "taskbahn.flow"), messages.NO_ARGUMENTS, options)]
        else:
            pairs = content["calls"] if "calls" in content else [(content["id"], content["packed"])]
            state = "waiting" if options.get("delay") else "ready"
            made = [LocalJob(id, content["task"], packed, options, state) for id, packed in pairs if id not in self.by_id]
            self.calls += [self._call(job.task, job.packed, options, job.id) for job in made]
        for job in made:
            self.by_id[job.id] = job
            if (prepared := self._prepared.get(job.task)) is not None:
                prepared.end(job)
        if follower is not None:
            self._tell(content["id"], follower)
        answered.resolve({"accepted": len(content["calls"]), "errors": {}, "joined": {}} if "calls" in content else content["id"])
        return answered

    def give(self, task: str, prepared: Prepared) -> None:
        """Have jobs of a task end in a way."""
        self._prepared[task] = prepared
        for job in self.by_id.values():
            if job.task == task:
                prepared.end(job)

    def _refusal(self, content: dict[str, Any]) -> TaskbahnError | None:
        tasks = [call.task for call in self._members(content["flow"])] if "flow" in content else [content["task"]]
        found = (self._prepared[task].refused for task in tasks if task in self._prepared)
        return next((error for error in found if error is not None), None)

    def without_result(self, job: LocalJob) -> TaskbahnError:
        """Return the error of a wait for a job of which the test has not said what it gives."""
        prepared = self._prepared.get(job.task)
        if prepared is not None and prepared.unfinished is not None:
            return prepared.unfinished
        name = job.task.rpartition(".")[2]
        said = f"seen.returns({name}, ...) or seen.raises({name}, ...)"
        return InvalidRequest(f"{job.task} was recorded and did not run: say what it gives with {said}")

    def _call(self, task: str, packed: str, options: dict[str, Any], id: str) -> Call:
        known = self._app.tasks.get(task)
        if known is not None and not packed.startswith("{"):
            args, kwargs = known.signature.unpack(packed)
        else:
            given = plain_of(packed)
            args, kwargs = (tuple(given[0]), given[1]) if isinstance(given, list) else ((given,), {})
        return Call(task, args, kwargs, options, id)

    def _members(self, flow: Any) -> Iterator[Call]:
        """Give the calls in a flow, as it travels; what comes from others is as it travels, too."""
        if "task" in flow:
            if "packed" in flow and "$output" not in flow["packed"]:
                args, kwargs = plain_of(flow["packed"])
            else:
                args, kwargs = flow.get("args", ()), flow.get("kwargs", {})
            yield Call(flow["task"], tuple(args), dict(kwargs), flow.get("options", {}))
        for packed in flow.get("calls", ()):
            yield self._call(flow["map"]["task"], packed, flow.get("options", {}), "")
        for name in ("chain", "group", "with", "on_success", "on_failure", "on_end"):
            for part in flow.get(name, ()):
                yield from self._members(part)


def _bound(task: TaskHandle[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """Return arguments by name, with the defaults of those that are left out."""
    function = getattr(task, "function", None) or getattr(getattr(task, "_base", None), "function", None)
    if function is None:
        return {**{f"argument {number}": value for number, value in enumerate(args)}, **kwargs}
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        return {"": str(error), **kwargs}
    bound.apply_defaults()
    return dict(bound.arguments)


def _difference(task: TaskHandle[..., Any], wanted: dict[str, Any], calls: list[Call]) -> str:
    """Say what differs from the call that is most like the wanted one."""
    found = [_bound(task, call.args, call.kwargs) for call in calls]
    if not found:
        return ""
    nearest = min(found, key=lambda given: len(_differing(wanted, given)))
    lines = [f"  {name}: {given!r:.{LONGEST}}, wanted {want!r:.{LONGEST}}" for name, want, given in _differing(wanted, nearest)]
    return "\nthe nearest differs in:\n" + "\n".join(lines)


def _differing(wanted: dict[str, Any], given: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = dict.fromkeys([*wanted, *given])
    return [(name, wanted.get(name), given.get(name)) for name in names if wanted.get(name) != given.get(name)]


def _lines(calls: list[Call]) -> str:
    more = f"\n  … and {len(calls) - MOST_CALLS} more" if len(calls) > MOST_CALLS else ""
    return "".join(f"\n  {_short(call)}" for call in calls[:MOST_CALLS]) + more


def _short(call: Call) -> str:
    return f"{call!s:.{LONGEST}}"
