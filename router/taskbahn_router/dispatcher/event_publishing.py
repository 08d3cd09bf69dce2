"""Events that clients publish through the dispatcher: what they start is committed before subscribers hear of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.triggers import MAX_EVENT_ID, check_topic
from taskbahn_router.core.topic_events import TopicEvent
from taskbahn_router.dispatcher.event_starts import arrival_of
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.event_starts import EventStarts, Start
    from taskbahn_router.dispatcher.trigger_book import TriggerBook
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import RouterPort


class EventPublishing:
    """Answers `taskbahn.event.publish`."""

    def __init__(self, dispatcher: Dispatcher, book: TriggerBook, starts: EventStarts, port: RouterPort) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._starts = starts
        self._port = port

    def publish(self, call: PendingCall) -> None:
        """`taskbahn.event.publish`: answered with the id of each job that the event has started, when they are durable, or why not."""
        event, id = _read(call)
        arrival = arrival_of(event, id)
        fitting = list(self._book.fitting(self._book.meant_by(event.topic), arrival.data))

        def done(starts: list[Start]) -> None:
            # the router does not send an event to its publisher, so jobs that wait for it hear it here, and triggers do not
            self._port.pass_on(event.topic, event.args, event.kwargs)
            self._dispatcher.event_waits.heard(event)
            call.answer([start.job or {**(start.error or {}), "trigger": start.trigger} for start in starts])

        if fitting:
            self._starts.start(arrival, fitting, done, call.fail, call.caller)
        else:
            self._dispatcher.check_accepting()
            done([])


def _read(call: PendingCall) -> tuple[TopicEvent, str]:
    """Return the event and its id ("": none) of a call; raises for what cannot be published."""
    given = dict(zip(("topic", "args", "kwargs"), call.args, strict=False)) | call.kwargs
    topic, args, kwargs, id = given.get("topic"), given.get("args") or [], given.get("kwargs") or {}, given.get("id") or ""
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not all(isinstance(name, str) for name in kwargs):
        raise InvalidRequest("taskbahn.event.publish takes a topic, a list of arguments and an object of keyword arguments")
    check_topic(topic)
    if not isinstance(id, str) or len(id) > MAX_EVENT_ID or not id.isprintable():
        raise InvalidOption(
            f"id = {id!r:.100}: the id of an event is text of up to {MAX_EVENT_ID} printable characters", option="id"
        )
    check_text("the id of an event", id)
    event = TopicEvent(str(topic), args, kwargs)
    _check_data(event)
    return event, id


def _check_data(event: TopicEvent) -> None:
    try:
        text: Any = messages.to_json([event.args, event.kwargs])
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"the arguments of an event of {event.topic} are not data: {error}") from None
    check_text(f"an event of {event.topic}", text)
