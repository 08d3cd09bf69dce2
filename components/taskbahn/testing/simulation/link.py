"""The ways of a simulated application to its dispatcher: one for the test, one for the attempts, as their worker would have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from taskbahn.attempt.context import ACTIVE
from taskbahn.client.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.client.requests import Link, Request
    from taskbahn.future import Future
    from taskbahn.testing.simulation.driver import Driver
    from taskbahn.testing.simulation.node import Caller, Node

OUTSIDE, INSIDE = 1, 2  # sessions


class SimulatedLink:
    """Does what `taskbahn.client.requests.Link` does, on the thread of the driver."""

    def __init__(self, driver: Driver, node: Node, session: int) -> None:
        self.url = "simulated"
        self.timeout = 0.0
        self.process = os.getpid()
        self.is_closed = False
        self.is_twice = False  # the next request arrives twice
        self._driver = driver
        self._node = node
        self._session = session
        self._asked: dict[Request, Caller | None] = {}

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Have *function* called on the driver's thread soon."""
        self._driver.post(function, *args)

    def send(self, request: Request) -> Future[Any]:
        """Send a request."""
        self.call(self.ask, request)
        return request.future

    def drop(self, request: Request) -> None:
        """Cancel a request whose answer is not wanted any more."""
        self.call(self._drop, request)

    def close(self) -> None:
        """Do nothing: the simulation ends with its `with` block."""

    def ask(self, request: Request) -> None:
        """Send a request, on the driver's thread."""
        if request.renew is not None:
            request.args = request.renew()
        if self.is_twice:
            self.is_twice = False
            self._send(request, lambda _: None, lambda _: None)

        def answered(value: Any) -> None:
            self._asked.pop(request, None)
            request.future.resolve(value)

        def failed(error: BaseException) -> None:
            self._asked.pop(request, None)
            request.future.fail(error)

        self._asked[request] = None  # the answer may come at once
        caller = self._send(request, answered, failed)
        if request in self._asked:
            self._asked[request] = caller

    def _send(self, request: Request, answered: Callable[[Any], object], failed: Callable[[Any], object]) -> Caller:
        return self._node.call(
            request.procedure,
            request.args,
            request.kwargs,
            session=self._session,
            on_answer=answered,
            on_fail=failed,
            on_progress=request.on_progress,
        )

    def _drop(self, request: Request) -> None:
        caller = self._asked.pop(request, None)
        if caller is not None:
            self._node.leave(caller, cancelled=True)


class Clients:
    """The client of the test, and that of the attempts."""

    def __init__(self, driver: Driver, node: Node) -> None:
        self.outside = SimulatedLink(driver, node, OUTSIDE)
        self._clients = Client(cast("Link", self.outside)), Client(cast("Link", SimulatedLink(driver, node, INSIDE)))

    def __call__(self) -> Client:
        """Return the one of the code that asks."""
        return self._clients[ACTIVE.get() is not None]
