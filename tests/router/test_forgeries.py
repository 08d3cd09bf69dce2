"""No session acts as another one, or takes a procedure from it, by what it says in the options of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.programs import Node, running_node, worker_of
from support.stranger import CALL, CHALLENGE, WELCOME, Stranger
from support.tokens import token_for

from taskbahn.protocol import access, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBSCRIBE, SUBSCRIBED, PUBLISH, EVENT, RESULT, REGISTER, REGISTERED, ERROR = 32, 33, 16, 36, 50, 64, 65, 8
INVOCATION, YIELD = 68, 70
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="shop.add")
def add(a: int, b: int) -> int:
    return a + b
"""
ROLES = {"shop": "client", "eve": "client", "boss": "admin", "wendy": "worker"}
MADE: dict[str, str] = {}
OPEN: list[Stranger] = []


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("forged")
    MADE.update({name: token_for(name, role, folder / "data") for name, role in ROLES.items()})
    with running_node(folder, TASKBAHN_UP_AUTH="1") as node, worker_of(TASKS, folder, node, 1, TASKBAHN_TOKEN=MADE["wendy"]):
        yield node


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        with OPEN.pop():
            """Close it."""


class Session:
    """A session that says of each message that it passes it on for another one."""

    def __init__(self, node: Node, text: str, claims: list[dict[str, Any]]) -> None:
        self.stranger = Stranger(node.rawsocket)
        OPEN.append(self.stranger)
        assert self.stranger.hello(["ticket"], "*")[0] == CHALLENGE
        welcome = self.stranger.answer(text)
        assert welcome[0] == WELCOME
        self.id: int = welcome[1]
        self.options: dict[str, Any] = {"forward_for": claims} if claims else {}
        self._requests = 0

    def says(self, kind: int, *rest: Any, **options: Any) -> list[Any]:
        self._requests += 1
        return self.stranger.says(kind, self._requests, {**self.options, **options}, *rest)

    def call(self, uri: str, *args: Any, **kwargs: Any) -> Any:
        """Return the result, or the URI of the error."""
        heard = self.says(CALL, uri, list(args), kwargs)
        return heard[3][0] if heard[0] == RESULT else heard[4]


def claims_of(session: Session, name: str, role: str) -> list[dict[str, Any]]:
    return [{"session": session.id, "authid": name, "authrole": role}]


@pytest.mark.parametrize("name, role", [("shop", "client"), ("boss", "admin"), ("boss", "operator")])
def test_a_client_is_not_the_one_for_whom_it_claims_to_speak(node: Node, name: str, role: str) -> None:
    real = Session(node, MADE[name], [])
    shop = Session(node, MADE["shop"], [])
    id = str(uuid4())
    assert shop.call(messages.SUBMIT, [{"task": "shop.add", "args": [1, 2], "id": id, "options": {"delay": 600}}]) == [id]
    eve = Session(node, MADE["eve"], claims_of(real, name, role))
    assert eve.call(messages.JOB_GET, id) == "taskbahn.error.unknown_job"
    assert eve.call(messages.JOB_CANCEL, [id])[0]["error"] == "taskbahn.error.unknown_job"
    assert {job["caller"] for job in eve.call(messages.VIEW_JOBS)["jobs"]} <= {"eve"}
    assert eve.call(access.BROWSER_TOKEN, watch=[id]) == "taskbahn.error.unknown_job"
    assert eve.call(access.TOKEN_LIST) == "wamp.error.not_authorized"
    [started] = eve.call(messages.SUBMIT, [{"task": "shop.add", "args": [1, 2], "options": {"delay": 600}}])
    assert shop.call(messages.JOB_GET, started) == "taskbahn.error.unknown_job"
    assert Session(node, MADE["eve"], []).call(messages.JOB_CANCEL, [started]) == ["cancelled"]


def test_a_page_stays_within_its_token(node: Node) -> None:
    shop = Session(node, MADE["shop"], [])
    text = shop.call(access.BROWSER_TOKEN, start=["images.*"], tags=["user:42"])["token"]
    page = Session(node, text, claims_of(shop, "shop", "client"))
    [refused] = page.call(messages.SUBMIT, [{"task": "shop.add", "args": [1, 2]}])
    assert refused["error"] == "taskbahn.error.not_allowed"
    assert page.call(messages.VIEW_TASKS) == []


def test_events_come_from_the_one_that_publishes_them(node: Node) -> None:
    boss = Session(node, MADE["boss"], [])
    wendy = Session(node, MADE["wendy"], claims_of(boss, "boss", "admin"))
    assert boss.says(SUBSCRIBE, "com.example.said")[0] == SUBSCRIBED
    wendy.says(PUBLISH, "com.example.said", ["hello"], acknowledge=True)
    heard = boss.stranger.hears()
    assert heard[0] == EVENT
    assert heard[3]["publisher_authid"] == "wendy"


def test_a_worker_takes_no_name_from_the_one_that_has_it(node: Node) -> None:
    wendy = Session(node, MADE["wendy"], [])
    for uri in ("shop.add", messages.SUBMIT, messages.JOB_GET):
        heard = wendy.says(REGISTER, uri, force_reregister=True)
        assert (heard[0], heard[4]) in [(ERROR, "wamp.error.procedure_already_exists"), (ERROR, "wamp.error.not_authorized")]
    assert Session(node, MADE["shop"], []).call("shop.add", 1, 2) == 3


@pytest.mark.parametrize("kind", ["error", "result"])
def test_only_the_one_that_is_called_answers_a_call(node: Node, kind: str) -> None:
    wendy, shop = Session(node, MADE["wendy"], []), Session(node, MADE["shop"], [])
    task = f"plain.{kind}"
    assert wendy.says(REGISTER, f"{messages.OFFER_PREFIX}{task}")[0] == REGISTERED
    [id] = shop.call(messages.SUBMIT, [{"task": task, "args": []}])
    called = wendy.stranger.hears()
    assert called[0] == INVOCATION
    text = shop.call(access.BROWSER_TOKEN, start=["x"])["token"]
    for who in (MADE["eve"], text):
        forger = Session(node, who, [])
        if kind == "error":
            forger.stranger.tells(ERROR, INVOCATION, called[1], {}, "forged.error", ["forged"])
        else:
            forger.stranger.tells(YIELD, called[1], {}, ["forged"])
        with pytest.raises(ConnectionError):
            forger.stranger.hears()
    wendy.stranger.tells(YIELD, called[1], {}, ["right"])
    found = shop.call(messages.JOB_WAIT, [id])["outcomes"][0]
    assert (found[1], found[2]) == ("succeeded", '"right"')
