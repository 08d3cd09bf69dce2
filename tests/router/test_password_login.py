"""A node with users: names and passwords let in, and a user that is changed or removed is out within a second."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running
from support.raw_wamp import ABORT, WELCOME, RawSession
from support.tokens import token_for

from taskbahn import InvalidRequest, InvalidToken, NotAllowed, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PASSWORD, OTHER = "correct horse battery", "staple correct horse"
ADDRESSES = itertools.count(1)
ENDS_SECONDS = 5.0  # seconds; a second, and what this machine may be busy with


def command(*words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TASKBAHN_")}
    plain["TASKBAHN_HEADERS"] = from_elsewhere()
    called = [sys.executable, "-m", "taskbahn", *words]
    return subprocess.run(
        called, input=given, capture_output=True, text=True, timeout=60, env={**plain, **environment}, check=False
    )


def from_elsewhere() -> str:
    """Return a header with an address of its own, so that no wrong login makes another one wait."""
    return f"X-Forwarded-For: 203.0.{next(ADDRESSES)}.1"


def user(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"TASKBAHN_USER": name, "TASKBAHN_PASSWORD": password}


class Door:
    def __init__(self, node: Node, token: str) -> None:
        self.node = node
        self.token = token
        self.admin = Taskbahn(node.websocket, token=token)

    def app(self, name: str, password: str = PASSWORD, *, url: str = "") -> Taskbahn:
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in (user(name, password) | {"TASKBAHN_HEADERS": from_elsewhere()}).items():
                patch.setenv(variable, value)
            return Taskbahn(url or self.node.websocket, timeout=10)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("users")
    data = str(folder / "data")
    for name, role in (("ada", "admin"), ("vera", "viewer"), ("shop", "client")):
        made = command("user", "add", name, "--role", role, "--data", data, "--password-stdin", given=f"{PASSWORD}\n")
        assert (made.returncode, made.stdout) == (0, f"added: {name} ({role})\n"), made.stderr
    token = token_for("root", "admin", folder / "data")
    with running(node := Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_BEHIND_PROXY="127.0.0.1"), "Taskbahn is ready"):
        found = Door(node, token)
        try:
            yield found
        finally:
            found.admin.close()


def test_users_are_made_before_the_node_ever_ran(door: Door, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    words = ("--data", data, "--password-stdin")
    assert command("user", "add", "bob", "--role", "viewer", *words, given=f"{PASSWORD}\n").returncode == 0
    again = command("user", "add", "bob", "--role", "viewer", *words, given=f"{PASSWORD}\n")
    assert (again.returncode, "already" in again.stderr) == (2, True)
    assert command("user", "passwd", "bob", *words, given=f"{OTHER}\n").returncode == 0
    short = command("user", "passwd", "bob", *words, given="short\n")
    assert (short.returncode, "at least 10 characters" in short.stderr) == (2, True)
    assert command("user", "passwd", "bob", *words, given="").returncode == 2
    [listed] = json.loads(command("user", "list", "--data", data, "--json").stdout)
    assert (listed["name"], listed["role"]) == ("bob", "viewer")
    assert command("user", "remove", "bob", "--data", data).stdout == "removed: bob (viewer)\n"
    assert command("user", "remove", "bob", "--data", data).returncode == 2
    assert "no terminal" in command("user", "add", "x", "--role", "viewer", "--data", data).stderr
    for file in door.node.data.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("address", ["websocket", "rawsocket"])
def test_a_name_and_a_password_let_in(door: Door, address: str) -> None:
    app = door.app("ada", url=getattr(door.node, address))
    assert app.view.status().workers == 0
    assert {each.name for each in app.admin.users()} >= {"ada", "vera", "shop"}
    app.close()
    viewer = door.app("vera", url=getattr(door.node, address))
    assert viewer.view.status().workers == 0
    with pytest.raises(NotAllowed):
        viewer.admin.users()
    viewer.close()


@pytest.mark.parametrize(
    "name, password", [("ada", OTHER), ("unknown", PASSWORD), ("ada", PASSWORD + " "), ("ADA", PASSWORD), ("vera", "x" * 5000)]
)
def test_another_password_or_name_learns_nothing(door: Door, name: str, password: str) -> None:
    with pytest.raises(InvalidToken, match="does not know the user") as caught:
        door.app(name, password).view.status()
    assert password not in caught.value.message
    with RawSession(door.node.port) as session:
        assert session.log_in(name, password) == [
            ABORT, {"message": "the login is refused"}, "wamp.error.authentication_failed",
        ]  # fmt: skip
    assert password not in door.node.output
    assert name in ("ada", "vera") or name not in door.node.output


def test_plain_wamp_logs_in_with_a_ticket(door: Door) -> None:
    with RawSession(door.node.port) as session:
        heard = session.log_in("vera", PASSWORD)
        assert heard is not None
        assert (heard[0], heard[2]["authid"], heard[2]["authrole"]) == (WELCOME, "vera", "viewer")


def test_a_session_shows_one_password_at_a_time(door: Door) -> None:
    with RawSession(door.node.port) as session:
        heard = session.log_in("vera", PASSWORD, OTHER, PASSWORD)
        assert heard is not None
        assert heard[0] == ABORT
    with RawSession(door.node.port) as session:  # a token is known at once, while the password is still compared
        assert (session.log_in("vera", PASSWORD, door.token) or [0])[0] == WELCOME
        assert (session.hear() or [ABORT])[0] == ABORT


def test_a_flood_of_wrong_passwords_keeps_no_session_from_working(door: Door) -> None:
    def guess(number: int) -> int:
        with RawSession(door.node.port) as session:
            return int((session.log_in("ada", f"guess number {number}") or [ABORT])[0])

    slowest = 0.0
    with ThreadPoolExecutor(20) as pool:
        guesses = [pool.submit(guess, number) for number in range(100)]
        while not all(each.done() for each in guesses):
            began = time.monotonic()
            door.admin.view.status()
            slowest = max(slowest, time.monotonic() - began)
    assert {each.result() for each in guesses} == {ABORT}
    assert slowest < ENDS_SECONDS
    door.app("vera").view.status()


def asks_on(app: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        app.view.status()


def ended(app: Taskbahn) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidToken):
        asks_on(app)
    assert time.monotonic() - began < ENDS_SECONDS
    app.close()


def test_a_user_that_is_changed_or_removed_is_out(door: Door) -> None:
    door.admin.admin.create_user("eve", "viewer", PASSWORD)
    app = door.app("eve")
    app.view.status()
    door.admin.admin.set_password("eve", OTHER)
    ended(app)
    app = door.app("eve", OTHER)
    app.view.status()
    assert door.admin.admin.remove_user("eve").name == "eve"
    ended(app)
    with pytest.raises(InvalidRequest, match="there is no user 'eve'"):
        door.admin.admin.remove_user("eve")


@pytest.mark.parametrize("role", ["viewer", "client", "worker", "operator"])
def test_a_user_of_each_role_changes_its_own_password(door: Door, role: str) -> None:
    name = f"own-{role}"
    door.admin.admin.create_user(name, role, PASSWORD)
    words = ("user", "passwd", "--url", door.node.websocket, "--password-stdin")
    wrong = command(*words, given=f"{OTHER}\n{OTHER}\n", **user(name))
    assert (wrong.returncode, "the old password is another one" in wrong.stderr) == (2, True)
    done = command(*words, "--json", given=f"{PASSWORD}\n{OTHER}\n", **user(name))
    assert (done.returncode, json.loads(done.stdout)["name"]) == (0, name), done.stderr
    assert command(*words, given=f"{OTHER}\n{PASSWORD}\n", **user(name)).returncode == 2
    assert command(*words, given=f"{OTHER}\n{PASSWORD}\n", **user(name, OTHER)).returncode == 0
    with pytest.raises(NotAllowed, match="not logged in as one"):
        door.admin.admin.change_password(PASSWORD, OTHER)


async def test_an_admin_has_users_over_the_wire(door: Door) -> None:
    admin = door.admin.admin
    assert (await admin.create_user_async("late", "client", PASSWORD)).role == "client"
    assert "late" in [each.name for each in await admin.users_async()]
    assert (await admin.set_password_async("late", OTHER)).name == "late"
    url, root = door.node.websocket, {"TASKBAHN_TOKEN": door.token}
    assert "late" in command("user", "list", "--url", url, **root).stdout
    refused = command("user", "add", "late", "--role", "client", "--url", url, "--password-stdin", given=f"{OTHER}\n", **root)
    assert (refused.returncode, "already" in refused.stderr) == (2, True)
    assert (await admin.remove_user_async("late")).name == "late"
    assert "may not call" in command("user", "list", "--url", url, **user("vera")).stderr
    [removed, *_] = [entry for entry in door.admin.view.audit() if entry.kind == "user" and entry.object == "late"]
    assert (removed.verb, removed.effect, removed.authid) == ("remove", "removed, role client", "root")


def test_the_audit_has_no_password(door: Door) -> None:
    entries: list[Any] = list(door.admin.view.audit())
    assert "refused: a wrong password of ada" in [entry.effect for entry in entries]
    assert not any(password in repr(entries) for password in (PASSWORD, OTHER))
