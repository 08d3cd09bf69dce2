"""`taskbahn graph`: a job with its members, and what waits for what."""

from __future__ import annotations

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import common, connected, echo, find_job, print_json


@click.command()
@click.argument("id", shell_complete=complete_job)
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "graphviz", "svg"]), default="text", show_default=True)
@common
def graph(id: str, form: str, url: str | None, *, as_json: bool) -> None:
    """Draw a flow, or what a job waits for and what waits for it; ID may be shortened to its beginning or end."""
    with connected(url) as app:
        found = app.job(find_job(app, id)).graph()
    if as_json:
        print_json(found)
        return
    drawings = {"text": found.text, "mermaid": found.mermaid, "graphviz": found.graphviz, "svg": found.svg}
    echo(drawings[form]())
