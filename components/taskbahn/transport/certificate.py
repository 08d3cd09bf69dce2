"""A login with the certificate that a client shows, where it has neither token nor key: TLS has proved it, so nothing is left to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.transport.access import WITH_TLS
from taskbahn.transport.address import parse_address
from taskbahn.transport.login import NO_METHOD, Hello

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn.transport.access import Access

METHOD = "tls"


class ByCertificate:
    """The login with a certificate.   path: its file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"ByCertificate({self.path})"

    def hello(self) -> Hello:
        """Return what the session says of itself; a node without login takes it, too."""
        return Hello([METHOD, "anonymous"], None)

    def answer(self, method: str, extra: dict[str, Any]) -> str:
        """Answer no challenge: there is none.  Raises ValueError."""
        raise ValueError(f"{method} is no login with a certificate")

    def remedy(self, reason: str) -> str:
        """Return what helps against a login that was refused for a reason."""
        if reason == NO_METHOD:
            return (
                "this node wants a login, and takes no certificates for it (`taskbahn up --tls-client-ca`): "
                "set TASKBAHN_TOKEN, or give Taskbahn(token=...)"
            )
        return (
            f"this node does not know the certificate in {self.path}, or its key is revoked or over: an admin adds it with "
            f"`taskbahn key add NAME --certificate {self.path} --role ROLE`, and `taskbahn key list` shows those there are; "
            "or set TASKBAHN_TOKEN"
        )

    def too_early(self, said: str) -> str:
        """Return what to say of a login that came before its time."""
        return f"this node does not know the certificate in {self.path}; {said}"


def by_certificate(access: Access, url: str) -> ByCertificate | None:
    """Return the login with the certificate that is shown at an address; None: there is none to show."""
    if access.client_cert is None or parse_address(url).scheme not in WITH_TLS:
        return None
    return ByCertificate(access.client_cert)
