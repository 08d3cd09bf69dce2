"""Pages of schedules, what became of their newest due times, and when they are due in a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, WALL, DispatcherHarness
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.errors import InvalidRequest, InvalidSchedule, TaskbahnError
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MIDNIGHT = WALL - WALL % DAY + DAY


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("w", slots=100)
    made.settle()
    yield made
    store.close()


def asks(harness: DispatcherHarness, uri: str, *args: Any, **words: Any) -> Any:
    asked = harness.ask(uri, *args, **words)
    harness.settle()
    return asked.sent[-1][1]


def add(harness: DispatcherHarness, id: str, when: Any = "0 3 * * *", args: list[Any] | None = None, **spec: Any) -> None:
    added = asks(harness, messages.SCHEDULE_ADD, id, {"when": when, "call": {"task": TASK, "args": args or []}, **spec})
    assert added["id"] == id


def page(harness: DispatcherHarness, **words: Any) -> list[str]:
    return [view["id"] for view in asks(harness, messages.VIEW_SCHEDULES, **words)["schedules"]]


def test_words_are_looked_for_in_ids_arguments_and_notes(harness: DispatcherHarness) -> None:
    add(harness, "reports.Berlin", args=["Umsatz Köln"])
    add(harness, "clean", "*/5 * * * *", note='as the "auditors" want')
    assert page(harness, text="BERLIN umsatz") == ["reports.Berlin"]
    assert page(harness, text="KÖLN") == ["reports.Berlin"]
    assert page(harness, text='"auditors"') == ["clean"]
    assert page(harness, text="*/5") == ["clean"]
    assert page(harness, text=TASK) == ["clean", "reports.Berlin"]
    assert page(harness, text="line") == [], "the name of a field is no word of it"


def test_schedules_in_a_state_are_paged(harness: DispatcherHarness) -> None:
    for number in range(7):
        add(harness, f"s{number}")
    for id in ("s1", "s3", "s5"):
        asks(harness, messages.SCHEDULE_PAUSE, id, reason="holidays", until=WALL + HOUR)
    first = asks(harness, messages.VIEW_SCHEDULES, state="paused", limit=2)
    assert ([view["id"] for view in first["schedules"]], first["next"], first["count"]) == (["s1", "s3"], "s3", 7)
    assert page(harness, state="paused", limit=2, after="s3") == ["s5"]
    assert page(harness, state="active") == ["s0", "s2", "s4", "s6"]
    assert page(harness, state="run_time", limit=3) == ["s0", "s1", "s2"]
    assert page(harness, state="code") == page(harness, state="trouble") == page(harness, state="orphaned") == []
    harness.passes(2 * HOUR)
    assert page(harness, state="paused") == [], "their pauses are over"


def test_a_schedule_that_is_late_is_in_trouble(harness: DispatcherHarness) -> None:
    add(harness, "late", "* * * * *", alarm_after=30.0)
    add(harness, "quiet", "* * * * *")
    assert page(harness, state="trouble") == []
    harness.passes(5 * MINUTE)
    assert page(harness, state="trouble") == ["late"], "its jobs are not done"


def test_outcomes_and_next_times_come_on_request(harness: DispatcherHarness) -> None:
    add(harness, "s", "* * * * *", times=5)
    assert "outcomes" not in asks(harness, messages.VIEW_SCHEDULES, id="s")["schedules"][0]
    harness.passes(3 * MINUTE)
    (view,) = asks(harness, messages.VIEW_SCHEDULES, id="s", outcomes=2, times=9)["schedules"]
    assert view["outcomes"] == ["skipped", "skipped"]
    assert (view["last"]["outcome"], view["last"]["due_at"]) == ("skipped", WALL - WALL % MINUTE + 3 * MINUTE)
    assert [at - view["due_at"] for at in view["times"]] == [0, MINUTE, 2 * MINUTE, 3 * MINUTE], "one of five has fired"
    everything = asks(harness, messages.VIEW_SCHEDULES, id="s", outcomes=100)["schedules"][0]["outcomes"]
    assert everything == ["skipped", "skipped", "running"]


def test_the_times_of_a_paused_schedule_are_after_its_pause(harness: DispatcherHarness) -> None:
    add(harness, "s")
    asks(harness, messages.SCHEDULE_PAUSE, "s", until=MIDNIGHT + 4 * HOUR)
    (view,) = asks(harness, messages.VIEW_SCHEDULES, id="s", times=1)["schedules"]
    assert view["times"] == [MIDNIGHT + DAY + 3 * HOUR]


def due(harness: DispatcherHarness, since: float = MIDNIGHT, until: float = MIDNIGHT + 7 * DAY, **words: Any) -> Any:
    return asks(harness, messages.VIEW_DUE_TIMES, since, until, **words)


def test_a_week_has_due_times_in_slots(harness: DispatcherHarness) -> None:
    add(harness, "a")
    add(harness, "b", "30 3 * * *", zone="Etc/GMT-1")
    add(harness, "paused")
    asks(harness, messages.SCHEDULE_PAUSE, "paused")
    found = due(harness, most=1)
    assert [(slot["at"] - MIDNIGHT) / HOUR for slot in found["slots"]] == [hour + 24 * day for day in range(7) for hour in (2, 3)]
    assert found["slots"][1] == {"at": MIDNIGHT + 3 * HOUR, "count": 1, "first": [{"id": "a", "at": MIDNIGHT + 3 * HOUR}]}
    hour = due(harness, MIDNIGHT + 3 * HOUR, MIDNIGHT + 4 * HOUR)
    assert [(one["id"], one["at"] - MIDNIGHT) for one in hour["slots"][0]["first"]] == [("a", 3 * HOUR)]
    assert "bands" not in found


def test_a_schedule_that_is_often_due_is_a_band(harness: DispatcherHarness) -> None:
    add(harness, "often", "*/10 9-11,15 * * *")
    found = due(harness, until=MIDNIGHT + 2 * DAY)
    assert found["bands"] == [
        {"id": "often", "words": found["bands"][0]["words"], "spans": [(9, 11), (15, 15), (33, 35), (39, 39)]}
    ]
    assert "slots" not in found
    add(harness, "each", {"kind": "every", "interval": 1.0}, start=MIDNIGHT + HOUR, end=MIDNIGHT + 5 * HOUR)
    assert due(harness)["bands"][0]["spans"] == [(1, 5)]


def test_firings_that_are_left_are_all_that_a_week_has(harness: DispatcherHarness) -> None:
    add(harness, "s", times=2)
    assert [slot["count"] for slot in due(harness)["slots"]] == [1, 1]


def test_many_schedules_come_in_portions(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskbahn_router.queries import due_times

    for number in range(5):
        add(harness, f"s{number}")
    monkeypatch.setattr(due_times, "SECONDS", -1.0)
    monkeypatch.setattr(due_times, "PAGE", 2)
    after: str | None = ""
    counts = 0
    for _ in range(9):
        found = due(harness, after=after)
        counts += sum(slot["count"] for slot in found.get("slots", []))
        after = found.get("next")
        if after is None:
            break
    assert after is None
    assert counts == 5 * 7


def test_the_due_times_of_one_are_counted_for_a_backfill(harness: DispatcherHarness) -> None:
    add(harness, "s", end=MIDNIGHT + 2 * DAY)
    add(harness, "each", {"kind": "every", "interval": 1.0})
    found = due(harness, MIDNIGHT - 10 * DAY + 3 * HOUR, MIDNIGHT + 3 * HOUR, id="s")
    assert found == {"count": 11, "first": MIDNIGHT - 10 * DAY + 3 * HOUR, "last": MIDNIGHT + 3 * HOUR}
    many = due(harness, MIDNIGHT - DAY, MIDNIGHT, id="each")
    assert many["is_cut"]
    assert due(harness, MIDNIGHT, MIDNIGHT + HOUR, id="s") == {}
    assert type(due(harness, id="unknown")) is InvalidSchedule


@pytest.mark.parametrize(
    "uri, words, kind",
    [
        (messages.VIEW_SCHEDULES, {"state": "pausd"}, InvalidRequest),
        (messages.VIEW_SCHEDULES, {"text": 5}, InvalidRequest),
        (messages.VIEW_SCHEDULES, {"text": "x" * 201}, InvalidRequest),
        (messages.VIEW_SCHEDULES, {"outcomes": 101}, InvalidRequest),
        (messages.VIEW_SCHEDULES, {"times": True}, InvalidRequest),
        (messages.VIEW_SCHEDULES, {"limit": 501}, InvalidRequest),
        (messages.VIEW_DUE_TIMES, {}, InvalidRequest),
        (messages.VIEW_DUE_TIMES, {"since": 2.0, "until": 1.0}, InvalidRequest),
        (messages.VIEW_DUE_TIMES, {"since": 1.0, "until": 1e9}, InvalidRequest),
        (messages.VIEW_DUE_TIMES, {"since": 1.0, "until": 2.0, "most": 101}, InvalidRequest),
        (messages.VIEW_DUE_TIMES, {"since": 1.0, "until": float("nan")}, InvalidRequest),
    ],
)
def test_what_cannot_be_answered_is_refused(
    harness: DispatcherHarness, uri: str, words: dict[str, Any], kind: type[TaskbahnError]
) -> None:
    assert type(asks(harness, uri, **words)) is kind
