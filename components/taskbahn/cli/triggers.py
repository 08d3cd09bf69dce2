"""`taskbahn triggers`: list what starts tasks when events arrive, show one, add, edit, pause, resume and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskbahn.cli.arguments import HELP, TaskCommand, parsed
from taskbahn.cli.kept_changes import add_changes
from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, say, table
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages
from taskbahn.protocol.secrets import with_words
from taskbahn.protocol.triggers import is_passed_on

if TYPE_CHECKING:
    from taskbahn.protocol.triggers import TriggerView

SCHEMES = click.Choice(["github", "stripe", "slack", "standard", "hmac"])
MATCHES = click.Choice(["exact", "prefix", "wildcard"])


@click.group(invoke_without_command=True)
@common
@click.pass_context
def triggers(context: click.Context, url: str | None, *, as_json: bool) -> None:
    """List what starts tasks when events arrive, or change it."""
    if context.invoked_subcommand is None:
        context.invoke(list_triggers, url=url, as_json=as_json)
        return
    for name, option in (("url", "--url"), ("as_json", "--json")):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} goes behind the command: taskbahn triggers {context.invoked_subcommand} {option}")


@triggers.command("list")
@common
def list_triggers(url: str | None, *, as_json: bool) -> None:
    """List the triggers."""
    with connected(url) as app:
        found = app.triggers.views()
    if as_json:
        print_json(found)
        return
    rows = table("trigger", "events", "starts", "last", "started#", "lost#", "")
    for view in found:
        rows.add_row(
            plain(view.id), plain(view.words), plain(_starts(view)), ago(view.last_at), f"{view.started:,}", f"{view.lost:,}",
            plain(_state(view)),
        )  # fmt: skip
    console().print(rows if found else "no triggers: add one with `taskbahn triggers add ID TOPIC TASK`")


def _starts(view: TriggerView) -> str:
    return str(view.spec["call"].get("task", "a flow"))


def _state(view: TriggerView) -> str:
    if view.pause is not None:
        why = view.pause.reason
        return ("orphaned" if view.pause.orphaned else "paused") + (f": {why}" if why else "")
    if view.trouble is not None:
        return str(view.trouble.get("message", "refused"))
    return "changed" if view.declared is not None and view.changed else ""


@triggers.command()
@click.argument("id")
@common
def show(id: str, url: str | None, *, as_json: bool) -> None:
    """Show a trigger."""
    with connected(url) as app:
        view = app.triggers[id].view()
    if as_json:
        print_json(view)
        return
    out = console()
    out.print(plain(f"{view.id}: {view.words}"))
    call = view.spec["call"]
    how = "with the arguments of the event" if is_passed_on(call) else with_words(messages.to_json(call))
    out.print(plain(f"starts {_starts(view)}, {how} {_state(view)}".rstrip()))
    out.print(plain(f"started jobs for {view.started:,} events, {view.lost:,} were lost"))
    if view.last_job is not None:
        out.print(plain(f"last {ago(view.last_at)}: {view.last_job}"))
    for name in view.changed if view.declared is not None else ():
        out.print(plain(f"changed: {name} is {view.changed[name]!r}, in code {view.declared.get(name)!r}"))  # type: ignore[union-attr]


@triggers.command(cls=TaskCommand, epilog=HELP)
@click.argument("id")
@click.argument("topic")
@click.argument("task")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--match", type=MATCHES, default="exact", show_default=True, help="Which topics TOPIC means, as in a subscription.")
@click.option("--where", metavar="JSON", default="{}", help='Fields that the event must have, as {"country": "DE"}.')
@click.option("--note", default="", help="What it is for.")
@common
def add(
    id: str,
    topic: str,
    task: str,
    arguments: tuple[str, ...],
    match: str,
    where: str,
    note: str,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Store a trigger ID that starts TASK when an event of TOPIC arrives; one of that ID is replaced.

    Without ARGUMENTS the task gets those of the event. With some it gets these; texts in them may have templates, as {event.day}.
    """
    fields = {"kind": "topic", "topic": topic, "match": match, "where": _where(where), "note": note}
    _store(id, fields, task, arguments, url, as_json=as_json)


@triggers.command(cls=TaskCommand, epilog=HELP)
@click.argument("id")
@click.argument("name")
@click.argument("task")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--scheme", type=SCHEMES, required=True, help="How the sender signs.")
@click.option("--secret", metavar="env:NAME", required=True, help="The variable of the node's environment that has the secret.")
@click.option("--header", default="", help="The header with the signature, of the scheme hmac.")
@click.option("--where", metavar="JSON", default="{}", help='Fields that the body must have, as {"action": "opened"}.')
@click.option("--note", default="", help="What it is for.")
@common
def hook(
    id: str,
    name: str,
    task: str,
    arguments: tuple[str, ...],
    scheme: str,
    secret: str,
    header: str,
    where: str,
    note: str,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Store a trigger ID that starts TASK when another service sends POST /hooks/NAME; one of that ID is replaced.

    Without ARGUMENTS the task gets the body. With some it gets these; texts in them may have templates, as {body.day}.
    """
    words = {"scheme": scheme, "secret": secret, "header": header, "note": note}
    _store(id, {"kind": "hook", "name": name, "where": _where(where), **words}, task, arguments, url, as_json=as_json)


def _where(text: str) -> Any:
    try:
        return messages.from_json(text)
    except ValueError:
        raise click.BadParameter('it is a JSON object, as {"country": "DE"}', param_hint="--where") from None


def _store(
    id: str, fields: dict[str, Any], task: str, arguments: tuple[str, ...], url: str | None, *, as_json: bool
) -> None:  # fmt: skip
    call: dict[str, Any] = {"task": task}
    with connected(url) as app:
        if arguments:
            call["args"], call["kwargs"] = parsed(app, task, arguments)
        found = app.client.ask(messages.TRIGGER_ADD, id, {**fields, "call": call}, who=user_name()).get()
    say(found, f"{id}: {found['words']}", as_json=as_json)


@triggers.command(cls=TaskCommand, epilog=HELP)
@click.argument("id")
@click.argument("task", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--topic", help="The topic of the events.")
@click.option("--match", type=MATCHES, help="Which topics TOPIC means, as in a subscription.")
@click.option("--name", help="The name of a hook.")
@click.option("--scheme", type=SCHEMES, help="How the sender of a hook signs.")
@click.option("--secret", metavar="env:NAME", help="The variable of the node's environment that has the secret of a hook.")
@click.option("--where", metavar="JSON", help='Fields that the event must have, as {"country": "DE"}.')
@click.option("--note", help="What it is for.")
@click.option("--reset", "reset", multiple=True, metavar="FIELD", help="Let a field be as code declares it; repeatable.")
@click.option("--as-declared", is_flag=True, help="Let all of it be as code declares it.")
@common
def edit(
    id: str,
    task: str | None,
    arguments: tuple[str, ...],
    where: str | None,
    reset: tuple[str, ...],
    url: str | None,
    *,
    as_declared: bool,
    as_json: bool,
    **words: str | None,
) -> None:
    """Change some of a trigger; the rest stays. With TASK it starts that, with ARGUMENTS as `add` takes them."""
    fields: dict[str, Any] = {name: value for name, value in words.items() if value is not None}
    if where is not None:
        fields["where"] = _where(where)
    if not (fields or task or reset or as_declared):
        raise click.UsageError("nothing is to be changed: name a TASK or an option, such as --topic")
    with connected(url) as app:
        if task is not None:
            fields["call"] = {"task": task}
            if arguments:
                fields["call"]["args"], fields["call"]["kwargs"] = parsed(app, task, arguments)
        wanted = True if as_declared else list(reset)
        found = app.client.ask(messages.TRIGGER_EDIT, id, fields, reset=wanted, who=user_name()).get()
    say(found, f"{id}: {found['words']}", as_json=as_json)


add_changes(
    triggers,
    lambda app: app.triggers,
    pauses="Let events start nothing by a trigger, until it is resumed.",
    resumes="Let events start what a paused trigger starts.",
    deletes="Delete a trigger; jobs that it started stay.",
)
