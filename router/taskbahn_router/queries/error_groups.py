"""Failed jobs in groups of those that failed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.core.globs import fits
from taskbahn_router.core.ids import id_text

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import FailedRow

MAX_GROUPS = 500  # groups in one answer, the most frequent ones


class Group:
    """Jobs of one fingerprint; `error` is that of the newest job (type and message)."""

    def __init__(self, fingerprint: str, newest: FailedRow) -> None:
        self.fingerprint = fingerprint
        self.newest = newest
        self.count = 0
        self.first_at = self.last_at = newest.failed_at
        self.error: dict[str, Any] = {}

    def view(self) -> dict[str, Any]:
        """Return the `views.ErrorGroup`."""
        return {
            "fingerprint": self.fingerprint, "task": self.newest.task, "type": str(self.error.get("type", "")),
            "message": str(self.error.get("message", "")), "count": self.count, "first_at": self.first_at, "last_at": self.last_at,
            "job": id_text(self.newest.id),
        }  # fmt: skip


class Groups:
    """Takes failed jobs, newest first; *task* is a pattern, None for all of them."""

    def __init__(self, task: str | None) -> None:
        self.looked_at = 0
        self.matched = 0
        self._task = task
        self._groups: dict[str, Group] = {}

    def wants(self, row: FailedRow) -> bool:
        """Return whether a job is asked for."""
        return self._task is None or fits(row.task, self._task)

    def add(self, fingerprint: str, row: FailedRow) -> None:
        """Take one more job into its group."""
        self.matched += 1
        group = self._groups.get(fingerprint)
        if group is None:
            group = self._groups[fingerprint] = Group(fingerprint, row)
        group.count += 1
        group.first_at, group.last_at = min(row.failed_at, group.first_at), max(row.failed_at, group.last_at)

    def most_frequent(self) -> list[Group]:
        """Return the groups to show, the most frequent first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_at))[:MAX_GROUPS]

    def __len__(self) -> int:
        return len(self._groups)
