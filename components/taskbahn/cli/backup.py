"""`taskbahn backup`: a copy of what a node keeps, while it works."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from taskbahn.cli.shared import echo, print_json
from taskbahn.cli.up import data_option
from taskbahn.errors import TaskbahnError
from taskbahn.installing import router_missing


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@data_option("Directory of the node, as `taskbahn up` has it.")
@click.option("--replace", is_flag=True, help="Take the place of FILE, if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backup(file: Path, data: Path, *, replace: bool, as_json: bool) -> None:
    """Copy the database of a node to FILE, on the node's machine; the node may work meanwhile.

    FILE is there only when the copy is whole. To restore it, stop the node, put FILE in the place of taskbahn.db in its directory,
    remove taskbahn.db-wal and taskbahn.db-shm, and start the node.
    """
    # imported by name: this package does not depend on the router side, which may not be installed
    try:
        copying = importlib.import_module("taskbahn_router.stores.sqlite.backup")
    except ModuleNotFoundError as error:
        echo(router_missing(error.name), err=True)
        sys.exit(2)
    try:
        copied = copying.back_up(data, file, replace=replace)
    except TaskbahnError as error:
        echo(f"taskbahn: {error.message}", err=True)
        sys.exit(1)
    if as_json:
        print_json({"file": str(file), "bytes": copied.size, "jobs": copied.jobs})
    else:
        echo(f"{file} is a copy of {data}: {copied.jobs:,} jobs, {copied.size:,} bytes")
