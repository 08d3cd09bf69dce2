"""A node with login: tokens let in, each role does what is its own, and a revoked token ends its sessions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.ports import free_port
from support.programs import Node, Program, running, worker_of
from support.until import until

from taskbahn import InvalidOption, InvalidToken, JobFailed, NotAllowed, Taskbahn, UnknownJob
from taskbahn.protocol import access, messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="door.add")
def add(a: int, b: int) -> int:
    return a + b

@app.task(name="door.sum")
def total(count: int) -> int:
    return sum(add.start(number, 1).result() for number in range(count))

@app.task(name="door.ask")
def ask() -> str:
    return current.ask("name", str)
"""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the node refuses without login
ROLES = ("admin", "operator", "viewer", "worker", "client")


def command(*words: str, token: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    import os

    environment = {name: value for name, value in os.environ.items() if name != "TASKBAHN_TOKEN"}
    environment |= {"TASKBAHN_TOKEN": token} if token else {}
    called = [sys.executable, "-m", "taskbahn", *words]
    return subprocess.run(called, capture_output=True, text=True, timeout=60, cwd=folder, env=environment, check=False)


def asks_on(app: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        app.view.status()


class Door:
    """A node with login, a token for each role, and another client's."""

    def __init__(self, node: Node, tokens: dict[str, str]) -> None:
        self.node = node
        self.tokens = tokens
        self.apps: dict[str, Taskbahn] = {}

    def app(self, name: str) -> Taskbahn:
        if name not in self.apps:
            self.apps[name] = Taskbahn(self.node.websocket, token=self.tokens[name])
        return self.apps[name]

    def ask(self, name: str, procedure: str, *args: Any, **kwargs: Any) -> Any:
        return self.app(name).client.ask(procedure, *args, **kwargs).get(20)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    tokens = {}
    for name in (*ROLES, "other"):
        role = "client" if name == "other" else name
        made = command("token", "create", f"the-{name}", "--role", role, "--data", str(folder / "data"))
        assert made.returncode == 0, made.stderr
        tokens[name] = made.stdout.strip()
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=tokens["worker"]):
        found = Door(node, tokens)
        try:
            yield found
        finally:
            for app in found.apps.values():
                app.close()


def test_a_token_prints_alone_and_is_nowhere_in_the_store(door: Door) -> None:
    for token in door.tokens.values():
        assert token.startswith("taskbahn_")
        assert len(token.split()) == 1
        for file in door.node.data.rglob("*"):
            assert not file.is_file() or token.encode() not in file.read_bytes(), file


def test_without_a_token_or_with_a_wrong_one_nothing_is_answered(door: Door) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidToken, match="TASKBAHN_TOKEN"):
        Taskbahn(door.node.websocket).view.status()
    right = door.tokens["admin"]
    for wrong in ("wrong", right[:-1], right + "x", right.lower(), "x" * 5000):
        with pytest.raises(InvalidToken, match="does not know the token") as caught:
            Taskbahn(door.node.rawsocket, token=wrong).view.status()
        assert wrong not in caught.value.message
    assert time.monotonic() - began < 30
    assert "no such token" in door.node.output
    assert right not in door.node.output


def test_a_client_starts_sees_and_changes_its_own_jobs(door: Door) -> None:
    own = door.app("client")
    job = own.get("door.sum").start(3)
    assert job.result(timeout=30) == 6
    assert {each.caller for each in own.view.jobs()} == {"the-client"}  # the children, too
    question = own.get("door.ask").start()
    question.cancel()
    assert question.state() == "cancelled"
    question.retry()
    question.cancel()


def test_a_client_has_no_jobs_of_others(door: Door) -> None:
    job = door.app("client").get("door.add").start(1, 2)
    job.result(timeout=30)
    assert list(door.app("other").view.jobs()) == []
    other = door.app("other").job(job.id)
    for ask in (other.state, other.result, other.cancel, other.retry, lambda: list(other.events())):
        with pytest.raises(UnknownJob):
            ask()


@pytest.mark.parametrize(
    "procedure, args, allowed",
    [
        (messages.SUBMIT, [[]], {"admin", "operator", "worker", "client"}),
        (messages.VIEW_STATUS, [], {"admin", "operator", "viewer", "worker"}),
        (messages.VIEW_TASKS, [], set(ROLES)),
        (messages.ADMIN_RESUME, ["queue:none"], {"admin", "operator"}),
        ("taskbahn.admin.token.list", [], {"admin"}),
        ("door.add", [1, 2], {"admin", "operator", "worker", "client"}),
        ("wamp.session.count", [], set()),
        ("wamp.session.kill", [1], set()),
        ("wamp.registration.list", [], set()),
    ],
)
def test_each_role_calls_what_is_its_own(door: Door, procedure: str, args: list[Any], allowed: set[str]) -> None:
    for name in ROLES:
        if name in allowed:
            with suppress(InvalidOption):  # what it asks for cannot be, but it may ask
                door.ask(name, procedure, *args)
        else:
            with pytest.raises(NotAllowed, match=procedure.replace(".", r"\.")):
                door.ask(name, procedure, *args)


def test_an_admin_makes_tokens_over_the_wire_and_revokes_them(door: Door) -> None:
    admin, url = door.tokens["admin"], door.node.websocket
    made = json.loads(command("token", "create", "late", "--role", "viewer", "--json", "--url", url, token=admin).stdout)
    with_token = Taskbahn(url, token=made["token"], timeout=5)
    assert with_token.view.status().workers >= 1
    assert made["token"] not in command("token", "list", "--url", url, token=admin).stdout
    assert f"revoked: {made['id']}" in command("token", "revoke", made["id"], "--url", url, token=admin).stdout
    began = time.monotonic()
    with pytest.raises(InvalidToken):  # its session is closed, and opens no more
        asks_on(with_token)
    assert time.monotonic() - began < 1.5
    listed = json.loads(command("token", "list", "--json", "--url", url, token=admin).stdout)
    [row] = [each for each in listed if each["id"] == made["id"]]
    assert row["revoked_at"] is not None
    refused = command("token", "create", "the-client", "--role", "admin", "--url", url, token=admin)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "the-client has the role client" in refused.stderr
    assert "may not call" in command("token", "list", "--url", url, token=door.tokens["operator"]).stderr


def test_a_directory_that_a_node_works_on_takes_no_tokens_from_elsewhere(door: Door) -> None:
    refused = command("token", "create", "x", "--role", "admin", "--data", str(door.node.data))
    assert refused.returncode != 0
    assert "leave out --data to ask that node" in refused.stderr


def test_an_open_page_sees_all_only_with_a_role_that_does(door: Door) -> None:
    look = door.node.websocket + "-view"
    assert Taskbahn(look, token=door.tokens["operator"]).view.status().workers >= 1
    with pytest.raises(NotAllowed):
        Taskbahn(look, token=door.tokens["operator"]).admin.pause("queue:none")
    for name in ("client", "worker"):
        with pytest.raises(InvalidToken):
            Taskbahn(look, token=door.tokens[name]).view.status()


def test_the_nodes_own_worker_logs_in_by_itself(door: Door) -> None:
    operator = door.app("operator")
    done = operator.get("door.add").start(1, 2)
    done.result(timeout=30)
    sent = operator.webhook.start(done.id, "http://127.0.0.1:9/refused")  # a private address, which the worker refuses
    with pytest.raises(JobFailed, match="private"):
        sent.result(timeout=60)


@pytest.mark.parametrize("role", ["client", "viewer", "operator", "admin"])
def test_a_worker_of_another_role_ends_and_says_why(door: Door, tmp_path: Path, role: str) -> None:
    (tmp_path / "made.py").write_text(TASKS)
    program = Program("worker", "made:app", "--url", door.node.websocket, cwd=tmp_path, TASKBAHN_TOKEN=door.tokens[role])
    try:
        assert program.wait() == 1
    finally:
        program.close()
    assert f"the-{role}, whose role is {role}, may run no workers: give a token or a key of the role worker" in program.output
    assert "no router answers" not in program.output
    assert "Traceback" not in program.output


def test_a_worker_with_a_wrong_token_says_what_helps(door: Door, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(TASKS)
    program = Program("worker", "made:app", "--url", door.node.websocket, cwd=tmp_path, TASKBAHN_TOKEN="wrong")
    with running(program, "does not know the token"):
        pass


def test_the_doctor_looks_at_the_node_and_its_tokens(door: Door) -> None:
    found = command("doctor", "--json", "--url", door.node.websocket, token=door.tokens["admin"])
    said = {each["what"]: each["level"] for each in json.loads(found.stdout)}
    assert said["sessions log in"] == "ok"
    assert said["the data directory is for the node's user alone"] == "ok"
    assert said["tokens of admins without an end: the-admin"] == "warning"
    assert found.returncode == 0
    operator = command("doctor", "--url", door.node.websocket, token=door.tokens["operator"])
    assert "the tokens were not looked at" in operator.stdout
    assert "may not call" in command("doctor", "--url", door.node.websocket, token=door.tokens["client"]).stderr


def test_beyond_this_machine_only_with_login(tmp_path: Path) -> None:
    refused = command("up", "--port", "0", "--interface", EVERYWHERE, "--data", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "add --auth" in refused.stderr
    node = Program("up", "--port", "0", "--interface", EVERYWHERE, "--auth", "--data", str(tmp_path / "data"), cwd=tmp_path)
    with running(node, "Taskbahn is ready"):
        assert "no token, key or user can log in to this node: stop it, and run `taskbahn token create NAME" in node.output


def test_a_node_for_everyone_says_so_wherever_one_looks(tmp_path: Path) -> None:
    both = command("up", "--auth", "--insecure-no-auth", "--data", str(tmp_path / "data"))
    assert (both.returncode, "give one of the two" in both.stderr) == (2, True)
    port = free_port()
    words = ("--port", str(port), "--interface", EVERYWHERE, "--insecure-no-auth", "--data", str(tmp_path / "data"))
    node = Program("up", *words, cwd=tmp_path)
    url = f"ws://127.0.0.1:{port}/ws"
    with running(node, "Taskbahn is ready"):
        assert "WARNING: --insecure-no-auth: this node has no login" in node.output
        assert "this node has no login (--insecure-no-auth)" in node.output
        app = Taskbahn(url)
        until(lambda: [each for each in app.view.status().problems if each.kind == "insecure"])
        app.close()
        found = command("doctor", "--url", url)
        assert found.returncode == 1
        assert "the node has no login (--insecure-no-auth)" in found.stdout


def test_the_audit_has_logins_and_tokens_and_is_for_operators(door: Door) -> None:
    with pytest.raises(InvalidToken):
        Taskbahn(door.node.rawsocket, token="wrong-for-the-audit").view.status()
    made = door.ask("admin", access.TOKEN_CREATE, "for-the-audit", "viewer")
    door.ask("admin", access.TOKEN_REVOKE, "for-the-audit")
    found = list(door.app("operator").view.audit())
    assert "refused: no such token" in [entry.effect for entry in found if entry.verb == "login"]
    tokens = [entry for entry in found if entry.kind == "token"]
    assert [entry.effect for entry in tokens[:2]] == [
        "revoked for for-the-audit, role viewer",
        "created for for-the-audit, role viewer",
    ]
    assert {(entry.authid, entry.role, entry.object) for entry in tokens[:2]} == {("the-admin", "admin", made["id"])}
    assert [entry.transport for entry in tokens[-len(door.tokens) :]] == ["the data directory"] * len(door.tokens)
    everything = messages.to_json([messages.plain(entry) for entry in found])
    assert not any(token in everything for token in (*door.tokens.values(), made["token"], "wrong-for-the-audit"))
    for name in ("viewer", "worker", "client"):
        with pytest.raises(NotAllowed):
            list(door.app(name).view.audit())
