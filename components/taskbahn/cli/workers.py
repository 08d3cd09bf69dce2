"""`taskbahn workers`: the attached workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, span, table

if TYPE_CHECKING:
    from taskbahn.protocol.views import WorkerView

COLUMNS = ("worker", "busy#", "", "memory#", "cpu#", "load#", "done#", "failed#", "queues", "attached", "process")
SILENT_SECONDS = 15.0  # a worker says something every 5 s, and is given up after 30
WORDS = {"queues", "attached", "process"}  # columns whose text may be broken into lines in a narrow terminal


@click.command()
@common
def workers(url: str | None, *, as_json: bool) -> None:
    """List the workers that are attached now.

    A worker that is `blocked` does not answer for its async tasks; which job blocks its event loop, and where, is said below the table.
    Memory and cpu (cores in use) are those of the worker with its pool processes; load is the machine's, divided by its cores.
    """
    with connected(url) as app:
        found = app.view.workers()
    if as_json:
        print_json(found)
        return
    rows = table(*COLUMNS)
    for column in rows.columns:
        column.no_wrap = column.header not in WORDS
    for view in found:
        rows.add_row(*map(plain, row(view)))
    out = console()
    out.print(rows if found else "no workers: start one, as in `taskbahn worker MODULE:app`")
    for view in found:
        if view.blocked is not None:
            out.print(plain(details(view)), style="red")


def _blocked(view: WorkerView) -> str:
    """Say that the worker does not answer for its async tasks, if so."""
    if view.blocked is None:
        return f"silent for {span(view.seen)}" if view.seen >= SILENT_SECONDS else ""
    return f"blocked for {span(time.time() - view.blocked.since)}"


def details(view: WorkerView) -> str:
    """Return the sentence below the table for a worker whose event loop is blocked; empty for another."""
    blocked = view.blocked
    if blocked is None:
        return ""
    who = f"{blocked.task}, job {blocked.job}," if blocked.job else "code that a task left behind"
    return f"{view.id}: {who} blocks its event loop at {blocked.at} for {span(time.time() - blocked.since)}"


def row(view: WorkerView) -> list[str]:
    """Return the columns of a worker."""
    return [
        view.id,
        f"{view.running} of {view.slots}",
        ", ".join(filter(None, ("drained" if view.drained else "draining" if view.draining else "", _blocked(view)))),
        "" if view.memory is None else f"{view.memory / 2**20:,.0f} MiB",
        "" if view.cpu is None else f"{view.cpu:.2f}",
        "" if view.load is None else f"{view.load:.2f}",
        f"{view.finished:,}",
        f"{view.failed:,}",
        ", ".join(view.queues),
        ago(view.attached_at),
        f"{view.pid} on {view.host}" if view.pid else view.host,
    ]
