"""The gates that hold all jobs of the system, of a queue or of a task while operators pause them. Apart from that they are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.core.key_values import quoted
from taskbahn_router.promises.limits import AlwaysOpen

if TYPE_CHECKING:
    from taskbahn.protocol.pauses import Subject
    from taskbahn_router.core.rows import Gate

PAUSE = "@pause"  # no limit's name begins with @


class Pausing(AlwaysOpen):
    """Only the pause of a gate closes it, which `Limit` sees to."""

    name = "pause"
    orders = False

    def why(self, gate: Gate, options: None) -> str:
        return "the pause is over"


def key_of(subject: Subject) -> str:
    """Return the key of the gate that a pause closes."""
    if subject.kind == "key":
        return subject.name
    return f"{PAUSE}[{quoted(subject.kind)},{quoted(subject.name)}]" if subject.name else PAUSE
