"""A node with roles of its own: clients call, and workers offer, what the file of roles has for them, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.logins import command
from support.programs import Node, Program, running, worker_of
from support.stranger import CALL, CHALLENGE, WELCOME, Stranger

from taskbahn import InvalidToken, NotAllowed, Taskbahn
from taskbahn.protocol import access, messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES = """
[till]
base = "client"
calls = ["shop.*"]

[shop-worker]
base = "worker"
offers = ["shop.*"]
queues = ["default"]
calls = ["shop.*"]

[support]
base = "operator"
may = ["view.*", "job.cancel"]
"""
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="shop.add")
def add(a: int, b: int) -> int:
    return a + b
"""
OTHER_TASKS = TASKS.replace("shop.add", "bank.add")
WHO = {"till": "till", "till-2": "till", "shop": "shop-worker", "helper": "support", "boss": "admin", "bank": "worker"}
REGISTER, REGISTERED, ERROR, RESULT, INVOCATION, YIELD = 64, 65, 8, 50, 68, 70


class Shop:
    """A node with roles, and a token for each of `WHO`."""

    def __init__(self, node: Node, tokens: dict[str, str]) -> None:
        self.node = node
        self.tokens = tokens

    def app(self, name: str) -> Taskbahn:
        return Taskbahn(self.node.websocket, token=self.tokens[name])

    def joined(self, name: str) -> Stranger:
        """Return a plain session."""
        stranger = Stranger(self.node.rawsocket)
        assert stranger.hello(["ticket"], "*")[0] == CHALLENGE
        assert stranger.answer(self.tokens[name])[0] == WELCOME
        return stranger


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    file = folder / "roles.toml"
    file.write_text(ROLES)
    tokens = {}
    for name, role in WHO.items():
        words = ["--role", role, "--data", str(folder / "data"), "--roles", str(file)]
        made = command("token", "create", f"the-{name}", *words)
        assert made.returncode == 0, made.stderr
        tokens[name] = made.stdout.strip()
    node = Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_ROLES=str(file))
    with (
        running(node, "Taskbahn is ready"),
        worker_of(TASKS, folder, node, 2, TASKBAHN_TOKEN=tokens["shop"]),
    ):
        yield Shop(node, tokens)


def call(session: Stranger, procedure: str, *args: Any) -> list[Any]:
    return session.says(CALL, 1, {}, procedure, list(args))


def test_a_client_calls_the_tasks_of_its_role(shop: Shop) -> None:
    with shop.app("boss") as boss, shop.app("till") as till:
        boss.client.ask(messages.SUBMIT, [{"task": "shop.add", "args": [1, 1], "options": {"delay": 600}}]).get(20)
        assert till.get("shop.add").start(1, 2).result(timeout=30) == 3
        assert [job.caller for job in till.view.jobs()] == ["the-till"]
        with pytest.raises(NotAllowed, match=r"the role till may not call bank.add: its `calls` have shop\.\*"):
            till.get("bank.add").start(1, 2)
        with pytest.raises(NotAllowed, match=r"taskbahn\.view\.status"):
            till.view.status()
    for procedure, args, kind in (("shop.add", [1, 2], RESULT), ("bank.add", [1, 2], ERROR), ("bank.none", [], ERROR)):
        with shop.joined("till") as session:
            heard = call(session, procedure, *args)
            assert heard[0] == kind, (procedure, heard)
            assert kind == RESULT or (heard[4] == "wamp.error.not_authorized" and "till" in str(heard[5])), heard


def test_a_role_has_the_procedures_of_its_list(shop: Shop) -> None:
    with shop.app("helper") as helper, shop.app("till-2") as till:
        assert helper.view.status().workers == 1
        job = till.get("shop.add").options(delay=600).start(1, 2)
        helper.job(job.id).cancel()
        for ask in (lambda: helper.admin.pause("queue:none"), lambda: helper.job(job.id).retry(), helper.admin.tokens):
            with pytest.raises(NotAllowed):
                ask()


def test_a_worker_with_tasks_of_others_is_refused(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "bank.py").write_text(OTHER_TASKS)
    (tmp_path / "shop.py").write_text(TASKS)
    for words, why in (
        (["bank:app"], "may not offer bank.add"),
        (["shop:app", "--queues", "gold"], "may not take from the queue gold"),
    ):
        program = Program("worker", *words, "--url", shop.node.websocket, cwd=tmp_path, TASKBAHN_TOKEN=shop.tokens["shop"])
        with running(program, why):
            pass
    with shop.app("boss") as boss:
        assert "bank.add" not in [task.name for task in boss.view.tasks()]
        assert len(boss.view.workers()) == 1


@pytest.mark.parametrize(
    "prefix", ["taskbahn.offer.", "taskbahn.offer_job.", "taskbahn.offer_as.me.", "taskbahn.offer_job_as.me."]
)
def test_a_session_offers_the_tasks_of_its_role(shop: Shop, prefix: str) -> None:
    with shop.joined("shop") as session, shop.joined("till") as till:
        heard = session.says(REGISTER, 1, {}, f"{prefix}bank.take")
        assert (heard[0], heard[4]) == (ERROR, NotAllowed.uri)
        assert "the role shop-worker may not offer bank.take: its `offers` have shop.*" in heard[5][0]
        for pattern, match in ((prefix, "prefix"), ("bank", "prefix"), ("shop.", "prefix"), ("bank..take", "wildcard")):
            assert session.says(REGISTER, 2, {"match": match}, pattern)[0] == ERROR
        assert session.says(REGISTER, 3, {}, f"{prefix}shop.offered")[0] == REGISTERED
        assert till.says(REGISTER, 1, {}, f"{prefix}shop.offered_2")[0] == ERROR


def test_names_of_others_are_not_registered_as_procedures(shop: Shop) -> None:
    for name in ("shop", "bank", "till", "helper"):
        with shop.joined(name) as session:
            for uri in ("shop.add", "taskbahn.view.jobs", "taskbahn.mail", "wamp.session.kill", "taskbahn.made.up"):
                heard = session.says(REGISTER, 1, {}, uri)
                assert heard[0] == ERROR, (name, uri, heard)
            heard = session.says(REGISTER, 2, {}, "bank.balance")
            assert heard[0] == (REGISTERED if name == "bank" else ERROR), (name, heard)  # base workers are trusted with names


def test_two_sessions_that_offer_a_task_share_it(shop: Shop) -> None:
    with shop.app("till") as app, shop.joined("shop") as one, shop.joined("shop") as two:
        for session, name in ((one, "one"), (two, "two")):
            assert session.says(REGISTER, 1, {}, f"taskbahn.offer_as.{name}.shop.shared")[0] == REGISTERED
        jobs = [app.get("shop.shared").start() for _ in range(2)]
        for session in (one, two):  # each has a slot, so each gets one
            invoked = session.hears()
            assert invoked[0] == INVOCATION
            session.tells(YIELD, invoked[1], {}, ["done"])
        assert [job.result(timeout=30) for job in jobs] == ["done", "done"]


def test_the_roles_are_shown(shop: Shop) -> None:
    shown = command("roles", "--json", "--url", shop.node.websocket, TASKBAHN_TOKEN=shop.tokens["boss"])
    roles = {role["name"]: role for role in json.loads(shown.stdout)}
    assert {"client", "worker", "viewer", "operator", "admin"} < roles.keys()
    assert (roles["till"]["base"], roles["till"]["calls"]) == ("client", ["shop.*"])
    assert (roles["shop-worker"]["offers"], roles["shop-worker"]["queues"]) == (["shop.*"], ["default"])
    assert "job.cancel" in roles["support"]["may"]
    assert "admin.pause" not in roles["support"]["may"]
    table = command("roles", "--url", shop.node.websocket, TASKBAHN_TOKEN=shop.tokens["helper"]).stdout
    assert "shop-worker" in table
    with shop.app("helper") as helper:
        assert {role.name for role in helper.view.roles()} == set(roles)
    assert "may not call" in command("roles", "--url", shop.node.websocket, TASKBAHN_TOKEN=shop.tokens["till"]).stderr


def test_an_admin_gives_own_roles_over_the_wire(shop: Shop) -> None:
    with shop.app("boss") as boss:
        made = boss.client.ask(access.TOKEN_CREATE, "late-till", "till").get(20)
        with Taskbahn(shop.node.websocket, token=made["token"]) as late:
            assert late.get("shop.add").start(2, 2).result(timeout=30) == 4
    wrong = command("token", "create", "x", "--role", "tilll", "--url", shop.node.websocket, TASKBAHN_TOKEN=shop.tokens["boss"])
    assert (wrong.returncode, "there is no role 'tilll'" in wrong.stderr) == (2, True)


def test_a_bad_file_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "roles.toml"
    data = tmp_path / "data"
    for text, why in (("[a-role]\nbase = 'king'\n", "[a-role]: base = 'king'"), ("[a-role", "line 1"), ("", "add --auth")):
        file.write_text(text)
        words = [] if why == "add --auth" else ["--auth"]
        refused = command("up", "--port", "0", "--data", str(data), "--roles", str(file), *words)
        assert refused.returncode in (1, 2)
        assert why in refused.stderr
        assert not data.exists()
    file.write_text("[a-role]\nbase = 'king'\n")
    refused = command("token", "create", "x", "--role", "a-role", "--data", str(data), "--roles", str(file))
    assert (refused.returncode, "base = 'king'" in refused.stderr, data.exists()) == (2, True, False)


def test_without_its_role_a_credential_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "roles.toml"
    file.write_text(ROLES)
    words = ["--role", "till", "--data", str(tmp_path / "data"), "--roles", str(file)]
    token = command("token", "create", "a-till", *words).stdout.strip()
    node = Node(tmp_path, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"):
        with pytest.raises(InvalidToken), Taskbahn(node.websocket, token=token) as app:
            app.get("shop.add").start(1, 2)
        node.wait_for("has the role till, which this node does not have: see --roles")
