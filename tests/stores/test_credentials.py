"""Credentials in every store: a change holds if nothing was faster, and a store that is opened again has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.rows import NOW
from support.schedule_model import commit
from support.stores import opened

from taskbahn_router.core.credentials import TOKEN, CredentialChange, CredentialRow

if TYPE_CHECKING:
    from pathlib import Path

    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Store

ROW = CredentialRow("c1", TOKEN, "shop", "client", b"\x00\xff" * 16, 0, NOW, "ada", NOW + 60)


def test_a_change_holds_if_nothing_was_faster(store: Store) -> None:
    other = ROW._replace(id="c2", name="bot", created_at=NOW - 1, created_by=None, expires_at=None)
    assert commit(store, credentials=[CredentialChange(ROW, 0), CredentialChange(other, 0)]).credentials == [True, True]
    revoked = ROW._replace(revoked_at=NOW + 1, revoked_by="bob")
    changes = [CredentialChange(ROW, 0), CredentialChange(revoked, 1), CredentialChange(ROW, 1)]
    assert commit(store, credentials=changes).credentials == [False, True, False]
    dropped = [("c1", 1), ("c1", 2), ("c1", 2), ("c3", 1)]
    assert commit(store, dropped_credentials=dropped).credentials == [False, True, False, False]


def test_a_store_that_is_opened_again_has_them(durable: StoreKind, tmp_path: Path) -> None:
    revoked = ROW._replace(id="c2", revoked_at=NOW, revoked_by="bob", created_at=NOW - 1)
    with opened(durable, tmp_path / "data") as store:
        commit(store, credentials=[CredentialChange(ROW, 0), CredentialChange(revoked, 0)])
        store.close()
        assert store.open().credentials == [revoked._replace(version=1), ROW._replace(version=1)]
