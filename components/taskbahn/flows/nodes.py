"""What a flow is made of: nodes, each with the policy of the edges from it. Values that never change; two are equal if they are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.flows.arguments import Packed
    from taskbahn.signatures.signature import TaskSignature

Policy = Literal["fail", "skip", "none", "hold"]
POLICIES: tuple[Policy, ...] = ("fail", "skip", "none", "hold")


CALLBACKS = ("on_success", "on_failure", "on_end")


class Part(NamedTuple):
    """A node, and what becomes of those that need its result if it has none."""

    node: Node
    if_fails: Policy = "fail"


Reference = Part | str  # a part of the same flow, or the id of a job


class Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One node of a flow.

    options: as they travel.   id: of the job, if the flow that is started is this node.
    after: it waits for these and takes nothing of them.   on_success, on_failure, on_end: callbacks.
    """

    options: Mapping[str, Any] = {}
    id: str | None = None
    after: tuple[Reference, ...] = ()
    on_success: tuple[Part, ...] = ()
    on_failure: tuple[Part, ...] = ()
    on_end: tuple[Part, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether it waits for nothing and has no callbacks."""
        return not (self.after or self.on_success or self.on_failure or self.on_end)

    @property
    def size(self) -> int:
        """How many members it has, without those of its callbacks."""
        raise NotImplementedError

    @property
    def callbacks(self) -> tuple[Part, ...]:
        """All that starts when it has ended."""
        return (*self.on_success, *self.on_failure, *self.on_end)


class Member(Node, frozen=True, eq=False, kw_only=True):
    """One job: a task with arguments.

    alone: the arguments where nothing comes before it; None if they do not fit then.   following: those that follow the result of
    what comes before it, likewise. Both are the same object where it takes nothing (`is_immutable`).
    wrong: by argument, what is wrong with the one that is None.
    """

    task: str
    signature: TaskSignature | None
    alone: Packed | None
    following: Packed | None
    is_immutable: bool = False
    wrong: Mapping[str, str] = {}

    @property
    def size(self) -> int:
        """One."""
        return 1


class Many(Node, frozen=True, eq=False, kw_only=True):
    """A group of calls of one task; calls: the JSON text of `[args, kwargs]` of each.

    per_job: calls that one job makes, whose result is a list; None: one, whose result is its own.
    """

    task: str
    signature: TaskSignature | None
    calls: tuple[str, ...]
    member_options: Mapping[str, Any] = {}
    per_job: int | None = None

    @property
    def size(self) -> int:
        """The number of jobs."""
        return -(-len(self.calls) // (self.per_job or 1))


class Shape(Node, frozen=True, eq=False, kw_only=True):
    """Several parts."""

    parts: tuple[Part, ...]
    members: int

    @property
    def size(self) -> int:
        """The members of all parts."""
        return self.members


class Chain(Shape, frozen=True, eq=False, kw_only=True):
    """One part after the other."""


class Group(Shape, frozen=True, eq=False, kw_only=True):
    """All parts at the same time."""


def shape(kind: type[Chain | Group], parts: tuple[Part, ...], **more: Any) -> Chain | Group:
    """Make a chain or a group of *parts*; more: other fields."""
    return kind(parts=parts, members=sum(part.node.size for part in parts), **more)


def last_of(node: Node) -> Node | None:
    """Return the node whose result is that of *node*: the last one of a chain; None for an empty chain, which gives None."""
    while isinstance(node, Chain):
        if not node.parts:
            return None
        node = node.parts[-1].node
    return node
