"""`taskbahn logs`: what a job logged and printed."""

from __future__ import annotations

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import clock, common, connected, find_job, print_json
from taskbahn.job import LogLine, log_line


@click.command()
@click.argument("id", shell_complete=complete_job)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@common
def logs(id: str, url: str | None, *, follow: bool, as_json: bool) -> None:
    """Print what the job ID logged, one line each."""
    with connected(url) as app:
        job = app.job(find_job(app, id))
        if not follow:
            for line in job.logs():
                _print(line, as_json=as_json)
            return
        with job.events() as events:
            for event in events:
                if event.kind == "log":
                    _print(log_line(event), as_json=as_json)


def _print(line: LogLine, *, as_json: bool) -> None:
    if as_json:
        print_json(line._asdict())
    else:
        click.echo(f"{clock(line.at)} {line.level:7} {line.message}")
