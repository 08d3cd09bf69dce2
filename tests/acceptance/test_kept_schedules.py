"""Schedules over a real node: of a worker's code, made at run time, and fired once although the router dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from support.programs import Node, running, worker_of
from support.until import until

from taskbahn import InvalidSchedule, Taskbahn
from taskbahn.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taskbahn.protocol.scheduling import ScheduleFiring

pytestmark = pytest.mark.slow
SOURCE = """
    from taskbahn import Taskbahn
    app = Taskbahn()

    @app.schedule("* * * * * *", kwargs={"at": "{@due:%H:%M:%S}"}, overlap="allow", catch_up="1h")
    @app.task(name="clock.tick", pool="loop")
    async def tick(at: str) -> str:
        return at

    @app.task(name="clock.echo", pool="loop")
    async def echo(at: str, back: str = "") -> str:
        return back or at

    app.schedules.add("both", "0 3 * * *", echo.si("{@due}") | echo.s(), zone="Europe/Berlin")
"""


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("clock"), node, 4), Taskbahn(node.websocket) as app:
        until(lambda: len(list(app.schedules)) >= 2)
        yield app
        app.schedules["clock.tick"].pause("other tests count the jobs of this node")


def test_the_schedules_of_code_fire(app: Taskbahn) -> None:
    fired = until(lambda: [one for one in app.schedules["clock.tick"].history() if one.state == "succeeded"])[0]
    due = datetime.fromtimestamp(fired.due_at, UTC)
    assert app.job(str(fired.job)).result(30) == f"{due:%H:%M:%S}"
    view = app.schedules["both"].view()
    assert (view.zone, view.declared is not None, view.changed) == ("Europe/Berlin", True, {})


def test_a_flow_of_a_schedule_runs_now(app: Taskbahn) -> None:
    found = app.schedules["both"].run_now().result(60)
    assert datetime.fromisoformat(found).utcoffset() in {timedelta(hours=1), timedelta(hours=2)}


def test_a_change_at_run_time_stays_beside_the_code(app: Taskbahn) -> None:
    both = app.schedules["both"]
    assert both.edit("0 4 * * *", zone="Europe/Berlin", note="later").changed.keys() == {"when", "note"}
    with pytest.raises(InvalidSchedule, match="declared in code"):
        both.delete()
    assert both.edit("0 3 * * *", zone="Europe/Berlin", note="").changed == {}


def test_a_schedule_is_made_and_removed_at_run_time(app: Taskbahn) -> None:
    echo = app.get("clock.echo")
    view = app.schedules.create("made", "0 0 1 1 *", echo.si("x"), catch_up="2h")
    assert (view.id, view.declared, view.spec["catch_up"]) == ("made", None, 7200)
    jobs = app.schedules["made"].backfill(datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
    assert jobs.results(60) == ["x"] * 3
    assert (len(jobs), jobs.refused, jobs.progress.succeeded) == (3, [], 3)
    app.schedules["made"].delete()
    with pytest.raises(InvalidSchedule, match="there is no schedule 'made'"):
        app.schedules["made"].view()


def test_a_backfill_of_a_year_is_followed(app: Taskbahn) -> None:
    app.schedules.create("hours", "0 * * * *", app.get("clock.echo").si("{@due:%j %H}"))
    hours, seen = app.schedules["hours"], list[tuple[int, int]]()
    year = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, 23, tzinfo=UTC)
    batch = hours.backfill(*year, on_progress=lambda started, of: seen.append((started, of)))
    assert [seen[0], seen[-1], len(seen)] == [(500, 8760), (8760, 8760), 18]
    batch.cancel("enough")  # those that have not run yet
    assert len(batch) == 8760
    hours.delete()


def test_the_command_line_has_all_of_it(app: Taskbahn) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(cli, ["schedules", *words, "--url", app.url], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "at 05:00" in run("add", "cli", "0 5 * * *", "clock.echo", "{@due}").lower()
    assert "cli" in run("list")
    assert "cli" in {view["id"] for view in json.loads(run("--json"))}
    refused = CliRunner().invoke(cli, ["schedules", "--json", "list"])
    assert (refused.exit_code, "taskbahn schedules list --json" in refused.output) == (2, True)
    assert "paused" in run("pause", "cli", "--reason", "quiet")
    assert "quiet" in run("show", "cli")
    run("resume", "cli")
    assert app.job(run("run", "cli").strip()).result(60)
    period = ("--since", "2024-01-01", "--until", "2024-01-04")
    assert len(run("backfill", "cli", *period).split()) == 3
    first = json.loads(run("backfill", "cli", *period, "--key", "k", "--json"))
    assert json.loads(run("backfill", "cli", *period, "--key", "k", "--json")) == first
    assert (len(set(first["jobs"])), first["refused"]) == (3, [])
    run("delete", "cli")


def test_the_command_line_edits_all_of_a_schedule(app: Taskbahn, tmp_path: Path) -> None:
    def run(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(cli, ["schedules", *words, "--url", app.url, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.output)
        return found

    made = run("add", "typed", "--every", "15m", "clock.echo", "-5", "-o", "tags=[]", "--except", "* 0-5 * * *", "--times", "9")
    assert made["words"].startswith("every 15 minutes")
    assert (made["spec"]["call"]["args"], made["spec"]["times"]) == (["-5"], 9)
    assert run("edit", "typed", "--dry-run", "--note", "later")["spec"]["note"] == "later"
    edited = run(
        "edit", "typed", "0 5 * * *", "--zone", "Asia/Tokyo", "-a", "at={@due:%H}", "--times", "none", "--end", "2199-01-01"
    )
    assert (edited["zone"], edited["spec"]["call"]["kwargs"], "times" in edited["spec"]) == (
        "Asia/Tokyo",
        {"at": "{@due:%H}"},
        False,
    )
    assert ("note" in edited["spec"], edited["spec"]["end"]) == (False, datetime(2198, 12, 31, 15, tzinfo=UTC).timestamp())
    flow = tmp_path / "flow.json"
    flow.write_text(json.dumps((app.get("clock.echo").si("x") | app.get("clock.echo").s()).data()))
    assert "flow" in run("add", "typed", "sun sunset 52.5,13.4", "--flow", str(flow))["spec"]["call"]
    app.schedules["typed"].delete()
    assert run("edit", "both", "--overlap", "allow", "--catch-up", "2h")["changed"] == {"overlap": "allow", "catch_up": 7200}
    assert run("edit", "both", "--reset", "overlap")["changed"] == {"catch_up": 7200}
    assert "changed" not in run("edit", "both", "--as-declared")


def test_a_schedule_whose_worker_goes_waits_visibly(app: Taskbahn, node: Node, tmp_path: Path) -> None:
    source = SOURCE.replace("clock.", "gone.").replace('"both"', '"gone.both"').replace('"1h"', '"1h", alarm_after=1')
    tick = app.schedules["gone.tick"]
    with worker_of(source.replace('overlap="allow"', 'overlap="skip"'), tmp_path, node, 4):
        until(lambda: [one for one in tick.history() if one.state == "succeeded"])
    waiting = until(lambda: [reason for reason in tick.explain() if reason.rule.startswith("job:")])[0]
    assert "due times are skipped until it ends" in waiting.why
    assert any(reason.why == "No attached worker offers gone.tick: its jobs wait for one" for reason in tick.explain())
    (job,) = waiting.holders
    assert "gone.tick" in app.job(job).explain()[0].why
    assert any("The schedule gone.tick started it for its due time" in reason.why for reason in app.job(job).explain())
    shown = CliRunner().invoke(cli, ["schedules", "show", "gone.tick", "--url", app.url]).output
    assert "No attached worker offers gone.tick" in shown
    late = until(lambda: [one for one in app.view.status().problems if one.kind == "schedule_late" and one.id == "gone.tick"])[0]
    assert "which is ready" in late.sentence
    assert "late: no success since" in CliRunner().invoke(cli, ["schedules", "list", "--url", app.url]).output
    for id in ("gone.tick", "gone.both"):
        app.schedules[id].pause("its worker is gone")
    app.job(job).cancel()
    until(lambda: not [one for one in app.view.status().problems if one.kind == "schedule_late"])


def test_a_kill_of_the_router_fires_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    node = Node(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(node, "Taskbahn is ready"))
        stack.enter_context(worker_of(SOURCE, tmp_path, node, 4))
        app = stack.enter_context(Taskbahn(node.websocket))
        for _ in range(3):
            wait_past(app, until(lambda: fired(app))[0].due_at + 1)
            os.killpg(node.process.pid, signal.SIGKILL)
            node.wait()
            node = Node(folder, node.port)
            stack.enter_context(running(node, "Taskbahn is ready"))
            wait_past(app, fired(app)[0].due_at + 2)
        entries = fired(app)
        due = [one.due_at for one in entries][::-1]
        assert due == [due[0] + number for number in range(len(due))], "each second once, the missed ones too"
        assert len({one.job for one in entries}) == len(entries)
        assert all(app.job(one.job).result(60) for one in entries if one.job)


def test_an_hour_of_down_time_is_caught_up_once(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    node = Node(folder)
    rules = {"default": "1m", "some": "10m", "all": "2h"}
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        first.enter_context(running(node, "Taskbahn is ready"))
        with worker_of(SOURCE, tmp_path, node, 4), Taskbahn(node.websocket) as app:
            until(lambda: len(list(app.schedules)) >= 2)
            app.schedules["clock.tick"].pause()
            for id, catch_up in rules.items():
                app.schedules.create(id, "* * * * *", app.get("clock.echo").si(id), overlap="allow", catch_up=catch_up)
        first.close()
        with contextlib.closing(sqlite3.connect(node.data / "taskbahn.db")) as store, store:  # as if it was stopped an hour ago
            store.execute("UPDATE schedule SET due_at = due_at - 3600, next_at = next_at - 3600 WHERE next_at IS NOT NULL")
        node = Node(folder, node.port)
        stack.enter_context(running(node, "Taskbahn is ready"))
        app = stack.enter_context(Taskbahn(node.websocket))
        began = time.time()
        for id in rules:
            until(lambda id=id: (app.schedules[id].view().next_at or 0) > began - 1)  # type: ignore[misc]
        found = {id: [one for one in app.schedules[id].history() if one.due_at < began] for id in rules}
        assert [(one.outcome, one.due_at % 60) for one in found["all"]] == [("fired", 0.0)] * len(found["all"])
        due = {one.due_at for one in found["all"]}
        assert len(due) == len(found["all"]) in {60, 61}
        for id, most in (("default", 2), ("some", 11)):
            outcomes = [one.outcome for one in found[id]]
            assert outcomes == ["fired"] * (len(outcomes) - 1) + ["missed"]
            assert most - 1 <= len(outcomes) - 1 <= most
            assert found[id][-1].missed + len(outcomes) - 1 == len(due)
        jobs = app.view.jobs(task="clock.echo", limit=200).jobs
        assert len({job.id for job in jobs}) >= sum(one.outcome == "fired" for each in found.values() for one in each)
        for id in rules:
            app.schedules[id].pause()


def wait_past(app: Taskbahn, due_at: float) -> None:
    """Ask until a later due time has fired."""
    until(lambda: fired(app)[0].due_at > due_at)


def fired(app: Taskbahn) -> list[ScheduleFiring]:
    """Return the firings of the schedule in the code; none before a worker has come."""
    return app.schedules["clock.tick"].history()


def test_a_crontab_is_imported_and_exported(app: Taskbahn) -> None:
    def run(text: str, *words: str) -> Result:
        return CliRunner().invoke(cli, ["schedules", *words, "--url", app.url], input=text, catch_exceptions=False)

    def imported(text: str, *words: str) -> list[tuple[str, str]]:
        done = run(text, "import", "-", "--json", *words)
        assert done.exit_code == 0, done.output
        return [(one["id"], one["action"]) for one in json.loads(done.stdout)["schedules"]]

    def known() -> set[str]:
        return {view.id for view in app.schedules.views()}

    before = known()
    text = (
        'CRON_TZ=Asia/Tokyo\n# taskbahn: {"id": "tab", "overlap": "allow"}\n0 6 * * 1-5 taskbahn call clock.echo "{@due:\\%H}"\n'
    )
    text += "@daily taskbahn submit clock.echo x >/dev/null 2>&1\n"
    bad = text + "@reboot x\n0 25 * * * taskbahn call clock.echo x\n1 * * * * rm -r /\n2 * * * * taskbahn call clock.nothing\n"
    refused = run(bad, "import", "-")
    assert (refused.exit_code, "nothing is stored" in refused.stderr, known()) == (2, True, before)
    assert refused.stderr.count("taskbahn: line ") == 4
    assert all(f"line {number}: " in refused.stderr for number in (5, 6, 7, 8))
    assert [action for _, action in imported(text, "--dry-run")] == ["new", "new"]
    assert known() == before
    (tab, made), (other, _) = imported(text)
    assert (tab, made, known()) == ("tab", "new", before | {tab, other})
    assert app.schedules["tab"].view().words == "at 06:00 on weekdays, Asia/Tokyo"
    assert [action for _, action in imported(text.replace("@daily", "@weekly"))] == ["same", "changed"]
    exported = run("", "export", tab, other).stdout
    assert [action for _, action in imported(exported)] == ["same", "same"]
    for id in (tab, other):
        app.schedules[id].delete()
    assert [action for _, action in imported(exported)] == ["new", "new"]
    assert run("", "export", tab, other).stdout == exported
    (command,) = imported("5 5 * * * backup --all", "--task", "clock.echo")
    assert app.schedules[command[0]].view().spec["call"]["args"] == ["backup --all"]
    assert "left out: both" in run("", "export").stdout
    for id in (tab, other, command[0]):
        app.schedules[id].delete()


def test_a_crontab_changes_a_declared_schedule_as_people_do(app: Taskbahn) -> None:
    assert app.schedules["clock.tick"].view().declared is not None
    text = '# taskbahn: {"id": "clock.tick", "overlap": "allow", "catch_up": 3600}\n0 1 * * * taskbahn call clock.tick "at={@due:%H}"\n'
    done = CliRunner().invoke(cli, ["schedules", "import", "-", "--url", app.url], input=text.replace("%", "\\%"))
    assert done.exit_code == 0, done.output
    assert app.schedules["clock.tick"].view().changed.keys() == {"when", "call"}
    assert app.schedules["clock.tick"].reset().changed == {}
