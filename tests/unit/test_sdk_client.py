"""What a client sends: few messages. The link is only a list of requests that a test answers."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from autobahn.wamp.types import CallResult

from taskbahn import Taskbahn
from taskbahn.client.client import MAX_SUBMISSIONS_IN_FLIGHT, Client
from taskbahn.errors import (
    InvalidArguments,
    JobCancelled,
    JobFailed,
    NotFinished,
    QueueFull,
    RouterUnavailable,
    TaskbahnError,
    UnknownJob,
)
from taskbahn.future import Future
from taskbahn.jobs.job import Job
from taskbahn.jobs.outcome import outcome_error
from taskbahn.jobs.unfinished import describe
from taskbahn.protocol import messages, views
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from taskbahn.client.requests import Request


T = TypeVar("T")


class FakeLink:
    """Keeps what is asked; `turn` is one turn of the reactor."""

    process = -1
    is_closed = False

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.on_ask: Callable[[Request], None] = lambda _: None

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.calls.append((function, args))

    def send(self, request: Request) -> Future[Any]:
        self.ask(request)
        return request.future

    def ask(self, request: Request) -> None:
        self.requests.append(request)
        self.on_ask(request)

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for function, args in calls:
            function(*args)

    @property
    def sent(self) -> list[tuple[str, Any]]:
        return [(request.procedure, request.args) for request in self.requests]

    def accept(self, request: Request) -> None:
        """Answer a submission as a dispatcher would that takes everything."""
        answers = [entry["id"] if "id" in entry else {"accepted": len(entry["calls"]), "errors": {}} for entry in request.args[0]]
        request.future.resolve(answers)

    def end(self, request: Request, *outcomes: list[Any]) -> None:
        """Answer a wait."""
        assert request.on_progress is not None
        if outcomes:
            request.on_progress({"outcomes": list(outcomes)})
        request.future.resolve(None)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it on an asyncio loop of its own, in a thread of its own: pytest's may belong to Twisted."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(main())).result()


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def app(link: FakeLink, monkeypatch: pytest.MonkeyPatch) -> Taskbahn:
    client = Client(link)  # type: ignore[arg-type]
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: client))
    result = Taskbahn()

    @result.task(name="t.add")
    def add(a: int, b: int = 1) -> int:
        return a + b

    return result


def begin(app: Taskbahn, *args: Any) -> tuple[Job[Any], Future[Any]]:
    return app.tasks["t.add"]._start(args, {})


def test_all_submissions_of_a_turn_travel_in_one_call(app: Taskbahn, link: FakeLink) -> None:
    started = [begin(app, n) for n in range(3)]
    link.turn()
    (request,) = link.requests
    assert request.procedure == messages.SUBMIT
    assert [(entry["task"], entry["id"], entry["packed"]) for entry in request.args[0]] == [
        ("t.add", job.id, f"[[{n}],{{}}]") for n, (job, _) in enumerate(started)
    ]
    assert {entry["checked"] for entry in request.args[0]} == {app.tasks["t.add"].signature.wire.digest}
    link.accept(request)
    assert [accepted.now() for _, accepted in started] == [job.id for job, _ in started]


def test_while_some_are_on_their_way_the_next_ones_gather(app: Taskbahn, link: FakeLink) -> None:
    for n in range(MAX_SUBMISSIONS_IN_FLIGHT + 3):
        begin(app, n)
        link.turn()
    assert [len(args[0]) for _, args in link.sent] == [1] * MAX_SUBMISSIONS_IN_FLIGHT
    link.accept(link.requests[0])
    assert [len(args[0]) for _, args in link.sent] == [1] * MAX_SUBMISSIONS_IN_FLIGHT + [3]


def test_a_refused_submission_does_not_touch_its_neighbours(app: Taskbahn, link: FakeLink) -> None:
    first, second = begin(app, 1), begin(app, 2)
    link.turn()
    link.requests[0].future.resolve([QueueFull("full", retry_after=3).info(), second[0].id])
    assert second[1].now() == second[0].id
    with pytest.raises(QueueFull) as caught:
        first[1].now()
    assert caught.value.detail == {"retry_after": 3}


def test_a_submission_that_fails_as_a_whole_fails_for_all(app: Taskbahn, link: FakeLink) -> None:
    started = [begin(app, n) for n in range(2)]
    link.turn()
    link.requests[0].future.fail(RouterUnavailable("gone"))
    for _, accepted in started:
        with pytest.raises(RouterUnavailable):
            accepted.now()


def test_wrong_arguments_are_refused_before_anything_is_sent(app: Taskbahn, link: FakeLink) -> None:
    with pytest.raises(InvalidArguments, match="a: expected int, got str"):
        app.tasks["t.add"].start("x")
    link.turn()
    assert link.requests == []


def test_all_waits_of_a_turn_travel_in_one_call(app: Taskbahn, link: FakeLink) -> None:
    jobs: list[Job[Any]] = [Job(app, f"id-{n}") for n in range(3)]
    waits = [job._ask() for job in jobs]
    assert [job._ask() for job in jobs] == waits
    link.turn()
    assert link.sent == [(messages.JOB_WAIT, [["id-0", "id-1", "id-2"]])]
    link.end(
        link.requests[0], ["id-1", "succeeded", "5", None], ["id-0", "failed", None, {"type": "ValueError", "message": "no"}]
    )
    assert jobs[1].result(0) == 5
    with pytest.raises(JobFailed, match="ValueError: no"):
        jobs[0].result(0)
    with pytest.raises(UnknownJob):
        waits[2].now()


def test_waiting_for_one_job_asks_for_all_whose_handles_are_kept(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    jobs = [app.tasks["t.add"].start(n) for n in range(4)]
    link.requests.clear()
    dropped = jobs.pop(0).id
    gc.collect()
    jobs[1]._ask()
    assert link.sent == [(messages.JOB_WAIT, [[jobs[1].id, jobs[0].id, jobs[2].id]])]
    assert dropped not in link.sent[0][1][0]
    for job in jobs:
        job._ask()
    assert len(link.requests) == 1


def test_two_callers_that_wait_for_one_job_both_get_its_outcome(app: Taskbahn, link: FakeLink) -> None:
    one: Job[Any] = Job(app, "id")
    two: Job[Any] = Job(app, "id")
    one._ask()
    two._ask()
    link.turn()
    link.end(link.requests[0], ["id", "succeeded", "1", None])
    assert (one.result(0), two.result(0)) == (1, 1)
    assert one == two


def test_after_a_lost_connection_only_open_waits_are_asked_again(app: Taskbahn, link: FakeLink) -> None:
    for n in range(3):
        Job(app, f"id-{n}")._ask()
    link.turn()
    (request,) = link.requests
    assert request.on_progress is not None
    assert request.renew is not None
    request.on_progress({"outcomes": [["id-1", "succeeded", "1", None]]})
    assert request.renew() == [["id-0", "id-2"]]


def test_a_wait_that_fails_can_be_asked_again(app: Taskbahn, link: FakeLink) -> None:
    job: Job[Any] = Job(app, "id")
    waiting = job._ask()
    link.turn()
    link.requests[0].future.fail(RouterUnavailable("gone"))
    with pytest.raises(RouterUnavailable):
        waiting.now()
    job._ask()
    link.turn()
    link.end(link.requests[1], ["id", "succeeded", "2", None])
    assert job.result(0) == 2


def test_a_call_alone_is_one_message_there_and_one_back(app: Taskbahn, link: FakeLink) -> None:
    def answer(request: Request) -> None:
        assert request.kwargs == {"follow": True}
        (entry,) = request.args[0]
        request.future.resolve(CallResult([entry["id"]], outcomes=[[entry["id"], "succeeded", "3", None]]))

    link.on_ask = answer
    app.client._soon = app.client._flush  # type: ignore[method-assign]
    assert app.tasks["t.add"].call(1, b=2) == 3
    assert len(link.requests) == 1


def test_calls_of_one_turn_travel_together(app: Taskbahn, link: FakeLink) -> None:
    async def main() -> list[Any]:
        calls = [asyncio.ensure_future(app.tasks["t.add"].call_async(n)) for n in range(3)]
        await asyncio.sleep(0)
        link.turn()
        assert link.requests[0].kwargs == {}
        link.accept(link.requests[0])
        assert link.sent[1][0] == messages.JOB_WAIT
        link.end(link.requests[1], *[[id, "succeeded", str(n), None] for n, id in enumerate(link.requests[1].args[0])])
        return await asyncio.gather(*calls)

    assert run(main) == [0, 1, 2]
    assert len(link.requests) == 2


def test_options_travel_with_the_call(app: Taskbahn, link: FakeLink) -> None:
    app.tasks["t.add"].options(queue="slow", retries=[1, 2])._start((1,), {})
    link.turn()
    assert link.requests[0].args[0][0]["options"] == {"queue": "slow", "retries": 2, "retry_delays": [1.0, 2.0]}


def accept_at_once(app: Taskbahn, link: FakeLink) -> None:
    link.on_ask = lambda request: link.accept(request) if request.procedure == messages.SUBMIT else None
    app.client._soon = app.client._flush  # type: ignore[method-assign]


def test_many_are_started_in_bulks(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    batch = app.tasks["t.add"].start_many((n,) for n in range(2500))
    assert [[len(entry["calls"]) for entry in args[0]] for _, args in link.sent] == [[1000], [1000], [500]]
    assert (len(batch), batch.ids, len(set(batch.ids))) == (2500, sorted(batch.ids), 2500)
    first = link.requests[0].args[0][0]
    assert first["calls"][7] == (batch.ids[7], "[[7],{}]")


@pytest.mark.parametrize(
    "item, packed",
    [
        (([1], {"b": 2}), '[[1],{"b":2}]'),
        (((1,), {}), "[[1],{}]"),
        ((1, 2), "[[1,2],{}]"),
        (1, "[[1],{}]"),
    ],
)
def test_calls_of_a_batch_may_be_written_in_three_ways(app: Taskbahn, link: FakeLink, item: Any, packed: str) -> None:
    accept_at_once(app, link)
    app.tasks["t.add"].start_many([item])
    assert link.requests[0].args[0][0]["calls"][0][1] == packed


def test_a_batch_with_one_wrong_call_is_not_sent_at_all(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    with pytest.raises(
        InvalidArguments, match=r"got str; in call number 2 \(from 0\); no job of it and of those after it was started"
    ):
        app.tasks["t.add"].start_many([1, 2, "x"])
    assert link.requests == []


def test_a_batch_of_large_arguments_is_cut_by_size(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    app.get("t.store").start_many("x" * 400_000 for _ in range(7))
    assert [[len(entry["calls"]) for entry in args[0]] for _, args in link.sent] == [[2], [2], [2], [1]]


def test_a_batch_of_which_some_are_refused_says_how_many_are_accepted(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    link.on_ask = lambda request: request.future.resolve([{"accepted": 2, "errors": {"1": QueueFull("full").info()}}])
    with pytest.raises(QueueFull, match=r"full; in call number 1 \(from 0\); 1 jobs were refused, 2 accepted") as caught:
        app.tasks["t.add"].start_many([1, 2, 3])
    assert caught.value.detail == {"accepted": 2}
    assert len(caught.value.batch) == 2  # type: ignore[attr-defined]


def test_an_empty_batch_is_done(app: Taskbahn, link: FakeLink) -> None:
    batch = app.tasks["t.add"].start_many([])
    assert batch.results() == []
    assert list(batch.as_completed()) == []
    assert link.requests == []


def test_results_come_in_order_and_jobs_as_they_end(app: Taskbahn, link: FakeLink) -> None:
    accept_at_once(app, link)
    batch = app.tasks["t.add"].start_many([1, 2, 3])
    completed = batch.as_completed(0)
    assert batch.progress == (3, 0, 0, 0, 0)
    wait = link.requests[-1]
    assert wait.on_progress is not None
    wait.on_progress(
        {"outcomes": [[batch.ids[2], "succeeded", "30", None], [batch.ids[0], "cancelled", None, {"message": "enough"}]]}
    )
    assert [next(completed).id, next(completed).id] == [batch.ids[2], batch.ids[0]]
    with pytest.raises(NotFinished, match=r"1 of 3 jobs \(t.add\) have not ended after 0 s"):
        next(completed)
    with pytest.raises(NotFinished):
        batch.results(0)
    link.end(wait, [batch.ids[1], "succeeded", "20", None])
    assert next(completed).result(0) == 20
    assert list(completed) == []
    assert (batch.progress.done, batch.progress.succeeded, batch.progress.cancelled) == (3, 2, 1)
    with pytest.raises(JobCancelled, match="enough"):
        batch.results()
    values = batch.results(return_errors=True)
    assert values[1:] == [20, 30]
    assert isinstance(values[0], JobCancelled)
    assert [job.state() for job in batch] == [State.CANCELLED, State.SUCCEEDED, State.SUCCEEDED]
    assert len([request for request in link.requests if request.procedure == messages.JOB_WAIT]) == 1


def test_a_wait_that_is_over_says_what_the_job_does(app: Taskbahn, link: FakeLink) -> None:
    view = views.JobView(
        id="id",
        task="t.add",
        queue="default",
        state="running",
        attempt=2,
        worker="w1",
        progress={"fraction": 0.4, "stages": [{"id": 1, "name": "Loading", "ended_at": 3.0}, {"id": 2, "name": "Resizing"}]},
    )
    link.on_ask = lambda request: request.future.resolve(messages.plain(view)) if request.procedure == messages.JOB_GET else None
    with pytest.raises(TimeoutError, match=r"job id \(t.add\) is running \(attempt 2 on w1, Resizing 40%\) after 0 s"):
        Job(app, "id").result(0)


@pytest.mark.parametrize(
    "state, said", [("ready", "ready (in queue 'q', no worker has taken it yet)"), ("failed", "failed"), ("waiting", "waiting")]
)
def test_what_a_job_does_is_said_in_a_few_words(state: str, said: str) -> None:
    assert describe(views.JobView(id="id", task="t", queue="q", state=state), has_reasons=False) == said


@pytest.mark.parametrize(
    "error, said, detail",
    [
        ({"type": "ValueError", "message": "no", "traceback": "..."}, "ValueError: no", {"type", "message", "traceback"}),
        ({"error": "taskbahn.error.worker_lost", "message": "gone", "detail": {"worker": "w"}}, "gone", {"message", "worker"}),
        (None, "job id is failed", set()),
        ("odd", "job id is failed", set()),
        ({"type": "KeyboardInterrupt", "message": ""}, "KeyboardInterrupt without a message", {"type", "message"}),
    ],
)
def test_an_outcome_becomes_an_error_with_its_data(error: Any, said: str, detail: set[str]) -> None:
    found = outcome_error(["id", "failed", None, error])
    assert isinstance(found, JobFailed)
    assert found.message == said
    assert set(found.detail) == {"job", "state", *detail}


def test_an_outcome_without_an_error_says_how_the_job_ended() -> None:
    expired, cancelled = outcome_error(["x", "expired", None, None]), outcome_error(["x", "cancelled", None, {}])
    assert (type(expired).__name__, str(expired)) == ("JobExpired", "job x is expired")
    assert (type(cancelled).__name__, str(cancelled)) == ("JobCancelled", "job x is cancelled")


def test_an_outcome_in_a_state_of_the_future_is_an_error_too() -> None:
    assert type(outcome_error(["id", "paused", None, None])) is TaskbahnError
    assert isinstance(outcome_error(["id", "unknown", None, UnknownJob("id").info()]), UnknownJob)
