"""The session before Crossbar's: what it takes, what it passes on, what it drops."""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.wamp import message
from autobahn.wamp.request import CallRequest
from autobahn.wamp.types import CallOptions
from twisted.logger import globalLogPublisher

from taskbahn_router.crossbar_edge.dealer_session import DealerSession


class Inner:
    """Crossbar's end, noting what reaches it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, msg: Any) -> None:
        self.sent.append(msg)


def asked_for(request: int, on_progress: Any = None) -> CallRequest:
    return CallRequest(request, "some.procedure", None, CallOptions(on_progress=on_progress))


def an_error(of: Any, request: int) -> message.Error:
    return message.Error(of.MESSAGE_TYPE, request, "wamp.error.canceled")


@pytest.mark.parametrize(
    "answer",
    [message.Result(7, args=[1], progress=True), message.Result(7), an_error(message.Call, 7)],
    ids=["progress", "result", "error"],
)
def test_an_answer_to_a_call_that_the_session_gave_up_is_dropped(answer: Any) -> None:
    inner, asked = Inner(), {7: asked_for(7)}
    session = DealerSession(inner, asked)
    session.send(answer)
    assert inner.sent == [answer]

    asked.clear()  # as Autobahn does when Crossbar has the session leave
    session.send(answer)
    assert inner.sent == [answer]


def test_other_errors_and_events_go_through() -> None:
    inner = Inner()
    session = DealerSession(inner, {})
    others = [an_error(message.Register, 7), an_error(message.Invocation, 7), message.Event(1, 2)]
    for other in others:
        session.send(other)
    assert inner.sent == others


def test_progress_reaches_its_caller_and_its_errors_are_only_logged() -> None:
    got: list[Any] = []
    logged: list[Any] = []

    def on_progress(value: int) -> None:
        got.append(value)

    def observe(event: dict[str, Any]) -> None:
        if "log_failure" in event:
            logged.append(event["procedure"])

    session = DealerSession(Inner(), {7: asked_for(7, on_progress)})
    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]  # a function provides the interface
    for args in ([1], [], [2]):  # the second one lacks its argument
        session.send(message.Result(7, args=args, progress=True))
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    assert got == [1, 2]
    assert logged == ["some.procedure"]
