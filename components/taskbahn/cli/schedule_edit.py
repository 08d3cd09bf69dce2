"""`taskbahn schedules add` and `edit`: store a schedule, and change one."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from taskbahn.cli.arguments import HELP, TaskCommand, given_options, option_option, parsed
from taskbahn.cli.flow_file import flow_in, flow_option
from taskbahn.cli.shared import ago, common, connected, echo, print_json
from taskbahn.cli.when_options import WHEN_HELP, bound_of, duration_of, has_first, seconds_in, taken, when_of, when_options
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.app import Taskbahn
    from taskbahn.schedules.when import When

F = TypeVar("F", bound="Callable[..., Any]")

OVERLAPS = click.Choice(["skip", "buffer_one", "buffer_all", "cancel_other", "allow"])
FIELDS = click.Choice(["when", "call", "start", "end", "times", "jitter", "overlap", "catch_up", "alarm_after", "note"])
OPTIONS = (
    click.option("--start", metavar="TIME", help="No due time is before it, as in 2026-12-01T09:00, on the clocks of --zone."),
    click.option("--end", metavar="TIME", help="No due time is after it."),
    click.option("--times", metavar="COUNT", help="It fires so often in all."),
    click.option("--jitter", metavar="DURATION", callback=duration_of, help="Each firing is later by up to that."),
    click.option("--overlap", type=OVERLAPS, help="What becomes of a time while the last job runs.  [default: skip]"),
    click.option("--catch-up", metavar="DURATION", callback=duration_of, help="Missed times that are not older fire late.  [default: 60s]"),
    click.option("--alarm-after", metavar="DURATION", help="It is a problem if no job has succeeded so long after a due time."),
    click.option("--note", help="What it is for."),
    click.option("--dry-run", is_flag=True, help="Say what it would be; store nothing."),
)  # fmt: skip


def schedule_options(command: F) -> F:
    """Add the options of a schedule."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(cls=TaskCommand, epilog=f"{WHEN_HELP}\n\n{HELP}")
@click.argument("id")
@click.argument("words", nargs=-1, metavar="[WHEN] TASK [ARGUMENTS]...", type=click.UNPROCESSED)
@when_options
@flow_option
@option_option
@schedule_options
@common
def add(id: str, words: tuple[str, ...], file: IO[bytes] | None, url: str | None, *, as_json: bool, **options: Any) -> None:
    """Store a schedule ID that starts TASK, or a flow; one of that ID is replaced.

    WHEN is left out if an option such as --every is in its place. Texts in ARGUMENTS may have {@due}, the due time.
    """
    given = taken(options)
    left = list(words)
    text = left.pop(0) if left and not has_first(given) else None
    when = when_of(text, given)
    if when is None:
        raise click.UsageError("Missing argument 'WHEN', or an option in its place, such as --every 15m.")
    if not left and file is None:
        raise click.UsageError("Missing argument 'TASK', or --flow FILE.")
    if left and file is not None:
        raise click.UsageError(f"A flow has its tasks and arguments in its file: leave out {left[0]!r}, or --flow.")
    of_job, dry_run = options.pop("options"), options.pop("dry_run")
    spec = {"when": messages.plain(when.form), **_fields(options, given)}
    with connected(url) as app:
        spec["call"] = _call(app, left, of_job) if file is None else {"flow": flow_in(file), **_options(of_job)}
        found = app.client.ask(messages.SCHEDULE_ADD, id, spec, check=dry_run, who=user_name()).get()
    say_schedule(found, as_json=as_json)


@click.command(cls=TaskCommand, epilog=f"{WHEN_HELP}\n\n{HELP}")
@click.argument("id")
@click.argument("when", required=False)
@when_options
@click.option("--task", help="Start this task, with the arguments of -a.")
@click.option("-a", "--argument", "arguments", multiple=True, help="An argument of the task, as in day=monday; these are all.")
@option_option
@schedule_options
@click.option("--reset", type=FIELDS, multiple=True, help="Let this be as code declares it again; repeatable.")
@click.option("--as-declared", is_flag=True, help="Let all be as code declares it again.")
@common
def edit(
    id: str, when: str | None, task: str | None, arguments: tuple[str, ...], reset: tuple[str, ...], url: str | None,
    *, as_declared: bool, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Change some of a schedule; the rest stays.

    What code declares is kept beside the change, which wins. --start, --end, --times and --alarm-after may be `none`.
    """
    given = taken(options)
    zone = given if options["start"] or options["end"] else {}
    alone = given.keys() == {"zone"} and when is None and zone
    times: When | None = None if alone else when_of(when, given)
    of_job, dry_run = options.pop("options"), options.pop("dry_run")
    fields: dict[str, Any] = {} if times is None else {"when": messages.plain(times.form)}
    fields |= _fields(options, given)
    if not (fields or task or arguments or of_job or reset or as_declared):
        raise click.UsageError("Nothing changes: give WHEN, or an option; `taskbahn schedules edit --help` lists them.")
    with connected(url) as app:
        if task or arguments or of_job:
            fields["call"] = _edited(app, id, task, arguments, of_job)
        found = app.client.ask(
            messages.SCHEDULE_EDIT, id, fields, reset=as_declared or list(reset), check=dry_run, who=user_name()
        ).get()
    say_schedule(found, as_json=as_json)


def _fields(options: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a schedule besides its times and its call; what is left out is none of them."""
    fields = {name: value for name, value in options.items() if value is not None}
    for name in ("start", "end"):
        if name in fields:
            fields[name] = bound_of(fields[name], given.get("zone", "UTC"))
    if "times" in fields:
        fields["times"] = _count(fields["times"])
    if "alarm_after" in fields:
        fields["alarm_after"] = None if fields["alarm_after"] == "none" else seconds_in("--alarm-after", fields["alarm_after"])
    return fields


def _count(text: str) -> int | None:
    if text != "none" and not text.isdecimal():
        raise click.BadParameter(f"{text!r} is no number; it is 1 or more, or none", param_hint="--times")
    return None if text == "none" else int(text)


def _call(app: Taskbahn, words: list[str], of_job: tuple[str, ...]) -> dict[str, Any]:
    args, kwargs = parsed(app, words[0], tuple(words[1:]))
    return {"task": words[0], "args": args, "kwargs": kwargs, **_options(of_job)}


def _options(of_job: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of the job that are typed, as they travel."""
    if not of_job:
        return {}
    from taskbahn.protocol.options import Where
    from taskbahn.tasks.options import as_dict, make_options

    given = given_options(of_job, None, None, None)
    if "id" in given:
        raise click.UsageError("--option id: each due time starts a job of its own, whose id is made from the due time")
    return {"options": as_dict(make_options(given, Where.CALL))}


def _edited(app: Taskbahn, id: str, task: str | None, arguments: tuple[str, ...], of_job: tuple[str, ...]) -> dict[str, Any]:
    """Return what a schedule starts, with what is given in place of what it has."""
    before: dict[str, Any] = app.schedules[id].view().spec["call"]
    if task is None and "task" not in before:
        raise click.UsageError(f"the schedule {id} starts a flow: `taskbahn schedules add {id} WHEN --flow FILE` replaces it")
    call: dict[str, Any] = {"task": task} if task is not None else dict(before)
    if arguments:
        call.pop("packed", None)
        call["args"], call["kwargs"] = parsed(app, call["task"], arguments)
    return call | _options(of_job)


def say_schedule(found: dict[str, Any], *, as_json: bool) -> None:
    """Print a schedule as JSON, or in a line."""
    if as_json:
        print_json(found)
        return
    then = "next " + ago(found["next_at"]) if found.get("next_at") is not None else "it does not fire"
    echo(f"{found['id']}: {found['words']}; {then}")
