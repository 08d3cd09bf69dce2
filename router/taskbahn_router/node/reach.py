"""From where a node can be reached: beyond its machine only with a login, or where the operator says that it is to have none."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from taskbahn_router.node.launcher import Wanted

ANYWAY = ("localhost", "127.0.0.1", "::1")  # interfaces whose pages may connect by the template of the configuration
INSECURE = (
    "--insecure-no-auth: this node has no login, and each program that reaches {interface} may do everything, as long as it runs; "
    "start it with --auth instead"
)


def is_loopback(interface: str) -> bool:
    """Return whether only this machine reaches an interface.  Raises NodeFailed."""
    try:
        return ipaddress.ip_address("127.0.0.1" if interface == "localhost" else interface).is_loopback
    except ValueError:
        raise NodeFailed(f"--interface {interface!r} is no IP address; give 127.0.0.1 or ::1") from None


def check_interface(interface: str, *, has_login: bool, is_insecure: bool = False) -> None:
    """Refuse to listen beyond the loopback interface without login: each session there could do everything."""
    if not is_loopback(interface) and not has_login and not is_insecure:
        raise NodeFailed(
            f"--interface {interface} can be reached from other machines, and without a login each of them could do everything: "
            "add --auth, or use 127.0.0.1 and put a proxy that authenticates before it"
        )


def own_origins(wanted: Wanted) -> list[str]:
    """Return the origin of the page that the node says it has, in the form that the router compares.

    It is an address, and no name: the owner of a name could have it point to this machine. Those of the loopback interface, and pages
    with TLS, may connect anyway.
    """
    if wanted.socket is not None or wanted.tls_cert is not None or wanted.interface in ANYWAY:
        return []
    return [f"http://{ipaddress.ip_address(wanted.interface).compressed}:{wanted.port}"]
