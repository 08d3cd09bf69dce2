"""Events of the router's topics for which jobs wait: who waits for which, and what is subscribed to for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from twisted.logger import Logger

from taskbahn.protocol import messages
from taskbahn.protocol.questions import EVENT, AwaitedEvent
from taskbahn_router.core.suspensions import Told
from taskbahn_router.core.topic_events import fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.suspensions import OpenQuestion
    from taskbahn_router.core.topic_events import TopicEvent
    from taskbahn_router.dispatcher.topics import Topics
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import Answer

    Tell = Callable[[Told, Callable[[tuple[Answer, str] | None], None]], None]
    Wait = tuple[bytes, str]  # a job, and the name of what it waits for

PAGE = 500
MAX_EVENT = messages.MAX_ARGUMENTS  # bytes of its data, as JSON


class EventWaits:
    """Keeps in memory who waits for which event; the store has it, too.  tell: has a job remember an event."""

    log = Logger("taskbahn.events")

    def __init__(self, topics: Topics, tell: Tell, wall: Callable[[], float]) -> None:
        self._hub = topics
        self._tell = tell
        self._wall = wall
        self._topics: dict[str, dict[Wait, dict[str, Any]]] = {}  # topic -> who waits -> where
        self._of_jobs: dict[bytes, dict[str, str]] = {}  # job -> name -> topic

    def begin(self, reader: Reader, runner: Runner, after: int = 0) -> None:
        """Read who waited when the dispatcher stopped, page by page."""

        def found(page: list[OpenQuestion]) -> None:
            for one in page:
                self.asked(one.id, msgspec.json.decode(one.value, type=AwaitedEvent))
            if page:
                self.begin(reader, runner, page[-1].seq)

        def read() -> list[OpenQuestion]:
            page = reader.questions(None, after, PAGE, "event")
            cut = page[-1].seq if len(page) == PAGE else None  # the job of the last one may wait for more
            return page if cut is None else [*(one for one in page if one.seq != cut), *reader.questions(cut, 0, PAGE, "event")]

        asked = runner.run(read)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self.log.failure("who waits for events cannot be read", failure))

    def asked(self, job: bytes, event: AwaitedEvent) -> None:
        """A job waits for an event from now on."""
        waiting = self._topics.get(event.topic)
        if waiting is None:
            waiting = self._topics[event.topic] = {}
            self._hub.hear(event.topic, self.heard)
        waiting[job, event.name] = event.where
        self._of_jobs.setdefault(job, {})[event.name] = event.topic

    def ended(self, job: bytes) -> None:
        """A job waits for nothing any more."""
        for name in list(self._of_jobs.get(job, ())):
            self.closed(job, name)

    def closed(self, job: bytes, name: str) -> None:
        """A job waits for one event no more."""
        names = self._of_jobs.get(job, {})
        topic = names.pop(name, None)
        if not names:
            self._of_jobs.pop(job, None)
        if topic is None:
            return
        waiting = self._topics[topic]
        waiting.pop((job, name), None)
        if not waiting:
            del self._topics[topic]
            self._hub.leave(topic, self.heard)

    def heard(self, event: TopicEvent) -> None:
        """An event has come: those who wait for it, and whose fields it has, get it."""
        topic, data = event.topic, event.data
        waiting = [(who, where) for who, where in self._topics.get(topic, {}).items() if fits(data, where)]
        if not waiting:
            return
        try:
            text = messages.to_json(data)
        except (TypeError, ValueError, RecursionError) as error:
            self.log.warn("an event of {topic} is no data ({error}), so no job gets it", topic=topic, error=error)
            return
        if len(text) > MAX_EVENT:
            self.log.warn("an event of {topic} has {size:,} bytes, so no job gets it", topic=topic, size=len(text))
            return
        for (job, name), _ in waiting:
            self._pass_on(job, name, text)

    def _pass_on(self, job: bytes, name: str, text: str) -> None:
        self._tell(Told(job, EVENT + name, f'{{"value":{text}}}', self._wall()), lambda _: self.closed(job, name))
