"""The audit while the dispatcher works: what calls are about, which entries a commit takes, and who hears of them after it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import CallerError, QueueFull, TaskbahnError, UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.plain_text import plain_json
from taskbahn_router.core.audit import Act, ActParts, AuditRow, Origin, Part, unchanged
from taskbahn_router.dispatcher.audit_repeats import AuditRepeats
from taskbahn_router.model.wire_format import audit_entry
from taskbahn_router.stores.auditing import DropAudit, found_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.maintenance import Maintenance
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.model.turn import TurnInput
    from taskbahn_router.stores.contract import CommitBatch, CommitResult

KEEP_SECONDS = 365 * 86400.0  # that entries are kept, if the operator says nothing
DROP_LIMIT = 500  # entries that one commit deletes
DROP_SECONDS = 3600.0  # seconds between two looks for entries that are too old
DROP_PAUSE_SECONDS = 0.5  # seconds between two steps


DONE = MappingProxyType(  # by verb: what becomes of each object
    {
        "add": "set", "answer": "answered", "backfill": "started", "cancel": "cancelled", "create": "created", "delete": "deleted",
        "drain": "drained", "login": "logged in", "passwd": "another password", "remove": "removed",
        "revoke": "revoked", "rotate": "made a new key",
        "edit": "edited", "limit": "changed", "pause": "paused", "resume": "resumed", "retry": "retried", "run": "started",
        "skip": "skipped",
    }
)  # fmt: skip


WITH_PAYLOADS = frozenset(("add", "answer", "edit"))  # verbs whose errors may show what is to be secret, but for those of logins
LOGINS = frozenset(("token", "key", "user"))


class Audited(NamedTuple):
    """What a procedure does to what, for the audit.   kind: "": the handler says it."""

    kind: str
    verb: str


class Auditing:
    """Writes the audit. `keep` is how long entries are kept, in seconds."""

    log = Logger("taskbahn.audit")

    def __init__(self, dispatcher: Dispatcher, port: RouterPort) -> None:
        self._dispatcher = dispatcher
        self._port = port
        self._repeats = AuditRepeats(dispatcher.clock.seconds)
        self._frequent = AuditRepeats(dispatcher.clock.seconds)  # apart, so that what strangers do hides nothing of it
        self.keep = KEEP_SECONDS

    def start(self) -> None:
        """Begin to delete what is too old, and to write what was counted."""
        maintenance: Maintenance = self._dispatcher.maintenance
        self._drops = maintenance.add("audit", self._drop, first=60.0)
        self._counted = maintenance.add("audit counts", self._write_counted)

    # who acts

    def began(self, call: PendingCall, audited: Audited) -> None:
        """Note who calls what; the handler says the rest with `PendingCall.about`."""
        call.act = Act(*audited, DONE[audited.verb], self._port.origin(call.caller, call.who), call.caller)
        call.on_refused = lambda error: self._refused(call, error)

    def cancelled_call(self, call: PendingCall, job: str) -> Act:
        """Return the act of a caller that cancels its call of a task."""
        return Act("job", "cancel", DONE["cancel"], self._port.origin(call.caller, call.who), call.caller, job)

    def _refused(self, call: PendingCall, error: TaskbahnError) -> None:
        """Note that a call is refused by what its caller asks for; what fails by us is no act."""
        if call.act is not None and isinstance(error, CallerError) and not isinstance(error, QueueFull):
            self.note(call.act.row(f"refused: {_why(call.act, error)}", 0))

    # entries

    def note(self, row: AuditRow) -> None:
        """Write an entry about what changed nothing, as a refused login; those that repeat themselves are counted into few."""
        self._count(self._repeats.let_through(row))

    def note_often(self, row: AuditRow) -> None:
        """Write an entry about what is done often and leaves nothing in the store; counted into few for each name and address."""
        self._count(self._frequent.let_through(row, (row.address or "", row.authid or "", row.verb, row.kind)))

    def _count(self, row: AuditRow | None) -> None:
        if row is not None:
            self._write([row])
        self._count_on()

    def _count_on(self) -> None:
        ends = [seconds for seconds in (self._repeats.next_in(), self._frequent.next_in()) if seconds is not None]
        if ends:
            self._counted.run_in(min(ends))

    def refused_login(self, address: str | None, transport: str, why: str) -> None:
        """Note that a stranger was not let in."""
        self.note(Act("user", "login", DONE["login"], Origin(None, None, address, transport)).row(f"refused: {why}", 0))

    def made_token(self, call: PendingCall, id: str, effect: str) -> None:
        """Note that a browser token was made."""
        origin = self._port.origin(call.caller, call.who)
        self.note_often(Act("token", "create", DONE["create"], origin, call.caller, id).row(effect, 1))

    def logged_in(self, address: str | None, transport: str, name: str, role: str) -> None:
        """Note that a person has logged in."""
        origin = Origin(name, role, address, transport)
        self.note_often(Act("user", "login", DONE["login"], origin, object=name).row(DONE["login"], 0))

    def _write(self, rows: Iterable[AuditRow]) -> None:
        now = self._dispatcher.wall()
        self._dispatcher.turn_input.add_audit(row._replace(at=now) for row in rows)
        self._dispatcher.loop.schedule_turn()

    def _write_counted(self) -> None:
        rows = [*self._repeats.over(), *self._frequent.over()]
        if rows:
            self._write(rows)
        self._count_on()

    def stop(self) -> None:
        """Write what was counted so far; the next commit takes it."""
        rows = [*self._repeats.all_left(), *self._frequent.all_left()]
        if rows:
            self._write(rows)

    def _drop(self) -> None:
        self._dispatcher.turn_input.ask_drop_audit(DropAudit(self._dispatcher.wall() - self.keep, DROP_LIMIT))
        self._dispatcher.loop.schedule_turn()

    # after the commit

    def committed(self, batch: CommitBatch, result: CommitResult) -> None:
        """Say what was written, to the log and to subscribers; note the acts that changed nothing."""
        if not (batch.acts or result.audited or batch.drop_audit):
            return
        written = [one for one in result.audited if one is not None]
        entries = [messages.plain(audit_entry(*one)) for one in written]
        for entry in entries:
            # a warning, for a node logs only those by default, and an operator will ask who did it
            self.log.warn("taskbahn.audit {entry}", entry=plain_json(messages.to_json(entry)))
        if entries and self._port.is_watched(messages.AUDIT_TOPIC):
            self._port.publish_event(messages.AUDIT_TOPIC, entries)
        found = found_in(result)
        for act, one in zip(batch.acts, result.audited, strict=False):
            why = unchanged(act, found) if one is None else None
            if why is not None:
                self.note(act.act.row(why, 0))
        if batch.drop_audit is not None:
            is_over = result.dropped_audit < DROP_LIMIT
            self._drops.run_in(DROP_SECONDS if is_over else DROP_PAUSE_SECONDS)


def _why(act: Act, error: TaskbahnError) -> str:
    """Return why a call was refused: without what its caller gave for the payload of a job."""
    if isinstance(error, UnknownJob):
        return "there is no such job"
    if act.verb in WITH_PAYLOADS and act.kind not in LOGINS:
        return error.uri.rpartition(".")[2].replace("_", " ")
    return error.message


def give_acts(batch: CommitBatch, turn_input: TurnInput) -> None:
    """Put into a batch who asked for what of it, and entries about what changes nothing."""
    if turn_input.is_plain() and all(one.act is None for one in turn_input.submissions):
        return  # jobs that start and end: nothing of it is audited
    parts: dict[int, tuple[Act, list[Part]]] = {}
    for act, part in _parts(turn_input):
        if act is not None:
            parts.setdefault(id(act), (act, []))[1].append(part)
    batch.acts += [ActParts(act, tuple(found)) for act, found in parts.values()]
    batch.acts += turn_input.acts
    batch.audit, batch.drop_audit = turn_input.audit, turn_input.drop_audit


def _parts(turn_input: TurnInput) -> Iterator[tuple[Act | None, Part]]:
    asked = [(raw, act) for raw, *_, act in turn_input.cancels]
    asked += [(raw, act) for raw, _, act in (*turn_input.retries, *turn_input.skips)]
    for number, (raw, act) in enumerate(asked):
        yield act, Part("answers", number, raw)
    held = [(pause.id, act) for pause, _, act in turn_input.job_pauses] + [(one.id, act) for one, _, act in turn_input.resumes]
    for number, (raw, act) in enumerate(held):
        yield act, Part("paused", number, raw)
    for number, (told, _, act) in enumerate(turn_input.told):
        yield act, Part("notes", number, told.id)
    for name in ("schedules", "triggers", "credentials"):
        for number, act in enumerate(getattr(turn_input, name).acts()):
            yield act, Part(name, number)
    for submission in turn_input.submissions:
        for job in submission.jobs if submission.act is not None else ():
            if job.links is None or job.links.parent is None:
                yield submission.act, Part("new", job.seq, job.raw)
