"""The command `taskbahn`. Each subcommand is a module here, imported only when it is used: `taskbahn up` starts fast,
and `taskbahn --help` needs no Twisted.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import NoReturn

import click

from taskbahn.cli import starting
from taskbahn.errors import TaskbahnError, did_you_mean
from taskbahn.protocol.plain_text import plain_text

COMMANDS = {  # name: (module, one line for --help)
    "up": ("up", "Start router, dispatcher and page on one port."),
    "worker": ("worker", "Run a worker for the tasks of an application."),
    "call": ("call", "Start a job and wait for its result."),
    "submit": ("submit", "Start a job and print its id."),
    "status": ("status", "Show the whole in numbers."),
    "tasks": ("tasks", "List the tasks."),
    "jobs": ("jobs", "List jobs, newest first."),
    "job": ("job", "Show one job."),
    "explain": ("explain", "Say why a job does not run yet."),
    "graph": ("graph", "Draw a flow: its members and what waits for what."),
    "errors": ("errors", "Show failed jobs in groups of those that failed alike."),
    "logs": ("logs", "Show what a job logged."),
    "cancel": ("control", "Cancel jobs."),
    "retry": ("control", "Start failed, cancelled or expired jobs once more."),
    "skip": ("control", "Let those go on that are held by failed, cancelled or expired jobs."),
    "questions": ("questions", "List the questions of jobs that have no answer yet."),
    "answer": ("questions", "Answer a question of a job."),
    "send": ("questions", "Send a message to a job."),
    "queues": ("queues", "List the queues."),
    "workers": ("workers", "List the workers."),
    "drain": ("drain", "Keep new jobs from a worker."),
    "limit": ("limit", "List the limits, or change one."),
    "pause": ("pause", "Start no more jobs of the system, a queue, a task or a key."),
    "resume": ("pause", "Start the jobs again that a pause holds."),
    "schedules": ("schedule_actions", "List the schedules, or change them."),
    "publish": ("publish", "Publish an event, and start what triggers start for it."),
    "triggers": ("triggers", "List what starts tasks when events arrive, or change it."),
    "token": ("token", "Create, list and revoke API tokens."),
    "user": ("user", "Add, list and remove users with passwords."),
    "key": ("key", "Make keys, and say which of them open sessions."),
    "roles": ("roles", "List the roles, and what sessions with them may do."),
    "keyring": ("keyring", "Make the keys that encrypt from end to end."),
    "audit": ("audit", "List who did what, newest first."),
    "doctor": ("doctor", "Check how the node is set up."),
    "backup": ("backup", "Copy the database of a node while it works."),
    "settings": ("settings", "Show how the node is set up."),
    "completion": ("completion", "Print the completion script for a shell."),
}


class Commands(click.Group):
    """The subcommands, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; say which one may be, if there is none of this name."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}{did_you_mean(args[0], COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="taskbahn", message="taskbahn %(version)s")
def cli() -> None:
    """Tasks on a WAMP router: call them from anywhere, watch every job live."""


def main() -> NoReturn:
    """Run the command line; ends the process."""
    starting.begin()
    try:
        code = cli(prog_name="taskbahn", standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)  # what was typed may be a name that was copied
        click.echo(plain_text(shown.getvalue()), nl=False, err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except TaskbahnError as error:
        from taskbahn.cli.shared import exit_code
        from taskbahn.protocol.error_words import for_shell

        click.echo(f"taskbahn: {plain_text(for_shell(error))}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
