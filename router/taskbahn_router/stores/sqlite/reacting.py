"""How the SQLite store has reactions decide what follows on a batch: it reads what they need and writes what they decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    HAS_INPUTS,
    IS_SUSPENDED,
    MOST_INPUT_BYTES,
    MOST_INPUTS,
    MOST_RESULT_BYTES,
    MOST_RESULTS,
    Duty,
    Edge,
    Ended,
    FlaggedJob,
    Input,
    ReactionRows,
)
from taskbahn_router.core.suspensions import SUSPENSIONS
from taskbahn_router.core.unique_keys import Member
from taskbahn_router.stores.driving import drive
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.minutes import BeganAgain, rows_of
from taskbahn_router.stores.pruning import prunable
from taskbahn_router.stores.reacting import bounded, moved_in, moves_of, one_each
from taskbahn_router.stores.rows import Answer
from taskbahn_router.stores.sqlite.ruled import holders_in, seq_of
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Container, Iterable, Sequence

    from taskbahn_router.core.reactions import Reacted, ReactedMove, ReactionNeed, ReactionRules
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.pruning import Prunable
    from taskbahn_router.stores.rows import Claimed

    Many = Callable[[str, Sequence[tuple[object, ...]]], int]


HOLDS = (("hold_jobs", True), ("release_jobs", False))
BEGUN_AGAIN = frozenset((Event.RETRY_BY_HAND, Event.REOPEN, Event.RESUME_FLOW))


@dataclass(slots=True)
class Links:
    """Whether there are edges or members, ids that mean other jobs, and pauses of jobs.

    No other process writes to the store, so it asks once.
    What was taken back counts as there: that costs a look, and no system without links pays for them.
    """

    edges: bool
    aliases: bool
    pauses: bool

    @staticmethod
    def read(connection: sqlite3.Connection) -> Links:
        return Links(*map(bool, connection.execute(SQL["has_links"]).fetchone()))


class ReactingPart:
    """The part of one transaction that reactions decide. *many* runs a statement for many rows."""

    def __init__(self, connection: sqlite3.Connection, many: Many, result: CommitResult, links: Links) -> None:
        self._links = links
        self._connection = connection
        self._many = many
        self._result = result

    def apply(self, batch: CommitBatch, reactions: ReactionRules) -> Reacted | None:
        """Have reactions follow what moved; return what they did.  None: nothing that moved has any."""
        return self._follow(moved_in(batch, self._result), reactions, 0, self._result.repaused)

    def apply_later(self, seqs: Iterable[int], reactions: ReactionRules) -> None:
        """Have the next commit follow what rules moved when all was decided."""
        self._follow(seqs, reactions, reactions.budget)

    def _follow(self, seqs: Iterable[int], reactions: ReactionRules, used: int, repaused: Sequence[int] = ()) -> Reacted | None:
        wanted = list(seqs) if self._links.edges or self._links.pauses else []
        changed = self.jobs(wanted, "flagged_jobs") if wanted else []
        if not (changed or repaused) and (used or not reactions.goes_on):
            return None
        reacted = drive(reactions.run(changed, used, repaused), self._answer)
        self._write(reacted, reactions)
        return reacted

    def skip(self, id: bytes) -> Answer | None:
        """Let those go on that are held by a job which ended without success; None: there is no such job."""
        row = self._connection.execute(SQL["find_job"], (id,)).fetchone()
        if row is None:
            return None
        is_moved = self._connection.execute(SQL["skip"], (row[1],)).rowcount == 1
        self._result.look_at += [row[1]] if is_moved else []
        return Answer(State(row[3]), is_moved=is_moved)

    def note_end(self, seq: int) -> None:
        """Note when and how a job ended that begins again."""
        self._result.again.append(BeganAgain(*self._connection.execute(SQL["ended"], (seq,)).fetchone()))

    def uncount(self) -> None:
        """Have the minutes count no longer how jobs ended that began again."""
        execute = self._connection.execute
        self._many("insert_minute", rows_of(self._result.again, lambda line: execute(SQL["task_of"], (line,)).fetchone()[0]))

    def jobs(self, seqs: Sequence[int], name: str = "jobs_by_seq") -> list[FlaggedJob]:
        """Return those jobs that exist."""
        return self._flagged(self._parsed(name, messages.to_json(seqs)))

    def named(self, ids: Sequence[bytes]) -> dict[bytes, FlaggedJob]:
        """Return those jobs that exist, by the ids that are given."""
        seqs = {id: seq for id in ids if (seq := seq_of(self._connection.execute, id)) is not None}
        jobs = {job.seq: job for job in self.jobs(list(seqs.values()))}
        return {id: jobs[seq] for id, seq in seqs.items()}

    @staticmethod
    def _flagged(rows: Iterable[list[Any]]) -> list[FlaggedJob]:
        return [FlaggedJob(seq, bytes.fromhex(id), *rest) for seq, id, *rest in rows]

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        """Return the first edges to some jobs."""
        return [Edge(*row) for row in self._parsed("edges_to", messages.to_json(seqs), most)]

    def awaiting(self, seqs: Sequence[int]) -> set[int]:
        """Return those of some jobs that wait for notes."""
        return set(self._parsed("awaiting", messages.to_json(seqs)))

    def prunable(self, over: Iterable[int], parents: Container[int], most: int) -> Prunable:
        """Return which of some jobs may be deleted, and forget edges of the parents among them that nothing needs any more."""
        execute = self._connection.execute
        found = prunable(over, parents, lambda seq: execute(SQL["children"], (seq,)), most)
        self._connection.executemany(SQL["delete_edge"], found.edges)
        return found

    def _answer(self, need: ReactionNeed) -> ReactionRows:
        rows = ReactionRows()
        if need.jobs:
            rows.jobs = self.jobs(need.jobs)
        if need.edges:
            rows.edges = [Edge(*row) for row in self._parsed("edges_to_settle", messages.to_json(need.edges), need.most)]
        if need.asking or need.followed or need.unique or need.waiting or need.results:
            self._answer_demands(need, rows)
        if need.duties:
            rows.duties = [Duty(*row) for row in self._parsed("duties", need.most)]
        if need.above:
            rows.above = dict(self._parsed("above", messages.to_json(need.above)))
        self._answer_flows(need, rows)
        return rows

    def _answer_flows(self, need: ReactionNeed, rows: ReactionRows) -> None:
        execute = self._connection.execute
        for seq in need.inputs:
            rows.inputs[seq] = bounded(self._inputs, seq, MOST_RESULTS, MOST_RESULT_BYTES)
        for seq in need.first_inputs:
            rows.inputs[seq] = self._inputs(seq, -1, 1, 1)  # the first is read whatever it weighs
        for id in need.errors:
            rows.errors.update((id, Ended(*ended)) for id, *ended in execute(SQL["errors_by_id"], (id,)))
        if need.members is not None:
            parent, states, behind, flags = need.members
            rows.members = self._flagged(self._parsed("members", parent, messages.to_json(states), behind, flags, need.most))

    def _answer_demands(self, need: ReactionNeed, rows: ReactionRows) -> None:
        for row in self._parsed("asking", messages.to_json(need.asking)) if need.asking else ():
            member, flags = Member(*row[:-1]), row[-1]
            if flags & HAS_INPUTS:
                member = member._replace(inputs=bounded(self._inputs, member.seq, MOST_INPUTS, MOST_INPUT_BYTES))
            rows.asking.append(member)
        if need.followed:
            rows.followed = [Edge(*row) for row in self._parsed("followed", messages.to_json(need.followed))]
        if need.unique:
            rows.unique = holders_in(self._parsed("holders_of_unique", messages.to_json(need.unique)))
        if need.waiting:
            rows.waiting = self._parsed("waiting_for", messages.to_json(need.waiting), need.most)
        rows.results = {seq: self._connection.execute(SQL["result_of"], (seq,)).fetchone()[0] for seq in need.results}

    def _inputs(self, seq: int, after: int, limit: int, most_bytes: int) -> list[Input]:
        return [Input(*row) for row in self._parsed("inputs", seq, after, limit, most_bytes)]

    def with_inputs(self, claimed: list[Claimed]) -> list[Claimed]:
        """Return jobs that start with what they get from the jobs that they waited for."""
        if not self._links.edges:
            return claimed
        return [
            row._replace(inputs=bounded(self._inputs, row.seq, MOST_INPUTS, MOST_INPUT_BYTES)) if row.flags & HAS_INPUTS else row
            for row in claimed
        ]

    def _parsed(self, name: str, *values: object) -> list[Any]:
        found: list[Any] = messages.from_json(self._connection.execute(SQL[name], values).fetchone()[0])
        return found

    def _write_demands(self, reacted: Reacted) -> None:
        self._connection.executemany(SQL["delete_edge"], [edge[:3] for edge in reacted.left])
        self._many("insert_edge", reacted.follows)
        self._connection.executemany(SQL["begin_following"], [(edge.child,) for edge in reacted.follows])
        self._many("upsert_unique", list({row.key: row for row in reacted.keys}.values()))
        self._many("flag_jobs", [(flags, seq) for seq, flags in reacted.flags.items()])

    def _write(self, reacted: Reacted, reactions: ReactionRules) -> None:
        if reacted.left or reacted.follows or reacted.keys:
            self._write_demands(reacted)
        self._many("settle_edge", [(edge.state, edge.parent, edge.child, edge.position) for edge in reacted.edges])
        self._write_holds(reacted)
        ready = dict.fromkeys(reacted.woken, reactions.now)
        ready.update((move.job.seq, reactions.now) for move in reacted.moves if move.event is Event.DUE)
        self._many("set_pending", [(pending, ready.get(seq), seq) for seq, pending in reacted.pending.items()])
        for moves in one_each(reacted.moves):
            self._write_moves(moves, reactions)
        self._many("insert_duty", reacted.duties)
        self._connection.executemany(SQL["delete_duty"], [duty[:2] for duty in reacted.done])
        moves_of(reacted, self._result)

    def _write_holds(self, reacted: Reacted) -> None:
        holds = {name: [seq for seq, hold in reacted.holds.items() if hold.is_held is is_held] for name, is_held in HOLDS}
        holds |= {"delete_pauses": reacted.unpaused, "unpause_jobs": reacted.unpaused}
        for name, seqs in holds.items():
            if seqs:
                self._connection.execute(SQL[name], (messages.to_json(seqs),))

    def _write_moves(self, moves: Sequence[ReactedMove], reactions: ReactionRules) -> None:
        """Move jobs, each of them once."""
        for event in (Event.DUE, Event.PAUSE):
            seqs = [move.job.seq for move in moves if move.event is event]
            if seqs:
                moved = self._connection.execute(SQL[event], (messages.to_json(seqs),)).rowcount
                GUARDS[event].check_count(event, moved, len(seqs))
        self._write_ends(moves, reactions)
        for move in moves:
            if move.event in BEGUN_AGAIN:
                self.note_end(move.job.seq)
                moved = self._connection.execute(SQL[move.event], (reactions.now, move.job.seq)).rowcount
                GUARDS[move.event].check_count(move.event, moved, 1)
            if move.event is Event.RETRY_BY_HAND and move.job.flags & IS_SUSPENDED:
                self._connection.execute(SQL["uncount_suspension"], (move.job.seq, SUSPENSIONS))

    def _write_ends(self, moves: Sequence[ReactedMove], reactions: ReactionRules) -> None:
        now, until = reactions.now, reactions.now + reactions.keep
        ends: dict[Event, list[tuple[object, ...]]] = {Event.CANCEL: [], Event.PARENT_FAILED: [], Event.COMPLETE: []}
        for job, event, error, result, flags in moves:
            if event is Event.COMPLETE:
                ends[event].append((now, until, result, flags, job.seq))
            elif event in ends:
                ends[event].append((now, until, error, job.seq))
        if ends[Event.CANCEL]:
            seqs = messages.to_json([row[-1] for row in ends[Event.CANCEL]])
            self._connection.execute(SQL["insert_ended_by_rules"], (now, seqs))
            moved = self._connection.executemany(SQL[Event.CANCEL], ends[Event.CANCEL]).rowcount
            GUARDS[Event.CANCEL].check_count(Event.CANCEL, moved, len(ends[Event.CANCEL]))
        for event in (Event.PARENT_FAILED, Event.COMPLETE):
            GUARDS[event].check_count(event, self._many(event, ends[event]), len(ends[event]))
