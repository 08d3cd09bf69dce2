"""Users: who logs in with a name and a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import PRINCIPAL, UserView
from taskbahn_router.access.book import user_id
from taskbahn_router.core.credentials import USER, CredentialRow
from taskbahn_router.model.pending_call import RANDOM
from taskbahn_router.model.roles import is_role, names_of_roles

if TYPE_CHECKING:
    from taskbahn_router.access.book import CredentialBook


def check_user(name: object, role: object) -> tuple[str, str]:
    """Return the name and the role of a new user.  Raises InvalidRequest."""
    if not isinstance(name, str) or not PRINCIPAL.fullmatch(name) or RANDOM.fullmatch(name):
        raise InvalidRequest(
            f"a user's name is 1 to 100 letters, digits, '_', '.', '@', '+' and '-', and begins with a letter or digit, not {name!r:.120}"
        )
    if not isinstance(role, str) or not is_role(role):
        raise InvalidRequest(
            f"there is no role {role!r:.100}; there are {names_of_roles()}, and those that a file of --roles has"
        )
    return name, role


def check_new(book: CredentialBook, name: str, role: str) -> None:
    """Raise InvalidRequest where a name is taken, or has another role."""
    if book.user(name) is not None:
        raise InvalidRequest(f"there is a user {name} already; `taskbahn user passwd {name}` gives another password")
    book.check_role(name, role)


def known_user(book: CredentialBook, name: object) -> CredentialRow:
    """Return the user of a name.  Raises InvalidRequest."""
    found = book.user(name) if isinstance(name, str) else None
    if found is None:
        raise InvalidRequest(f"there is no user {name!r:.120}; `taskbahn user list` shows those there are")
    return found


def with_password(book: CredentialBook, name: object) -> CredentialRow:
    """Return the user of a name, who has a password.  Raises InvalidRequest."""
    found = known_user(book, name)
    if found.kind != USER:
        raise InvalidRequest(f"{found.name} has no password here, for the company's login knows this user")
    return found


def new_user(name: str, role: str, proof: bytes, now: float, by: str | None) -> CredentialRow:
    """Make a user.   proof: what the node keeps of the password."""
    return CredentialRow(user_id(name), USER, name, role, proof, 0, now, by)


def user_view(row: CredentialRow) -> UserView:
    """Return a user as it is shown."""
    login = "password" if row.kind == USER else "company"
    return UserView(name=row.name, role=row.role, login=login, created_at=row.created_at, created_by=row.created_by)
