"""Admins create and revoke API tokens, and see which there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn_router.access.tokens import new_token, token_view
from taskbahn_router.core.credentials import CredentialChange
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall

CREATE = ("name", "role", "expires", "who")
REVOKE = ("token", "who")
OTHER_CHANGE = "another admin has changed the token meanwhile; look at `taskbahn token list`, and try again"


class TokenAdmin:
    """Answers `taskbahn.admin.token.*`; each answer comes when the store has the change."""

    log = Logger("taskbahn.access")

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook) -> None:
        self._dispatcher = dispatcher
        self._book = book

    def create(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.create`."""
        given = _named(call, CREATE)
        by = text_in(given, "who", MAX_WHO) or call.name
        made = new_token(given.get("name"), given.get("role"), self._dispatcher.wall(), by, given.get("expires"))
        self._book.check_role(made.row.name, made.row.role)

        def stored(row: CredentialRow) -> None:
            self._said(call, row, "is created", by)
            call.answer(messages.plain(token_view(row)) | {"token": made.text})

        self._store(call, made.row, stored)

    def list(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.list`."""
        call.answer([messages.plain(token_view(row)) for row in self._book.all()])

    def revoke(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.revoke`."""
        given = _named(call, REVOKE)
        wanted, by = given.get("token"), text_in(given, "who", MAX_WHO) or call.name
        if not isinstance(wanted, str):
            raise InvalidRequest("taskbahn.admin.token.revoke takes the id or the name of a token")
        now = self._dispatcher.wall()
        found = [row for row in self._book.named(wanted) if row.revoked_at is None]
        if not found:
            raise InvalidRequest(f"no token has the id or the name {wanted!r:.100}; `taskbahn token list` shows those there are")
        left = {row.id for row in found}
        revoked: list[CredentialRow] = []

        def stored(row: CredentialRow) -> None:
            self._said(call, row, "is revoked", by)
            left.discard(row.id)
            revoked.append(row)
            if not left:
                call.answer([messages.plain(token_view(each)) for each in revoked])

        for row in found:
            self._store(call, row._replace(revoked_at=now, revoked_by=by), stored)

    def _store(self, call: PendingCall, row: CredentialRow, then: Callable[[CredentialRow], None]) -> None:
        self._dispatcher.check_accepting()
        change = CredentialChange(row, row.version)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE))
                return
            self._book.put(change.stored)
            then(change.stored)

        self._dispatcher.turn_input.credentials.put(change, changed)
        self._dispatcher.loop.schedule_turn()

    def _said(self, call: PendingCall, row: CredentialRow, what: str, by: str | None) -> None:
        # a warning, for a node logs only those by default, and an operator will ask who did it
        self.log.warn(
            "token {token} of {name} ({role}) {what}, says {who} in session {session}",
            token=row.id, name=row.name, role=row.role, what=what, who=by or "an unknown caller", session=call.caller,
        )  # fmt: skip


def _named(call: PendingCall, names: tuple[str, ...]) -> dict[str, object]:
    given = dict(zip(names, call.args, strict=False)) | call.kwargs
    unknown = [name for name in given if name not in names]
    if unknown or len(call.args) > len(names):
        raise InvalidRequest(f"{call.procedure} takes {', '.join(names)}, not {unknown[0] if unknown else 'more'!r:.100}")
    return given
