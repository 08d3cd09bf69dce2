"""`eager`: tasks run where they are started, at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from taskbahn.attempt.blocking import is_in_loop
from taskbahn.attempt.context import ACTIVE, DONE, FAILED
from taskbahn.errors import ID_TAKEN, JobFailed, TaskbahnError, UnknownTask, WrongTask
from taskbahn.future import Future
from taskbahn.protocol import messages
from taskbahn.protocol.last_failures import last_error, reason_to_end
from taskbahn.tasks.options import as_dict
from taskbahn.testing.local_jobs import Heard, LocalJob, LocalJobs
from taskbahn.testing.one_attempt import begun
from taskbahn.testing.said import Said
from taskbahn.testing.scripted import Due
from taskbahn.testing.shared_connections import SharedConnections
from taskbahn.testing.substitute import substituted
from taskbahn.worker.capture import Capture
from taskbahn.worker.execution import AttemptContexts, conclude, execute, execute_async

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.client.client import Client, OutcomeListener
    from taskbahn.tasks.task import Task

T = TypeVar("T")


@contextlib.contextmanager
def eager(app: Taskbahn) -> Iterator[None]:
    """Run each job of *app* where it is started, through the checks and the serialization of a real one; retries come without delay.

    What waits for a person, an event or a time raises OutsideJob; flows run in a simulation, for which the extra `taskbahn[testing]` is
    needed.   An `async def` task that is awaited runs on the event loop that awaits it.
    """
    connections = SharedConnections()
    jobs = cast("Client", EagerJobs(app, connections))
    with connections.kept(), substituted(app, lambda: jobs, "eager(app)"):
        yield


class EagerJobs(LocalJobs):
    """Runs what it takes."""

    def __init__(self, app: Taskbahn, connections: SharedConnections) -> None:
        super().__init__("eager")
        self._connections = connections
        self._app = app
        self._new_context = AttemptContexts().new

    def submit(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None = None) -> Future[Any]:
        """Run a call, or many; the future is for what a node answers."""
        if "flow" in content:
            return self._run_flow(content, follower)
        task = self._app.tasks.get(content["task"])
        if task is None:
            failed: Future[Any] = Future()
            failed.fail(UnknownTask(content["task"]))
            return failed
        calls = content["calls"] if "calls" in content else [(content["id"], content["packed"])]
        made = [self._job(id, task, packed, content["options"]) for id, packed in calls]

        def ended() -> Any:
            if follower is not None:
                follower.take(cast("Any", made[0].outcome))
            return {"accepted": len(made), "errors": {}, "joined": {}} if "calls" in content else made[0].id

        if task.pool == "loop":
            return Run(lambda: self._run_all_async(task, made), ended)
        done: Future[Any] = Future()
        for job in made:
            _apart(partial(self._run, task, job))
        done.resolve(ended())
        return done

    def _job(self, id: str, task: Task[..., Any], packed: str, options: dict[str, Any]) -> LocalJob:
        if (known := self.by_id.get(id)) is not None:
            if known.task != task.name:
                raise WrongTask(id, known.task, task.name, ID_TAKEN)
            return known  # the same id twice: the same job
        job = self.by_id[id] = LocalJob(id, task.name, packed, {**as_dict(task.defaults), **options})
        return job

    def _run(self, task: Task[..., Any], job: LocalJob) -> None:
        while job.outcome is None:
            said, context = self._begin(job)
            capture = Capture()
            capture.start()
            try:
                with self._connections.here():
                    record = self._new_context().run(execute, task, context)
            finally:
                capture.stop()
            self._ended(job, said, record)

    async def _run_all_async(self, task: Task[..., Any], jobs: list[LocalJob]) -> None:
        for job in jobs:
            while job.outcome is None:
                said, context = self._begin(job)
                async with self._connections.in_loop():
                    record = await asyncio.get_running_loop().create_task(_run_async(task, context), context=self._new_context())
                self._ended(job, said, record)

    def _begin(self, job: LocalJob) -> tuple[Said, AttemptContext]:
        said = Said()
        job.attempt += 1
        job.state = "running"
        job.started_at = job.started_at or time.time()
        return said, begun(said, job.attempt, None, job=job.id, task=job.task, packed=job.packed)

    def _ended(self, job: LocalJob, said: Said, record: Record) -> None:
        outcome, data = record
        job.said += [Heard(kind, at, value, job.attempt) for kind, at, value in said.heard]
        job.progress = said.sent_progress()
        if outcome == DONE:
            job.end("succeeded", result=data[2])
        elif outcome == FAILED and data["kind"] == "cancelled":
            job.end("cancelled", error=data["error"])
        elif outcome == FAILED:
            asked, options = data.get("asked", False), job.options
            reason = reason_to_end(
                retryable=data["retry"],
                at_most_once=options.get("delivery") == "at_most_once",
                failures=job.attempt,
                retries=options.get("retries", 0),
                asked=asked,
            )
            if reason is None:
                job.state = "waiting"
            else:
                job.end("failed", error=last_error({"error": JobFailed.uri, **data["error"]}, reason, asked=asked))
        else:
            job.end("failed", error={"type": "Suspended", "message": "the task waits for what nothing brings in this test"})

    def _run_flow(self, content: dict[str, Any], follower: OutcomeListener | None) -> Future[Any]:
        from taskbahn.testing.simulate import flow_outcome  # late: for flows alone the extra is needed

        answered: Future[Any] = Future()
        try:
            view, outcome = flow_outcome(self._app, content)
        except TaskbahnError as error:
            answered.fail(error)
            return answered
        job = self.by_id[content["id"]] = LocalJob(content["id"], view["task"], messages.NO_ARGUMENTS, content["options"])
        job.state, job.outcome = outcome[1], outcome
        if follower is not None:
            follower.take(outcome)
        answered.resolve(job.id)
        return answered


class Run(Due[Any]):
    """A coroutine that runs where its end is waited for: on the event loop that awaits it, or on one of its own."""

    __slots__ = ("_ended", "_make")

    def __init__(self, make: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], Any]) -> None:
        super().__init__()
        self._make = make
        self._ended = ended

    def wait(self, timeout: float | None = None) -> bool:
        """Run it in a thread of its own, and wait for that."""
        if not self.done:
            _in_thread(lambda: asyncio.run(self._run()))
        return True

    def listen(self, listener: Callable[[], Any]) -> None:
        """Run it, then call *listener*."""
        self.wait()
        super().listen(listener)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            if is_in_loop():
                yield from asyncio.get_running_loop().create_task(self._run()).__await__()
            else:
                self.wait()
        return self.now()

    async def _run(self) -> None:
        await self._make()
        self.resolve(self._ended())


async def _run_async(task: Task[..., Any], context: AttemptContext) -> Record:
    ACTIVE.set(context)
    capture = Capture()
    capture.start()
    try:
        record = await execute_async(task, context)
        context.ended = True
        conclude(context)
    finally:
        capture.stop()
    return record


def _apart(function: Callable[[], T]) -> T:
    """Call a function where no event loop runs: in this thread, or in another one while this one waits."""
    return _in_thread(function) if is_in_loop() else function()


def _in_thread(function: Callable[[], T]) -> T:
    found: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            found.append(function())
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller
            errors.append(error)

    thread = threading.Thread(target=call, name="taskbahn-eager")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]
