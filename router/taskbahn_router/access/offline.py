"""API tokens and keys in a directory whose node does not run: the first ones are made before it ever did."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from taskbahn.errors import InvalidRequest
from taskbahn_router.access.admin import NONE_FOUND
from taskbahn_router.access.book import CredentialBook
from taskbahn_router.access.browser_tokens import new_key as new_signing_key
from taskbahn_router.access.browser_tokens import stored
from taskbahn_router.access.issuing import rotated
from taskbahn_router.access.keys import check_new, key_view, made_of
from taskbahn_router.access.tokens import new_token, token_view
from taskbahn_router.core.audit import Act, Origin
from taskbahn_router.core.credentials import KEYS, SHARED, TOKEN, CredentialChange
from taskbahn_router.stores.contract import CommitBatch, StoreUnusable
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.errors import StoreInUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from taskbahn.protocol.access import KeyView, SigningKeyView, TokenView
    from taskbahn_router.core.credentials import CredentialRow

OFFLINE = Origin(None, None, None, "the data directory")

# raises StoreUnusable and StoreUnavailable, as the store does


def has_store(data: Path) -> bool:
    """Return whether a node has, or had, its data in a directory."""
    return SqliteStore(data, lambda _: None).path.exists()


@contextmanager
def opened(data: Path, *, makes_one: bool = False) -> Iterator[tuple[SqliteStore, CredentialBook]]:
    """Open the store of a directory.   makes_one: also where there is none, as for the first token."""
    if not makes_one and not has_store(data):
        raise StoreUnusable(f"there is no node's data in {data}: give --data the directory that `taskbahn up` has")
    store = SqliteStore(data, lambda _: None)
    try:
        try:
            start = store.open()
        except StoreInUse as error:
            remedy = "leave out --data to ask that node, with TASKBAHN_TOKEN of an admin; or stop it first"
            raise StoreUnusable(f"a node works on {data}: {remedy}") from error
        book = CredentialBook(time.time, lambda *_: None)
        book.begin(start.credentials)
        yield store, book
    finally:
        store.close()
        _give_to_owner(data)


def _give_to_owner(data: Path) -> None:
    """Have the files of root belong to the owner of their directory: the node runs as that user, and could not open them."""
    if os.geteuid() == 0 and data.is_dir():
        owner = data.stat()
        for path in data.glob("taskbahn.*"):
            os.chown(path, owner.st_uid, owner.st_gid)


def create_token(data: Path, name: str, role: str, lifetime: float | None, by: str) -> tuple[str, TokenView]:
    """Return the text of a new token, which the store has, and the token as it is shown.  Raises InvalidRequest."""
    made = new_token(name, role, time.time(), by, lifetime)
    with opened(data, makes_one=True) as (store, book):
        book.check_role(name, role)
        _put(store, made.row, "create", "created", by)
    return made.text, token_view(made.row)


def list_tokens(data: Path) -> list[TokenView]:
    """Return the tokens in the order in which they were created."""
    with opened(data) as (_, book):
        return [token_view(row) for row in book.all()]


def revoke_token(data: Path, token: str, by: str) -> list[TokenView]:
    """Revoke the token of an id, or those of a name.  Raises InvalidRequest."""
    return [token_view(row) for row in _revoke(data, token, by, (TOKEN,), "token")]


def add_key(data: Path, wanted: Mapping[str, object], by: str) -> KeyView:
    """Add a key, and return it as it is shown, with its secret if it has one.  wanted: as for `taskbahn.admin.key.add`.

    Raises InvalidRequest.
    """
    row = made_of(wanted, time.time(), by)
    secret = row.proof.decode() if row.kind == SHARED else None
    with opened(data, makes_one=True) as (store, book):
        check_new(book, row)
        return msgspec.structs.replace(key_view(_put(store, row, "add", "added", by)), secret=secret)


def list_keys(data: Path) -> list[KeyView]:
    """Return the keys in the order in which they were added."""
    with opened(data) as (_, book):
        return [key_view(row) for row in book.all(KEYS)]


def revoke_key(data: Path, key: str, by: str) -> list[KeyView]:
    """Revoke the key of an id, or those of a name.  Raises InvalidRequest."""
    return [key_view(row) for row in _revoke(data, key, by, KEYS, "key")]


def list_signing_keys(data: Path) -> list[SigningKeyView]:
    """Return the keys that sign browser tokens, the oldest first."""
    with opened(data) as (_, book):
        return book.browser.key_views()


def rotate_signing_key(data: Path, by: str, *, revokes: bool) -> str:
    """Make a new key for browser tokens, and return its id.   revokes: the keys before go, so all tokens end."""
    key = new_signing_key(time.time(), by)
    act = Act("token", "rotate", "", OFFLINE, None, key.id, by or None)
    with opened(data) as (store, book):
        dropped = [(row.id, row.version) for row in book.browser.known_keys()] if revokes else []
        entry = act.row(rotated(revokes=revokes), 1, at=time.time())
        store.commit(CommitBatch(credentials=[stored(key)], dropped_credentials=dropped, audit=[entry]))
    return key.id


def _revoke(data: Path, wanted: str, by: str, kinds: tuple[str, ...], word: str) -> list[CredentialRow]:
    with opened(data) as (store, book):
        found = [row for row in book.named(wanted, kinds) if row.revoked_at is None]
        if not found:
            raise InvalidRequest(NONE_FOUND.format(kind=word, wanted=f"{wanted!r:.100}"))
        return [_put(store, row._replace(revoked_at=time.time(), revoked_by=by), "revoke", "revoked", by) for row in found]


def _put(store: SqliteStore, row: CredentialRow, verb: str, done: str, by: str) -> CredentialRow:
    change = CredentialChange(row, row.version)
    act = Act(
        "key" if row.kind in KEYS else "token",
        verb,
        done,
        OFFLINE,
        None,
        row.id,
        by or None,
    )
    entry = act.row(f"{done} for {row.name}, role {row.role}", 1, at=time.time())
    store.commit(CommitBatch(credentials=[change], audit=[entry]))
    return change.stored
