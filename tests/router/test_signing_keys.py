"""The keys that sign browser tokens, as an admin sees and changes them, on a node that runs and on one that does not."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.logins import command
from support.programs import running_node
from support.tokens import token_for

from taskbahn import InvalidToken, NotAllowed, Taskbahn

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def said(*words: str, **environment: str) -> str:
    done = command(*words, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def signing(*words: str, **environment: str) -> list[dict[str, Any]]:
    """Return what `taskbahn key list --json` says of keys that sign."""
    found = json.loads(said("key", "list", "--json", *words, **environment))
    return [each for each in found if each["method"] == "browser tokens"]


def test_keys_are_listed_and_changed_on_the_wire_and_offline(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    tokens = {role: token_for(role, role, tmp_path / "data") for role in ("admin", "client", "viewer")}
    assert signing(*data) == []
    first = json.loads(said("key", "rotate", "--json", *data))["key"]
    [key] = signing(*data)
    assert (key["id"], key["in_use"], key["name"], key["role"]) == (first, True, None, None)
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1") as node:
        words, admin = ("--url", node.websocket), {"TASKBAHN_TOKEN": tokens["admin"]}
        text = said("token", "browser", "--tag", "user:1", *words, TASKBAHN_TOKEN=tokens["client"]).strip()
        assert [each["id"] for each in signing(*words, **admin)] == [first]
        for rotate in ("key", "token"):
            assert "new key" in said(rotate, "rotate", *words, **admin)
        keys = signing(*words, **admin)
        assert [each["in_use"] for each in keys] == [False, False, True]
        table = said("key", "list", *words, **admin)
        assert "no keys" in table
        assert all(each["id"] in table for each in keys)
        with Taskbahn(node.websocket, token=tokens["admin"]) as app:
            assert [each.id for each in app.admin.token_keys()] == [each["id"] for each in keys]
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(lambda: asyncio.run(app.admin.token_keys_async())).result(30) == app.admin.token_keys()
            assert [entry.effect for entry in app.view.audit() if entry.verb == "rotate"] == [
                "made a new key of browser tokens"
            ] * 3
        with Taskbahn(node.websocket, token=tokens["viewer"]) as app, pytest.raises(NotAllowed):
            app.admin.token_keys()
        with Taskbahn(node.websocket, token=text) as page:
            assert page.view.jobs().page().jobs == []
    last = json.loads(said("token", "rotate", "--revoke", "--json", *data))
    assert last["revoked"] is True
    assert [each["id"] for each in signing(*data)] == [last["key"]]
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1") as node:
        with pytest.raises(InvalidToken), Taskbahn(node.websocket, token=text) as page:
            page.view.jobs().page()
        with Taskbahn(node.websocket, token=tokens["admin"]) as app:
            newest = next(entry for entry in app.view.audit() if entry.verb == "rotate")
            assert newest.effect.endswith("ended all tokens of the keys before")
            assert (newest.object, newest.transport) == (last["key"], "the data directory")


def test_two_places_are_refused(tmp_path: Path) -> None:
    refused = command("key", "rotate", "--data", str(tmp_path), "--url", "ws://127.0.0.1:1/ws")
    assert (refused.returncode, "give one of them" in refused.stderr) == (2, True)
