"""The SQL of the SQLite store, read from the files beside this one."""

from __future__ import annotations

import re
from functools import cache, reduce
from importlib.resources import files

from taskbahn.states import State
from taskbahn_router.stores.contract import JobRow
from taskbahn_router.stores.minute import MinuteRow

COLUMNS = ", ".join(name if name in ("queue", "task") else f"job.{name}" for name in JobRow._fields)


def _named(text: str) -> dict[str, str]:
    parts = text.split("-- name: ")[1:]
    return {name.strip(): sql.strip() for name, _, sql in (part.partition("\n") for part in parts)}


FROM_ROWS = "FROM (VALUES {rows}) WHERE"
COLUMN = re.compile(r"\bcolumn(\d+)")
_HERE = files(__package__)
_COLUMNS = {"{job_columns}": COLUMNS, "{minute_columns}": ", ".join(MinuteRow._fields)}
SQL = {
    name: reduce(lambda text, part: text.replace(*part), _COLUMNS.items(), sql)
    for name, sql in _named((_HERE / "statements.sql").read_text("utf-8")).items()
}
_STATES = ", ".join(f"'{state}'" for state in State)
MIGRATIONS = [
    file.read_text("utf-8").replace("{states}", _STATES)
    for file in sorted(_HERE.iterdir(), key=lambda file: file.name)
    if file.name[:3].isdigit() and file.name.endswith(".sql")
]


@cache
def many(name: str, rows: int, columns: int) -> str:
    """Return a statement for so many rows of so many columns."""
    if rows == 1 and FROM_ROWS in SQL[name]:
        # a single row needs no table of its own, which costs more than the rest of the update
        used = [int(number) for number in COLUMN.findall(SQL[name])]
        if used == list(range(1, columns + 1)):  # `?1` would be a named placeholder, for which Python wants names
            return COLUMN.sub("?", SQL[name].replace(FROM_ROWS, "WHERE"))
    row = f"({', '.join('?' * columns)})"
    return SQL[name].replace("{rows}", ", ".join([row] * rows))
