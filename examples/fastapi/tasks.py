"""The task: it stores the people of a table. A worker runs it, and FastAPI starts it."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from taskbahn import Taskbahn, current

app = Taskbahn(timeout=5)  # seconds that a request waits for a node that restarts


@dataclass
class Imported:
    """What became of the rows of a table."""

    stored: int
    skipped: int


@app.task(name="people.import", give_up_on=(UnicodeDecodeError, csv.Error))
def import_people(table: Path, database: Path, pause: float = 0.01) -> Imported:
    """Store all people of *table*, which has the columns name and email; none if it is cancelled."""
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        if not {"name", "email"} <= set(columns):
            raise ValueError(f"the table needs the columns name and email, but has {', '.join(columns) or 'none'}")
        rows = list(reader)
    good = [row for row in rows if "@" in (row.get("email") or "")]
    current.log(f"{len(rows)} rows, {len(rows) - len(good)} of them without an address")
    with closing(sqlite3.connect(database)) as connection, connection, current.stage("Rows", total=len(good)) as stage:
        connection.execute("CREATE TABLE IF NOT EXISTS people (email TEXT PRIMARY KEY, name TEXT)")
        for row in good:
            connection.execute("INSERT OR REPLACE INTO people VALUES (?, ?)", (row["email"], row.get("name")))
            sleep(pause)  # as if there were more to do
            stage.advance()
    return Imported(len(good), len(rows) - len(good))
