"""Every procedure of the dispatcher in one table: its URI, the least role that may call it, and what handles it.

A new procedure is a row here, a URI in `taskbahn.wire` and a line in `docs/protocol.md`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from taskbahn import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import Call
    from taskbahn_router.parts import Parts

    Handler = Callable[[Call], None]


class Role(StrEnum):
    """Who may call a procedure; without login, on the loopback interface, every session has all roles."""

    VIEWER = "viewer"  # looks and changes nothing; `node.yaml` has its permissions
    CLIENT = "client"  # also starts, cancels and retries jobs
    WORKER = "worker"
    OPERATOR = "operator"


class Procedure(NamedTuple):
    """A row of the table; *handler* finds what answers a call among the parts."""

    uri: str
    role: Role
    handler: Callable[[Parts], Handler]


PROCEDURES = (
    Procedure(wire.SUBMIT, Role.CLIENT, lambda parts: parts.dispatcher.submit),
    Procedure(wire.JOB_WAIT, Role.VIEWER, lambda parts: parts.jobs.wait),
    Procedure(wire.JOB_WATCH, Role.VIEWER, lambda parts: parts.jobs.watch),
    Procedure(wire.JOB_GET, Role.VIEWER, lambda parts: parts.jobs.get),
    Procedure(wire.JOB_EVENTS, Role.VIEWER, lambda parts: parts.jobs.events),
    Procedure(wire.JOB_CANCEL, Role.CLIENT, lambda parts: parts.dispatcher.cancel_jobs),
    Procedure(wire.JOB_RETRY, Role.CLIENT, lambda parts: parts.dispatcher.retry_jobs),
    Procedure(wire.VIEW_STATUS, Role.VIEWER, lambda parts: lambda call: call.answer(parts.status_view())),
    Procedure(wire.VIEW_HISTORY, Role.VIEWER, lambda parts: parts.history.history),
    Procedure(wire.VIEW_TASKS, Role.VIEWER, lambda parts: parts.jobs.tasks),
    Procedure(wire.VIEW_JOBS, Role.VIEWER, lambda parts: parts.jobs.jobs),
    Procedure(wire.VIEW_ERRORS, Role.VIEWER, lambda parts: parts.jobs.errors),
    Procedure(wire.VIEW_QUEUES, Role.VIEWER, lambda parts: parts.jobs.queues),
    Procedure(wire.VIEW_WORKERS, Role.VIEWER, lambda parts: parts.admin.view),
    Procedure(wire.VIEW_SETTINGS, Role.VIEWER, lambda parts: lambda call: call.answer(parts.settings)),
    Procedure(wire.ADMIN_DRAIN, Role.OPERATOR, lambda parts: parts.admin.drain),
    Procedure(wire.WORKER_ATTACH, Role.WORKER, lambda parts: parts.registry.attach),
    Procedure(wire.WORKER_REPORT, Role.WORKER, lambda parts: parts.registry.report),
)


def handlers(parts: Parts) -> dict[str, Handler]:
    """Return what handles each procedure, by its URI; all other procedures are tasks."""
    return {procedure.uri: procedure.handler(parts) for procedure in PROCEDURES}
