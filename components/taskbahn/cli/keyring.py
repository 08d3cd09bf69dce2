"""`taskbahn keyring`: keys of tasks with `encrypt=True`. They are made and read here alone; no node gets one."""

from __future__ import annotations

import click

from taskbahn.cli.shared import echo, json_option, print_json
from taskbahn.encryption import envelope
from taskbahn.encryption.keyring import FILE_VARIABLE, VARIABLE, KeyRing


@click.group(name="keyring")
def keyring() -> None:
    """Make and look at the keys that encrypt from end to end; clients and workers have them, and no node."""


@keyring.command(name="new")
@click.argument("name", default="k1")
@json_option
def new(name: str, *, as_json: bool) -> None:
    """Print a new key, as NAME=KEY: a word of TASKBAHN_KEYS, or a line of the file that TASKBAHN_KEYS_FILE names."""
    if not envelope.NAME.fullmatch(name):
        raise click.UsageError("the NAME of a key has 1 to 40 letters, digits, '_' and '-', as k1 has")
    key = KeyRing.new_key()
    if as_json:
        print_json({"name": name, "key": key})
    else:
        echo(f"{name}={key}")


@keyring.command(name="list")
@json_option
def show(*, as_json: bool) -> None:
    """List the names of the keys of TASKBAHN_KEYS or TASKBAHN_KEYS_FILE; the first one encrypts."""
    ring = KeyRing.from_environment()
    names = () if ring is None else ring.names
    if as_json:
        print_json([{"name": name, "encrypts": name == names[0]} for name in names])
        return
    for name in names:
        echo(f"{name}, which encrypts" if name == names[0] else name)
    if not names:
        echo(f"no keys: neither {VARIABLE} nor {FILE_VARIABLE} is set")
