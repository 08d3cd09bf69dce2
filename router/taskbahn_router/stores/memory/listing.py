"""Listing jobs that are kept in memory, as `contract.Reader.jobs` asks for it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.globs import fits
from taskbahn_router.stores.queries import ERROR_SHOWN, SLACK, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.stores.memory.tables import Tables
    from taskbahn_router.stores.queries import Filter
    from taskbahn_router.stores.rows import JobRow


def listed(tables: Tables, wanted: Filter) -> Listed:
    """Return the jobs that were found, and where to go on."""
    found: list[JobRow] = []
    seqs = (
        _in_time(tables, wanted)
        if any(_is_in(partition.queue, partition.task, wanted) for partition in tables.partitions.values())
        else []
    )
    for looked_at, seq in enumerate(seqs, 1):
        row = tables.row(tables.records[seq])
        if _is_wanted(row, wanted):
            found.append(short(_with_last_error(tables, row)))
        if looked_at < len(seqs) and (len(found) == wanted.limit or looked_at == wanted.most):
            return Listed(found, seq)
    return Listed(found, None)


def _in_time(tables: Tables, wanted: Filter) -> list[int]:
    """Return the seqs of jobs that may be asked for by their time, newest first."""
    since = -math.inf if wanted.since is None else wanted.since - SLACK
    until = math.inf if wanted.until is None else wanted.until + SLACK
    before = math.inf if wanted.before is None else wanted.before
    records = ((seq, tables.records[seq]) for seq in _candidates(tables, wanted) if seq < before)
    return sorted((seq for seq, record in records if since <= record.new.created_at < until), reverse=True)


def _candidates(tables: Tables, wanted: Filter) -> Iterable[int]:
    """Return the seqs of the members or of the tree that is asked for, or of all jobs."""
    for table, id in ((tables.members, wanted.parent), (tables.trees, wanted.root)):
        if id is not None:
            return table.get(tables.seqs.get(id, 0), {})
    return tables.records


def _with_last_error(tables: Tables, row: JobRow) -> JobRow:
    """Return a job that will have another attempt with the error of its last one, if that one counts."""
    if row.error is not None or not row.failures + row.crashes or row.state not in (State.WAITING, State.READY):
        return row
    last = tables.attempts.get(row.seq, {}).get(row.attempt)
    return row if last is None else row._replace(error=last.error)


def short(row: JobRow) -> JobRow:
    """Return a job without its large columns."""
    if row.error is None:
        return row._replace(packed="", result=None)
    error = messages.from_json(row.error)
    brief = {"type": error.get("type", ""), "message": str(error.get("message", ""))[:ERROR_SHOWN]}
    return row._replace(packed="", result=None, error=messages.to_json(brief))


def _is_wanted(row: JobRow, wanted: Filter) -> bool:
    return (
        (not wanted.states or row.state in wanted.states)
        and _is_in(row.queue, row.task, wanted)
        and (wanted.worker is None or (row.worker is not None and fits(row.worker, wanted.worker)))
        and (wanted.caller is None or (row.caller is not None and fits(row.caller, wanted.caller)))
        and (wanted.tag is None or any(fits(tag, wanted.tag) for tag in json.loads(row.tags or "[]")))
        and (wanted.tags is None or not set(wanted.tags).isdisjoint(json.loads(row.tags or "[]")))
        and (wanted.id_part is None or _has_part(row.id.hex(), wanted.id_part))
        and (wanted.parent is None or row.parent == wanted.parent)
        and (wanted.root is None or row.root == wanted.root)
        and (wanted.since is None or row.created_at >= wanted.since)
        and (wanted.until is None or row.created_at < wanted.until)
    )


def _is_in(queue: str, task: str, wanted: Filter) -> bool:
    return (wanted.queue is None or fits(queue, wanted.queue)) and (wanted.task is None or fits(task, wanted.task))


def _has_part(id: str, part: str) -> bool:
    return id.startswith(part) or id.endswith(part)
