"""Admins create and revoke API tokens, and see which there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn_router.access.browser_tokens import BROWSER_ID, is_signed
from taskbahn_router.access.calls import named
from taskbahn_router.access.tokens import new_token, token_view
from taskbahn_router.core.credentials import CredentialChange
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.access.issuing import TokenIssue
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall

CREATE = ("name", "role", "expires", "who")
REVOKE = ("token", "who")
OTHER_CHANGE = "another admin has changed the token meanwhile; look at `taskbahn token list`, and try again"


class TokenAdmin:
    """Answers `taskbahn.admin.token.*`; each answer comes when the store has the change."""

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook, issue: TokenIssue) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._issue = issue

    def create(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.create`."""
        given = named(call, CREATE)
        name = text_in(given, "who", MAX_WHO)
        by = call.by(name)
        made = new_token(given.get("name"), given.get("role"), self._dispatcher.wall(), by, given.get("expires"))
        self._book.check_role(made.row.name, made.row.role)

        def stored(row: CredentialRow) -> None:
            call.answer(messages.plain(token_view(row)) | {"token": made.text})

        self._store(call, made.row, stored, "created", name)

    def list(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.list`."""
        call.answer([messages.plain(token_view(row)) for row in self._book.all()])

    def revoke(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.revoke`."""
        given = named(call, REVOKE)
        wanted, name = given.get("token"), text_in(given, "who", MAX_WHO)
        by = call.by(name)
        if not isinstance(wanted, str):
            raise InvalidRequest("taskbahn.admin.token.revoke takes the id or the name of a token")
        if BROWSER_ID.fullmatch(wanted) or is_signed(wanted):
            self._issue.revoke(wanted, call, by, name)
            return
        now = self._dispatcher.wall()
        found = [row for row in self._book.named(wanted) if row.revoked_at is None]
        if not found:
            raise InvalidRequest(f"no token has the id or the name {wanted!r:.100}; `taskbahn token list` shows those there are")
        left = {row.id for row in found}
        revoked: list[CredentialRow] = []

        def stored(row: CredentialRow) -> None:
            left.discard(row.id)
            revoked.append(row)
            if not left:
                call.answer([messages.plain(token_view(each)) for each in revoked])

        for row in found:
            self._store(call, row._replace(revoked_at=now, revoked_by=by), stored, "revoked", name)

    def _store(
        self, call: PendingCall, row: CredentialRow, then: Callable[[CredentialRow], None], what: str, name: str
    ) -> None:  # fmt: skip
        self._dispatcher.check_accepting()
        change = CredentialChange(row, row.version)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE))
                return
            self._book.put(change.stored)
            then(change.stored)

        act = call.about(row.id, done=f"{what} for {row.name}, a {row.role}", name=name or None)
        self._dispatcher.turn_input.credentials.put(change, changed, act)
        self._dispatcher.loop.schedule_turn()
