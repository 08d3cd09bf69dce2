"""A plain Autobahn session in a process of its own: `python -m benchmarks.ours.raw_session URL`.

Takes a JSON line at a time on standard input and answers each with one:

    {"register": "raw.echo"}                              -> {}   calls are answered with their only argument
    {"call": "raw.echo", "args": [42], "samples": 100}    -> {"milliseconds": [...]}   one call after the other

Ends with its input. Serializer (MessagePack) and socket options are those of the SDK, so that only the work differs.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, cast

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.serializer import MsgPackSerializer
from twisted.internet.threads import deferToThread

from benchmarks.contract import ANSWER
from benchmarks.processes import end_with_parent

REALM = "taskbahn"


class RawSession(ApplicationSession):
    """Does what its input says."""

    def onConnect(self) -> None:
        transport: Any = self._transport
        transport.transport.setTcpNoDelay(True)  # Autobahn's WebSocket does that by itself, its RawSocket does not
        self.join(REALM)

    async def onJoin(self, details: Any) -> None:
        say({})
        while line := await deferToThread(sys.stdin.readline):
            say(await self._obey(json.loads(line)))
        self.leave()

    async def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        if "register" in order:
            await self.register(lambda value: value, order["register"])
            return {}
        return {"milliseconds": [await self._sample(order["call"], order["args"]) for _ in range(order["samples"])]}

    async def _sample(self, procedure: str, args: list[Any]) -> float:
        started = time.perf_counter()
        answer = await self.call(procedure, *args)
        seconds = time.perf_counter() - started
        if answer != ANSWER:
            raise ValueError(f"{procedure} answered {answer!r}, not {ANSWER}")
        return seconds * 1000

    def onLeave(self, details: Any) -> None:
        self.disconnect()

    def onDisconnect(self) -> None:
        from twisted.internet import reactor

        cast("Any", reactor).stop()


def say(values: dict[str, Any]) -> None:
    """Write one line, past Autobahn's log, which takes `sys.stdout` for itself."""
    print(json.dumps(values), file=sys.__stdout__, flush=True)


def main(url: str) -> None:
    """Run one session until its input ends."""
    end_with_parent()
    ApplicationRunner(url, REALM, serializers=[cast("Any", MsgPackSerializer())]).run(RawSession)


if __name__ == "__main__":
    main(sys.argv[1])
