"""Data of the first release becomes what a new store has: step by step, and from where an interruption left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support import old_store
from support.rows import NOW, claim, finish, new_job, seqs
from support.storing import QuickStore

from taskbahn.protocol.states import State
from taskbahn_router.core.alarms import AlarmChange
from taskbahn_router.core.firings import Alarm
from taskbahn_router.core.rows import Room
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch, Filter, StoreUnusable
from taskbahn_router.stores.rows import Claim
from taskbahn_router.stores.sqlite import SqliteStore, progress
from taskbahn_router.stores.sqlite.statements import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from support.releases import Release

SCHEDULES = 15  # the schema that has schedules without alarms
KEYS = '[["g",1]]'
LIMITS = {"g": limit_from({"kind": "concurrency", "name": "g", "limit": 1})}


def schema_of(path: Path) -> tuple[int, set[tuple[str, str]]]:
    """Return the version, and each table and index without the layout of its text."""
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        named = [row for (row,) in connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")]
        return version, {(name, str(connection.execute(f"PRAGMA index_xinfo({name})").fetchall())) for name in named}


def test_data_of_the_first_release_goes_on_with_limits(tmp_path: Path, old_release: Release) -> None:
    old_store.make(tmp_path, old_release, 4, (State.READY, State.READY, State.RUNNING, State.WAITING))
    store = QuickStore(tmp_path)
    start = store.open()
    assert (start.ready, start.ruled, start.holding) == ({1: 2}, [], [])
    assert seqs(claim(store, 1, limit=1)) == [1]
    new = [new_job(5, keys=KEYS), new_job(6, keys=KEYS)]
    store.commit(CommitBatch(new=new, finishes=[finish(3)], rules=Promises(NOW, LIMITS)))
    rules = Promises(NOW, LIMITS, [Room("w", frozenset({1}), 9)])
    assert seqs(store.commit(CommitBatch(claims=[Claim("w", (1,), 9, NOW)], rules=rules)).claimed[0]) == [2, 5]
    assert seqs(store.reader().jobs(Filter(states=("ready",))).rows) == [6]
    store.close()


def test_schedules_without_alarms_go_on_and_get_some(tmp_path: Path) -> None:
    path = tmp_path / "taskbahn.db"
    with closing(sqlite3.connect(path)) as old:
        for script in MIGRATIONS[:SCHEDULES]:
            old.executescript(script)
        old.execute(f"PRAGMA user_version = {SCHEDULES}")
        row = ("s", "{}", 1, NOW, NOW, NOW, 3, 7)
        old.execute(
            "INSERT INTO schedule (id, changed, version, due_at, next_at, changed_at, fired, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        old.execute("INSERT INTO firing VALUES ('s', 7, ?, ?, 'missed', NULL, NULL, 1, NULL)", (NOW - 1, NOW))
        old.commit()
    store = QuickStore(tmp_path)
    store.open()
    alarm = Alarm(NOW, NOW + 9)
    assert store.commit(CommitBatch(alarms=[AlarmChange("s", 1, Alarm(), alarm)])).alarms == [True]
    reader = store.reader()
    (kept,) = reader.schedules("", 9)
    assert (kept.version, kept.due_at, kept.fired, kept.number, kept.alarm) == (1, NOW, 3, 7, alarm)
    assert [(entry.number, entry.outcome) for entry, _ in reader.firings("s", 99, 9)] == [(7, "missed")]
    assert (reader.next_firing(0), reader.next_alarm()) == (NOW, NOW + 9)
    reader.close()
    store.close()


def test_a_long_migration_says_at_which_step_it_is(tmp_path: Path, old_release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SAID_SECONDS", 0.0)
    monkeypatch.setattr(progress, "STEPS_BETWEEN_LOOKS", 1)
    path = old_store.make(tmp_path, old_release, 4)
    said: list[str] = []
    store = SqliteStore(tmp_path, said.append)
    store.open()
    store.close()
    steps = len(MIGRATIONS) - len(old_release.migrations)
    begins = [
        f"the data in {path} is brought up to schema {len(MIGRATIONS)}, step {step} of {steps}; " for step in range(1, steps + 1)
    ]
    assert list(dict.fromkeys(next(begin for begin in begins if line.startswith(begin)) for line in said)) == begins


def test_a_migration_goes_on_where_it_was_interrupted(
    tmp_path: Path, old_release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SAID_SECONDS", 0.0)
    monkeypatch.setattr(progress, "STEPS_BETWEEN_LOOKS", 50)
    path = old_store.make(tmp_path, old_release, 100)
    seen = [len(old_release.migrations)]
    while seen[-1] < len(MIGRATIONS) - 1:
        step: list[str] = []

        def stop_in_the_second_step(line: str, step: list[str] = step) -> None:
            step.append(line.partition(";")[0])
            if step[-1] != step[0]:
                raise KeyboardInterrupt

        with pytest.raises(StoreUnusable, match="interrupted"):
            SqliteStore(tmp_path, stop_in_the_second_step).open()
        seen.append(schema_of(path)[0])
    assert seen == list(range(seen[0], len(MIGRATIONS)))
    store = SqliteStore(tmp_path)
    assert store.open().counts == {"ready": 50, "succeeded": 25, "waiting": 25}
    store.close()
    (tmp_path / "new").mkdir()
    new = SqliteStore(tmp_path / "new")
    new.open()
    new.close()
    assert schema_of(path) == schema_of(new.path)
