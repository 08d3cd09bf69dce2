"""The outcomes of the jobs that misbehave, compared with the outcome that each kind must have. Pure, as the other books."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from chaos.mischief import KIND_OF
from taskbahn.protocol.states import FINAL_STATES, State

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from chaos.reading import Standing


def outcomes_of_mischief(standings: Iterable[Standing]) -> dict[str, dict[str, int]]:
    """Return how many jobs of each kind have ended, by pool."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for standing in standings:
        kind = KIND_OF.get(standing.task)
        if kind is not None and standing.state in FINAL_STATES:
            counts[kind.name][standing.task.rpartition(".")[2]] += 1
    return {name: dict(pools) for name, pools in sorted(counts.items())}


def unexpected(standings: Mapping[str, Standing], to_cancel: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield the jobs that misbehave and did not end as their kind has to, and why. to_cancel: those that may end as cancelled."""
    for id, standing in standings.items():
        kind = KIND_OF.get(standing.task)
        if kind is None or standing.state not in FINAL_STATES or (standing.state == State.CANCELLED and id in to_cancel):
            continue
        error = standing.error or {}
        seen = f"{standing.task} {standing.state} {error.get('type', '')}".rstrip()
        if kind.error and (standing.state != State.FAILED or not (error.get("type") or "").endswith(kind.error)):
            yield id, f"{seen} {error.get('message', '')}".rstrip() + f"; it has to fail with {kind.error}"
        if not kind.error and standing.state != State.SUCCEEDED:
            yield id, f"{seen}: {error.get('message', '')}; it has to succeed"
