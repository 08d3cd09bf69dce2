"""`taskbahn key`: who may log in to a node with a key, and what signs browser tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli.pause import seconds_of
from taskbahn.cli.shared import ago, common, connected, console, echo, json_option, plain, print_json, table
from taskbahn.cli.token import ask_one, data_option, offline, one_place, role_options, rotate, say_if_new, validity
from taskbahn.jobs.admin import user_name
from taskbahn.transport.access import first_certificate

if TYPE_CHECKING:
    from taskbahn.protocol.access import KeyView, SigningKeyView

DIGITS = 16  # of a public key that a table shows


@click.group(name="key")
def key() -> None:
    """Make keys, and add, list and revoke those that open sessions of a node with login (`taskbahn up --auth`).

    `list` and `rotate` are also of the keys that sign browser tokens, which the node makes by itself.
    """


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def new(file: Path, *, as_json: bool) -> None:
    """Make a key in FILE, for its user alone, and print the public key, which `taskbahn key add` takes.

    A program that has TASKBAHN_KEY_FILE=FILE logs in with it. The key does not leave the file.
    """
    from taskbahn.transport.key_file import new_key_file

    public = new_key_file(file)
    if as_json:
        print_json({"file": str(file), "public_key": public})
    else:
        echo(public)


@key.command()
@click.argument("name")
@click.argument("public_key", metavar="[PUBLICKEY]", required=False)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificate that the program shows with TLS, in place of PUBLICKEY. What counts is the key in it.",
)
@click.option("--wampcra", is_flag=True, help="Make a secret for WAMP-CRA in place of PUBLICKEY, and print it, alone.")
@role_options
@click.option(
    "--expires", metavar="DURATION", callback=seconds_of, help="It is valid for that time, such as 90d; else until it is revoked."
)
@data_option
@common
def add(
    name: str,
    public_key: str | None,
    certificate: Path | None,
    role: str,
    roles: Path | None,
    expires: float | None,
    data: Path | None,
    url: str | None,
    *,
    wampcra: bool,
    as_json: bool,
) -> None:
    """Add the public key of a program: who has the private one is NAME from now on.

    PUBLICKEY is what `taskbahn key new` prints, or a public key of Ed25519 as OpenSSH or OpenSSL write it. For WAMP clients that know
    no method but WAMP-CRA the node makes a secret; the store has that secret itself, so who reads the store can log in with it.

    With --certificate NAME is who shows a certificate with the same key, on a node with `taskbahn up --tls-client-ca`.
    """
    one_place(data, url)
    if sum((wampcra, public_key is not None, certificate is not None)) != 1:
        raise click.UsageError("Give PUBLICKEY, or --certificate FILE, or --wampcra for a secret that the node makes.")
    if data is not None:
        wanted = {"name": name, "role": role, "public_key": public_key, "wampcra": wampcra, "expires": expires}
        wanted["certificate"] = None if certificate is None else first_certificate(certificate)
        there = offline(roles)
        say_if_new(data)
        view = there.add_key(data, wanted, user_name())
    else:
        with connected(url) as app:
            view = app.admin.add_key(name, role, public_key, certificate=certificate, wampcra=wampcra, expires=expires)
    if as_json:
        print_json(_shown(view) | ({"secret": view.secret} if wampcra else {}))
    elif wampcra:
        echo(str(view.secret))
    else:
        echo(f"added: {view.id} of {view.name} ({view.role})")


@key.command(name="list")
@data_option
@common
def list_(data: Path | None, url: str | None, *, as_json: bool) -> None:
    """List the keys, also those that are revoked or expired, and those that sign browser tokens, of which the key itself is not shown."""
    one_place(data, url)
    if data is not None:
        there = offline()
        found, signing = there.list_keys(data), there.list_signing_keys(data)
    else:
        with connected(url) as app:
            found, signing = app.admin.keys(), app.admin.token_keys()
    if as_json:
        print_json([*(_shown(view) for view in found), *(_signs(view) for view in signing)])
        return
    rows = table("id", "name", "role", "key", "added", "valid")
    for view in found:
        rows.add_row(view.id, plain(view.name), view.role, _words(view), plain(_made(view)), plain(validity(view)))
    console().print(rows if found else "no keys: `taskbahn key add NAME PUBLICKEY --role ROLE` adds one")
    if signing:
        console().print(_signing_table(signing))


@key.command()
@click.argument("key")
@data_option
@common
def revoke(key: str, data: Path | None, url: str | None, *, as_json: bool) -> None:
    """Revoke the key with the id KEY, or all keys of that name; sessions that they opened end within a second."""
    one_place(data, url)
    found = ask_one(data, url, lambda: offline().revoke_key(data, key, user_name()), lambda app: app.admin.revoke_key(key))
    if as_json:
        print_json([_shown(view) for view in found])
        return
    for view in found:
        echo(f"revoked: {view.id} of {view.name} ({view.role})")


key.add_command(rotate)


def _signing_table(keys: list[SigningKeyView]) -> Any:
    import time

    rows = table("id", "of browser tokens", "made", "retires")
    for view in keys:
        use = "signs" if view.in_use else "checks"
        rows.add_row(view.id, use, plain(_made(view)), f"in {(view.expires_at - time.time()) / 86400:,.1f} days")
    return rows


def _made(view: KeyView | SigningKeyView) -> str:
    return f"{ago(view.created_at)}{f' by {view.created_by}' if view.created_by else ''}"


def _words(view: KeyView) -> str:
    """Return what a table shows of a key itself."""
    if view.public_key:
        return f"{view.public_key[:DIGITS]}…"
    return f"certificate {view.certificate_key[:DIGITS]}…" if view.certificate_key else view.method


def _shown(view: KeyView) -> dict[str, Any]:
    import msgspec

    shown: dict[str, Any] = msgspec.to_builtins(view)
    shown.pop("secret")
    return shown


def _signs(view: SigningKeyView) -> dict[str, Any]:
    """Return a key that signs browser tokens as one of a list of keys: no program logs in with it."""
    import msgspec

    shown: dict[str, Any] = msgspec.to_builtins(view)
    return shown | {"method": "browser tokens", "name": None, "role": None, "revoked_at": None, "revoked_by": None}
