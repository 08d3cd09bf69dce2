"""Views, events and errors of encrypted jobs, as a client with keys reads them.

What cannot be decrypted stays as it is: `{"$encrypted": ...}` in the place of a value, and as JSON in the place of a text. `words` says it
to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from taskbahn.encryption import envelope
from taskbahn.encryption.arguments import opened
from taskbahn.encryption.envelope import ARGUMENTS, BRIEF, CHUNK, ERROR, LOG, PROGRESS, QUESTION, RESULT
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK as SEVERAL
from taskbahn.protocol.calls import calls_in
from taskbahn.protocol.secrets import shown

if TYPE_CHECKING:
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.protocol.questions import Question
    from taskbahn.protocol.views import JobView

Q = TypeVar("Q", bound="Question")


def opened_error(error: dict[str, Any], keys: KeyRing | None, job: str | None) -> dict[str, Any]:
    """Return an error with what is encrypted in it; as it is if it cannot be read here.  job: of which it is; None: of any."""
    for name, more in (("traceback", ""), ("message", BRIEF)):
        found = envelope.found_in_text(error.get(name), ERROR)
        if found is not None:
            try:
                return {**error, **messages.from_json(opened(keys, found, job, more))}
            except DecryptionFailed:
                return error
    return error


def opened_event(event: messages.Event, keys: KeyRing | None) -> messages.Event:
    """Return an event with what is encrypted in it; as it is if it cannot be read here."""
    if keys is None:
        return event
    data = _opened_data(event.kind, event.data, keys, event.job)
    return event if data is event.data else msgspec.structs.replace(event, data=data)


def opened_view(view: JobView, keys: KeyRing | None) -> JobView:
    """Return a view of a job with what is encrypted in it; as it is where it cannot be read here."""
    if keys is None:
        return view
    changes: dict[str, Any] = {}
    if view.args:
        changes |= _arguments(view, keys)
    elif view.calls:
        changes |= _calls(view, keys)
    if view.result is not None:
        result = _result(view.result, keys)
        changes |= {} if result is view.result else {"result": result}
    for name in ("error", "last_error"):
        error = getattr(view, name)
        if error is not None:
            changes[name] = opened_error(error, keys, None)
    if view.progress is not None:
        changes["progress"] = _opened_data("progress", view.progress, keys, view.id)
    if view.questions:
        changes["questions"] = [opened_question(one, keys, view.id) for one in view.questions]
    if view.attempts:
        changes["attempts"] = [_attempt(one, keys, view.id) for one in view.attempts]
    return msgspec.structs.replace(view, **changes) if changes else view


def opened_question(question: Q, keys: KeyRing | None, job: str) -> Q:
    """Return a question with its text and the schema of its answer; as it is if it cannot be read here."""
    found = envelope.found(question.schema, QUESTION)
    if found is None or keys is None:
        return question
    try:
        said = messages.from_json(opened(keys, found, job, question.name))
    except DecryptionFailed:
        return question
    return msgspec.structs.replace(question, **{"schema": {}, "to": "", **said})


def _opened_data(kind: str, data: Any, keys: KeyRing, job: str) -> Any:
    try:
        if kind == "chunk" and (found := envelope.found(data, CHUNK)) is not None:
            return messages.from_json(opened(keys, found, job))
        if not isinstance(data, dict):
            return data
        if kind == "log" and (found := envelope.found_in_text(data.get("message"), LOG)) is not None:
            return {**data, **messages.from_json(opened(keys, found, job))}
        if kind == "progress" and (found := envelope.found(data.get("data"), PROGRESS)) is not None:
            return {**data, "data": None, **messages.from_json(opened(keys, found, job))}
        if kind == "state" and isinstance(data.get("error"), dict):
            return {**data, "error": opened_error(data["error"], keys, None)}
        if kind == "question" and (found := envelope.found(data.get("schema"), QUESTION)) is not None:
            return {**data, "schema": {}, **messages.from_json(opened(keys, found, job, data.get("name", "")))}
    except DecryptionFailed:
        pass
    return data


def _result(value: Any, keys: KeyRing) -> Any:
    """Return a result in which results of any jobs may be encrypted, as a flow has it."""
    if isinstance(value, list):
        made = [_result(item, keys) for item in value]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    try:
        found = envelope.found(value, RESULT)
        return value if found is None else shown(opened(keys, found, None))
    except DecryptionFailed:
        return value


def _arguments(view: JobView, keys: KeyRing) -> dict[str, Any]:
    for value in view.args or ():
        try:
            found = envelope.found(value, ARGUMENTS)
            if found is not None:
                return _said(_content(found, keys, view), view.args or [])
        except (DecryptionFailed, ValueError):
            return {}
    return {}


def _content(found: envelope.Envelope, keys: KeyRing, view: JobView) -> str:
    return opened(keys, found, None if found.scope == envelope.ANY_JOB else view.id, view.task)


def _said(text: str, outer: list[Any]) -> dict[str, Any]:
    """Return the arguments in an envelope, as they are shown.  outer: those around it, which other jobs give."""
    if text.startswith(SEVERAL):
        return {"args": None, "kwargs": None, "calls": [shown(call) for call in calls_in(text)]}
    said = shown(text)
    args, kwargs = said["packed"] if isinstance(said, dict) else said
    place = next(index for index, value in enumerate(outer) if envelope.found(value, ARGUMENTS) is not None)
    for hole, value in zip(said["holes"] if isinstance(said, dict) else (), outer[place + 1 :], strict=False):
        _fill(args, kwargs, hole, value)
    return {"args": [*outer[:place], *args], "kwargs": kwargs}


def _fill(args: list[Any], kwargs: dict[str, Any], hole: list[int | str], value: Any) -> None:
    whole: Any = kwargs if isinstance(hole[0], str) else args
    if len(hole) == 1:
        whole[hole[0]] = value
    else:
        whole[hole[0]][hole[1]] = value


def _calls(view: JobView, keys: KeyRing) -> dict[str, Any]:
    made = []
    for call in view.calls or ():
        try:
            found = next((one for value in call[0] if (one := envelope.found(value, ARGUMENTS)) is not None), None)
            said = _said(_content(found, keys, view), call[0]) if found is not None else None
        except (DecryptionFailed, ValueError, LookupError, TypeError):
            said = None
        made.append(call if said is None else [said["args"], said["kwargs"]])
    return {"calls": made}


def _attempt(attempt: Any, keys: KeyRing, job: str) -> Any:
    error = getattr(attempt, "error", None)
    return msgspec.structs.replace(attempt, error=opened_error(error, keys, job)) if error else attempt
