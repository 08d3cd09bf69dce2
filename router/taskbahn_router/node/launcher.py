"""`taskbahn up`: makes a node's configuration, starts Crossbar on it, watches over it, and stops it cleanly.

Imports neither Crossbar nor Twisted, so that Crossbar itself starts at once. Whichever of the processes dies, the others end too:
`parent_watch` has the ways down, from here to Crossbar's controller and on to its router process; `Node` sees to the way up.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from taskbahn.workarounds import FAST_START
from taskbahn_router.host import disk
from taskbahn_router.host.file_lock import holder_of
from taskbahn_router.node import door, login, unix_socket
from taskbahn_router.node.data_dir_lock import DataDirLock, DataDirTaken
from taskbahn_router.node.failure import NodeFailed
from taskbahn_router.node.fast_start.crossbar_imports import PATH_HOOK
from taskbahn_router.node.reach import INSECURE, check_interface, own_origins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.03
MAX_FILES = 65_536
LEFTOVER_SECONDS = 2.0  # seconds for the router process to see that its controller is gone
PORT_SECONDS = 5.0  # seconds for a router process to release the port after the rest of its node was killed; see parent_watch
OK, NOT_FOUND = "200", "404"
LAST_PATH = "/ws-view"  # Crossbar adds the paths of a port one by one, by name, so the others are there before
FAILURE_BYTES = 4096  # bytes reserved for the last sentence of a router process: the disk may be full by then
CROSSBAR = (
    "from taskbahn_router.node.parent_watch import end_with_input; end_with_input(); "
    "from taskbahn_router.node.fast_start.crossbar_imports import run; run()"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator wants of a node.

    origins: whose pages may connect, beside those of this machine; with their ports.   socket: the path of a Unix socket, in place
    of port and interface.   auth: the roles of which each session has to prove that it has one; None: each may do everything.
    given: where each comes from, by its name.   tls_cert, tls_key: files in PEM; with them the port speaks TLS and nothing else.
    behind_proxy: addresses and networks whose headers are believed, and `unix`.   proxy_protocol: these begin each connection with a
    header of the PROXY protocol.   company: the provider of OpenID Connect by which people log in, too.
    """

    port: int
    interface: str
    data: Path
    loglevel: str = "warn"
    origins: tuple[str, ...] = ()
    socket: Path | None = None
    auth: list[dict[str, Any]] | None = None
    given: dict[str, str] = field(default_factory=dict)
    keep_audit: float | None = None  # seconds that entries of the audit are kept; None: as the dispatcher does by default
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None  # the authorities of the certificates that clients have to show
    behind_proxy: tuple[str, ...] = ()
    proxy_protocol: bool = False
    roles: tuple[dict[str, Any], ...] = ()  # of the configuration, in their plain form; `auth` has their permissions
    company: dict[str, Any] | None = None
    role_limits: dict[str, dict[str, float | None]] = field(default_factory=dict)
    insecure_no_auth: bool = False  # whether the node may be reached beyond its machine without login
    tls_client_optional: bool = False  # whether clients need not show a certificate
    issuers: tuple[dict[str, Any], ...] = ()  # of browser tokens, beside the node, in their plain form

    def absolute(self) -> Wanted:
        """Return the same with the paths as they are from every directory; links stay, for what they point to may be renewed."""
        names = ("data", "socket", "tls_cert", "tls_key", "tls_client_ca")
        paths = {name: path.absolute() for name in names if (path := getattr(self, name)) is not None}
        return replace(self, **paths, interface="127.0.0.1" if self.interface == "localhost" else self.interface)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a node is reached."""

    page: str | None  # None: of a node on a Unix socket, before which a proxy may be
    websocket: str | None
    rawsocket: str

    @classmethod
    def of(cls, wanted: Wanted) -> Addresses:
        if wanted.socket is not None:
            return cls(None, None, f"unix://{wanted.socket}")
        host = f"[{wanted.interface}]" if ":" in wanted.interface else wanted.interface
        secure = "s" if wanted.tls_cert else ""
        return cls(
            *(f"{scheme}{secure}://{host}:{wanted.port}{path}" for scheme, path in (("http", "/"), ("ws", "/ws"), ("rs", "")))
        )

    def __str__(self) -> str:
        if self.page is None:
            return f"Unix socket {self.rawsocket}"
        return f"page {self.page}  WebSocket {self.websocket}  RawSocket {self.rawsocket}"


def configuration(wanted: Wanted, inner: Path | None = None) -> dict[str, Any]:
    """Return Crossbar's configuration for a node, from the template beside this file.

    inner: the Unix socket for the node's own processes, where the port is not for them.
    """
    config: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("node.yaml").read_text("utf-8"))
    (worker,) = config["workers"]
    if FAST_START.is_wanted:
        worker["options"] = {"pythonpath": [str(PATH_HOOK)]}
    extra = worker["components"][0]["extra"]
    extra["data"] = str(wanted.data)
    if wanted.keep_audit is not None:
        extra["keep_audit"] = wanted.keep_audit
    if wanted.given:  # the dispatcher cannot see these itself, for `taskbahn.view.settings`
        extra |= {"loglevel": wanted.loglevel, "given": wanted.given}
    (transport,) = worker["transports"]
    if inner is not None:
        transport["endpoint"] = door.endpoint(wanted, transport["endpoint"]["backlog"])
        extra |= {"url": f"unix://{inner}", "door": door.shown(wanted)}
        worker.setdefault("options", {}).setdefault("pythonpath", []).append(str(door.PLUGINS))
    elif wanted.socket is not None:
        transport["endpoint"] = unix_socket.endpoint(wanted.socket)
        extra["url"] = f"unix://{wanted.socket}"
    else:
        transport["endpoint"] |= {"port": wanted.port, "interface": wanted.interface}
        if ":" in wanted.interface:
            transport["endpoint"]["version"] = 6
    for path in ("ws", "ws-view"):
        options = transport["web"]["paths"][path]["options"]
        transport["web"]["paths"][path]["options"] = options | {
            "allowed_origins": [*options["allowed_origins"], *own_origins(wanted), *wanted.origins]
        }
    extra |= {"insecure": True} if wanted.insecure_no_auth else {}
    if wanted.auth is not None:
        login.put_in(config, wanted.auth, wanted.roles, wanted.company, wanted.role_limits, wanted.issuers)
    if inner is not None:
        worker["transports"].append(door.inner_transport(transport, inner))
    return config


def check_port(port: int, interface: str, patience: float = 0.0) -> None:
    """Raise `NodeFailed` when another program has the port, also after *patience* seconds."""
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    until = time.monotonic() + patience
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                return probe.bind((interface, port))
            except OSError as error:
                if time.monotonic() > until:
                    raise NodeFailed(
                        f"port {port} on {interface} cannot be had ({error.strerror}): stop what listens there, or choose another with --port"
                    ) from error
        time.sleep(POLL_SECONDS)


def free_port(interface: str) -> int:
    """Return a port on which no program listens now."""
    with socket.socket(socket.AF_INET6 if ":" in interface else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((interface, 0))
        return int(probe.getsockname()[1])


def allow_many_connections() -> None:
    """Raise the soft limit of open files, which Crossbar inherits: it is 1,024 on many systems, and every connection takes one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS may refuse the limit that it reported itself
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Node:
    """One Crossbar process with the dispatcher in it."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted.absolute()
        self.data = self._wanted.data
        self._port = wanted.port
        self._interface = self._wanted.interface
        self._socket = self._wanted.socket
        self.addresses = Addresses.of(replace(self._wanted, interface=wanted.interface))
        self._folder = self.data / "node"
        self._inner: Path | None = None
        self._claim = DataDirLock(self._folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the Crossbar process."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Write the configuration and start Crossbar; returns at once.  Raises NodeFailed."""
        check_interface(self._interface, has_login=self._wanted.auth is not None, is_insecure=self._wanted.insecure_no_auth)
        if self._wanted.insecure_no_auth:  # here, for the node's own log may go elsewhere, and say less
            print(f"taskbahn: WARNING: {INSECURE.format(interface=self._interface)}", file=sys.stderr, flush=True)  # noqa: T201 - at each start
        door.check(self._wanted)
        try:
            self._settle_in()
        except OSError as error:
            raise NodeFailed(disk.why(error, self.data)) from error
        self._check_router()
        arguments = ["start", "--cbdir", str(self._folder), "--loglevel", self._wanted.loglevel, "--color", "false"]
        allow_many_connections()
        # a group of its own: a Ctrl-C in the terminal reaches `taskbahn up` alone, which then stops Crossbar
        self._process = subprocess.Popen(
            [sys.executable, "-c", CROSSBAR, *arguments],
            stdin=subprocess.PIPE,  # nothing is written to it; its end of file says that this process has ended
            stdout=sys.stderr,
            stderr=sys.stderr,
            pass_fds=(self._claim.descriptor,),
            start_new_session=True,
        )

    def wait_ready(self, seconds: float = START_SECONDS, keep_on: Callable[[], bool] = lambda: True) -> bool:
        """Wait until the node accepts submissions; False when *keep_on* says to stop waiting.  Raises NodeFailed."""
        end = time.monotonic() + seconds
        while keep_on():
            if self._status_of("/readyz") == OK and self._status_of(LAST_PATH) not in (NOT_FOUND, None):
                return True
            if self._process is None or (self._process.poll() is not None and keep_on()):
                raise NodeFailed(self._why())
            if time.monotonic() > end:
                raise NodeFailed(f"the node did not become ready within {seconds:.0f} s; its log is above")
            time.sleep(POLL_SECONDS)
        return False

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the process to end; return its exit code, None if it still runs."""
        if self._process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode

    def make_way(self) -> None:
        """Say that this node is about to stop: a new node on its data waits for that."""
        self._claim.make_way()

    def stop(self) -> None:
        """Stop it and everything that it started; safe twice."""
        self._claim.release()  # the controller holds the lock as well, for as long as it lives
        lifeline = self._process.stdin if self._process else None
        if self._process is None or lifeline is None or lifeline.closed:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # Crossbar stops cleanly on SIGINT, but not on SIGTERM
            if self.wait(STOP_SECONDS) is None:
                self._signal_group(signal.SIGKILL)
                self.wait()
        self._end_leftovers()
        lifeline.close()

    def ending(self) -> str:
        """Say how it ended without an order."""
        code = self.wait(0)
        if code is not None and code < 0:
            return f"Crossbar's controller (process {self.pid}) was ended by {signal.Signals(-code).name}"
        return f"the node ended by itself with code {code}; its log is above"

    def _end_leftovers(self) -> None:
        """Wait for the router process, if it has outlived its controller, but not for long."""
        until = time.monotonic() + LEFTOVER_SECONDS
        while self._signal_group(0) and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: int) -> bool:
        """Signal the controller's group, which the router process is in; False when no process is left in it."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says PermissionError when all are zombies
            return False
        return True

    def _settle_in(self) -> None:
        """Take the data directory and the port, and write what Crossbar reads.  Raises NodeFailed, OSError."""
        # the lock comes first, for a node that is just ending has the port as well
        was_killed = self._folder.is_dir() and self._take_claim()
        patience = PORT_SECONDS if was_killed else 0.0
        if self._socket is None:
            check_port(self._port, self._interface, patience)
        else:
            unix_socket.check(self._socket, patience)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._take_claim()
        if door.is_wanted(self._wanted):
            self._inner = door.inner_socket(self._folder)
            unix_socket.check(self._inner, patience)
        config = json.dumps(configuration(self._wanted, self._inner), indent=1)
        (self._folder / "failure").write_bytes(b" " * FAILURE_BYTES)
        (self._folder / "config.json").write_text(config, "utf-8")
        disk.check_free_space(self._folder)

    def _take_claim(self) -> bool:
        """Keep others out of the directory; return whether the node before was killed."""
        try:
            return self._claim.take()
        except DataDirTaken as error:
            if not error.pid:
                raise NodeFailed(
                    f"a node that is ending still works on {self.data}: try again in a moment, or give another directory with --data"
                ) from None
            raise self._in_use(error.pid) from None

    def _check_router(self) -> None:
        """Raise `NodeFailed` when a router works on the data that `taskbahn up` did not start, as `crossbar start` does."""
        router = holder_of(self.data / "taskbahn.lock")
        # A router process without its controller is left over from an earlier node: it is ending, and this node waits for it.
        if router is not None and _lives(router.parent):
            raise self._in_use(router.pid)

    def _in_use(self, pid: int) -> NodeFailed:
        return NodeFailed(
            f"a node with process id {pid} already works on {self.data}: stop it, or give another directory with --data"
        )

    def _connection(self, seconds: float) -> socket.socket:
        path = self._inner or self._socket
        if path is None:
            return socket.create_connection((self._interface, self._port), seconds)
        return unix_socket.connection(path, seconds)

    def _status_of(self, path: str) -> str | None:
        """Return the HTTP status of a page; None: no answer."""
        request = f"GET {path} HTTP/1.0\r\nHost: {self._interface}\r\n\r\n".encode()
        try:
            with self._connection(1.0) as connection:
                connection.sendall(request)
                words = connection.recv(64).split(maxsplit=2)
        except OSError:
            return None
        return words[1].decode("latin-1") if len(words) > 1 else None

    def _why(self) -> str:
        with contextlib.suppress(OSError):
            if said := (self._folder / "failure").read_text("utf-8").strip():
                return said
        try:
            disk.check_free_space(self._folder)
        except OSError as error:
            return disk.why(error, self.data)
        code = self._process.returncode if self._process else None
        return f"the node ended with code {code} before it was ready; its log is above"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        return True
    return pid > 0


def up(wanted: Wanted, ready: Callable[[Addresses], None]) -> int:
    """Run a node until SIGTERM or SIGINT; return the exit code.  Raises NodeFailed."""
    stopping: list[int] = []
    port = wanted.port or (0 if wanted.socket else free_port(wanted.interface))
    node = Node(replace(wanted, port=port))

    def stop(number: int, _: object) -> None:
        stopping.append(number)
        node.make_way()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    node.start()
    try:
        if node.wait_ready(keep_on=lambda: not stopping):
            ready(node.addresses)
        while not stopping:
            if node.wait(0.2) is not None and not stopping:
                raise NodeFailed(node.ending())
    finally:
        node.stop()
    return 0
