"""Limits that operators change while jobs wait: an override wins over what tasks declare, and outlives restarts and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import DispatcherHarness, FakeWorker

from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.overrides import parse_override

if TYPE_CHECKING:
    from collections.abc import Iterable

GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=1)
RATE = DeclaredLimit(kind="rate", name="stripe", rate="1/s", burst=1)


def limited(harness: DispatcherHarness, *limits: DeclaredLimit, id: str = "w", slots: int = 9, **more: Any) -> FakeWorker:
    return harness.worker(id, slots, declaration={"limits": list(limits)}, **more)


def override(harness: DispatcherHarness, name: str, value: Any) -> None:
    """Set an override, null to remove it, and let the turn be committed."""
    book, stored = harness.dispatcher.limit_book, []
    kept = book.kept.get(name)
    assert kept is not None
    book.override(name, None if value is None else parse_override(kept.declared, value), "joe", harness.wall())
    harness.dispatcher.turn_input.add_limit_change(lambda: stored.append(name))
    harness.dispatcher.loop.schedule_turn()
    assert stored == []
    harness.settle()
    assert stored == [name]


def submitted(harness: DispatcherHarness, count: int, **options: Any) -> None:
    for number in range(count):
        harness.submit(number, **options)
    harness.settle()


def numbers(runs: Iterable[tuple[str, int]]) -> list[int]:
    return [int(id[-12:], 16) for id, _ in runs]


def test_a_raised_limit_starts_waiting_jobs_at_once(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, 4)
    assert numbers(worker.take()) == [1]
    override(harness, "gpu", 3)
    assert numbers(worker.take()) == [2, 3]
    harness.check()


def test_a_lowered_limit_revokes_nothing_and_holds_the_next(harness: DispatcherHarness) -> None:
    worker = limited(harness, DeclaredLimit(kind="concurrency", name="gpu", limit=3))
    submitted(harness, 5)
    runs = worker.take()
    override(harness, "gpu", 1)
    assert (len(runs), worker.take(), worker.cancelled) == (3, [], [])
    worker.done(*runs[:2])
    harness.settle()
    assert worker.take() == []
    worker.done(runs[2])
    harness.settle()
    assert numbers(worker.take()) == [4]
    harness.check()


def test_zero_holds_all_jobs_until_the_override_is_removed(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    override(harness, "gpu", 0)
    submitted(harness, 2)
    harness.passes(30)
    assert worker.take() == []
    override(harness, "gpu", None)
    assert numbers(worker.take()) == [1]
    harness.check()


def test_a_faster_rate_counts_from_now_on(harness: DispatcherHarness) -> None:
    worker = limited(harness, RATE, slots=50)
    submitted(harness, 30)
    assert len(worker.take()) == 1
    override(harness, "stripe", "10/s")
    harness.passes(1)
    assert 9 <= len(worker.take()) <= 11
    override(harness, "stripe", "1/m")
    harness.passes(30)
    assert len(worker.take()) <= 1
    harness.check()


def test_an_override_outlives_a_restart_and_a_new_declaration(harness: DispatcherHarness) -> None:
    limited(harness, GPU)
    override(harness, "gpu", 2)
    harness.restart()
    worker = limited(harness, DeclaredLimit(kind="concurrency", name="gpu", limit=5))
    submitted(harness, 4)
    assert numbers(worker.take()) == [1, 2]
    kept = harness.dispatcher.limit_book.kept.get("gpu")
    assert kept is not None
    assert (kept.declared.limit, kept.changed_by, kept.changed_at is not None) == (5, "joe", True)
    override(harness, "gpu", None)
    assert numbers(worker.take()) == [3, 4]
    harness.check()


def test_an_override_stays_while_no_task_declares_the_limit(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    override(harness, "gpu", 0)
    submitted(harness, 1)
    worker.lost()
    harness.passes(60)
    limited(harness)
    harness.restart()
    [row] = harness.store.open().limits
    assert (row.name, row.override) == ("gpu", '{"limit":0}')
    assert numbers(limited(harness, GPU).take()) == []
    override(harness, "gpu", None)
    assert numbers(harness.workers[-1].take()) == [1]
    limited(harness, id="other")
    harness.settle()
    assert harness.store.open().limits == [], "a limit without an override that no task declares is forgotten"


def test_an_override_of_another_kind_of_limit_is_dropped(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    override(harness, "gpu", 0)
    worker.lost()
    harness.passes(60)
    worker = limited(harness, DeclaredLimit(kind="rate", name="gpu", rate="5/s"))
    submitted(harness, 1)
    assert numbers(worker.take()) == [1]


def test_a_cost_is_checked_against_the_override(harness: DispatcherHarness) -> None:
    sized = DeclaredLimit(kind="concurrency", name="gpu", limit=2, cost="{0}")
    limited(harness, sized)
    limited(harness, sized, id="other", tasks=["other.task"])
    assert harness.submit(4).answer[0]["error"].endswith("invalid_arguments")
    override(harness, "gpu", 5)
    accepted = [harness.submit(4), harness.submit(5, task="other.task")]
    harness.settle()
    assert [type(asked.answer[0]) for asked in accepted] == [str, str]
    harness.restart()
    assert harness.submit(6, task="other.task").answer[0]["error"].endswith("invalid_arguments")
    override(harness, "gpu", 0)
    worker = limited(harness, sized)
    asked = harness.submit(2)
    harness.settle()
    assert (type(asked.answer[0]), worker.take()) == (str, [])
    assert harness.submit(3).answer[0]["error"].endswith("invalid_arguments")


def test_an_override_is_not_lost_when_the_store_refuses(harness: DispatcherHarness) -> None:
    worker = limited(harness, GPU)
    submitted(harness, 3)
    worker.take()
    harness.store.refuses = "the disk is full"
    book = harness.dispatcher.limit_book
    book.override("gpu", parse_override(GPU, 3), "joe", harness.wall())
    answered: list[int] = []
    harness.dispatcher.turn_input.add_limit_change(lambda: answered.append(1))
    harness.dispatcher.loop.schedule_turn()
    harness.passes(1)
    assert answered == []
    harness.store.refuses = ""
    harness.passes(10)
    assert (answered, numbers(worker.take())) == ([1], [2, 3])
    harness.restart()
    kept = harness.dispatcher.limit_book.kept.get("gpu")
    assert kept is not None
    assert kept.effective.limit == 3


def test_the_newest_declaration_counts_after_a_restart(harness: DispatcherHarness) -> None:
    limited(harness, GPU, tasks=["z.task"])
    limited(harness, DeclaredLimit(kind="concurrency", name="gpu", limit=4), id="v", tasks=["a.task"])
    harness.restart()
    assert harness.dispatcher.limit_book.limit("gpu").options == 4
    assert harness.dispatcher.limit_book.declaring("gpu") == ["a.task", "z.task"]
