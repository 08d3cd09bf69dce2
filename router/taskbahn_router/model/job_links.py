"""What a new job has to do with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class JobLinks(NamedTuple):
    """What a new job has to do with others.

    parent: the id of the job to which it belongs.   flags: what it is (`core.reactions`).   label: its name in its flow.
    after: the jobs that it waits for: id, position of the result among those that it gets, and policy.
    leads_to: jobs that were stored before and wait for it, likewise.   awaited, is_late, seals, needs, joins: as in `NewMember`.
    """

    parent: bytes | None
    flags: int
    label: str | None
    after: Sequence[tuple[bytes, int, str]] = ()
    is_child: bool = False  # an attempt of the parent started it
    leads_to: Sequence[tuple[bytes, int, str]] = ()
    awaited: int = 0
    is_late: bool = False
    seals: bool = False
    needs: Sequence[bytes] = ()
    joins: bytes | None = None
