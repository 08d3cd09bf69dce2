"""`taskbahn limit`: what limits allow, and a change of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, table

if TYPE_CHECKING:
    from taskbahn.app import Taskbahn
    from taskbahn.protocol.views import LimitKeyView, LimitView


@click.command()
@click.argument("name", required=False)
@click.argument("value", required=False)
@click.option("--reset", is_flag=True, help="It is as tasks declare it again.")
@common
def limit(name: str | None, value: str | None, url: str | None, *, reset: bool, as_json: bool) -> None:
    """List the limits, or set what the limit NAME allows.

    VALUE is '50/s' or '50/s burst=20' for a rate, and a number for a concurrency (0: nothing starts). It holds at once, for jobs
    that wait too, and until --reset. Without VALUE, show the keys of the limit that are in use or have jobs waiting.
    """
    if reset and (name is None or value is not None):
        raise click.UsageError("--reset takes the name of a limit, and no value")
    with connected(url) as app:
        if name is None or (value is None and not reset):
            _show(app, name, as_json=as_json)
            return
        view = app.admin.limit(name, value)
    if as_json:
        print_json(view)
    else:
        echo(f"{name} is {view.declared}, as declared" if reset else f"{name} is {view.override} instead of {view.declared}")


def _show(app: Taskbahn, name: str | None, *, as_json: bool) -> None:
    found = app.view.limits() if name is None else app.view.limits(name=name)
    if name is None:
        print_json(found) if as_json else _list(found.limits, found.count)
        return
    if not found.limits:
        raise click.UsageError(f"there is no limit {name!r}: no task declares it, and no operator has set it")
    (view,) = found.limits
    if as_json:
        print_json(view)
        return
    _list([view], 1)
    rows = table("key", "used#", "waiting#", "next")
    for key in view.keys:
        rows.add_row(plain(key.key), _used(key), f"{key.jobs:,}", "paused" if key.paused else "")
    if view.template:
        console().print(rows)
    if view.when_full != "wait":
        console().print(f"when it is full: {view.when_full}")
    for declaration in view.declarations:
        which = "the newest, which counts" if declaration.counts else "of older code"
        console().print(plain(f"declared as {declaration.said} by {', '.join(declaration.workers)} ({which})"))


def _list(limits: list[LimitView], count: int) -> None:
    rows = table("limit", "kind", "declared#", "now#", "used#", "waiting#", "keys#", "changed", "tasks")
    for view in limits:
        changed = "" if view.changed_at is None else f"{ago(view.changed_at)} by {view.changed_by or '?'}"
        now = view.declared if view.override is None else view.override
        used = _used(view.keys[0]) if view.keys else ""
        waiting = sum(key.jobs for key in view.keys)
        rows.add_row(
            plain(view.name), view.kind, f"{view.declared}", f"{now}", used, f"{waiting:,}", f"{view.key_count:,}", plain(changed),
            plain(", ".join(view.tasks)),
        )  # fmt: skip
    out = console()
    out.print(rows if limits else "no limits: tasks declare them, as in `@app.task(limits=[Rate('100/s')])`")
    if count > len(limits):
        out.print(f"{count - len(limits):,} more")


def _used(key: LimitKeyView) -> str:
    return f"{key.used:,} of {key.capacity:,}"
