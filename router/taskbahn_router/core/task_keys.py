"""The unique key of a new job: which of its task's jobs are the same one, by a template, by all arguments, or by a caller's word.

A key begins with the task, so two tasks never share one. What follows says how it was made, so no two ways make the same text:
`report["q3"]` by a template, `report{"quarter":"q3"}` by all arguments, `report="order-17"` by a caller.
"""

from __future__ import annotations

import hashlib
from functools import partial
from json import dumps
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.encryption.arguments import is_encrypted
from taskbahn.errors import InvalidArguments, InvalidFlow, InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import filled
from taskbahn.protocol.secrets import holds, plain
from taskbahn.protocol.unique import check_unique
from taskbahn_router.core.key_values import MAX_VALUES, Unfit, Values, quoted, refused
from taskbahn_router.core.reactions import IS_LARGE, given
from taskbahn_router.core.unique_keys import JOIN, KEPT, NewKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.messages import Signature, TaskDeclaration
    from taskbahn_router.core.key_values import Args, Kwargs, Origin
    from taskbahn_router.core.unique_keys import Member

WHAT = "the unique key"
IN_KEY = "a Secret is among them, and all arguments are the unique key, which is shown; name others in unique=Unique(key=...)"
SHA256 = "sha256:"
options_of = msgspec.json.Decoder(messages.Options).decode


class TaskKeys:
    """Computes the unique keys of one task's jobs.

    is_unique: whether the task says which of its jobs are one; if not, a caller may.
    """

    __slots__ = ("_signature", "_task", "_unique", "_values", "is_unique")

    def __init__(self, declaration: TaskDeclaration) -> None:
        """Raise InvalidOption for what cannot be."""
        check_unique(declaration)
        self._task = declaration.name
        self._signature = declaration.signature
        unique = self._unique = declaration.unique
        self.is_unique = unique is not None
        self._values: Values | None = None
        if unique is not None and unique.key is not None:
            self._values = Values(self._task, unique.key, self._signature, self._task, WHAT, WHAT)

    def of(self, args: Args, kwargs: Kwargs, origin: Origin) -> NewKey | None:
        """Return the key that the task gives to a job, without its seq; None: it gives none.

        Raises InvalidArguments, or InvalidOption for tags, with a sentence for the value that makes no key.
        """
        unique = self._unique
        if unique is None:
            return None
        if self._values is None:
            text = bound(args, kwargs, self._signature)
            if holds(text):
                raise InvalidArguments(self._task, {"": IN_KEY})
            key = self._task + short(text)
        else:
            try:
                key = self._values.key(args, kwargs, origin)
            except Unfit as error:
                raise refused(self._task, [error]) from None
        return NewKey(0, key, unique.during, unique.on_conflict)

    def of_member(self, member: Member, queue: str) -> NewKey | None:
        """Return the key of a member of a flow whose arguments are known, by its task or by its caller, without its seq; None: none.

        Raises as `of`, or InvalidFlow for arguments that are too large to be read.
        """
        packed, inputs = member.packed, member.inputs
        if inputs is None or any(one.flags & IS_LARGE for one in inputs):
            raise InvalidFlow(f"the unique key of {self._task} goes by results of other jobs, and they are too many or too large")
        has_inputs = inputs != ()
        if has_inputs:
            packed = filled(packed, given(inputs))
        args, kwargs = messages.from_json(packed)
        key = None if member.options is None else options_of(member.options).key
        if key is None:
            return self.of(args, kwargs, (messages.from_json(member.tags or "[]"), member.caller, queue))
        new = self.given(key, packed)
        if not has_inputs or new.is_same is None:
            return new
        return new._replace(said=digest(bound(args, kwargs, self._signature)))

    def given(self, key: str, packed: str) -> NewKey:
        """Return the key that a caller gives to a job, without its seq; raises InvalidOption if the task says itself what is one."""
        if self.is_unique:
            raise InvalidOption(
                f"option key: {self._task} says itself which of its jobs are one (unique=...); to send one job twice, give it an id",
                option="key",
            )
        if is_encrypted(packed):  # the same arguments are other ones each time
            return NewKey(0, f"{self._task}={quoted(key)}", KEPT, JOIN)
        return NewKey(0, f"{self._task}={quoted(key)}", KEPT, JOIN, packed, partial(are_same, packed, self._signature))


def are_same(packed: str, signature: Signature | None, other: str) -> bool:
    """Return whether two packed arguments say the same to a task."""
    if packed == other:
        return True
    args, kwargs = plain(packed)  # a secret is the same one, given as a Secret or as a plain value
    if is_digest(other):
        return digest(bound(args, kwargs, signature)) == other
    others, other_kwargs = plain(other)
    return bound(args, kwargs, signature) == bound(others, other_kwargs, signature)


def short(text: str) -> str:
    """Return the JSON of an object as part of a key; of a long one its digest."""
    return text if len(text) <= MAX_VALUES else f"{{{digest(text)}}}"


def digest(text: str) -> str:
    """Return what stands for a text."""
    return SHA256 + hashlib.sha256(text.encode()).hexdigest()


def is_digest(text: str) -> bool:
    """Return whether a text stands for arguments; the JSON of arguments begins with a bracket."""
    return text.startswith(SHA256)


def of_flow(task: str, key: str, said: str) -> NewKey:
    """Return the key that a caller gives to a whole flow, without its seq.  said: the SHA-256 of the flow."""
    said = SHA256 + said
    return NewKey(0, f"{task}={quoted(key)}", KEPT, JOIN, said, said.__eq__, said)


def bound(args: Args, kwargs: Kwargs, signature: Signature | None) -> str:
    """Return arguments as canonical JSON: the same text for all calls that give each argument the same value.

    An argument has its name, however it is given, and its default if it is not. Without a signature there are no names.
    """
    if signature is None:
        return canonical({str(index): value for index, value in enumerate(args)} | dict(kwargs))
    order = signature.order
    found: dict[str, Any] = dict(zip(order, args, strict=False)) | dict(kwargs)
    if signature.variadic is not None:
        found[signature.variadic] = list(args[len(order) :])
    for name, schema in _properties(signature).items():
        if name not in found and isinstance(schema, dict) and "default" in schema:
            found[name] = schema["default"]
    return canonical(found)


def _properties(signature: Signature) -> Mapping[str, Any]:
    properties = signature.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def canonical(value: Any) -> str:
    """Return data as JSON, the same text for all that is equal: keys in order, and 1 for 1.0."""
    return dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
