"""Group commit: one commit at a time, what comes meanwhile goes into the next, and a refused one is tried until it is taken."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import FAILURES
from support.storing import FakeRunner
from twisted.internet.task import Clock

from taskbahn.errors import StoreUnavailable
from taskbahn.tuning import POLL_TURNS
from taskbahn_router.dispatcher import group_commit
from taskbahn_router.dispatcher.group_commit import (
    FIRST_RETRY,
    LOCK_RETRY,
    LOCK_SECONDS,
    LONGEST_RETRY,
    SMALL_COMMIT_ROWS,
    GroupCommit,
)
from taskbahn_router.model.turn import TurnEffects, TurnInput
from taskbahn_router.store_threads import Thread
from taskbahn_router.stores.contract import CommitBatch, CommitResult, StoreLocked
from taskbahn_router.stores.rows import Prune

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """Gathers words and makes a batch of them."""

    def __init__(self) -> None:
        self.gathered: list[str] = []
        self.seen: list[str] = []
        self.wait: float | None = None  # what `dispatch_early` says
        self.goes_on = False

    def decide(self, delayed: TurnEffects | None = None) -> TurnEffects | None:
        words, self.gathered = words_of(delayed) + self.gathered, []
        return TurnEffects(CommitBatch(tasks=[(word, "", 0.0) for word in words]), TurnInput()) if words else None

    def dispatch_early(self, turn: TurnEffects) -> float | None:
        return self.wait

    def pipeline_next_turn(self, done: TurnEffects, result: CommitResult) -> TurnEffects | None:
        return self.decide() if self.goes_on else None

    def committed(self, turn: TurnEffects, result: CommitResult) -> Iterator[None]:
        self.seen.append("committed " + " ".join(words_of(turn)))
        yield

    def refused(self, turn: TurnEffects, error: StoreUnavailable) -> None:
        self.seen.append(f"refused: {error}")

    def retried(self, turn: TurnEffects) -> None:
        pass


def words_of(turn: TurnEffects | None) -> list[str]:
    return [] if turn is None else [task[0] for task in turn.batch.tasks]


class Store:
    """Takes every batch, or raises `fails`."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.threads: list[int] = []
        self.prepared: list[str] = []

    def prepare(self, batch: CommitBatch) -> None:
        self.prepared += [task[0] for task in batch.tasks]

    def commit(self, batch: CommitBatch) -> CommitResult:
        self.threads.append(threading.get_ident())
        if self.fails is not None:
            raise self.fails
        return CommitResult()


class Bench:
    """A commit loop whose commits are held back until they are released."""

    def __init__(self) -> None:
        self.clock, self.turns, self.store, self.runner = Clock(), Turns(), Store(), FakeRunner()
        self.loop = GroupCommit(self.store, self.turns, self.runner, self.clock)  # type: ignore[arg-type]  # it only commits
        self.runner.holds = True
        self.loop._commit_seconds = float("inf")  # none on the spot

    def add(self, word: str) -> None:
        self.turns.gathered.append(word)
        self.loop.schedule_turn()
        self.clock.advance(0)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    FAILURES.clear()  # those of other tests in this process
    monkeypatch.setattr(group_commit, "POLL_TURNS", POLL_TURNS)  # also where the environment has no polls
    return Bench()


def test_input_during_a_commit_goes_into_the_next_one(bench: Bench) -> None:
    for word in ("a", "b", "c"):
        bench.add(word)
    assert (len(bench.runner.held), bench.turns.seen) == (1, [])
    bench.runner.release()
    bench.clock.advance(0)
    assert bench.turns.seen == ["committed a", "committed b c"]


def test_a_turn_that_may_is_written_before_earlier_effects_are_published(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(batch: CommitBatch) -> CommitResult:
        bench.turns.seen.append("written " + " ".join(task[0] for task in batch.tasks))
        return CommitResult()

    monkeypatch.setattr(bench.store, "commit", commit)
    bench.turns.goes_on = True
    for word in ("a", "b", "c"):
        bench.add(word)
    bench.runner.release()
    assert bench.turns.seen == ["written a", "written b c", "committed a", "committed b c"]


def test_a_turn_that_went_on_is_tried_again_if_it_is_refused(bench: Bench) -> None:
    bench.turns.goes_on = True
    bench.add("a")
    bench.add("b")
    held, bench.runner.held = bench.runner.held, []
    bench.runner.holds, bench.runner.fails = False, "disk full"
    held[0]()
    assert bench.turns.seen == ["committed a", "refused: disk full"]
    bench.runner.fails = ""
    bench.clock.advance(FIRST_RETRY)
    assert bench.turns.seen[-1] == "committed b"


def test_a_small_commit_of_an_idle_system_is_done_on_the_spot(bench: Bench) -> None:
    bench.loop._commit_seconds = 0.0
    bench.add("a")
    assert (bench.runner.held, bench.turns.seen) == ([], ["committed a"])


@pytest.mark.parametrize("recent, prepared", [(0.0, ["a"]), (1.0, [])], ids=["quick", "slow"])
def test_what_is_held_back_is_prepared_meanwhile_if_the_disk_is_quick(bench: Bench, recent: float, prepared: list[str]) -> None:
    bench.loop._commit_seconds = recent
    bench.turns.wait = 0.5
    bench.add("a")
    assert (bench.store.prepared, bench.turns.seen) == (prepared, [])
    bench.clock.advance(0.5)
    bench.runner.release()
    assert bench.turns.seen == ["committed a"]


@pytest.mark.parametrize("wait, looks", [(0.5, POLL_TURNS), (0.0, 0)], ids=["for an outcome", "for the sockets"])
def test_the_router_stays_awake_while_an_outcome_is_near(
    bench: Bench, wait: float, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []
    monkeypatch.setattr(group_commit, "_give_way", lambda: ways.append("given"))
    bench.turns.wait = wait
    bench.add("a")
    assert len(ways) == looks
    bench.clock.advance(wait)
    assert len(bench.runner.held) == 1


def test_and_does_again_as_soon_as_the_outcome_is_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[str] = []
    monkeypatch.setattr(group_commit, "_give_way", lambda: ways.append("given"))
    bench.turns.wait = 0.5
    for word in ("a", "b"):
        bench.turns.gathered.append(word)
        bench.loop.run_turn_now()
    assert len(ways) == 1
    bench.turns.wait = None
    bench.turns.gathered.append("the outcome")
    bench.loop.run_turn_now()
    assert len(bench.runner.held) == 1
    ways.clear()
    bench.clock.advance(1.0)
    assert ways == []


def test_an_urgent_turn_waits_only_for_a_commit_under_way(bench: Bench) -> None:
    bench.turns.gathered.append("a")
    bench.loop.run_turn_now()
    assert len(bench.runner.held) == 1
    bench.turns.gathered.append("b")
    bench.loop.run_turn_now()
    assert len(bench.runner.held) == 1
    bench.runner.release()
    assert bench.turns.seen == ["committed a"]
    bench.clock.advance(0)
    bench.runner.release()
    assert bench.turns.seen == ["committed a", "committed b"]


def test_what_takes_long_is_never_done_on_the_spot(bench: Bench) -> None:
    assert CommitBatch(prune=Prune(0.0, 0, 10)).rows() > SMALL_COMMIT_ROWS


def test_a_refused_commit_is_retried_ever_less_often_until_it_succeeds(bench: Bench) -> None:
    bench.runner.holds = False
    bench.store.fails = StoreUnavailable("disk full")
    bench.add("a")
    delays = []
    for _ in range(8):
        timer: Any = bench.clock.getDelayedCalls()[0]
        delays.append(round(timer.getTime() - bench.clock.seconds(), 3))
        bench.clock.advance(delays[-1])
    assert delays == [FIRST_RETRY, 0.2, 0.4, 0.8, 1.6, LONGEST_RETRY, LONGEST_RETRY, LONGEST_RETRY]
    assert str(bench.loop.error) == "disk full"
    bench.store.fails = None
    bench.clock.advance(LONGEST_RETRY)
    assert (bench.turns.seen[-1], bench.loop.error) == ("committed a", None)


def test_after_a_refusal_nothing_is_done_on_the_spot(bench: Bench) -> None:
    bench.loop._commit_seconds = 0.0
    bench.store.fails = StoreUnavailable("locked")
    bench.add("a")
    bench.clock.advance(FIRST_RETRY)
    assert len(bench.runner.held) == 1


def test_a_store_that_fails_as_it_should_not_counts_as_unavailable(bench: Bench) -> None:
    bench.runner.holds = False
    bench.store.fails = ZeroDivisionError("oh")
    bench.add("a")
    assert bench.turns.seen == ["refused: the store failed: oh; the router's log has more, and the router tries again by itself"]
    assert FAILURES.pop().count("ZeroDivisionError")
    bench.store.fails = None
    bench.clock.advance(FIRST_RETRY)
    assert bench.turns.seen[-1] == "committed a"


def test_a_refused_commit_is_tried_again_although_nothing_new_comes(bench: Bench) -> None:
    bench.runner.holds = False
    bench.store.fails = StoreUnavailable("disk full")
    bench.add("a")
    bench.store.fails = None
    bench.clock.advance(FIRST_RETRY)
    assert (bench.turns.seen, bench.loop.error) == (["refused: disk full", "committed a"], None)


def test_a_refused_commit_with_lasting_effects_is_retried_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(turn: TurnEffects, error: StoreUnavailable) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.turns, "refused", breaks)
    bench.runner.holds = False
    bench.store.fails = StoreUnavailable("disk full")
    bench.add("a")
    assert FAILURES.pop().count("ZeroDivisionError")
    bench.store.fails = None
    bench.clock.advance(FIRST_RETRY)
    assert bench.turns.seen == ["committed a"]


def test_a_commit_waits_for_a_lock_on_the_clock_without_reporting_it(bench: Bench) -> None:
    bench.loop._commit_seconds = 0.0
    bench.runner.holds = False
    bench.store.fails = StoreLocked("a shell")
    bench.add("a")
    while bench.clock.seconds() < LOCK_SECONDS / 2:
        bench.clock.advance(LOCK_RETRY)
    assert (bench.turns.seen, bench.loop.error) == ([], None)
    bench.store.fails = None
    bench.clock.advance(LOCK_RETRY)
    bench.clock.advance(0)
    assert (bench.turns.seen, bench.clock.getDelayedCalls()) == (["committed a"], [])


def test_a_lock_that_stays_counts_as_a_refusal_until_it_is_gone(bench: Bench) -> None:
    bench.runner.holds = False
    bench.store.fails = StoreLocked("a shell")
    bench.add("a")
    while not bench.turns.seen:
        bench.clock.advance(LOCK_RETRY)
    assert LOCK_SECONDS <= bench.clock.seconds() < LOCK_SECONDS + 2 * LOCK_RETRY
    assert (bench.turns.seen, str(bench.loop.error)) == (["refused: a shell"], "a shell")
    bench.store.fails = None
    bench.clock.advance(FIRST_RETRY)
    assert (bench.turns.seen[-1], bench.loop.error) == ("committed a", None)
    bench.store.fails = StoreLocked("another shell")  # has its own time
    bench.add("b")
    bench.clock.advance(LOCK_RETRY)
    assert bench.turns.seen[-1] == "committed a"


def test_idle_fires_when_all_that_was_gathered_is_committed(bench: Bench) -> None:
    bench.add("a")
    bench.turns.gathered.append("b")
    idle = bench.loop.idle()
    fired: list[Any] = []
    idle.addCallback(fired.append)
    assert fired == []
    bench.runner.release()
    bench.clock.advance(0)
    assert (bench.turns.seen, fired) == (["committed a", "committed b"], [None])


def test_idle_fires_when_the_store_refuses(bench: Bench) -> None:
    bench.store.fails = StoreUnavailable("disk full")
    bench.add("a")
    fired: list[Any] = []
    bench.loop.idle().addCallback(fired.append)
    bench.runner.release()
    assert fired == [None]


class Reactor:
    """Runs the calls from threads when the test asks for it."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.came = threading.Semaphore(0)

    def callFromThread(self, function: Any, *args: Any) -> None:  # noqa: N802 - Twisted's name
        self.calls.append((function, args))
        self.came.release()

    def run(self, count: int) -> None:
        for _ in range(count):
            assert self.came.acquire(timeout=30)
            function, args = self.calls.pop(0)
            function(*args)


def test_a_thread_runs_functions_in_order_and_tells_how_they_ended() -> None:
    reactor, told = Reactor(), list[Any]()
    thread = Thread(reactor, "test")
    thread.run(threading.get_ident).addCallback(told.append)
    thread.run(lambda: 1 // 0).addErrback(lambda failure: told.append(failure.type))
    thread.run(threading.get_ident).addCallback(told.append)
    reactor.run(3)
    thread.stop()
    thread.stop()
    assert told[0] == told[2] != threading.get_ident()
    assert told[1] is ZeroDivisionError
