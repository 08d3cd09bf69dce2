"""Admins add and revoke keys, and see which there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn_router.access.admin import CredentialAdmin
from taskbahn_router.access.calls import named
from taskbahn_router.access.keys import check_new, key_view, made_of
from taskbahn_router.core.credentials import KEYS, SHARED
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in

if TYPE_CHECKING:
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.model.pending_call import PendingCall

ADD = ("name", "role", "public_key", "expires", "who", "wampcra", "certificate")


class KeyAdmin(CredentialAdmin):
    """Answers `taskbahn.admin.key.*`."""

    kinds = KEYS
    word = "key"

    def shown(self, row: CredentialRow) -> dict[str, Any]:
        """Return a key as it is shown."""
        view: dict[str, Any] = messages.plain(key_view(row))
        return view

    def add(self, call: PendingCall) -> None:
        """`taskbahn.admin.key.add`."""
        given = named(call, ADD)
        name = text_in(given, "who", MAX_WHO)
        by = call.by(name)
        row = made_of(given, self._dispatcher.wall(), by)
        check_new(self._book, row)
        secret = row.proof.decode() if row.kind == SHARED else None
        self.store(call, row, lambda stored: call.answer(self.shown(stored) | {"secret": secret}), "added", name)
