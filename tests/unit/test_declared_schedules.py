"""What becomes of the schedules that workers declare: stored, changed by newer code, orphaned, and changed by people besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, FakeWorker
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn.protocol.schedule_fields import DeclaredSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = 60.0


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    yield made
    store.close()


def schedule(id: str = "s", line: str = "* * * * *", **spec: Any) -> DeclaredSchedule:
    return DeclaredSchedule(id=id, spec={"when": line, "call": {"task": TASK, "args": []}, **spec})


def comes(harness: DispatcherHarness, id: str, *declared: DeclaredSchedule, **more: Any) -> FakeWorker:
    worker = harness.worker(id, slots=100, schedules=list(declared), **more)
    harness.settle()
    return worker


def leaves(harness: DispatcherHarness, worker: FakeWorker) -> None:
    """It goes, and does not come back within its grace."""
    worker.lost()
    harness.passes(15)


def views(harness: DispatcherHarness) -> dict[str, dict[str, Any]]:
    asked = harness.ask(messages.VIEW_SCHEDULES)
    harness.settle()
    return {view["id"]: view for view in asked.answer["schedules"]}


def asks(harness: DispatcherHarness, uri: str, *args: Any, **words: Any) -> Any:
    asked = harness.ask(uri, *args, **words)
    harness.settle()
    return asked


def is_orphaned(harness: DispatcherHarness, id: str = "s") -> bool:
    return bool(views(harness)[id].get("pause", {}).get("orphaned", False))


def test_a_worker_brings_the_schedules_of_its_code(harness: DispatcherHarness) -> None:
    comes(harness, "w", schedule(), schedule("t", "0 3 * * *", zone="Europe/Berlin"))
    found = views(harness)
    assert {id: view["words"] for id, view in found.items()} == {
        "s": "every minute, UTC",
        "t": "at 03:00 every day, Europe/Berlin",
    }
    assert found["s"]["declared"] == found["s"]["spec"]
    harness.passes(MINUTE)
    assert views(harness)["s"]["fired"] == 1


def test_newer_code_changes_its_schedule(harness: DispatcherHarness) -> None:
    comes(harness, "old", schedule(line="0 3 * * *"))
    harness.passes(1)
    comes(harness, "new", schedule(line="0 4 * * *"))
    assert views(harness)["s"]["words"] == "at 04:00 every day, UTC"


def test_an_older_worker_that_comes_back_changes_nothing(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule(line="0 3 * * *"), schedule("t"))
    harness.passes(1)
    comes(harness, "new", schedule(line="0 4 * * *"), schedule("t"))
    before = views(harness)
    old.lost()
    comes(harness, "old", schedule(line="0 3 * * *"), schedule("t", "0 5 * * *"), since=WALL)
    assert views(harness) == before


def test_what_does_not_change_keeps_its_next_time(harness: DispatcherHarness) -> None:
    comes(harness, "w", schedule(line="* * * * *", jitter=30.0))
    before = views(harness)["s"]["next_at"]
    harness.passes(1)
    comes(harness, "x", schedule(line="* * * * *", jitter=30.0, note="the same times"))
    assert (views(harness)["s"]["next_at"], views(harness)["s"]["spec"]["note"]) == (before, "the same times")


def test_a_schedule_that_newer_code_lacks_is_orphaned(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule())
    harness.passes(1)
    comes(harness, "new")
    assert not is_orphaned(harness), "the old worker still declares it"
    leaves(harness, old)
    assert is_orphaned(harness)
    fired = views(harness)["s"].get("fired", 0)
    harness.passes(3 * MINUTE)
    assert views(harness)["s"].get("fired", 0) == fired
    comes(harness, "newest", schedule())
    assert "pause" not in views(harness)["s"]
    harness.passes(MINUTE)
    assert views(harness)["s"]["fired"] == fired + 1


def test_workers_that_leave_orphan_nothing(harness: DispatcherHarness) -> None:
    comes(harness, "others", tasks=["other.task"])
    harness.passes(1)
    leaves(harness, comes(harness, "w", schedule()))
    harness.passes(1)
    comes(harness, "more", tasks=["other.task"])
    harness.restart()
    comes(harness, "others", tasks=["other.task"])
    assert not is_orphaned(harness), "no worker offers its task, so nothing says that the code has changed"


def test_a_restart_finds_what_code_has_no_more(harness: DispatcherHarness) -> None:
    comes(harness, "old", schedule())
    harness.passes(1)
    harness.restart()
    comes(harness, "new")
    assert is_orphaned(harness)


def test_a_pause_by_hand_outlasts_the_time_as_an_orphan(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule())
    asks(harness, messages.SCHEDULE_PAUSE, "s", reason="broken", until=WALL + 30, who="ada")
    comes(harness, "new")
    leaves(harness, old)
    harness.passes(3 * MINUTE)
    assert is_orphaned(harness)
    assert views(harness)["s"].get("fired", 0) == 0
    asks(harness, messages.SCHEDULE_PAUSE, "s", reason="broken", who="ada")
    comes(harness, "newest", schedule())
    assert views(harness)["s"]["pause"]["reason"] == "broken"


def test_a_resumed_orphan_is_one_made_at_run_time(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule(note="kept"))
    harness.passes(1)
    comes(harness, "new")
    leaves(harness, old)
    view = asks(harness, messages.SCHEDULE_RESUME, "s", who="ada").answer
    assert ("pause" in view, "declared" in view, view["spec"]["note"]) == (False, False, "kept")
    harness.restart()
    comes(harness, "new")
    harness.passes(MINUTE)
    assert views(harness)["s"]["fired"] == 1
    assert not is_orphaned(harness)


def test_an_orphan_may_be_deleted_and_comes_again(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule())
    harness.passes(1)
    assert asks(harness, messages.SCHEDULE_DELETE, "s").error == "invalid_schedule"
    comes(harness, "new")
    leaves(harness, old)
    assert asks(harness, messages.SCHEDULE_DELETE, "s").answer is None
    assert views(harness) == {}
    comes(harness, "newest", schedule())
    assert views(harness).keys() == {"s"}


def test_a_change_at_run_time_wins_over_the_code(harness: DispatcherHarness) -> None:
    comes(harness, "w", schedule(line="0 3 * * *"))
    assert asks(harness, messages.SCHEDULE_ADD, "s", {"when": "* * * * *", "call": {"task": TASK}}).error == "invalid_schedule"
    asks(harness, messages.SCHEDULE_EDIT, "s", {"note": "later", "when": "0 4 * * *"}, who="ada")
    harness.passes(1)
    comes(harness, "newer", schedule(line="0 5 * * *", overlap="allow"))
    view = views(harness)["s"]
    assert (view["words"], view["spec"]["overlap"], view["spec"]["note"]) == ("at 04:00 every day, UTC", "allow", "later")
    assert (view["declared"]["when"]["line"], view["changed"].keys(), view["changed_by"]) == (
        "0 5 * * *",
        {"when", "note"},
        "ada",
    )
    asks(harness, messages.SCHEDULE_EDIT, "s", {"note": "", "when": "0 5 * * *"})
    assert "changed" not in views(harness)["s"]


def test_a_changed_schedule_goes_back_to_its_code(harness: DispatcherHarness) -> None:
    comes(harness, "w", schedule(line="0 3 * * *", overlap="allow"))
    asks(harness, messages.SCHEDULE_EDIT, "s", {"note": "later", "when": "0 4 * * *", "overlap": "skip"})
    asked = asks(harness, messages.SCHEDULE_EDIT, "s", None, reset=["overlap"])
    assert asked.answer["changed"].keys() == {"note", "when"}
    asked = asks(harness, messages.SCHEDULE_EDIT, "s", {"note": "new"}, reset=True)
    assert (asked.answer["changed"], asked.answer["words"]) == ({"note": "new"}, "at 03:00 every day, UTC")


@pytest.mark.parametrize("reset", [["words"], "overlap", 1])
def test_what_no_code_declares_cannot_go_back(harness: DispatcherHarness, reset: Any) -> None:
    comes(harness, "w", schedule())
    asks(harness, messages.SCHEDULE_ADD, "made", {"when": "* * * * *", "call": {"task": TASK}})
    assert asks(harness, messages.SCHEDULE_EDIT, "made", {}, reset=True).error == "invalid_schedule"
    assert asks(harness, messages.SCHEDULE_EDIT, "s", {}, reset=reset).error == "invalid_schedule"
    assert asks(harness, messages.SCHEDULE_EDIT, "s", {}).error == "invalid_request"


def test_a_check_stores_nothing(harness: DispatcherHarness) -> None:
    comes(harness, "w", schedule(line="0 3 * * *"))
    spec = {"when": "* * * * *", "call": {"task": TASK}}
    would = asks(harness, messages.SCHEDULE_ADD, "new", spec, check=True).answer
    assert (would["words"], would["due_at"] - WALL <= MINUTE) == ("every minute, UTC", True)
    assert asks(harness, messages.SCHEDULE_EDIT, "s", {"note": "x"}, check=True).answer["changed"] == {"note": "x"}
    assert asks(harness, messages.SCHEDULE_ADD, "s", spec, check=True).error == "invalid_schedule"
    assert asks(harness, messages.SCHEDULE_ADD, "new", {**spec, "when": "* * * *"}, check=True).error == "invalid_schedule"
    assert views(harness).keys() == {"s"}
    assert "changed" not in views(harness)["s"]


@pytest.mark.parametrize(
    "declared",
    [
        [schedule(line="* * * *")],
        [schedule(zone="Europe/Atlantis")],
        [schedule(overlap="sometimes")],
        [schedule(call={"task": TASK, "args": ["{@duo}"]})],
        [schedule(), schedule(line="0 3 * * *")],
    ],
)
def test_a_worker_with_a_bad_schedule_is_refused_whole(harness: DispatcherHarness, declared: list[DeclaredSchedule]) -> None:
    task = messages.TaskDeclaration(name=TASK)
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="w", slots=1, tasks=[task], schedules=declared)
    asked = asks(harness, messages.WORKER_ATTACH, messages.plain(hello), caller=77)
    assert asked.error == "invalid_schedule"
    assert "s" in asked.sent[-1][1].message
    assert views(harness) == {}
    assert harness.dispatcher.state.workers == {}


def test_a_worker_that_declares_too_many_is_refused(harness: DispatcherHarness) -> None:
    declared = [schedule(f"s{number}") for number in range(1_001)]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="w", slots=1, tasks=[], schedules=declared)
    assert asks(harness, messages.WORKER_ATTACH, messages.plain(hello), caller=77).error == "too_large"


def test_a_worker_that_knows_no_schedules_is_served(harness: DispatcherHarness) -> None:
    comes(harness, "new", schedule())
    hello = messages.plain(
        messages.Hello(protocol=messages.PROTOCOL, worker="w", slots=1, tasks=[messages.TaskDeclaration(name=TASK)])
    )
    assert "schedules" not in hello
    assert asks(harness, messages.WORKER_ATTACH, hello, caller=77).progress
    assert not is_orphaned(harness), "a worker declares it"


def test_code_that_makes_it_right_ends_the_trouble(harness: DispatcherHarness) -> None:
    old = comes(harness, "old", schedule(line="0 3 * * *"))
    leaves(harness, old)
    del harness.dispatcher.state.tasks[TASK]
    harness.passes(86400)
    assert "trouble" in views(harness)["s"]
    comes(harness, "other", tasks=["other.task"])
    assert "trouble" in views(harness)["s"]
    comes(harness, "new", schedule(line="0 3 * * *"))
    assert "trouble" not in views(harness)["s"]
