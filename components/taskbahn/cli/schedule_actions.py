"""`taskbahn schedules`: list the schedules, show one, add, change, pause, resume, run, backfill and delete them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from taskbahn.cli.explain import print_reasons
from taskbahn.cli.kept_changes import add_changes
from taskbahn.cli.schedule_edit import add, edit
from taskbahn.cli.schedule_files import export_crontab, import_crontab
from taskbahn.cli.schedules import preview
from taskbahn.cli.shared import common, connected, console, echo, plain, print_json, say, table

if TYPE_CHECKING:
    from taskbahn.protocol.scheduling import ScheduleView

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.group(invoke_without_command=True)
@common
@click.pass_context
def schedules(context: click.Context, url: str | None, *, as_json: bool) -> None:
    """List the schedules, or change them."""
    if context.invoked_subcommand is None:
        context.invoke(list_schedules, url=url, as_json=as_json)
        return
    for name, option in (("url", "--url"), ("as_json", "--json")):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} goes behind the command: taskbahn schedules {context.invoked_subcommand} {option}")


for one in (preview, add, edit, import_crontab, export_crontab):
    schedules.add_command(one)


@schedules.command("list")
@common
def list_schedules(url: str | None, *, as_json: bool) -> None:
    """List the schedules."""
    with connected(url) as app:
        found = app.schedules.views()
    if as_json:
        print_json(found)
        return
    rows = table("schedule", "times", "starts", "next", "last", "fired#", "")
    for view in found:
        rows.add_row(
            plain(view.id), plain(view.words), plain(_starts(view)), _when(view.next_at), _when(view.last_due), f"{view.fired:,}",
            plain(_state(view)),
        )  # fmt: skip
    console().print(rows if found else 'no schedules: add one with `taskbahn schedules add ID "0 3 * * *" TASK`')


def _starts(view: ScheduleView) -> str:
    return str(view.spec["call"].get("task", "a flow"))


def _when(moment: float | None) -> str:
    return "" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"


def _state(view: ScheduleView) -> str:
    if view.pause is not None:
        why = view.pause.reason
        return ("orphaned" if view.pause.orphaned else "paused") + (f": {why}" if why else "")
    if view.late_at is not None:
        return f"late: no success since {_when(view.expected_at)}"
    if view.trouble is not None:
        return str(view.trouble.get("message", "refused"))
    return "changed" if view.declared is not None and view.changed else ""


@schedules.command()
@click.argument("id")
@common
def show(id: str, url: str | None, *, as_json: bool) -> None:
    """Show a schedule, what is between it and its next job, and what became of its due times."""
    with connected(url) as app:
        kept = app.schedules[id]
        view, history, reasons = kept.view(), kept.history(), kept.explain()
    if as_json:
        print_json({"schedule": view, "history": history, "reasons": reasons})
        return
    out = console()
    out.print(plain(f"{view.id}: {view.words}"))
    out.print(plain(f"next {_when(view.next_at) or 'never'} UTC, starts {_starts(view)} {_state(view)}"))
    print_reasons(out, reasons)
    for name in view.changed if view.declared is not None else ():
        out.print(plain(f"changed: {name} is {view.changed[name]!r}, in code {view.declared.get(name)!r}"))  # type: ignore[union-attr]
    rows = table("due", "outcome", "late#", "job", "state")
    for one in history:
        what = f"{one.missed:,} missed" if one.missed else one.outcome
        rows.add_row(_when(one.due_at), what, f"{one.fired_at - one.due_at:.3f} s", plain(one.job or ""), one.state or "")
    out.print(rows)


@schedules.command()
@click.argument("id")
@common
def run(id: str, url: str | None, *, as_json: bool) -> None:
    """Start the job of a schedule now, and print its id."""
    with connected(url) as app:
        job = app.schedules[id].run_now()
    say(job.id, job.id, as_json=as_json)


@schedules.command()
@click.argument("id")
@click.option("--since", type=MOMENT, required=True, help="In UTC.")
@click.option("--until", type=MOMENT, required=True, help="In UTC.")
@click.option("--key", help="One that comes again starts only what it did not start before.")
@common
def backfill(id: str, since: datetime, until: datetime, key: str | None, url: str | None, *, as_json: bool) -> None:
    """Start a job for each due time of a past period, and print their ids.

    How many are started meanwhile goes to the standard error.
    """
    with connected(url) as app:
        period = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
        batch = app.schedules[id].backfill(*period, key=key, on_progress=_show_progress)
    for refused in batch.refused:
        echo(f"refused: {refused.get('message', '')}", err=True)
    say({"jobs": batch.ids, "refused": batch.refused}, "\n".join(batch.ids), as_json=as_json)
    if batch.refused:
        raise SystemExit(1)


def _show_progress(started: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{started:,} of {of:,} started", nl=started == of, err=True)


add_changes(
    schedules,
    lambda app: app.schedules,
    pauses="Let a schedule fire no more, until it is resumed.",
    resumes="Let a paused schedule fire again.",
    deletes="Delete a schedule, with its history.",
)
