"""A flow as the data that travels: `docs/protocol.md` has its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from taskbahn.errors import InvalidArguments, InvalidFlow, TooDeep, TooLarge
from taskbahn.flows.arguments import OUTPUT, encode, outputs_in, pack_first, with_first
from taskbahn.flows.nodes import Chain, Group, Many, Member, Node, Part, Shape, last_of
from taskbahn.flows.output import Output, reference_of
from taskbahn.protocol import messages
from taskbahn.protocol.error_words import say_also
from taskbahn.signatures import exact_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from taskbahn.flows.arguments import Packed
    from taskbahn.flows.nodes import Policy, Reference

MAX_LEVELS = 90  # of shapes in each other; the JSON text has two levels for each
SHORT_FROM = 16  # members of a group that has all its calls of one task in one node
INHERITED = ("queue", "priority", "tags", "detached")  # options that members have of their shape


class Before(NamedTuple):
    """What comes before a node. value: the arguments that a start gives to it."""

    comes: bool = False
    is_list: bool = False
    is_skipped: bool = False
    value: tuple[Any] | None = None


NOTHING = Before()
SOMETHING = Before(comes=True)


class _Place(NamedTuple):
    """Where a node is written: its path, the levels above it, the options that it inherits."""

    path: str = ""
    level: int = 0
    options: Mapping[str, Any] = {}

    def inside(self, step: str, options: Mapping[str, Any]) -> _Place:
        return _Place(f"{self.path}.{step}" if self.path else step, self.level + 1, options)


def describe(flow: Part, before: Before = NOTHING) -> dict[str, Any]:
    """Return *flow* as data; raises InvalidFlow, InvalidArguments, TooLarge, TooDeep."""
    if flow.node.size > messages.MAX_FLOW_JOBS:
        raise TooLarge("members of a flow", flow.node.size, messages.MAX_FLOW_JOBS, "start it in parts")
    given = outputs_in(before.value[0]) if before.value else []
    referred = _referred(flow, map(reference_of, given))
    writer = _Writer(referred)
    data = writer.node(flow, before, _Place(), is_outermost=True)
    aside = [
        writer.node(Part(node, policy), NOTHING, _Place().inside(f"with[{index}]", {}))
        for index, (node, policy) in enumerate(referred.aside)
    ]
    if aside:
        data["with"] = aside
    return data


def describe_callback(flow: Part, place: str) -> dict[str, Any]:
    """Return *flow* as a task declares it, to follow each of its jobs; raises InvalidFlow if it has to do with other jobs."""
    todo = [flow]
    while todo:
        node = todo.pop().node
        if node.id is not None or next(_references_of(node), None) is not None:
            raise InvalidFlow(f"{place}: it follows each job of the task, so it has no id, no `after` and no `.output` of others")
        todo += _parts_of(node)
    return _Writer(_referred(flow, ())).node(flow, SOMETHING, _Place().inside(place, {}))


# references


class _Referred(NamedTuple):
    """The nodes to which others refer, with the policy by which they do; `aside`: those that have no place in the flow."""

    policies: dict[Node, Policy]
    aside: list[tuple[Node, Policy]]


def _referred(flow: Part, given: Iterable[Reference]) -> _Referred:
    policies: dict[Node, Policy] = {}
    placed: set[Node] = set()
    seen: set[Node] = set()
    todo: list[Part] = []

    def refer(references: Iterable[Reference]) -> None:
        for reference in references:
            if isinstance(reference, Part):
                todo.append(reference)
                if policies.setdefault(reference.node, reference.if_fails) != reference.if_fails:
                    _refuse_policies(reference.node, policies[reference.node], reference.if_fails)

    refer(given)
    todo.append(flow)
    while todo:
        node = todo.pop().node
        if node in seen:
            continue
        seen.add(node)
        parts = _parts_of(node)
        placed.update(part.node for part in parts)
        refer(_references_of(node))
        todo += reversed(parts)
    return _Referred(policies, [(node, policy) for node, policy in policies.items() if node not in placed])


def _parts_of(node: Node) -> list[Part]:
    return [*node.parts, *node.callbacks] if isinstance(node, Shape) else list(node.callbacks)


def _references_of(node: Node) -> Iterator[Reference]:
    if isinstance(node, Member):
        for packed in (node.alone, node.following)[: 1 if node.alone is node.following else 2]:
            if isinstance(packed, tuple):
                yield from (reference_of(piece) for piece in packed if isinstance(piece, Output))
    yield from node.after


def _refuse_policies(node: Node, first: str, second: str) -> NoReturn:
    raise InvalidFlow(
        f"a flow that is used twice ({name_of(node)}) has if_fails({first!r}) in one place and {second!r} in the other: "
        "use the value that if_fails() returns in both"
    )


def name_of(node: Node) -> str:
    """Return what people call a node."""
    return node.task if isinstance(node, Member | Many) else f"a {type(node).__name__.lower()}"


# writing


class _Writer:
    """Writes the nodes of one flow; names are given as they are needed."""

    def __init__(self, referred: _Referred) -> None:
        self._policies = referred.policies
        self._names: dict[Node, str] = {}
        self._written: set[Node] = set()

    def node(self, part: Part, before: Before, place: _Place, *, is_outermost: bool = False) -> dict[str, Any]:
        node, if_fails = part
        if not is_outermost:
            _check_inner(node, place)
        data: dict[str, Any] = {}
        if node in self._policies:
            data["name"] = self._name(node)
            self._note_place(part, place)
        if isinstance(node, Member):
            self._write_member(data, node, before, place)
        elif isinstance(node, Many):
            _write_many(data, node, _inherited(node, place, is_outermost=is_outermost))
        elif isinstance(node, Chain):
            self._write_chain(data, node, before, place, is_outermost=is_outermost)
        elif isinstance(node, Group):
            self._write_group(data, node, before, place, is_outermost=is_outermost)
        if is_outermost and node.options and not isinstance(node, Member):
            data["options"] = dict(node.options)
        if if_fails != "fail":
            data["if_fails"] = if_fails
        if not node.is_bare:
            self._write_edges(data, node, place)
        return data

    def _note_place(self, part: Part, place: _Place) -> None:
        node, if_fails = part
        if node in self._written:
            raise _wrong(
                f"{name_of(node)} runs once for each place that it has in the flow, so others cannot refer to it: "
                "give it one place, or make another member of it with options()",
                place,
            )
        if last_of(node) is None:
            raise _wrong("an empty chain has no job to which others can refer; None is its result", place)
        self._written.add(node)
        if self._policies[node] != if_fails:
            _refuse_policies(node, self._policies[node], if_fails)

    def _name(self, node: Node) -> str:
        return self._names.setdefault(node, f"n{len(self._names) + 1}")

    def _reference(self, reference: Reference) -> str:
        return self._name(reference.node) if isinstance(reference, Part) else reference

    def _text(self, packed: Packed) -> str:
        if isinstance(packed, str):
            return packed
        return "".join(
            piece if isinstance(piece, str) else encode({OUTPUT: self._reference(reference_of(piece))}).decode()
            for piece in packed
        )

    def _write_member(self, data: dict[str, Any], node: Member, before: Before, place: _Place) -> None:
        data["task"] = node.task
        data["packed"] = self._text(_arguments(node, before, place))
        if node.signature:
            data["checked"] = node.signature.wire.digest
        options = {**place.options, **node.options}
        if options:
            data["options"] = options
        if node.is_immutable:
            data["immutable"] = True

    def _write_chain(self, data: dict[str, Any], node: Chain, before: Before, place: _Place, *, is_outermost: bool) -> None:
        links = data["chain"] = list[Any]()
        for part, options in self._links(node, _inherited(node, place, is_outermost=is_outermost)):
            links.append(self.node(part, before, place.inside(f"chain[{len(links)}]", options)))
            before = Before(comes=True, is_list=isinstance(last_of(part.node), Group | Many), is_skipped=part.if_fails == "skip")

    def _links(self, chain: Chain, options: Mapping[str, Any]) -> Iterator[tuple[Part, Mapping[str, Any]]]:
        """Yield the links of a chain, with those of plain chains in it, and the options that each inherits."""
        todo = [(part, options) for part in reversed(chain.parts)]
        while todo:
            part, given = todo.pop()
            node = part.node
            if isinstance(node, Chain) and node.parts and self._is_plain(part):
                merged = _inherited(node, _Place("chain", 0, given), is_outermost=False)
                todo += [(inner, merged) for inner in reversed(node.parts)]
            else:
                yield part, given

    def _is_plain(self, part: Part) -> bool:
        return part.node.id is None and part.if_fails == "fail" and part.node.is_bare and part.node not in self._policies

    def _write_group(self, data: dict[str, Any], node: Group, before: Before, place: _Place, *, is_outermost: bool) -> None:
        options = _inherited(node, place, is_outermost=is_outermost)
        short = None if before.comes else self._short(node)
        if short is not None:
            _write_many(data, short, options)
            return
        data["group"] = [
            self.node(part, before, place.inside(f"group[{index}]", options)) for index, part in enumerate(node.parts)
        ]

    def _short(self, group: Group) -> Many | None:
        """Return a group of calls of one task as such; None if there is more to say of them."""
        members = [part.node for part in group.parts if isinstance(part.node, Member) and self._is_plain(part)]
        if len(members) < max(SHORT_FROM, len(group.parts)):
            return None
        task, signature, options = members[0].task, members[0].signature, members[0].options
        calls = [
            node.alone
            for node in members
            if isinstance(node.alone, str) and node.task == task and node.signature is signature and node.options == options
        ]
        if len(calls) < len(members):
            return None
        return Many(task=task, signature=signature, calls=tuple(calls), member_options=options)

    def _write_edges(self, data: dict[str, Any], node: Node, place: _Place) -> None:
        if node.after:
            data["after"] = list(dict.fromkeys(map(self._reference, node.after)))
        for word, parts in (("on_success", node.on_success), ("on_failure", node.on_failure), ("on_end", node.on_end)):
            if parts:
                data[word] = [
                    self.node(part, SOMETHING, place.inside(f"{word}[{index}]", place.options))
                    for index, part in enumerate(parts)
                ]


def _check_inner(node: Node, place: _Place) -> None:
    if place.level > MAX_LEVELS:
        raise TooDeep("a flow", MAX_LEVELS)
    if node.id is not None:
        raise _wrong(
            f"options(id=...) is for a flow that is started as a whole; {name_of(node)} within it gets its id from that", place
        )


def _write_many(data: dict[str, Any], node: Many, inherited: Mapping[str, Any]) -> None:
    member: dict[str, Any] = {"task": node.task, "immutable": True}
    if node.signature:
        member["checked"] = node.signature.wire.digest
    options = {**inherited, **node.member_options}
    if options:
        member["options"] = options
    data["map"] = member
    data["calls"] = list(node.calls)
    if node.per_job:
        data["size"] = node.per_job


def _arguments(node: Member, before: Before, place: _Place) -> Packed:
    if node.is_immutable or not before.comes:
        if node.alone is None:
            raise _misplaced(node, place)
        return node.alone
    if node.following is None:
        raise _misplaced(node, place)
    if before.value is not None:
        return with_first(pack_first(node.task, node.signature, before.value[0]), node.following)
    if before.is_skipped:
        raise _wrong(
            f"{node.task} takes the result of what comes before it, which if_fails('skip') leaves out: write 'none'", place
        )
    if before.is_list and node.signature and not exact_values.takes_list(node.signature.parameters.hint_at(0)):
        raise _wrong(f"{node.task} gets the list of a group as its first argument, and takes no list", place)
    return node.following


def _inherited(node: Node, place: _Place, *, is_outermost: bool) -> Mapping[str, Any]:
    """Return the options that the parts of a shape inherit. Those of the outermost are given to the root, not to its parts."""
    if is_outermost or not node.options:
        return place.options
    for name in node.options:
        if name not in INHERITED:
            raise _wrong(
                f"option {name} is for a flow as a whole, or for single tasks; {name_of(node)} within a flow has none", place
            )
    return {**place.options, **node.options}


def _misplaced(node: Member, place: _Place) -> InvalidArguments:
    error = InvalidArguments(node.task, dict(node.wrong))
    if place.path:
        say_also(error, f"at {place.path}")
        error.detail["place"] = place.path
    return error


def _wrong(sentence: str, place: _Place) -> InvalidFlow:
    return InvalidFlow(f"{place.path}: {sentence}" if place.path else sentence, place=place.path)
