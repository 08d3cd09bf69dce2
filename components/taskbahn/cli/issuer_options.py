"""The option of `taskbahn up` for browser tokens of other issuers."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from taskbahn.errors import TaskbahnError

issuers_option = click.option(
    "--issuers",
    type=click.Path(path_type=Path),
    help="File of TOML with other issuers of browser tokens, as Auth0 or Keycloak, for --auth.",
    envvar="TASKBAHN_UP_ISSUERS",
    show_envvar=True,
)


def issuers_in(file: Path | None) -> tuple[dict[str, Any], ...]:
    """Return the issuers of a file, as the node's configuration has them; ends the process where it is wrong."""
    if file is None:
        return ()
    try:
        found = importlib.import_module("taskbahn_router.outside.files").read_issuers(file)
    except TaskbahnError as error:
        from taskbahn.cli.shared import echo  # late: the node itself does not need it

        echo(f"taskbahn: {error.message}", err=True)
        sys.exit(1)
    return tuple(issuer.plain() for issuer in found)
