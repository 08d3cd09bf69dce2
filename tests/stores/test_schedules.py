"""Schedules in every store: a due time starts one job, or none for a reason that the history has."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW, PARTITIONS, claim, finish, new_job
from support.schedule_model import EVERY, ScheduleModel, change, commit, fire, firing
from support.stores import KINDS

from taskbahn.errors import StoreUnavailable
from taskbahn_router.core.alarms import AlarmChange
from taskbahn_router.core.firings import HISTORY, MOST_BUFFERED, Alarm, job_of
from taskbahn_router.core.unique_keys import NewKey
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import CancelJob, Prune

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.stores.contract import Store


def row(store: Store, id: str = "s") -> ScheduleRow:
    found = store.reader().schedule(id)
    assert found is not None
    return found


def history(store: Store) -> list[tuple[float, str]]:
    return [(entry.due_at - NOW, entry.outcome) for entry, _ in store.reader().firings("s", 1_000, 1_000)]


def end(store: Store, due_at: float) -> None:
    """Cancel the job of a due time."""
    commit(store, cancels=[CancelJob(job_of("s", due_at), NOW, NOW + 100, "{}")])


def succeed(store: Store, seq: int) -> None:
    """Let the job of a seq start and succeed."""
    claim(store, 1)
    commit(store, finishes=[finish(seq)])


def test_a_due_time_starts_one_job(store: Store) -> None:
    commit(store, schedules=[change()])
    assert fire(store, firing()) == ["fired"]
    assert fire(store, firing(seq=2)) == ["stale"]
    found = row(store)
    assert (found.due_at, found.fired, found.last_job) == (NOW + EVERY, 1, job_of("s", NOW))
    assert history(store) == [(0, "fired")]
    job = store.reader().job(job_of("s", NOW))
    assert job is not None
    assert (job.seq, job.state) == (1, "ready")


def test_two_firings_of_one_commit_start_one_job(store: Store) -> None:
    commit(store, schedules=[change()])
    assert fire(store, firing(seq=1), firing(seq=2)) == ["fired", "stale"]
    assert row(store).fired == 1


def test_a_firing_of_a_schedule_that_changed_starts_nothing(store: Store) -> None:
    commit(store, schedules=[change()])
    commit(store, schedules=[change(version=1, due_at=NOW)])
    result = commit(store, [new_job(1, id=job_of("s", NOW))], firings=[firing()])
    assert (result.fired, result.unfired) == (["stale"], {1})
    assert store.reader().job(job_of("s", NOW)) is None
    assert fire(store, firing(version=2)) == ["fired"]


def test_a_due_time_that_comes_again_starts_no_second_job(store: Store) -> None:
    commit(store, schedules=[change()])
    fire(store, firing())
    commit(store, schedules=[change(version=1, due_at=NOW)])  # the wall clock was set back
    assert fire(store, firing(seq=2, version=2)) == ["stale"]
    assert (row(store).due_at, row(store).fired, history(store)) == (NOW + EVERY, 1, [(0, "fired")])


def test_a_due_time_comes_again_after_its_job_is_deleted(store: Store) -> None:
    commit(store, schedules=[change()])
    fire(store, firing())
    end(store, NOW)
    commit(store, prune=Prune(NOW + 1e9, 0, 100))
    assert store.reader().job(job_of("s", NOW)) is None
    commit(store, schedules=[change(version=1, due_at=NOW)])
    assert fire(store, firing(seq=2, version=2)) == ["stale"], "the history has it"


@pytest.mark.parametrize(
    "overlap, outcomes",
    [
        ("skip", ["fired", "skipped", "skipped"]),
        ("buffer_one", ["fired", "buffered", "skipped"]),
        ("buffer_all", ["fired", "buffered", "buffered"]),
        ("allow", ["fired", "fired", "fired"]),
        ("cancel_other", ["fired", "fired", "fired"]),
    ],
)
def test_overlap_decides_about_a_due_time_while_a_job_runs(store: Store, overlap: str, outcomes: list[str]) -> None:
    commit(store, schedules=[change()])
    for number in range(3):
        fire(store, firing(NOW + number * EVERY, number + 1, overlap=overlap))
    assert history(store)[::-1] == [(number * EVERY, outcome) for number, outcome in enumerate(outcomes)]
    states = [job.state for due in range(3) if (job := store.reader().job(job_of("s", NOW + due * EVERY))) is not None]
    assert states == (["cancelled", "cancelled", "ready"] if overlap == "cancel_other" else ["ready"] * outcomes.count("fired"))


def test_a_job_that_ends_in_the_same_commit_is_no_overlap(store: Store) -> None:
    commit(store, schedules=[change()])
    fire(store, firing())
    cancels = [CancelJob(job_of("s", NOW), NOW, NOW + 100, "{}")]
    assert fire(store, firing(NOW + EVERY, 2), cancels=cancels) == ["fired"]


def test_buffered_due_times_start_one_after_the_other(store: Store) -> None:
    commit(store, schedules=[change()])
    for number in range(3):
        fire(store, firing(NOW + number * EVERY, number + 1, overlap="buffer_all"))
    second = firing(NOW + EVERY, 4, overlap="buffer_all", is_buffered=True)
    assert fire(store, second) == ["stale"], "the first job has not ended"
    end(store, NOW)
    assert fire(store, second) == ["fired"]
    assert fire(store, second) == ["stale"]
    end(store, NOW + EVERY)
    assert fire(store, firing(NOW + 2 * EVERY, 5, overlap="buffer_all", is_buffered=True)) == ["fired"]
    assert row(store).buffered is None


def test_no_more_due_times_wait_than_the_bound(store: Store) -> None:
    commit(store, schedules=[change()])
    outcomes = [
        fire(store, firing(NOW + number * EVERY, number + 1, overlap="buffer_all"))[0] for number in range(MOST_BUFFERED + 3)
    ]
    assert outcomes == ["fired", *["buffered"] * MOST_BUFFERED, "skipped", "skipped"]


def test_the_history_has_a_bound(store: Store) -> None:
    commit(store, schedules=[change()])
    for number in range(HISTORY + 20):
        fire(store, firing(NOW + number * EVERY, number + 1, overlap="allow"))
    assert [due for due, _ in history(store)] == [number * EVERY for number in range(HISTORY + 19, 19, -1)]


def test_an_alarm_changes_if_it_is_as_it_was_read(store: Store) -> None:
    alarm, moved = Alarm(NOW, NOW + 5), Alarm(NOW + EVERY, NOW + EVERY + 5)
    commit(store, schedules=[change(alarm=alarm)])
    assert row(store).alarm == alarm
    changes = [AlarmChange("s", 2, alarm, moved), AlarmChange("s", 1, alarm, moved), AlarmChange("s", 1, alarm, Alarm())]
    assert commit(store, alarms=[*changes, AlarmChange("t", 1, alarm, moved)]).alarms == [False, True, False, False]
    assert fire(store, firing()) == ["fired"], "an alarm is no change of the schedule"
    commit(store, schedules=[change(version=1)])
    assert row(store).alarm == moved, "other changes leave it"
    commit(store, schedules=[change(version=2, alarm=Alarm())])
    assert (row(store).alarm, store.reader().next_alarm()) == (Alarm(), None)


def test_alarms_are_found_by_their_times(store: Store) -> None:
    times = {"a": 7.0, "b": 5.0, "c": 6.0, "d": None}
    commit(store, schedules=[change(id, alarm=Alarm(NOW, NOW + at) if at else None) for id, at in times.items()])
    reader = store.reader()
    assert [found.id for found in reader.due_alarms(NOW + 6, 9)] == ["b", "c"]
    assert [found.id for found in reader.due_alarms(NOW + 9, 2)] == ["b", "c"]
    assert (reader.next_alarm(), reader.late_schedules("", 9)) == (NOW + 5, [])
    commit(store, alarms=[AlarmChange(id, 1, Alarm(NOW, NOW + (times[id] or 0)), Alarm(NOW, None, NOW)) for id in "cb"])
    assert ([found.id for found in reader.late_schedules("", 9)], reader.next_alarm()) == (["b", "c"], NOW + 7)
    assert [found.id for found in reader.late_schedules("b", 9)] == ["c"]
    commit(store, dropped_schedules=[("a", 1), ("b", 1)])
    assert ([found.id for found in reader.late_schedules("", 9)], reader.next_alarm()) == (["c"], None)


def test_the_newest_success_is_of_a_fired_or_skipped_due_time(store: Store) -> None:
    commit(store, schedules=[change()])
    for number, overlap in enumerate(["skip", "skip", "buffer_one"]):
        fire(store, firing(NOW + number * EVERY, number + 1, overlap=overlap))
    assert [outcome for _, outcome in history(store)] == ["buffered", "skipped", "fired"]
    reader = store.reader()
    assert reader.newest_success("s", NOW, NOW + 99) is None
    succeed(store, 1)
    assert reader.newest_success("s", NOW, NOW + 99) == NOW + EVERY
    assert reader.newest_success("s", NOW, NOW + EVERY - 1) == NOW
    assert reader.newest_success("s", NOW + EVERY + 1, NOW + 99) is None
    assert reader.newest_success("t", NOW, NOW + 99) is None


def test_a_change_that_makes_it_right_ends_the_trouble(store: Store) -> None:
    commit(store, schedules=[change()])
    fire(store, firing(jobs=(), id=None, error='{"message":"no"}'))
    commit(store, schedules=[change(version=1)])
    assert row(store).trouble is not None
    commit(store, schedules=[change(version=2, is_right=True)])
    assert (row(store).trouble, store.reader().troubled_schedules(9)) == (None, [])


def test_a_schedule_ends_with_its_last_time(store: Store) -> None:
    commit(store, schedules=[change()])
    assert fire(store, firing(times=2)) == ["fired"]
    assert fire(store, firing(NOW + EVERY, 2, times=2)) == ["skipped"], "what starts no job does not count"
    end(store, NOW)
    assert fire(store, firing(NOW + 2 * EVERY, 3, times=2)) == ["fired"]
    assert row(store).next_at is None


def test_missed_and_refused_due_times_are_in_the_history(store: Store) -> None:
    commit(store, schedules=[change()])
    assert fire(store, firing(jobs=(), id=None, missed=3, until=NOW + 2)) == ["missed"]
    assert fire(store, firing(NOW + EVERY, jobs=(), id=None, error='{"message":"no"}')) == ["refused"]
    entries = [entry for entry, _ in store.reader().firings("s", 1_000, 10)]
    assert [(entry.outcome, entry.missed, entry.until) for entry in entries] == [("refused", 0, None), ("missed", 3, NOW + 2)]
    assert [one.id for one in store.reader().troubled_schedules(9)] == ["s"]
    assert fire(store, firing(NOW + 2 * EVERY, 2)) == ["fired"]
    assert store.reader().troubled_schedules(9) == []


def test_a_job_that_the_rules_refuse_is_a_refused_firing(store: Store) -> None:
    commit(store, [new_job(1)], unique=[NewKey(1, "k", "active", "refuse")])
    commit(store, schedules=[change()])
    asked = firing(seq=2)
    result = commit(store, [new_job(2, id=asked.id)], firings=[asked], unique=[NewKey(2, "k", "active", "refuse")])
    assert result.admitted is not None
    assert result.admitted.refused == {2}
    found = row(store)
    assert (found.fired, found.due_at, found.last_job) == (0, NOW + EVERY, None)
    assert found.trouble is not None
    assert history(store) == [(0, "refused")]


def test_only_who_saw_the_newest_version_changes_a_schedule(store: Store) -> None:
    changes = [change(), change(), change(version=2), change("t", version=1)]
    assert commit(store, schedules=changes).schedules == [True, False, False, False]
    assert commit(store, schedules=[change(version=1)], dropped_schedules=[("s", 1)]).schedules == [True, False]
    fire(store, firing(version=2))
    assert commit(store, dropped_schedules=[("s", 2), ("s", 2)]).schedules == [True, False]
    assert (store.reader().schedules("", 10), history(store)) == ([], [])


def test_a_refused_commit_fires_nothing(store: Store) -> None:
    commit(store, schedules=[change()])
    before = row(store)
    with pytest.raises(StoreUnavailable):
        commit(store, [new_job(1, id=job_of("s", NOW))], [new_job(1, state="succeeded")], firings=[firing()])
    assert (row(store), history(store)) == (before, [])
    assert store.reader().next_firing(NOW - 1) == NOW


def test_schedules_outlast_a_restart(store: Store) -> None:
    commit(store, schedules=[change()])
    fire(store, firing())
    before = row(store)
    store.close()
    store.open()
    assert (row(store), history(store)) == (before, [(0, "fired")])


ids = st.sampled_from(["s", "t"])
overlaps = st.sampled_from(["skip", "buffer_one", "buffer_all", "cancel_other", "allow"])


def live(model: ScheduleModel, store: Store, data: DataObject, seq: int) -> None:
    """Let one thing happen to the model and the store alike."""
    id = data.draw(ids)
    known = model.schedules.get(id)
    version = (0 if known is None else known.version) + data.draw(st.sampled_from([0, 0, 0, 1]))
    match data.draw(st.sampled_from(["change", "drop", "fire", "fire", "fire", "again", "end", "end"])):
        case "change":
            due = data.draw(st.sampled_from([NOW, NOW + EVERY, None]))
            assert commit(store, schedules=[change(id, version, due)]).schedules == [model.change(id, version, due)]
        case "drop":
            if data.draw(st.integers(0, 4)) == 0:
                assert commit(store, dropped_schedules=[(id, version)]).schedules == [model.drop(id, version)]
        case "fire" if known is not None:
            due = known.due_at if known.due_at is not None else NOW
            asked = firing(
                due, seq, id, version=version, overlap=data.draw(overlaps), times=data.draw(st.sampled_from([None, None, 3]))
            )
            if data.draw(st.integers(0, 7)) == 0:
                asked = asked._replace(jobs=(), id=None)
            assert fire(store, asked) == [model.fire(asked)]
        case "again" if known is not None and known.buffered:
            asked = firing(known.buffered[0], seq, id, version=version, overlap="buffer_all", is_buffered=True)
            assert fire(store, asked) == [model.fire(asked)]
        case "end" if known is not None and known.last is not None:
            commit(store, cancels=[CancelJob(known.last, NOW, NOW + 100, "{}")])
            model.jobs[known.last] = True


@given(kind=st.sampled_from(list(KINDS)), data=st.data())
def test_lives_of_schedules_are_as_the_model_has_them(
    kind: str, data: DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model, store = ScheduleModel(), KINDS[kind].make_quick(tmp_path_factory.mktemp("life"))
    store.open()
    with closing(store):
        store.commit(CommitBatch(partitions=PARTITIONS))
        for seq in range(1, data.draw(st.integers(2, 40)) + 1):
            live(model, store, data, seq)
            model.check(store)


def test_schedules_are_counted_and_found_by_a_text(store: Store) -> None:
    commit(
        store,
        schedules=[
            change("Berlin"),
            change("b", changed='{"note":"Berlin"}'),
            change("c", declared='{"x":"BERLIN"}'),
            change("d"),
        ],
    )
    reader = store.reader()
    assert [row.id for row in reader.schedules("", 10, "berlin")] == ["Berlin", "b", "c"]
    assert [row.id for row in reader.schedules("Berlin", 1, "berlin")] == ["b"]
    assert (reader.schedule_count(), len(reader.schedules("", 10))) == (4, 4)
