"""Pages and topics of own roles: a page does not do what the role of its token's maker does not, whenever the token was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.browser_pages import EVE, SHOP, Pages
from support.dispatcher_harness import TASK, job_id
from twisted.internet.defer import maybeDeferred

from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn_router.crossbar_edge.authorizer import Authorizer
from taskbahn_router.model.roles import RoleRules, set_in_force

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _in_force() -> Iterator[None]:
    yield
    set_in_force(())


class Kiosk:
    """A page whose browser token a session of an own role has made."""

    def __init__(self, rules: RoleRules, **words: Any) -> None:
        set_in_force([rules])
        self.pages = Pages()
        self.pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_CREATE, "kiosk", rules.name)
        self.pages.node.settle()
        self.text = self.pages.made("kiosk", rules.name, **words)["token"]
        self.who = self.pages.open(self.text)

    def hears(self, uri: str, *args: Any) -> str:
        kind, said, *_ = self.pages.ask(self.who, uri, *args).sent[-1]
        return said.message if kind == "fail" else ""


ISSUER = RoleRules("issuer", Role.CLIENT, may=(access.BROWSER_TOKEN, messages.SUBMIT, messages.JOB_WATCH))


def test_a_page_has_no_procedure_that_its_maker_lacks() -> None:
    kiosk = Kiosk(ISSUER, start=[TASK], tags=["a"])
    [id] = kiosk.pages.submit(kiosk.who, {"task": TASK, "args": [], "options": {"delay": 60}})
    assert kiosk.hears(messages.JOB_WATCH, id) == ""
    for uri in (messages.JOB_GET, messages.JOB_EVENTS, messages.JOB_RESULTS, messages.JOB_NOTES, messages.JOB_EXPLAIN):
        assert "the role issuer" in kiosk.hears(uri, id), uri
    for uri in (messages.VIEW_JOBS, messages.VIEW_TASKS):
        assert "the role issuer" in kiosk.hears(uri), uri
    assert "the role issuer" in kiosk.hears(messages.JOB_WAIT, [id])
    assert "kiosk/b" in kiosk.who
    assert kiosk.pages.ask(kiosk.who, access.BROWSER_TOKEN_RENEW, kiosk.text).answer["id"] == kiosk.who.partition("/")[2]


def test_what_a_role_loses_the_pages_of_its_tokens_lose() -> None:
    kiosk = Kiosk(ISSUER._replace(may=(*(ISSUER.may or ()), messages.JOB_CANCEL)), start=[TASK], tags=["a"], cancel=True)
    [id] = kiosk.pages.submit(kiosk.who, {"task": TASK, "args": [], "options": {"delay": 60}})
    set_in_force([ISSUER])
    assert "the role issuer" in kiosk.hears(messages.JOB_CANCEL, [id])
    assert "the role issuer" not in kiosk.hears(messages.JOB_WATCH, id)
    set_in_force([ISSUER._replace(base=Role.VIEWER)])
    assert "the role issuer" in kiosk.hears(messages.SUBMIT, [{"task": TASK, "args": []}])


def test_a_token_sees_no_more_than_the_role_of_its_maker_now() -> None:
    kiosk = Kiosk(RoleRules("desk", Role.OPERATOR), start=[TASK], tags=["user:42"])
    assert {job["caller"] for job in kiosk.pages.ask(kiosk.who, messages.VIEW_JOBS).answer["jobs"]} == {SHOP, EVE}
    set_in_force([RoleRules("desk", Role.CLIENT)])
    who = kiosk.pages.open(kiosk.text, 78)  # after a restart with another file of roles
    assert kiosk.pages.ask(who, messages.VIEW_JOBS, session=78).answer["jobs"] == []
    assert "unknown_job" in kiosk.pages.hears(who, messages.JOB_GET, job_id(2), 78)


@pytest.mark.parametrize("may", [(messages.SUBMIT,), (messages.SUBMIT, messages.JOB_WATCH), None])
def test_an_own_client_hears_topics_of_its_jobs_if_it_may_watch(may: tuple[str, ...] | None) -> None:
    set_in_force([RoleRules("till", Role.CLIENT, may=may)])
    pages = Pages()
    asked = pages.node.ask_as("till-1", "till", messages.SUBMIT, [{"task": TASK, "args": [], "options": {"delay": 60}}])
    pages.node.settle()
    details = {"session": 5, "authid": "till-1", "authrole": "till"}
    found: list[Any] = []
    decided = Authorizer(pages.node.parts.ownership).decide(details, messages.JOB_TOPIC + asked.answer[0], "subscribe")
    maybeDeferred(lambda: decided).addCallback(found.append)
    pages.node.settle()
    assert [each["allow"] for each in found] == [may is None or messages.JOB_WATCH in may]
