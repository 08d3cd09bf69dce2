"""Tokens, keys and users of a directory whose node does not run: only what makes the first login makes a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from taskbahn.cli.token import token
from taskbahn_router.access import offline, offline_users
from taskbahn_router.stores.contract import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READS: dict[str, Callable[[Path], Any]] = {
    "list tokens": offline.list_tokens,
    "revoke a token": lambda data: offline.revoke_token(data, "ci", ""),
    "list keys": offline.list_keys,
    "revoke a key": lambda data: offline.revoke_key(data, "ci", ""),
    "list signing keys": offline.list_signing_keys,
    "rotate": lambda data: offline.rotate_signing_key(data, "", revokes=False),
    "list users": offline_users.list_users,
    "remove a user": lambda data: offline_users.remove_user(data, "ada", ""),
    "set a password": lambda data: offline_users.set_password(data, "ada", "correct horse battery", ""),
}
MAKES: dict[str, Callable[[Path], Any]] = {
    "token": lambda data: offline.create_token(data, "ci", "admin", None, ""),
    "key": lambda data: offline.add_key(data, {"name": "ci", "role": "admin", "public_key": "4a" * 32}, ""),
    "user": lambda data: offline_users.create_user(data, "ada", "admin", "correct horse battery", ""),
}


@pytest.mark.parametrize("what", READS)
def test_a_mistyped_directory_is_refused_and_not_made(what: str, tmp_path: Path) -> None:
    data = tmp_path / "mistyped"
    with pytest.raises(StoreUnusable, match=r"there is no node's data in .*mistyped: give --data the directory"):
        READS[what](data)
    assert not data.exists()


@pytest.mark.parametrize("what", MAKES)
def test_the_first_login_makes_the_store(what: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    offline_users.check_new_user(data, "ada", "admin")
    assert not data.exists()
    assert MAKES[what](data)
    assert offline.has_store(data)


def test_a_new_directory_is_named_beside_its_token(tmp_path: Path) -> None:
    words = ["create", "ci", "--role", "admin", "--data", str(tmp_path / "data")]
    first, second = (CliRunner().invoke(token, words) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert f"there is no node's data in {tmp_path / 'data'} yet, so this makes it" in first.stderr
    assert first.stdout.startswith("taskbahn_")
    assert len(first.stdout.split()) == 1
    assert second.stderr == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_what_root_makes_belongs_to_the_owner_of_the_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 65534, 65534)
    offline.create_token(data, "ci", "admin", None, "")
    files = list(data.iterdir())
    assert {(path.stat().st_uid, path.stat().st_gid) for path in files} == {(65534, 65534)}
    assert {path.name for path in files} >= {"taskbahn.db"}
