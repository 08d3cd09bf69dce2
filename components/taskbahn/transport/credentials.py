"""Logins that belong to an address: those in the address itself, and those of a file with one for each node.

The file has the form of `.netrc`, as curl and ftp read it. It is one of its own, so that no node gets the password of another service.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption
from taskbahn.private_file import read_private
from taskbahn.protocol.access import PRINCIPAL
from taskbahn.transport.address import SCHEME, UNIX, check_marks, parse_address
from taskbahn.transport.login import Hello, Token, fixed

if TYPE_CHECKING:
    from taskbahn.transport.login import Login

VARIABLE = "TASKBAHN_CREDENTIALS"
PLACE = Path("taskbahn", "credentials")  # below the user's folder of configuration


def split_address(url: Any, source: str) -> tuple[Any, Login | None]:
    """Return an address without the login in it, and that: `wss://TOKEN@host/ws`, or `wss://NAME:PASSWORD@host/ws`.

    Raises InvalidOption, in which nothing of the login is.
    """
    if not isinstance(url, str) or not SCHEME.match(url):  # or `://` may be of the login
        return url, None
    check_marks(url, source)
    scheme, _, rest = url.partition("://")
    end = min((found for mark in "/?#" if (found := rest.find(mark)) >= 0), default=len(rest))
    user, has_login, host = rest[:end].rpartition("@")
    bare = f"{scheme}://{host}{rest[end:]}"
    if not has_login:
        return url, None
    from urllib.parse import unquote  # late: a program that only declares tasks does not need this module

    name, has_password, password = user.partition(":")
    return bare, _login(
        unquote(name) if has_password else "", unquote(password if has_password else name), f"the login in {source}"
    )


def of_file(url: str) -> Login | None:
    """Return the login that the file of credentials has for an address; None: it has none, or there is no file.  Raises InvalidOption."""
    path = _path()
    if path is None:
        return None
    content = read_private(path, VARIABLE if os.environ.get(VARIABLE) else "credentials", "login", "token")
    hosts = _hosts(path, content)
    address = parse_address(url)
    for name in (f"{address.host}:{address.port}", address.host):
        if name in hosts:
            user, _, secret = hosts[name]
            return _login(user or "", secret or "", f"{path}, machine {name}")
    return None


class Unlisted(NamedTuple):
    """No login, where a file with logins has none for an address."""

    path: Path
    where: str

    def hello(self) -> Hello:
        """Return what the session says of itself: nothing."""
        return Hello(None, None)

    def answer(self, method: str, extra: dict[str, Any]) -> str:
        """Answer no challenge.  Raises ValueError."""
        raise ValueError(f"this node wants a login by {method}; {self}")

    def remedy(self, reason: str) -> str:
        """Return what helps, which is a login."""
        return f"this node wants a login, and {self}: add `machine {self.where} password TOKEN` to it, or set TASKBAHN_TOKEN"

    def too_early(self, said: str) -> str:
        """Return what to say of a login that came before its time."""
        return said

    def __str__(self) -> str:
        return f"{self.path} has no login for {self.where}"


def unlisted(url: str) -> Unlisted | None:
    """Return what to say of an address for which `of_file` has found no login; None: there is no file."""
    path, (scheme, host, port) = _path(), parse_address(url)
    return None if path is None or scheme == UNIX else Unlisted(path, f"{host}:{port}")


def _path() -> Path | None:
    """Return the file that the environment names, or else that of this user; None: there is none."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else _usual()


def _hosts(path: Path, content: bytes) -> dict[str, tuple[Any, Any, Any]]:
    import netrc  # late: few programs have such a file

    try:
        return dict(netrc.netrc(str(path)).hosts)
    except netrc.NetrcParseError as error:  # whose own words quote what may be a secret
        raise InvalidOption(
            f"{path}, line {error.lineno}: it is not of the form `machine HOST login NAME password SECRET`", option="token"
        ) from None
    except UnicodeDecodeError:
        raise InvalidOption(f"{path} is no text in UTF-8 ({len(content)} bytes)", option="token") from None


def _login(name: str, secret: str, source: str) -> Login:
    """Return a login with a user's password, or with a token if there is no name."""
    if not name:
        return fixed(secret, source)
    if not PRINCIPAL.fullmatch(name):
        raise InvalidOption(f"{source} has no name of a user before its colon", option="token")
    if not secret:
        raise InvalidOption(f"{source} has a name and no password", option="token")
    return Token(lambda: secret, name, source)


def _usual() -> Path | None:
    """Return the file of this user, if there is one."""
    try:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()  # XDG Base Directory Specification
        return path if (path := folder / PLACE).exists() else None
    except (OSError, RuntimeError):  # the user has no folder, or may not look into it
        return None
