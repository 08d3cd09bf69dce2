"""Browser tokens over the wire: from Python, the command line and a plain WAMP session, on both paths into the dispatcher."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import SubscribeOptions
from support.plain import Heard, patiently, session_to
from support.programs import Node, running, worker_of
from support.tokens import token_for

from taskbahn import InvalidToken, NotAllowed, Taskbahn, UnknownJob
from taskbahn.protocol import access, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="images.resize", tags=["images"])
def resize(width: int) -> int:
    return width * 2

@app.task(name="images.ask")
def ask() -> str:
    return current.ask("name", str)

@app.task(name="mails.send")
def send() -> None: ...
"""


class Shop:
    """A node with login, an application of a backend, and one of another."""

    def __init__(self, node: Node, tokens: dict[str, str]) -> None:
        self.node = node
        self.tokens = tokens
        self.shop, self.other, self.admin = (Taskbahn(node.websocket, token=tokens[name]) for name in ("shop", "other", "admin"))
        self.pages: list[Taskbahn] = []

    def start_again(self) -> None:
        """Kill the node, and start another one over its store on the same port."""
        self.node.end(signal.SIGKILL)
        self.node.close()
        self.node = Node(self.node.data.parent, self.node.port, TASKBAHN_UP_AUTH="1")
        self.node.wait_for("Taskbahn is ready")

    def page(self, text: str, url: str | None = None) -> Taskbahn:
        self.pages.append(Taskbahn(url or self.node.websocket, token=text, timeout=10))
        return self.pages[-1]


def asks_on(page: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        list(page.view.jobs())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    roles = {name: name for name in ("admin", "operator", "viewer", "worker")} | {"shop": "client", "other": "client"}
    tokens = {name: token_for(name, role, folder / "data") for name, role in roles.items()}
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=tokens["worker"]):
        found = Shop(node, tokens)
        try:
            yield found
        finally:
            found.node.close()
            for app in (found.shop, found.other, found.admin, *found.pages):
                app.close()


@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
def test_a_page_starts_and_watches_what_its_token_names(shop: Shop, transport: str) -> None:
    text = shop.shop.token(start=["images.*"], tags=["user:42"], cancel=True)
    page = shop.page(text, getattr(shop.node, transport))
    job = page.get("images.resize").start(21)
    assert job.result(timeout=30) == 42
    view = shop.shop.job(job.id).view()
    assert (view.caller, view.tags) == ("shop", ["user:42", "images"])
    assert job.id in [each.id for each in page.view.jobs()]
    question = page.get("images.ask").start()
    assert question.cancel() == "cancelled"
    with pytest.raises(NotAllowed, match=r"mails\.send"):
        page.get("mails.send").start()
    with pytest.raises(NotAllowed, match="retry"):
        question.retry()
    foreign = shop.shop.get("images.resize").start(1)
    foreign.result(timeout=30)
    with pytest.raises(UnknownJob):
        page.job(foreign.id).state()
    for procedure, args in (
        ("images.resize", [1]),
        (messages.VIEW_STATUS, []),
        (access.BROWSER_TOKEN, []),
        ("wamp.session.count", []),
    ):
        with pytest.raises(NotAllowed):
            page.client.ask(procedure, *args).get(20)


def test_a_job_gives_the_token_of_its_page(shop: Shop) -> None:
    job = shop.shop.get("images.ask").start()
    page = shop.page(job.token(answer=True, expires="1m"))
    seen = page.job(job.id)
    events = iter(seen.events())
    while seen.state() != "running":
        next(events)
    while not (view := seen.view()).questions:
        next(events)
    seen.answer(view.questions[0].name, "Ada")
    assert seen.result(timeout=30) == "Ada"
    with pytest.raises(NotAllowed, match="cancel"):
        shop.page(job.token()).job(job.id).cancel()
    with pytest.raises(UnknownJob):
        shop.other.job(job.id).token()
    with pytest.raises(UnknownJob):
        shop.other.token(watch=[job])


def test_a_token_for_one_start_is_used_up_also_after_a_restart(shop: Shop) -> None:
    text = shop.shop.token(start=["images.resize"], once=True)
    page = shop.page(text)
    assert page.get("images.resize").start(2).result(timeout=30) == 4
    shop.start_again()
    for again in (page, shop.page(text)):
        with pytest.raises(NotAllowed, match="one start"):
            again.get("images.resize").start(2)


def test_a_revoked_token_ends_its_session_within_a_second(shop: Shop) -> None:
    text = shop.shop.token(tags=["user:9"])
    page = shop.page(text)
    assert list(page.view.jobs()) == []
    began = time.monotonic()
    [view] = shop.admin.admin.revoke_token(text)
    assert view.role == "browser"
    with pytest.raises(InvalidToken):
        asks_on(page)
    assert time.monotonic() - began < 5  # the session is closed at once; the client then tries to log in again
    with pytest.raises(InvalidToken):
        shop.page(text).view.tasks()


def test_the_command_line_makes_tokens(shop: Shop) -> None:
    job = shop.shop.get("images.resize").start(3)
    job.result(timeout=30)
    environment = {**os.environ, "TASKBAHN_TOKEN": shop.tokens["shop"]}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "taskbahn", "token", *words, "--url", shop.node.websocket]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment | more, check=False)

    made = run("browser", "--watch", job.id, "--retry", "all", "--expires", "5m")
    assert made.returncode == 0, made.stderr
    assert shop.page(made.stdout.strip()).job(job.id).result(timeout=30) == 6
    assert (
        json.loads(run("browser", "--start", "images.*", "--tag", "user:1", "--once", "--json").stdout)["token"].count(".") == 2
    )
    nothing = run("browser")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "names something" in nothing.stderr
    assert "may not call" in run("rotate").stderr
    assert "new key" in run("rotate", TASKBAHN_TOKEN=shop.tokens["admin"]).stdout
    assert shop.page(made.stdout.strip()).job(job.id).state() == "succeeded"
    assert run("rotate", "--revoke", TASKBAHN_TOKEN=shop.tokens["admin"]).returncode == 0
    with pytest.raises(InvalidToken):
        shop.page(made.stdout.strip()).job(job.id).state()


def test_no_token_is_in_the_log_of_the_node(shop: Shop) -> None:
    text = shop.shop.token(tags=["user:9"])
    with pytest.raises(InvalidToken):
        shop.page(text[:-2]).view.tasks()
    shop.node.wait_for("this browser token is wrong")
    assert text[:-2] not in shop.node.output


def test_what_a_page_does_says_so_in_the_audit(shop: Shop) -> None:
    text = shop.shop.token(start=["images.*"], cancel=True)
    job = shop.page(text).get("images.ask").start()
    job.cancel()
    entries: list[Any] = [entry for entry in shop.admin.view.audit() if entry.object == job.id]
    assert [entry.verb for entry in entries] == ["cancel"]
    assert entries[0].authid.startswith("shop/b")
    assert entries[0].role == "browser"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
async def test_topics_of_jobs_are_heard_by_who_sees_the_job(shop: Shop, transport: str) -> None:
    url = getattr(shop.node, transport)
    async with session_to(url, shop.tokens["shop"]) as own:
        call = {"task": "images.ask", "args": []}
        job, unseen = await patiently(own.call(messages.SUBMIT, [call, call]))
        page = (await patiently(own.call(access.BROWSER_TOKEN, watch=[job])))["token"]
        heard: dict[str, list[str]] = {name: [] for name in (*shop.tokens, "page")}
        for name, said in heard.items():
            async with session_to(url, shop.tokens.get(name, page)) as session:
                for what, topic, match in (
                    ("own", job, "exact"), ("unseen", unseen, "exact"), ("none", str(uuid4()), "exact"), ("odd", "x", "exact"),
                    ("all", "", "prefix"), ("begins", job, "prefix"), ("any", ".", "wildcard"),
                ):  # fmt: skip
                    with suppress(ApplicationError):
                        options = SubscribeOptions(match=match)
                        await patiently(session.subscribe(lambda *_: None, messages.JOB_TOPIC + topic, options=options))
                        said.append(what)
        everything = ["own", "unseen", "none", "odd", "all", "begins", "any"]
        sees_all = {"admin", "operator", "viewer", "worker"}
        assert {name for name, said in heard.items() if said == everything} == sees_all
        assert {name: said for name, said in heard.items() if name not in sees_all} == {
            "shop": ["own", "unseen"], "other": [], "page": ["own"],
        }  # fmt: skip
        events = Heard()
        await patiently(own.subscribe(events, messages.JOB_TOPIC + job))
        await patiently(own.call(messages.JOB_CANCEL, [job, unseen]))
        await events.first(lambda some: any(event["data"].get("state") == "cancelled" for event in some))
        with pytest.raises(ApplicationError):
            await patiently(own.call("taskbahn.authorize", {}, "x", "call"))
