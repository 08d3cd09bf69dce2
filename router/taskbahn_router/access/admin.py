"""Admins create and revoke API tokens, and see which there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn_router.access.browser_tokens import BROWSER_ID, is_signed
from taskbahn_router.access.calls import named
from taskbahn_router.access.tokens import new_token, token_view
from taskbahn_router.core.credentials import TOKEN, CredentialChange
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.access.issuing import TokenIssue
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall

CREATE = ("name", "role", "expires", "who")
NONE_FOUND = "no {kind} has the id or the name {wanted}; `taskbahn {kind} list` shows those there are"
OTHER_CHANGE = "another admin has changed it meanwhile; look at `taskbahn {kind} list`, and try again"


class CredentialAdmin:
    """Changes credentials; each answer comes when the store has the change.

    kinds: what it changes.   word: how a person calls one, and the command.   shown: makes the view of one.
    """

    kinds: tuple[str, ...] = (TOKEN,)
    word = "token"

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook) -> None:
        self._dispatcher = dispatcher
        self._book = book

    def shown(self, row: CredentialRow) -> dict[str, Any]:
        """Return a credential as it is shown."""
        view: dict[str, Any] = messages.plain(token_view(row))
        return view

    def revoke_signed(self, wanted: str, call: PendingCall, by: str | None, name: str) -> bool:
        """Revoke what has no row of its own, if that is meant."""
        return False

    def list(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.list` and `taskbahn.admin.key.list`."""
        call.answer([self.shown(row) for row in self._book.all(self.kinds)])

    def revoke(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.revoke` and `taskbahn.admin.key.revoke`."""
        given = named(call, (self.word, "who"))
        wanted, name = given.get(self.word), text_in(given, "who", MAX_WHO)
        by = call.by(name)
        if not isinstance(wanted, str):
            raise InvalidRequest(f"{call.procedure} takes the id or the name of a {self.word}")
        if self.revoke_signed(wanted, call, by, name):
            return
        now = self._dispatcher.wall()
        found = [row for row in self._book.named(wanted, self.kinds) if row.revoked_at is None]
        if not found:
            raise InvalidRequest(NONE_FOUND.format(kind=self.word, wanted=f"{wanted!r:.100}"))
        self._book.check_admin_left(call.role, *found)
        left = {row.id for row in found}
        revoked: list[CredentialRow] = []

        def stored(row: CredentialRow) -> None:
            left.discard(row.id)
            revoked.append(row)
            if not left:
                call.answer([self.shown(each) for each in revoked])

        for row in found:
            self.store(call, row._replace(revoked_at=now, revoked_by=by), stored, "revoked", name)

    def store(
        self, call: PendingCall, row: CredentialRow, then: Callable[[CredentialRow], None], what: str, name: str
    ) -> None:  # fmt: skip
        """Store a change, and call *then* when it is durable."""
        self._dispatcher.check_accepting()
        change = CredentialChange(row, row.version)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE.format(kind=self.word)))
                return
            self._book.put(change.stored)
            then(change.stored)

        act = call.about(row.id, done=f"{what} for {row.name}, role {row.role}", name=name or None)
        self._dispatcher.turn_input.credentials.put(change, changed, act)
        self._dispatcher.loop.schedule_turn()


class TokenAdmin(CredentialAdmin):
    """Answers `taskbahn.admin.token.*`."""

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook, issue: TokenIssue) -> None:
        super().__init__(dispatcher, book)
        self._issue = issue

    def revoke_signed(self, wanted: str, call: PendingCall, by: str | None, name: str) -> bool:
        """Revoke a browser token by its id or text."""
        is_one = BROWSER_ID.fullmatch(wanted) is not None or is_signed(wanted)
        if is_one:
            self._issue.revoke(wanted, call, by, name)
        return is_one

    def create(self, call: PendingCall) -> None:
        """`taskbahn.admin.token.create`."""
        given = named(call, CREATE)
        name = text_in(given, "who", MAX_WHO)
        by = call.by(name)
        made = new_token(given.get("name"), given.get("role"), self._dispatcher.wall(), by, given.get("expires"))
        self._book.check_role(made.row.name, made.row.role)

        def stored(row: CredentialRow) -> None:
            call.answer(self.shown(row) | {"token": made.text})

        self.store(call, made.row, stored, "created", name)
