"""`taskbahn token`: who may log in to a node, and as what."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskbahn.cli.pause import seconds_of
from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, table
from taskbahn.installing import router_missing
from taskbahn.jobs.admin import user_name
from taskbahn.protocol.access import GIVEN_ROLES, VERBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.access import KeyView, TokenView

F = TypeVar("F", bound="Callable[..., Any]")
R = TypeVar("R")
ROLES = ", ".join(GIVEN_ROLES)
data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of a node that does not run; else the node at --url is asked, with TASKBAHN_TOKEN of an admin.",
)


def role_options(command: F) -> F:
    """Add `--role` and `--roles`."""
    role = click.option(
        "--role", required=True, metavar="ROLE", help=f"What its sessions may do: {ROLES}, or a role of the node."
    )
    kind = click.Path(dir_okay=False, path_type=Path)
    file = click.option("--roles", type=kind, envvar="TASKBAHN_UP_ROLES", help="With --data: the file of the node's own roles.")
    return role(file(command))


def offline(roles: Path | None = None) -> Any:
    """Return what works on a directory whose node does not run; ends the process where that is not installed.

    roles: a file of own roles, which its node will have.
    """
    # imported by name: this package does not depend on the router side, which may not be installed
    try:
        if roles is not None:
            importlib.import_module("taskbahn_router.role_files").have_roles(roles)
        return importlib.import_module("taskbahn_router.access.offline")
    except ModuleNotFoundError as error:
        echo(router_missing(error.name), err=True)
        sys.exit(2)


def say_if_new(data: Path) -> None:
    """Say on standard error that a directory becomes that of a node: its name may be mistyped."""
    if not importlib.import_module("taskbahn_router.access.offline").has_store(data):
        echo(f"there is no node's data in {data} yet, so this makes it: run the node with --data {data}", err=True)


def one_place(data: Path | None, url: str | None) -> None:
    """Refuse to be asked about two nodes."""
    if data is not None and url is not None:
        raise click.UsageError("--data is of a node that does not run, and --url of one that does: give one of them")


@click.group(name="token")
def token() -> None:
    """Create, list and revoke the tokens of a node with login (`taskbahn up --auth`)."""


@token.command()
@click.argument("name")
@role_options
@click.option(
    "--expires", metavar="DURATION", callback=seconds_of, help="It is valid for that time, such as 90d; else until it is revoked."
)
@data_option
@common
def create(
    name: str, role: str, roles: Path | None, expires: float | None, data: Path | None, url: str | None, *, as_json: bool
) -> None:  # fmt: skip
    """Create a token and print it, alone: it is shown this once, for the node keeps only a digest of it.

    NAME is who its sessions are. Jobs are of the name that started them, so a new token of the same name has the same jobs: create it,
    deploy it, and revoke the old one by its id.
    """
    one_place(data, url)
    if data is not None:
        there = offline(roles)
        say_if_new(data)
        text, view = there.create_token(data, name, role, expires, user_name())
    else:
        with connected(url) as app:
            view = app.admin.create_token(name, role, expires=expires)
            text = view.token
    if as_json:
        print_json(_shown(view) | {"token": text})
    else:
        echo(text)


@token.command(name="list")
@data_option
@common
def list_(data: Path | None, url: str | None, *, as_json: bool) -> None:
    """List the tokens, also those that are revoked or expired. None of their texts is shown, for the node does not have them."""
    one_place(data, url)
    found = ask_one(data, url, lambda: offline().list_tokens(data), lambda app: app.admin.tokens())
    if as_json:
        print_json([_shown(view) for view in found])
        return
    rows = table("id", "name", "role", "created", "valid")
    for view in found:
        created = f"{ago(view.created_at)}{f' by {view.created_by}' if view.created_by else ''}"
        rows.add_row(view.id, plain(view.name), view.role, plain(created), plain(validity(view)))
    console().print(rows if found else "no tokens: `taskbahn token create NAME --role ROLE` makes one")


@token.command()
@click.argument("token")
@data_option
@common
def revoke(token: str, data: Path | None, url: str | None, *, as_json: bool) -> None:
    """Revoke the token with the id TOKEN, or all tokens of that name; sessions that they opened end within a second.

    TOKEN may also be the id or the text of a browser token.
    """
    one_place(data, url)
    found = ask_one(
        data, url, lambda: offline().revoke_token(data, token, user_name()), lambda app: app.admin.revoke_token(token)
    )
    if as_json:
        print_json([_shown(view) for view in found])
        return
    for view in found:
        echo(f"revoked: {view.id} of {view.name} ({view.role})")


@token.command()
@click.option("--watch", metavar="ID", multiple=True, help="It sees this job, and what belongs to it.")
@click.option("--cancel", metavar="ID", multiple=True, help="It may cancel this job; `all`: each one that it sees.")
@click.option("--answer", metavar="ID", multiple=True, help="It may answer questions of this job, or of `all`.")
@click.option("--send", metavar="ID", multiple=True, help="It may send messages to this job, or to `all`.")
@click.option("--retry", metavar="ID", multiple=True, help="It may retry this job, or `all`.")
@click.option("--start", metavar="PATTERN", multiple=True, help="It may start tasks with such a name, as 'images.*'.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="It sees jobs with this tag; what it starts gets it.")
@click.option("--expires", metavar="DURATION", default="15m", callback=seconds_of, help="It is valid for that time, at most 30d.")
@click.option("--once", is_flag=True, help="It starts one job.")
@common
def browser(url: str | None, *, as_json: bool, **words: Any) -> None:
    """Sign a browser token and print it, alone: what one page may see and do, and nothing else.

    The node keeps no list of these. An admin revokes one by `taskbahn token revoke`, with its text.
    """
    for verb in VERBS:
        words[verb] = True if list(words[verb]) == ["all"] else words[verb]
    with connected(url) as app:
        text = app.token(**words)
    if as_json:
        print_json({"token": text})
    else:
        echo(text)


@token.command()
@click.option("--revoke", "revokes", is_flag=True, help="End all browser tokens that the keys before have signed.")
@data_option
@common
def rotate(data: Path | None, url: str | None, *, as_json: bool, revokes: bool) -> None:
    """Sign browser tokens with a new key from now on; the node does so by itself every 30 days."""
    one_place(data, url)
    if data is not None:
        key = offline().rotate_signing_key(data, user_name(), revokes=revokes)
    else:
        with connected(url) as app:
            key = app.admin.rotate_token_key(revoke=revokes)
    if as_json:
        print_json({"key": key, "revoked": revokes})
    else:
        echo(f"new key: {key}{'; all browser tokens have ended' if revokes else ''}")


def ask_one(data: Path | None, url: str | None, there: Callable[[], R], online: Callable[[Any], R]) -> R:
    """Return what a data directory answers, or else a node."""
    if data is not None:
        return there()
    with connected(url) as app:
        return online(app)


def validity(view: TokenView | KeyView) -> str:
    """Return for how long a token or a key is valid."""
    if view.revoked_at is not None:
        return f"revoked {ago(view.revoked_at)}{f' by {view.revoked_by}' if view.revoked_by else ''}"
    if view.expires_at is None:
        return "until it is revoked"
    import time

    left = view.expires_at - time.time()
    return "expired" if left <= 0 else f"for {left / 86400:,.1f} days"


def _shown(view: TokenView) -> dict[str, Any]:
    import msgspec

    shown: dict[str, Any] = msgspec.to_builtins(view)
    shown.pop("token")
    return shown
