"""Formats whose data can be other objects are not read, whatever a configuration offers."""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.wamp import message, serializer
from autobahn.wamp.exception import ProtocolError
from support.browser_pages import CLIENT, SHOP, Pages, failure
from support.dispatcher_harness import TASK, job_id

from taskbahn.protocol import messages
from taskbahn_router.crossbar_edge import plain_serializers

CYCLE = bytes.fromhex("86183001a06f7461736b6261686e2e7375626d69748181a164666c6f77d81c81d81d00a0")  # a CALL; a list holds itself


@pytest.fixture
def _put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in plain_serializers.OTHERS:
        if (kind := getattr(serializer, name, None)) is not None:
            monkeypatch.setattr(serializer, name, kind)  # it is put back after the test


@pytest.mark.usefixtures("_put_back")
def test_no_message_of_cbor_is_read() -> None:
    before = serializer.CBORSerializer()
    plain_serializers.refuse_others()
    for batched in (False, True):
        with pytest.raises(ProtocolError, match="this node takes no cbor: connect with MessagePack or JSON"):
            serializer.CBORSerializer(batched=batched).unserialize(CYCLE, True)
    sent, _ = before.serialize(message.Call(1, "x.y"))  # type: ignore[arg-type]
    assert before.unserialize(sent, True), "Crossbar's own pipe goes on"
    hello = serializer.JsonSerializer().unserialize(b'[1, "taskbahn", {"roles": {"caller": {}}}]', False)
    assert len(hello) == 1


class Odd(dict[str, Any]):
    """A map as a format with tags may make one."""


@pytest.mark.parametrize("kind", ["client", "page"])
def test_an_entry_that_is_no_plain_map_is_refused(kind: str) -> None:
    pages = Pages()
    entry = Odd(task=TASK, id=job_id(30), args=[], parent=job_id(4))
    if kind == "page":
        page = pages.open(pages.made(watch=[job_id(1)])["token"])
        asked = pages.ask(page, messages.SUBMIT, [entry])
    else:
        asked = pages.node.ask_as(SHOP, CLIENT, messages.SUBMIT, [entry])
        pages.node.settle()
    said = failure(asked) if asked.sent[-1][0] == "fail" else str(asked.answer)
    assert "invalid_request" in said
    assert "an entry of a submission is a plain map" in said
