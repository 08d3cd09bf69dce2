"""Rows of the store as they are shown: the structs of `views`, as plain data."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.audit import AuditEntry
from taskbahn.protocol.calls import CHUNK
from taskbahn.protocol.message_pages import value_bytes
from taskbahn.protocol.secrets import shown
from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core.audit import jobs_in
from taskbahn_router.core.deadlines import NOT_STARTED
from taskbahn_router.core.error_fingerprint import fingerprint
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_HELD, IS_PAUSED
from taskbahn_router.stores.auditing import SHOWN_JOBS

if TYPE_CHECKING:
    from taskbahn_router.core.audit import AuditRow
    from taskbahn_router.core.job_pauses import HoldingPause
    from taskbahn_router.stores.queries import OutcomeRow
    from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow


ERRORS_BYTES = 2 * 1024 * 1024  # bytes of the errors of all attempts in one view
LEFT_OUT = "(left out: with those of the later attempts it is more than one message carries)"


def audit_entry(id: int, row: AuditRow) -> AuditEntry:
    """Return an entry of the audit as it travels."""
    jobs = list(islice(jobs_in(row), SHOWN_JOBS))
    return AuditEntry(id=id, **{**row._asdict(), "jobs": jobs})


def packed(text: str | None) -> Any:
    """Return the value of stored JSON as it is shown, without secrets; None when nothing is stored."""
    return None if text is None else shown(text)


def error_of(row: JobRow | OutcomeRow) -> Any:
    """Return the error of a job; why one has expired is always the same, and the stores do not write it."""
    return dict(NOT_STARTED) if row.state == State.EXPIRED else packed(row.error)


def title_of(row: JobRow) -> str | None:
    """Return what people call a job."""
    return messages.from_json(row.options).get("title") if row.options is not None and '"title"' in row.options else None


def brief(row: JobRow) -> dict[str, Any]:
    """Return the `views.JobView` of a row without its payloads."""
    view = {
        "id": id_text(row.id), "task": row.task, "queue": row.queue, "state": row.state, "priority": row.priority,
        "number": row.number, "attempt": row.attempt, "created_at": row.created_at, "due_at": row.due_at,
        "started_at": row.started_at, "finished_at": row.finished_at, "kept_until": row.delete_at, "worker": row.worker,
        "caller": row.caller, "tags": packed(row.tags) or [], "progress": packed(row.progress),
    }  # fmt: skip
    places = {
        "parent": row.parent and id_text(row.parent),
        "root": row.root and id_text(row.root),
        "label": row.label,
        "title": title_of(row),
        "deadline": row.deadline,
    }
    view |= {name: value for name, value in places.items() if value is not None}
    error = error_of(row)
    if error is not None:
        view["error" if row.state in FINAL_STATES else "last_error"] = brief_error(error)
    if row.state == State.FAILED and row.fingerprint is not None:
        view["fingerprint"] = row.fingerprint
    if is_held(row):
        view["paused"] = {}
    return view


def is_held(row: JobRow) -> bool:
    """Return whether a pause holds a job; one that has ended may still be paused for the sake of its members."""
    return bool(row.flags & IS_PAUSED) or (bool(row.flags & IS_HELD) and row.state not in FINAL_STATES)


def pause_view(found: HoldingPause) -> dict[str, Any]:
    """Return the `views.JobPause` of a pause."""
    _, by, at, reason, until = found.pause
    view = {"job": id_text(found.id), "reason": reason, "until": until, "paused_by": by, "paused_at": at}
    return {name: value for name, value in view.items() if value is not None}


def whole(row: JobRow, attempts: list[AttemptRow], pause: HoldingPause | None = None) -> dict[str, Any]:
    """Return the `views.JobView` of a row with all that the store has of it."""
    view = brief(row)
    if pause is not None:
        view["paused"] = pause_view(pause)
    given = shown(row.packed)
    view |= given if row.packed.startswith(CHUNK) else {"args": given[0], "kwargs": given[1]}
    view |= {"result": packed(row.result), "error": error_of(row)}
    if row.state == State.FAILED:
        view["fingerprint"] = row.fingerprint or fingerprint(row.task, view["error"] or {})
    view["options"] = packed(row.options) or {}
    view["attempts"] = attempt_views(attempts)
    if row.state in (State.WAITING, State.READY) and row.failures + row.crashes:  # as the stores list it
        for made in attempts:
            if made.attempt == row.attempt and made.error is not None:
                view["last_error"] = brief_error(messages.from_json(made.error))
    if row.attempt and row.started_at is not None and row.attempt not in {attempt.attempt for attempt in attempts}:
        outcome = "" if row.state == State.RUNNING else row.state if row.state in FINAL_STATES else "handed_back"
        last = {"attempt": row.attempt, "worker": row.worker or "", "started_at": row.started_at, "outcome": outcome}
        view["attempts"].append(last | ({"ended_at": row.finished_at} if row.finished_at else {}))
    return view


def stored(id: str, row: EventRow) -> dict[str, Any]:
    """Return the `messages.Event` of a stored row."""
    event = {"job": id, "number": row.number, "kind": row.kind, "at": row.at, "data": messages.from_json(row.data)}
    return event | {"attempt": row.attempt} if row.attempt else event


def attempt_views(rows: list[AttemptRow]) -> list[dict[str, Any]]:
    """Return the views of a job's attempts; without the tracebacks of earlier ones if one message cannot carry all."""
    size = 0
    views = [attempt_view(row) for row in rows]
    for view in reversed(views):
        size += value_bytes(view["error"])
        if size > ERRORS_BYTES and view["error"]:
            view["error"] = brief_error(view["error"]) | {"traceback": LEFT_OUT}
    return views


def attempt_view(row: AttemptRow) -> dict[str, Any]:
    """Return the `views.AttemptView` of a row."""
    return {
        "attempt": row.attempt, "worker": row.worker, "started_at": row.started_at, "ended_at": row.ended_at,
        "outcome": row.outcome, "error": packed(row.error),
    }  # fmt: skip


def brief_error(error: dict[str, Any]) -> dict[str, Any]:
    """Return what a list shows of an error."""
    return {"type": error.get("type", ""), "message": str(error.get("message", ""))[:500]}
