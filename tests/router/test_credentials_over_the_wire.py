"""A node with login takes what addresses and files of credentials have, and no command line shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.logins import command
from support.programs import running_node
from support.tokens import token_for, user_for

from taskbahn import InvalidToken, Taskbahn

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PASSWORD = "correct horse/battery@staple"


def test_a_login_comes_from_address_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_for("ada", "viewer", tmp_path / "data")
    user_for("eve", "viewer", PASSWORD, tmp_path / "data")
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1") as node:
        for user in (token, f"eve:{PASSWORD.replace('/', '%2F').replace('@', '%40').replace(' ', '%20')}"):
            for url in (node.websocket, node.rawsocket):
                with Taskbahn(url.replace("://", f"://{user}@")) as app:
                    assert app.view.status().version
            wanted = node.websocket.replace("://", f"://{user}@")
            found = command("status", "--json", TASKBAHN_URL=wanted)
            assert found.returncode == 0, found.stderr
            refused = command("status", "--url", wanted)
            assert refused.returncode != 0
            assert user not in refused.stdout + refused.stderr
        file = tmp_path / "credentials"
        file.write_text(f"machine 127.0.0.1:{node.port} login eve password wrong\nmachine 127.0.0.1 password {token}\n")
        file.chmod(0o600)
        monkeypatch.setenv("TASKBAHN_CREDENTIALS", str(file))
        with Taskbahn(node.websocket) as app, pytest.raises(InvalidToken, match=f"does not know the user.* see {file}, machine"):
            app.view.status()
        file.write_text(f"machine elsewhere password {token}\n")
        for url in (node.websocket, node.rawsocket):
            with Taskbahn(url) as app, pytest.raises(InvalidToken, match=f"{file} has no login for 127.0.0.1:{node.port}"):
                app.view.status()
        file.write_text(f"machine 127.0.0.1 password {token}\n")
        with Taskbahn(node.websocket) as app:
            assert app.view.status().version
