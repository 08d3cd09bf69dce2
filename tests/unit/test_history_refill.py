"""The charts of the last quarter of an hour after a restart: from the minutes that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st
from support.dispatcher_harness import TASK
from support.watched import Watched

from taskbahn_router.metrics.recent import STEP, Bucket, Recent
from taskbahn_router.metrics.refill import buckets_of, part
from taskbahn_router.metrics.tally import COUNTS, Tally, total

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import StartState

HISTOGRAMS = st.dictionaries(st.integers(0, 200), st.integers(1, 100), max_size=5)


def sums(watched: Watched, **given: object) -> dict[str, int]:
    chart = watched.ask(**{"seconds": 900} | given)
    return {name: sum(filter(None, getattr(chart, name))) for name in COUNTS}


def test_the_last_quarter_of_an_hour_outlives_a_restart() -> None:
    watched = Watched()
    watched.harness.worker().lost()  # the task is declared
    watched.one_job(seconds=3.0)
    watched.passes(125)
    watched.one_job(fails=True)
    watched.passes(33)
    before, of_task = sums(watched), sums(watched, task=TASK)
    assert before["failed"] == 1
    watched.restart(cleanly=True)
    assert sums(watched) == before
    assert sums(watched, task=TASK) == of_task
    assert watched.status().failed_lately == 1
    assert watched.history.failures(600.0) == {TASK: (1, 2)}
    assert watched.status().totals.accepted == 0, "the totals are those since the start"
    watched.one_job()
    watched.passes(70)
    assert sums(watched)["succeeded"] == before["succeeded"] + 1
    watched.restart(cleanly=True)
    assert sums(watched)["succeeded"] == before["succeeded"] + 1
    watched.passes(900)
    assert sums(watched) == dict.fromkeys(COUNTS, 0)
    assert watched.status().failed_lately == 0


PIECES = st.integers(0, 12).map(lambda quarters: quarters / 4)  # seconds


@given(phase=st.integers(4 * 48, 4 * 62).map(lambda quarters: quarters / 4), opening=PIECES, loading=PIECES, later=PIECES)
@example(phase=55.0, opening=2.0, loading=0.0, later=0.0)  # made in one minute, begun in the next
@example(phase=59.0, opening=0.0, loading=0.25, later=0.0)  # asked before the first look of a new minute
@example(phase=55.0, opening=0.0, loading=2.5, later=0.0)
def test_the_end_of_a_minute_may_be_anywhere_in_a_restart(phase: float, opening: float, loading: float, later: float) -> None:
    watched = Watched()
    harness = watched.harness
    harness.worker().lost()
    harness.passes(60 - harness.wall() % 60 + phase)
    watched.overview.look()
    watched.one_job(seconds=3.0)
    watched.passes(2)
    before = sums(watched)
    assert before["succeeded"] == 1
    opened = harness.store.open

    def open_slowly() -> StartState:
        harness.clock.advance(opening)
        return opened()

    harness.store.open = open_slowly  # type: ignore[method-assign]
    watched.restart(cleanly=True, loading=loading)
    harness.passes(later)
    for seconds in (900, 3600, 86400):
        assert sums(watched, seconds=seconds) == before
        assert sums(watched, seconds=seconds, task=TASK) == before
    statistics = watched.history.statistics(TASK)
    assert statistics is not None
    assert statistics["accepted"] == 1
    watched.passes(61)
    assert sums(watched, seconds=3600) == before


def test_a_time_in_which_no_node_ran_stays_a_gap() -> None:
    watched = Watched()
    watched.passes(60)
    watched.harness.dispatcher.store_minutes(all_of_them=True)
    watched.harness.settle()
    watched.harness.passes(300)
    watched.restart(cleanly=False)
    accepted = watched.ask(seconds=900).accepted
    assert accepted.count(None) > 900 // STEP - 60 // STEP - 20
    assert accepted.count(0) >= 60 // STEP


@given(
    counts=st.lists(st.integers(0, 10_000), min_size=len(COUNTS), max_size=len(COUNTS)),
    waits=HISTOGRAMS,
    runs=HISTOGRAMS,
    of=st.integers(1, 12),
)
def test_the_parts_of_a_minute_add_up_to_it(counts: list[int], waits: dict[int, int], runs: dict[int, int], of: int) -> None:
    tally = Tally()
    for name, count in zip(COUNTS, counts, strict=True):
        setattr(tally, name, count)
    tally.waits, tally.runs = dict(waits), dict(runs)
    tally.note_gauge(1, 2, 3.0)
    parts = [part(tally, index, of) for index in range(of)]
    whole = total(parts)
    assert [getattr(whole, name) for name in COUNTS] == counts
    assert (whole.waits, whole.runs, whole.waiting, whole.oldest) == (waits, runs, 1, 3.0)
    for name in COUNTS:
        shares = [getattr(each, name) for each in parts]
        assert max(shares) - min(shares) <= 1


def test_very_many_tasks_leave_the_sums_of_all() -> None:
    busy = Tally()
    busy.accepted = 12
    rows = [busy.row(60, f"t.{number}") for number in range(3000)] + [busy.row(60, "")]
    found = buckets_of(rows, 105)
    assert [bucket.start for bucket in found] == list(range(60, 105, STEP))
    assert all(not bucket.tasks and not bucket.is_named for bucket in found)
    assert sum(bucket.whole.accepted for bucket in found) == 12


def test_what_is_counted_now_goes_before_what_was_stored() -> None:
    recent = Recent()
    recent.add(Bucket(120))
    recent.begin([Bucket(start) for start in (110, 115, 120, 125)])
    assert [bucket.start for bucket in recent] == [110, 115, 120]
