"""`taskbahn worker MODULE:APP`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from taskbahn.cli import starting
from taskbahn.cli.tls_options import environment, instead_of, tls_options
from taskbahn.protocol import messages
from taskbahn.tuning import freeze_memory
from taskbahn.worker.failure_log import DEFAULT_LEVEL, LEVELS, set_log_level


@click.command()
@click.argument("target", metavar="MODULE:APP")
@click.option("--url", help="The router's address. [default: that of the application, else TASKBAHN_URL]")
@tls_options
@click.option(
    "--slots", type=click.IntRange(1, 10_000), help="Attempts at a time. [default: one a CPU; 100 if all tasks are async]"
)
@click.option("--queues", default=messages.DEFAULT_QUEUE, show_default=True, help="Queues to serve: a,b,c.")
@click.option("--burst", is_flag=True, help="End when nothing is ready any more.")
@click.option("--watch", is_flag=True, help="Restart when a source file changes.")
@click.option("--grace", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds to finish after SIGTERM.")
@click.option(
    "--loglevel",
    type=click.Choice(LEVELS, case_sensitive=False),
    envvar="TASKBAHN_LOGLEVEL",
    show_envvar=True,
    help="What is said on standard error, and the level of the root logger of the tasks. [default: info; their loggers as they are]",
)
@click.option("--name", help="The worker's id, its own among all workers. [default: host and process]")
def worker(
    target: str,
    *,
    url: str | None,
    slots: int | None,
    queues: str,
    burst: bool,
    watch: bool,
    grace: float,
    loglevel: str | None,
    name: str | None,
) -> None:
    """Run a worker for the tasks of the application APP in the module MODULE, such as photos:app.

    Plain functions run in processes (or threads, if the task says so), at most --slots at a time in each; async
    functions on the event loop, 100 at a time. SIGTERM or Ctrl-C: takes no more, finishes what it can within
    --grace seconds, hands the rest back.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    if watch:
        from taskbahn.worker.reload import watch as watch_sources

        arguments = [argument for argument in sys.argv[2:] if argument != "--watch"]
        raise click.exceptions.Exit(watch_sources(arguments, target, lambda sentence: click.echo(sentence, err=True)))
    raise click.exceptions.Exit(_run(target, url, slots, queues, burst=burst, grace=grace, name=name, level=loglevel))


def _run(
    target: str,
    url: str | None,
    slots: int | None,
    queues: str,
    *,
    burst: bool,
    grace: float,
    name: str | None,
    level: str | None,
) -> int:
    from taskbahn.client.guard import GUARD
    from taskbahn.errors import TaskbahnError
    from taskbahn.transport.address import check_address
    from taskbahn.worker.capture import Capture
    from taskbahn.worker.loading import load_app
    from taskbahn.worker.run import run_worker
    from taskbahn.worker.service import Settings

    starting.end()  # ends the deferral of modules before the user's code is imported
    served = [queue.strip() for queue in queues.split(",") if queue.strip()]
    if not served:
        raise click.UsageError("--queues names no queue: write it like --queues default,mail")
    if level is not None:
        os.environ["TASKBAHN_LOGLEVEL"] = level  # for the processes of its pool
        set_log_level(level)
    capture = Capture()
    capture.start()  # before the application's import, which may bind the streams
    try:
        if url is not None:
            check_address(url, "--url")
            os.environ["TASKBAHN_URL"] = url  # where what its tasks start goes too
        os.environ.update(environment())  # likewise
        app = load_app(target)
        app.access = instead_of(app.access, app.url if url is None else url)
        for task in app.tasks.values():
            task.declaration()
        GUARD.check(app.url if url is None else url)
        settings = Settings(target=target, url=app.url if url is None else url, name=name, slots=slots, queues=served)
        freeze_memory()
        return run_worker(app, settings, grace=grace, burst=burst, level=level or DEFAULT_LEVEL)
    except TaskbahnError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    finally:
        capture.stop()
