"""How the sockets of a connection are set up, at both ends: small messages go at once, and a peer that vanished or is slow is noticed.

A machine that loses its power or its network says nothing. WebSocket has pings for that, RawSocket has not, so the kernel is asked
to probe a silent connection, and to give one up whose peer acknowledges nothing.
"""

from __future__ import annotations

import contextlib
import socket

IDLE_SECONDS = 10
INTERVAL_SECONDS = 5
PROBES = 3
UNACKNOWLEDGED_SECONDS = 30  # on Linux, unacknowledged bytes or probes that wait so long end the connection
OPTIONS = {
    "TCP_NODELAY": 1,  # a small message must not wait for the acknowledgement of the one before it (Nagle): 40 ms on Linux
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPALIVE": IDLE_SECONDS,  # macOS's name of TCP_KEEPIDLE
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": UNACKNOWLEDGED_SECONDS * 1000,
    # what the line does not carry yet waits here, where it is seen, not in the kernel: a ping behind 4 MB takes 20 s at 200 KB/s
    "TCP_NOTSENT_LOWAT": 128 * 1024,
}


def set_up(sock: socket.socket) -> None:
    """Set the options that this platform has."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with contextlib.suppress(OSError):  # macOS refuses for a connection that is lost already; its end is reported elsewhere
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in OPTIONS.items():
            option = getattr(socket, name, None)
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
