"""What the commands of schedules and of triggers have in common: pause, resume and delete one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskbahn.cli.pause import seconds_of
from taskbahn.cli.shared import common, connected, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.app import Taskbahn
    from taskbahn.tasks.kept_schedules import KeptSchedules
    from taskbahn.tasks.kept_triggers import KeptTriggers


def add_changes(
    group: click.Group, kept: Callable[[Taskbahn], KeptSchedules | KeptTriggers], *, pauses: str, resumes: str, deletes: str
) -> None:
    """Add the commands to a group.   kept: where an application has what they change.   pauses, resumes, deletes: their help."""

    @group.command(help=pauses)
    @click.argument("id")
    @click.option("--reason", default="", help="Why.")
    @click.option("--within", metavar="DURATION", callback=seconds_of, help="Resume by itself after that time, such as 2d.")
    @common
    def pause(id: str, reason: str, within: float | None, url: str | None, *, as_json: bool) -> None:
        with connected(url) as app:
            found = kept(app)[id].pause(reason, within)
        say(found, f"paused: {id}", as_json=as_json)

    @group.command(help=resumes)
    @click.argument("id")
    @common
    def resume(id: str, url: str | None, *, as_json: bool) -> None:
        with connected(url) as app:
            found = kept(app)[id].resume()
        say(found, f"resumed: {id}", as_json=as_json)

    @group.command(help=deletes)
    @click.argument("id")
    @common
    def delete(id: str, url: str | None, *, as_json: bool) -> None:
        with connected(url) as app:
            kept(app)[id].delete()
        say(None, f"deleted: {id}", as_json=as_json)
