"""`taskbahn schedules import` and `export`: crontab files become schedules, and schedules crontab files."""

from __future__ import annotations

import contextlib
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from taskbahn.cli.completing import complete_task
from taskbahn.cli.crontab_commands import call_of_command, command_of_call, id_of_call
from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, table
from taskbahn.errors import InvalidSchedule, TaskbahnError
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import ScheduleSpec, read_spec
from taskbahn.schedules.crontab import CronJob, Remark, cron_fields, lines_of, read_crontab, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn.app import Taskbahn
    from taskbahn.future import Future
    from taskbahn.protocol.scheduling import ScheduleView

MAX_BYTES = 4_000_000  # of a file
AT_ONCE = 100  # questions on their way to the router
DEFAULTS = {
    field.name: field.default
    for field in msgspec.structs.fields(ScheduleSpec)
    if field.name != "zone" and field.default is not msgspec.NODEFAULT
}
HEAD = "# Schedules of Taskbahn. `taskbahn schedules import` reads the lines back; cron itself knows no comments before them."


class Entry(NamedTuple):
    """A schedule that a line makes.   action: "new", "changed" or "same".   view: as it would be."""

    line: int
    id: str
    spec: dict[str, Any]
    action: str = ""
    view: Mapping[str, Any] = {}


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--zone", default="UTC", show_default=True, help="The time zone of lines without CRON_TZ=.")
@click.option(
    "--task", help="This task takes each command that is not `taskbahn call`, as its argument.", shell_complete=complete_task
)
@click.option("--user", "has_user", is_flag=True, help="A user is before each command, as in /etc/crontab; it has no effect.")
@click.option("--dry-run", is_flag=True, help="Say what it would do; store nothing.")
@common
def import_crontab(
    file: IO[bytes], zone: str, task: str | None, url: str | None, *, has_user: bool, dry_run: bool, as_json: bool
) -> None:
    """Make schedules of a crontab, in FILE or on the standard input (-).

    Lines whose command is `taskbahn call TASK ARGUMENTS`, or `taskbahn submit`, start that job. All lines are checked before a schedule
    is stored; one that is wrong stores none. The same command becomes the same schedule each time.
    """
    found = read_crontab(_text(file), zone, has_user=has_user)
    with connected(url) as app:
        entries, refused = _entries(app, found.jobs, task)
        refused += found.refused
        known = {view.id: view for view in app.schedules.views()}
        checked, wrong = _asked(app, entries, known, check=True)
        refused += wrong
        stored = not (refused or dry_run)
        if stored:
            _, refused = _asked(app, [entry for entry in checked if entry.action != "same"], known, check=False)
    _say(checked, sorted(refused), found.remarks, as_json=as_json, stored=stored)
    if refused:
        sys.exit(2)


def _text(file: IO[bytes]) -> str:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InvalidSchedule(f"{file.name} has more than {MAX_BYTES:,} bytes: import it in parts")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidSchedule(f"{file.name} is no UTF-8 text: byte {error.start + 1:,} is wrong") from None


def _entries(app: Taskbahn, jobs: Iterable[CronJob], task: str | None) -> tuple[list[Entry], list[Remark]]:
    """Return the schedules of the lines, and the lines that cannot be one."""
    signatures = {view.name: view.signature for view in app.view.tasks()}
    found: dict[str, Entry] = {}
    refused: list[Remark] = []
    for job in jobs:
        try:
            spec = spec_of(job, call_of_command(job.command, task, signatures))
        except ValueError as error:
            refused.append(Remark(job.number, str(error)))
            continue
        id = job.about.get("id") or _free(id_of_call(spec["call"]), found)
        if id in found:
            refused.append(Remark(job.number, f"line {found[id].line} has the id {id}, too"))
        found.setdefault(id, Entry(job.number, id, spec))
    return list(found.values()), refused


def _free(id: str, taken: Mapping[str, Entry]) -> str:
    """Return the id of a command, with a number if the file has the command in several lines."""
    ids = (id if number == 1 else f"{id}.{number}" for number in range(1, len(taken) + 2))
    return next(one for one in ids if one not in taken)


def _asked(
    app: Taskbahn, entries: list[Entry], known: Mapping[str, ScheduleView], *, check: bool
) -> tuple[list[Entry], list[Remark]]:
    """Have the router check schedules, or store them; return them as they are then, and those that it refuses."""
    done: list[Entry] = []
    refused: list[Remark] = []
    for start in range(0, len(entries), AT_ONCE):
        page = entries[start : start + AT_ONCE]
        asked = [_ask(app, one, known.get(one.id), check=check) for one in page]
        for entry, answer in zip(page, asked, strict=True):
            try:
                view = answer.get()
            except TaskbahnError as error:
                refused.append(Remark(entry.line, error.message))
            else:
                done.append(entry._replace(view=view, action=_action(view, known.get(entry.id))))
    return done, refused


def _ask(app: Taskbahn, entry: Entry, known: ScheduleView | None, *, check: bool) -> Future[Any]:
    """Store a schedule, or have it checked; one that code declares is edited, as people do."""
    if known is None or known.declared is None:
        return app.client.ask(messages.SCHEDULE_ADD, entry.id, entry.spec, check=check, who=user_name())
    return app.client.ask(messages.SCHEDULE_EDIT, entry.id, DEFAULTS | entry.spec, check=check, who=user_name())


def _action(view: Mapping[str, Any], known: ScheduleView | None) -> str:
    return "new" if known is None else "same" if _normal(view["spec"]) == _normal(known.spec) else "changed"


def _normal(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a schedule in one form, however they were written."""
    fields: dict[str, Any] = msgspec.to_builtins(read_spec(dict(spec)))
    call, form = dict(fields["call"]), fields["when"]
    if form["kind"] == "cron":
        with contextlib.suppress(ValueError):  # cron has no such line
            form["line"] = cron_fields(form["line"])
    if "packed" in call:
        call["args"], call["kwargs"] = messages.from_json(call.pop("packed"))
    return fields | {"call": {name: value for name, value in call.items() if value not in ([], {})}}


def _say(entries: list[Entry], refused: list[Remark], remarks: list[Remark], *, as_json: bool, stored: bool) -> None:
    if as_json:
        shown = [
            {"line": one.line, "id": one.id, "action": one.action, "words": one.view["words"], "zone": one.view["zone"],
             "next_at": one.view.get("next_at"), "call": one.spec["call"]}
            for one in entries
        ]  # fmt: skip
        wrong, good = ([one._asdict() for one in some] for some in (refused, remarks))
        print_json({"schedules": shown, "refused": wrong, "remarks": good, "stored": stored})
        return
    if entries:
        rows = table("line#", "schedule", "", "times", "starts", "next")
        for one in entries:
            call = one.spec["call"]
            starts = " ".join([call["task"], *map(messages.to_json, call["args"])])
            rows.add_row(
                str(one.line), plain(one.id), one.action, plain(one.view["words"]), plain(starts), ago(one.view.get("next_at"))
            )
        console().print(rows)
    for remark in remarks:
        echo(f"line {remark.line}: {remark.message}", err=True)
    for remark in refused:
        echo(f"taskbahn: line {remark.line}: {remark.message}", err=True)
    if not stored:
        echo("nothing is stored", err=True)


@click.command("export")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@common
def export_crontab(ids: tuple[str, ...], url: str | None, *, as_json: bool) -> None:
    """Print the schedules as a crontab, all of them or those of ID.

    A comment before each line has what cron knows no word for, so that `taskbahn schedules import` makes the same schedule of it. What
    cannot be a line is a comment that says why.
    """
    with connected(url) as app:
        views = [app.schedules[id].view() for id in ids] if ids else app.schedules.views()
        signatures = {view.name: view.signature for view in app.view.tasks()}
    exported = [(view, *exported_lines(view, signatures)) for view in views]
    if as_json:
        print_json([
            {"id": view.id, "zone": view.spec["when"].get("zone", "UTC"), "lines": lines, "left_out": why}
            for view, lines, why in exported
        ])  # fmt: skip
        return
    click.echo(HEAD)
    zone = None
    for view, lines, why in exported:
        if not lines:
            click.echo(f"# left out: {view.id}, {view.words}: {why}")
            continue
        if view.spec["when"].get("zone", "UTC") != zone:
            zone = view.spec["when"].get("zone", "UTC")
            click.echo(f"CRON_TZ={zone}")
        click.echo("\n".join(lines))
    left_out = [view.id for view, _, why in exported if why is not None]
    if left_out:
        echo(f"left out: {', '.join(left_out)}; the comments say why", err=True)


def exported_lines(view: ScheduleView, signatures: Mapping[str, messages.Signature | None]) -> tuple[list[str], str | None]:
    """Return the lines that make a schedule, or why there are none."""
    if view.pause is not None:
        return [], "it is paused"
    form = view.spec["when"]
    if form["kind"] != "cron":
        return [], "its times are no cron line"
    try:
        lines = lines_of(view.id, view.spec, command_of_call(view.spec["call"]))
        (job,) = read_crontab("\n".join(lines), form.get("zone", "UTC")).jobs
        again = spec_of(job, call_of_command(job.command, None, signatures))
    except ValueError as error:
        return [], str(error)
    return (lines, None) if _normal(again) == _normal(view.spec) else ([], "its arguments cannot be typed")
