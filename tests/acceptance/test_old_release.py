"""Clients, workers and commands of 0.1 with a node of today: what users have installed works on when the node is new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, Program, running
from support.releases import TESTS, Release, run_module
from support.shell import Shell

from taskbahn import Batch, JobCancelled, JobFailed, KeyRing, State, Taskbahn, group

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
SECONDS = 40.0
OLD, NEW = "old", "default"  # queues, and who serves them
COMMANDS = (
    ("status",), ("tasks",), ("jobs",), ("jobs", "--state", "succeeded"), ("queues",), ("workers",), ("errors",), ("settings",),
    ("call", "release.add", "1", "b=2"),
)  # fmt: skip


@pytest.fixture(scope="module")
def own_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """A node that a test may start again: the list has the one that runs."""
    nodes = [Node(tmp_path_factory.mktemp("node"))]
    try:
        nodes[0].wait_for("Taskbahn is ready")
        yield nodes
    finally:
        for node in nodes:
            node.close()


@pytest.fixture(scope="module")
def workers(own_node: list[Node], old_release: Release) -> Iterator[Program]:
    """A worker of each release, for the same tasks; yields the old one."""
    words = ("worker", "support.release_tasks:app", "--url", own_node[0].websocket, "--slots", "4")
    old = Program(*words, "--queues", OLD, "--name", "old-worker", cwd=TESTS, **old_release.environment)
    new = Program(*words, "--queues", NEW, "--name", "new-worker", cwd=TESTS)
    with running(old, "ready"), running(new, "ready"):
        yield old


@pytest.fixture
def app(own_node: list[Node], workers: Program) -> Iterator[Taskbahn]:
    """A client of today."""
    with Taskbahn(own_node[0].websocket) as app:
        yield app


def ask_old(app: Taskbahn, task: str, **options: Any) -> Any:
    """Return a task as the old worker runs it."""
    return app.get(task).options(queue=OLD, **options)


def test_an_old_client_does_all_that_it_did(app: Taskbahn, old_release: Release, tmp_path: Path) -> None:
    seen = json.loads(run_module("support.release_client", app.url, str(tmp_path), components=old_release.components))
    answers, logs, kinds, errors = (seen.pop(name) for name in ("answers", "logs", "kinds", "errors"))
    assert seen == {
        "package": str(old_release.components),
        "call": 3,
        "batch": list(range(1, 301)),
        "result": 42,
        "view": ["release.add", "succeeded", [20, 22], 42, ["old"], 3],
        "talked": "talked",
        "cancelled": ["cancelled", "enough", True, "cancelled"],
        "found": 1,
    }
    assert errors["failed"] == "ValueError: no such photograph"
    assert "did you mean 'release.add'?" in errors["task"]
    assert "there is no job" in errors["job"]
    assert (kinds[-1], logs) == ("state", ["before", "after"])
    assert {"log", "chunk", "progress"} < set(kinds)
    assert answers == [True] * len(answers)


def test_an_old_worker_runs_jobs_of_today(app: Taskbahn, old_release: Release, tmp_path: Path) -> None:
    assert ask_old(app, "release.where").call() == str(old_release.components)
    assert app.get("release.where").call() == str(TESTS.parent / "components")
    batch: Batch[int] = ask_old(app, "release.add").start_many((n,) for n in range(300))
    assert batch.results(SECONDS) == list(range(1, 301))
    retried = ask_old(app, "release.fail").start("not yet", once=str(tmp_path / "flag"))
    assert retried.result(SECONDS) == "went well"
    assert [(attempt.outcome, attempt.worker) for attempt in retried.view().attempts] == [
        ("error", "old-worker"),
        ("succeeded", "old-worker"),
    ]
    with pytest.raises(JobFailed, match="ValueError: for good") as caught:
        ask_old(app, "release.fail").call("for good")
    assert "raise ValueError(message)" in caught.value.detail["traceback"]


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_a_job_of_an_old_worker_is_watched_and_cancelled(app: Taskbahn, tmp_path: Path, pool: str) -> None:
    job = ask_old(app, f"release.{pool}_talk").start(str(tmp_path / "gate"))
    kinds = []
    for event in job.events():
        kinds.append(event.kind)
        if event.kind == "chunk":
            (tmp_path / "gate").touch()
    assert (kinds[0], *kinds[-2:], job.result(SECONDS)) == ("snapshot", "state", "outcome", "talked")
    assert kinds.index("log") < kinds.index("chunk")
    assert [line.message for line in job.logs()] == ["before", "after"]
    assert "progress" in kinds

    endless = ask_old(app, f"release.{pool}_talk").start("/no/such/gate")
    next(event for event in endless.events() if event.kind == "chunk")
    endless.cancel("enough")
    with pytest.raises(JobCancelled, match="enough"):
        endless.result(SECONDS)


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_an_old_worker_is_served_jobs_with_deadlines(app: Taskbahn, pool: str) -> None:
    talk = ask_old(app, f"release.{pool}_talk", finish_within=1)
    for job in [talk.start("/no/such/gate") for _ in range(4)]:  # as many as it has slots
        with pytest.raises(JobFailed, match="it has not ended by its deadline") as caught:
            job.result(SECONDS)
        assert caught.value.detail["type"] == "DeadlineExceeded"
    assert ask_old(app, "release.add", finish_within="1h").call(1) == 2
    flow = group(ask_old(app, "release.add").s(n) for n in range(3)).options(finish_within="1h")
    assert flow.call() == [1, 2, 3]


def test_an_old_worker_runs_the_jobs_of_schedules(app: Taskbahn) -> None:
    app.schedules.create("release", "* * * * * *", ask_old(app, "release.add").si(1), overlap="allow", alarm_after=SECONDS)
    release = app.schedules["release"]
    while not (fired := [one for one in release.history() if one.state == State.SUCCEEDED]):
        pass  # each question is a call, so this does not spin
    assert fired[0].job is not None
    assert [attempt.worker for attempt in app.job(fired[0].job).view().attempts] == ["old-worker"]
    assert release.run_now().result(SECONDS) == 2
    assert release.pause("seen").pause is not None
    assert (release.view().late_at, release.view().declared) == (None, None)
    release.delete()


def test_an_old_worker_is_drained(app: Taskbahn) -> None:
    shell = Shell(app.url)
    assert shell("drain", "old-worker").code == 0
    job = ask_old(app, "release.add").start(1)
    assert app.get("release.add").call(1) == 2  # the node had its turn
    assert job.state() is State.READY
    assert shell("drain", "old-worker", "--undo").code == 0
    assert job.result(SECONDS) == 2


def test_an_old_command_line_has_the_answers_of_todays(app: Taskbahn, old_release: Release) -> None:
    with pytest.raises(JobFailed):
        app.get("release.fail").call("once more")
    job = app.get("release.add").start(1)
    assert job.result(SECONDS) == 2
    commands = [[*words, "--json", "--url", app.url] for words in (*COMMANDS, ("job", job.id))]
    answers = [
        [
            json.loads(text)
            for text in json.loads(run_module("support.release_commands", json.dumps(commands), components=components))
        ]
        for components in (old_release.components, TESTS.parent / "components")
    ]
    for command, before, now in zip(commands, *answers, strict=True):
        assert keys(before), command
        assert keys(before) - keys(now) == set(), command

    shell = Shell(app.url)
    shell.environment |= old_release.environment
    assert shell("call", "release.add", "20", "b=22") == (0, "42\n", "")


def keys(value: Any, path: str = "") -> set[str]:
    """Return the keys of nested data; those of all elements of a list together."""
    if isinstance(value, dict):
        return {f"{path}.{name}" for name in value}.union(*(keys(each, f"{path}.{name}") for name, each in value.items()))
    return set().union(*(keys(each, f"{path}[]") for each in value)) if isinstance(value, list) else set()


def test_an_old_worker_goes_on_when_the_node_starts_again(app: Taskbahn, own_node: list[Node], tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    jobs = [ask_old(app, f"release.{pool}_talk").start(str(gate)) for pool in ("thread", "process")]
    for job in jobs:
        next(event for event in job.events() if event.kind == "chunk")
    first = own_node[0]
    first.close()
    own_node.append(Node(first.data.parent, first.port))
    own_node[-1].wait_for("Taskbahn is ready")
    gate.touch()
    assert [job.result(SECONDS) for job in jobs] == ["talked", "talked"]
    assert [[attempt.worker for attempt in job.view().attempts] for job in jobs] == [["old-worker"], ["old-worker"]]
    assert [[line.message for line in job.logs()] for job in jobs] == [["before", "after"]] * 2


def test_an_old_worker_fails_an_encrypted_call_and_sees_no_value(app: Taskbahn, own_node: list[Node]) -> None:
    with Taskbahn(own_node[0].websocket, keys=KeyRing(k1=KeyRing.new_key())) as keyed:
        job = keyed.get("release.add").options(encrypt=True, queue=OLD).start(471_155, b=2)
        error = job.error(timeout=SECONDS)
        assert isinstance(error, JobFailed)
        assert "arguments of release.add are wrong" in error.message
        assert "471155" not in repr((error, error.detail))
        assert job.view().args == [471_155]
