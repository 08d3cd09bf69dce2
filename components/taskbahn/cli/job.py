"""`taskbahn job`: everything about one job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import ago, coloured, common, connected, console, find_job, plain, print_json, span, table
from taskbahn.encryption.words import key_of_value, words_of
from taskbahn.protocol import messages, views
from taskbahn.protocol.inputs import INPUT, LITERAL, mark_of
from taskbahn.protocol.secrets import with_words
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from rich.console import Console

MAX_COUNTED_JOBS = 10_000  # jobs before a job; the store counts no further
MAX_TEXT = 2000  # characters of arguments or result that are shown


@click.command()
@click.argument("id", shell_complete=complete_job)
@common
def job(id: str, url: str | None, *, as_json: bool) -> None:
    """Show one job; ID may be shortened to its beginning or end."""
    with connected(url) as app:
        view = app.job(find_job(app, id)).view()
    if as_json:
        print_json(view)
        return
    out = console()
    _facts(out, view)
    print_stages(out, view)
    if view.attempts:
        rows = table("attempt#", "worker", "began", "took#", "outcome", "error")
        for attempt in view.attempts:
            took = span(attempt.ended_at - attempt.started_at) if attempt.ended_at else ""
            error = plain(str((attempt.error or {}).get("message", "")).partition("\n")[0])
            outcome = attempt.outcome or "running"
            rows.add_row(str(attempt.attempt), plain(attempt.worker), ago(attempt.started_at), took, outcome, error)
        out.print(rows)
    if view.error and view.error.get("traceback"):
        out.print(plain(view.error["traceback"]), style="dim")


def _facts(out: Console, view: views.JobView) -> None:
    facts: dict[str, Any] = {
        "task": plain(view.task),
        "title": plain(view.title or ""),
        "name": plain(view.label or ""),
        "belongs to": plain(view.parent or ""),
        "root": plain(view.root or "") if view.root != view.parent else "",
        "members": plain(", ".join(f"{count:,} {state}" for state, count in view.members.counts.items())) if view.members else "",
        "state": coloured(view.state),
        "queue": plain(view.queue) + (f", priority {view.priority}" if view.priority else ""),
        "accepted": ago(view.created_at) + (f" from {plain(view.caller)}" if view.caller else ""),
        "deadline": _deadline(view),
        "waits": plain(_place(view)),
        "permits": plain(", ".join(view.place.limit.holders)) if view.place and view.place.limit else "",
        "worker": plain(view.worker or ""),
        "blocks": f"[red]{plain(_blocks(view))}[/]" if view.blocks else "",
        "took": span(view.finished_at - view.started_at) if view.finished_at and view.started_at else "",
        "tags": plain(", ".join(view.tags)),
        "unique": plain(view.unique or ""),
        "joined": plain(view.joined or ""),
        "options": plain(messages.to_json(view.options)) if view.options else "",
        "arguments": _written(view) if view.calls is None else f"of {len(view.calls):,} calls",
        "inputs": f"\n{'':13}".join(map(_input, view.inputs)),
        "result": plain(with_words(messages.to_json(view.result))[:MAX_TEXT]) if view.state == "succeeded" else "",
        "cancelled": plain(_cancelled(view.error or {})) if view.state == "cancelled" else "",
        "error": f"[red]{plain(_error(view.error))}[/]" if view.error and view.state != "cancelled" else "",
    }
    out.print(f"[bold]{view.id}[/]")
    for name, text in facts.items():
        if text:
            out.print(f"  {name:10} {text}")


def _deadline(view: views.JobView) -> str:
    """Say when the job has to have ended, and how long that is from now."""
    if view.deadline is None:
        return ""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(view.deadline))
    return moment if State(view.state).is_final else f"{moment}, {ago(view.deadline)}"


def _blocks(view: views.JobView) -> str:
    """Say whether the job blocks its worker's event loop."""
    blocks = view.blocks
    return f"the worker's event loop at {blocks.at} for {span(time.time() - blocks.since)}" if blocks else ""


def _place(view: views.JobView) -> str:
    """Say why a job does not run yet, and when it may."""
    place = view.place
    if place is None:
        return ""
    words = [place.why]
    if place.ahead:
        counted = f"{place.ahead:,} or more" if place.ahead >= MAX_COUNTED_JOBS else f"{place.ahead:,}"
        words.append(f"{counted} {'job is' if place.ahead == 1 else 'jobs are'} before it")
    if place.starts_at is not None and place.starts_at > time.time():
        does = (
            "goes on" if place.why.startswith("Its function") else "starts" if view.state == "waiting" else "is expected to start"
        )
        words.append(f"it {does} {ago(place.starts_at)}")
    return "; ".join(words)


def print_stages(out: Console, view: views.JobView) -> None:
    """Print how far a job is or came, and its stages."""
    from taskbahn.cli.follow import depths
    from taskbahn.jobs.progress import progress_of, shown_fraction

    progress = progress_of(view.progress)
    deep = depths(progress)
    fraction = shown_fraction(view.state, progress.fraction)
    if fraction is not None and progress.fraction is not None:
        out.print(f"  progress   {fraction:.0%} {plain(progress.message)}")
    key = key_of_value(progress.data)
    if key is not None:
        out.print(f"  progress   {words_of(key)}")
    for stage in progress.stages:
        mark = "·" if stage.is_to_come else "…" if not stage.ended_at else "[red]✗[/]" if stage.failed else "[green]✓[/]"
        count = f" {stage.done:g} of {stage.total:g}" if stage.total else ""
        out.print(f"  {'  ' * deep[stage.id]}{mark} {plain(stage.name)}{count}")


def _error(error: dict[str, Any]) -> str:
    kind = f"{error['type']}: " if error.get("type") else ""
    return kind + str(error.get("message", ""))


def _cancelled(error: dict[str, Any]) -> str:
    """Say who cancelled the job, and why; a cancel without a reason says no more than that."""
    reason = str(error.get("message", ""))
    said = [f"by {error['by']}" if error.get("by") else "", reason if reason != "cancelled" else ""]
    return ": ".join(filter(None, said)) or "without a reason"


def _written(view: views.JobView) -> str:
    inputs = {one.position: one for one in view.inputs}
    words = [_argument(value, inputs) for value in view.args or []]
    words += [f"{name}={_argument(value, inputs)}" for name, value in (view.kwargs or {}).items()]
    return plain(with_words(", ".join(words))[:MAX_TEXT])


def _argument(value: Any, inputs: dict[int, views.InputView]) -> str:
    """Write an argument; what another job gives is its value if that is known, and else where it comes from."""
    if inputs and isinstance(value, list):
        return f"[{','.join(_part(item, inputs) for item in value)}]"
    return _part(value, inputs) if inputs else messages.to_json(value)


def _part(value: Any, inputs: dict[int, views.InputView]) -> str:
    mark = mark_of(value)
    if mark == INPUT:
        one = inputs.get(value[INPUT])
        if one is None:
            return "← result of another job"
        return _origin(one) if one.value is None or one.is_cut else one.value
    return messages.to_json(value[LITERAL] if mark == LITERAL else value)


def _input(one: views.InputView) -> str:
    """Write what another job gives: whose result it is, and the result or how far that job is."""
    value = one.state if one.value is None else one.value + ("…" if one.is_cut else "")
    return plain(with_words(f"{_origin(one)}: {value}"))


def _origin(one: views.InputView) -> str:
    return f"← result of {one.label or one.task.removeprefix('taskbahn.')} ({one.job})"
