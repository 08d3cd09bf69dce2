"""How the configuration of a node says that its port speaks TLS: as an endpoint of our own, beside which is one for the node itself."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskbahn.transport.address import MAX_SOCKET_BYTES
from taskbahn_router.node import unix_socket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.node.launcher import Wanted

PLUGINS = Path(__file__).with_name("endpoints")
OWNER_ONLY = "600"


def is_wanted(wanted: Wanted) -> bool:
    """Return whether the port, or the socket, is one of Taskbahn's endpoints, and not a plain one of Crossbar's."""
    return wanted.tls_cert is not None or bool(wanted.behind_proxy)


def check(wanted: Wanted) -> None:
    """Raise `NodeFailed` where the certificate cannot be used."""
    if wanted.tls_cert is not None:
        from taskbahn_router.node.certificate import CertificateFiles

        CertificateFiles(wanted.tls_cert, wanted.tls_key or wanted.tls_cert, wanted.tls_client_ca).load().context()


def endpoint(wanted: Wanted, backlog: int) -> dict[str, Any]:
    """Return Crossbar's endpoint, in the words of `crossbar_edge.door`."""
    words = {name: value for name, value in shown(wanted).items() if value} | {"backlog": backlog}
    words |= {"behind_proxy": ",".join(wanted.behind_proxy)} if wanted.behind_proxy else {}
    return {
        "type": "twisted",
        "server_string": "taskbahn:" + ":".join(f"{name}={unix_socket.escaped(str(value))}" for name, value in words.items()),
    }


def shown(wanted: Wanted) -> dict[str, Any]:
    """Return what an operator wants of the port or the socket, for `taskbahn.view.settings` and the component."""
    key = wanted.tls_cert and (wanted.tls_key or wanted.tls_cert)
    paths = {"socket": wanted.socket, "tls_cert": wanted.tls_cert, "tls_key": key, "tls_client_ca": wanted.tls_client_ca}
    place = {} if wanted.socket else {"port": wanted.port, "interface": wanted.interface}
    proxies = {"behind_proxy": list(wanted.behind_proxy), "proxy_protocol": wanted.proxy_protocol} if wanted.behind_proxy else {}
    optional = {"tls_client_optional": "yes"} if wanted.tls_client_optional else {}
    return place | {name: str(path) for name, path in paths.items() if path} | optional | proxies


def inner_socket(folder: Path) -> Path:
    """Return the path of the Unix socket through which processes of the node itself come; folder: the node's."""
    path = folder / "inner.sock"
    if len(str(path).encode()) <= MAX_SOCKET_BYTES:
        return path
    return Path(tempfile.mkdtemp(prefix="taskbahn-")) / "inner.sock"


def inner_transport(outer: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a transport as *outer* that only the node's user can open: no process of the node needs to trust its certificate."""
    return {**copy.deepcopy(dict(outer)), "id": "inner", "endpoint": unix_socket.endpoint(path, OWNER_ONLY)}
