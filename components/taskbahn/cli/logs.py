"""`taskbahn logs`: what a job logged and printed."""

from __future__ import annotations

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import clock, common, connected, echo, find_job, print_json
from taskbahn.jobs.job import LogLine, log_line


@click.command()
@click.argument("id", shell_complete=complete_job)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@common
def logs(id: str, url: str | None, *, follow: bool, as_json: bool) -> None:
    """Print what the job ID logged, one line each."""
    with connected(url) as app:
        job = app.job(find_job(app, id))
        shown = Shown(as_json=as_json)
        if not follow:
            for line in job.logs():
                shown.print(line)
            return
        with job.events() as events:
            for event in events:
                if event.kind == "log":
                    shown.print(log_line(event))


class Shown:
    """Prints lines, and where a later attempt begins."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._attempt = 1

    def print(self, line: LogLine) -> None:
        """Print one line."""
        if self._as_json:
            print_json(line._asdict())
            return
        if line.attempt > self._attempt:
            self._attempt = line.attempt
            echo(f"{clock(line.at)} -- attempt {line.attempt} --")
        echo(f"{clock(line.at)} {line.level:7} {line.message}")
