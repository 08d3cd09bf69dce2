"""What a connection brings along beside its address: the certificates that it trusts, and headers for a proxy in front of the node."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption
from taskbahn.transport.address import parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.transport.login import Token

WITH_TLS = ("wss", "rss")
WITH_HEADERS = ("ws", "wss")
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
OWN_HEADERS = {"host", "upgrade", "connection", "origin", "content-length", "transfer-encoding"}  # what WebSocket itself says
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Access(NamedTuple):
    """ca: a file of certificates in PEM, those of the system if it is None.   headers: of the request that opens a WebSocket.

    token: its login.
    """

    ca: Path | None = None
    headers: Mapping[str, str] = NO_HEADERS
    token: Token | None = None

    def __repr__(self) -> str:
        return f"Access(ca={self.ca}, headers={sorted(self.headers)}, token={self.token})"  # their values may be secrets


def check_use(url: str, ca: Any, headers: Any) -> None:
    """Raise InvalidOption where an address has no use for what is given with it. What the environment has is for all addresses."""
    scheme = parse_address(url).scheme
    if ca is not None and scheme not in WITH_TLS:
        raise InvalidOption(f"ca is for connections with TLS, wss:// and rss://, and the address is {url}", option="ca")
    if headers and scheme not in WITH_HEADERS:
        raise InvalidOption(f"headers are for WebSockets, ws:// and wss://, and the address is {url}", option="headers")


def access_of(ca: Any, headers: Any) -> Access:
    """Return what a user gives to an application; what is left out is that of TASKBAHN_CA and TASKBAHN_HEADERS. Raises InvalidOption."""
    from_environment = os.environ.get("TASKBAHN_CA")
    found = _ca(ca, "ca") if ca is not None else _ca(from_environment, "TASKBAHN_CA") if from_environment else None
    if headers is not None:
        return Access(found, _headers(headers, "headers"))
    lines = [line for line in os.environ.get("TASKBAHN_HEADERS", "").splitlines() if line.strip()]
    if any(":" not in line for line in lines):
        raise InvalidOption("TASKBAHN_HEADERS: each line is a name, a colon and a value", option="headers")
    pairs = (line.partition(":") for line in lines)
    return Access(found, _headers({name.strip(): value.strip() for name, _, value in pairs}, "TASKBAHN_HEADERS"))


def certificates_of(ca: Path) -> list[bytes]:
    """Return the certificates of a file, each as PEM."""
    return [found.group() for found in PEM.finditer(ca.read_bytes())]


def _ca(given: Any, source: str) -> Path:
    try:
        path = Path(given)
        count = len(certificates_of(path))
    except TypeError:
        raise InvalidOption(f"{source} = {given!r:.100}: it is the path of a file of certificates", option="ca") from None
    except OSError as error:
        raise InvalidOption(f"{source} = {given}: {error.strerror or error}", option="ca") from None
    if not count:
        raise InvalidOption(f"{source} = {given}: the file has no certificate in PEM (-----BEGIN CERTIFICATE-----)", option="ca")
    return path.resolve()


def _headers(given: Any, source: str) -> Mapping[str, str]:
    """Return headers after checks. No error has their values, which may be secrets."""
    try:
        headers = dict(given)
    except (TypeError, ValueError):
        raise InvalidOption(f"{source} are a dict of names and values, not a {type(given).__name__}", option="headers") from None
    for name, value in headers.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InvalidOption(f"{source}: {name!r:.100} is no name of a header", option="headers")
        if name.lower() in OWN_HEADERS or name.lower().startswith("sec-websocket-"):
            raise InvalidOption(f"{source}: {name} is said by the WebSocket itself; leave it out", option="headers")
        if not isinstance(value, str) or not VALUE.fullmatch(value):
            raise InvalidOption(f"{source}: the value of {name} is one line of Latin-1 text", option="headers")
    return MappingProxyType(headers)
