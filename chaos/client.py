"""One client process: `python -m chaos.client KIND SEED`. It runs until SIGTERM, then waits for the outcomes that it still expects.

It writes every answer to its journal before it does anything else: the id of each job when its submission was acknowledged, and each
outcome. A fault may kill it at any moment; the next process of its kind takes its place.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chaos import mischief, tasks
from chaos.flow_load import Flows
from chaos.journal import PLACE, Journal
from chaos.login import PAGE, PageTokens
from chaos.plans import Plans, number
from chaos.schedule_load import Schedules
from chaos.trigger_load import Triggers
from taskbahn import Taskbahn
from taskbahn.errors import NoQuestion, TaskbahnError, WorkerError, WrongState
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn import Flow, Job
    from taskbahn.protocol.questions import QuestionView

R = TypeVar("R")

KEEP = "CHAOS_KEEP"
"""The environment variable with the seconds that finished jobs are to be kept; as long as the default if it is not set."""
PATIENCE = 300.0  # seconds that a request waits for a node that is away
IN_HAND = 30  # jobs that a client starts before it takes the first result
BATCH = 20
PAUSE = 0.03  # seconds between two requests
THREADS = 3  # of a client
LONG, LONG_ONCE, LONG_DOOMED = 0.03, 0.12, 0.6  # share of jobs that take longer than a moment; at most once; to be cancelled
DOOMED = 0.08  # share of what is started that its client cancels
DOOMED_SECONDS = 5.0  # that a job works which is cancelled while it runs
FLOWS_IN_HAND = 3  # flows that a thread starts before it takes the first result
PARENTS_IN_HAND = 6  # the same of parents: they are more than there are slots
SPEAKING = 0.3  # share of the starts of parents after which a client says something to a job that waits
LAST_DOOMED = 6  # jobs that each thread cancels at the end: no later fault hides what their cancel costs a worker
HOPELESS = 1000  # mishaps
FAILING, AT_MOST_ONCE = 0.08, 0.08  # share of the members of flows that may fail; of the others, those that must not start twice
NAMES = (tasks.PROCESS, tasks.THREAD, tasks.LOOP, tasks.FLAKY, tasks.ONCE, *tasks.GATED, tasks.RATED)
WEIGHTS = (12, 9, 9, 6, 9, 2, 2, 2, 3)
MAX_GATED_SECONDS = 0.3
MISCHIEF = "CHAOS_MISCHIEF"
"""The environment variable with the share of jobs that misbehave, of those that are started one by one; none if it is not set."""


class Mischief:
    """Deals the tasks that misbehave, in an order that the seed decides: first each kind once, so that even a short storm has all of them.

    share: of the calls after that. Safe from any thread; with a share of 0 no job misbehaves.
    """

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._share = share
        self._kinds = list(mischief.KINDS) if share else []
        self._random.shuffle(self._kinds)
        self._lock = threading.Lock()

    def call(self) -> tuple[str, tuple[Any, ...]] | None:
        """Return the name of such a task and its arguments; None most of the time."""
        with self._lock:
            if self._kinds:
                kind = self._kinds.pop()
            elif self._random.random() < self._share:
                kind = self._random.choice(mischief.KINDS)
            else:
                return None
            return mischief.task_name(kind, self._random.choice(mischief.POOLS)), (self._random.randrange(100),)


class Load:
    """Chooses what to start next, from a seed. mischief: what some of the calls are of."""

    def __init__(self, seed: int, mischief: Mischief | None = None) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._mischief = mischief

    def seconds(self, long: float = LONG) -> float:
        """Return how long an attempt shall work: most of them shortly, a share of *long* for so long that a fault meets them."""
        return round(self.random.uniform(0.5, 3.0) if self.random.random() < long else self.random.expovariate(40), 3)

    def is_doomed(self) -> bool:
        """Whether what is started next is to be cancelled."""
        return self.random.random() < DOOMED

    def patience(self) -> float:
        """Return the seconds from a start to its cancel: none, or a moment in which most attempts begin."""
        return self.random.choice((0.0, self.random.uniform(0.0, 0.5)))

    def call(self, *, is_doomed: bool = False) -> tuple[str, tuple[Any, ...]]:
        """Return the name of a task, and its arguments."""
        name = self.random.choices(NAMES, WEIGHTS)[0]
        if name in tasks.GATED:  # not long: the others wait
            return name, (
                self.random.choice(tasks.KEYS),
                min(self.seconds(LONG_DOOMED if is_doomed else 0.0), MAX_GATED_SECONDS),
            )
        if name == tasks.RATED:
            return name, ()
        long = LONG_DOOMED if is_doomed else LONG_ONCE if name == tasks.ONCE else LONG
        if name == tasks.FLAKY:
            return name, (self.seconds(long), self.random.choices((0, 1, 2, HOPELESS), (5, 3, 2, 1))[0])
        return name, (self.seconds(long),)

    def any_call(self, *, is_doomed: bool = False) -> tuple[str, tuple[Any, ...]]:
        """Return the same, or now and then a task that misbehaves."""
        return (self._mischief and self._mischief.call()) or self.call(is_doomed=is_doomed)

    def member_call(self) -> tuple[str, tuple[Any, ...]]:
        """Return a call of a task that may be a member of flows: some of them fail."""
        if self.random.random() < FAILING:
            return tasks.FLAKY, (self.seconds(), self.random.choice((1, HOPELESS)))
        return (tasks.ONCE, (self.seconds(),)) if self.random.random() < AT_MOST_ONCE else self.plain_call()

    def plain_call(self, *, is_doomed: bool = False) -> tuple[str, tuple[Any, ...]]:
        """Return a call of a task that always succeeds, unless it is cancelled."""
        return self.random.choice((tasks.PROCESS, tasks.THREAD, tasks.LOOP)), (self.seconds(LONG_DOOMED if is_doomed else LONG),)


class Client:
    """Starts jobs in one of the ways there are. stopping: set when the client has to end."""

    def __init__(self, journal: Journal, load: Load, stopping: threading.Event) -> None:
        self._journal = journal
        self._load = load
        self._stopping = stopping
        keep = os.environ.get(KEEP)
        self._options: dict[str, Any] = {"keep": float(keep)} if keep else {}

    def run(self, kind: str) -> None:
        """Work until `stopping` is set, and until all outcomes are there."""
        ways: dict[str, Callable[[], None]] = {
            "start": self._start_each,
            "batch": self._start_many,
            PAGE: self._start_each,
            "call": self._call,
            "flow": lambda: self._start_flows(Flows(self._load.random, self._load).flow, FLOWS_IN_HAND, "flow"),
            "schedule": Schedules(self._journal, self._load, self._stopping).run,
            "trigger": Triggers(self._journal, self._load, self._stopping).run,
            "parent": lambda: self._start_flows(Plans(self._load.random, self._load).flow, PARENTS_IN_HAND, "waits"),
        }
        ways[kind]()

    def _start_each(self) -> None:
        """`start` now, `result` later."""
        expected: deque[Job[Any]] = deque()
        while not self._stopping.wait(PAUSE):
            self._start(expected, is_doomed=self._load.is_doomed())
            if len(expected) > IN_HAND:
                self._take(expected.popleft())
        for _ in range(LAST_DOOMED):
            self._start(expected, is_doomed=True)
        self._cancel_running(expected)
        for job in expected:
            self._take(job)

    def _cancel_running(self, expected: deque[Job[Any]]) -> None:
        """Cancel a job that runs: on a busy machine, jobs that are cancelled after a moment may all not have begun."""
        try:
            job = tasks.app.get(tasks.LOOP).options(**self._options).start(DOOMED_SECONDS)
            self._journal.write("acknowledged", ids=[job.id], task=tasks.LOOP)
            expected.append(job)
            while job.state() in (State.WAITING, State.READY):
                time.sleep(PAUSE)
        except TaskbahnError as error:
            self._turned_away(error)
            return
        state = self._cancel([job.id], job.cancel)
        if state is not None:
            self._journal.write("cancelled", id=job.id, state=state)

    def _start(self, expected: deque[Job[Any]], *, is_doomed: bool) -> None:
        """Start a job, cancel it if it is doomed, and add it to those whose outcomes are expected."""
        name, args = self._load.any_call(is_doomed=is_doomed)
        try:
            job = tasks.app.get(name).options(**self._options).start(*args)
        except TaskbahnError as error:
            self._turned_away(error)
            return
        self._journal.write("acknowledged", ids=[job.id], task=name)
        state = self._cancel([job.id], job.cancel) if is_doomed else None
        if state is not None:
            self._journal.write("cancelled", id=job.id, state=state)
        expected.append(job)

    def _start_many(self) -> None:
        """`start_many`, and the results as they come."""
        while not self._stopping.wait(BATCH * PAUSE / 2):
            is_doomed = self._load.is_doomed()
            name, args = self._load.call(is_doomed=is_doomed)
            try:
                batch = tasks.app.get(name).options(**self._options).start_many([(args, {})] * BATCH)
            except TaskbahnError as error:
                self._turned_away(error)
                continue
            self._journal.write("acknowledged", ids=batch.ids, task=name)
            if is_doomed:
                self._cancel(batch.ids, batch.cancel)
            for job in batch.as_completed():
                self._take(job)

    def _start_flows(self, make: Callable[[], Flow[Any, Any]], in_hand: int, event: str) -> None:
        """Start flows, `result` later; some are cancelled. event: how they are written down before."""
        expected: deque[Job[Any]] = deque()
        while not self._stopping.wait(PAUSE):
            flow = make()
            try:
                job = flow.prepared()[0]
                self._journal.write(event, id=job.id, data=flow.data())
                job = flow.start()
            except TaskbahnError as error:
                self._turned_away(error)
                continue
            self._journal.write("acknowledged", ids=[job.id], task=job.task)
            state = self._cancel([job.id], job.cancel) if self._load.is_doomed() else None
            if state is not None:
                self._journal.write("cancelled", id=job.id, state=state)
            if event == "waits":
                self._speak(job)
            expected.append(job)
            if len(expected) > in_hand:
                self._take(expected.popleft())
        for job in expected:
            self._take(job)

    def _speak(self, job: Job[Any]) -> None:
        """Send a message to a job, and answer a question of another one: the SDK repeats both if their answers are lost."""
        if self._load.random.random() < SPEAKING:
            said = {"id": job.id, "value": number(self._load.random)}
            self._journal.write("sending", **said)
            with self._noting("sent", said):
                said["number"] = job.send(said["value"])
        if self._load.random.random() < SPEAKING:
            with self._noting("", {}):
                open_questions = tasks.app.view.questions()
                for one in self._load.random.sample(open_questions, min(1, len(open_questions))):
                    self._answer(one)

    def _answer(self, question: QuestionView) -> None:
        said = {"id": question.job, "name": question.name, "value": number(self._load.random)}
        self._journal.write("answering", **said)
        with self._noting("answered", said):
            tasks.app.job(question.job).answer(question.name, said["value"], who="a client")

    @contextlib.contextmanager
    def _noting(self, event: str, said: dict[str, Any]) -> Iterator[None]:
        """Write down what has been said, or that it was refused, as the job may have ended, or have its answer."""
        try:
            yield
        except (NoQuestion, WrongState) as error:
            self._journal.write("refused", error=error.uri, **said)
        except TaskbahnError as error:
            self._turned_away(error)
        else:
            if event:
                self._journal.write(event, **said)

    def _call(self) -> None:
        """`call`: a job that succeeds answers only its result, and the ledger finds its id by the token."""
        while not self._stopping.wait(PAUSE):
            name, args = self._load.any_call()
            try:
                value = tasks.app.get(name).options(**self._options).call(*args)
            except WorkerError as error:
                detail = error.detail
                self._journal.write("seen", id=detail.get("job"), state=detail.get("state"), error=detail.get("type"))
            except TaskbahnError as error:
                self._turned_away(error)
            else:
                self._journal.write("seen", id=None, state="succeeded", value=value)

    def _cancel(self, ids: list[str], cancel: Callable[[str], R]) -> R | None:
        """Cancel jobs after a moment, and write that down before; return what *cancel* returns, None if the request failed."""
        time.sleep(self._load.patience())
        self._journal.write("cancelling", ids=ids)
        try:
            return cancel("the client has changed its mind")
        except TaskbahnError as error:
            self._turned_away(error)
            return None

    def _take(self, job: Job[Any]) -> None:
        """Wait for an outcome, write it down, and how the dispatcher shows it."""
        try:
            value = job.result()
        except WorkerError as error:
            self._journal.write("seen", id=job.id, state=error.detail.get("state"), error=error.detail.get("type"))
        except TaskbahnError as error:
            self._turned_away(error, id=job.id)
            return
        else:
            self._journal.write("seen", id=job.id, state="succeeded", value=value)
        self._view(job)

    def _view(self, job: Job[Any]) -> None:
        if self._options:  # it may be removed at any time
            return
        try:
            view = job.view()
        except TaskbahnError as error:
            self._turned_away(error, id=job.id)
        else:
            shown = {"state": view.state, "attempt": view.attempt, "number": view.number, "finished_at": view.finished_at}
            self._journal.write("viewed", id=job.id, **shown)

    def _turned_away(self, error: TaskbahnError, **more: Any) -> None:
        self._journal.write("turned_away", error=error.uri, message=error.message, **more)


def main() -> None:
    """Run the kind of client that the arguments name."""
    kind, seed = sys.argv[1], int(sys.argv[2])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    journal = Journal(Path(os.environ[PLACE]), f"client-{kind}-{os.getpid()}-{seed}")
    print("client ready", flush=True)
    if kind in ("plain", "people"):
        from chaos import people, plain_client

        (people if kind == "people" else plain_client).run(tasks.app.url, journal, Load(seed), stopping)
        return
    tokens = PageTokens(tasks.app.url) if kind == PAGE else None
    if tokens is not None:
        tasks.app = Taskbahn(token=tokens.newest)
    tasks.app.timeout = tasks.app.connect_within = PATIENCE
    misdeeds = Mischief(seed, float(os.environ.get(MISCHIEF, "0")))
    with ThreadPoolExecutor(THREADS) as threads:
        clients = [threads.submit(Client(journal, Load(seed + index, misdeeds), stopping).run, kind) for index in range(THREADS)]
        for client in clients:
            client.result()
    tasks.app.close()
    if tokens is not None:
        tokens.close()


if __name__ == "__main__":
    main()
