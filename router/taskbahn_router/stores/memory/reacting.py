"""How the memory store has reactions decide, as SQLite's does."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    DROPPED,
    HAS_INPUTS,
    HELD,
    IS_SKIPPED,
    MOST_INPUT_BYTES,
    MOST_INPUTS,
    MOST_RESULT_BYTES,
    MOST_RESULTS,
    SATISFIED,
    Ended,
    ReactionRows,
)
from taskbahn_router.core.unique_keys import FOLLOW_POSITION, Member
from taskbahn_router.stores.driving import drive
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.reacting import bounded
from taskbahn_router.stores.rows import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbahn_router.core.reactions import Edge, EdgesOf, FlaggedJob, MembersOf, Reacted, ReactionNeed, ReactionRules
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.memory.tables import Record, Tables

KIND = attrgetter("kind")


def decided(
    tables: Tables, reactions: ReactionRules, changed: Sequence[FlaggedJob], used: int, repaused: Sequence[int]
) -> Reacted:
    """Have reactions decide what follows on jobs that moved, and write edges and duties; return it."""

    def answer(need: ReactionNeed) -> ReactionRows:
        rows = ReactionRows()
        rows.jobs = [tables.flagged(seq) for seq in need.jobs if seq in tables.records]
        rows.edges = list(islice((edge for wanted in need.edges for edge in _edges(tables, wanted)), need.most))
        rows.duties = sorted(sorted(tables.duties.values()), key=KIND, reverse=True)[: need.most] if need.duties else []
        rows.inputs = {seq: bounded(tables.inputs, seq, MOST_RESULTS, MOST_RESULT_BYTES) for seq in need.inputs}
        rows.inputs |= {seq: tables.inputs(seq, -1, 1, 1) for seq in need.first_inputs}
        places = ((seq, tables.records[seq].place.parent) for seq in need.above if seq in tables.records)
        rows.above = {seq: parent for seq, parent in places if parent is not None and parent in tables.records}
        ended = {id: tables.records[tables.seqs[id]] for id in need.errors if id in tables.seqs}
        rows.errors = {id: Ended(record.state, record.error) for id, record in ended.items()}
        rows.asking = [_asking(tables, seq) for seq in need.asking]
        its = (
            (parent, child)
            for child in need.followed
            for position, parent in tables.parents.get(child, ())
            if position == FOLLOW_POSITION
        )
        rows.followed = [tables.edges[parent][child, FOLLOW_POSITION] for parent, child in its]
        rows.unique = tables.holders(need.unique)
        rows.waiting = list(islice(dict.fromkeys(one for seq in need.waiting for one in _waiting(tables, seq)), need.most))
        rows.results = {seq: tables.records[seq].result for seq in need.results}
        if need.members is not None:
            rows.members = [tables.flagged(seq) for seq in islice(_members(tables, need.members), need.most)]
        return rows

    reacted = drive(reactions.run(changed, used, repaused), answer)
    for edge in reacted.left:
        tables.drop_edge(edge.parent, edge.child, edge.position)
    for edge in reacted.follows:
        tables.put_edge(edge)
        tables.keep(edge.child, replace(tables.records[edge.child], expires_at=None))
    for key in reacted.keys:
        tables.put(tables.unique, key.key, key)
    for seq, flags in reacted.flags.items():
        tables.keep(seq, replace(tables.records[seq], flags=tables.records[seq].flags | flags))
    for edge in reacted.edges:
        tables.put(tables.edges[edge.parent], (edge.child, edge.position), edge)
    for duty in reacted.duties:
        tables.put(tables.duties, duty[:2], duty)
    for duty in reacted.done:
        tables.drop(tables.duties, duty[:2])
    return reacted


def _asking(tables: Tables, seq: int) -> Member:
    record = tables.records[seq]
    new = record.new
    inputs = bounded(tables.inputs, seq, MOST_INPUTS, MOST_INPUT_BYTES) if record.flags & HAS_INPUTS else ()
    return Member(seq, new.packed, new.tags, new.caller, new.options, inputs)


def _waiting(tables: Tables, seq: int) -> Iterator[int]:
    """Give the jobs that wait for a job, and the one to which it belongs."""
    yield from (edge.child for edge in tables.edges.get(seq, {}).values() if edge.state != SATISFIED)
    if (parent := tables.records[seq].place.parent) is not None:
        yield parent


def _members(tables: Tables, wanted: MembersOf) -> Iterator[int]:
    for seq, record in members_of(tables, wanted.parent):
        if seq > wanted.behind and record.state in wanted.states and record.flags & wanted.flags == wanted.flags:
            yield seq


def members_of(tables: Tables, parent: int) -> Iterator[tuple[int, Record]]:
    """Give the members of a job, by seq."""
    return ((seq, tables.records[seq]) for seq in sorted(tables.members.get(parent, ())))


def _edges(tables: Tables, wanted: EdgesOf) -> Iterator[Edge]:
    found = (edge for edge in tables.edges.get(wanted.parent, {}).values() if edge.state != SATISFIED)
    unsettled = (
        edge
        for edge in found
        if wanted.low <= edge.state <= wanted.high or (edge.state == DROPPED and edge.policy == wanted.dropped)
    )
    yield from sorted(unsettled, key=lambda edge: (edge.state, edge.child, edge.position))


def skip(tables: Tables, id: bytes, result: CommitResult) -> Answer | None:
    """Let those go on that are held by a job which ended without success; None: there is no such job."""
    seq = tables.seqs.get(id)
    if seq is None:
        return None
    record = tables.records[seq]
    is_held = any(edge.state == HELD for edge in tables.edges.get(seq, {}).values())
    if record.state not in GUARDS[Event.RETRY_BY_HAND].sources or not is_held:
        return Answer(State(record.state), is_moved=False)
    tables.keep(seq, replace(record, flags=record.flags | IS_SKIPPED))
    result.look_at.append(seq)
    return Answer(State(record.state), is_moved=True)
