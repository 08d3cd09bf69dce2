"""What a job remembers from attempt to attempt, on the side of the attempt: names, ids of children, the types of steps."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import InvalidFlow, NotAnswered, OutsideJob, TooLarge, current
from taskbahn.attempt import blocking, waiting
from taskbahn.attempt import memory as memory_module
from taskbahn.attempt.context import ACTIVE, NOTICE, AttemptContext
from taskbahn.attempt.memory import SUSPENSIONS, begin_again, id_for, ids_for
from taskbahn.attempt.stops import Suspended
from taskbahn.attempt.waiting import Wait, deadline_in, wait_here
from taskbahn.future import Future
from taskbahn.protocol import messages
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.ids import new_id
from taskbahn.protocol.questions import QUESTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.attempt.context import Record


class Sink:
    """A worker that records at once; it is the parking of its attempts, too."""

    is_leaving = False

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.context: AttemptContext | None = None

    def put(self, record: Record) -> None:
        kind, data = record
        if kind == NOTICE and data[2] == "note":
            self.notes.setdefault(data[4]["name"], data[4]["value"])
            assert self.context is not None
            threading.Thread(target=self.context.open_output().recorded, args=(data[5],)).start()
        elif kind == NOTICE and data[2] == "question":
            self.notes.setdefault(QUESTION + data[4]["name"], messages.to_json(data[4]))

    def touch(self, context: AttemptContext) -> None:
        """Do nothing."""

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        return True

    unpark = leave = touch


class Attempts:
    """The attempts of one job, one after the other."""

    def __init__(self) -> None:
        self.job = new_id()
        self.sink = Sink()
        self.number = 0

    def begin(self, *, suspended: bool = False) -> AttemptContext:
        """Begin the next attempt, after a failure or a suspension."""
        self.number += 1
        if suspended:
            self.sink.notes[SUSPENSIONS] = str(int(self.sink.notes.get(SUSPENSIONS, "0")) + 1)
        context = AttemptContext(self.job, self.number, "a.task", "[[],{}]", None, self.sink)
        context.notes = dict(self.sink.notes)
        context.parking = self.sink
        self.sink.context = context
        context.begin()
        ACTIVE.set(context)
        return context


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    token = ACTIVE.set(None)
    yield Attempts()
    ACTIVE.reset(token)


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each note recorded at once."""
    note = memory_module.Memory.keep

    def keep(self: Any, name: str, value: Any) -> Any:
        data, future = note(self, name, value)
        future.resolve(None)
        return data, future

    monkeypatch.setattr(memory_module.Memory, "keep", keep)
    monkeypatch.setattr(blocking, "is_in_loop", lambda: False)  # tests run on one


def test_a_step_is_done_once_for_all_attempts(attempts: Attempts) -> None:
    calls = []

    def work(number: int) -> dt.date:
        calls.append(number)
        return dt.date(2026, 1, number)

    for _ in range(3):
        attempts.begin()
        assert current.step("work", work, 7) == dt.date(2026, 1, 7)
    assert calls == [7]


def test_without_an_annotation_each_attempt_gets_plain_data(attempts: Attempts) -> None:
    for _ in range(2):
        attempts.begin()
        pair: Any = current.step("pair", lambda: (1, 2))
        assert pair == [1, 2]


def test_a_step_that_raises_is_done_again(attempts: Attempts) -> None:
    def work() -> int:
        if attempts.number == 1:
            raise ValueError("no")
        return attempts.number

    attempts.begin()
    with pytest.raises(ValueError, match="no"):
        current.step("work", work)
    attempts.begin()
    assert current.step("work", work) == 2
    attempts.begin()
    assert current.step("work", work) == 2


def test_a_name_comes_once_in_an_attempt(attempts: Attempts) -> None:
    attempts.begin()
    current.step("work", int)
    with pytest.raises(InvalidFlow, match="'work' comes twice"):
        current.step("work", int)
    attempts.begin()
    current.step("work", int)


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_name_has_bounds(attempts: Attempts, name: str) -> None:
    attempts.begin()
    with pytest.raises(InvalidFlow, match="1 to 180 characters"):
        current.step(name, int)


def test_an_attempt_has_a_bounded_number_of_steps(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "MAX_STEPS", 3)
    attempts.begin()
    for number in range(3):
        current.step(str(number), int)
    with pytest.raises(TooLarge):
        current.step("more", int)


def test_what_is_no_data_is_no_step(attempts: Attempts) -> None:
    attempts.begin()
    with pytest.raises(TypeError):
        current.step("work", object)
    assert not attempts.sink.notes


async def test_a_coroutine_may_be_a_step(attempts: Attempts) -> None:
    async def work() -> int:
        return attempts.number

    for _ in range(2):
        attempts.begin()
        assert await current.step_async("work", work) == 1
        assert await current.step_async("plain", lambda: 5) == 5


async def test_outside_of_a_job_a_step_is_a_call() -> None:
    assert current.step("x", lambda: (1,)) == (1,)
    assert await current.step_async("x", lambda: (1,)) == (1,)
    with pytest.raises(OutsideJob, match=r"time\.sleep"):
        await current.sleep_async(5)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12))
def test_one_start_makes_one_child_however_often_it_is_called(texts: list[str]) -> None:
    token = ACTIVE.set(None)
    attempts = Attempts()
    attempts.begin()
    first = [id_for(text) for text in texts]
    attempts.begin()
    assert [id_for(text) for text in texts] == first
    assert len(set(first)) == len(texts)
    ACTIVE.reset(token)


def test_children_have_ids_with_the_time_of_their_parent(attempts: Attempts) -> None:
    attempts.begin()
    many = ids_for("a.task", ["1", "2", "1"])
    attempts.begin()
    assert [id_for(f"a.task\0{text}") for text in ("1", "2", "1")] == many
    for id in many:
        assert id[:13] == attempts.job[:13]
        assert (len(id), id[14], id[19] in "89ab") == (36, "7", True)


def test_children_of_different_jobs_differ(attempts: Attempts) -> None:
    attempts.begin()
    first = id_for("same")
    attempts.job = new_id()
    attempts.begin()
    assert id_for("same") != first


def test_a_copy_of_the_process_remembers_nothing(attempts: Attempts) -> None:
    """Two copies would give equal children one id."""
    context = attempts.begin()
    context.pid = os.getpid() + 1
    assert id_for("same") != id_for("same")
    assert current.step("x", lambda: (1,)) == (1,)


def test_children_begin_again_once_after_each_failure(attempts: Attempts) -> None:
    attempts.begin()
    assert begin_again(["x"]) == []
    attempts.begin(suspended=True)
    assert begin_again(["x"]) == []
    attempts.begin()
    assert begin_again(["x"]) == ["x"]
    assert begin_again(["x", "y"]) == ["y"]
    attempts.begin(suspended=True)
    assert begin_again(["x", "y"]) == []
    attempts.begin()
    assert begin_again(["x", "y"]) == ["x", "y"]


def test_a_sleep_is_remembered_by_its_number_or_name(attempts: Attempts) -> None:
    for _ in range(2):
        attempts.begin()
        for words in ({}, {}, {"name": "long"}):
            current.sleep(until=2.0, **words)
    assert not attempts.sink.notes  # over already
    attempts.sink.notes["sleep:#1"] = "1.0"
    attempts.begin()
    current.sleep("100d")


Waiting = Callable[[], Any]
WAITS: list[tuple[str, Waiting]] = [
    ("a short sleep", lambda: current.sleep(0.2)),
    ("a long sleep", lambda: current.sleep(1.2)),
    ("a message", lambda: current.inbox.get(within=0.2)),
    ("an event", lambda: current.wait_for_event("a.topic", Any, within=0.2)),
    ("an answer", lambda: current.ask("Which?", int, within=0.2, default=None)),
    ("a job", lambda: wait_here(Future(), Wait(("a",)), deadline_in(0.2))),
]


@pytest.mark.parametrize("wait", [pytest.param(wait, id=name) for name, wait in WAITS])
@pytest.mark.parametrize("suspend_after", [pytest.param(None, id="with permits"), 0.0])
def test_no_wait_begins_again_in_the_attempt_after_it(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch, wait: Waiting, suspend_after: float | None
) -> None:
    """It would never be over for a task under a limit, which is suspended as soon as it waits."""
    if suspend_after is not None:
        monkeypatch.setattr(waiting, "SUSPEND_AFTER", suspend_after)
    moments: list[float] = []
    while not moments or moments[-1] > time.time():
        context = attempts.begin(suspended=bool(moments))
        context.has_permits = suspend_after is None
        try:
            wait()
        except Suspended:
            suspended = context.open_waits().suspended
            assert suspended is not None
            moments.append(suspended.until or 0.0)
        except NotAnswered:
            break
        else:
            break
        assert moments[-1] == pytest.approx(moments[0], abs=0.05)
    assert moments
    attempts.begin(suspended=True).has_permits = suspend_after is None
    with contextlib.suppress(NotAnswered):
        wait()


@pytest.mark.parametrize(
    "text, seconds", [("90s", 90), ("15m", 900), ("2h", 7200), ("3d", 259200), ("1h30m", 5400), ("1.5s", 1.5), ("20ms", 0.02)]
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "3", "3x", "-3s", "3 s", "s", "1h30", "٣s"])
def test_what_is_no_duration_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        parse_duration(text)


@pytest.mark.parametrize("words", [{}, {"seconds": 1, "until": 5}, {"until": -1.0}, {"until": 1e300}, {"seconds": "soon"}])
def test_a_sleep_says_what_is_wrong(attempts: Attempts, words: dict[str, Any]) -> None:
    attempts.begin()
    seconds = [words.pop("seconds")] if "seconds" in words else []
    with pytest.raises(ValueError, match=r"current\.sleep takes|until is a moment|a duration is"):
        current.sleep(*seconds, **words)


def test_notes_are_data_of_a_report(attempts: Attempts) -> None:
    attempts.begin()
    current.step("work", lambda: {"a": [1, None]})
    assert {name: messages.from_json(value) for name, value in attempts.sink.notes.items()} == {"step:work": {"a": [1, None]}}


def test_each_item_of_a_chunk_has_its_own_names_and_children(attempts: Attempts) -> None:
    def made_in(item: int) -> list[int]:
        return [item, attempts.number]

    def attempt(items: range) -> list[Any]:
        context = attempts.begin(suspended=attempts.number > 0)
        memory, found = context.open_memory(), []
        for item in items:
            assert memory.begin_item(item) is None
            step = current.step("same", made_in, item)
            found.append((step, memory.name("sleep", None), id_for("child"), context.open_waits().deadline(1.0).name))
        return found

    first = attempt(range(3))
    assert all(len({str(value) for value in column}) == 3 for column in zip(*first, strict=True))
    assert attempt(range(3)) == first
    assert attempt(range(2, 3)) == first[2:]  # an earlier attempt has remembered the results of the others


def test_an_item_that_remembers_nothing_is_not_remembered(attempts: Attempts) -> None:
    memory = attempts.begin().open_memory()
    for item in range(2):
        memory.begin_item(item)
        if item:
            current.step("work", int)
        memory.end_item(str(item))
    memory = attempts.begin().open_memory()
    assert [memory.begin_item(item) for item in range(2)] == [None, "1"]
