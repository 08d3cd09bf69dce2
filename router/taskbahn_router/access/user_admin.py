"""Admins create and remove users, and see which there are; a user changes its own password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import InvalidRequest, ServiceError, TaskbahnError
from taskbahn.protocol import messages
from taskbahn_router.access.calls import named
from taskbahn_router.access.passwords import new_password, prepared
from taskbahn_router.access.users import check_new, check_user, known_user, new_user, user_view, with_password
from taskbahn_router.core.credentials import USER, CredentialChange
from taskbahn_router.dispatcher.pause_words import MAX_WHO, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.access.logins import RefusedLogins
    from taskbahn_router.access.password_checks import PasswordChecks
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall

OTHER_CHANGE = "another admin has changed the user meanwhile; look at `taskbahn user list`, and try again"
CHANGING = "a session that changes its password"
BY_PERSON = "a password is changed by the user that has it: this session has not logged in as one"


class UserAdmin:
    """Answers `taskbahn.admin.user.*` and `taskbahn.user.password`; each answer comes when the store has the change."""

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook, checks: PasswordChecks, refused: RefusedLogins) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._checks = checks
        self._refused = refused

    def create(self, call: PendingCall) -> None:
        """`taskbahn.admin.user.create`."""
        given = named(call, ("name", "role", "password", "who"))
        who = text_in(given, "who", MAX_WHO)
        by = call.by(who)
        name, role = check_user(given.get("name"), given.get("role"))
        check_new(self._book, name, role)
        password = new_password(given.get("password"), name)

        def hashed(proof: bytes) -> None:
            check_new(self._book, name, role)
            row = new_user(name, role, proof, self._dispatcher.wall(), by)
            self._put(call, row, f"created, role {role}", who)

        self._after(call, self._checks.hash(password, _caller(call)), hashed)

    def list(self, call: PendingCall) -> None:
        """`taskbahn.admin.user.list`."""
        call.answer([messages.plain(user_view(row)) for row in self._book.users()])

    def remove(self, call: PendingCall) -> None:
        """`taskbahn.admin.user.remove`."""
        given = named(call, ("name", "who"))
        who = text_in(given, "who", MAX_WHO)
        row = known_user(self._book, given.get("name"))
        self._book.check_admin_left(call.role, row)
        self._dispatcher.check_accepting()

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE))
                return
            call.answer(messages.plain(user_view(row)))  # before its own session ends
            self._book.drop(row)

        act = call.about(row.name, done=f"removed, role {row.role}", name=who or None)
        self._dispatcher.turn_input.credentials.drop(row.id, row.version, changed, act)
        self._dispatcher.loop.schedule_turn()

    def set_password(self, call: PendingCall) -> None:
        """`taskbahn.admin.user.passwd`."""
        given = named(call, ("name", "password", "who"))
        who = text_in(given, "who", MAX_WHO)
        row = with_password(self._book, given.get("name"))
        self._change(call, row, new_password(given.get("password"), row.name), who)

    def change_own(self, call: PendingCall) -> None:
        """`taskbahn.user.password`."""
        given = named(call, ("old", "new", "who"))
        who = text_in(given, "who", MAX_WHO)
        row = self._book.user(call.authid or "")
        if row is None or row.kind != USER:
            raise NotAllowed(BY_PERSON)
        new = new_password(given.get("new"), row.name)
        address = call.act.origin.address if call.act is not None else None
        if (early := self._refused.too_early(address, CHANGING, row.name)) is not None:
            raise InvalidRequest(early.sentence)

        def compared(is_right: bool) -> Deferred[None] | None:  # noqa: FBT001 - what Deferreds give
            if not is_right:
                return self._wrong(row.name, address)
            self._change(call, row, new, who)
            return None

        old = prepared(given.get("old"))
        self._after(call, self._checks.compare(row.proof, old, _caller(call)), compared)

    def _wrong(self, name: str, address: str | None) -> Deferred[None]:
        """Refuse a wrong password as a login with it is: a session of a name is not the one to guess it either."""
        failed = self._refused.refuse(address, CHANGING, f"a wrong password of {name}", name=name)
        answer: Deferred[None] = Deferred()
        error = InvalidRequest(failed.sentence if failed.was_early else "the old password is another one")
        self._dispatcher.clock.callLater(failed.delay, answer.errback, error)
        return answer

    def _change(self, call: PendingCall, row: CredentialRow, password: bytes, who: str) -> None:
        def hashed(proof: bytes) -> None:
            self._put(call, row._replace(proof=proof), "another password", who)

        self._after(call, self._checks.hash(password, _caller(call)), hashed)

    def _put(self, call: PendingCall, row: CredentialRow, done: str, who: str) -> None:
        self._dispatcher.check_accepting()
        change = CredentialChange(row, row.version)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if not holds:
                call.fail(InvalidRequest(OTHER_CHANGE))
                return
            call.answer(messages.plain(user_view(change.stored)))  # before its own session ends
            self._book.put(change.stored)

        act = call.about(row.name, done=done, name=who or None)
        self._dispatcher.turn_input.credentials.put(change, changed, act)
        self._dispatcher.loop.schedule_turn()

    def _after(self, call: PendingCall, deferred: Deferred[Any], then: Callable[[Any], Any]) -> None:
        def failed(failure: Failure) -> None:
            if not isinstance(failure.value, TaskbahnError):
                self._dispatcher.auditing.log.failure("{procedure} failed", failure, procedure=call.procedure)
            wrong = failure.value if isinstance(failure.value, TaskbahnError) else ServiceError("an internal error of the node")
            call.fail(wrong)

        deferred.addCallback(then).addErrback(failed)


def _caller(call: PendingCall) -> str:
    return f"session of {call.authid}"
