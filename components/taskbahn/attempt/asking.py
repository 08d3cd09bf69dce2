"""Questions of tasks to people, and messages to tasks: what comes is remembered, so that a later attempt finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import ACTIVE
from taskbahn.attempt.memory import remembering
from taskbahn.attempt.moments import moment_now, seconds_until
from taskbahn.attempt.sleeping import begin_sleep, seconds_in, until_or
from taskbahn.attempt.waiting import Deadline, Wait, deadline_in, wait_here
from taskbahn.errors import NotAnswered, OutsideJob
from taskbahn.protocol import messages
from taskbahn.protocol.questions import ANSWER, EVENT, MAX_QUESTION, QUESTION, AwaitedEvent, Question, is_own_topic, message_name
from taskbahn.signatures.codec import decode_hook
from taskbahn.signatures.parameters import schema_of
from taskbahn.signatures.payloads import read_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.attempt.memory import Memory
    from taskbahn.attempt.sleeping import Duration, Moment
    from taskbahn.future import Future


class Round(NamedTuple):
    """One wait: what is done when it is over, and what a suspended job waits for; its `until` may come first.

    wait: None for what an attempt that has begun to wait for it cannot leave to a later one, such as a record.
    """

    future: Future[None]
    wait: Wait | None


def wait_for(rounds: Iterator[Round]) -> None:
    """Wait for one after the other, blocking."""
    for future, wait in rounds:
        until = None if wait is None else wait.until
        wait_here(future, wait, None if until is None else Deadline(CLOCK.monotonic() + seconds_until(until)))


async def wait_for_async(rounds: Iterator[Round]) -> None:
    """As `wait_for`, on the running event loop."""
    for future, wait in rounds:
        await until_or(future, wait)


def sleep_rounds(duration: Duration | None, until: Moment | None, name: str | None) -> Iterator[Round]:
    """Give the one wait of a sleep.  Raises as `begin_sleep`."""
    from taskbahn.future import Future  # late: most processes of a worker need no client

    yield Round(Future(), begin_sleep(duration, until, name))


class Asking:
    """A question of the running attempt. The caller waits for each of its `rounds`; then `value` is the answer."""

    def __init__(
        self,
        question: str,
        kind: Any,
        *,
        to: str = "",
        within: Duration | None = None,
        remind: Duration | None = None,
        default: Any = UNSET,
        name: str | None = None,
    ) -> None:
        if not 0 < len(question) <= MAX_QUESTION:
            raise ValueError(f"a question has 1 to {MAX_QUESTION:,} characters")
        if default is not UNSET and within is None:
            raise ValueError("a default counts when the time is over: give within=, too")
        self.value: Any = UNSET
        self._memory, self._context = _attempt("current.ask()")
        self._kind, self._default = kind, default
        self._remind = None if remind is None else max(1.0, seconds_in(remind, "remind"))
        own = None if self._context.cipher is not None else question[:100]  # the router sees names, of encrypted jobs, too
        self._key = self._memory.name("ask", name or own).removeprefix("ask:")
        known = self._memory.known(QUESTION + self._key)
        self._asked = (
            msgspec.json.decode(known, type=Question)
            if known is not None
            else Question(
                name=self._key,
                question=question,
                schema=schema_of("current.ask", kind),
                to=to,
                asked_at=CLOCK.time(),
                until=None if within is None else moment_now() + seconds_in(within, "within"),
            )
        )

    def rounds(self) -> Iterator[Round]:
        """Ask, unless the answer is there; give what to wait for, again after each reminder.  Raises NotAnswered."""
        if self._take():
            return
        self._say()
        key, until = ANSWER + self._key, self._asked.until
        while not self._take():
            now = moment_now()
            if until is not None and now >= until:  # an answer that came before this note is recorded counts
                _, recorded = self._memory.keep(key, {"is_late": True})
                yield Round(recorded, None)
                self._take()
                return
            reminder = None if self._remind is None else now + self._remind - (now - self._asked.asked_at) % self._remind
            moments = [moment for moment in (until, reminder) if moment is not None]
            yield Round(self._memory.expect(key), Wait(notes=(key,), until=min(moments, default=None)))
            if reminder is not None and moment_now() >= reminder and self._memory.known(key) is None:
                to = f" ({self._asked.to})" if self._asked.to else ""
                self._context.open_output().line("WARNING", "taskbahn", f"still waits for an answer{to}: {self._asked.question}")
                self._say()

    def _say(self) -> None:
        self._context.open_output().question(messages.plain(self._asked))

    def _take(self) -> bool:
        """Take the answer, if it is there.  Raises NotAnswered if the time was over before."""
        text = self._memory.known(ANSWER + self._key)
        if text is None:
            return False
        found = messages.from_json(text)
        if not found.get("is_late"):
            self.value = read_as(messages.to_json(found["value"]), self._kind)
        elif self._default is UNSET:
            raise NotAnswered(f"no answer came in time to the question {self._asked.question!r}")
        else:
            self.value = self._default
        return True


class EventWait:
    """An event for which the running attempt waits; as `Asking`."""

    def __init__(
        self, topic: str, kind: Any, *, where: Mapping[str, Any] | None, within: Duration | None, name: str | None
    ) -> None:
        if is_own_topic(topic):
            raise ValueError(f"{topic} is a topic of the router itself; wait for the job there")
        self.value: Any = UNSET
        self._memory, self._context = _attempt("current.wait_for_event()")
        self._kind = kind
        self._key = self._memory.name("event", name or topic[:100]).removeprefix("event:")
        self._awaited = AwaitedEvent(name=self._key, topic=topic, where=dict(where or {}))
        self._within = None if within is None else seconds_in(within, "within")

    def rounds(self) -> Iterator[Round]:
        """Begin to wait, unless the event is there; give what to wait for.  Raises NotAnswered when the time is over."""
        key = EVENT + self._key
        if self._memory.known(key) is None:
            self._context.open_output().await_event(messages.plain(self._awaited))
        until = None
        if self._within is not None:  # it counts from the first attempt that waited
            known = self._memory.known(f"until:{key}")
            until = float(known) if known is not None else moment_now() + self._within
            if known is None:
                self._memory.keep(f"until:{key}", until)
        while (text := self._memory.known(key)) is None:
            if until is not None and moment_now() >= until:  # an event that came before this note is recorded counts
                _, recorded = self._memory.keep(key, {"is_late": True})
                yield Round(recorded, None)
                continue
            yield Round(self._memory.expect(key), Wait(notes=(key,), until=until))
        found = messages.from_json(text)
        if found.get("is_late"):
            raise NotAnswered(f"no event of {self._awaited.topic} came in time")
        self.value = msgspec.convert(found["value"], self._kind, str_keys=True, dec_hook=decode_hook)


class Message:
    """The next message to the running attempt's job; as `Asking`."""

    def __init__(self, kind: Any, number: int, within: Duration | None) -> None:
        self.value: Any = UNSET
        self._memory, _ = _attempt("current.inbox")
        self._kind = kind
        self._key = message_name(number)
        self._deadline = None if within is None else deadline_in(seconds_in(within, "within"))

    def rounds(self) -> Iterator[Round]:
        """Give what to wait for, unless the message is there.  Raises NotAnswered when the time is over."""
        deadline = self._deadline
        until, note = (None, "") if deadline is None else (moment_now() + deadline.left(), deadline.name)
        while (text := self._memory.known(self._key)) is None:
            if deadline is not None and not deadline.left():
                raise NotAnswered("no message came in time")
            yield Round(self._memory.expect(self._key), Wait(notes=(self._key,), until=until, note=note))
        self.value = msgspec.convert(messages.from_json(text), self._kind, str_keys=True, dec_hook=decode_hook)


def _attempt(what: str) -> tuple[Memory, AttemptContext]:
    memory, context = remembering(), ACTIVE.get()
    if memory is None or context is None:
        raise OutsideJob(what, "what gives you the value there")
    return memory, context
