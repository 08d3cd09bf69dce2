"""The SQL of the SQLite store, read from the files beside this one."""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.audit import ID_BYTES, AuditRow
from taskbahn_router.core.credentials import CredentialRow
from taskbahn_router.core.firings import FiredRow, ScheduleRow
from taskbahn_router.core.reactions import ASKS_KEY, IS_SUSPENDED
from taskbahn_router.core.triggers import TriggerRow
from taskbahn_router.stores.auditing import SHOWN_JOBS
from taskbahn_router.stores.guards import GUARDS
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.rows import JobRow

if TYPE_CHECKING:
    from collections.abc import Sequence

FROM_ROWS = "FROM (VALUES {rows}) WHERE"
FROM_EVENT = re.compile(r"\{from:(\w+)\}")
TO_EVENT = re.compile(r"\{to:(\w+)\}")
COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
COLUMN = re.compile(r"\bcolumn(\d+)")
# of a job's own, or of its flow if it is in one with a deadline (65536)
DEADLINE = (
    "CASE WHEN job.flags & 65536 THEN nullif(min(coalesce(job.deadline, 9e99), "
    "coalesce((SELECT above.deadline FROM job AS above WHERE above.seq = job.parent), 9e99)), 9e99) ELSE job.deadline END"
)
STORED = {
    "queue": "line.queue", "task": "line.task", "partition": "job.line",  # a partition is kept in the table `line`
    "parent": "(SELECT above.id FROM job AS above WHERE above.seq = job.parent)",
    "root": "(SELECT above.id FROM job AS above WHERE above.seq = job.root)",
    "deadline": DEADLINE,
}  # fmt: skip
COLUMNS = ", ".join(STORED.get(name, f"job.{name}") for name in JobRow._fields)


def _named(text: str) -> dict[str, str]:
    parts = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): COMMENT.sub("", sql).strip() for name, _, sql in parts}


def _guarded(sql: str) -> str:
    """Put the guards and states of the lifecycle in the place of `{from:EVENT}` and `{to:EVENT}`."""
    sql = FROM_EVENT.sub(lambda match: _one_of(GUARDS[match[1]].sources), sql)
    return TO_EVENT.sub(lambda match: "'{}'".format(*GUARDS[match[1]].targets), sql)


def _one_of(states: Sequence[str]) -> str:
    return f"state = '{states[0]}'" if len(states) == 1 else f"state IN ({', '.join(map(repr, states))})"


_HERE = files(__package__)
FILES = (
    "statements.sql", "promises.sql", "reactions.sql", "unique.sql", "members.sql", "suspensions.sql", "pauses.sql", "schedules.sql",
    "triggers.sql", "credentials.sql", "audit.sql",
)  # fmt: skip
_TIME = "json(printf('%!.17g', {}))"  # SQLite's JSON has 15 digits of a time, which needs 17
DEADLINE_JSON = f"json(nullif(printf('%!.17g', coalesce({DEADLINE}, 0)), '0.0'))"
_COLUMNS = {
    "{job_columns}": COLUMNS,
    "{has_deadline}": "deadline IS NOT NULL AND (state IN ('waiting', 'ready', 'running') OR flags & 32776 = 8)",
    "{renewed}": (
        "deadline = CASE WHEN json_extract(options, '$.finish_within') IS NOT NULL THEN ?1 + json_extract(options, '$.finish_within') "
        "WHEN deadline > ?1 THEN deadline END"
    ),
    "{schedule_columns}": ", ".join(ScheduleRow._fields),
    "{schedule_values}": ", ".join("?" * len(ScheduleRow._fields)),
    "{firing_columns}": ", ".join(FiredRow._fields),
    "{trigger_columns}": ", ".join(TriggerRow._fields),
    "{credential_columns}": ", ".join(CredentialRow._fields),
    "{audit_columns}": ", ".join(AuditRow._fields),
    "{audit_values}": ", ".join("?" * len(AuditRow._fields)),
    "{audit_shown}": ", ".join(
        f"substr(jobs, 1, {SHOWN_JOBS * ID_BYTES})" if name == "jobs" else f"audit.{name}" for name in AuditRow._fields
    ),
    "{minute_columns}": ", ".join(MinuteRow._fields),
    "{claimed}": (
        f"seq, hex(id), line, priority, attempt + 1, failures, crashes, number + 1, {_TIME.format('created_at')}, "
        f"CASE WHEN due_at IS NOT NULL THEN {_TIME.format('due_at')} WHEN attempt = 0 THEN {_TIME.format('created_at')} END, "
        f"caller, options, packed, flags, CASE WHEN job.flags & 65536 OR job.deadline IS NOT NULL THEN {DEADLINE_JSON} END"
    ),
    "{lane}": "lane.line, lane.keys, lane.rank, lane.virtual_time, lane.head, lane.blocked",
    "{gate}": (
        "gate.key, gate.limit_name, gate.used, gate.time_us, gate.virtual_time, gate.paused_until_us, gate.reason, gate.blocked, "
        "gate.wakes_at_us"
    ),
    "{waits}": (  # how many ready jobs are before a gate, up to ?2, and when the first was accepted
        "SELECT json_array(jobs, (SELECT created_at FROM job WHERE seq = first)) FROM ("
        "SELECT count(*) AS jobs, min(seq) AS first FROM ("
        "SELECT job.seq FROM lane CROSS JOIN job "
        "ON job.state = 'ready' AND job.keys IS NOT NULL AND job.line = lane.line AND job.keys = lane.keys "
        "WHERE lane.blocked = gate.key UNION ALL "
        "SELECT job.seq FROM lane CROSS JOIN job ON job.state = 'ready' AND job.line = lane.line AND (job.keys IS NOT NULL) = 0 "
        "WHERE lane.blocked = gate.key AND lane.keys = '' LIMIT ?2))"
    ),
    "{flagged}": (
        "job.seq, hex(job.id), job.line, job.state, job.number, job.pending, "
        f"CASE WHEN job.due_at IS NOT NULL THEN {_TIME.format('job.due_at')} END, job.flags, job.root, "
        f"CASE WHEN job.deadline IS NOT NULL THEN {_TIME.format('job.deadline')} END"
    ),
    "{asks}": f"(job.flags & {ASKS_KEY} <> 0 AND job.flags & {IS_SUSPENDED} = 0)",  # its unique key is one of what it waits for
    "{ready}": "job.seq, job.line, coalesce(job.keys, ''), job.priority",
    "{head}": (
        "job.line, coalesce(job.keys, ''), job.priority, job.seq, "
        f"CASE WHEN job.expires_at IS NOT NULL THEN {_TIME.format('job.expires_at')} END"
    ),
}
SQL = {
    name: reduce(lambda text, part: text.replace(*part), _COLUMNS.items(), _guarded(sql))
    for file in FILES
    for name, sql in _named((_HERE / file).read_text("utf-8")).items()
}
_STATES = ", ".join(f"'{state}'" for state in State)
MIGRATIONS = [
    file.read_text("utf-8").replace("{states}", _STATES)
    for file in sorted(_HERE.iterdir(), key=lambda file: file.name)
    if file.name[:3].isdigit() and file.name.endswith(".sql")
]


@lru_cache(maxsize=512)
def many(name: str, rows: int, columns: int, empty: tuple[int, ...] = ()) -> str:
    """Return a statement for a number of rows and of columns, of which those that are *empty* (from 0) have no values to bind."""
    values = ["NULL" if column in empty else "?" for column in range(columns)]
    if rows == 1 and FROM_ROWS in SQL[name]:
        # a single row needs no table of its own, which costs more than the rest of the update
        used = [int(number) for number in COLUMN.findall(SQL[name])]
        if used == list(range(1, columns + 1)):  # Python's sqlite3 takes `?1` for a named placeholder, which needs a mapping
            return COLUMN.sub(lambda column: values[int(column[1]) - 1], SQL[name].replace(FROM_ROWS, "WHERE"))
    return SQL[name].replace("{rows}", ", ".join([f"({', '.join(values)})"] * rows))


def bound(rows: Sequence[tuple[object, ...]]) -> tuple[tuple[int, ...], list[object]]:
    """Return which columns are empty in all rows, and the values of the others, row by row.

    Binding a None takes Python's sqlite3 0.7 µs, ten times as long as a number, for it asks all adapters first; most columns of most
    jobs are empty.
    """
    columns = list(zip(*rows, strict=True))
    empty = tuple(number for number, column in enumerate(columns) if column[0] is None and column.count(None) == len(rows))
    full = [column for number, column in enumerate(columns) if number not in empty] if empty else columns
    return empty, list(chain.from_iterable(zip(*full, strict=True)))
