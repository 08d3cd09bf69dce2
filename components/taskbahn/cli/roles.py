"""`taskbahn roles`: what the sessions of a node with login may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskbahn.cli.shared import common, connected, console, plain, print_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 4  # names in a cell
ALL = "all"


@click.command()
@common
def roles(url: str | None, *, as_json: bool) -> None:
    """List the roles: those of each node, and those of the file of `taskbahn up --roles`."""
    with connected(url) as app:
        found = app.view.roles()
    if as_json:
        print_json(found)
        return
    base_has = {role.name: len(role.may) for role in found if role.name == role.base}
    rows = table("role", "base", "calls tasks", "offers tasks", "of queues", "procedures#")
    for role in found:
        starts = ALL if role.base != "viewer" else "-"
        offers = ALL if role.base == "worker" else "-"
        cells = [_shown(role.calls, starts), _shown(role.offers, offers), _shown(role.queues, offers)]
        count = f"{len(role.may)}" if role.name == role.base else f"{len(role.may)} of {base_has[role.base]}"
        rows.add_row(role.name, role.base if role.name != role.base else "", *map(plain, cells), count)
    console().print(rows)


def _shown(names: Sequence[str] | None, otherwise: str) -> str:
    if names is None:
        return otherwise
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}" or "none"
