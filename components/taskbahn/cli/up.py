"""`taskbahn up`: router, dispatcher and page on one port."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from taskbahn.errors import TaskbahnError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="The one port for everything.")
@click.option("--interface", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".taskbahn"),
    show_default=True,
    help="Directory for jobs and the node's files.",
)
@click.option("--loglevel", type=click.Choice(["error", "warn", "info", "debug"]), default="warn", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the ready line as JSON.")
def up(port: int, interface: str, data: Path, loglevel: str, *, as_json: bool) -> None:
    """Start router, dispatcher and page; ends cleanly on Ctrl-C or SIGTERM."""
    # by name: this package does not depend on the router side, which may not be installed
    try:
        node = importlib.import_module("taskbahn_router.node")
    except ModuleNotFoundError as error:
        click.echo(
            f"taskbahn: the router is not installed here ({error.name} is missing): pip install 'taskbahn[router]'", err=True
        )
        sys.exit(2)

    def ready(addresses: Any) -> None:
        if as_json:
            import json

            line = json.dumps({"page": addresses.page, "websocket": addresses.websocket, "rawsocket": addresses.rawsocket})
        else:
            line = f"Taskbahn is ready: page {addresses.page}  WebSocket {addresses.websocket}  RawSocket {addresses.rawsocket}"
        click.echo(line)
        sys.stdout.flush()

    try:
        sys.exit(node.up(port, data, interface, loglevel, ready))
    except TaskbahnError as error:
        click.echo(f"taskbahn: {error.message}", err=True)
        sys.exit(1)
