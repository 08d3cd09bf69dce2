"""Functions that are given as `token` and have none: callers learn why, the router and the log do not."""

from __future__ import annotations

import asyncio
import socketserver
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from twisted.logger import globalLogPublisher

from taskbahn import InvalidToken, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHALLENGE, ABORT = 4, 3
MISSING = "/nowhere/shop.token"


@contextmanager
def asking_for_a_ticket(answers: list[Any]) -> Iterator[int]:
    """Serve a router that asks all for a ticket; return its port.   answers: gets what they say to that."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(self.rfile.read(4))
            self.receive()
            content = msgpack.packb([CHALLENGE, "ticket", {}])
            self.wfile.write(struct.pack("!I", len(content)) + content)
            answers.append(self.receive())

        def receive(self) -> Any:
            (size,) = struct.unpack("!I", self.rfile.read(4))
            return msgpack.unpackb(self.rfile.read(size))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def ask(app: Taskbahn, *, is_async: bool) -> Any:
    if not is_async:
        return app.view.status()

    async def wait() -> Any:
        return await app.get("some.task").start_async()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, wait()).result()


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    "function, why",
    [
        (lambda: Path(MISSING).read_text(), f"raised FileNotFoundError: .* No such file or directory: '{MISSING}'"),
        (lambda: None, "returned None, and not the text of a token"),
        (lambda: b"x", "returned a bytes, and not the text of a token"),
    ],
)
def test_callers_learn_why_a_function_has_no_token(function: Callable[[], Any], why: str, *, is_async: bool) -> None:
    answers: list[Any] = []
    logged: list[Any] = []
    observer: Any = logged.append
    globalLogPublisher.addObserver(observer)
    try:
        with (
            asking_for_a_ticket(answers) as port,
            Taskbahn(f"rs://127.0.0.1:{port}", token=function, timeout=5) as app,
            pytest.raises(InvalidToken, match=rf"rs://127\.0\.0\.1:\d+: the function given as token {why}"),
        ):
            ask(app, is_async=is_async)
    finally:
        globalLogPublisher.removeObserver(observer)
    assert answers[0] == [ABORT, {"message": "this client cannot log in"}, "wamp.error.cannot_authenticate"]
    assert not [event for event in logged if "log_failure" in event]
