"""Many pages in a process of its own: plain WebSocket sessions that log in by tickets. `python -m benchmarks.ours.pages URL`.

Takes a JSON line at a time on standard input and answers each with one:

    {"open": [TOKEN, ...], "at_once": 50}   -> {"seconds": 1.2}   that many are on the way at a time; they stay
    {"start": "bench.noop", "at_once": 50}  -> {"seconds": 1.2, "milliseconds": [...]}   each starts a job and waits for its result
    {"close": true}                         -> {}

Ends with its input. A token that is empty joins without login.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, cast

from autobahn.twisted.wamp import ApplicationSession
from autobahn.twisted.websocket import WampWebSocketClientFactory
from autobahn.wamp.serializer import JsonSerializer
from autobahn.wamp.types import ComponentConfig
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import Cooperator
from twisted.internet.threads import deferToThread

from benchmarks.contract import ANSWER
from benchmarks.ours.raw_session import REALM, say
from benchmarks.processes import end_with_parent
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

reactor: Any = installed


class Page(ApplicationSession):
    """Joins by a ticket; `joined` fires with it, and `left` when it is gone."""

    def __init__(self, token: str) -> None:
        super().__init__(ComponentConfig(REALM))
        self._token = token
        self.joined: Deferred[Page] = Deferred()
        self.left: Deferred[None] = Deferred()

    def onConnect(self) -> None:
        self.join(REALM, ["ticket"], "page") if self._token else self.join(REALM)

    def onChallenge(self, challenge: Any) -> str:
        return self._token

    def onJoin(self, details: Any) -> None:
        self.joined.callback(self)

    def onLeave(self, details: Any) -> None:
        if not self.joined.called:
            self.joined.errback(RuntimeError(f"{details.reason}: {details.message}"))
        self.disconnect()

    def onDisconnect(self) -> None:
        if not self.joined.called:
            self.joined.errback(RuntimeError("the connection closed before the session had joined"))
        self.left.callback(None)


class Pages:
    """The open pages."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._host, _, port = url.partition("//")[2].partition("/")[0].partition(":")
        self._port = int(port)
        self._open: list[Page] = []

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what a line says."""
        began = time.perf_counter()
        answer: dict[str, Any] = {}
        if "open" in order:
            await some_at_once((self._opened(token) for token in order["open"]), order["at_once"])
        elif "start" in order:
            taken: list[float] = []
            await some_at_once((done(page, order["start"], taken) for page in self._open), order["at_once"])
            answer["milliseconds"] = taken
        else:
            leaving = [page.left for page in self._open]
            for page in self._open:
                page.leave()
            self._open.clear()
            await gatherResults(leaving)
        return {"seconds": time.perf_counter() - began, **answer}

    async def _opened(self, token: str) -> None:
        page = Page(token)
        factory = WampWebSocketClientFactory(lambda: page, url=self._url, serializers=[cast("Any", JsonSerializer())])
        factory.setProtocolOptions(openHandshakeTimeout=60)
        reactor.connectTCP(self._host, self._port, factory)
        self._open.append(await page.joined)


async def done(page: Page, task: str, taken: list[float]) -> None:
    """Start a job, wait for its result, and note the milliseconds of both."""
    began = time.perf_counter()
    (id,) = await page.call(messages.SUBMIT, [{"task": task}])
    answer = await page.call(messages.JOB_WAIT, [id])
    taken.append((time.perf_counter() - began) * 1000)
    ((_, _, result, _),) = answer["outcomes"]
    if result != str(ANSWER):
        raise ValueError(f"{task} answered {answer!r}, not {ANSWER}")


async def some_at_once(work: Iterable[Coroutine[Any, Any, None]], at_once: int) -> None:
    """Do all, a few at a time."""
    each = (ensureDeferred(one) for one in work)
    now: Callable[[Any], Any] = lambda do: reactor.callLater(0, do)  # noqa: E731 - a scheduler that does not wait
    cooperator = Cooperator(scheduler=now)
    await gatherResults([cooperator.coiterate(each) for _ in range(at_once)], consumeErrors=True)


async def serve(url: str) -> None:
    """Obey each line of the input."""
    pages = Pages(url)
    try:
        say({})
        while line := await deferToThread(sys.stdin.readline):
            say(await pages.obey(json.loads(line)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
        say({"error": f"{type(error).__name__}: {error}"})
    finally:
        reactor.stop()


def main(url: str) -> None:
    """Serve until the input ends."""
    end_with_parent()
    reactor.callWhenRunning(lambda: ensureDeferred(serve(url)))
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
