"""How the memory store deletes what it need not keep, as SQLite's does."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

from taskbahn_router.core.reactions import HAS_CHILDREN, IS_FLOW
from taskbahn_router.stores.memory.holding import may_go
from taskbahn_router.stores.pruning import prunable

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.memory.tables import Record, Tables
    from taskbahn_router.stores.rows import Prune


def prune(tables: Tables, asked: Prune, result: CommitResult) -> None:
    """Delete the final jobs of a window whose time is over, with all that belongs to them."""
    window = heapq.nsmallest(asked.limit, (seq for seq in tables.records if seq > asked.after))
    gone: Counter[tuple[int, str]] = Counter()
    holding = {seq for seq, _ in tables.permits}  # their attempts, whose jobs were cancelled, have not ended
    over = [seq for seq in window if _is_over(tables, tables.records[seq], asked.now) and seq not in holding]
    over = [seq for seq in over if may_go(tables, seq, tables.records[seq])]
    parents = {seq for seq in over if tables.records[seq].flags & HAS_CHILDREN}
    found = prunable(over, parents, tables.children, asked.limit)
    for edge in found.edges:
        tables.drop_edge(*edge)
    for seq in found.gone:
        record = tables.records[seq]
        tables.keep(seq, None)
        tables.drop(tables.seqs, record.new.id)
        for table in (tables.attempts, tables.events, tables.notes, tables.waits, tables.pauses):
            tables.drop(table, seq)
        gone[record.new.partition, record.state] += 1
    for key in [key for key in tables.questions if key[0] in found.gone]:
        tables.drop(tables.questions, key)
    tables.forget_names(set(found.gone))
    result.pruned, result.pruned_of = gone.total(), dict(gone)
    result.prune_after = window[-1] if len(window) == asked.limit else None
    if found.is_cut:
        result.prune_after = asked.after


def _is_over(tables: Tables, record: Record, now: float) -> bool:
    """Return whether a job may go; the members of a flow stay as long as it does."""
    if record.delete_at is None or record.delete_at > now:
        return False
    flow = None if record.place.parent is None else tables.records.get(record.place.parent)
    return flow is None or not flow.flags & IS_FLOW or (flow.delete_at is not None and flow.delete_at <= now)
