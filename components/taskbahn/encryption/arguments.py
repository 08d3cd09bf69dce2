"""The arguments of an encrypted call: `[[{"$encrypted": ...}], {}]`, and around it what other jobs give, which is encrypted by itself.

In the envelope is the JSON text of the arguments. Where the results of other jobs belong, which are not there yet, it is
`{"holes": [[0], [1, 2], ["width"]], "packed": [args, kwargs]}`: the outer arguments behind the envelope are what belongs there, in that
order. What the router puts before the envelope comes before the first argument. So the router passes results on, and reads none.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.encryption import envelope
from taskbahn.encryption.envelope import ANY_JOB, ARGUMENTS, MARK, RESULT
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.encryption.keyring import KeyRing, missing
from taskbahn.errors import TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, calls_in, chunk_of
from taskbahn.protocol.inputs import LITERAL, OUTPUT, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = f"{envelope.VERSION}.{ARGUMENTS}."
ALONE, END_ALONE = f"[[{envelope.BEGIN}{HEAD}", f"{envelope.END}],{{}}]"
HOLES = '{"holes":'
MAX_LEVELS = 50  # of lists in each other, in which results of other jobs come

_as_call = msgspec.json.Decoder(tuple[list[msgspec.Raw], dict[str, msgspec.Raw]]).decode
_as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def is_encrypted(packed: str) -> bool:
    """Return whether packed arguments are those of an encrypted call."""
    return MARK in packed and any(_envelope(call) is not None for call in calls_in(packed))


def key_of(packed: str | None) -> str | None:
    """Return the name of the key by which a call is encrypted; None: it is not."""
    if packed is None or MARK not in packed:
        return None
    for call in calls_in(packed):
        found = _envelope(call)
        return None if found is None else found.key
    return None


def key_in(args: Iterable[Any] | None) -> str | None:
    """Return the same of the parsed arguments by position."""
    for value in args or ():
        if (found := envelope.found(value, ARGUMENTS)) is not None:
            return found.key
    return None


def encrypted(ring: KeyRing, packed: str, task: str, scope: str, *, key: str | None = None, is_fixed: bool = False) -> str:
    """Return packed arguments without holes as those of an encrypted call.

    scope: the id of the job, or ANY_JOB.  Raises TooLarge.
    """
    return _bounded(task, f"[[{_sealed(ring, packed, task, scope, key, is_fixed=is_fixed)}],{{}}]")


def encrypted_member(ring: KeyRing, packed: str, task: str, *, is_fixed: bool = False) -> str:
    """Return the packed arguments of a member of a flow, in which are `{"$output": name}`, as those of an encrypted call."""
    if f'"{OUTPUT}"' not in packed and f'"{LITERAL}"' not in packed:
        return encrypted(ring, packed, task, ANY_JOB, is_fixed=is_fixed)
    args, kwargs = messages.from_json(packed)
    holes: list[list[int | str]] = []
    outer: list[Any] = []

    def without(value: Any, place: list[int | str], *, is_whole: bool = True) -> Any:
        mark = mark_of(value)
        if mark == OUTPUT:
            holes.append(place)
            outer.append(value)
            return None
        if is_whole and isinstance(value, list):
            return [without(item, [*place, index], is_whole=False) for index, item in enumerate(value)]
        return value[LITERAL] if mark == LITERAL else value

    inner = [without(value, [index]) for index, value in enumerate(args)], {n: without(v, [n]) for n, v in kwargs.items()}
    text = messages.to_json({"holes": holes, "packed": inner}) if holes else messages.to_json(inner)
    given = "".join(f",{messages.to_json(value)}" for value in outer)
    return _bounded(task, f"[[{_sealed(ring, text, task, ANY_JOB, None, is_fixed=is_fixed)}{given}],{{}}]")


def check_plain(packed: str, task: str) -> None:
    """Raise DecryptionFailed where a call that is not encrypted got an encrypted result, which it would pass on in plain text."""
    for call in calls_in(packed):
        args, kwargs = messages.from_json(call)
        for value in (*args, *kwargs.values()):
            for item in value if isinstance(value, list) else (value,):
                found = envelope.found(item, RESULT)
                if found is not None:
                    raise DecryptionFailed(
                        f"{task} gets a result that is encrypted with key {found.key}, and is not called encrypted itself: "
                        "declare it with encrypt=True, or write options(encrypt=True)",
                        key=found.key,
                    )


def decrypted(ring: KeyRing | None, packed: str, task: str, job: str) -> tuple[str, str]:
    """Return the packed arguments of an encrypted call as its function gets them, and the name of its key.

    Raises DecryptionFailed, also for a call that is not encrypted, or is of another job.
    """
    if not packed.startswith(CHUNK):
        return _call(ring, packed, task, job)
    calls = [_call(ring, call, task, job) for call in calls_in(packed)]
    return chunk_of(text for text, _ in calls), calls[0][1]


def opened_results(ring: KeyRing | None, text: str, job: str | None, level: int = 0) -> str:
    """Return the JSON text of a result, or of lists of results, with each encrypted one decrypted.

    job: the id of the job whose result it is; None: results of any jobs may be in it.  Raises DecryptionFailed.
    """
    if MARK not in text or level > MAX_LEVELS:
        return text
    if text.startswith("["):
        return f"[{','.join(opened_results(ring, bytes(item).decode(), job, level + 1) for item in _as_list(text))}]"
    if not text.startswith(f"{{{MARK}"):
        return text
    found = envelope.found_in_text(text, RESULT)
    return text if found is None else opened(ring, found, job)


def opened(ring: KeyRing | None, found: envelope.Envelope, job: str | None, more: str = "") -> str:
    """Return the text in an envelope.  job: to which it has to belong; None: any.  Raises DecryptionFailed."""
    if ring is None:
        raise missing(found.key)
    text = ring.decrypt(found, more)
    if job is not None and found.scope != job:
        raise DecryptionFailed(
            f"what is given as {found.purpose} of job {job} was encrypted for another job: the router has mixed them up, or lies",
            key=found.key,
        )
    return text


def _sealed(ring: KeyRing, text: str, task: str, scope: str, key: str | None, *, is_fixed: bool) -> str:
    return envelope.as_json(ring.encrypt(text, ARGUMENTS, scope, task, key=key, is_fixed=is_fixed))


def _bounded(task: str, text: str) -> str:
    if len(text) > messages.MAX_ARGUMENTS:  # all of it is ASCII, but for results, which are not there yet
        raise TooLarge(f"encrypted arguments of {task} in bytes", len(text), messages.MAX_ARGUMENTS)
    return text


def _alone(call: str) -> envelope.Envelope | None:
    """Return the envelope that an encrypted call is which has nothing of other jobs: nearly all of them."""
    if call.startswith(ALONE) and call.endswith(END_ALONE):
        with contextlib.suppress(DecryptionFailed):
            return envelope.parsed(call[len(ALONE) - len(HEAD) : -len(END_ALONE)])
    return None


def _envelope(call: str) -> envelope.Envelope | None:
    alone = _alone(call)
    if alone is not None:
        return alone
    try:
        args, _ = messages.from_json(call)
    except (ValueError, TypeError):
        return None
    if not isinstance(args, list):
        return None
    return next((found for value in args if (found := envelope.found(value, ARGUMENTS)) is not None), None)


def _call(ring: KeyRing | None, packed: str, task: str, job: str) -> tuple[str, str]:
    alone = _alone(packed)
    if alone is not None:
        text = opened(ring, alone, None if alone.scope == ANY_JOB else job, task)
        return (text, alone.key) if not text.startswith(HOLES) else (_filled(text, []), alone.key)
    args, kwargs = _as_call(packed)
    texts = [bytes(raw).decode() for raw in args]
    place, found = _place(texts)
    if found is None or kwargs:
        raise DecryptionFailed(
            f"{task} takes encrypted calls alone, and this one is not: give its caller keys, and declare the task there with "
            "encrypt=True, or write options(encrypt=True)"
        )
    text = opened(ring, found, None if found.scope == ANY_JOB else job, task)
    before, behind = [opened_results(ring, one, None) for one in texts[:place]], texts[place + 1 :]
    if text.startswith(HOLES):
        text = _filled(text, [opened_results(ring, one, None) for one in behind])
    elif behind:
        raise DecryptionFailed(f"the arguments of {task} have no place for what comes behind them")
    if before:
        text = f"[[{','.join(before)}{'' if text.startswith('[[]') else ','}{text.removeprefix('[[')}"
    return text, found.key


def _place(texts: list[str]) -> tuple[int, envelope.Envelope | None]:
    for place, text in enumerate(texts):
        if text.startswith(f"{{{MARK}"):
            found = envelope.found(messages.from_json(text), ARGUMENTS)
            if found is not None:
                return place, found
    return 0, None


def _filled(text: str, given: list[str]) -> str:
    """Return arguments with what other jobs give in the holes."""
    said = msgspec.json.decode(text, type=_WithHoles)
    if len(said.holes) != len(given):
        raise DecryptionFailed(f"the arguments have {len(said.holes)} places for results of other jobs, and got {len(given)}")
    args, kwargs = said.packed
    lists: dict[int | str, list[msgspec.Raw]] = {}
    for (place, *index), value in zip(said.holes, given, strict=True):
        if index:
            if place not in lists:
                lists[place] = _as_list(bytes(_at(args, kwargs, place)))
            lists[place][int(index[0])] = msgspec.Raw(value.encode())
        else:
            _put(args, kwargs, place, value)
    for place, items in lists.items():
        _put(args, kwargs, place, f"[{','.join(bytes(item).decode() for item in items)}]")
    return messages.to_json([args, kwargs])


def _at(args: list[msgspec.Raw], kwargs: dict[str, msgspec.Raw], place: int | str) -> msgspec.Raw:
    return kwargs[place] if isinstance(place, str) else args[place]


def _put(args: list[msgspec.Raw], kwargs: dict[str, msgspec.Raw], place: int | str, value: str) -> None:
    raw = msgspec.Raw(value.encode())
    if isinstance(place, str):
        kwargs[place] = raw
    else:
        args[place] = raw


class _WithHoles(msgspec.Struct):
    holes: list[list[int | str]]
    packed: tuple[list[msgspec.Raw], dict[str, msgspec.Raw]]
