"""`taskbahn user`: who logs in to a node with a name and a password, and as what."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, say, table
from taskbahn.cli.token import data_option, one_place, role_options, say_if_new
from taskbahn.installing import router_missing
from taskbahn.jobs.admin import user_name

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn.protocol.access import UserView

stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, a line; else the terminal asks for it, unseen."
)


def _offline(roles: Path | None = None) -> Any:
    # imported by name: this package does not depend on the router side, which may not be installed
    try:
        if roles is not None:
            importlib.import_module("taskbahn_router.role_files").have_roles(roles)
        return importlib.import_module("taskbahn_router.access.offline_users")
    except ModuleNotFoundError as error:
        echo(router_missing(error.name), err=True)
        sys.exit(2)


@click.group(name="user")
def user() -> None:
    """Add, list and remove the users of a node with login (`taskbahn up --auth`), who have passwords."""


@user.command()
@click.argument("name")
@role_options
@stdin_option
@data_option
@common
def add(
    name: str, role: str, roles: Path | None, data: Path | None, url: str | None, *, password_stdin: bool, as_json: bool
) -> None:  # fmt: skip
    """Add a user with the name NAME; its password is asked for, and never an argument, which others could see."""
    one_place(data, url)
    if data is not None:
        _offline(roles).check_new_user(data, name, role)
        say_if_new(data)
        view = _offline().create_user(data, name, role, _new_password(name, from_stdin=password_stdin), user_name())
    else:
        password = _new_password(name, from_stdin=password_stdin)
        with connected(url) as app:
            view = app.admin.create_user(name, role, password)
    say(view, f"added: {view.name} ({view.role})", as_json=as_json)


@user.command(name="list")
@data_option
@common
def list_(data: Path | None, url: str | None, *, as_json: bool) -> None:
    """List the users."""
    one_place(data, url)
    if data is not None:
        found: list[UserView] = _offline().list_users(data)
    else:
        with connected(url) as app:
            found = app.admin.users()
    if as_json:
        print_json(found)
        return
    rows = table("name", "role", "login", "created")
    for view in found:
        created = f"{ago(view.created_at)}{f' by {view.created_by}' if view.created_by else ''}"
        rows.add_row(plain(view.name), view.role, view.login, plain(created))
    console().print(rows if found else "no users: `taskbahn user add NAME --role ROLE` adds one")


@user.command()
@click.argument("name")
@data_option
@common
def remove(name: str, data: Path | None, url: str | None, *, as_json: bool) -> None:
    """Remove the user NAME; its sessions end within a second. Its jobs stay, and are of whom has this name next."""
    one_place(data, url)
    if data is not None:
        view = _offline().remove_user(data, name, user_name())
    else:
        with connected(url) as app:
            view = app.admin.remove_user(name)
    say(view, f"removed: {view.name} ({view.role})", as_json=as_json)


@user.command()
@click.argument("name", required=False)
@stdin_option
@data_option
@common
def passwd(name: str | None, data: Path | None, url: str | None, *, password_stdin: bool, as_json: bool) -> None:
    """Give the user NAME another password, as an admin; without NAME oneself, who gives the old one, too.

    The user's sessions end within a second. With --password-stdin and without NAME, the old password is the first line.
    """
    one_place(data, url)
    if data is not None and name is None:
        raise click.UsageError("--data needs the NAME of the user")
    if name is None:
        old = _line("the old password") if password_stdin else click.prompt("Old password", hide_input=True, err=True)
        new = _new_password("", from_stdin=password_stdin)
        with connected(url) as app:
            view = app.admin.change_password(old, new)
    elif data is not None:
        view = _offline().set_password(data, name, _new_password(name, from_stdin=password_stdin), user_name())
    else:
        new = _new_password(name, from_stdin=password_stdin)
        with connected(url) as app:
            view = app.admin.set_password(name, new)
    say(view, f"changed: the password of {view.name}; its sessions have ended", as_json=as_json)


def _new_password(name: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return _line("a password")
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the password: give it as a line with --password-stdin")
    asked: str = click.prompt(
        f"New password of {name}" if name else "New password", hide_input=True, confirmation_prompt="The same again", err=True
    )
    return asked


def _line(what: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError(f"--password-stdin: standard input has no line with {what}")
    return line
