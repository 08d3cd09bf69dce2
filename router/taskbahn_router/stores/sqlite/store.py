"""The writing half: `SqliteStore` opens, migrates and commits. Reading is in `reader.py`."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from taskbahn.installing import upgraded_by
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event, IllegalMove
from taskbahn_router.core.reactions import IS_SUSPENDED, IS_UNSEALED, retried
from taskbahn_router.core.suspensions import SUSPENSIONS
from taskbahn_router.host.file_lock import Held, Lock
from taskbahn_router.stores.contract import CommitBatch, CommitResult, StartState, StoreLocked, StoreUnavailable, StoreUnusable
from taskbahn_router.stores.guards import FINISH, GUARDS, INSERT, REQUEUE
from taskbahn_router.stores.rows import Answer, Claim, Claimed, Moved, NewJob, PartitionRow, Sweep
from taskbahn_router.stores.sqlite.auditing import keep_audit
from taskbahn_router.stores.sqlite.deleting import prune
from taskbahn_router.stores.sqlite.errors import LOCKED, StoreInUse, code_of, refusal, remedy, unreadable
from taskbahn_router.stores.sqlite.holding import HoldingPart
from taskbahn_router.stores.sqlite.kept import change_kept
from taskbahn_router.stores.sqlite.log import has_rows, lengthen_log
from taskbahn_router.stores.sqlite.overdue import sweep_overdue
from taskbahn_router.stores.sqlite.progress import progress_said
from taskbahn_router.stores.sqlite.reacting import Links, ReactingPart
from taskbahn_router.stores.sqlite.reader import SqliteReader
from taskbahn_router.stores.sqlite.ruled import RuledPart, moved_by
from taskbahn_router.stores.sqlite.scheduling import admit
from taskbahn_router.stores.sqlite.start import next_sweep, start_state
from taskbahn_router.stores.sqlite.statements import MIGRATIONS, SQL, bound, many
from taskbahn_router.stores.sqlite.suspending import SuspendingPart
from taskbahn_router.stores.sqlite.uncounted import count_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CACHE_KIB = 16 * 1024
CHECKPOINT_PAGES = 2_000  # pages of the write-ahead log, 8 MiB, after which SQLite moves them into the database
LOCK_SECONDS = 5.0  # seconds that `open` waits for another program that holds the data
STEPS = tuple(1000 >> halvings for halvings in range(10))  # rows in one step of a statement; large batches come in thousands
# statement: the guard of its rows, and the column of their state
STATE_COLUMN = {"insert_job": (INSERT, 3), "insert_flagged_job": (INSERT, 3), "finish": (FINISH, 0), "requeue": (REQUEUE, 0)}


def connect(path: Path) -> sqlite3.Connection:
    """Open the file with the settings that every connection of the store has."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {round(LOCK_SECONDS * 1000)}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class SqliteStore:
    """Keeps everything in `<folder>/taskbahn.db`; durable against a power cut (`synchronous=FULL`, Source: sqlite.org/pragma.html)."""

    def __init__(self, folder: Path, say: Callable[[str], object] = lambda _: None) -> None:
        self.path = folder / "taskbahn.db"
        self._say = say  # takes a sentence on how far a long migration is, on the thread that opens
        self._connection: sqlite3.Connection | None = None
        self._lock = Lock(self.path.with_suffix(".lock"))
        self._was_refused = False
        self._prepared: _Transaction | None = None
        self._links: Links | None = None

    def open(self) -> StartState:
        """Open or create, migrate, and return what it found.  Raises StoreUnusable."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # all that jobs say is in it
            if not os.access(self.path.parent, os.W_OK):
                raise PermissionError(f"no write permission for {self.path.parent}")
            self._keep_others_out()
            was_killed = has_rows(self.path)
            self._connection = connect(self.path)
            mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise sqlite3.OperationalError(f"this file system does not allow SQLite's WAL mode (it answered {mode!r})")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA ignore_check_constraints = ON")  # see `_many`
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            self._migrate(self._connection)
            self._lengthen_log(self._connection)
            if was_killed:
                count_rest(self._connection)
            start = start_state(self._connection)
            # the dispatcher also commits on the event loop, which must not wait
            self._connection.execute("PRAGMA busy_timeout = 0")
        except (OSError, sqlite3.Error, StoreUnusable) as error:
            self.close()
            if isinstance(error, StoreUnusable):
                raise
            cure = remedy(error, self.path) or "give one that this user may write to with --data"
            raise StoreUnusable(f"the data directory {self.path.parent} cannot be used: {error}; {cure}") from error
        return start

    def commit(self, batch: CommitBatch) -> CommitResult:
        """Apply a batch in one transaction.  Raises StoreUnavailable: nothing was changed, safe to call again."""
        if self._connection is None:
            raise StoreUnavailable("the store is closed")
        try:
            result = self._transaction(self._connection, batch).apply(batch)
            if batch.acts or batch.audit or batch.drop_audit:
                keep_audit(self._connection, batch, result)
            if self._was_refused:
                # SQLite writes a page even for an unchanged value, so this finds out whether the disk is well again
                self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._was_refused = True
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, IllegalMove):
                raise StoreUnavailable(f"the store refused a commit ({error}); nothing was changed, try again") from error
            if not isinstance(error, sqlite3.Error):
                raise
            kind = StoreLocked if code_of(error) in LOCKED else StoreUnavailable
            raise kind(refusal(error, self.path)) from error
        self._was_refused = False
        return result

    def prepare(self, batch: CommitBatch) -> None:
        """Begin the transaction with the new jobs: while a worker is busy with one, there is time for a third of its commit."""
        if self._connection is None or self._was_refused:
            return
        try:
            transaction = self._transaction(self._connection, batch)
            transaction.prepare(batch)
            self._prepared = transaction
        except (sqlite3.Error, IllegalMove):  # the commit meets the same error and raises it
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _transaction(self, connection: sqlite3.Connection, batch: CommitBatch) -> _Transaction:
        """Return the transaction that was prepared for a batch, or begin one."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            if prepared.begins(batch):
                return prepared
            connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        if self._links is None:
            self._links = Links.read(connection)
        return _Transaction(connection, self._links)

    def knows(self, id: bytes) -> bool:
        """Return whether there is a job of that id.  Raises StoreUnavailable."""
        if self._connection is None:
            raise StoreUnavailable("the store is closed")
        try:
            return self._connection.execute(SQL["known"], (id,)).fetchone() is not None
        except sqlite3.Error as error:
            raise StoreUnavailable(unreadable(error, self.path)) from error

    def reader(self) -> SqliteReader:
        """Return a new reader with a connection of its own."""
        return SqliteReader(connect(self.path), self.path)

    def close(self) -> None:
        """Let go of the file; safe twice."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a reader may keep the log there, but empty
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = self._links = None
        self._lock.release()

    def _keep_others_out(self) -> None:
        """Hold a lock on a file beside the data for as long as this process lives: two dispatchers would start every job twice."""
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return self._lock.take()
            except Held as error:  # the holder may be a node that is just stopping
                if time.monotonic() > until:
                    who = f" (process {error.holder.pid})" if error.holder.pid else ""
                    raise StoreInUse(
                        f"the data in {self.path.parent} is in use by another router{who}: stop it, or give another directory with --data"
                    ) from None
                time.sleep(0.05)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if (version := connection.execute("PRAGMA user_version").fetchone()[0]) > len(MIGRATIONS):
            raise StoreUnusable(
                f"the data in {self.path} belongs to a newer version of Taskbahn (schema {version}, this one knows {len(MIGRATIONS)}): "
                f"upgrade with {upgraded_by('router')}, or give another directory with --data"
            )
        with progress_said(connection, self._say) as progress:
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                step = f"step {number - version} of {len(MIGRATIONS) - version}"
                progress.sentence = f"the data in {self.path} is brought up to schema {len(MIGRATIONS)}, {step}"
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")

    def _lengthen_log(self, connection: sqlite3.Connection) -> None:
        lengthen_log(connection, self.path, CHECKPOINT_PAGES)


class _Transaction:
    """One batch on its way into an open transaction."""

    def __init__(self, connection: sqlite3.Connection, links: Links) -> None:
        self.execute = connection.execute
        self._links = links
        self.connection = connection
        self.result = CommitResult()
        self._reacting = ReactingPart(connection, self._many, self.result, links)
        self._suspending = SuspendingPart(connection, self._many, self._reacting.named, links, self._reacting)
        self._holding = HoldingPart(connection, self.result, links, self._move)
        self._partitions: list[PartitionRow] = []  # what `prepare` has inserted; `_new` likewise
        self._new: list[NewJob] = []

    def begins(self, batch: CommitBatch) -> bool:
        """Return whether a batch begins with what was prepared."""
        return batch.partitions[: len(self._partitions)] == self._partitions and batch.new[: len(self._new)] == self._new

    def prepare(self, batch: CommitBatch) -> None:
        self._many("insert_line", batch.partitions[len(self._partitions) :])
        self._partitions = list(batch.partitions)
        new = batch.new[len(self._new) :]
        if new:
            self._insert(new)
        self._new = list(batch.new)

    def apply(self, batch: CommitBatch) -> CommitResult:
        self.prepare(batch)
        self._write_names(batch)
        self._write_reported(batch)
        asked = [self._ask(cancel.id, Event.CANCEL, cancel.now, cancel.delete_at, cancel.error) for cancel in batch.cancels]
        self.result.answers = [
            *asked,
            *(self._ask(retry.id, None, batch.now()) for retry in batch.retries),
            *(self._reacting.skip(skip.id) for skip in batch.skips),
        ]
        self._sweep(batch)
        self._holding.apply(batch)
        self._write_maintenance(batch)
        ruled = RuledPart(self.connection, self._many, self.result, batch.rules, self._links) if batch.rules is not None else None
        batch = admit(self.connection, ruled, batch, self.result)
        for suspension in batch.suspensions:
            if (ended := self._suspending.suspend(suspension, batch.now())) is not None:
                self.result.look_at.append(ended)
        units = self._react(batch)
        self._reacting.uncount()
        self._holding.answer()
        if ruled is not None:
            self._rule(batch, ruled, units)
        if batch.rules is None or not batch.rules.rooms:
            self.result.claimed = [self._claim(claim) for claim in batch.claims]
        else:
            self.result.claimed = list(map(self._reacting.with_inputs, self.result.claimed))
        return self.result

    def _write_names(self, batch: CommitBatch) -> None:
        if batch.forgotten_tasks:
            self.execute(SQL["delete_tasks"], (messages.to_json(batch.forgotten_tasks),))
        self._many("upsert_task", batch.tasks)
        if batch.forgotten_limits:
            self.execute(SQL["delete_limits"], (messages.to_json(batch.forgotten_limits),))
        self._many("upsert_limit", batch.limits)

    def _write_reported(self, batch: CommitBatch) -> None:
        """Write what workers reported."""
        self._many("finish", batch.finishes)
        self._many("requeue", batch.requeues)
        self._many("insert_attempt", batch.attempts)
        self._many("insert_event", batch.events)
        self._many("snapshot", batch.snapshots)
        if batch.notes:
            self._suspending.keep(batch.notes, batch.now())
        if batch.asked:
            self._suspending.ask(batch.asked)
        self.result.told = [self._suspending.tell(told, batch.now()) for told in batch.told]

    def _write_maintenance(self, batch: CommitBatch) -> None:
        if batch.prune is not None:
            prune(self.execute, batch.prune, self._reacting.prunable, self.result)
        if batch.vacated:
            self.execute(SQL["delete_lines"], (messages.to_json(batch.vacated),))
        change_kept(self.connection, batch, self.result)
        self._many("insert_minute", batch.minutes)
        if batch.drop_minutes is not None:
            self.execute(SQL["drop_minutes"], batch.drop_minutes)

    def _react(self, batch: CommitBatch) -> int:
        """Let what moved have its consequences; return how much work that was."""
        reacted = self._reacting.apply(batch, batch.reactions) if batch.reactions is not None else None
        if reacted is not None or batch.notes or batch.suspensions or batch.told or batch.retries:
            self.result.next_sweep = next_sweep(self.connection, has_pauses=self._links.pauses)
        return reacted.units if reacted is not None else 0

    def _rule(self, batch: CommitBatch, ruled: RuledPart, units: int) -> None:
        expired = ruled.decide(batch, units)
        if expired:
            rows = self.execute(SQL["jobs_to_move"], (messages.to_json(expired),)).fetchall()
            jobs = [moved_by(Event.EXPIRE, row) for row in rows]
            self._move(Event.EXPIRE, jobs, ruled.rules.now, ruled.rules.now + ruled.rules.keep, messages.to_json(expired))
            if batch.reactions is not None:
                self._reacting.apply_later(expired, batch.reactions)
        ruled.read_next_wake()

    def _many(self, name: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Run a statement for many rows, in steps of a few fixed sizes; return how many rows it changed.

        The guard checks all rows at once. The table's CHECK would take 1 µs for each row, three times in a job's life.
        """
        if name in STATE_COLUMN:
            guard, column = STATE_COLUMN[name]
            GUARDS[guard].check(guard, {row[column] for row in rows})
        done = changed = 0
        while done < len(rows):
            size = next(size for size in STEPS if size <= len(rows) - done)
            part = rows[done : done + size]
            empty, values = bound(part)
            changed += self.execute(many(name, size, len(part[0]), empty), values).rowcount
            done += size
        return changed

    def _insert(self, new: list[NewJob]) -> None:
        if self._links.aliases:
            new = self._without_aliases(new)
        inserted = self._many("insert_job", new)
        if inserted == len(new):
            return
        for job in new:
            row = self.execute(SQL["job_seq"], (job.id,)).fetchone()
            if row[0] != job.seq:
                self.result.duplicates.add(job.seq)

    def _without_aliases(self, new: list[NewJob]) -> list[NewJob]:
        """Return those of new jobs whose ids mean no other job."""
        found = {job.seq: row[1] for job in new if (row := self.execute(SQL["alias"], (job.id,)).fetchone()) is not None}
        self.result.duplicates.update(found)
        self.result.aliases.update(found)
        return [job for job in new if job.seq not in found]

    def _ask(self, id: bytes, event: Event | None, *values: object) -> Answer | None:
        """Move a job because a client asked for it; None: by a retry by hand."""
        row = self.execute(SQL["find_job"], (id,)).fetchone()
        if row is None:
            return None
        row, (pending, flags) = row[:-2], row[-2:]
        may_be = event is not None or not flags & IS_UNSEALED
        event = event or retried(pending, flags)
        if row[3] not in GUARDS[event].sources or not may_be:
            return Answer(State(row[3]), is_moved=False)
        moved = moved_by(event, row)
        if moved.before.is_final:
            self._reacting.note_end(moved.seq)
        self._move(event, [moved], *values, moved.seq)
        if event is Event.RETRY_BY_HAND and flags & IS_SUSPENDED:
            self.execute(SQL["uncount_suspension"], (moved.seq, SUSPENSIONS))
        return Answer(moved.after, is_moved=True)

    def _move(self, event: Event, jobs: list[Moved], *values: object) -> None:
        """Move jobs by the statement of an event, and add them to the result; raises `IllegalMove` unless it moved all of them."""
        GUARDS[event].check_count(event, self.execute(SQL[event], values).rowcount, len(jobs))
        self.result.moved += jobs

    def _sweep(self, batch: CommitBatch) -> None:
        sweep = batch.sweep
        if sweep is None:
            return
        self._sweep_each(Event.EXPIRE, "expired_jobs", sweep, sweep.now, sweep.now + sweep.delete_after)
        sweep_overdue(self.connection, sweep, self.result)
        self._sweep_each(Event.DUE, "due_jobs", sweep)
        self._holding.end(sweep.now, sweep.limit)
        self.result.next_sweep = next_sweep(self.connection, has_pauses=self._links.pauses)

    def _sweep_each(self, event: Event, found: str, sweep: Sweep, *values: object) -> None:
        rows = self.execute(SQL[found], (sweep.now, sweep.limit)).fetchall()
        if rows:
            jobs = [moved_by(event, row) for row in rows]
            self._move(event, jobs, *values, messages.to_json([job.seq for job in jobs]))

    def _claim(self, claim: Claim) -> list[Claimed]:
        rows: list[Claimed] = []
        for partition in claim.partitions:
            text = self.execute(SQL["claim"], (partition, claim.now, claim.limit)).fetchone()[0]
            rows += [Claimed(seq, bytes.fromhex(id), *rest) for seq, id, *rest in messages.from_json(text)]
        if len(claim.partitions) > 1:
            rows.sort(key=lambda job: (-job.priority, job.seq))
            del rows[claim.limit :]
        if rows:
            started = self.execute(SQL["start"], (claim.now, claim.worker, messages.to_json([job.seq for job in rows]))).rowcount
            GUARDS[Event.START].check_count(Event.START, started, len(rows))
        return self._reacting.with_inputs(rows)
