"""Users in a directory whose node does not run: the first ones are made before it ever did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskbahn_router.access.offline import has_store, opened
from taskbahn_router.access.passwords import hashed, new_password
from taskbahn_router.access.users import check_new, check_user, known_user, new_user, user_view, with_password
from taskbahn_router.core.audit import Act, AuditRow, Origin
from taskbahn_router.core.credentials import CredentialChange
from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn.protocol.access import UserView
    from taskbahn_router.core.credentials import CredentialRow

# raises StoreUnusable and StoreUnavailable, as the store does


def check_new_user(data: Path, name: str, role: str) -> None:
    """Raise InvalidRequest where a user cannot be made: before its password is asked for."""
    check_user(name, role)
    if has_store(data):
        with opened(data) as (_, book):
            check_new(book, name, role)


def create_user(data: Path, name: str, role: str, password: str, by: str) -> UserView:
    """Make a user.  Raises InvalidRequest."""
    check_user(name, role)
    proof = hashed(new_password(password, name))
    with opened(data, makes_one=True) as (store, book):
        check_new(book, name, role)
        change = CredentialChange(new_user(name, role, proof, time.time(), by), 0)
        store.commit(CommitBatch(credentials=[change], audit=[_entry(change.row, "create", f"created, role {role}", by)]))
    return user_view(change.stored)


def list_users(data: Path) -> list[UserView]:
    """Return the users by their names."""
    with opened(data) as (_, book):
        return [user_view(row) for row in book.users()]


def remove_user(data: Path, name: str, by: str) -> UserView:
    """Remove a user.  Raises InvalidRequest."""
    with opened(data) as (store, book):
        row = known_user(book, name)
        entry = _entry(row, "remove", f"removed, role {row.role}", by)
        store.commit(CommitBatch(dropped_credentials=[(row.id, row.version)], audit=[entry]))
    return user_view(row)


def set_password(data: Path, name: str, password: str, by: str) -> UserView:
    """Give a user another password.  Raises InvalidRequest."""
    with opened(data) as (store, book):
        row = with_password(book, name)
        change = CredentialChange(row._replace(proof=hashed(new_password(password, name))), row.version)
        store.commit(CommitBatch(credentials=[change], audit=[_entry(row, "passwd", "another password", by)]))
    return user_view(change.stored)


def _entry(row: CredentialRow, verb: str, done: str, by: str) -> AuditRow:
    act = Act("user", verb, done, Origin(None, None, None, "the data directory"), None, row.name, by or None)
    return act.row(done, 1, at=time.time())
