"""What people change at run time about schedules and their like: add, edit, pause, resume, delete."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import SchedulePause
from taskbahn.protocol.secrets import SENTENCE, has_mark
from taskbahn_router.core.kept import KeptChange, KeptRow, pause_of
from taskbahn_router.dispatcher.kept_book import Drop
from taskbahn_router.submission.own_jobs import check_tasks
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.errors import TaskbahnError
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.kept_book import KeptBook
    from taskbahn_router.model.pending_call import PendingCall

RowT = TypeVar("RowT", bound=KeptRow)
ChangeT = TypeVar("ChangeT", bound=KeptChange)

ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
MAX_REASON = 500  # characters
MAX_WHO = 200
LAST_TIME = 9_000_000_000.0  # seconds since the epoch


def _refuse_marks(given: Any) -> None:
    """Raise InvalidOption for what a view shows in the place of a secret: to keep that would be to forget the secret."""
    try:
        text = messages.to_json(given).replace('\\"', '"')  # arguments may be packed
    except (TypeError, ValueError, RecursionError):
        return  # the checks of the forms say what is wrong
    if has_mark(text.encode()):
        raise InvalidOption(f"a part of the arguments {SENTENCE}", option="call")


class KeptAdmin(Generic[RowT, ChangeT]):
    """Obeys the procedures of one kind.

    answer: answers a call with the view of what has an id.   answer_row: with that of a row, which need not be stored.
    """

    what = ""  # what is kept, for messages
    procedures = ""  # what the URIs of its procedures begin with

    def __init__(
        self,
        dispatcher: Dispatcher,
        book: KeptBook[RowT, ChangeT],
        answer: Callable[[PendingCall, str], None],
        answer_row: Callable[[PendingCall, RowT], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._answer = answer
        self._answer_row = answer_row

    # what the kinds differ in

    def invalid(self, sentence: str) -> TaskbahnError:
        """Return the error of this kind."""
        raise NotImplementedError

    def fields_of(self, plain: Any) -> dict[str, Any]:
        """Return all fields of a spec after the checks of their forms."""
        raise NotImplementedError

    def check(self, fields: dict[str, Any]) -> None:
        """Raise for a spec with which it could do nothing now."""
        raise NotImplementedError

    def spec_of(self, row: RowT) -> dict[str, Any]:
        """Return what holds."""
        raise NotImplementedError

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields with the defaults of those that are left out."""
        raise NotImplementedError

    def changed(self, row: RowT | None, id: str, now: float, **words: Any) -> ChangeT:
        """Return the change of a row."""
        raise NotImplementedError

    # what they have in common

    def add(self, call: PendingCall) -> None:
        """A new one, or all that holds of one that was made so before.

        check: nothing is stored; the answer is what it would be, or why it cannot be.
        """
        _may_be_check(call)
        id, given = self._id(call), call.args[1] if len(call.args) > 1 else call.kwargs.get("spec")
        _refuse_marks(given)
        fields = self.fields_of(given)
        check_role(call, fields)
        self.check(fields)

        def decide(row: RowT | None) -> ChangeT | Drop | None:
            if row is not None:
                check_role(call, self.spec_of(row))
            if row is not None and row.declared is not None:
                raise self.invalid(f"the {self.what} {id} is declared in code; change it there, or edit it")
            return self.changed(row, id, self._dispatcher.wall(), changed=messages.to_json(fields), who=_who(call))

        self._set(call, id, decide)

    def edit(self, call: PendingCall) -> None:
        """Some fields; one that is as code declares it is no change any more.

        reset: names of fields that are to be as code declares them, or true for all.   check: as in `add`.
        """
        _may_be_check(call)
        id, given = self._id(call), call.args[1] if len(call.args) > 1 else call.kwargs.get("fields")
        reset = call.kwargs.get("reset", [])
        if not isinstance(given, dict | None) or not (given or reset):
            raise InvalidRequest(f"{self.procedures}edit takes an id and an object with the fields that change")

        def decide(row: RowT | None) -> ChangeT | Drop | None:
            row = self._known(id, row)
            _refuse_marks(given)
            fields = self.fields_of({**self.spec_of(row), **self._declared(row, reset), **(given or {})})
            check_role(call, self.spec_of(row), fields)
            self.check(fields)
            if row.declared is not None:
                declared = self.complete(messages.from_json(row.declared))
                fields = {name: value for name, value in self.complete(fields).items() if value != declared[name]}
            changed = messages.to_json(fields) if fields else None
            return self.changed(row, id, self._dispatcher.wall(), changed=changed, who=_who(call))

        self._set(call, id, decide)

    def pause(self, call: PendingCall) -> None:
        """It starts nothing any more, until a time or until it is resumed."""
        id, words, now = self._id(call), call.kwargs, self._dispatcher.wall()
        until, within = words.get("until"), words.get("within")
        for name, value in (("until", until), ("within", within)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LAST_TIME):
                raise InvalidOption(f"{name} = {value!r:.100}: it is in seconds, more than 0", option=name)
        if within is not None:
            until = now + within
        reason = str(words.get("reason", ""))[:MAX_REASON]
        check_text("the reason", reason)
        call.about(id, reason=reason)
        pause = SchedulePause(reason=reason, until=until, by=_who(call), at=now)
        self._change(call, id, lambda row: self.changed(self._known(id, row), id, now, pause=pause, who=_who(call)))

    def resume(self, call: PendingCall) -> None:
        """It goes on."""
        id, now = self._id(call), self._dispatcher.wall()

        def decide(row: RowT | None) -> ChangeT | Drop | None:
            known = self._known(id, row)
            check_role(call, self.spec_of(known))
            pause = pause_of(known)
            if pause is None:
                return None
            if pause.orphaned:  # no code has it any more, so from now on it is one that was made at run time
                changed = messages.to_json(self.spec_of(known))
                return self.changed(known, id, now, declared=None, declared_at=None, changed=changed, pause=None, who=_who(call))
            return self.changed(known, id, now, pause=None, who=_who(call))

        self._change(call, id, decide)

    def delete(self, call: PendingCall) -> None:
        """Refused for one that code declares: it can be paused, until code does so no more."""
        id = self._id(call)

        def decide(row: RowT | None) -> ChangeT | Drop | None:
            row = self._known(id, row)
            pause = pause_of(row)
            if row.declared is not None and not (pause is not None and pause.orphaned):
                raise self.invalid(f"the {self.what} {id} is declared in code: pause it, or take it out of the code")
            return Drop(row.version)

        self._book.change(id, decide, lambda _: call.answer(None), call.fail, act=call.act)

    # helpers

    def _declared(self, row: RowT, reset: Any) -> dict[str, Any]:
        """Return the fields that are to be as code declares them."""
        if not reset:
            return {}
        if row.declared is None:
            raise self.invalid(f"no code declares the {self.what} {row.id}, so there is nothing to go back to")
        declared = self.complete(messages.from_json(row.declared))
        if reset is True:
            return declared
        unknown = [name for name in reset if name not in declared] if isinstance(reset, list) else [reset]
        if unknown:
            raise self.invalid(f"reset = {unknown[0]!r:.100}: it is true, or a list of {', '.join(declared)}")
        return {name: declared[name] for name in reset}

    def _known(self, id: str, row: RowT | None) -> RowT:
        if row is None:
            raise self.invalid(f"there is no {self.what} {id!r}; `taskbahn {self.what}s` lists them")
        return row

    def _id(self, call: PendingCall) -> str:
        id = call.args[0] if call.args else call.kwargs.get("id")
        if not isinstance(id, str) or not ID.fullmatch(id):
            raise InvalidRequest(f"the id of a {self.what} has 1 to 200 letters, digits, '_', '.', ':' and '-', not {id!r:.100}")
        call.about(id, name=_name(call) or None)
        return id

    def _set(self, call: PendingCall, id: str, decide: Callable[[RowT | None], ChangeT | Drop | None]) -> None:
        """Change it, or answer with what it would be."""
        if not call.kwargs.get("check"):
            self._change(call, id, decide)
            return

        def would(row: RowT | None) -> None:
            decision = decide(row)
            if decision is not None and not isinstance(decision, Drop):
                self._answer_row(call, decision.row(row))

        self._book.change(id, would, lambda _: None, call.fail)

    def _change(self, call: PendingCall, id: str, decide: Callable[[RowT | None], ChangeT | Drop | None]) -> None:
        def done(decision: ChangeT | Drop | None) -> None:
            if decision is None and call.act is not None:
                self._dispatcher.auditing.note(call.act.row(f"nothing: it is {call.act.done} already", 0))
            self._answer(call, id)

        self._book.change(id, decide, done, call.fail, act=call.act)


def check_role(call: PendingCall, *specs: dict[str, Any]) -> None:
    """Raise NotAllowed if a session's role may not start what a schedule or a trigger starts."""
    rules = call.rules
    if rules is not None and rules.calls is not None:
        for spec in specs:
            check_tasks(spec.get("call"), rules, is_confined=False)


def _may_be_check(call: PendingCall) -> None:
    if call.kwargs.get("check"):
        call.on_refused = None  # the caller asks for no change


def _name(call: PendingCall) -> str:
    who = str(call.kwargs.get("who") or "")[:MAX_WHO]
    check_text("who", who)
    return who


def _who(call: PendingCall) -> str | None:
    return call.by(_name(call))
