"""Every procedure of the dispatcher in one table: its URI, the least role that may call it, and what handles it.

A new procedure is a row here, a URI in `taskbahn.protocol.messages` and a line in `docs/protocol.md`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn_router.access.ownership import Own
from taskbahn_router.access.role_limits import ids_in, one
from taskbahn_router.dispatcher.auditing import Audited
from taskbahn_router.model.roles import RoleRules, own_roles
from taskbahn_router.queries.settings import as_of_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.parts import Parts

    Handler = Callable[[PendingCall], None]

OWN_PREFIX = "taskbahn."
ABOVE = {Role.OPERATOR, Role.ADMIN}
MAY_CALL = {  # least role of a procedure -> the roles that have it; a client only those that the table gives to clients
    Role.VIEWER: {Role.VIEWER, Role.CLIENT, Role.WORKER, *ABOVE},
    Role.CLIENT: {Role.CLIENT, Role.WORKER, *ABOVE},
    Role.WORKER: {Role.WORKER},
    Role.OPERATOR: ABOVE,
    Role.ADMIN: {Role.ADMIN},
    Role.BROWSER: {Role.BROWSER},
}


class Procedure(NamedTuple):
    """A row of the table; *handler* finds what answers a call among the parts.

    role: the least role that may call it.   of_clients: what of it clients have with login; None: it is refused to them.
    """

    uri: str
    role: Role
    handler: Callable[[Parts], Handler]
    of_clients: Own | None = None
    audit: Audited | str | None = None  # what the audit says of it, or why it says nothing; None: it only reads


of_job, of_schedule, of_trigger = (partial(Audited, kind) for kind in ("job", "schedule", "trigger"))
DATA = "a message is data for its job, as arguments are"
STARTS = "a job says itself who started it"
SIGNS = "its handler notes it, for browser tokens are kept nowhere"
RENEWS = "what a session does says which token it has"
WORKS = "what workers do is in the history of jobs and in the log"

WATCHING = frozenset({messages.JOB_WATCH, messages.JOB_WAIT})  # calls of these stay open
STARTING = {messages.JOB_RETRY: ids_in, messages.JOB_ANSWER: one, messages.JOB_SEND: one}  # how many jobs a call counts as

PROCEDURES = (
    Procedure(messages.SUBMIT, Role.CLIENT, lambda parts: parts.dispatcher.submit, Own.NEW, audit=STARTS),
    Procedure(messages.JOB_WAIT, Role.VIEWER, lambda parts: parts.jobs.wait, Own.JOBS),
    Procedure(messages.JOB_WATCH, Role.VIEWER, lambda parts: parts.jobs.watch, Own.JOB),
    Procedure(messages.JOB_GET, Role.VIEWER, lambda parts: parts.jobs.get, Own.JOB),
    Procedure(messages.JOB_EVENTS, Role.VIEWER, lambda parts: parts.jobs.events, Own.JOB),
    Procedure(messages.JOB_RESULTS, Role.VIEWER, lambda parts: parts.pages.results, Own.JOB),
    Procedure(messages.JOB_NOTES, Role.VIEWER, lambda parts: parts.pages.notes, Own.JOB),
    Procedure(messages.JOB_EXPLAIN, Role.VIEWER, lambda parts: parts.explain.explain, Own.WAIT),
    Procedure(messages.JOB_MEMBERS, Role.VIEWER, lambda parts: parts.members.members, Own.JOB),
    Procedure(messages.JOB_GRAPH, Role.VIEWER, lambda parts: parts.members.graph, Own.JOB),
    Procedure(messages.JOB_ANSWER, Role.CLIENT, lambda parts: parts.telling.answer, Own.JOB, audit=of_job("answer")),
    Procedure(messages.JOB_SEND, Role.CLIENT, lambda parts: parts.telling.send, Own.JOB, audit=DATA),
    Procedure(messages.JOB_CANCEL, Role.CLIENT, lambda parts: parts.job_actions.cancel, Own.JOBS, audit=of_job("cancel")),
    Procedure(messages.JOB_RETRY, Role.CLIENT, lambda parts: parts.job_actions.retry, Own.JOBS, audit=of_job("retry")),
    Procedure(messages.JOB_SKIP, Role.CLIENT, lambda parts: parts.job_actions.skip, Own.JOBS, audit=of_job("skip")),
    Procedure(messages.JOB_PAUSE, Role.CLIENT, lambda parts: parts.job_pausing.pause, Own.JOBS, audit=of_job("pause")),
    Procedure(messages.JOB_RESUME, Role.CLIENT, lambda parts: parts.job_pausing.resume, Own.JOBS, audit=of_job("resume")),
    Procedure(messages.VIEW_STATUS, Role.VIEWER, lambda parts: lambda call: call.answer(parts.status_view())),
    Procedure(messages.VIEW_QUESTIONS, Role.VIEWER, lambda parts: parts.questions.view),
    Procedure(messages.VIEW_HISTORY, Role.VIEWER, lambda parts: parts.history.history),
    Procedure(messages.VIEW_TASKS, Role.VIEWER, lambda parts: parts.jobs.tasks, Own.TASKS),
    Procedure(messages.VIEW_JOBS, Role.VIEWER, lambda parts: parts.jobs.jobs, Own.LIST),
    Procedure(messages.VIEW_ERRORS, Role.VIEWER, lambda parts: parts.jobs.errors),
    Procedure(messages.VIEW_QUEUES, Role.VIEWER, lambda parts: parts.jobs.queues),
    Procedure(messages.VIEW_WORKERS, Role.VIEWER, lambda parts: parts.admin.view),
    Procedure(messages.VIEW_LIMITS, Role.VIEWER, lambda parts: parts.limits.view),
    Procedure(messages.VIEW_SCHEDULE_TIMES, Role.VIEWER, lambda parts: parts.schedule_preview.view),
    Procedure(messages.VIEW_SETTINGS, Role.VIEWER, lambda parts: lambda call: call.answer(as_of_now(parts.settings))),
    Procedure(messages.VIEW_SCHEDULES, Role.VIEWER, lambda parts: parts.schedules.view),
    Procedure(messages.VIEW_DUE_TIMES, Role.VIEWER, lambda parts: parts.due_times.view),
    Procedure(messages.VIEW_FIRINGS, Role.VIEWER, lambda parts: parts.schedules.firings),
    Procedure(messages.VIEW_SCHEDULE_WAITS, Role.VIEWER, lambda parts: parts.schedule_waits.view),
    Procedure(messages.SCHEDULE_ADD, Role.OPERATOR, lambda parts: parts.schedule_admin.add, audit=of_schedule("add")),
    Procedure(messages.SCHEDULE_EDIT, Role.OPERATOR, lambda parts: parts.schedule_admin.edit, audit=of_schedule("edit")),
    Procedure(messages.SCHEDULE_PAUSE, Role.OPERATOR, lambda parts: parts.schedule_admin.pause, audit=of_schedule("pause")),
    Procedure(messages.SCHEDULE_RESUME, Role.OPERATOR, lambda parts: parts.schedule_admin.resume, audit=of_schedule("resume")),
    Procedure(messages.SCHEDULE_RUN, Role.OPERATOR, lambda parts: parts.schedule_admin.run, audit=of_schedule("run")),
    Procedure(
        messages.SCHEDULE_BACKFILL,
        Role.OPERATOR,
        lambda parts: parts.schedule_admin.backfill,
        audit=of_schedule("backfill"),
    ),
    Procedure(messages.SCHEDULE_DELETE, Role.OPERATOR, lambda parts: parts.schedule_admin.delete, audit=of_schedule("delete")),
    Procedure(messages.EVENT_PUBLISH, Role.CLIENT, lambda parts: parts.event_publishing.publish, audit=STARTS),
    Procedure(messages.VIEW_TRIGGERS, Role.VIEWER, lambda parts: parts.triggers.view),
    Procedure(messages.TRIGGER_ADD, Role.OPERATOR, lambda parts: parts.trigger_admin.add, audit=of_trigger("add")),
    Procedure(messages.TRIGGER_EDIT, Role.OPERATOR, lambda parts: parts.trigger_admin.edit, audit=of_trigger("edit")),
    Procedure(messages.TRIGGER_PAUSE, Role.OPERATOR, lambda parts: parts.trigger_admin.pause, audit=of_trigger("pause")),
    Procedure(messages.TRIGGER_RESUME, Role.OPERATOR, lambda parts: parts.trigger_admin.resume, audit=of_trigger("resume")),
    Procedure(messages.TRIGGER_DELETE, Role.OPERATOR, lambda parts: parts.trigger_admin.delete, audit=of_trigger("delete")),
    Procedure(access.VIEW_ROLES, Role.VIEWER, lambda _: lambda call: call.answer(role_views())),
    Procedure(messages.VIEW_AUDIT, Role.OPERATOR, lambda parts: parts.audit.view),
    Procedure(messages.ADMIN_DRAIN, Role.OPERATOR, lambda parts: parts.admin.drain, audit=Audited("worker", "drain")),
    Procedure(messages.ADMIN_LIMIT, Role.OPERATOR, lambda parts: parts.limit_admin.limit, audit=Audited("limit", "limit")),
    Procedure(messages.ADMIN_PAUSE, Role.OPERATOR, lambda parts: parts.pause_admin.pause, audit=Audited("", "pause")),
    Procedure(messages.ADMIN_RESUME, Role.OPERATOR, lambda parts: parts.pause_admin.resume, audit=Audited("", "resume")),
    Procedure(access.BROWSER_TOKEN, Role.CLIENT, lambda parts: parts.token_issue.make, Own.TOKEN, audit=SIGNS),
    Procedure(access.BROWSER_TOKEN_RENEW, Role.BROWSER, lambda parts: parts.token_issue.renew, Own.TOKEN, audit=RENEWS),
    Procedure(access.TOKEN_ROTATE, Role.ADMIN, lambda parts: parts.token_issue.rotate, audit=Audited("token", "rotate")),
    Procedure(access.TOKEN_KEYS, Role.ADMIN, lambda parts: parts.token_issue.keys, audit="it only reads"),
    Procedure(access.TOKEN_CREATE, Role.ADMIN, lambda parts: parts.token_admin.create, audit=Audited("token", "create")),
    Procedure(access.TOKEN_LIST, Role.ADMIN, lambda parts: parts.token_admin.list, audit="it only reads"),
    Procedure(access.TOKEN_REVOKE, Role.ADMIN, lambda parts: parts.token_admin.revoke, audit=Audited("token", "revoke")),
    Procedure(access.USER_CREATE, Role.ADMIN, lambda parts: parts.user_admin.create, audit=Audited("user", "create")),
    Procedure(access.USER_LIST, Role.ADMIN, lambda parts: parts.user_admin.list, audit="it only reads"),
    Procedure(access.USER_REMOVE, Role.ADMIN, lambda parts: parts.user_admin.remove, audit=Audited("user", "remove")),
    Procedure(access.USER_PASSWD, Role.ADMIN, lambda parts: parts.user_admin.set_password, audit=Audited("user", "passwd")),
    Procedure(
        access.OWN_PASSWORD, Role.VIEWER, lambda parts: parts.user_admin.change_own, Own.SELF, audit=Audited("user", "passwd")
    ),
    Procedure(access.KEY_ADD, Role.ADMIN, lambda parts: parts.key_admin.add, audit=Audited("key", "add")),
    Procedure(access.KEY_LIST, Role.ADMIN, lambda parts: parts.key_admin.list, audit="it only reads"),
    Procedure(access.KEY_REVOKE, Role.ADMIN, lambda parts: parts.key_admin.revoke, audit=Audited("key", "revoke")),
    Procedure(messages.WORKER_ATTACH, Role.WORKER, lambda parts: parts.registry.attach, audit=WORKS),
    Procedure(messages.WORKER_REPORT, Role.WORKER, lambda parts: parts.registry.report, audit=WORKS),
)
VERBS_OF = {  # what a browser token has to name, beside the job
    messages.JOB_CANCEL: "cancel",
    messages.JOB_ANSWER: "answer",
    messages.JOB_SEND: "send",
    messages.JOB_RETRY: "retry",
}


def handlers(parts: Parts) -> dict[str, Handler]:
    """Return what handles each procedure, by its URI; all other procedures are tasks."""
    return {procedure.uri: _in_order(procedure, parts) for procedure in PROCEDURES}


def _in_order(procedure: Procedure, parts: Parts) -> Handler:
    """Return a handler to which a client's calls come in their order, also behind a large submission that is still being read."""
    handler, slices = procedure.handler(parts), parts.dispatcher.slices
    if procedure.of_clients is not None:
        changes = procedure.role is Role.CLIENT
        verb, of_maker = VERBS_OF.get(procedure.uri), partial(_page_has, procedure)
        handler = parts.ownership.confined(procedure.of_clients, handler, changes=changes, verb=verb, has=of_maker)
    handler = _audited(procedure, _limited(procedure, handler, parts), parts)
    if procedure.uri == messages.SUBMIT or procedure.role in (Role.WORKER, Role.OPERATOR, Role.ADMIN):
        return handler
    return lambda call: slices.in_order(call, handler)


def _limited(procedure: Procedure, handler: Handler, parts: Parts) -> Handler:
    """Return a handler that refuses names which use more of the node than their role may."""
    limits = parts.role_limits
    if procedure.uri == messages.SUBMIT:
        return limits.starting(limits.watching(handler, lambda call: bool(call.kwargs.get("follow"))))
    if procedure.uri in WATCHING:
        return limits.watching(handler)
    jobs = STARTING.get(procedure.uri)
    return handler if jobs is None else limits.starting(handler, jobs)


def _audited(procedure: Procedure, handler: Handler, parts: Parts) -> Handler:
    """Return a handler that begins with who calls, if the procedure is audited."""
    audited, auditing = procedure.audit, parts.dispatcher.auditing
    if not isinstance(audited, Audited):
        return handler

    def handle(call: PendingCall) -> None:
        auditing.began(call, audited)
        handler(call)

    return handle


OF_TOKENS = (messages.SUBMIT, *VERBS_OF, access.BROWSER_TOKEN_RENEW)  # beside what only reads


def may_call(role: Role, procedure: Procedure) -> bool:
    """Return whether sessions of a role may call a procedure of the dispatcher."""
    if role is Role.BROWSER:
        is_of_pages = procedure.of_clients not in (None, Own.SELF)
        return is_of_pages and (procedure.role is Role.VIEWER or procedure.uri in OF_TOKENS)
    return role in MAY_CALL[procedure.role] and (role is not Role.CLIENT or procedure.of_clients is not None)


def has(own: RoleRules, procedure: Procedure) -> bool:
    """Return whether sessions of an own role may call a procedure of the dispatcher."""
    return may_call(own.base, procedure) and (own.may is None or procedure.uri in own.may)


def _page_has(procedure: Procedure, maker: RoleRules) -> bool:
    """Return whether a page may call a procedure of pages whose browser token a session of an own role has made."""
    return procedure.role is Role.BROWSER or has(maker, procedure)


def hears_own_jobs(role: RoleRules) -> bool:
    """Return whether sessions of an own role hear the topics of single jobs: these say what `taskbahn.job.watch` does."""
    return role.may is None or messages.JOB_WATCH in role.may


def role_views() -> list[dict[str, Any]]:
    """Return all roles, as `taskbahn.view.roles` answers."""
    own = own_roles()
    bases = [RoleRules(role.value, role) for role in Role]
    return [
        messages.plain(
            access.RoleView(**each.plain() | {"may": [row.uri.removeprefix(OWN_PREFIX) for row in PROCEDURES if has(each, row)]})
        )
        for each in [*bases, *own]
    ]
