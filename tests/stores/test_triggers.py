"""Triggers in every store: a change holds if nothing was faster, and events are counted in the commit of their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.rows import NOW, new_job
from support.schedule_model import commit

from taskbahn_router.core.triggers import REFUSED, TriggerChange, Triggered, job_of_event
from taskbahn_router.core.unique_keys import NewKey

if TYPE_CHECKING:
    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.stores.contract import Store

SPEC = '{"kind":"topic","topic":"a.b","call":{"task":"a.task"}}'


def change(id: str = "t", version: int = 0, **more: Any) -> TriggerChange:
    before = TriggerChange(id, "topic", None, SPEC, None, version, None, "ada", NOW)
    return before._replace(**more)


def row(store: Store, id: str = "t") -> TriggerRow:
    found = store.reader().trigger(id)
    assert found is not None
    return found


def test_a_change_holds_if_nothing_was_faster(store: Store) -> None:
    assert commit(store, triggers=[change(), change("u", kind="hook")]).triggers == [True, True]
    assert commit(store, triggers=[change(), change(version=1, pause="{}"), change(version=1)]).triggers == [False, True, False]
    found = row(store)
    assert (found.version, found.pause, found.kind, row(store, "u").kind) == (2, "{}", "topic", "hook")
    assert [one.id for one in store.reader().triggers("", 10)] == ["t", "u"]
    assert [one.id for one in store.reader().triggers("t", 10)] == ["u"]
    assert commit(store, dropped_triggers=[("t", 1), ("t", 2), ("t", 2)]).triggers == [False, True, False]
    assert store.reader().trigger("t") is None


def test_the_commit_of_its_jobs_counts_an_event(store: Store) -> None:
    commit(store, triggers=[change(), change("u")])
    first, second = new_job(1, id=job_of_event("t", "e1")), new_job(2, id=job_of_event("t", "e2"))
    noted = [
        Triggered("t", NOW, (1,), first.id),
        Triggered("t", NOW + 1, (2,), second.id),
        Triggered("gone", NOW, (), None, 1, "{}"),
    ]
    commit(store, [first], new=[second], triggered=noted)
    found = row(store)
    assert (found.started, found.last_at, found.last_job, found.trouble) == (2, NOW + 1, second.id, None)
    assert row(store, "u").started == 0


def test_an_event_that_comes_again_counts_once(store: Store) -> None:
    commit(store, triggers=[change()])
    id = job_of_event("t", "e1")
    commit(store, [new_job(1, id=id)], triggered=[Triggered("t", NOW, (1,), id)])
    for number, more in enumerate(({}, {"new": [new_job(3, id=id)]}), 2):
        entries = [[new_job(2, id=id)]] if number == 2 else []
        result = commit(store, *entries, triggered=[Triggered("t", NOW + 1, (number,), id)], **more)
        assert (result.duplicates, row(store).started, row(store).last_at) == ({number}, 1, NOW)


def test_an_event_that_starts_nothing_is_trouble_until_one_does(store: Store) -> None:
    commit(store, triggers=[change()])
    commit(
        store, triggered=[Triggered("t", NOW, error='{"message":"no"}'), Triggered("t", NOW, lost=3, error='{"message":"full"}')]
    )
    assert (row(store).started, row(store).lost, row(store).trouble) == (0, 3, '{"message":"full"}')
    assert [one.id for one in store.reader().troubled_triggers(10)] == ["t"]
    job = new_job(1)
    commit(store, [job], triggered=[Triggered("t", NOW, (1,), job.id)])
    assert (row(store).started, row(store).lost, row(store).trouble) == (1, 3, None)
    assert store.reader().troubled_triggers(10) == []


def test_a_job_that_a_rule_refuses_is_trouble(store: Store) -> None:
    commit(store, triggers=[change()])
    for seq in (1, 2):
        new = new_job(seq)
        commit(store, [new], unique=[NewKey(seq, "k", "active", "refuse")], triggered=[Triggered("t", NOW, (seq,), new.id)])
    assert (store.reader().job(new_job(2).id), row(store).started, row(store).trouble) == (None, 1, REFUSED)


def test_a_change_of_what_it_says_ends_its_trouble(store: Store) -> None:
    commit(store, triggers=[change()])
    commit(store, triggered=[Triggered("t", NOW, error="{}")])
    commit(store, triggers=[change(version=1, pause="{}")])
    assert row(store).trouble == "{}"
    commit(store, triggers=[change(version=2, changed=SPEC.replace("a.b", "a.c"))])
    assert row(store).trouble is None
