"""What a connection brings along beside its address: the certificates that it trusts, and headers for a proxy in front of the node."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption
from taskbahn.transport.address import parse_address, shown_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.transport.login import Login

WITH_TLS = ("wss", "rss")
WITH_HEADERS = ("ws", "wss")
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
OWN_HEADERS = {"host", "upgrade", "connection", "origin", "content-length", "transfer-encoding"}  # what WebSocket itself says
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Access(NamedTuple):
    """ca: a file of certificates in PEM, those of the system if it is None.   headers: of the request that opens a WebSocket.

    login: with a token or a key.   client_cert, client_key: the files of a certificate that the client shows of itself, in PEM, and of its key.
    """

    ca: Path | None = None
    headers: Mapping[str, str] = NO_HEADERS
    login: Login | None = None
    client_cert: Path | None = None
    client_key: Path | None = None

    def __repr__(self) -> str:
        shown = f"ca={self.ca}, headers={sorted(self.headers)}, login={self.login}"  # their values may be secrets
        return f"Access({shown}, client_cert={self.client_cert}, client_key={self.client_key})"


def check_use(url: str, ca: Any, headers: Any, client_cert: Any = None) -> None:
    """Raise InvalidOption where an address has no use for what is given with it. What the environment has is for all addresses."""
    scheme = parse_address(url).scheme
    for option, given in (("ca", ca), ("client_cert", client_cert)):
        if given is not None and scheme not in WITH_TLS:
            raise InvalidOption(
                f"{option} is for connections with TLS, wss:// and rss://, and the address is {shown_address(url)}", option=option
            )
    if headers and scheme not in WITH_HEADERS:
        raise InvalidOption(
            f"headers are for WebSockets, ws:// and wss://, and the address is {shown_address(url)}", option="headers"
        )


def access_of(ca: Any, headers: Any, client_cert: Any = None, client_key: Any = None) -> Access:
    """Return what a user gives to an application. What is left out is that of the environment: TASKBAHN_CA, TASKBAHN_HEADERS,
    TASKBAHN_CLIENT_CERT and TASKBAHN_CLIENT_KEY.  Raises InvalidOption.
    """
    shown, key = _client(client_cert, client_key)
    return Access(_given("ca", ca, PEM, "certificates"), _headers_of(headers), client_cert=shown, client_key=key)


def _client(certificate: Any, key: Any) -> tuple[Path | None, Path | None]:
    """Return the files of the client's certificate and of its key, which may be one file."""
    shown = _given("client_cert", certificate, PEM, "certificates")
    if certificate is not None and key is None:  # the key of the environment is of its certificate
        return shown, _own_key(shown)
    secret = _given("client_key", key, KEY, "a private key")
    if secret is not None and shown is None:
        raise InvalidOption(
            "client_key belongs to a certificate: give that as client_cert or TASKBAHN_CLIENT_CERT", option="client_key"
        )
    return shown, _own_key(shown) if secret is None else secret


def _own_key(certificate: Path | None) -> Path | None:
    """Return the file of a certificate as that of its key, which has to be in it then."""
    if certificate is not None and not has_key(certificate):
        raise InvalidOption(
            f"{certificate} has no private key: give it with Taskbahn(client_key=...), --client-key or TASKBAHN_CLIENT_KEY",
            option="client_key",
        )
    return certificate


def has_key(file: Path) -> bool:
    """Return whether a private key is in a file beside its certificate. Of a file that has none, or cannot be read, others say so."""
    try:
        content = file.read_bytes()
    except OSError:
        return True
    return bool(KEY.search(content)) or not PEM.search(content)


def _headers_of(headers: Any) -> Mapping[str, str]:
    if headers is not None:
        return _headers(headers, "headers")
    lines = [line for line in os.environ.get("TASKBAHN_HEADERS", "").splitlines() if line.strip()]
    if any(":" not in line for line in lines):
        raise InvalidOption("TASKBAHN_HEADERS: each line is a name, a colon and a value", option="headers")
    pairs = (line.partition(":") for line in lines)
    return _headers({name.strip(): value.strip() for name, _, value in pairs}, "TASKBAHN_HEADERS")


def certificates_of(ca: Path) -> list[bytes]:
    """Return the certificates of a file, each as PEM."""
    return [found.group() for found in PEM.finditer(ca.read_bytes())]


def first_certificate(file: Any) -> str:
    """Return the first certificate of a file, which is that of its owner, and nothing else of it.  Raises InvalidOption."""
    return certificates_of(_file(file, "certificate", "certificate", PEM, "a certificate"))[0].decode("ascii", "replace")


def _given(option: str, given: Any, pattern: re.Pattern[bytes], what: str) -> Path | None:
    """Return a file that is given, or else that of the environment."""
    if given is not None:
        return _file(given, option, option, pattern, what)
    variable = f"TASKBAHN_{option.upper()}"
    from_environment = os.environ.get(variable)
    return _file(from_environment, variable, option, pattern, what) if from_environment else None


def _file(given: Any, source: str, option: str, pattern: re.Pattern[bytes], what: str) -> Path:
    try:
        path = Path(given)
        content = path.read_bytes()
    except TypeError:
        raise InvalidOption(f"{source} = {given!r:.100}: it is the path of a file of {what}", option=option) from None
    except OSError as error:
        raise InvalidOption(f"{source} = {given}: {error.strerror or error}", option=option) from None
    if not pattern.search(content):
        name = "private key" if pattern is KEY else "certificate"
        raise InvalidOption(f"{source} = {given}: the file has no {name} in PEM (-----BEGIN {name.upper()}-----)", option=option)
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
