"""Every kind of limit, by the name that a declaration gives it; every kind of admission and of reaction, by its name, in order."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.protocol.limit_fields import WAIT
from taskbahn.protocol.limits import FAIR
from taskbahn_router.promises.concurrency import Concurrency
from taskbahn_router.promises.edges import Edges
from taskbahn_router.promises.fair import Fair
from taskbahn_router.promises.holding import Holding
from taskbahn_router.promises.joining import Demands
from taskbahn_router.promises.limits import UNLIMITED, Limit
from taskbahn_router.promises.members import Flows, Members
from taskbahn_router.promises.parents import Parents
from taskbahn_router.promises.pausing import PAUSE, Pausing
from taskbahn_router.promises.rate import Rate
from taskbahn_router.promises.trees import Trees
from taskbahn_router.promises.unique import Unique
from taskbahn_router.promises.when_full import WhenFull

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.messages import TaskDeclaration
    from taskbahn_router.promises.admissions import Admission
    from taskbahn_router.promises.limits import LimitKind
    from taskbahn_router.promises.reactions import Reaction

PAUSES = Limit(PAUSE, Pausing(), None)
_ALL: tuple[LimitKind, ...] = (
    Concurrency(),
    Rate(),
    Fair(),
)
KINDS: Mapping[str, LimitKind] = MappingProxyType({kind.name: kind for kind in _ALL})
ADMISSIONS: Mapping[str, type[Admission]] = MappingProxyType({kind.name: kind for kind in (Unique, Trees, WhenFull, Parents)})
# A job's members follow it first, then its pause, then what waits for it; a member to which that was the last asks for its key; only then
# is a flow complete. Duties are read in this order: by name, backwards.
REACTIONS: Mapping[str, Reaction] = MappingProxyType(
    {kind.name: kind for kind in (Members(), Holding(), Edges(), Demands(), Flows())}
)


def limit_from(declared: Mapping[str, Any]) -> Limit:
    """Return the limit of a declaration as the wire has it.  Raises ValueError with a sentence."""
    kind = KINDS.get(declared["kind"])
    if kind is None:
        raise ValueError(f"there is no limit of the kind {declared['kind']!r}: only {', '.join(KINDS)}")
    return Limit(declared["name"], kind, kind.parse(declared), declared.get("when_full", WAIT))


def limits_of(declaration: TaskDeclaration) -> dict[str, Limit]:
    """Return the limits of a task by name, its fair turns among them. Their rules were checked when it was declared."""
    limits = {limit.name: limit_from(msgspec.structs.asdict(limit)) for limit in declaration.limits}
    if declaration.fair_key:
        name = f"{declaration.name}.{FAIR}"
        limits[name] = limit_from({"kind": FAIR, "name": name})
    return limits


def undeclared(name: str) -> Limit:
    """Return what holds for a name that no task declares: pauses, or a limit of before, which lets everything through and counts its permits."""
    return PAUSES if name == PAUSE else Limit(name, KINDS["concurrency"], UNLIMITED)
