"""What clients tell running or waiting jobs: answers to their questions, and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.encryption import envelope
from taskbahn.encryption.arguments import key_of
from taskbahn.errors import InvalidRequest, NoQuestion, TaskbahnError, TooLarge, UnknownJob, WrongAnswer, WrongState
from taskbahn.protocol import messages
from taskbahn.protocol.questions import ANSWER, Question
from taskbahn.protocol.secrets import sealed
from taskbahn_router.core.answers import what_is_wrong
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.secret_places import sealed_by
from taskbahn_router.core.suspensions import Told
from taskbahn_router.model.state import id_bytes
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import Answer

MAX_WHO = 200  # characters
MAX_KEY = 100  # characters
PLAIN = "the job is encrypted with key {key}, and this is plain text: send it with a client that has the key; it is not stored"
MOST_QUESTIONS = 1_000  # open questions of one job that are looked at


class Telling:
    """Answers `taskbahn.job.answer` and `taskbahn.job.send`. *runner* runs what reads; *fail* answers a call whose question failed."""

    def __init__(self, dispatcher: Dispatcher, reader: Reader, runner: Runner, fail: Callable[[PendingCall, Any], None]) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self._runner = runner
        self._fail = fail

    def answer(self, call: PendingCall) -> None:
        """`taskbahn.job.answer`: the first answer that fits counts, and the same call again is no other one."""
        id, name, value = _arguments(call, "id", "name", "value")
        key = _key(call)
        raw, text = id_bytes(id), _packed(value, "an answer")
        if not isinstance(name, str):
            raise InvalidRequest("name is that of the question, as `taskbahn.view.questions` has it")
        given = str(call.kwargs.get("who") or "")[:MAX_WHO]
        check_text("who", given)
        who, act = (call.by(given) or "")[:MAX_WHO], call.about(id_text(raw), name=given or None)

        def check(questions: list[Question] | None) -> None:
            error = _why_not(id_text(raw), name, text, questions)
            now = self._dispatcher.wall()
            kept = text if error is not None or questions is None else _sealed(text, name, questions)
            note = f'{{"value":{kept},"by":{messages.to_json(who)},"at":{now!r}}}'
            if isinstance(error, NoQuestion) and key:
                self._dispatcher.tell(
                    Told(raw, ANSWER + name, "", now, key), lambda found: answered(found, error)
                )  # it came again
            elif error is not None:
                call.fail(error)
            else:
                self._dispatcher.tell(Told(raw, ANSWER + name, note, now, key), answered, act)

        def answered(found: tuple[Answer, str] | None, error: TaskbahnError | None = None) -> None:
            if found is not None and found[0].is_moved:
                call.answer(None)
            else:
                call.fail(error or (UnknownJob(id_text(raw)) if found is None else NoQuestion(id_text(raw), name, [])))

        asked = self._runner.run(self._read, raw)
        asked.addCallback(check)
        asked.addErrback(lambda failure: self._fail(call, failure))

    def _read(self, raw: bytes) -> list[Question] | None:
        """Return the open questions of a job; None: there is no such job."""
        with self._reader.snapshot():
            row = self._reader.job(raw)
            if row is None:
                return None
            found = self._reader.questions(row.seq, 0, MOST_QUESTIONS)
            return [msgspec.json.decode(question.value, type=Question) for question in found]

    def send(self, call: PendingCall) -> None:
        """`taskbahn.job.send`: a message into the inbox of a job that has not ended."""
        id, message = _arguments(call, "id", "message")
        raw, text = id_bytes(id), _packed(message, "a message")

        def sent(found: tuple[Answer, str] | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
            elif not found[0].is_moved:
                state = str(found[0].state)
                why = f"job {id_text(raw)} is {state}: only a job that has not ended gets messages"
                call.fail(WrongState(why, job=id_text(raw), state=state))
            else:
                call.answer(int(found[1].partition(":")[2]))

        key = _key(call)

        def check(job_key: str | None) -> None:
            if job_key is None or _is_sealed(text, envelope.MESSAGE):
                self._dispatcher.tell(Told(raw, "", text, self._dispatcher.wall(), key), sent)
            else:
                call.fail(InvalidRequest(f"a message to job {id_text(raw)}: {PLAIN.format(key=job_key)}"))

        asked = self._runner.run(self._read_key, raw)
        asked.addCallback(check)
        asked.addErrback(lambda failure: self._fail(call, failure))

    def _read_key(self, raw: bytes) -> str | None:
        """Return the name of the key by which a job is encrypted; None: it is not, or there is none."""
        with self._reader.snapshot():
            row = self._reader.job(raw)
        return None if row is None else key_of(row.packed)


def _is_sealed(text: str, purpose: str) -> bool:
    return envelope.found(messages.from_json(text), purpose) is not None


def _key(call: PendingCall) -> str:
    """Return the key under which a call may come again, as it does after a lost connection; "": it has none."""
    key = call.kwargs.get("key", "")
    if not isinstance(key, str) or len(key) > MAX_KEY:
        raise InvalidRequest(f"key is text of up to {MAX_KEY} characters")
    check_text("key", key)
    return key


def _why_not(id: str, name: str, text: str, questions: list[Question] | None) -> TaskbahnError | None:
    """Return why a job cannot have an answer, which is JSON text; None: it can."""
    if questions is None:
        return UnknownJob(id)
    question = next((one for one in questions if one.name == name), None)
    if question is None:
        return NoQuestion(id, name, [one.name for one in questions])
    if (asked := envelope.found(question.schema, envelope.QUESTION)) is not None:
        return None if _is_sealed(text, envelope.ANSWER) else WrongAnswer(name, PLAIN.format(key=asked.key))
    why = what_is_wrong(messages.from_json(text), question.schema)
    return None if why is None else WrongAnswer(name, why)


def _sealed(text: str, name: str, questions: list[Question]) -> str:
    """Return an answer as it is kept: with secrets where its question asks for them."""
    schema = next(one.schema for one in questions if one.name == name)
    return sealed_by(schema, sealed(text.encode()).decode())


def _arguments(call: PendingCall, *names: str) -> list[Any]:
    given = dict(zip(names, call.args, strict=False)) | {name: call.kwargs[name] for name in names if name in call.kwargs}
    missing = [name for name in names if name not in given]
    if missing:
        raise InvalidRequest(f"{call.procedure} takes {', '.join(names)}; {missing[0]} is missing")
    return [given[name] for name in names]


def _packed(value: Any, what: str) -> str:
    try:
        text = messages.to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{what} is data: {error}") from None
    if len(text) > messages.MAX_ARGUMENTS:
        raise TooLarge(f"{what} in bytes", len(text), messages.MAX_ARGUMENTS, "send a smaller one, or a reference")
    check_text(what, text)
    return text
