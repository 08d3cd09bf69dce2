"""Which modules a process of Taskbahn loads to start. A user's tasks still get all of them: TLS, NumPy, their own libraries."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from typing import TYPE_CHECKING

from support.programs import COMMAND, Node, Program, running
from support.shell import Shell
from support.switches import needs
from support.tls import Gate, make_certificate

from taskbahn.workarounds import FAST_START

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# a deferred module is listed under its name, so here are also modules beneath such
HEAVY = {
    "numpy.version",
    "bjdata.encoder",
    "OpenSSL._util",
    "cryptography",
    "service_identity",
    "urllib.request",
    "argon2",
    "passlib",
}
COMPILED_HELPERS = {"cffi", "pycparser"}

TASKS = """
    import sys
    from email.mime.text import MIMEText
    from http import cookiejar

    import bjdata, numpy
    from autobahn.wamp import auth
    from OpenSSL import SSL, crypto
    from taskbahn import Taskbahn
    from taskbahn.fast_start.lazy_modules import DeferredModule
    from twisted.internet import ssl
    from twisted.protocols.tls import TLSMemoryBIOFactory

    app = Taskbahn()

    def use() -> list:
        # all of what a worker leaves out when it starts, as a module of tasks gets it
        assert not [name for name, module in list(sys.modules.items()) if type(module) is DeferredModule]
        assert [ssl, auth] == [sys.modules["twisted.internet.ssl"], sys.modules["autobahn.wamp.auth"]]
        try:
            crypto.load_certificate(crypto.FILETYPE_PEM, b"none")
        except crypto.Error:
            pass
        SSL.Context(SSL.TLS_METHOD)
        ssl.optionsForClientTLS("localhost")
        assert issubclass(TLSMemoryBIOFactory, object) and not isinstance(1, SSL.Connection)
        return [float(numpy.linalg.norm([3.0, 4.0])), bjdata.loadb(bjdata.dumpb([1])), len(cookiejar.CookieJar()), MIMEText("x").get_payload()]

    app.task(name="trunk.process")(use)

    @app.task(name="trunk.thread", pool="thread")
    def in_a_thread() -> list:
        return use()

    @app.task(name="trunk.loop")
    async def on_the_loop() -> list:
        return use()
"""


def loaded_by(*arguments: str, command: Sequence[str] = COMMAND[1:], code: int = 0, cwd: Path | None = None) -> set[str]:
    """Return the modules that a command imports, and the packages that they are in."""
    python = [sys.executable, "-X", "importtime"]
    done = subprocess.run([*python, *command, *arguments], capture_output=True, text=True, timeout=50, check=False, cwd=cwd)
    assert done.returncode == code, done.stderr[-2000:]
    names = re.findall(r"^import time: .*\| +([\w.]+)$", done.stderr, re.MULTILINE)
    return {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}


@needs(FAST_START)
def test_a_command_loads_what_it_uses(node: Node) -> None:
    assert all(find_spec(name.partition(".")[0]) for name in HEAVY | COMPILED_HELPERS)
    asks = loaded_by("jobs", "--url", node.websocket)
    assert {"autobahn.twisted", "taskbahn.client.requests", "rich.table"} <= asks
    assert asks & (HEAVY | COMPILED_HELPERS) == set()
    # for large arguments Autobahn's compiled helpers are worth their time
    for length, helpers in ((1_000, set()), (100_000, COMPILED_HELPERS)):
        calls = loaded_by("call", "trunk.unknown", "x" * length, "--url", node.websocket, code=2)
        assert calls & (HEAVY | COMPILED_HELPERS) == helpers
    assert loaded_by("--help") & {"autobahn", "twisted", "msgspec", "rich"} == set()
    assert loaded_by("up", "--port", "-1", code=2) & {"autobahn", "twisted", "taskbahn_router"} == set()


def test_programs_and_pool_processes_load_no_module_of_the_connection() -> None:
    declares = "from taskbahn import Taskbahn; app = Taskbahn(); app.task(name='a')(lambda: None)"
    for code in (declares, "import taskbahn.worker.child"):
        assert (
            loaded_by(code, command=["-c"])
            & {"autobahn", "twisted", "asyncio", "click", "rich", "taskbahn.fast_start.lazy_modules"}
            == set()
        )


@needs(FAST_START)
def test_a_worker_loads_what_it_uses(node: Node, tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(
        "from taskbahn import Taskbahn\napp = Taskbahn()\n@app.task\nasync def bare() -> None: pass\n"
    )
    bare = loaded_by("worker", "bare:app", "--burst", "--queues", "unused", "--url", node.websocket, cwd=tmp_path)
    assert {"autobahn.twisted", "taskbahn.worker.service"} <= bare
    assert bare & HEAVY == set()


def test_the_tasks_of_a_worker_get_everything(node: Node, tmp_path: Path) -> None:
    """All of it through TLS, which is deferred as well."""
    (tmp_path / "trunk.py").write_text(textwrap.dedent(TASKS))
    certificate = make_certificate(tmp_path)
    with Gate(node.port, certificate) as gate:
        trust = {"SSL_CERT_FILE": str(certificate)}
        shell = Shell(f"wss://localhost:{gate.port}/ws")
        worker = Program("worker", "trunk:app", "--slots", "3", "--url", f"rss://localhost:{gate.port}", cwd=tmp_path, **trust)
        with running(worker, "ready"):
            for pool in ("process", "thread", "loop"):
                assert shell("call", f"trunk.{pool}", **trust) == (0, '[5.0,[1],0,"x"]\n', "")
            assert "trunk.thread" in shell("tasks", **trust).out
        assert "certificate verify failed" in shell("tasks", SSL_CERT_FILE=str(tmp_path / "trunk.py")).err
