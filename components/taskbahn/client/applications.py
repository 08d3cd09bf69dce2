"""The applications of this process, for what names none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from taskbahn.client.client import HasClient

_applications: WeakSet[HasClient] = WeakSet()


def note_application(app: HasClient) -> None:
    """Remember an application as long as it lives."""
    _applications.add(app)


def only_application() -> HasClient | None:
    """Return the application of this process, if there is exactly one."""
    found = list(_applications)
    return found[0] if len(found) == 1 else None
