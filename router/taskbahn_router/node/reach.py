"""From where a node can be reached: beyond its machine only with a login, or where the operator says that it is to have none."""

from __future__ import annotations

import ipaddress

from taskbahn_router.node.failure import NodeFailed

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
