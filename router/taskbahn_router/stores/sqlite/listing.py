"""Listing jobs: a bounded look at the newest rows, through an index where the states that are asked for have one."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.globs import fits, is_pattern
from taskbahn_router.stores.queries import ERROR_SHOWN, SLACK, Listed
from taskbahn_router.stores.rows import JobRow
from taskbahn_router.stores.sqlite.statements import DEADLINE_JSON, SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbahn_router.stores.queries import Filter

EACH = 2_000  # rows that one step looks at
SECONDS = 0.05  # seconds after which a question looks no further
MAX_HEADS = 64  # priorities of partitions whose ready jobs are brought into one order; with more of them all rows are looked at
MAX_WAITING = 20_000  # waiting jobs that are ordered by seq; with more of them all rows are looked at
LAST = 2**63 - 1
IN_TREE = "root = (SELECT seq FROM job WHERE id = :root)"  # only windows of members and of trees have it
OTHER_TERMS = {
    "since": "created_at >= :since",
    "until": "created_at < :until",
    "root": IN_TREE,
    "id_part": "(lower(hex(id)) GLOB :id_part || '*' OR lower(hex(id)) GLOB '*' || :id_part)",
}
OTHERS = re.compile(r"\[\*\]|[?\[]")  # what GLOB has beside the star
TERMS = {"worker": "worker {fits}", "caller": "caller {fits}", "tag": "EXISTS (SELECT 1 FROM json_each(tags) WHERE value {fits})"}
OF_TAGS = "EXISTS (SELECT 1 FROM json_each(tags) AS one JOIN json_each(:tags) AS wanted ON one.value = wanted.value)"
INDEXED = ("failed", "running", "waiting", "ready")

# SQLite writes numbers into JSON with 15 digits; a time needs 17
TIME = "CASE WHEN job.{0} IS NOT NULL THEN json(printf('%!.17g', job.{0})) END"
FAILURE = "coalesce(job.error, job.last_error)"
ERROR = (
    f"CASE WHEN {FAILURE} IS NOT NULL THEN json_object('type', coalesce(json_extract({FAILURE}, '$.type'), ''), "
    f"'message', substr(coalesce(json_extract({FAILURE}, '$.message'), ''), 1, {ERROR_SHOWN})) END"
)
ABOVE = "(SELECT hex(above.id) FROM job AS above WHERE above.seq = job.{0})"
WRITTEN = {
    "id": "hex(job.id)", "partition": "job.line", "packed": "''", "result": "NULL", "error": ERROR,
    "parent": ABOVE.format("parent"), "root": ABOVE.format("root"), "deadline": DEADLINE_JSON,
    **{name: TIME.format(name) for name in ("created_at", "due_at", "expires_at", "started_at", "finished_at", "delete_at")},
}  # fmt: skip
LISTED = SQL["listed"].replace("{listed_columns}", ", ".join(WRITTEN.get(name, f"job.{name}") for name in JobRow._fields))
IDS_AT, ERROR_AT = [JobRow._fields.index(name) for name in ("id", "parent", "root")], JobRow._fields.index("error")


def listed(ask: Callable[[str, Any], list[Any]], wanted: Filter) -> Listed:
    """Return the jobs that were found, and where to go on; *ask* gives the rows of a statement with its values."""
    partitions = [
        id for id, queue, task in ask(SQL["all_lines"], ()) if _is_one(queue, wanted.queue) and _is_one(task, wanted.task)
    ]
    if not partitions:
        return Listed([], None)
    values = {"lines": messages.to_json(partitions), "states": messages.to_json(wanted.states), "each": min(EACH, wanted.most)}
    sql = _look(ask, wanted, values)
    before = LAST if wanted.before is None else wanted.before
    if wanted.until is not None:
        later = ask(SQL["seq_at"], {"time": wanted.until + SLACK})[0][0]
        before = before if later is None else min(before, later)
    found, end = _found(ask, sql, values, before, wanted)
    return Listed(rows_of(ask, found), end)


def _found(
    ask: Callable[[str, Any], list[Any]], sql: str, values: dict[str, Any], before: int, wanted: Filter
) -> tuple[list[int], int | None]:
    """Look through one window after the other; return the seqs that were found and where to go on."""
    until = time.monotonic() + SECONDS
    found: list[int] = []
    left = wanted.most
    while True:
        lowest, created_at, count, seqs = ask(sql, {**values, "before": before})[0]
        found += messages.from_json(seqs)
        if len(found) >= wanted.limit:
            return found[: wanted.limit], found[wanted.limit - 1]
        if count < values["each"] or (wanted.since is not None and created_at < wanted.since - SLACK):
            return found, None
        left -= count
        before = lowest
        if left <= 0 or time.monotonic() > until:
            return found, before


def _look(ask: Callable[[str, Any], list[Any]], wanted: Filter, values: dict[str, Any]) -> str:
    """Return the statement that looks at one window, and add its values."""
    windows = _windows(ask, wanted, values)
    window = windows[0]
    if len(windows) > 1:
        window = " UNION ALL ".join(map("SELECT * FROM ({})".format, windows)) + " ORDER BY seq DESC LIMIT :each"  # noqa: S608 - of our own parts
    terms = ["1"]
    if wanted.states:
        terms.append("state IN (SELECT value FROM json_each(:states))")
    if wanted.task is not None or wanted.queue is not None:
        terms.append("line IN (SELECT value FROM json_each(:lines))")
    for name, term in TERMS.items():
        pattern = getattr(wanted, name)
        if pattern is not None:
            terms.append(term.replace("{fits}", f"GLOB :{name}" if is_pattern(pattern) else f"= :{name}"))
            values[name] = _glob(pattern) if is_pattern(pattern) else pattern
    if wanted.tags is not None:
        terms.append(OF_TAGS)
        values["tags"] = messages.to_json(wanted.tags)
    for name, term in OTHER_TERMS.items():
        if getattr(wanted, name) is not None:
            terms.append(term)
            values[name] = getattr(wanted, name)
    return SQL["look"].replace("{window}", window).replace("{terms}", " AND ".join(terms))


def _windows(ask: Callable[[str, Any], list[Any]], wanted: Filter, values: dict[str, Any]) -> list[str]:
    """Return the statements of the windows that lead to the wanted jobs, and add their values."""
    if wanted.parent is not None:
        values["parent"] = wanted.parent
        states = sorted(set(wanted.states) & set(State)) or list(State)
        return [SQL["window_members"].replace("{state}", state) for state in states]
    if wanted.root is not None:
        return [SQL["window_tree"]]
    names = [f"window_{state}" for state in _indexed(ask, wanted, values)] or ["window_any"]
    return [SQL[name].replace("{heads}", SQL["heads"]) for name in names]


def _indexed(ask: Callable[[str, Any], list[Any]], wanted: Filter, values: dict[str, Any]) -> list[str]:
    """Return the states whose indexes lead to the wanted jobs; empty when no index does."""
    states = sorted(set(wanted.states) & set(State))
    if not set(states) <= set(INDEXED) or set(states) != set(wanted.states):
        return []
    values["most"] = MAX_WAITING + 1
    if "waiting" in states and ask(SQL["many_waiting"], values)[0][0] > MAX_WAITING:
        return []
    values["most"] = MAX_HEADS + 1
    if "ready" in states and ask(SQL["many_heads"].replace("{heads}", SQL["heads"]), values)[0][0] > MAX_HEADS:
        return []
    return states


def rows_of(ask: Callable[[str, Any], list[Any]], seqs: Sequence[int]) -> list[JobRow]:
    """Return those jobs without their large columns, newest first."""
    rows = messages.from_json(ask(LISTED, (messages.to_json(seqs),))[0][0]) if seqs else []
    for row in rows:
        for at in IDS_AT:
            row[at] = None if row[at] is None else bytes.fromhex(row[at])
        if row[ERROR_AT] is not None:
            row[ERROR_AT] = messages.to_json(row[ERROR_AT])
    return [JobRow(*row) for row in rows]


def _is_one(name: str, pattern: str | None) -> bool:
    return pattern is None or fits(name, pattern)


def _glob(pattern: str) -> str:
    """Return a pattern as SQLite's GLOB has it, in which `?` and `[` mean something too; `[*]` is a star there, too."""
    return OTHERS.sub(lambda match: match[0] if match[0] == "[*]" else f"[{match[0]}]", pattern)
