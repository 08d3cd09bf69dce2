"""Declared tasks stay when their workers leave, within a bound: beyond it, tasks without workers and jobs make room."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness

from taskbahn.protocol import messages
from taskbahn_router.model import limits
from taskbahn_router.workers import declarations

LIMIT = 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TASKS", LIMIT)
    monkeypatch.setattr(declarations, "FORGOTTEN_TOGETHER", 1)


def declare(harness: DispatcherHarness, *tasks: str) -> None:
    """Attach a worker with these tasks, and let it leave."""
    harness.worker("leaves", tasks=tasks).lost()
    harness.settle()


def declared(harness: DispatcherHarness) -> list[str]:
    """Return the declared tasks; memory, the registered names and the store agree on them."""
    names = sorted(harness.dispatcher.state.tasks)
    assert sorted(set(harness.declared)) == names
    harness.restart()
    assert sorted(harness.dispatcher.state.tasks) == names
    harness.check()
    return names


def test_the_oldest_tasks_without_workers_and_jobs_make_room(harness: DispatcherHarness) -> None:
    declare(harness, "a.kept", "b.gone", "c.gone", "d.stays")
    harness.worker("offers", tasks=["e.offered"])
    harness.submit(task="a.kept")
    harness.settle()
    declare(harness, "f.new", "g.new")
    assert declared(harness) == ["a.kept", "d.stays", "e.offered", "f.new", "g.new"]
    assert harness.submit(task="b.gone").answer[0]["error"] == "taskbahn.error.unknown_task"


def test_a_worker_keeps_tasks_that_it_declares_again(harness: DispatcherHarness) -> None:
    declare(harness, "a.task", "b.task", "c.task", "d.task", "e.task")
    declare(harness, "a.task", "f.task")
    assert declared(harness) == ["a.task", "c.task", "d.task", "e.task", "f.task"]
    declare(harness, "b.task")
    assert "b.task" in declared(harness)


def test_several_tasks_make_room_together(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "FORGOTTEN_TOGETHER", 3)
    declare(harness, "a.task", "b.task", "c.task", "d.task", "e.task")
    declare(harness, "f.task")
    assert declared(harness) == ["d.task", "e.task", "f.task"]


def test_without_room_a_worker_is_refused_and_nothing_is_changed(harness: DispatcherHarness) -> None:
    declare(harness, "a.idle")
    harness.worker("offers", tasks=["b.task", "c.task", "d.task", "e.task"])
    new = [messages.TaskDeclaration(name=name) for name in ("f.new", "g.new")]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="new", slots=1, tasks=new)
    refused = harness.ask(messages.WORKER_ATTACH, messages.plain(hello), caller=9)
    assert refused.error == "too_large"
    assert "new" not in harness.dispatcher.state.workers
    assert declared(harness) == ["a.idle", "b.task", "c.task", "d.task", "e.task"]


def test_a_task_that_comes_and_goes_in_one_turn_is_not_stored(harness: DispatcherHarness) -> None:
    harness.hold_commits()
    for number in range(2 * LIMIT):
        declare(harness, f"a.task_{number}")
    harness.release_commits()
    assert declared(harness) == [f"a.task_{number}" for number in range(LIMIT, 2 * LIMIT)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 3), st.just("restart")), max_size=12))
def test_the_worker_that_came_last_declares_tasks_whichever_comes_back(steps: list[int | str]) -> None:
    harness = DispatcherHarness()
    since: dict[int, float] = {}
    for step in steps:
        harness.passes(1)
        if isinstance(step, str):
            harness.restart()
            continue
        worker = harness.worker(f"w{step}", tasks=["a.task"], declaration={"options": {"priority": step}}, since=since.get(step))
        since.setdefault(step, worker.asked.progress[0]["welcome"]["since"])
        assert worker.asked.progress[0]["welcome"]["since"] == since[step]
        harness.settle()
        newest = max(since, key=lambda number: since[number])
        assert harness.dispatcher.state.tasks["a.task"].declaration.options == {"priority": newest}


def test_a_worker_cannot_come_from_the_future(harness: DispatcherHarness) -> None:
    harness.worker("ahead", tasks=["a.task"], declaration={"options": {"priority": 1}}, since=harness.dispatcher.wall() + 1e6)
    harness.passes(1)
    harness.worker("new", tasks=["a.task"], declaration={"options": {"priority": 2}})
    assert harness.dispatcher.state.tasks["a.task"].declaration.options == {"priority": 2}
