"""Which limits some attempts hold up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.core.rows import Gate, Permit, StalledGate, costs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Attempt = tuple[bytes, int]  # a job's id, and the number of its attempt
Waits = tuple[Gate, int, float | None]  # a gate, the ready jobs before it, and when the first of them was accepted


def stalled_gates(
    permits: Iterable[tuple[Permit, Attempt]], read: Callable[[list[tuple[str, int]]], Iterable[Waits]]
) -> list[StalledGate]:
    """Return the gates with lanes before them, all of whose permits are among these, each with the attempt that has it.

    read: returns, of keys with costs, the gates with lanes before them of which so much is in use.
    """
    used: dict[str, int] = {}
    holders: dict[str, list[Attempt]] = {}
    for permit, attempt in permits:
        for key, cost in costs_of(permit.keys):
            used[key] = used.get(key, 0) + cost
            holders.setdefault(key, []).append(attempt)
    found = [StalledGate(gate, jobs, oldest, holders[gate.key]) for gate, jobs, oldest in read(sorted(used.items()))]
    return sorted(found, key=lambda stalled: stalled.gate.key)
