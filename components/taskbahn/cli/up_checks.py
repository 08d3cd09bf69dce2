"""Which options of `taskbahn up` go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_options(options: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raise `UsageError` where the options do not fit together.

    options: by their parameters.   given: where each comes from.
    """
    socket, auth, certificate = options["socket"] is not None, options["auth"], options["tls_cert"]
    named = [f"--{name}" for name in ("port", "interface") if given[name] == "command line"]
    for is_wrong, sentence in (
        (socket and named, f"--socket takes the place of {' and '.join(named)}: give one of the two."),
        (socket and certificate, "--tls-cert is for a port: what comes through --socket does not leave the machine."),
        (options["tls_key"] and not certificate, "--tls-key belongs to a certificate: give that with --tls-cert."),
        (
            options["tls_client_ca"] and not certificate,
            "--tls-client-ca is for a port that speaks TLS: add --tls-cert.",
        ),
        (
            options["tls_client_optional"] and not options["tls_client_ca"],
            "--tls-client-optional is for certificates of clients: add --tls-client-ca.",
        ),
        (
            options["tls_client_optional"] and not auth,
            "--tls-client-optional without a login lets everybody through: add --auth, or leave out both it and --tls-client-ca.",
        ),
        (
            options["insecure_no_auth"] and auth,
            "--insecure-no-auth says that there is no login, and --auth that there is one: give one of the two.",
        ),
        (
            options["role_limits"] and not auth,
            "--role-limit is for roles, which sessions have with a login: add --auth.",
        ),
        (options["issuers"] is not None and not auth, "--issuers is for a node with login: add --auth."),
        (options["roles"] is not None and not auth, "--roles is for a node with login: add --auth."),
    ):
        if is_wrong:
            raise click.UsageError(sentence)
    if certificate and not options["tls_key"]:
        from taskbahn.transport.access import has_key  # late: few nodes have a certificate

        if not has_key(certificate):
            raise click.UsageError(f"{certificate} has no private key: give it with --tls-key.")
