"""What the shell offers for a task's name or a job's id: asked of the router, if it answers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli import starting
from taskbahn.cli.tls_options import given
from taskbahn.errors import TaskbahnError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

AT_ONCE = 0.5  # seconds that the router has for its answer
OFFERED = 50  # newest jobs that are offered


def complete_task(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Offer the names of tasks, with the first line of their documentation."""
    return _offer(ctx, incomplete, lambda app: [(view.name, view.doc) for view in app.view.tasks()])


def complete_job(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Offer the ids of the newest jobs, with their task and state."""
    return _offer(ctx, incomplete, lambda app: [(job.id, f"{job.task} {job.state}") for job in app.view.jobs(limit=OFFERED).jobs])


def _offer(ctx: click.Context, incomplete: str, ask: Any) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from taskbahn.app import Taskbahn

    starting.load_connection()
    app = Taskbahn(ctx.params.get("url"), timeout=AT_ONCE, **given())
    try:
        found = ask(app)
    except TaskbahnError:
        return []
    finally:
        app.close()
    return [CompletionItem(word, help=text.partition("\n")[0]) for word, text in found if word.startswith(incomplete)]
