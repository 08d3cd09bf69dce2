"""`taskbahn workers`: who works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, table

if TYPE_CHECKING:
    from taskbahn.wire_views import WorkerView

COLUMNS = ("worker", "busy#", "", "memory#", "cpu#", "load#", "done#", "failed#", "queues", "attached", "process")
WORDS = {"queues", "attached", "process"}  # what may be broken into lines where there is little room


@click.command()
@common
def workers(url: str | None, *, as_json: bool) -> None:
    """List the workers that are attached now.

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
    console().print(rows if found else "no workers: start one, as in `taskbahn worker photos:app`")


def row(view: WorkerView) -> list[str]:
    """Return what stands in the columns for a worker."""
    return [
        view.id,
        f"{view.running} of {view.slots}",
        "drained" if view.drained else "draining" if view.draining else "",
        "" if view.memory is None else f"{view.memory / 2**20:,.0f} MiB",
        "" if view.cpu is None else f"{view.cpu:.2f}",
        "" if view.load is None else f"{view.load:.2f}",
        f"{view.finished:,}",
        f"{view.failed:,}",
        ", ".join(view.queues),
        ago(view.attached_at),
        f"{view.pid} on {view.host}" if view.pid else view.host,
    ]
