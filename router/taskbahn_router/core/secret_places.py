"""Where secrets are in what a task takes and gives: what its signature says is `writeOnly`.

The dispatcher makes secrets of what is in these places, once, when it accepts a job (`protocol.secrets`). From there on they are
secrets by themselves: also when the task is declared otherwise later, or by no worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, calls_in, chunk_of
from taskbahn.protocol.inputs import INPUT, LITERAL, OUTPUT, mark_of
from taskbahn.protocol.secrets import KEY, MARKER, PLAIN, is_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.messages import Signature

Node = Any  # True: all of it; a dict: parts of it, by ".name", "[index]" or "*"; None: nothing
ALL = True
MAX_NODES = 2_000  # of one task; what is beyond is hidden as a whole
ENCRYPTED = '{"$encrypted":'  # how a result begins whose worker has encrypted it, its secrets too
WORD = '"writeOnly":true'
BRANCHES = ("anyOf", "oneOf", "allOf")
OTHERS = ("if", "then", "else", "not", "contains", "propertyNames")


class SecretPlaces:
    """The places of one task."""

    def __init__(self, signature: Signature) -> None:
        self._order = signature.order
        self._variadic = signature.variadic
        found = _Schema(signature.parameters).node()
        self.arguments: dict[str, Node] = {"*": ALL} if found is ALL else found or {}
        self.result: Node = _Schema(signature.returns).node()

    def __bool__(self) -> bool:
        return bool(self.arguments)

    def sealed(self, packed: str) -> str:
        """Return packed arguments with secrets in their places."""
        if packed.startswith(CHUNK):
            return chunk_of([self.sealed(one) for one in calls_in(packed)])
        args, kwargs = messages.from_json(packed)
        made = self.arguments_with(args, kwargs, lambda value: {KEY: [value, PLAIN]})
        return packed if made == (args, kwargs) else messages.to_json([*made])

    def sealed_result(self, text: str, packed: str) -> str:
        """Return a result as JSON with secrets in their places.  packed: the arguments of its job."""
        if self.result is None or text == "null" or text.startswith(ENCRYPTED):
            return text
        node = {"*": self.result} if packed.startswith(CHUNK) else self.result
        value = messages.from_json(text)
        made = _replaced(value, node, _sealed)
        return text if made == value else messages.to_json(made)

    def shown(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments that were not sealed, as they are shown."""
        return self.arguments_with(args, kwargs, lambda _: dict(MARKER))

    def arguments_with(
        self, args: list[Any], kwargs: dict[str, Any], make: Callable[[Any], Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments in which *make* has replaced each secret."""
        made = [_replaced(value, self._at(index), make) for index, value in enumerate(args)]
        return made, {name: _replaced(value, self._of(name), make) for name, value in kwargs.items()}

    def touches(self, path: list[Any]) -> bool:
        """Return whether the part at a path from the arguments by name is a secret, has one in it, or is in one."""
        node: Node = self.arguments
        for step in path:
            if node is ALL or node is None:
                return node is ALL
            node = _part(node, step)
        return node is not None

    def _at(self, index: int) -> Node:
        if index < len(self._order):
            return self._of(self._order[index])
        if self._variadic is None:
            return None
        return _part(self._of(self._variadic), index - len(self._order))

    def _of(self, name: str) -> Node:
        return self.arguments.get("." + name, self.arguments.get("*"))


def sealed_by(schema: Any, text: str) -> str:
    """Return JSON of a value that a schema is of, with secrets in their places."""
    node = _Schema(schema).node()
    return text if node is None else messages.to_json(_replaced(messages.from_json(text), node, _sealed))


def _sealed(value: Any) -> dict[str, Any]:
    return {KEY: [value]}


def _replaced(value: Any, node: Node, make: Callable[[Any], Any]) -> Any:
    """Return *value* with its secrets replaced; what other jobs will give stays: it is a secret if they say so."""
    if node is None or value is None or is_secret(value):
        return value
    mark = mark_of(value)
    if mark in (INPUT, OUTPUT):
        return value
    if mark == LITERAL:
        return {LITERAL: _replaced(value[LITERAL], node, make)}
    if node is ALL:
        if isinstance(value, list) and any(mark_of(item) in (INPUT, OUTPUT) for item in value):
            return [_replaced(item, ALL, make) for item in value]
        return make(value)
    if isinstance(value, dict):
        return {key: _replaced(part, _part(node, key), make) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(item, _part(node, index), make) for index, item in enumerate(value)]
    return value


def _part(node: Node, step: Any) -> Node:
    if node is ALL or node is None:
        return node
    if isinstance(step, str):
        return node.get("." + step, node.get("*"))
    found = node.get(f"[{step}]", node.get("*"))
    return node if found is None and any(key.startswith(".") for key in node) else found  # a name goes into the items of a list


def merged(one: Node, other: Node) -> Node:
    """Return what is hidden if either says so."""
    if one is ALL or other is ALL:
        return ALL
    if not one or not other:
        return one or other or None
    found = dict(one)
    for key, node in other.items():
        found[key] = merged(found.get(key), node)
    each = found.get("*")  # what is said of each part holds for the parts that have a name, too
    return found if each is None else {key: merged(node, each) for key, node in found.items()}


class _Schema:
    """Reads a JSON Schema; what is not understood is taken to have no secrets."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = MAX_NODES
        self._open: list[str] = []  # references that are being followed
        self._otherwise = ALL if WORD in messages.to_json(root) else None  # where it goes on for ever

    def node(self) -> Node:
        """Return the node of the whole."""
        if self._otherwise is None:  # as of nearly all tasks
            return None
        try:
            return self._of(self._root)
        except RecursionError:
            return self._otherwise

    def _of(self, schema: Any) -> Node:
        if not isinstance(schema, dict):
            return None
        if schema.get("writeOnly") is True:
            return ALL
        self._left -= 1
        if self._left < 0:
            return self._otherwise
        found = self._referenced(schema.get("$ref"))
        for word in BRANCHES:
            branches = schema.get(word)
            for branch in branches if isinstance(branches, list) else ():
                found = merged(found, self._of(branch))
        for word in OTHERS:
            found = merged(found, self._of(schema.get(word)))
        return merged(found, self._parts(schema))

    def _parts(self, schema: dict[str, Any]) -> Node:
        found: dict[str, Node] = {}
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            found["." + name] = self._of(inner)
        prefix = schema.get("prefixItems")
        for index, inner in enumerate(prefix if isinstance(prefix, list) else ()):
            found[f"[{index}]"] = self._of(inner)
        rest = None
        patterns = schema.get("patternProperties")
        for inner in (
            schema.get("additionalProperties"), schema.get("items"), schema.get("unevaluatedProperties"),
            *(patterns.values() if isinstance(patterns, dict) else ()),
        ):  # fmt: skip
            rest = merged(rest, self._of(inner))
        if rest is not None:
            found["*"] = rest
        if all(node is None for node in found.values()):
            return None
        return {key: node for key, node in found.items() if node is not None or rest is not None}

    def _referenced(self, reference: Any) -> Node:
        if not isinstance(reference, str):
            return None
        if reference in self._open:  # it is in itself: its inner parts are hidden as a whole if there is anything to hide
            return self._otherwise
        self._open.append(reference)
        try:
            return self._of(self._definitions().get(_name(reference)))
        finally:
            self._open.pop()

    def _definitions(self) -> dict[str, Any]:
        found = self._root.get("$defs") if isinstance(self._root, dict) else None
        return found if isinstance(found, dict) else {}


def _name(reference: str) -> str:
    return reference.removeprefix("#/$defs/")
