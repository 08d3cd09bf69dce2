"""Who calls: a name that says something, or none."""

from __future__ import annotations

import pytest
from autobahn.util import generate_serial_number
from support.dispatcher_harness import DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn_router.model.pending_call import PendingCall


def named(authid: str | None) -> str | None:
    harness = DispatcherHarness()
    return PendingCall(harness, 1, "a.procedure", [], {}, authid=authid).name


def test_the_random_name_of_an_anonymous_session_is_none() -> None:
    assert {named(generate_serial_number()) for _ in range(200)} == {None}


@pytest.mark.parametrize(
    "authid", ["ada", "ADA", "ABCD-EFGH", "3WQ5-QPNH-F6XP-VMY3-FPFE-P3Q9-AAAA", "3wq5-qpnh-f6xp-vmy3-fpfe-p3q9", ""]
)
def test_any_other_name_is_kept(authid: str) -> None:
    assert named(authid) == authid
    assert named(None) is None


def test_a_cancel_of_an_anonymous_session_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = DispatcherHarness()
    harness.worker().lost()  # the task is declared
    for _ in range(3):
        harness.submit()
    harness.ask(messages.JOB_CANCEL, [job_id(1)])
    monkeypatch.setattr(PendingCall, "name", None)
    harness.ask(messages.JOB_CANCEL, [job_id(2)])
    harness.ask(messages.JOB_CANCEL, [job_id(3)], who="ada")
    harness.settle()
    errors = [harness.ask(messages.JOB_GET, job_id(number)).answer["error"] for number in (1, 2, 3)]
    assert [error.get("by") for error in errors] == ["joe", None, "ada"]


def test_with_login_no_caller_acts_under_another_name() -> None:
    def by(role: str | None, given: str, authid: str = "ada") -> str | None:
        return PendingCall(DispatcherHarness(), 1, "x", [], {}, authid=authid, role=role).by(given)

    assert (by("operator", ""), by("operator", "ada"), by("operator", "bob")) == ("ada", "ada", "ada (bob)")
    assert (by("client", "bob"), by("anonymous", "bob"), by(None, "bob")) == ("ada (bob)", "bob", "bob")
    assert (by("anonymous", ""), by("anonymous", "", "3333-3333-3333-3333-3333-3333")) == ("ada", None)
