"""`taskbahn up`: router, dispatcher and page on one port."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli import starting
from taskbahn.cli.issuer_options import issuers_in, issuers_option
from taskbahn.cli.oidc_options import company_login, oidc_options
from taskbahn.cli.origins import whole_origins
from taskbahn.cli.proxies import check_proxies, whole_proxies
from taskbahn.cli.role_limits import whole_limits
from taskbahn.cli.up_checks import check_options
from taskbahn.errors import TaskbahnError
from taskbahn.installing import router_missing

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE_WEBHOOKS = "TASKBAHN_ALLOW_PRIVATE_WEBHOOKS"
SHORTEST_KEEP_SECONDS, LONGEST_KEEP_SECONDS = 3600.0, 36_500 * 86_400.0
SHOWN = (
    "port",
    "interface",
    "socket",
    "tls_cert",
    "tls_key",
    "tls_client_ca",
    "tls_client_optional",
    "behind_proxy",
    "proxy_protocol",
    "data",
    "loglevel",
    "origins",
    "auth",
    "roles",
    "issuers",
    "company",
    "insecure_no_auth",
    "role_limits",
    "keep_audit",
)  # by `taskbahn settings`
PARAMETERS = {"company": "oidc_issuer"}  # where the option has another name than the field of `Wanted`
SOURCES = {"COMMANDLINE": "command line", "ENVIRONMENT": "environment"}  # click's name of a source -> what the settings show


def shown(name: str) -> dict[str, Any]:
    """Return what all options of a node have in common: a default that the help shows, and a variable of the environment.

    The variables do not begin with TASKBAHN_PORT and the like: Kubernetes sets these, to something else, for a service called taskbahn.
    """
    return {"show_default": True, "envvar": f"TASKBAHN_UP_{name}", "show_envvar": True}


def kept_for(context: click.Context, option: click.Parameter, value: str) -> float:
    """Return the seconds for which something is kept."""
    from taskbahn.cli.when_options import seconds_in  # late: it knows schedules

    seconds = seconds_in(option.opts[0], value)
    if not SHORTEST_KEEP_SECONDS <= seconds <= LONGEST_KEEP_SECONDS:
        raise click.BadParameter(f"{value[:100]} is not from 1h to 36500d", context, option)
    return seconds


def data_option(help: str) -> Callable[[Any], Any]:  # noqa: A002 - click's own word
    """Return the option for a node's directory."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--data", type=kind, default=Path(".taskbahn"), help=help, **shown("DATA"))


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, help="The one port for everything; 0: a free one.", **shown("PORT")
)
@click.option(
    "--interface", default="127.0.0.1", help="Address to listen on; one that others reach needs --auth.", **shown("INTERFACE")
)
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    help="Unix socket to listen on in place of the port, for processes that may open its file.",
    envvar="TASKBAHN_UP_SOCKET",
    show_envvar=True,
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    help="Certificate and its chain, in PEM: the port speaks https, wss and rss then. A renewed file is used at once.",
    envvar="TASKBAHN_UP_TLS_CERT",
    show_envvar=True,
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    help="Key of the certificate, in PEM.  [default: in the file of --tls-cert]",
    envvar="TASKBAHN_UP_TLS_KEY",
    show_envvar=True,
)
@click.option(
    "--tls-client-ca",
    type=click.Path(path_type=Path),
    help="Authorities, in PEM: each client has to show a certificate of one of them.",
    envvar="TASKBAHN_UP_TLS_CLIENT_CA",
    show_envvar=True,
)
@click.option(
    "--tls-client-optional",
    is_flag=True,
    help="Let clients through that show no certificate, as browsers; those that show one may log in with it.",
    envvar="TASKBAHN_UP_TLS_CLIENT_OPTIONAL",
    show_envvar=True,
)
@click.option(
    "--behind-proxy",
    multiple=True,
    callback=whole_proxies,
    metavar="ADDRESS|NETWORK",
    help="Proxy whose X-Forwarded-For, -Proto and -Host are believed; as often as needed.",
    envvar="TASKBAHN_UP_BEHIND_PROXY",
    show_envvar=True,
)
@click.option(
    "--proxy-protocol",
    is_flag=True,
    help="These proxies begin each connection with a header of the PROXY protocol.",
    envvar="TASKBAHN_UP_PROXY_PROTOCOL",
    show_envvar=True,
)
@data_option("Directory for jobs and the node's files.")
@click.option("--loglevel", type=click.Choice(["error", "warn", "info", "debug"]), default="warn", **shown("LOGLEVEL"))
@click.option(
    "--origin",
    "origins",
    multiple=True,
    callback=whole_origins,
    metavar="ORIGIN",
    help="Origin whose pages may connect, beside those of this machine; as often as needed.",
    envvar="TASKBAHN_UP_ORIGIN",
    show_envvar=True,
)
@click.option(
    "--auth",
    is_flag=True,
    help="Let sessions in by a login only: see `taskbahn token` and `taskbahn user`.",
    envvar="TASKBAHN_UP_AUTH",
    show_envvar=True,
)
@click.option(
    "--roles",
    type=click.Path(path_type=Path),
    help="File of TOML with roles of your own, for --auth.",
    envvar="TASKBAHN_UP_ROLES",
    show_envvar=True,
)
@issuers_option
@click.option(
    "--insecure-no-auth",
    is_flag=True,
    help="Listen beyond this machine without a login: all who reach the port may do everything.",
    envvar="TASKBAHN_UP_INSECURE_NO_AUTH",
    show_envvar=True,
)
@click.option(
    "--role-limit",
    "role_limits",
    multiple=True,
    callback=whole_limits,
    metavar="ROLE:LIMIT=NUMBER",
    help="What each name of a role may use: connections, submissions and bytes a second, watchers; none: no limit.",
    envvar="TASKBAHN_UP_ROLE_LIMIT",
    show_envvar=True,
)
@click.option(
    "--allow-private-webhooks",
    is_flag=True,
    help="Let web hooks go to private addresses, such as this machine's.",
    envvar=PRIVATE_WEBHOOKS,
    show_envvar=True,
)
@click.option(
    "--keep-audit",
    callback=kept_for,
    default="365d",
    metavar="DURATION",
    help="How long entries of the audit are kept, as 90d.",
    **shown("KEEP_AUDIT"),
)
@oidc_options
@click.option("--json", "as_json", is_flag=True, help="Print the ready line as JSON.")
@click.pass_context
def up(
    context: click.Context,
    /,
    port: int,
    interface: str,
    socket: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    behind_proxy: tuple[str, ...],
    data: Path,
    loglevel: str,
    origins: tuple[str, ...],
    roles: Path | None,
    issuers: Path | None,
    keep_audit: float,
    role_limits: dict[str, dict[str, float | None]],
    *,
    auth: bool,
    insecure_no_auth: bool,
    tls_client_optional: bool,
    proxy_protocol: bool,
    allow_private_webhooks: bool,
    as_json: bool,
    **oidc: Any,
) -> None:
    """Start router, dispatcher and page; ends cleanly on Ctrl-C or SIGTERM."""
    from taskbahn.client.guard import let_children

    # imported by name: this package does not depend on the router side, which may not be installed
    try:
        node = importlib.import_module("taskbahn_router.node.launcher")
    except ModuleNotFoundError as error:
        click.echo(router_missing(error.name), err=True)
        sys.exit(2)

    starting.end()
    let_children("")  # a node that tests have started is theirs, with its own worker
    os.environ[PRIVATE_WEBHOOKS] = "1" if allow_private_webhooks else "0"  # the node's own worker inherits it
    sources = {name: context.get_parameter_source(PARAMETERS.get(name, name)) for name in SHOWN}
    given = {name: SOURCES.get(source.name if source else "", "default") for name, source in sources.items()}
    check_options(context.params, given)
    check_proxies(behind_proxy, has_socket=socket is not None, proxy_protocol=proxy_protocol)
    company = company_login(oidc, auth=auth)
    own = _roles_of(roles)
    permissions = importlib.import_module("taskbahn_router.role_permissions").roles(own) if auth else None
    wanted = node.Wanted(
        port, interface, data, loglevel, origins, socket, permissions, given, keep_audit, tls_cert=tls_cert, tls_key=tls_key,
        tls_client_ca=tls_client_ca, tls_client_optional=tls_client_optional, behind_proxy=behind_proxy,
        proxy_protocol=proxy_protocol, roles=tuple(role.plain() for role in own), company=company, role_limits=role_limits,
        insecure_no_auth=insecure_no_auth, issuers=issuers_in(issuers),
    )  # fmt: skip

    def ready(addresses: Any) -> None:
        if as_json:
            import json

            line = json.dumps({"page": addresses.page, "websocket": addresses.websocket, "rawsocket": addresses.rawsocket})
        else:
            line = f"Taskbahn is ready: {addresses}"
        click.echo(line)
        sys.stdout.flush()

    try:
        sys.exit(node.up(wanted, ready))
    except TaskbahnError as error:
        click.echo(f"taskbahn: {error.message}", err=True)
        sys.exit(1)


def _roles_of(file: Path | None) -> list[Any]:
    """Return the own roles of a file; ends the process where it is wrong."""
    if file is None:
        return []
    try:
        roles: list[Any] = importlib.import_module("taskbahn_router.role_files").read_roles(file)
    except TaskbahnError as error:
        click.echo(f"taskbahn: {error.message}", err=True)
        sys.exit(1)
    return roles
