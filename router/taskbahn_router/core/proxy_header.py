"""The header of the PROXY protocol, versions 1 and 2: the first bytes of a connection, in which a proxy says who its client is.

Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2. What the header says beside the address is not read.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from taskbahn_router.core.forwarding import IP

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # of version 2
FIXED_BYTES = 16  # of version 2, before the addresses
MOST_BYTES = 4096  # of the rest of version 2
WORD = b"PROXY "  # of version 1
MOST_LINE_BYTES = 107  # of version 1, with its end
LINE = re.compile(rb"PROXY TCP([46]) (\S{2,39}) (\S{2,39}) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n")
UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")
LOCAL, PROXY = 0x20, 0x21  # version and command
TCP4, TCP6, UNSPECIFIED, UNIX_STREAM = 0x11, 0x21, 0x00, 0x31
ADDRESS_BYTES = {TCP4: (4, 12), TCP6: (16, 36)}  # of one address, and of all that is said of both
MOST_PORT = 65_535


class NoHeader(ValueError):
    """The bytes do not begin with a header."""


class Header(NamedTuple):
    """client: address and port; None where the proxy speaks for itself, as to see whether the node lives.   length: in bytes."""

    client: tuple[IP, int] | None
    length: int


def read(data: bytes) -> Header | None:
    """Return the header at the beginning of a connection; None while it is not complete.  Raises NoHeader."""
    if data.startswith(SIGNATURE):
        return _second(data)
    if data.startswith(WORD):
        return _first(data)
    if SIGNATURE.startswith(data) or WORD.startswith(data):
        return None
    raise NoHeader


def _first(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, MOST_LINE_BYTES)
    if end < 0:
        if len(data) >= MOST_LINE_BYTES:
            raise NoHeader
        return None
    line = data[: end + 2]
    if UNKNOWN.fullmatch(line):
        return Header(None, len(line))
    found = LINE.fullmatch(line)
    if found is None:
        raise NoHeader
    try:
        source, destination = (ip_address(found[index].decode("ascii")) for index in (2, 3))
    except ValueError:  # of ASCII, too
        raise NoHeader from None
    version, ports = int(found[1]), (int(found[4]), int(found[5]))
    if {source.version, destination.version} != {version} or max(ports) > MOST_PORT or getattr(source, "scope_id", None):
        raise NoHeader
    return Header((source, ports[0]), len(line))


def _second(data: bytes) -> Header | None:
    if len(data) < FIXED_BYTES:
        return None
    command, family, size = data[12], data[13], int.from_bytes(data[14:16], "big")
    if command not in (LOCAL, PROXY) or size > MOST_BYTES:
        raise NoHeader
    if len(data) < FIXED_BYTES + size:
        return None
    if command == LOCAL or family in (UNSPECIFIED, UNIX_STREAM):
        return Header(None, FIXED_BYTES + size)
    if family not in ADDRESS_BYTES:
        raise NoHeader
    width, needed = ADDRESS_BYTES[family]
    if size < needed:
        raise NoHeader
    said = data[FIXED_BYTES : FIXED_BYTES + size]
    kind = IPv4Address if family == TCP4 else IPv6Address
    return Header((kind(said[:width]), int.from_bytes(said[2 * width : 2 * width + 2], "big")), FIXED_BYTES + size)
