"""Jobs by query, page by page, read by `for`, by `async for` and as pages."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import InvalidRequest, Taskbahn, WrongQuery
from taskbahn.future import Future
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.jobs.job_stream import JobStream

COUNT = 1203
NOW = 1_790_000_000.0
ID = "0192f0c1-2d3e-7abc-8def-0123456789ab"


class Router:
    """Has 1,203 jobs; every third page is empty and yet has a next one, as where a query matches few."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def ask(self, procedure: str, *args: Any, **given: Any) -> Future[Any]:
        self.asked.append(given)
        answer: Future[Any] = Future()
        if procedure == messages.JOB_GET:
            answer.resolve(view(0) | {"id": args[0]})
            return answer
        begin = given.get("before", 0)
        count = 0 if len(self.asked) % 3 == 0 else given["limit"]
        end = min(begin + count, COUNT)
        answer.resolve({"jobs": [view(number) for number in range(begin, end)], "next": end if end < COUNT else None})
        return answer


def view(number: int) -> dict[str, Any]:
    return {"id": str(number), "task": "t.add", "queue": "default", "state": "failed"}


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def app(router: Router, monkeypatch: pytest.MonkeyPatch) -> Taskbahn:
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: router))
    return Taskbahn()


def plainly(jobs: JobStream) -> list[str]:
    return [job.id for job in jobs]


def in_a_loop(jobs: JobStream) -> list[str]:
    async def read() -> list[str]:
        return [job.id async for job in jobs]

    with ThreadPoolExecutor(1) as thread:  # pytest's own loop may belong to Twisted
        return thread.submit(lambda: asyncio.run(read())).result(30)


@pytest.mark.parametrize("read", [plainly, in_a_loop])
@pytest.mark.parametrize("limit", [None, 0, 1, 500, 501, 1202, 1203, 5000])
def test_a_loop_reads_all_pages_up_to_the_limit(
    app: Taskbahn, router: Router, read: Callable[[JobStream], list[str]], limit: int | None
) -> None:
    assert read(app.view.jobs("state:failed", task="t.*", limit=limit)) == [
        str(n) for n in range(min(limit, COUNT) if limit is not None else COUNT)
    ]
    assert all(1 <= asked["limit"] <= 500 and asked["state"] == ["failed"] and asked["task"] == "t.*" for asked in router.asked)
    assert bool(router.asked) == (limit != 0)


def test_pages_are_there_for_who_shows_pages(app: Taskbahn, router: Router) -> None:
    first = app.view.jobs(state="failed")
    assert (len(first.jobs), first.next, len(router.asked)) == (50, 50, 1)
    second = app.view.jobs(state="failed", before=first.next, limit=100)
    assert (second.page().jobs[0].id, second.next, router.asked[-1]) == (
        "50",
        150,
        {"state": "failed", "before": 50, "limit": 100},
    )
    assert repr(first) == "<JobStream of state='failed'>"


@pytest.mark.parametrize("read", [plainly, in_a_loop])
def test_an_id_alone_is_a_query(app: Taskbahn, read: Callable[[JobStream], list[str]]) -> None:
    assert read(app.view.jobs(ID)) == [ID]
    assert app.view.jobs(ID).next is None


@pytest.mark.parametrize(
    "ask, said",
    [
        (lambda view: view.jobs("state:faild"), r"'state:faild' in the query: there is no state 'faild' \(did you mean 'failed'"),
        (lambda view: view.jobs("state:failed", state="ready"), "state is in the query and an argument: say it once"),
        (lambda view: view.jobs(ID, task="t.add"), "a job id says all: leave task out"),
        (lambda view: view.jobs(["failed"]), r"takes a query as text, as in 'task:images.* state:failed', not \['failed'\]"),
        (lambda view: view.jobs(limit=-1), "limit = -1: it is a number of jobs, 0 or more"),
        (lambda view: view.jobs(limit="5"), "limit = '5': it is a number of jobs, 0 or more"),
    ],
)
def test_a_wrong_question_is_refused_at_once_with_the_argument(app: Taskbahn, router: Router, ask: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        ask(app.view)
    assert router.asked == []
    assert issubclass(WrongQuery, InvalidRequest)


def asked_since(app: Taskbahn, router: Router, query: str = "", **words: Any) -> dict[str, Any]:
    _ = app.view.jobs(query, **words).jobs
    return router.asked[-1]


@given(seconds=st.integers(0, 10**6))
def test_each_form_of_an_age_means_the_same(seconds: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        router = Router()
        patch.setattr(Taskbahn, "client", property(lambda _: router))
        patch.setattr("taskbahn.jobs.job_stream.time", SimpleNamespace(time=lambda: NOW))
        moment = datetime.fromtimestamp(NOW - seconds, UTC)
        forms: list[Any] = [f"{seconds}s", timedelta(seconds=seconds), moment, moment.isoformat(), NOW - seconds]
        app = Taskbahn()
        for name in ("since", "until"):
            said = asked_since(app, router, f"{name}:{seconds}s")[name]
            assert [asked_since(app, router, **{name: form})[name] for form in forms] == pytest.approx([said] * len(forms))


def test_dates_are_local_days_as_in_a_query(app: Taskbahn, router: Router) -> None:
    said = asked_since(app, router, "since:2026-11-20 until:2026-11-21")
    for day, end in (("2026-11-20", "2026-11-21"), (date(2026, 11, 20), date(2026, 11, 21))):
        assert asked_since(app, router, since=day, until=end) == said
    said = asked_since(app, router, "since:2026-11-20T10:00")
    assert asked_since(app, router, since="2026-11-20T10:00") == said
    assert asked_since(app, router, since="1h30m")["since"] == pytest.approx(time.time() - 5400, abs=60)


@pytest.mark.parametrize(
    "words, said",
    [
        ({"since": "yesterday"}, "since = 'yesterday': a time is seconds since the epoch, an age such as '1h' or"),
        ({"until": datetime(2026, 11, 20)}, r"until = datetime.datetime\(2026, 11, 20, 0, 0\): it has no zone"),  # noqa: DTZ001
        ({"since": True}, "since = True: a time is"),
        ({"since": float("nan")}, "since = nan: a time is"),
        ({"since": 10**400}, "since = 1000"),
        ({"since": ["1h"]}, r"since = \['1h'\]: a time is"),
        ({"since": "1h", "until": "2h"}, "until is not after since, so no job is between them"),
        ({"since": "1h", "query": "until:2h"}, "until is not after since"),
    ],
)
def test_what_is_no_time_is_refused_before_it_is_sent(app: Taskbahn, router: Router, words: dict[str, Any], said: str) -> None:
    query = words.pop("query", "")
    with pytest.raises(InvalidRequest, match=said):
        app.view.jobs(query, **words)
    assert router.asked == []
