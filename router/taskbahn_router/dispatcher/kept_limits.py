"""The limits as the store keeps them: for each the newest declaration, and what operators set instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.limits import capacity_of
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.overrides import Override, overridden
from taskbahn_router.stores.rows import LimitRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class KeptLimit:
    """One limit; changed_by, changed_at: of its override."""

    declared: DeclaredLimit
    override: Override | None = None
    version: int = 1
    changed_by: str | None = None
    changed_at: float | None = None

    @property
    def effective(self) -> DeclaredLimit:
        """Return the limit that holds."""
        return overridden(self.declared, self.override)

    def row(self) -> LimitRow:
        """Return it as it is stored."""
        override = None if self.override is None else messages.to_json(self.override)
        declared = self.declared
        return LimitRow(
            declared.name, declared.kind, messages.to_json(declared), override, self.version, self.changed_by, self.changed_at
        )


class KeptLimits:
    """What is known of each limit, and what of it the store does not have yet."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptLimit] = {}
        self._unstored: set[str] = set()
        self.capacities: dict[str, int] = {}  # what one job may cost at most, by limit with an override

    def begin(self, rows: Iterable[LimitRow]) -> None:
        """Take over what the store has."""
        for row in rows:
            declared = msgspec.json.decode(row.declared or "", type=DeclaredLimit)
            override = None if row.override is None else msgspec.json.decode(row.override, type=Override)
            self._put(KeptLimit(declared, override, row.version, row.changed_by, row.changed_at))

    def __bool__(self) -> bool:
        return bool(self._kept or self._unstored)

    def __iter__(self) -> Iterator[KeptLimit]:
        return iter(self._kept.values())

    def get(self, name: str) -> KeptLimit | None:
        """Return the limit of a name."""
        return self._kept.get(name)

    def declare(self, limit: DeclaredLimit) -> None:
        """Take over a declaration. An override of another kind of limit means nothing for it."""
        limit = msgspec.structs.replace(limit, cost=1)  # the cost is each task's own matter
        known = self._kept.get(limit.name)
        if known is None:
            self._change(KeptLimit(limit))
        elif known.declared != limit:
            same_kind = known.declared.kind == limit.kind
            override = known.override if same_kind else None
            self._change(replace(known, declared=limit, override=override, version=known.version + 1))

    def override(self, name: str, override: Override | None, who: str | None, at: float) -> None:
        """Set what operators want instead of a declaration; None: the declaration holds again."""
        known = self._kept[name]
        self._change(replace(known, override=override, version=known.version + 1, changed_by=who, changed_at=at))

    def forget(self, name: str) -> bool:
        """Forget a limit that no task declares any more, unless it has an override; return whether it did."""
        known = self._kept.get(name)
        if known is None or known.override is not None:
            return known is None
        del self._kept[name]
        self._unstored.add(name)
        return True

    def store_again(self, names: Iterable[str]) -> None:
        """Have limits stored whose commit was delayed."""
        self._unstored.update(names)

    def take_rows(self) -> tuple[list[LimitRow], list[str]]:
        """Return what is to be stored, and the names of what is to be deleted."""
        names, self._unstored = sorted(self._unstored), set()
        gone = [name for name in names if name not in self._kept]
        return [self._kept[name].row() for name in names if name in self._kept], gone

    def _change(self, limit: KeptLimit) -> None:
        self._unstored.add(limit.declared.name)
        self._put(limit)

    def _put(self, limit: KeptLimit) -> None:
        name, effective = limit.declared.name, limit.effective
        self._kept[name] = limit
        if limit.override is None or effective.limit == 0:  # 0 holds jobs and refuses none
            self.capacities.pop(name, None)
        else:
            self.capacities[name] = capacity_of(effective)
