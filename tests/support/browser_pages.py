"""A node with jobs of two clients, and pages with browser tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn_router.access.book import Principal
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

SHOP, EVE = "shop", "eve"
CLIENT, BROWSER = Role.CLIENT.value, Role.BROWSER.value
PAGE = 77  # a session
MORE: dict[str, list[Any]] = {messages.JOB_ANSWER: ["a", 1], messages.JOB_SEND: [1]}


class Pages:
    """Jobs 1 to 3 are of the one client, job 4 is of the other one; all wait."""

    def __init__(self) -> None:
        self.node = DispatcherHarness()
        self.node.worker(slots=1)
        self.book = self.node.parts.credentials
        for name in (SHOP, EVE):
            made = self.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_CREATE, name, CLIENT)
            self.node.settle()
            assert made.answer["token"]
        self.start(SHOP, 1)
        self.start(SHOP, 2, tags=["user:42"])
        self.start(SHOP, 3, tags=["user:43"])
        self.start(EVE, 4, tags=["user:42"])

    def start(self, name: str, number: int, **options: Any) -> None:
        call = {"task": TASK, "id": job_id(number), "args": [], "options": {"delay": 600, **options}}
        asked = self.node.ask_as(name, CLIENT, messages.SUBMIT, [call])
        self.node.settle()
        assert asked.answer == [job_id(number)]

    def made(self, name: Any = SHOP, role: Any = CLIENT, **words: Any) -> dict[str, Any]:
        asked = self.node.ask_as(name, role, access.BROWSER_TOKEN, **words)
        self.node.settle()
        found: dict[str, Any] = asked.answer
        return found

    def refusal(self, name: str = SHOP, role: str = CLIENT, **words: Any) -> str:
        asked = self.node.ask_as(name, role, access.BROWSER_TOKEN, **words)
        self.node.settle()
        return failure(asked)

    def wait(self, seconds: float) -> None:
        """Let time pass, at once."""
        self.node.clock.rightNow += seconds
        self.node.settle()

    def open(self, text: str, session: int = PAGE) -> str:
        """Log a page in; return its authid."""
        found = self.book.find(text)
        assert isinstance(found, Principal), found
        assert found.scope is not None
        assert found.role == BROWSER
        self.book.opened(session, found)
        return f"{found.name}/{found.scope.id}"

    def ask(self, who: str, uri: str, *args: Any, session: int = PAGE, **words: Any) -> RecordedCall:
        asked = self.node.ask_as(who, BROWSER, uri, *args, session=session, **words)
        self.node.settle()
        return asked

    def hears(self, who: str, uri: str, id: str, session: int = PAGE) -> str:
        """Return what a page hears about a job, with the id left out."""
        own = next(procedure.of_clients for procedure in PROCEDURES if procedure.uri == uri)
        asked = self.ask(who, uri, [id] if own is not None and own.name == "JOBS" else id, *MORE.get(uri, []), session=session)
        kind, said, *_ = asked.sent[-1]
        return str((kind, said if kind != "fail" else (said.uri, said.message, said.detail))).replace(id, "ID")

    def submit(self, who: str, *entries: dict[str, Any], session: int = PAGE) -> list[Any]:
        asked = self.ask(who, messages.SUBMIT, list(entries), session=session)
        found: list[Any] = asked.answer
        return found


def failure(asked: RecordedCall) -> str:
    """Return the error with which a call failed."""
    kind, error, *_ = asked.sent[-1]
    assert kind == "fail"
    return f"{error.uri}: {error.message}"
