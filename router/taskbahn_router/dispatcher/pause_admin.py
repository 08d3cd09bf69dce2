"""Operators pause the system, a queue, a task or one key of a limit, and resume it: no job of it starts meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, InvalidRequest, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.pauses import Subject, parse_subject
from taskbahn_router.core.rows import limit_of
from taskbahn_router.dispatcher.pause_words import MAX_REASON, MAX_WHO, text_in, until_in
from taskbahn_router.dispatcher.pauses import KeptPause
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall

MAX_PAUSES = 1_000


class PauseAdmin:
    """Obeys `taskbahn.admin.pause` and `taskbahn.admin.resume`."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._book = dispatcher.limit_book

    def pause(self, call: PendingCall) -> None:
        """`taskbahn.admin.pause`: answered with the pause when it is stored. What runs goes on."""
        words = _words(call, "query", "reason", "within", "until", "who")
        reason, name = text_in(words, "reason", MAX_REASON), text_in(words, "who", MAX_WHO)
        subject = _about(call, parse_subject(words.pop("query", "")), name, reason)
        self._check_known(subject)
        now = self._dispatcher.wall()
        pause = KeptPause(subject, until_in(words, now), reason, call.by(name), now)
        pauses = self._book.pauses
        if len(pauses.all()) >= MAX_PAUSES and pauses.get(*subject) is None:
            raise InvalidOption(f"{MAX_PAUSES:,} pauses hold already; resume some, or pause a queue or a task", option="query")
        self._book.pause(pause)
        self._book.note_act(call.act, "paused" if pause.until is None else f"paused for {pause.until - now:,.0f} s")
        self._answer_stored(call, messages.plain(pause.view()))

    def resume(self, call: PendingCall) -> None:
        """`taskbahn.admin.resume`: answered with the pause that is over, when that is stored."""
        words = _words(call, "query", "who")
        subject = _about(call, parse_subject(words.pop("query", "")), text_in(words, "who", MAX_WHO))
        paused = self._book.pauses.get(*subject)
        if paused is None:
            others = [pause.subject.query for pause in self._book.pauses.all()]
            hint = did_you_mean(subject.query, others) or (f"; paused are {', '.join(map(repr, others[:10]))}" if others else "")
            raise InvalidOption(f"{_name(subject)} is not paused{hint}", option="query")
        self._book.resume(subject)
        self._book.note_act(call.act, "resumed")
        self._answer_stored(call, messages.plain(paused.view()))

    def _answer_stored(self, call: PendingCall, answer: Any) -> None:
        self._dispatcher.turn_input.add_limit_change(lambda: call.answer(answer))
        self._dispatcher.loop.schedule_turn()

    def _check_known(self, subject: Subject) -> None:
        """Raise InvalidOption if there is no such thing, so that a typing error pauses nothing."""
        check_text("the query", subject.name)
        if subject.kind == "queue":
            served = {name for worker in self._state.workers.values() for name in worker.hello.queues}
            _check(subject, subject.name, served | {partition.queue for partition in self._state.partitions_by_id.values()})
        elif subject.kind == "task":
            _check(subject, subject.name, self._state.tasks)
        elif subject.kind == "key":
            self._check_key(subject)

    def _check_key(self, subject: Subject) -> None:
        name = limit_of(subject.name)
        limits = self._book.templates()
        _check(subject, name, limits)
        if limits[name] and subject.name == name:
            raise InvalidOption(
                f'the limit {name!r} has a key for each {limits[name]}; say which, as in key:{name}["acme"], or pause its tasks',
                option="query",
            )
        if not limits[name] and subject.name != name:
            raise InvalidOption(f"the limit {name!r} has no keys; give key:{name}", option="query")


def _about(call: PendingCall, subject: Subject, name: str, reason: str = "") -> Subject:
    call.about(subject.name, kind=subject.kind, name=name or None, reason=reason)
    return subject


def _words(call: PendingCall, *names: str) -> dict[str, Any]:
    words = dict(zip(names, call.args, strict=False)) | call.kwargs
    unknown = sorted(words.keys() - set(names))
    if unknown or len(call.args) > len(names):
        raise InvalidRequest(f"{call.procedure} takes {', '.join(names)}{f', not {short(unknown[0])}' if unknown else ''}")
    return words


def _check(subject: Subject, name: str, known: Any) -> None:
    if name not in known:
        what = "limit" if subject.kind == "key" else subject.kind
        raise InvalidOption(f"there is no {what} named {short(name)}{did_you_mean(name, known)}", option="query")


def _name(subject: Subject) -> str:
    return f"{subject.kind} {subject.name}" if subject.name else "the whole system"
