"""How the SQLite store has a batch ruled: it reads what the rules need, a statement for each kind of row, and writes what they decide."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import FlaggedJob
from taskbahn_router.core.rows import NO_PLACE, Gate, Head, Holder, Lane, Permit, ReadyJob, Rows, Touched, quoted
from taskbahn_router.core.unique_keys import KeyHolder, KeyRow
from taskbahn_router.stores.driving import admitted_of, aliased, applicants, drive
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.rows import Claimed, Moved
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from taskbahn_router.core.rows import Admitted, Need, Rules, Ruling, Start
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.rows import NewJob
    from taskbahn_router.stores.sqlite.reacting import Links

    Many = Callable[[str, Sequence[tuple[object, ...]]], int]


class RuledPart:
    """The part of one transaction that rules decide. *many* runs a statement for many rows."""

    def __init__(
        self, connection: sqlite3.Connection, many: Many, result: CommitResult, rules: Rules, links: Links
    ) -> None:  # fmt: skip
        self.rules = rules
        self._links = links
        self._connection = connection
        self._many = many
        self._result = result
        self._admitted: list[NewJob] = []
        self._permits: list[Permit] | None = None  # of attempts that ended, if they were read

    def admit(self, batch: CommitBatch) -> None:
        """Have the rules admit submissions, and store what they admit."""
        for name in self.rules.counted:
            for statement in ("forget_lane_keys", "find_lane_keys"):
                self._connection.execute(SQL[statement], (name,))
        if not batch.submissions:
            return
        touched = self._touched(batch)
        self._permits = touched.ended
        known = self._known(batch)
        admitted = drive(self.rules.admit(applicants(batch, known), touched), self._answer)
        result = self._result
        result.admitted = admitted
        result.duplicates |= admitted.duplicates
        result.aliases.update(aliased(batch.submissions, admitted))
        self._admitted = list(admitted_of(batch.submissions, admitted))
        self._insert(self._admitted, admitted)
        if admitted.cancelled:
            self.cancel(admitted.cancelled)

    def _insert(self, new: list[NewJob], admitted: Admitted) -> None:
        flags = {seq: flags for seq, flags in admitted.flags.items() if flags or seq in admitted.trees}
        self._many("insert_job", [job for job in new if job.seq not in flags])
        if flags:
            trees, pending = admitted.trees, admitted.pending
            flagged = [
                (*job, flags.pop(job.seq), pending.get(job.seq, 0), *trees.get(job.seq, NO_PLACE))
                for job in new
                if job.seq in flags
            ]
            self._many("insert_flagged_job", flagged)
            self._many("flag_jobs", [(flag, seq) for seq, flag in flags.items()])
            self._many("insert_edge", admitted.edges)
            for seq in admitted.joined:
                self._connection.execute(SQL["join_group"], (seq,))
            for seq in admitted.sealed:
                self._connection.execute(SQL["seal_flow"], (seq,))
            self._links.edges = self._links.edges or bool(admitted.edges or trees)
            self._many("upsert_unique", list({row.key: row for row in admitted.keys}.values()))
        self._links.aliases = self._links.aliases or bool(admitted.aliases)
        self._many("insert_alias", [alias[:2] for alias in admitted.aliases.values()])

    def _known(self, batch: CommitBatch) -> set[bytes]:
        """Return the ids in submissions that the store has, or that mean another job; the result says which."""
        execute, known = self._connection.execute, set()
        for job in chain.from_iterable(batch.submissions):
            if execute(SQL["job_seq"], (job.id,)).fetchone() is not None:
                known.add(job.id)
            elif self._links.aliases and (row := execute(SQL["alias"], (job.id,)).fetchone()) is not None:
                known.add(job.id)
                self._result.aliases[job.seq] = row[1]
        return known

    def decide(self, batch: CommitBatch, units: int) -> list[int]:
        """Have the rules decide and write it; return the seqs of jobs that came up for a start after their time.

        units: of work that was done before.
        """
        touched = self._touched(batch)
        touched.units = units
        ruling = drive(self.rules.run(touched), self._answer)
        self._write(ruling)
        result = self._result
        result.claimed = self._start(ruling.starts, batch, self.rules.now) if self.rules.rooms else []
        result.more, result.purge_after = result.more or ruling.more, ruling.purge_after
        result.ruled = {lane.partition for lane in ruling.lanes}
        return ruling.expired

    def read_next_wake(self) -> None:
        """Put into the result when the rules are to be asked again."""
        row = self._connection.execute(SQL["next_wake"]).fetchone()
        self._result.next_wake_us = row[0] if row else None

    def cancel(self, reasons: Mapping[int, str]) -> None:
        """Cancel jobs, each for its reason."""
        rules, seqs = self.rules, messages.to_json(list(reasons))
        moved = [moved_by(Event.CANCEL, row) for row in self._connection.execute(SQL["jobs_to_move"], (seqs,)).fetchall()]
        self._connection.execute(SQL["insert_ended_by_rules"], (rules.now, seqs))
        rows = [(rules.now, rules.now + rules.keep, messages.to_json({"message": why}), seq) for seq, why in reasons.items()]
        GUARDS[Event.CANCEL].check_count(Event.CANCEL, self._connection.executemany(SQL[Event.CANCEL], rows).rowcount, len(rows))
        self._result.moved += moved

    def _touched(self, batch: CommitBatch) -> Touched:
        """Return what the moves touched, from the rows as they are now: only a new job that nothing moved is as the batch has it."""
        hung, result = self.rules.hung, self._result
        moved = {row.seq for row in batch.requeues}.union(move.seq for move in result.moved)
        as_new = moved | result.duplicates
        touched = Touched()
        for job in batch.new:
            if (job.keys is not None or job.partition in hung) and job.state == State.READY and job.seq not in as_new:
                touched.ready.append(ReadyJob(job.seq, job.partition, job.keys or "", job.priority))
        moved.update(job.seq for job in self._admitted if job.keys is not None or job.partition in hung)
        if moved:
            for seq, partition, keys, priority, state in self._parsed(
                "touched_jobs", *map(messages.to_json, (list(moved), list(hung)))
            ):
                if state == State.READY:
                    touched.ready.append(ReadyJob(seq, partition, keys, priority))
                else:
                    touched.left.add((partition, keys))
        if self._permits is None:
            ended = self._ended(batch)
            touched.ended = _made(Permit, self._list("permits", ended)) if ended else []
        else:
            touched.ended = self._permits
        return touched

    def _ended(self, batch: CommitBatch) -> list[tuple[int, int]]:
        """Return the attempts of a batch that ended; those of cancelled jobs are named by the job's id."""
        ended = [(row.seq, row.attempt) for row in batch.finishes] + [(row.seq, row.attempt) for row in batch.requeues]
        for id, attempt in batch.ended:
            row = self._connection.execute(SQL["job_seq"], (id,)).fetchone()
            if row is not None:
                ended.append((row[0], attempt))
        return list(dict.fromkeys(ended))

    def _answer(self, need: Need) -> Rows:
        rows = Rows()
        if need.lanes:
            rows.lanes = _made(Lane, self._list("lanes", need.lanes))
        if need.gates:
            rows.gates = _made(Gate, self._list("gates", need.gates))
        if need.open:
            rows.open = _made(Lane, self._lists("open_lanes", need.open, need.most))
        if need.before:
            rows.before = _made(Lane, self._lists("lanes_before", need.before, need.most))
        if need.before_after:
            rows.before_after = _made(Lane, self._lists("lanes_before_after", need.before_after, need.most))
        if need.plain:
            rows.plain = _made(Head, self._lists("plain_heads", need.plain, need.heads))
        if need.jobs:
            rows.jobs = _made(Head, self._lists("lane_heads", need.jobs, need.heads))
        if need.due is not None:
            rows.due = _made(Gate, self._parsed("due_gates", need.due, need.most))
        if need.limits:
            rows.limits = _made(Gate, self._lists("gates_of_limits", need.limits, need.most))
        self._answer_purge(need, rows)
        self._answer_admission(need, rows)
        return rows

    def _answer_admission(self, need: Need, rows: Rows) -> None:
        if not (need.lanes_with or need.counts or need.oldest or need.holders or need.named or need.unique or need.groups_of):
            return
        if need.lanes_with:
            rows.lanes_with = [tuple(row) for row in self._list("lanes_with", need.lanes_with)]
        if need.counts:
            rows.counts = self._parsed("ready_counts", messages.to_json(need.counts), need.most)
        lanes = [spot for spot in need.oldest if spot.keys is not None]
        lines = [spot for spot in need.oldest if spot.keys is None]
        for name, spots in (("oldest_in_lanes", lanes), ("oldest_in_lines", lines)):
            if spots:
                rows.oldest += _made(ReadyJob, self._lists(name, spots, need.most))
        if need.groups_of:
            rows.groups = self._groups_of(need.groups_of)
        if need.named:
            rows.named = self._named(need.named)
        if need.unique:
            rows.unique = holders_in(self._list("holders_of_unique", need.unique))
        if need.holders:
            rows.holders = _made(Holder, self._list("holders_of", [quoted(key) for key in need.holders]))

    def _groups_of(self, ids: Sequence[bytes]) -> dict[bytes, FlaggedJob]:
        """Return the groups in which jobs are."""
        found = {}
        for id in ids:
            for seq, raw, *rest in self._parsed("groups_of", id):
                found[id] = FlaggedJob(seq, bytes.fromhex(raw), *rest)
        return found

    def _named(self, names: Sequence[int | bytes]) -> dict[int | bytes, FlaggedJob]:
        seqs: dict[int | bytes, int] = {}
        for name in names:
            seq = seq_of(self._connection.execute, name) if isinstance(name, bytes) else name
            if seq is not None:
                seqs[name] = seq
        found = self._parsed("jobs_by_seq", messages.to_json(sorted(set(seqs.values()))))
        jobs = {seq: FlaggedJob(seq, bytes.fromhex(id), *rest) for seq, id, *rest in found}
        return {name: jobs[seq] for name, seq in seqs.items() if seq in jobs}

    def _answer_purge(self, need: Need, rows: Rows) -> None:
        if need.next_gates is not None:
            rows.next_gates = _made(Gate, self._parsed("next_gates", need.next_gates, need.most))
        if need.lanes_of:
            rows.lanes_of = _made(Lane, self._parsed("lanes_of", messages.to_json(need.lanes_of), need.most))

    def _list(self, name: str, wanted: Sequence[object]) -> list[Any]:
        return self._parsed(name, messages.to_json(wanted))

    def _lists(self, name: str, wanted: Sequence[object], most: int) -> Iterable[Any]:
        return chain.from_iterable(self._parsed(name, messages.to_json(wanted), most))

    def _parsed(self, name: str, *values: object) -> list[Any]:
        found: list[Any] = messages.from_json(self._connection.execute(SQL[name], values).fetchone()[0])
        return found

    def _write(self, ruling: Ruling) -> None:
        self._many("upsert_lane", ruling.lanes)
        self._many("insert_lane_key", ruling.lane_keys)
        self._many("upsert_gate", ruling.gates)
        gone = (
            ("delete_lane", ruling.gone_lanes),
            ("delete_lane_key", ruling.gone_lane_keys),
            ("delete_gates", ruling.gone_gates),
            ("delete_permit", [permit[:2] for permit in ruling.permits]),
        )
        for name, rows in gone:
            if rows:
                self._connection.execute(SQL[name], (messages.to_json(rows),))

    def _start(self, starts: list[Start], batch: CommitBatch, now: float) -> list[list[Claimed]]:
        """Start what was chosen; return it by claim, in the order in which it was chosen."""
        claimed: list[list[Claimed]] = [[] for _ in batch.claims]
        if not starts:
            return claimed
        found = messages.from_json(
            self._connection.execute(SQL["chosen"], (messages.to_json([start.seq for start in starts]),)).fetchone()[0]
        )
        permits = []
        for start, (seq, id, *rest) in zip(starts, found, strict=True):
            row = Claimed(seq, bytes.fromhex(id), *rest)._replace(holds=start.held is not None)
            claimed[start.room].append(row)
            if start.held is not None:
                permits.append(Permit(seq, row.attempt, start.held))
        started = 0
        for claim, rows in zip(batch.claims, claimed, strict=True):
            if rows:
                started += self._connection.execute(
                    SQL["start"], (now, claim.worker, messages.to_json([row.seq for row in rows]))
                ).rowcount
        GUARDS[Event.START].check_count(Event.START, started, len(starts))
        self._many("insert_permit", permits)
        return claimed


def seq_of(execute: Callable[..., sqlite3.Cursor], id: bytes) -> int | None:
    """Return the seq of the job that an id means."""
    rows = (execute(SQL[name], (id,)).fetchone() for name in ("job_seq", "alias"))
    return next((row[0] for row in rows if row is not None), None)


def moved_by(event: Event, row: tuple[Any, ...]) -> Moved:
    """Return what an event does to a job, of which *row* has id, seq, partition, state and number."""
    id, seq, partition, state, number = row
    return Moved(id, seq, partition, event, State(state), number + 1)


def _made(kind: Callable[..., Any], rows: Iterable[Sequence[Any]]) -> list[Any]:
    return [kind(*row) for row in rows]


def holders_in(rows: Iterable[list[Any]]) -> list[KeyHolder]:
    """Return the rows of `holders_of_unique`."""
    return [KeyHolder(KeyRow(*row[:4]), bytes.fromhex(row[4]), row[5], row[6], row[7], row[8], bool(row[9])) for row in rows]
