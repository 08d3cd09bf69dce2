"""The audit in every store: an entry comes with the change that it describes, stays as it is, and is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.rows import NOW, new_job
from support.schedule_model import commit

from taskbahn.errors import StoreUnavailable
from taskbahn_router.core.audit import Act, ActParts, AuditRow, Origin, Part
from taskbahn_router.core.ids import id_text
from taskbahn_router.stores import auditing
from taskbahn_router.stores.auditing import AuditFilter, DropAudit
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import CancelJob, RetryJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.stores.contract import Store

ADA = Origin("ada", "operator", "10.0.0.7", "websocket, tls")


def cancel_of(*ids: bytes, **more: Any) -> tuple[list[CancelJob], ActParts]:
    act = Act("job", "cancel", "cancelled", ADA, 7, id_text(ids[0]) if len(ids) == 1 else "", **more)
    return [CancelJob(id, NOW, NOW + 60, "{}") for id in ids], ActParts(
        act, tuple(Part("answers", number, id) for number, id in enumerate(ids))
    )


def entry(number: int = 0, **more: Any) -> AuditRow:
    row = Act("queue", "pause", "paused", ADA, 7, f"q{number}").row("paused", 1, at=NOW + number)
    return row._replace(**more)


def found(store: Store, **wanted: Any) -> list[AuditRow]:
    return [row for _, row in store.reader().audit(AuditFilter(**wanted)).rows]


def test_a_cancel_and_its_entry_are_one_commit(store: Store) -> None:
    first = new_job(1)
    commit(store, [first])
    cancels, act = cancel_of(first.id, name="Ada", reason="wrong bucket")
    result = commit(store, cancels=cancels, acts=[act])
    [row] = found(store)
    assert row == AuditRow(
        NOW, "ada", "operator", "Ada", "cancel", "job", id_text(first.id), "10.0.0.7", 7, "websocket, tls", "wrong bucket", "",
        "cancelled", 1,
    )._replace(at=row.at)  # fmt: skip
    assert result.audited == [(1, row)]


def test_what_changes_nothing_is_no_entry_of_the_commit(store: Store) -> None:
    first = new_job(1)
    commit(store, [first])
    cancels, act = cancel_of(first.id)
    commit(store, cancels=cancels)
    assert commit(store, cancels=cancels, acts=[act]).audited == [None]
    assert found(store) == []


def test_many_jobs_are_one_entry_that_each_of_them_finds(store: Store) -> None:
    jobs = [new_job(seq) for seq in range(1, 6)]
    commit(store, jobs)
    commit(store, cancels=cancel_of(jobs[0].id)[0])
    cancels, act = cancel_of(*(job.id for job in jobs[:4]), b"\0" * 16, query="task:a.task")
    commit(store, cancels=cancels, acts=[act])
    [row] = found(store)
    assert (row.effect, row.changed, row.object, row.query) == (
        "3 jobs cancelled; unchanged: 1 cancelled, 1 unknown", 3, "", "task:a.task",
    )  # fmt: skip
    assert [len(found(store, job=job.id)) for job in jobs] == [0, 1, 1, 1, 0]


def test_two_acts_in_one_commit_have_one_entry_each(store: Store) -> None:
    job, other = new_job(1), new_job(2)
    commit(store, [job, other])
    cancels, act = cancel_of(job.id)
    retry = ActParts(Act("job", "retry", "retried", ADA, 8, id_text(job.id)), (Part("answers", 1, job.id),))
    commit(store, cancels=cancels, retries=[RetryJob(job.id)], acts=[act, retry])
    assert [(row.verb, row.session) for row in found(store, job=job.id)] == [("retry", 8), ("cancel", 7)]


def test_a_refused_commit_leaves_neither_change_nor_entry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    job = new_job(1)
    commit(store, [job])
    cancels, act = cancel_of(job.id)
    broken = entry()._replace(effect=object())  # type: ignore[arg-type]
    with monkeypatch.context() as patched:
        patched.setattr(type(store), "commit", _raising(type(store).commit))
        with pytest.raises(StoreUnavailable):
            store.commit(CommitBatch(cancels=cancels, acts=[act], audit=[broken]))
    assert found(store) == []
    row = store.reader().job(job.id)
    assert row is not None
    assert row.state == "ready"
    commit(store, cancels=cancels, acts=[act])
    assert [row.effect for row in found(store)] == ["cancelled"]


def _raising(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a commit that fails where it writes the last entry."""

    def commit(self: Any, batch: CommitBatch) -> Any:
        def fail(*_: Any) -> Any:
            raise StoreUnavailable("no room")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("taskbahn_router.stores.sqlite.auditing.write_entry", fail)
            patched.setattr("taskbahn_router.stores.memory.tables.Tables.put", _failing_put)
            return real(self, batch)

    return commit


def _failing_put(tables: Any, table: dict[Any, Any], key: Any, value: Any) -> None:
    if table is tables.audit:
        raise ValueError("no room")
    tables.drop(table, key)
    table[key] = value
    tables.undo.append(lambda: table.pop(key))


def test_entries_are_found_by_what_they_say(store: Store) -> None:
    rows = [
        entry(0),
        entry(1, name="Grace Hopper", authid="XXXX"),
        entry(2, verb="resume", reason="The DISK is well again"),
        entry(3, kind="task", object="a.task"),
    ]
    commit(store, audit=rows)
    assert found(store) == rows[::-1]
    assert found(store, who="ada", limit=2) == [rows[3], rows[2]]
    assert found(store, who="grace *") == []
    assert found(store, who="Grace*") == [rows[1]]
    assert found(store, verb="resume") == [rows[2]]
    assert found(store, kind="task", object="a.task") == [rows[3]]
    assert found(store, kind="queue", object="a.task") == []
    assert found(store, text="disk IS") == [rows[2]]
    assert found(store, since=NOW + 1, until=NOW + 3) == [rows[2], rows[1]]


def test_pages_lead_to_all_entries_though_each_looks_at_few(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "MOST_LISTS", 2)
    job = new_job(1)
    rows = [entry(number, jobs=job.id if number % 3 == 0 else b"\1" * 16, object="") for number in range(12)]
    rows += [entry(12, kind="job", object=id_text(job.id)), entry(13)]
    commit(store, audit=rows)
    reader = store.reader()
    for wanted, about in (
        (AuditFilter(limit=3, most=5), rows),
        (AuditFilter(limit=2, most=3, text="q1"), []),
        (AuditFilter(limit=2, job=job.id), [row for row in rows if row.jobs == job.id or row.kind == "job"]),
    ):
        seen: list[AuditRow] = []
        before: int | None = wanted.before
        while before is not None:
            page = reader.audit(wanted._replace(before=before))
            seen += [row for _, row in page.rows]
            assert page.next is None or page.next < before
            before = page.next
        assert seen == about[::-1] or wanted.text


def test_old_entries_go_in_small_steps_and_no_id_comes_again(store: Store) -> None:
    commit(store, audit=[entry(number) for number in range(5)])
    dropped = [commit(store, drop_audit=DropAudit(NOW + 3, 2)).dropped_audit for _ in range(3)]
    assert dropped == [2, 1, 0]
    assert [row.object for row in found(store)] == ["q4", "q3"]
    commit(store, drop_audit=DropAudit(NOW + 99, 9))
    assert commit(store, audit=[entry()]).audited[0] == (6, entry())


def test_a_retry_of_a_changed_row_leaves_no_entry(store: Store) -> None:
    act = ActParts(Act("schedule", "pause", "paused", ADA, 7, "s"), (Part("triggers", 0),))
    assert commit(store, dropped_triggers=[("none", 1)], acts=[act]).audited == [None]
