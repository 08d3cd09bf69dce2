"""`encrypt=True`: of a task, for all its calls, or of one call; and the calls as they leave then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from taskbahn.encryption.arguments import encrypted, encrypted_member
from taskbahn.encryption.envelope import ANY_JOB, MARK
from taskbahn.errors import InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import BUILT_IN

if TYPE_CHECKING:
    from taskbahn.client.client import HasClient
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.tasks.task_handle import TaskHandle

ENCRYPT = "encrypt"
TEMPLATE = re.compile(r"\{@(?:due|last_success)[^}]*\}")  # what a schedule puts into texts
NESTED = ("chain", "group", "with", "on_success", "on_failure", "on_end")


def encrypts_of(app: HasClient, task: str, given: Any) -> bool:
    """Return what a user wrote as `encrypt=` of a task or a call; raises InvalidOption, also where there are no keys."""
    if given is None or given is False:
        return False
    if given is not True:
        raise InvalidOption(f"option encrypt = {given!r:.100}: it is true or false", option=ENCRYPT)
    if task in BUILT_IN:
        raise InvalidOption(f"option encrypt: the node itself runs {task}, and it has no keys", option=ENCRYPT)
    ring_of(app, task)
    return True


def of_call(app: HasClient, task: str, given: Any, *, is_declared: bool) -> bool:
    """Return whether a call is encrypted; raises InvalidOption as `encrypts_of`, and for one that is not while its task says so."""
    if is_declared and given is False:
        raise InvalidOption(
            f"option encrypt: {task} is declared with encrypt=True, and takes encrypted calls alone", option=ENCRYPT
        )
    return is_declared or encrypts_of(app, task, given)


def ring_of(app: HasClient, task: str) -> KeyRing:
    """Return the keys of an application; raises InvalidOption if it has none."""
    ring = app.keys
    if ring is None:
        raise InvalidOption(
            f"option encrypt: there are no keys to encrypt {task} with: set TASKBAHN_KEYS to a key that `taskbahn keyring new` "
            "prints, or give Taskbahn(keys=KeyRing(k1=...))",
            option=ENCRYPT,
        )
    return ring


def key_name(handle: TaskHandle[..., Any]) -> str:
    """Return the name of the key that encrypts what a task starts; empty: it is not encrypted."""
    return ring_of(handle.app, handle.name).first if handle.encrypts else ""


def check_kept(data: dict[str, Any], what: str) -> None:
    """Raise InvalidOption for a call that a trigger has, and that is encrypted: the node would make its arguments of an event."""
    if MARK in messages.to_json(data):
        raise refused_trigger(what)


def refused_trigger(what: str) -> InvalidOption:
    """Return the error for a trigger of an encrypted task."""
    return InvalidOption(
        f"option encrypt: an event or a hook cannot start {what}, for the node makes the arguments, and has no keys: start a task "
        "that is not encrypted, which starts this one",
        option=ENCRYPT,
    )


def encrypted_schedule(app: HasClient, task: str, call: dict[str, Any]) -> dict[str, Any]:
    """Return the call of a schedule as it is kept; raises InvalidOption for times that the node would put into its arguments."""
    packed = messages.to_json([call["args"], call["kwargs"]])
    _check_templates(task, packed)
    kept = {name: value for name, value in call.items() if name not in ("args", "kwargs")}
    return {**kept, "packed": encrypted(ring_of(app, task), packed, task, ANY_JOB, is_fixed=True)}


def _check_templates(task: str, packed: str) -> None:
    found = TEMPLATE.search(packed)
    if found:
        raise InvalidOption(
            f"option encrypt: the node puts the time into {found[0]!r}, and cannot read the arguments of {task}: leave it out, "
            "and ask the clock in the task",
            option=ENCRYPT,
        )


def encrypted_calls(app: HasClient, task: str, ids: list[str], texts: list[str]) -> list[str]:
    """Return packed arguments of jobs as they leave."""
    ring = ring_of(app, task)
    return [encrypted(ring, text, task, id) for id, text in zip(ids, texts, strict=True)]


def encrypted_flow(app: HasClient, data: dict[str, Any], *, is_fixed: bool = False) -> dict[str, Any]:
    """Return a described flow as it leaves: the arguments of its encrypted members are encrypted.

    is_fixed: the same flow becomes the same again, as declarations need it.  Raises InvalidOption where there are no keys.
    """
    made = dict(data)
    for name in NESTED:
        if name in made:
            made[name] = [encrypted_flow(app, part, is_fixed=is_fixed) for part in made[name]]
    if _takes_mark(made):
        if is_fixed:
            _check_templates(made["task"], made["packed"])
        made["packed"] = encrypted_member(ring_of(app, made["task"]), made["packed"], made["task"], is_fixed=is_fixed)
    member = made.get("map")
    if member is not None:
        member = made["map"] = dict(member)
        if _takes_mark(member):
            ring, task = ring_of(app, member["task"]), member["task"]
            made["calls"] = [encrypted_member(ring, call, task, is_fixed=is_fixed) for call in made["calls"]]
    return made


def _takes_mark(data: dict[str, Any]) -> bool:
    """Take the mark of an encrypted member out of its options; return whether it was there."""
    options = data.get("options")
    if not options or ENCRYPT not in options:
        return False
    data["options"] = {name: value for name, value in options.items() if name != ENCRYPT}
    if not data["options"]:
        del data["options"]
    return True
