"""What a command takes for an address with TLS: which authority it trusts, and a certificate that says who it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from taskbahn.transport.access import access_of, check_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.transport.access import Access

F = TypeVar("F", bound="Callable[..., Any]")

META = "taskbahn.tls"  # of click's context, which commands of a group share
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OPTIONS = {  # as those of `Taskbahn(...)`, which reads the environment
    "ca": "Certificates that a wss:// address is checked by.  [default: TASKBAHN_CA, or those of the system]",
    "client_cert": "Certificate to show, with TLS.  [default: TASKBAHN_CLIENT_CERT]",
    "client_key": "Key of that certificate.  [default: in the same file, or TASKBAHN_CLIENT_KEY]",
}


def tls_options(command: F) -> F:
    """Add the options; `given` has their values."""
    for name, help_ in reversed(OPTIONS.items()):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, type=FILE, help=help_, callback=_keep, expose_value=False)(command)
    return command


class Given(TypedDict, total=False):
    """Values of the options."""

    ca: Path
    client_cert: Path
    client_key: Path


def given() -> Given:
    """Return the values of the options of the command that runs, by the names of `Taskbahn(...)`."""
    context = click.get_current_context(silent=True)
    found: Given = {} if context is None else context.meta.get(META, {})
    return found


def environment() -> dict[str, str]:
    """Return the variables that have the same effect on processes that this one starts."""
    return {f"TASKBAHN_{name.upper()}": str(Path(str(path)).resolve()) for name, path in given().items()}


def instead_of(access: Access, url: str) -> Access:
    """Return the access of an application with what the command was given in the place of the application's own.

    Raises InvalidOption where the address has no use for it.
    """
    found = given()
    check_use(url, found.get("ca"), None, found.get("client_cert"))
    is_other = "client_cert" in found  # its key is not that of the application's certificate
    own = (found.get("client_cert", access.client_cert), found.get("client_key", None if is_other else access.client_key))
    return access_of(found.get("ca", access.ca), access.headers, *own)._replace(login=access.login)


def _keep(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.meta.setdefault(META, {})[parameter.name] = value
