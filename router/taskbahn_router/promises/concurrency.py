"""A bound on how many attempts of a key run at the same time, each counted by its cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.core.rows import Gate


class Concurrency:
    """Its options are the limit; an attempt holds its permit from its start until it has ended."""

    name = "concurrency"
    holds = True
    orders = False

    def parse(self, declared: Mapping[str, Any]) -> int:
        limit = declared.get("limit")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise ValueError(f"a concurrency limit is a whole number of attempts, not {limit!r}")
        return limit

    def room(self, gate: Gate, options: int, now_us: int, cost: int) -> int:
        return max(0, options - gate.used) // cost

    def take(self, gate: Gate, options: int, now_us: int, cost: int) -> Gate:
        return gate

    def fitted(self, gate: Gate, options: int, now_us: int) -> Gate:
        return gate

    def opens_at(self, gate: Gate, options: int, now_us: int, cost: int) -> int | None:
        return None

    def usage(self, gate: Gate, options: int, now_us: int) -> tuple[int, int]:
        return gate.used, options

    def why(self, gate: Gate, options: int) -> str:
        return f"{gate.used:,} of {options:,} permits are in use"
