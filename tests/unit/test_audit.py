"""The audit at the dispatcher: each procedure that changes something leaves its entry, in the commit of the change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, job_id
from support.recorded_call import RecordedCall
from support.storing import FakeSqliteStore

from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn_router.core.audit import Act, Origin
from taskbahn_router.dispatcher import audit_repeats
from taskbahn_router.dispatcher.auditing import DONE, Audited
from taskbahn_router.dispatcher.group_commit import LONGEST_RETRY
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.stores.contract import CommitBatch

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO, THREE, FOUR = map(job_id, range(1, 5))
GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=2, cost=1)
QUESTION = {"name": "go", "question": "Go?", "asked_at": 5.0, "schema": {"type": "integer"}}
SCHEDULE = {"when": "0 3 * * *", "call": {"task": TASK}}
TRIGGER = {"kind": "topic", "topic": "a.b", "call": {"task": TASK}}
# what is called, in this order, and the field of the batch that has the change; job 1 asks ("": a note), 2 waits, HELD holds another
CALLS: list[tuple[str, list[Any], dict[str, Any], str]] = [
    (messages.JOB_ANSWER, [ONE, "go", 3], {}, ""),
    (messages.JOB_PAUSE, [[TWO]], {"reason": "too early"}, "job_pauses"),
    (messages.JOB_RESUME, [[TWO]], {}, "resumes"),
    (messages.JOB_CANCEL, [[TWO]], {"reason": "wrong"}, "cancels"),
    (messages.JOB_SKIP, [["HELD"]], {}, "skips"),
    (messages.JOB_RETRY, [[TWO]], {}, "retries"),
    (messages.SCHEDULE_ADD, ["s", SCHEDULE], {}, "schedules"),
    (messages.SCHEDULE_EDIT, ["s", {"note": "n"}], {}, "schedules"),
    (messages.SCHEDULE_PAUSE, ["s"], {"reason": "holidays"}, "schedules"),
    (messages.SCHEDULE_RESUME, ["s"], {}, "schedules"),
    (messages.SCHEDULE_RUN, ["s"], {}, "new"),
    (messages.SCHEDULE_BACKFILL, ["s", WALL - 3 * 86400, WALL], {}, "new"),
    (messages.SCHEDULE_DELETE, ["s"], {}, "dropped_schedules"),
    (messages.TRIGGER_ADD, ["t", TRIGGER], {}, "triggers"),
    (messages.TRIGGER_EDIT, ["t", {"note": "n"}], {}, "triggers"),
    (messages.TRIGGER_PAUSE, ["t"], {"reason": "noise"}, "triggers"),
    (messages.TRIGGER_RESUME, ["t"], {}, "triggers"),
    (messages.TRIGGER_DELETE, ["t"], {}, "dropped_triggers"),
    (messages.ADMIN_LIMIT, ["gpu", 5], {}, "limits"),
    (messages.ADMIN_PAUSE, [f"task:{TASK}"], {"reason": "disk"}, "limits"),
    (messages.ADMIN_RESUME, [f"task:{TASK}"], {}, "forgotten_limits"),
    (messages.ADMIN_DRAIN, ["w", True], {}, "acts"),
    (access.TOKEN_CREATE, ["ci", "operator"], {}, "credentials"),
    (access.TOKEN_REVOKE, ["ci"], {}, "credentials"),
    (access.TOKEN_ROTATE, [], {}, "credentials"),
    (access.USER_CREATE, ["joe", "operator", "correct horse battery"], {}, "credentials"),
    (access.USER_PASSWD, ["joe", "staple correct horse"], {}, "credentials"),
    (access.OWN_PASSWORD, ["staple correct horse", "correct horse battery"], {}, "credentials"),
    (access.USER_REMOVE, ["joe"], {}, "dropped_credentials"),
    (access.KEY_ADD, ["bot", "worker", "4a" * 32], {}, "credentials"),
    (access.KEY_REVOKE, ["bot"], {}, "credentials"),
]


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    """A dispatcher over each of the stores."""
    made = DispatcherHarness(FakeSqliteStore(tmp_path) if request.param == "sqlite" else None)
    yield made
    made.store.close()


def call(harness: DispatcherHarness, procedure: str, *args: Any, **kwargs: Any) -> RecordedCall:
    asked = harness.ask(procedure, *args, **kwargs)
    harness.settle()
    return asked


def entries(harness: DispatcherHarness, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(harness, messages.VIEW_AUDIT, **wanted).answer["entries"]
    return found


def lives(harness: DispatcherHarness) -> str:
    """Have jobs in all the states that the calls need; return the one that holds another."""
    worker = harness.worker("w", 2, declaration={"limits": [GPU]})
    harness.submit()
    harness.settle()
    worker.take()
    worker.notices((ONE, 1), "question", QUESTION)
    harness.submit(delay=500.0)
    call(harness, messages.SUBMIT, [{"flow": {"chain": [{"task": TASK, "if_fails": "hold"}, {"task": TASK}]}, "id": THREE}])
    [attempt] = worker.take()
    worker.failed(attempt, retry=False)
    harness.settle()
    return attempt[0]


def test_a_cancel_is_an_entry_with_who_what_and_where_from(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    call(harness, messages.JOB_CANCEL, [ONE], reason="wrong bucket", who="Ada")
    assert entries(harness) == [
        {
            "id": 1, "at": WALL, "verb": "cancel", "kind": "job", "object": ONE, "effect": "cancelled", "changed": 1,
            "authid": "joe", "role": "anonymous", "name": "Ada", "address": "127.0.0.1", "transport": "websocket", "session": 1,
            "reason": "wrong bucket",
        }
    ]  # fmt: skip


def test_each_audited_procedure_writes_in_the_commit_of_its_change(harness: DispatcherHarness) -> None:
    held = lives(harness)
    missing = {row.uri for row in PROCEDURES if isinstance(row.audit, Audited)} - {uri for uri, *_ in CALLS}
    assert missing == set(), "a procedure that is audited needs a call in CALLS"
    for uri, args, kwargs, field in CALLS:
        before = len(harness.store.commits)
        given = [[held]] if args == [["HELD"]] else args
        asked = call(harness, uri, *given, **kwargs, **({} if uri == messages.SCHEDULE_BACKFILL else {"who": "Ada"}))
        batches: list[CommitBatch] = [
            batch
            for batch in harness.store.commits[before:]
            if (getattr(batch, field) if field else batch.told) or (field == "new" and batch.submissions)
        ]
        audited = next(row.audit for row in PROCEDURES if row.uri == uri)
        assert isinstance(audited, Audited)
        assert asked.sent[-1][0] == "answer", (uri, asked.sent)
        assert batches, uri
        assert [one.act.verb for one in batches[0].acts] == [audited.verb], uri
        newest = entries(harness, limit=1)[0]
        assert newest.get("name") == "Ada" or uri == messages.SCHEDULE_BACKFILL
        assert (newest["verb"], newest["kind"]) == (audited.verb, audited.kind or "task"), uri
        assert newest.get("reason", "") == kwargs.get("reason", "")
    harness.check()


def test_every_procedure_that_is_no_view_says_whether_it_is_audited() -> None:
    silent = [row.uri for row in PROCEDURES if row.audit is None and not row.uri.startswith(("taskbahn.view.", "taskbahn.job."))]
    assert silent == [], "say in procedures.py what the audit says of these, or why it says nothing"
    assert [row.uri for row in PROCEDURES if row.audit is None and row.role not in (Role.VIEWER, Role.OPERATOR)] == []
    assert {row.audit.verb for row in PROCEDURES if isinstance(row.audit, Audited)} <= DONE.keys()


def test_the_page_offers_every_verb_of_the_audit() -> None:
    text = (ROOT / "web/taskbahn_web/static/app/text/audit-text.js").read_text(encoding="utf-8")
    [offered] = re.findall(r"export const VERBS = \[(.*?)\n\];", text, re.DOTALL)
    assert sorted(re.findall(r'"(\w+)"', offered)) == sorted(DONE)


def test_what_was_refused_or_changed_nothing_is_an_entry_too(harness: DispatcherHarness) -> None:
    harness.worker()
    call(harness, messages.ADMIN_PAUSE, "queue:nowhere", who="Ada")
    call(harness, messages.ADMIN_LIMIT, "none", 7)
    call(harness, messages.JOB_CANCEL, [ONE])
    call(harness, messages.SCHEDULE_DELETE, "gone")
    call(harness, messages.JOB_CANCEL, ["no id"])
    call(harness, access.KEY_ADD, "bot", "worker", "no key")
    effects = {(entry["verb"], entry["kind"]): (entry["effect"], entry.get("changed", 0)) for entry in entries(harness)}
    assert "refused: that is no public key" in effects.pop(("add", "key"))[0]
    assert effects == {
        ("pause", "queue"): ("refused: there is no queue named 'nowhere'", 0),
        ("limit", "limit"): ("refused: there is no limit named 'none'", 0),
        ("cancel", "job"): ("refused: there is no such job", 0),
        ("delete", "schedule"): ("refused: there is no schedule 'gone'; `taskbahn schedules` lists them", 0),
    }


def test_a_check_of_a_schedule_and_a_view_leave_no_entry(harness: DispatcherHarness) -> None:
    harness.worker()
    call(harness, messages.SCHEDULE_ADD, "s", SCHEDULE, check=True)
    call(harness, messages.SCHEDULE_ADD, "s", {"when": "no cron"}, check=True)
    call(harness, messages.VIEW_STATUS)
    harness.submit()
    assert entries(harness) == []


def test_jobs_of_a_bulk_cancel_find_its_one_entry(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    for _ in range(3):
        harness.submit()
    harness.settle()
    call(harness, messages.JOB_CANCEL, [ONE, TWO, THREE, FOUR], query="queue:default", reason="all wrong")
    [entry] = entries(harness)
    assert (entry["effect"], entry["changed"], entry["jobs"]) == ("3 jobs cancelled; unchanged: 1 unknown", 3, [ONE, TWO, THREE])
    assert (entry["query"], entry.get("object", "")) == ("queue:default", "")
    assert [len(entries(harness, job=id)) for id in (ONE, TWO, THREE, FOUR)] == [1, 1, 1, 0]


def test_a_caller_that_cancels_its_call_is_in_the_audit(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    for is_cancelled in (True, False):
        asked = harness.ask(TASK)
        harness.settle()
        asked.gone(cancelled=is_cancelled)
        harness.settle()
    [entry] = entries(harness)
    assert (entry["verb"], entry["effect"], entry["authid"]) == ("cancel", "cancelled", "joe")


def test_a_change_that_is_not_committed_has_no_entry_and_keeps_it(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    harness.store.refuses = "full"
    asked = call(harness, messages.JOB_CANCEL, [ONE])
    assert (asked.sent, entries(harness), harness.state(1)) == ([], [], "ready")
    harness.store.refuses = ""
    harness.passes(LONGEST_RETRY)
    assert (asked.answer, harness.state(1), len(entries(harness))) == (["cancelled"], "cancelled", 1)


def test_a_crash_before_the_commit_leaves_neither_change_nor_entry(harness: DispatcherHarness) -> None:
    worker = harness.worker(declaration={"limits": [GPU]})
    harness.submit()
    harness.settle()
    harness.store.refuses = "dying"
    for uri, *args in ((messages.JOB_CANCEL, [ONE]), (messages.ADMIN_LIMIT, "gpu", 9), (messages.TRIGGER_ADD, "t", TRIGGER)):
        call(harness, uri, *args)
    worker.silent = True
    harness.store.refuses = ""
    harness.restart()
    assert entries(harness) == []
    assert harness.state(1) == "running"
    assert call(harness, messages.VIEW_TRIGGERS).answer["triggers"] == []
    assert call(harness, messages.VIEW_LIMITS, "gpu").answer["limits"][0].get("override") is None


def test_a_schedule_that_others_change_faster_has_one_entry_for_each_change(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    call(harness, messages.SCHEDULE_ADD, "s", SCHEDULE)
    harness.ask(messages.SCHEDULE_EDIT, "s", {"note": "a"}, who="Ada")
    harness.ask(messages.SCHEDULE_PAUSE, "s", who="Grace")
    harness.settle()
    assert sorted(entry.get("name", "") for entry in entries(harness, object="s", kind="schedule")) == ["", "Ada", "Grace"]


def test_subscribers_hear_of_entries_after_their_commit(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    harness.watched.add(messages.AUDIT_TOPIC)
    harness.store.refuses = "full"
    call(harness, messages.JOB_CANCEL, [ONE])
    assert [topic for topic, _ in harness.published if topic == messages.AUDIT_TOPIC] == []
    harness.store.refuses = ""
    harness.passes(LONGEST_RETRY)
    assert [value for topic, value in harness.published if topic == messages.AUDIT_TOPIC] == [entries(harness)]


def test_jobs_that_start_and_end_touch_no_audit(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=4)
    for _ in range(4):
        harness.submit()
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    assert not any(batch.acts or batch.audit or batch.drop_audit for batch in harness.store.commits)


def test_a_stranger_who_tries_again_and_again_fills_nothing(harness: DispatcherHarness) -> None:
    auditing = harness.dispatcher.auditing
    for number in range(5_000):
        origin = Origin(None, None, f"10.0.{number % 7}.{number % 251}", "websocket")
        auditing.note(Act("user", "login", "logged in", origin, None, f"u{number}").row("refused: wrong password", 0))
        if number % 500 == 0:
            harness.passes(1.0)
    harness.passes(2 * 3600.0)
    found = entries(harness, verb="login", limit=500)
    assert len(found) < 2 * audit_repeats.MAX_KINDS + 4
    assert sum(entry.get("times", 1) for entry in found) == 5_000


def test_browser_tokens_and_logins_are_counted_into_few_for_each_name(harness: DispatcherHarness) -> None:
    made: list[dict[str, str]] = []
    for number in range(300):
        words: dict[str, Any] = {"start": [TASK, "x.*"], "cancel": True, "tags": [f"u:{number}"]}
        for name in ("shop", "blog"):
            asked = harness.ask_as(name, Role.CLIENT.value, access.BROWSER_TOKEN, **words)
            harness.settle()
            made.append(asked.answer)
    for _ in range(3):
        harness.dispatcher.auditing.logged_in("10.0.0.1", "the login page", "ada", "viewer")
    harness.settle()
    firsts = [each for each in entries(harness, limit=500) if each["verb"] != "rotate"]
    assert [(each["authid"], each["verb"], each["kind"]) for each in firsts] == [
        ("ada", "login", "user"), ("blog", "create", "token"), ("shop", "create", "token"),
    ]  # fmt: skip
    assert firsts[1]["effect"] == f"created, for 900 s: cancel; start {TASK}, x.*; tags u:0"
    assert made[0]["token"] not in messages.to_json(firsts)
    harness.passes(2 * 3600.0)
    counted = {each["authid"]: each for each in entries(harness, limit=3)}
    assert {name: each["times"] for name, each in counted.items()} == {"ada": 2, "blog": 299, "shop": 299}
    assert counted["blog"]["object"] == made[-1]["id"]


def test_what_strangers_do_hides_no_login_of_a_person(harness: DispatcherHarness) -> None:
    auditing = harness.dispatcher.auditing
    for number in range(2 * audit_repeats.MAX_AN_HOUR):
        auditing.refused_login(f"10.0.0.{number % 200}", "the login page", "no such token")
    auditing.logged_in("10.0.0.1", "the login page", "ada", "viewer")
    harness.settle()
    newest = entries(harness, limit=1)[0]
    assert (newest["authid"], newest["effect"], newest["address"]) == ("ada", "logged in", "10.0.0.1")


def test_entries_that_are_too_old_go_in_steps(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskbahn_router.dispatcher.auditing.DROP_LIMIT", 2)
    harness.dispatcher.auditing.keep = 7200.0
    harness.worker()
    for number in range(5):
        call(harness, messages.ADMIN_PAUSE, f"task:{TASK}", reason=str(number))
    harness.passes(3600.0)
    assert len(entries(harness)) == 5
    harness.passes(2 * 3600.0)
    assert entries(harness) == []
    assert all(batch.drop_audit is None or batch.drop_audit.limit == 2 for batch in harness.store.commits)
    call(harness, messages.ADMIN_RESUME, f"task:{TASK}")
    assert entries(harness)[0]["id"] == 6, "no id comes twice"


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": 501}, {"who": 7}, {"job": "x"}, {"since": "1h"}, {"what": 1}, {"before": 0}, {"verb": "cancle"}],
)
def test_a_question_that_is_wrong_says_so(harness: DispatcherHarness, wrong: dict[str, Any]) -> None:
    asked = call(harness, messages.VIEW_AUDIT, **wrong)
    assert asked.error == "invalid_request"
    assert "verb" not in wrong or "no verb 'cancle' (did you mean 'cancel'?)" in str(asked.sent)


def test_no_entry_shows_a_payload(harness: DispatcherHarness) -> None:
    lives(harness)
    secret = "hunter2"
    for uri, *args in (
        (messages.JOB_ANSWER, ONE, "go", secret),
        (messages.JOB_ANSWER, ONE, "other", secret),
        (messages.SCHEDULE_ADD, "s", {"when": secret, "call": {"task": TASK, "args": [secret]}}),
        (messages.SCHEDULE_ADD, "s", {"when": "0 3 * * *", "call": {"task": TASK, "kwargs": {secret: secret}, secret: 1}}),
        (messages.SCHEDULE_ADD, "s", {"when": "0 3 * * *", "call": {"task": TASK, "args": [secret]}}),
        (messages.TRIGGER_ADD, "t", {"kind": "topic", "topic": secret + "..", "call": {"task": TASK, "args": [secret]}}),
        (messages.SCHEDULE_RUN, "s"),
    ):
        call(harness, uri, *args)
    found = entries(harness)
    assert len(found) >= 4
    assert secret not in messages.to_json(found)


@given(st.floats(0, 1e9), st.floats(0, 100))
def test_a_pause_is_over_when_its_timer_fires(begin: float, later: float) -> None:
    now = begin
    repeats = audit_repeats.AuditRepeats(lambda: now)
    row = Act("user", "login", "logged in", Origin(None, None, "::1", "x")).row("refused", 0)
    assert repeats.let_through(row) is not None
    now = begin + min(later, 50)
    assert repeats.let_through(row) is None
    seconds = repeats.next_in()
    assert seconds is not None
    now += seconds  # as the timer of a clock does
    assert [one.times for one in repeats.over()] == [1]
    following = repeats.next_in()
    assert following is not None
    assert following > 1
