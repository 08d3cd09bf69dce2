"""The counts of the newest minutes, from the jobs: a router stores a minute when it is over, and a copy may be made before.

A node that was killed leaves the same gap, which the store fills when it is opened again.

What the jobs do not say is missing: waits, run times and attempts that are tried again, and jobs that are deleted already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State

if TYPE_CHECKING:
    import sqlite3

ENDED = {State.SUCCEEDED: "succeeded", State.FAILED: "failed", State.CANCELLED: "cancelled", State.EXPIRED: "expired"}
COUNTED = ("accepted", *ENDED.values())

# a row for each minute and task, '' being all of them, from the newest stored minute on: what happened, by the jobs
BY_JOBS = f"""
WITH newest (at) AS (SELECT coalesce(max(at), 0) FROM minute WHERE again = 0),
happened (at, task, what, time) AS (
    SELECT CAST(created_at AS INTEGER) / 60 * 60, line.task, 'accepted', NULL
    FROM job JOIN line ON line.id = job.line WHERE created_at >= (SELECT at FROM newest)
    UNION ALL
    SELECT CAST(finished_at AS INTEGER) / 60 * 60, line.task, state, finished_at
    FROM job JOIN line ON line.id = job.line WHERE finished_at >= (SELECT at FROM newest)
)
SELECT at, name, {", ".join(f"sum(what = '{word}')" for word in ("accepted", *ENDED))}, max(time)
FROM (SELECT at, task AS name, what, time FROM happened UNION ALL SELECT at, '', what, time FROM happened)
GROUP BY at, name
"""  # noqa: S608 - our own words
STORED = f"SELECT {', '.join(f'coalesce(sum({name}), 0)' for name in COUNTED)} FROM minute WHERE at = ? AND task = ?"  # noqa: S608
ADD = f"""
INSERT INTO minute (at, task, {", ".join(COUNTED)}, retried, waits, runs, last_at)
VALUES (?, ?, {", ".join("?" * len(COUNTED))}, 0, '[]', '[]', ?)
"""  # noqa: S608


def can_count(connection: sqlite3.Connection) -> bool:
    """Return whether the minutes have the columns of this version; the store of an elder one gets them when it is opened."""
    asked = "SELECT count(*) FROM pragma_table_info('minute') WHERE name = 'again'"
    return bool(connection.execute(asked).fetchone()[0])


def count_rest(connection: sqlite3.Connection) -> None:
    """Add to the minutes what jobs have done and no minute counts."""
    connection.execute("BEGIN IMMEDIATE")
    for at, task, *counts, last_at in connection.execute(BY_JOBS).fetchall():
        stored = connection.execute(STORED, (at, task)).fetchone()
        rest = [max(0, count - known) for count, known in zip(counts, stored, strict=True)]
        if any(rest):
            connection.execute(ADD, (at, task, *rest, last_at))
    connection.commit()
