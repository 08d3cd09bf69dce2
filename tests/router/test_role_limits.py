"""A real node bounds what a client uses, by the short way through the router and by the ordinary one alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.programs import Node, running_node, worker_of
from support.tokens import token_for
from support.until import until

from taskbahn import LimitExceeded, RouterUnavailable, Taskbahn
from taskbahn.protocol import messages
from taskbahn.transport.key_file import new_key_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="bounded.add")
def add(a: int, b: int) -> int:
    return a + b

@app.task(name="bounded.ask")
def ask() -> str:
    return current.ask("name", str)
"""
MADE: dict[str, str] = {}
LIMITS = "client:submissions=2 client:connections=2 client:watchers=3"


@pytest.fixture(scope="module", params=["1", "0"], ids=["direct path", "dealer"])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("bounded")
    roles = {"shop": "client", "other": "client", "bulky": "client", "photos": "worker", "admin": "admin"}
    MADE.update({name: token_for(name, role, folder / "data") for name, role in roles.items()})
    words = {"TASKBAHN_UP_AUTH": "1", "TASKBAHN_UP_ROLE_LIMIT": LIMITS, "TASKBAHN_DIRECT_PATH": request.param}
    with running_node(folder, **words) as node, worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=MADE["photos"]):
        yield node


def app_of(node: Node, name: str, timeout: float = 20) -> Taskbahn:
    return Taskbahn(node.websocket, token=MADE[name], timeout=timeout)


def start_many(app: Taskbahn) -> None:
    for number in range(60):
        app.get("bounded.add").start(number, 1)


def test_a_client_that_starts_too_much_learns_when_to_go_on(node: Node) -> None:
    shop, other = app_of(node, "shop"), app_of(node, "other")
    with pytest.raises(LimitExceeded, match="shop has reached its limit of submissions: 2 jobs a second") as caught:
        start_many(shop)
    assert 0 < caught.value.detail["retry_after"] < 2
    with pytest.raises(LimitExceeded):
        shop.client.ask("bounded.add", 1, 2).get(20)  # by the task's own name, as any WAMP client
    assert other.get("bounded.add").start(1, 2).result(timeout=20) == 3
    admin = app_of(node, "admin")
    start_many(admin)
    until(
        lambda: any(
            problem.kind == "role_limit" and problem.sentence.startswith("shop ") for problem in admin.view.status().problems
        )
    )
    for app in (shop, other, admin):
        app.close()


def test_many_jobs_take_as_long_as_the_rate_lets_them(node: Node) -> None:
    with app_of(node, "bulky") as bulky:
        add = bulky.get("bounded.add")
        in_advance = add.start_many((number, 1) for number in range(26))  # of which 20 are ten seconds' worth
        began = time.monotonic()
        late = add.start_many([(1, 1), (2, 2)])
        assert time.monotonic() - began > 2.0
        assert [*late.results(20), *in_advance.results(20)][:2] == [2, 4]
        with pytest.raises(LimitExceeded):
            start_many(bulky)


def test_keys_count_for_the_connections_of_their_name(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "keyed.key"
    admin = app_of(node, "admin")
    name = f"keyed-{node.port}"
    admin.admin.add_key(name, "client", new_key_file(file))
    apps = [Taskbahn(node.websocket, key_file=file, timeout=3) for _ in range(3)]
    for app in apps[:2]:
        app.view.tasks()
    with pytest.raises(RouterUnavailable, match=f"{name} has reached its limit of connections: 2 at once"):
        apps[2].view.tasks()
    for app in (*apps, admin):
        app.close()


def test_a_client_with_too_many_connections_learns_why(node: Node) -> None:
    apps = [app_of(node, "other") for _ in range(2)]
    for app in apps:
        app.view.tasks()
    late = app_of(node, "other", timeout=3)
    with pytest.raises(RouterUnavailable, match="other has reached its limit of connections: 2 at once"):
        late.view.tasks()
    late.close()
    apps.pop().close()
    again = app_of(node, "other")
    assert again.view.tasks()
    for app in (*apps, again):
        app.close()


def test_a_client_that_watches_too_much_is_refused_and_then_not(node: Node) -> None:
    shop = app_of(node, "other")
    job = shop.get("bounded.ask").start()
    watches = [shop.client.ask(messages.JOB_WAIT, [job.id]) for _ in range(3)]
    with pytest.raises(LimitExceeded, match="its limit of watchers: 3 calls that wait or watch"):
        shop.client.ask(messages.JOB_WAIT, [job.id]).get(20)
    job.cancel()
    for watch in watches:
        watch.get(20)
    assert shop.client.ask(messages.JOB_WAIT, [job.id]).get(20)
    shop.close()
