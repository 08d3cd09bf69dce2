"""The flows that are being read, or wait for their turn: a client that cancels one waits until it is read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest
from taskbahn_router.model.state import id_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class BeingRead:
    """Keeps what is asked about jobs that are no jobs yet, though their ids are known."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()  # a flow may be sent twice
        self._later: dict[bytes, list[Callable[[], None]]] = {}

    def begin(self, ids: Iterable[bytes]) -> None:
        """Begin to read flows."""
        self._counts.update(ids)

    def end(self, ids: Iterable[bytes]) -> None:
        """Do what was asked about flows that are read: they are accepted by now, or never will be."""
        for raw in ids:
            self._counts[raw] -= 1
            if not self._counts[raw]:
                del self._counts[raw]
                for act in self._later.pop(raw, ()):
                    act()

    def after(self, raw: bytes, act: Callable[[], None]) -> None:
        """Do something about a job when it is read: mostly now."""
        if raw in self._counts:
            self._later.setdefault(raw, []).append(act)
        else:
            act()


def ids_of_flows(entries: Iterable[Any]) -> list[bytes]:
    """Return the ids that the callers of flows chose."""
    found = []
    for entry in entries:
        if isinstance(entry, dict) and "flow" in entry and entry.get("id"):
            try:
                found.append(id_bytes(entry["id"]))
            except InvalidRequest:
                continue  # its reading says so
    return found
