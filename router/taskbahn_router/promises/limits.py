"""What every kind of limit can do, and a limit as it is declared. A kind is a file beside this one and a row in `registry.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskbahn.protocol.limit_fields import WAIT
from taskbahn_router.core.rows import NOT_RESUMED_US

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.core.rows import Gate

UNLIMITED = 1 << 40


class LimitKind(Protocol):
    """Decides about the gates of one kind of limit. docs/writing-a-limit.md shows when the engine asks what.

    Each method is a pure function: what it knows of a key is in the gate, and the time is *now_us*, microseconds since 1970 (UTC), which
    may go backwards between two commits. `options` are what `parse` returned; those of one gate may change from commit to commit.
    A cost is 1 or more.
    """

    name: str  # as declarations and `taskbahn.protocol.limit_kinds` have it
    holds: bool  # an attempt keeps its permit, counted in `Gate.used`, until it has ended
    orders: bool  # its gates' virtual time orders lanes

    def parse(self, declared: Mapping[str, Any]) -> Any:
        """Return the options of a declaration, whose fields may be None; raises ValueError with a sentence."""

    def room(self, gate: Gate, options: Any, now_us: int, cost: int) -> int:
        """Return how many starts of a cost it lets through at once; 0: it is closed."""

    def take(self, gate: Gate, options: Any, now_us: int, cost: int) -> Gate:
        """Return the gate after one start, for which it had room. The engine counts `used`, and nothing gives back the rest."""

    def fitted(self, gate: Gate, options: Any, now_us: int) -> Gate:
        """Return the gate as far as its options allow it now: they, or the clock, may have changed since it was stored.

        The engine stores the answer only while lanes are before the gate, so the other methods go by the same bounds.
        """

    def opens_at(self, gate: Gate, options: Any, now_us: int, cost: int) -> int | None:
        """Return when time alone opens it; None: time does not.

        If it is closed, a time after *now_us* at which `room` is not 0, and before which it is. A later one lets jobs wait for
        nothing; one that has passed has the engine ask in a circle. For an estimate, the cost is that of several jobs together.
        """

    def usage(self, gate: Gate, options: Any, now_us: int) -> tuple[int, int]:
        """Return how much of it is in use, and how much there is; for people. A limit that was lowered may have more in use."""

    def why(self, gate: Gate, options: Any) -> str:
        """Say what a job before this gate waits for: the end of a sentence."""


class AlwaysOpen:
    """What the kinds have in common that never close of themselves."""

    holds = False

    def parse(self, declared: Mapping[str, Any]) -> None:
        pass

    def room(self, gate: Gate, options: None, now_us: int, cost: int) -> int:
        return UNLIMITED

    def take(self, gate: Gate, options: None, now_us: int, cost: int) -> Gate:
        return gate

    def fitted(self, gate: Gate, options: None, now_us: int) -> Gate:
        return gate

    def opens_at(self, gate: Gate, options: None, now_us: int, cost: int) -> int | None:
        return None

    def usage(self, gate: Gate, options: None, now_us: int) -> tuple[int, int]:
        return 0, 0


class Limit(NamedTuple):
    """A limit as one commit has it: its kind, with its options. Its name is the first component of its keys; a pause is its own."""

    name: str
    kind: LimitKind
    options: Any
    when_full: str = WAIT

    @property
    def counts(self) -> bool:
        """Whether it counts the jobs of a key when a new one comes."""
        return self.when_full != WAIT

    def named(self, key: str) -> str:
        """Return how people are shown it for one of its keys."""
        values = key.removeprefix(self.name)
        return f"the limit {self.name}{f' for {values[1:-1]}' if values else ''}"

    def room(self, gate: Gate, now_us: int, cost: int) -> int:
        """Return how many starts its gate lets through; none while it is paused."""
        return 0 if is_paused(gate, now_us) else self.kind.room(gate, self.options, now_us, cost)

    def fitted(self, gate: Gate, now_us: int) -> Gate:
        """Return its gate as far as its options allow it now."""
        return self.kind.fitted(gate, self.options, now_us)

    def opens_at(self, gate: Gate, now_us: int, cost: int) -> int | None:
        """Return when time alone opens its gate, or ends its pause."""
        if is_paused(gate, now_us):
            return None if gate.paused_until_us == NOT_RESUMED_US else gate.paused_until_us
        return self.kind.opens_at(gate, self.options, now_us, cost)

    def usage(self, gate: Gate, now_us: int) -> tuple[int, int]:
        """Return how much of its gate is in use, and how much there is."""
        return self.kind.usage(gate, self.options, now_us)

    def why(self, gate: Gate) -> str:
        """Say what a job before its gate waits for."""
        named = self.named(gate.key)
        return f"T{named[1:]} holds it: {self.kind.why(gate, self.options)}"


def is_paused(gate: Gate, now_us: int) -> bool:
    """Return whether operators hold the key."""
    return gate.paused_until_us is not None and gate.paused_until_us > now_us
