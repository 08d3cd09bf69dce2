"""What an attempt has to say, packed, whatever it is: one record that cannot travel costs that record, and nothing else.

What a task hands over is made plain there (`taskbahn.attempt.plain_data`). What that lets through by mistake
must not silence a worker.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from taskbahn.attempt.context import DONE, FAILED, NOTICE
from taskbahn.attempt.plain_data import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import Record

T = TypeVar("T")
MAX_MESSAGE = 1000  # characters
NAMES = {"log": "log line", "progress": "progress report", "extend": "extension of the time limit"}


class Sendable(Generic[T]):
    """Packs lists of records with *pack*, which raises for what cannot travel."""

    def __init__(self, pack: Callable[[list[Any]], T]) -> None:
        self._pack = pack

    def packed(self, records: list[Any]) -> T:
        """Return *records* packed; those that cannot travel are replaced by a record that says so."""
        try:
            return self._pack(records)
        except Exception:  # noqa: BLE001 - found out below, record by record
            return self._pack(self.sound(records))

    def sound(self, records: list[Any]) -> list[Any]:
        """Return *records* with those replaced that cannot travel."""
        return [record if (error := self._error_of(record)) is None else lost(record, error) for record in records]

    def _error_of(self, record: Any) -> Exception | None:
        try:
            self._pack([record])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said
            return error
        return None


def is_lost(record: Record) -> bool:
    """Return whether *record* is already what is sent instead of another."""
    kind, data = record
    if kind == FAILED:
        return bool(data["error"].get("type") == "OutcomeLost")
    return bool(kind == NOTICE and data[2] == "log" and isinstance(data[4], dict) and data[4].get("logger") == "taskbahn")


def lost(record: Record, error: BaseException) -> Record:
    """Return what is sent instead of *record*: a failure of its attempt instead of an outcome, a log line instead of a notice."""
    kind, data = record
    why = f"{type(error).__name__}: {text_of(error, MAX_MESSAGE)}"
    if kind == DONE:
        job, attempt, _, started_at, ended_at = data
        failure = {"type": "OutcomeLost", "message": f"the result could not be sent: {why}"}
        times = {"started_at": started_at, "ended_at": ended_at}
        return FAILED, {"id": job, "attempt": attempt, "kind": "error", "error": failure, "retry": False, **times}
    if kind == FAILED:
        failure = {"type": "OutcomeLost", "message": f"the attempt failed, and its error could not be sent: {why}"}
        plain = {name: data[name] for name in ("id", "attempt", "kind", "started_at", "ended_at") if name in data}
        return FAILED, {**plain, "error": failure, "retry": bool(data.get("retry", True))}
    if kind == NOTICE:
        job, attempt, what, _, _, *mark = data
        line = {"level": "WARNING", "logger": "taskbahn", "message": f"a {NAMES.get(what, what)} could not be sent: {why}"}
        return NOTICE, [job, attempt, "log", time.time(), line, *(mark or [0])]
    return record
