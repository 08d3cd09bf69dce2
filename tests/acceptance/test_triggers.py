"""Events start tasks over a real node: of any publisher, while no worker is there, and once although the router dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.types import PublishOptions
from click.testing import CliRunner
from support.plain import session_to
from support.programs import Node, running, worker_of
from support.until import until
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from taskbahn import InvalidOption, Taskbahn
from taskbahn.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
SOURCE = """
    from taskbahn import Taskbahn, current
    app = Taskbahn()

    @app.on("shop.created", where={"country": "DE"}, kwargs={"day": "{event.day}", "note": "{topic}"})
    @app.on("shop.eu.", match="prefix", args=["{event.day?}", "{topic}"])
    @app.task(name="shop.report", pool="loop")
    async def report(day: int | None, note: str) -> str:
        return f"{note}: {day}"

    @app.on("shop.plain")
    @app.task(name="shop.plain", pool="loop")
    async def plain(*args: int, **names: str) -> list:
        return [args, names]

    @app.task(name="shop.waits", pool="loop")
    async def waits(order: int) -> dict:
        return await current.wait_for_event_async("shop.plain", dict, where={"order": order})
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("shop"), node, 4), Taskbahn(node.websocket) as app:
        until(lambda: len(list(app.triggers)) >= 3)
        yield app
        for trigger in app.triggers:
            trigger.pause("other tests publish on this node, too")


def test_publish_returns_the_jobs_that_it_starts(app: Taskbahn) -> None:
    (job,) = app.publish("shop.created", {"country": "DE", "day": 5})
    assert job.result(60) == "shop.created: 5"
    assert app.publish("shop.created", {"country": "FR", "day": 5}) == []
    (job,) = app.publish("shop.eu.paid", other=1)
    assert job.result(60) == "shop.eu.paid: None"
    (job,) = app.publish("shop.plain", 1, 2, topic="x", options="y", details="z")
    assert job.result(60) == [[1, 2], {"topic": "x", "options": "y", "details": "z"}]
    view = app.triggers["shop.report:shop.created"].view()
    assert (view.words, view.declared is not None) == ('events of shop.created, where {"country":"DE"}', True)


def test_an_event_id_starts_nothing_twice(app: Taskbahn) -> None:
    first = app.publish("shop.plain", 1, event_id="order-17")
    again = app.publish("shop.plain", 1, event_id="order-17")
    assert [job.id for job in again] == [job.id for job in first]
    assert first[0].result(60) == [[1], {}]


def test_the_command_line_has_all_of_it(app: Taskbahn) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(cli, [*words, "--url", app.url], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "events of topics that begin with cli." in run(
        "triggers",
        "add",
        "cli",
        "cli.",
        "shop.report",
        "day={event.day}",
        "note={topic}",
        "--match",
        "prefix",
        "--where",
        '{"a": 1}',
    )
    job = run("publish", "cli.x", '{"a": 1, "day": 3}', "--id", "e1").strip()
    assert app.job(job).result(60) == "cli.x: 3"
    assert json.loads(run("publish", "cli.x", '{"a": 1, "day": 3}', "--id", "e1", "--json")) == [job]
    assert "starts no job" in run("publish", "cli.x", "id=5", "event_id=6", "topic=7")
    listed = {view["id"]: view for view in json.loads(run("triggers", "--json"))}
    assert (listed["cli"]["started"], listed["cli"]["last_job"]) == (1, job)
    assert "shop.plain:shop.plain" in run("triggers")
    assert "paused: cli" in run("triggers", "pause", "cli", "--reason", "quiet")
    assert "quiet" in run("triggers", "show", "cli")
    assert json.loads(run("triggers", "show", "cli", "--json"))["pause"]["reason"] == "quiet"
    run("triggers", "resume", "cli")
    edited = json.loads(run("triggers", "edit", "cli", "shop.report", "day={id}", "note=n", "--topic", "cli.y", "--json"))["spec"]
    assert (edited["topic"], edited["match"], edited["call"]["kwargs"]) == ("cli.y", "prefix", {"day": "{id}", "note": "n"})
    assert "cli.y" in run("triggers", "edit", "cli", "--note", "of a test")
    run("triggers", "edit", "shop.plain:shop.plain", "--note", "changed")
    assert "changed" in run("triggers")
    assert "changed" not in json.loads(run("triggers", "edit", "shop.plain:shop.plain", "--as-declared", "--json"))
    nothing = CliRunner().invoke(cli, ["triggers", "edit", "cli", "--url", app.url])
    assert (nothing.exit_code, "nothing is to be changed" in nothing.output) == (2, True)
    run("triggers", "delete", "cli")
    refused = CliRunner().invoke(cli, ["triggers", "add", "cli", "wamp.x", "shop.report", "--url", app.url])
    assert (refused.exit_code, "one of the node's own" in str(refused.exception)) == (1, True)


def test_triggers_are_made_and_changed_at_run_time(app: Taskbahn) -> None:
    report = app.get("shop.report")
    made = app.triggers.create("made", "made.x", report, kwargs={"day": "{event}", "note": "{topic}"}, note="by a test")
    assert (made.declared, made.spec["note"]) == (None, "by a test")
    (job,) = app.publish("made.x", 1)
    assert job.result(60) == "made.x: 1"
    trigger = app.triggers["made"]
    assert trigger.edit(topic="made.y").words == "events of made.y"
    assert app.publish("made.x", 1) == []
    assert trigger.edit(report, args=["{event}", "note"]).spec["call"] == {
        "task": "shop.report",
        "args": ["{event}", "note"],
        "kwargs": {},
    }
    (job,) = app.publish("made.y", 2)
    assert job.result(60) == "note: 2"
    declared = app.triggers["shop.plain:shop.plain"]
    assert declared.edit(where={"n": 1}).changed == {"where": {"n": 1}}
    assert app.publish("shop.plain", {"n": 2}) == []
    assert declared.edit(where={}).changed == {}
    with pytest.raises(InvalidOption, match="declared in code"):
        declared.delete()
    trigger.delete()
    with pytest.raises(InvalidOption, match="there is no trigger 'made'"):
        trigger.view()


async def _twins(app: Taskbahn) -> Any:
    flow = app.get("shop.report").si(5, "{topic}")
    await app.triggers.create_async("made", "made.x", flow)
    trigger = app.triggers["made"]
    await trigger.pause_async("quiet", 60)
    assert await app.publish_async("made.x") == []
    await trigger.resume_async()
    await trigger.edit_async(note="a flow")
    assert (await trigger.view_async()).spec["note"] == "a flow"
    (job,) = await app.publish_async("made.x", event_id="e1")
    await trigger.delete_async()
    return await job


def test_each_has_a_twin_for_asyncio(app: Taskbahn) -> None:
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(_twins(app))).result(60) == "made.x: 5"


def test_a_job_that_waits_hears_what_is_published(app: Taskbahn) -> None:
    job = app.get("shop.waits").start(17)
    until(job.explain)  # it has given its slot back
    app.publish("shop.plain", {"order": 17, "sum": 3})
    assert job.result(60) == {"order": 17, "sum": 3}


@pytest_twisted.ensureDeferred
async def test_a_plain_publish_of_any_client_starts_a_task(app: Taskbahn, node: Node) -> None:
    trigger = app.triggers["shop.plain:shop.plain"]
    before = await deferToThread(trigger.view)
    async with session_to(node.websocket) as session:
        await session.publish("shop.plain", 1, topic_="x", details="y", options=PublishOptions(acknowledge=True))
        while (view := await deferToThread(trigger.view)).started == before.started:
            pass
        assert await deferToThread(app.job(view.last_job or "").result, 60) == [[1], {"topic_": "x", "details": "y"}]
        heard: Deferred[Any] = Deferred()
        await session.subscribe(lambda *args, **kwargs: heard.callback((list(args), kwargs)), "shop.plain")
        (job,) = await session.call("taskbahn.event.publish", "shop.plain", [2], {"word": "z"}, id="plain-1")
        assert await heard == ([2], {"word": "z"})
        assert await deferToThread(app.job(job).result, 60) == [[2], {"word": "z"}]
    assert (await deferToThread(trigger.view)).started == before.started + 2, "what it passes on does not come back to it"


def test_what_cannot_be_a_topic_is_refused(app: Taskbahn) -> None:
    with pytest.raises(InvalidOption, match="one of the node's own"):
        app.publish("taskbahn.view.changes", 1)
    with pytest.raises(InvalidOption, match="covers topics of the node itself"):
        app.triggers.create("made", "t", app.get("shop.plain"), match="prefix")


def test_a_kill_of_the_router_starts_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    node = Node(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(node, "Taskbahn is ready"))
        with worker_of(SOURCE, tmp_path, node, 4):
            app = stack.enter_context(Taskbahn(node.websocket))
            until(lambda: len(list(app.triggers)) >= 3)
        (job,) = app.publish("shop.plain", 1, event_id="e1")
        os.killpg(node.process.pid, signal.SIGKILL)
        node.wait()
        node = Node(folder, node.port)
        stack.enter_context(running(node, "Taskbahn is ready"))
        assert [one.id for one in app.publish("shop.plain", 1, event_id="e1")] == [job.id]
        (second,) = app.publish("shop.plain", 2, event_id="e2")
        assert job.view().state == "ready", "no worker was there, before and after"
        stack.enter_context(worker_of(SOURCE, tmp_path, node, 4))
        assert [job.result(60), second.result(60)] == [[[1], {}], [[2], {}]]
        assert app.triggers["shop.plain:shop.plain"].view().started == 2
