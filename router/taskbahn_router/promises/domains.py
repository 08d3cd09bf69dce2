"""Which tasks are connected by limits that they share: a permit that one of them takes may be what another one waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SEVERAL = 2  # limits


def domains_of(tasks: Iterable[Collection[str]]) -> dict[str, str]:
    """Return the domain of each limit: the least name in it. *tasks*: the names of each task's limits.

    Only the domains with a task of several limits: in the others no job is passed over.
    """
    above: dict[str, str] = {}

    def least(name: str) -> str:
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    several = set()
    for names in tasks:
        for name in names:
            above.setdefault(name, name)
        roots = {least(name) for name in names}
        above.update(dict.fromkeys(roots, min(roots, default="")))
        if len(names) >= SEVERAL:
            several.add(min(roots))
    several = {least(name) for name in several}
    return {name: least(name) for name in above if least(name) in several}
