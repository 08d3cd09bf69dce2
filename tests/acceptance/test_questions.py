"""Questions about jobs against a real node and a real worker: by query, by what failed alike, and why a job waits."""

from __future__ import annotations

import os
import queue
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.shell import SECONDS, Shell

from taskbahn import Taskbahn
from taskbahn.cli.finding import ids_of, jobs_of, query_of
from taskbahn.client.requests import Request
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
UNSERVED = "unserved"  # a queue that no worker serves


@pytest.fixture
def app(shell: Shell) -> Iterator[Taskbahn]:
    with Taskbahn(shell.url) as app:
        yield app


def start(app: Taskbahn, task: str, count: int, *args: Any, **options: Any) -> list[str]:
    """Start jobs that differ in nothing; return their ids, the newest first."""
    call = {"task": task, "args": list(args), "options": options}
    ids: list[str] = app.client.ask(messages.SUBMIT, [call] * count).get()
    return ids[::-1]


def test_jobs_are_found_by_query(shell: Shell, app: Taskbahn) -> None:
    ids = start(app, "shop.add", 2, 1, tags=["query:1"])
    later = start(app, "shop.add", 1, 1, queue=UNSERVED, tags=["query:2"])
    for id in ids:
        app.job(id).result(SECONDS)

    def found(*words: str, limit: int = 20) -> list[str]:
        return [view.id for view in jobs_of(app, query_of(words), limit)]

    assert found("tag:query:*") == later + ids
    assert found("tag:query:* state:succeeded") == ids, "in one word or in several"
    assert found("tag:query:*", "queue:unserved*", "since:1h", "add") == later
    assert found("tag:query:1", limit=1) == ids[:1]
    assert found("tag:query:1", "until:30d") == []
    assert found(later[0].upper()) == later
    assert found(f"worker:{app.job(ids[0]).view().worker}", "tag:query:*") == ids
    assert ids_of(app, query_of(["tag:query:*"])) == later + ids
    listed = shell("jobs", "queue:unserved*", "--tag", "query:2", "--state", "ready", "--json").json
    assert [view["id"] for view in listed] == later
    assert ids[0] in shell("jobs", "tag:query:1", "add").out
    app.job(later[0]).cancel()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["jobs", "stat:failed"], "there is no 'stat' (did you mean 'state'?)"),
        (["jobs", "task:a.b", "-t", "a.b"], "task is given as an option and in the query: say it once"),
        (["cancel"], "name the jobs: either by their ids, or by a query after --where"),
        (["cancel", "--where", "tag:x", "some-id"], "name the jobs: either by their ids, or by a query after --where"),
        (["cancel", "--where", " "], "--where needs a query, such as 'task:images.* since:1h'"),
        (["cancel", "--where", "state:failed"], "one cannot cancel jobs that are failed, only those that are waiting, ready, running"),
        (["retry", "--where", "state:failed,ready"], "one cannot retry jobs that are ready, only those that are failed, cancelled, expired"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_and_ends_with_2(shell: Shell, arguments: list[str], said: str) -> None:
    found = shell(*arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err.splitlines()[-1]


def test_failures_are_grouped_and_a_group_is_listed_and_retried(shell: Shell, app: Taskbahn) -> None:
    tag = f"group-{os.getpid()}"
    ids = [app.get("shop.fail").options(tags=[tag]).start(f"no card {number} of 'ann'").id for number in range(3)]
    for id in ids:
        app.job(id).error(SECONDS)
    answer = shell("errors", "--task", "shop.*", "--json").json
    (group,) = [group for group in answer["groups"] if group["job"] == ids[-1]]
    assert (group["count"], group["task"], group["type"], group["message"]) == (
        3,
        "shop.fail",
        "ValueError",
        "no card 2 of 'ann'",
    )
    assert answer["complete"]
    table = shell("errors").out
    assert re.search(rf"{group['fingerprint']}\s+3\s+shop.fail\s+ValueError: no card 2 of 'ann'", table)
    assert [view["id"] for view in shell("jobs", f"error:{group['fingerprint']}", "--json").json] == ids[::-1]
    assert shell("retry", "--where", f"error:{group['fingerprint']}", "--yes", "--json").json == {
        "found": 3, "changed": 3, "unchanged": {},
    }  # fmt: skip
    for id in ids:
        app.job(id).error(SECONDS)
    assert app.job(ids[0]).view().attempt == 2


def test_all_jobs_of_a_query_are_cancelled_after_asking(shell: Shell, app: Taskbahn) -> None:
    tag = f"many-{os.getpid()}"
    ids = start(app, "shop.add", 1203, 1, delay=600, tags=[tag])
    refused = shell("cancel", "--where", f"tag:{tag}")
    assert refused.code == 2
    assert "this would cancel 1,203 jobs, and this is no terminal to ask on: say --yes to do it" in refused.err
    seen, code = shell.in_a_terminal("cancel", "--where", f"tag:{tag}", says="n\n")
    assert "Cancel 1,203 jobs? [y/N]" in seen
    assert code == 130
    assert app.job(ids[0]).state() == "waiting"
    seen, code = shell.in_a_terminal("cancel", "--where", f"tag:{tag} since:1h", "--reason", "tidy", says="y\n")
    assert (code, "100%" in seen, "cancelled 1,203 jobs" in seen) == (0, True, True)
    view = app.job(ids[-1]).view()
    assert (view.state, (view.error or {})["message"]) == ("cancelled", "tidy")
    assert shell("cancel", "--where", f"tag:{tag}", "-y") == (0, "no such jobs that could be cancelled\n", "")
    assert shell("cancel", "--where", ids[0], "-y").out == "cancelled 1 job\n", "as often as one likes"


def test_a_waiting_job_says_why_and_its_watchers_see_changes(shell: Shell, app: Taskbahn) -> None:
    last, first = start(app, "shop.add", 2, 1, queue=f"{UNSERVED}.second")
    shown = shell("job", last).out
    assert "The worker that offers shop.add does not serve the queue unserved.second; 1 job is before it" in shown
    received: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    app.client.link.send(Request(messages.JOB_WATCH, [last, 0], on_progress=received.put))
    assert received.get(timeout=SECONDS)["snapshot"]["place"]["ahead"] == 1
    with app.job(last).events() as events:
        assert events.begin(time.monotonic() + SECONDS) is not None
        app.job(first).cancel()
        assert received.get(timeout=SECONDS)["place"]["ahead"] == 0
        app.job(last).cancel()
        assert [event.kind for event in events] == ["snapshot", "state", "outcome"], "places are no events"
    waiting = start(app, "shop.add", 1, 1, delay=600)[0]
    assert "It was submitted with a delay; it starts in 9 min" in shell("job", waiting).out
    app.job(waiting).cancel()
