"""Answers questions about the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.audit import AuditAnswer
from taskbahn_router.dispatcher.auditing import DONE
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.wire_format import audit_entry
from taskbahn_router.stores.auditing import AuditFilter
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

WORDS = ("who", "verb", "kind", "object", "text")
TIMES = ("since", "until")
MAX_LIMIT = 500
MAX_WORD = 300  # characters


class AuditQueries:
    """Answers `taskbahn.view.audit`."""

    def __init__(self, reader: Reader, ask: Ask) -> None:
        self._reader = reader
        self._ask = ask

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.audit`: a page of entries, newest first."""
        wanted = _wanted(call)

        def read() -> dict[str, Any]:
            page = self._reader.audit(wanted)
            answer: dict[str, Any] = messages.plain(AuditAnswer(entries=[audit_entry(*one) for one in page.rows], next=page.next))
            return answer

        self._ask(call, call.answer, read)


def _wanted(call: PendingCall) -> AuditFilter:
    given = {name: value for name, value in call.kwargs.items() if value is not None}
    unknown = sorted(given.keys() - {*WORDS, *TIMES, "job", "before", "limit"})
    if unknown or call.args:
        what = f"not {unknown[0]!r:.100}" if unknown else "by name"
        raise InvalidRequest(f"{call.procedure} takes {', '.join(WORDS)}, job, since, until, before and limit, {what}")
    found: dict[str, Any] = {name: _word(name, given[name]) for name in WORDS if name in given}
    found |= {name: _time(name, given[name]) for name in TIMES if name in given}
    if (verb := found.get("verb", "")) and verb not in DONE:
        raise InvalidRequest(f"the audit has no verb {verb!r}{did_you_mean(verb, DONE)}; there are {', '.join(sorted(DONE))}")
    if "job" in given:
        found["job"] = id_bytes(given["job"])
    for name, most in (("before", 1 << 62), ("limit", MAX_LIMIT)):
        value = given.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            raise InvalidRequest(f"{name} = {value!r:.100}: it is a number from 1 to {most:,}")
        if name in given:
            found[name] = value
    return AuditFilter(**found)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_WORD:
        raise InvalidRequest(f"{name} = {value!r:.100}: it is a text of up to {MAX_WORD} characters")
    check_text(name, value)
    return value


def _time(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise InvalidRequest(f"{name} = {value!r:.100}: it is a time in seconds since 1970")
    return float(value)
