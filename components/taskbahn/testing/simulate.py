"""`simulated`: the real dispatcher in the process of a test, with a clock that the test moves."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.sleeping import seconds_in
from taskbahn.errors import InvalidRequest, NoQuestion
from taskbahn.installing import installed_by
from taskbahn.protocol import messages
from taskbahn.testing.left_open import ending
from taskbahn.testing.shared_connections import SharedConnections
from taskbahn.testing.substitute import substituted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import timedelta

    from twisted.internet.defer import Deferred

    from taskbahn.app import Taskbahn
    from taskbahn.client.client import RawOutcome
    from taskbahn.errors import TaskbahnError
    from taskbahn.future import Future
    from taskbahn.jobs.job import Job
    from taskbahn.testing.simulation.driver import Driver
    from taskbahn.testing.simulation.link import Clients
    from taskbahn.testing.simulation.node import Node
    from taskbahn.testing.simulation.worker import Worker


class Simulation:
    """A node and a worker of which nothing is real but their code. Time passes only in `advance`, and while a test waits for a result."""

    def __init__(self, driver: Driver, node: Node, worker: Worker, clients: Clients) -> None:
        self._driver = driver
        self._node = node
        self._worker = worker
        self._clients = clients

    @property
    def now(self) -> datetime:
        """The time of the simulation."""
        return datetime.fromtimestamp(self._node.wall(), UTC)

    def settle(self) -> None:
        """Let all happen that can happen now, without letting time pass.  Raises NotFinished for a task that runs on and on."""
        self._driver.reach(lambda: False, None, skips=False)

    def advance(self, duration: float | str | timedelta, /) -> None:
        """Let time pass, in seconds, as a timedelta or as text such as `"2h"`, and all happen that is due until then.

        Raises ValueError, TypeError for what is no duration; NotFinished as `settle`.
        """
        self._driver.reach(lambda: False, seconds_in(duration, "an advance"), skips=True)

    def answer(self, job: Job[Any], value: Any, /) -> None:
        """Answer the question that a job asks, and let happen what follows now.  Raises NoQuestion, WrongAnswer."""
        self.settle()
        questions = job.view().questions
        if len(questions) != 1:
            raise NoQuestion(job.id, "", [question.name for question in questions])
        job.answer(questions[0].name, value)
        self.settle()

    def lose_worker(self) -> None:
        """Lose the worker, as if its machine was switched off; another one comes at once, and takes what is ready.

        Attempts that wait are lost. If there are none, the next attempt that ends is: its function has run, and nothing knows it.
        The node waits for a lost worker for ten seconds, as for a real one. Until then, as in `settle()`, its jobs stay "running";
        `advance("10s")` has the other worker run them again, and so has a wait for the result.
        """
        self._driver.run(self._lose)

    def _lose(self) -> None:
        if self._worker.has_waiting:
            self._worker.lose()
        else:
            self._worker.loses_next = True

    def send_twice(self) -> None:
        """Have the next request of the application arrive twice, as after a connection that was lost before the answer."""
        self._clients.outside.is_twice = True


_active: list[Simulation] = []
FLOW_SLOTS = 4
WORDS = "simulated(app)"


@contextlib.contextmanager
def simulated(app: Taskbahn, *, slots: int = 4, queues: Sequence[str] | None = None) -> Iterator[Simulation]:
    """Run what *app* starts with the real dispatcher, in this process and without a network, on a clock that the test moves.

    slots: attempts at a time. Tasks run in threads of this process, one at a time, those of `async def` on event loops of their own.
    queues: of the worker; None for all in which there are jobs. Jobs in others wait, as where no worker is started for their queue.
    Raises InvalidRequest inside of another simulation and for what is no list of queues, ImportError without the extra `taskbahn[testing]`.
    """
    if isinstance(queues, str) or (queues is not None and not queues):
        raise InvalidRequest(f"queues is a list of the queues of the worker, such as ['default'], not {queues!r}")
    with _running(app, slots, queues) as simulation, substituted(app, simulation._clients, WORDS):  # noqa: SLF001 - of this module
        yield simulation


def flow_outcome(app: Taskbahn, content: dict[str, Any]) -> tuple[dict[str, Any], RawOutcome]:
    """Run a flow, as a client submits it, to its end; return the `views.JobView` of the whole and its outcome."""
    with _running(app, FLOW_SLOTS, None) as simulation:
        driver, client = simulation._driver, simulation._clients()  # noqa: SLF001 - of this module
        end = Outcome()
        accepted = client.submit(content, 1, 0)
        driver.reach(lambda: accepted.done, None, skips=False)
        client.wait([accepted.now()], end)
        driver.reach(lambda: end.future.done, None, skips=True)
        return client.ask(messages.JOB_GET, accepted.now()).get(), end.future.now()


class Outcome:
    """Waits for the outcome of a job."""

    def __init__(self) -> None:
        from taskbahn.future import Future  # late, as below

        self.future: Future[RawOutcome] = Future()

    def take(self, outcome: RawOutcome) -> None:
        """Take it."""
        self.future.resolve(outcome)

    def batch_delivered(self) -> None:
        """Do nothing: there is one."""

    def fail(self, id: str, error: TaskbahnError) -> None:
        """Take the error of the wait."""
        self.future.fail(error)


@contextlib.contextmanager
def _running(app: Taskbahn, slots: int, queues: Sequence[str] | None) -> Iterator[Simulation]:
    if _active:
        raise InvalidRequest("a simulation runs already in this process: end its `with` block first")
    with _named_extra():
        from taskbahn.testing.simulation.driver import Driver  # late: nothing else of the SDK needs the router's side
        from taskbahn.testing.simulation.link import Clients
        from taskbahn.testing.simulation.node import Node
        from taskbahn.testing.simulation.worker import Worker

    node = Node(time.time())
    driver = Driver(node)
    connections = SharedConnections()
    worker = driver.worker = Worker(app, driver, node, slots, queues, connections)
    simulation = Simulation(driver, node, worker, Clients(driver, node))
    driver.start()
    _active.append(simulation)

    def end() -> None:
        try:
            driver.run(worker.stop)
            driver.reach(lambda: False, None, skips=False)
        finally:
            CLOCK.reset()
            driver.run(node.stop)
            driver.stop()
            _active.remove(simulation)

    with connections.kept(), ending(WORDS, end):
        with _named_extra():
            driver.run(worker.attach)
        _use(driver, node, worker)
        yield simulation


@contextlib.contextmanager
def _named_extra() -> Iterator[None]:
    """Name the extra where a module is missing: some are imported when the first schedule comes."""
    try:
        yield
    except ImportError as error:
        error.add_note(f"a simulation needs more than the SDK, which comes with {installed_by('testing')}")
        raise


def _use(driver: Driver, node: Node, worker: Worker) -> None:
    """Put the clock of a simulation in the place of the system's."""

    def block(future: Future[Any], seconds: float | None) -> bool:
        return driver.reach(lambda: future.done, seconds, skips=True)

    def awaited(future: Future[Any]) -> Generator[Any, Any, Any]:
        end = future_of_end(future)
        try:
            yield from end.__await__()
        finally:
            driver.leave(end)
        return future.now()

    def deferred(future: Future[Any]) -> Deferred[Any]:
        from taskbahn.future import as_deferred  # late, as above

        end = future_of_end(future)
        return as_deferred(end, lambda _: driver.leave(end)).addCallback(lambda _: future.now())

    def future_of_end(future: Future[Any]) -> Future[None]:
        """Return what is done with *future*, and fails if that is never done."""
        from taskbahn.future import Future  # late, as above

        end: Future[None] = Future()
        future.listen(lambda: end.resolve(None))
        driver.wake(lambda: future.done, end)
        return end

    CLOCK.time = CLOCK.monotonic = node.wall
    CLOCK.wait, CLOCK.call_later = worker.wait, worker.call_later
    CLOCK.block, CLOCK.awaited, CLOCK.deferred = block, awaited, deferred
