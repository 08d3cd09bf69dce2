"""`taskbahn completion`: the script that teaches a shell our words."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL: put `eval "$(taskbahn completion bash)"` into ~/.bashrc.

    For zsh into ~/.zshrc; for fish: `taskbahn completion fish > ~/.config/fish/completions/taskbahn.fish`.
    """
    from click.shell_completion import get_completion_class

    from taskbahn.cli import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(kind(cli, {}, "taskbahn", "_TASKBAHN_COMPLETE").source())
