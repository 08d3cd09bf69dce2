"""The audit as it travels: who did what to which object, when, from where, with what effect."""

from __future__ import annotations

import msgspec


class AuditEntry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An entry of `taskbahn.view.audit`, and of the topic `taskbahn.audit`.

    authid, role: as the router has them of the session.   name: that the person gave.   object: the id of what *kind* says; "": several jobs.
    address, session, transport: where from.   query: by which the jobs were found.   changed: objects that it changed; 0: *effect* says why.
    times: how often it happened, if repetitions that changed nothing were counted into this entry.   jobs: the first that it changed.
    """

    id: int
    at: float
    verb: str
    kind: str
    effect: str
    object: str = ""
    authid: str | None = None
    role: str | None = None
    name: str | None = None
    address: str | None = None
    session: int | None = None
    transport: str | None = None
    reason: str = ""
    query: str = ""
    changed: int = 0
    times: int = 1
    jobs: list[str] = []


class AuditAnswer(msgspec.Struct, kw_only=True):
    """What `taskbahn.view.audit` answers.   next: *before* of the next page, null at the end; a page may be short, even empty, before that."""

    entries: list[AuditEntry]
    next: int | None = None
