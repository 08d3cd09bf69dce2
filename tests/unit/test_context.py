"""`current`, without a worker."""

from contextlib import ExitStack
from contextvars import copy_context
from datetime import UTC, datetime

import pytest

from taskbahn.attempt.chunk_window import ChunkWindow
from taskbahn.attempt.context import ACTIVE, MAX_CHUNKS, AttemptContext, AttemptOutput, Record
from taskbahn.attempt.current import current
from taskbahn.attempt.stops import Cancelled, TimeLimit
from taskbahn.errors import TooLarge
from taskbahn.signals import GiveUp, Retry


class Sink:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.touched = 0

    def put(self, record: Record) -> None:
        self.records.append(record)

    def touch(self, context: AttemptContext) -> None:
        self.touched += 1


def attempt(run_within: float | None = None) -> tuple[AttemptContext, Sink]:
    sink = Sink()
    return AttemptContext("job", 2, "shop.sell", "[[],{}]", run_within, sink), sink


def test_outside_of_an_attempt_nothing_happens() -> None:
    with current.stage("Resizing", total=3) as stage:
        stage.advance(2)
        stage.total = 5
        assert (stage.done, stage.total) == (2, 5)
    current.progress(0.5)
    current.log("hello")
    current.chunk(object())
    current.extend(5)
    current.check()
    assert (current.job, current.attempt, current.task, current.is_cancelled) == (None, None, None, False)
    assert current.deadline is None


def test_inside_it_names_the_attempt() -> None:
    context, _ = attempt()
    token = ACTIVE.set(context)
    try:
        assert (current.job, current.attempt, current.task) == ("job", 2, "shop.sell")
        assert current.deadline is None
        context.deadline = 86_400.5
        assert current.deadline == datetime(1970, 1, 2, microsecond=500_000, tzinfo=UTC)
    finally:
        ACTIVE.reset(token)


def test_a_stage_may_end_in_another_context_than_it_began() -> None:
    context, _ = attempt()
    ACTIVE.set(context)
    stages = ExitStack()
    copy_context().run(stages.enter_context, current.stage("Copying"))
    stages.close()
    [stage] = context.open_output().progress.stages
    assert stage.ended_at is not None
    ACTIVE.set(None)


def test_check_raises_what_the_stop_is() -> None:
    context, _ = attempt()
    token = ACTIVE.set(context)
    try:
        current.check()
        context.stop_reason = "enough"
        context.stop = "cancelled"
        assert current.is_cancelled
        with pytest.raises(Cancelled, match="enough"):
            current.check()
        context.stop = "time_limit"
        with pytest.raises(TimeLimit):
            current.check()
    finally:
        ACTIVE.reset(token)


def test_progress_is_bounded_and_touches_once_until_it_is_taken() -> None:
    context, sink = attempt()
    token = ACTIVE.set(context)
    try:
        current.progress(7, total=5, data={"rows": 3})
        current.progress(2)
        assert sink.touched == 1
        assert context.open_output().progress_record(0.0)[1][4]["fraction"] == 1.0
        current.progress(-1)
        assert sink.touched == 2
        context.finish()
        assert sink.records[-1][1][4] == {"fraction": 0.0}
    finally:
        ACTIVE.reset(token)


def test_a_chunk_must_be_data_and_within_its_bounds() -> None:
    context, sink = attempt()
    token = ACTIVE.set(context)
    try:
        with pytest.raises((TypeError, NotImplementedError)):
            current.chunk(object())
        with pytest.raises(TooLarge, match="a chunk in bytes"):
            current.chunk("x" * 2_000_000)
        context.open_output()._chunks = MAX_CHUNKS
        with pytest.raises(TooLarge, match="chunks of one attempt"):
            current.chunk(1)
        assert sink.records == []
    finally:
        ACTIVE.reset(token)


def test_ended_stages_make_room_for_new_ones() -> None:
    context, _ = attempt()
    token = ACTIVE.set(context)
    try:
        for number in range(250):
            with current.stage(f"part {number}"):
                pass
        stages = context.open_output().progress.stages
        assert len(stages) == 200
        assert stages[-1].name == "part 249"
    finally:
        ACTIVE.reset(token)


def test_without_a_time_limit_there_is_nothing_to_extend() -> None:
    context, sink = attempt()
    context.extend(5)
    assert sink.records == []
    limited, sink = attempt(10.0)
    limited.extend(5)
    assert sink.records[0][1][4] == 15.0


def test_stops_are_no_ordinary_exceptions() -> None:
    assert not issubclass(Cancelled, Exception)
    assert not issubclass(TimeLimit, Exception)
    assert issubclass(GiveUp, Exception)
    with pytest.raises(ValueError, match="0 or more seconds"):
        Retry(delay=-1)


class SwiftSink(Sink):
    """The dispatcher has recorded all that was said before the thread that says it goes on."""

    def put(self, record: Record) -> None:
        super().put(record)
        self.output.recorded(record[1][5])

    output: AttemptOutput


@pytest.mark.parametrize("size", [1, 900_000])
def test_an_attempt_misses_no_acknowledgement_that_comes_at_once(size: int) -> None:
    sink = SwiftSink()
    context = AttemptContext("job", 1, "shop.sell", "[[],{}]", None, sink)
    sink.output = output = context.open_output()
    output.window = window = ChunkWindow()
    for number in range(7):
        output.chunk("x" * size, window)
        assert output.note(f"step:{number}", "1").done
    assert (len(window), window.is_full) == (0, False)


def test_notes_of_threads_that_outlive_their_attempt_wait_for_nothing() -> None:
    context, sink = attempt()
    output = context.open_output()
    output.finish()
    assert output.note("step:late", "1").done
    assert not sink.records
