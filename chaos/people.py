"""People, and what goes on outside: over plain WAMP they answer questions, send messages, and publish events for jobs that wait.

Several do so at the same time and know nothing of each other, so that most answers are one of many to the same question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions
from twisted.internet import reactor, task

from chaos.parents import ALL_PARENTS, TAG, TOPIC
from chaos.plain_client import Caller, run_callers
from chaos.plans import MESSAGES, number
from taskbahn.protocol import messages

if TYPE_CHECKING:
    import threading

    from chaos.client import Load
    from chaos.journal import Journal
    from taskbahn.transport.session import Session

PAUSE = 0.3  # seconds between two looks
LISTED = 300  # jobs, at a look
SLOW, WRONG = 0.3, 0.2  # share of the questions that one leaves for later; of the answers that come after one that does not fit
UNFINISHED = ["waiting", "ready", "running"]


class Person(Caller):
    """Looks what is waited for, and does some of it."""

    def __init__(self, url: str, journal: Journal, load: Load, stopping: threading.Event) -> None:
        super().__init__(url, journal, load, stopping)
        self._sent: dict[str, int] = {}  # the number of the last message, by job

    async def go_on(self) -> None:
        """Look again and again until `stopping` is set."""
        while (session := await self._connected()) is not None:
            try:
                await self._answer(session)
                await self._tell(session)
            except Exception as error:  # noqa: BLE001 - the connection or the node is gone: the next look comes anyway
                self._journal.write("unanswered", error=getattr(error, "error", type(error).__name__), message=str(error), ids=[])
            await task.deferLater(reactor, PAUSE)

    async def _answer(self, session: Session) -> None:
        found = await session.call(messages.VIEW_QUESTIONS)
        for one in found["questions"]:
            if self._load.random.random() < SLOW:
                continue
            if self._load.random.random() < WRONG:
                await self._give(session, one, "a lot")
            await self._give(session, one, number(self._load.random))

    async def _give(self, session: Session, question: dict[str, Any], value: Any) -> None:
        said = {"id": question["job"], "name": question["name"], "value": value}
        self._journal.write("answering", **said)
        try:
            await session.call(messages.JOB_ANSWER, question["job"], question["name"], value, who="chaos")
        except ApplicationError as error:
            self._journal.write("refused", error=error.error, **said)
            if error.error.startswith("wamp."):  # the node is gone
                raise
        else:
            self._journal.write("answered", **said)

    async def _tell(self, session: Session) -> None:
        for view in (await session.call(messages.VIEW_JOBS, tag=TAG, state=UNFINISHED, limit=LISTED))["jobs"]:
            if view["task"] not in ALL_PARENTS:
                continue
            told = {"id": view["id"], "value": number(self._load.random)}
            self._journal.write("telling", **told)
            event = {"job": view["id"], "value": told["value"]}
            await session.publish(TOPIC, event, options=PublishOptions(acknowledge=True))
            if self._sent.get(view["id"], 0) < MESSAGES:
                await self._send(session, {"id": view["id"], "value": number(self._load.random)})

    async def _send(self, session: Session, message: dict[str, Any]) -> None:
        self._journal.write("sending", **message)
        try:
            self._sent[message["id"]] = await session.call(messages.JOB_SEND, message["id"], message["value"])
        except ApplicationError as error:
            if error.error.startswith("wamp."):
                raise
        else:
            self._journal.write("sent", number=self._sent[message["id"]], **message)


def run(url: str, journal: Journal, load: Load, stopping: threading.Event) -> None:
    """Go on until *stopping* is set."""
    run_callers(Person(url, journal, load, stopping), stopping)
