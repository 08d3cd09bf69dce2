"""Turns between keys: of lanes with one priority, the key that had the least goes first (start-time fair queueing).

A gate's virtual time is the sum of what its key was given, counted from where the partition was when the key came. It never closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.promises.limits import AlwaysOpen

if TYPE_CHECKING:
    from taskbahn_router.core.rows import Gate


class Fair(AlwaysOpen):
    """Orders lanes and never closes."""

    name = "fair"
    orders = True

    def take(self, gate: Gate, options: None, now_us: int, cost: int) -> Gate:
        return gate._replace(virtual_time=gate.virtual_time + cost)

    def why(self, gate: Gate, options: None) -> str:
        return "the jobs of other keys have their turn"
