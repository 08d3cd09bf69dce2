"""What a router's address looks like, checked where it is given: by `Taskbahn(...)`, `TASKBAHN_URL` or `--url`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_URL = "ws://127.0.0.1:8080/ws"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
PORTS = {"ws": 80, "wss": 443, "rs": 8080, "rss": 8080}
MAX_PORT = 65535
UNIX = "unix"
MAX_SOCKET_BYTES = 103  # bytes of the path of a Unix socket, which macOS takes; Linux takes 107
FORMS = "write ws://host:port/ws or rs://host:port, with TLS wss:// or rss://, or unix:///path/of/a.sock"
PLAIN_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
BARE = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:/\S*)?")  # an address without its scheme
SCHEME = re.compile(r"(?:wss?|rss?|https?)://", re.IGNORECASE)
MARKS = "in a name, a token or a password write `/` as %2F, `?` as %3F, `#` as %23, `@` as %40"
MAX_SHOWN = 200  # characters


class Address(NamedTuple):
    """The parts of an address; of a Unix socket, *host* is its path and the port is 0."""

    scheme: str
    host: str
    port: int


def check_address(url: Any, source: str = "", *, is_bare: bool = False) -> str:
    """Return *url* if it is an address of a router; raises InvalidOption.

    source: where it comes from, for the sentence.   is_bare: a login was taken out of it, or there was none.
    """
    if not is_bare:
        check_marks(url, source)
    parse_address(url, source)
    text: str = url
    return text


def check_marks(url: Any, source: str = "") -> None:
    """Raise InvalidOption where a character of a login ends the host, so that the rest would be taken for a path or a query."""
    if isinstance(url, str) and SCHEME.match(url):
        authority, rest = _split(url)
        if "@" in rest and "@" not in authority:
            raise _refused(url, source, MARKS)


def shown_address(url: str) -> str:
    """Return an address as sentences show it: nothing before its last `@`, which may be of a login, whatever characters that has."""
    before, has_login, rest = url.rpartition("@")
    if not has_login or url.lower().startswith(f"{UNIX}:///"):
        return url
    scheme = SCHEME.match(before)
    return f"{scheme.group() if scheme else ''}…@{rest}"


def parse_address(url: Any, source: str = "") -> Address:
    """Return the parts of *url*; raises InvalidOption."""
    if not isinstance(url, str):
        raise _refused(url, source, f"it is {type(url).__name__}, not text")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _refused(url, source, "it has spaces or characters that cannot be seen")
    parts, host, port = _parts(url, source)
    if url.lower().startswith(f"{UNIX}:"):
        return Address(UNIX, _socket_path(url, source), 0)
    if parts.scheme not in PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise _refused(url, source, _better(url))
    if not host or not _is_host(host):
        shown = "that" if "@" in url else repr(host)
        raise _refused(url, source, f"{shown} is no name of a host" if host else "it has no host")
    if port == 0:
        raise _refused(url, source, f"a port is 1 to {MAX_PORT}")
    if parts.fragment or "#" in url:
        raise _refused(url, source, "a part after # goes nowhere")
    if parts.username is not None or parts.password is not None:
        raise _refused(
            url, source, "a login does not belong there: Taskbahn(...) and TASKBAHN_URL take it, and TASKBAHN_TOKEN does"
        )
    return Address(parts.scheme, host, port or PORTS[parts.scheme])


def same_node(url: str, other: str) -> bool:
    """Return whether two addresses are those of one node, by another scheme or name of this machine too."""
    try:
        one, two = parse_address(url), parse_address(other)
    except InvalidOption:
        return url == other
    if one.port != two.port or (one.host != two.host and not {one.host, two.host} <= LOOPBACK):
        return False
    paths = {found.partition("://")[2].partition("/")[2] for found in (url, other) if found.lower().startswith("ws")}
    return len(paths) < 2  # noqa: PLR2004 - a proxy may have several nodes, each under its own path


def _socket_path(url: str, source: str) -> str:
    path = url[len(f"{UNIX}://") :]
    if not url.startswith(f"{UNIX}:///") or path.endswith("/"):
        raise _refused(url, source, "the path of a Unix socket is absolute, so that three slashes follow the colon")
    if len(path.encode()) > MAX_SOCKET_BYTES:
        raise _refused(url, source, f"the path of a Unix socket has at most {MAX_SOCKET_BYTES} bytes")
    return path


def _is_host(host: str) -> bool:
    if ":" in host or PLAIN_HOST.fullmatch(host):  # a host with a colon is an IPv6 address, which was in brackets and is checked
        return True
    try:
        return bool(PLAIN_HOST.fullmatch(host.encode("idna").decode()))
    except UnicodeError:
        return False


def _parts(url: str, source: str) -> tuple[SplitResult, str | None, int | None]:
    """Return the parts of a URL, its host and its port."""
    if SCHEME.match(url) and "@" in _split(url)[1].partition("?")[0]:
        raise _refused(url, source, MARKS)
    from urllib.parse import urlsplit  # late: a program that only declares tasks does not need this module

    try:
        parts = urlsplit(url)
        return parts, parts.hostname, parts.port
    except ValueError as error:  # whose words quote what may be of a login
        raise _refused(url, source, MARKS if "@" in url else str(error).lower()) from None


def _split(url: str) -> tuple[str, str]:
    """Return what an address has between its scheme and its path, and all that follows."""
    after = url.partition("://")[2]
    end = min((found for mark in "/?#" if (found := after.find(mark)) >= 0), default=len(after))
    return after[:end], after[end:]


def _better(url: str) -> str:
    """Return what may have been meant; empty if that cannot be guessed."""
    if "@" in url:
        return ""
    scheme, found, rest = url.partition("://")
    if found and scheme.lower() in ("http", "https") and rest.partition("/")[0]:
        return f"did you mean {'wss' if scheme.lower() == 'https' else 'ws'}://{rest.partition('/')[0]}/ws?"
    if not found and url and BARE.fullmatch(url):
        return f"did you mean ws://{url.partition('/')[0]}/ws?"
    return ""


def _refused(url: Any, source: str, why: str) -> InvalidOption:
    shown = repr(shown_address(url)) if isinstance(url, str) else shown_address(repr(url))
    shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
    origin = f"{source} = " if source else ""
    reason = f" ({why})" if why else ""
    return InvalidOption(f"{origin}{shown} is no address of a router: {FORMS}{reason}", option="url")
