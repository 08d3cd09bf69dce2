"""The jobs that a flow is made into, and what each of them waits for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn_router.core.reactions import FAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    Waits = dict[tuple[int | bytes, int], str]
    Leads = dict[tuple[int, int], str]

Known = tuple[list[Any], dict[str, Any]]  # args, kwargs

CHAIN, GROUP = "taskbahn.chain", "taskbahn.group"  # what the jobs of flows have in the place of a task
ORDER = -1  # the position of an edge that passes no result
NO_WAITS: Waits = {}  # of all jobs that have none, so that they take less memory; never changed
NO_LEADS: Leads = {}  # likewise


@dataclass(slots=True)
class FlowJob:
    """One job of a flow.

    place: where the caller wrote it.   packed: its arguments, with references to what it gets, as JSON.
    known: its arguments with holes, to check; None: the caller has checked them. A job that makes several calls has those of each.
    """

    number: int
    place: str
    task: str
    raw: bytes
    flags: int = 0
    packed: str = messages.NO_ARGUMENTS
    known: list[Known] | None = None
    checked: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    label: str | None = None
    positions: int = 0  # how many results it gets
    # parent and position -> policy: jobs before it in the flow, by number, and any others, by id
    waits_for: Waits = field(default_factory=lambda: NO_WAITS)
    # child and position -> policy: jobs before it in the flow that wait for it
    leads_to: Leads = field(default_factory=lambda: NO_LEADS)
    awaited: int = 0  # how many of the jobs behind it lead to it

    def forget_checked(self) -> None:
        """Forget what is needed for checks alone."""
        self.place = ""
        self.known, self.options = None, {}

    def link(self, parent: int | bytes, position: int, policy: str) -> None:
        """Wait for a job before it, or for any other."""
        if not self.waits_for:
            self.waits_for = {}
        self.waits_for.setdefault((parent, position), policy)

    def lead_to(self, child: FlowJob, position: int, policy: str) -> None:
        """Let a job before it wait for it."""
        if not self.leads_to:
            self.leads_to = {}
        if (child.number, position) not in self.leads_to:
            self.leads_to[child.number, position] = policy
            child.awaited += 1


@dataclass(frozen=True, slots=True)
class Value:
    """What comes before something: a job of the flow, and what its failure means. is_id: it gives its id instead of its result."""

    job: int
    policy: str = FAIL
    is_id: bool = False


def member_id(root: bytes, number: int) -> bytes:
    """Return the id of a job of a flow, always the same: a UUIDv7 (Source: RFC 9562, section 5.7) with the time of its root."""
    digest = bytearray(root[:6] + blake2b(root + number.to_bytes(4), digest_size=10).digest())
    digest[6] = 0x70 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return bytes(digest)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the parts of a shape have from around them.

    options: those that they inherit.   after: references to what the first of them wait for.   first: options of the first of them.
    triggers: the jobs whose end starts the callback that they are in.   declared: the tasks whose declared callbacks they are in.
    """

    options: Mapping[str, Any]
    depth: int = 0
    after: tuple[Any, ...] = ()
    first: Mapping[str, Any] = field(default_factory=dict)
    triggers: tuple[Value, ...] = ()
    declared: frozenset[str] = frozenset()

    def behind_the_first(self) -> Scope:
        """Return what those have that come after the first."""
        return replace(self, after=(), first={})
