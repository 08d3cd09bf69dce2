"""The waits of one attempt: when it gives its slot back, and until when it waits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn import InvalidRequest
from taskbahn.attempt import waiting
from taskbahn.attempt.context import ACTIVE, AttemptContext
from taskbahn.attempt.memory import id_for
from taskbahn.attempt.stops import Suspended
from taskbahn.attempt.waiting import Wait, deadline_in, wait_here
from taskbahn.future import Future
from taskbahn.protocol.ids import new_id
from taskbahn.protocol.suspended import circle_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn.attempt.context import Record

MANY = 200


class Pool:
    """A pool that notes what its attempts say, and gives them room or not."""

    def __init__(self, *, has_room: bool = True) -> None:
        self.said: list[str] = []
        self.notes: dict[str, str] = {}
        self.has_room = has_room
        self.is_leaving = False
        self.parked = threading.Event()

    def put(self, record: Record) -> None:
        self.notes[record[1][4]["name"]] = record[1][4]["value"]

    def touch(self, context: AttemptContext) -> None:
        """Do nothing."""

    leave = touch

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        self.said.append("park")
        self.parked.set()
        return self.has_room

    def unpark(self, context: AttemptContext) -> None:
        self.said.append("unpark")


def begin(pool: Pool, job: str = "", attempt: int = 1) -> AttemptContext:
    context = AttemptContext(job or new_id(), attempt, "a.task", "[[],{}]", None, pool)
    context.parking, context.notes = pool, dict(pool.notes)
    context.begin()
    ACTIVE.set(context)
    return context


@pytest.fixture(autouse=True)
def _no_attempt() -> Iterator[None]:
    token = ACTIVE.set(None)
    yield
    ACTIVE.reset(token)


def in_threads(count: int, work: Callable[[int], Any]) -> list[threading.Thread]:
    """Call *work* in threads of the attempt's own, all at once."""
    context, gate = ACTIVE.get(), threading.Barrier(count)

    def run(number: int) -> None:
        ACTIVE.set(context)
        gate.wait(20)
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_an_attempt_is_parked_until_the_last_of_its_threads_goes_on() -> None:
    pool = Pool()
    context = begin(pool)
    futures: list[Future[None]] = [Future() for _ in range(8)]
    threads = in_threads(8, lambda number: wait_here(futures[number], Wait(("a",))))
    assert pool.parked.wait(20)
    while len(context.open_waits()._gates) < len(futures):
        pass
    for future, thread in list(zip(futures, threads, strict=True))[:-1]:
        future.resolve(None)
        thread.join(20)
    assert pool.said == ["park"]
    futures[-1].resolve(None)
    threads[-1].join(20)
    assert pool.said == ["park", "unpark"]


def test_threads_of_an_attempt_share_what_it_knows() -> None:
    """Each thread would count for itself if each had its own: two children would get one id."""
    for _ in range(20):
        context, ids = begin(Pool()), list[str]()
        opened: list[Any] = []

        def work(_: int, context: AttemptContext = context, ids: list[str] = ids, opened: list[Any] = opened) -> None:
            opened.append((context.open_waits(), context.open_output(), context.open_memory()))
            ids.extend(id_for("the same") for _ in range(MANY))

        for thread in in_threads(4, work):
            thread.join(20)
        assert len({*map(id, opened[0]), *(id(one) for all_of in opened for one in all_of)}) == 3
        assert len(set(ids)) == 4 * MANY


@pytest.mark.parametrize("waits_before", [0, 3])
def test_the_timeout_of_a_call_with_many_waits_goes_on(waits_before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch waits once for each part that comes; its timeout begins once, in the first attempt."""
    monkeypatch.setattr(waiting, "SUSPEND_AFTER", 0.0)
    pool, job, done = Pool(), new_id(), Future[None]()
    done.resolve(None)
    begin(pool, job)
    deadline = deadline_in(60.0)
    for _ in range(waits_before):
        assert wait_here(done, Wait(("a",)), deadline)
    with pytest.raises(Suspended):
        wait_here(Future(), Wait(("a",)), deadline)
    assert [*pool.notes] == ["timeout:1"]
    begin(pool, job, 2)
    later = deadline_in(60.0)
    assert deadline is not None
    assert later is not None
    assert abs(later.when - deadline.when) < 1


def test_an_attempt_without_room_is_suspended_or_keeps_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(has_room=False)
    context = begin(pool)
    with pytest.raises(Suspended):
        wait_here(Future(), Wait(("a",)))
    context.is_once = True
    assert not wait_here(Future(), Wait(("a",)), deadline_in(0.05))
    assert not wait_here(Future(), None, deadline_in(0.05))
    assert pool.said == ["park"] * 3


def test_an_order_to_leave_ends_no_wait_that_must_stay() -> None:
    pool = Pool()
    context, future = begin(pool), Future[None]()
    context.is_once = True

    def end() -> None:
        assert pool.parked.wait(20)
        for _ in range(10):
            context.open_waits().wake()
        future.resolve(None)

    threading.Thread(target=end).start()
    assert wait_here(future, Wait(("a",)), deadline_in(20))
    assert pool.said == ["park", "unpark"]


def test_what_is_waited_for_is_found_when_the_attempt_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """To list the jobs of a large batch for each wait would cost more than the wait."""
    monkeypatch.setattr(waiting, "SUSPEND_AFTER", 0.0)
    context, asked = begin(Pool()), list[float]()

    def jobs() -> Wait:
        asked.append(time.time())
        return Wait(("a", "b"), every=True)

    future: Future[None] = Future()
    threading.Timer(0.02, future.resolve, (None,)).start()
    context.thread = 0  # a wait that stays
    assert wait_here(future, jobs)
    context.thread = threading.get_ident()
    assert not asked
    with pytest.raises(Suspended):
        wait_here(Future(), jobs)
    assert len(asked) == 1
    assert context.open_waits().suspended == Wait(("a", "b"), every=True)


def test_a_job_does_not_wait_for_itself() -> None:
    context = begin(Pool())
    with pytest.raises(InvalidRequest, match="its own end"):
        wait_here(Future(), Wait((context.job,)))


def test_a_wait_that_would_close_a_circle_is_refused() -> None:
    """The dispatcher has noted it as the attempt before was suspended; with a timeout, and for other jobs, it may wait."""
    pool = Pool()
    pool.notes[circle_note(1)] = '["b","c"]'
    pool.is_leaving = True
    context = begin(pool, "a", attempt=2)
    with pytest.raises(InvalidRequest, match=r"its own end, .*: a → b → c → a; .* or wait with a timeout"):
        wait_here(Future(), Wait(("b",)))
    for wait, timeout in ((Wait(("c",)), None), (Wait(("b",), until=time.time() + 9), None), (Wait(("b",)), 9)):
        with pytest.raises(Suspended):
            wait_here(Future(), wait, deadline_in(timeout))
    done: Future[int] = Future()
    done.resolve(1)
    assert wait_here(done, Wait(("b",)))
    context.attempt = 3
    with pytest.raises(Suspended):
        wait_here(Future(), Wait(("b",)))
