"""The charts of the last quarter of an hour after a restart: from the minutes that are stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import TASK
from support.watched import Watched

from taskbahn_router.metrics.recent import STEP, Bucket, Recent
from taskbahn_router.metrics.refill import buckets_of, part
from taskbahn_router.metrics.tally import COUNTS, Tally, total

HISTOGRAMS = st.dictionaries(st.integers(0, 200), st.integers(1, 100), max_size=5)


def sums(watched: Watched, **given: object) -> dict[str, int]:
    chart = watched.ask(seconds=900, **given)
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
