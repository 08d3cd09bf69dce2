"""Rows that count their changes: one is stored or deleted only if it is still as the one who changes it saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from taskbahn_router.stores.memory.tables import Tables


def change_versions(
    known: Mapping[str, Any],
    keep: Callable[[str, Any], None],
    changes: Iterable[tuple[str, int, Callable[[Any], Any]]],
    dropped: Iterable[tuple[str, int]],
) -> list[bool]:
    """Return whether each change, then each deletion, holds.

    known: rows by id.   keep: stores a row under its id; None deletes it.
    changes: ids, the versions that were seen (0: there was none), and what makes the new row of the one before.
    """
    holds = []
    for id, version, make in changes:
        before = known.get(id)
        holds.append(version == (0 if before is None else before.version))
        if holds[-1]:
            keep(id, make(before))
    for id, version in dropped:
        before = known.get(id)
        holds.append(before is not None and before.version == version)
        if holds[-1]:
            keep(id, None)
    return holds


def keep_in(tables: Tables, table: dict[str, Any]) -> Callable[[str, Any], None]:
    """Return what stores a row in a table, or deletes it."""

    def keep(id: str, row: Any) -> None:
        if row is None:
            tables.drop(table, id)
        else:
            tables.put(table, id, row)

    return keep
