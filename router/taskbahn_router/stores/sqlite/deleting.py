"""How the SQLite store deletes what it need not keep."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_NOTES, IS_PAUSED, IS_SUSPENDED
from taskbahn_router.core.unique_keys import IS_UNIQUE
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.pruning import Prunable
    from taskbahn_router.stores.rows import Prune


def prune(
    execute: Callable[..., Any],
    asked: Prune,
    prunable: Callable[[Iterable[int], Container[int], int], Prunable],
    result: CommitResult,
) -> None:
    """Delete the final jobs of a window whose time is over, with all that belongs to them.

    prunable: finds those of some jobs that nothing needs any more; the second argument are those of them that are parents.
    """
    window = execute(SQL["prune_window"], (asked.after, asked.limit, asked.now)).fetchall()
    over = [row[:3] for row in window if row[3] is not None and row[3] <= asked.now]
    parents = {row[0] for row in window if row[4] & HAS_CHILDREN}
    result.prune_after = window[-1][0] if len(window) == asked.limit else None
    if parents:
        found = prunable([seq for seq, _, _ in over], parents, asked.limit)
        over = [row for row in over if row[0] in found.gone]
        if found.is_cut:
            result.prune_after = asked.after
    gone = {seq: (line, state) for seq, line, state in over}
    flags = reduce(or_, (row[4] for row in window), 0)
    names = ["delete_job", "delete_attempts", "delete_events"]
    names += ["delete_unique", "delete_aliases"] if flags & IS_UNIQUE else []
    names += ["delete_notes", "delete_all_waits"] if flags & (HAS_NOTES | IS_SUSPENDED) else []
    names += ["delete_pauses"] if flags & IS_PAUSED else []
    for name in names if gone else ():
        execute(SQL[name], (messages.to_json(list(gone)),))
    result.pruned, result.pruned_of = len(gone), dict(Counter(gone.values()))
