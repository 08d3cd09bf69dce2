"""Requests of other services start tasks: once, only if they are genuine, and with an answer that says what became of them."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness
from support.storing import FakeSqliteStore, FakeStore

from taskbahn import InvalidOption, Taskbahn
from taskbahn.protocol import messages
from taskbahn_router.core.hook_schemes import Delivery
from taskbahn_router.dispatcher.hook_intake import HookIntake, Reply
from taskbahn_router.stores.contract import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "It's-a-Secret-to-Everybody"
OTHER = "another-secret"
BODY = {"action": "opened", "number": 7, "deep": {"er": True}}


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("w", slots=3).lost()
    made.settle()
    use(made, THE_SECRET=SECRET)
    yield made
    store.close()


def use(harness: DispatcherHarness, **environment: str) -> None:
    parts = harness.parts
    parts.hooks = HookIntake(parts.dispatcher, parts.trigger_book, parts.event_starts, environment)


def add(harness: DispatcherHarness, id: str = "t", **spec: Any) -> Any:
    whole = {"kind": "hook", "name": "git", "scheme": "github", "secret": "env:THE_SECRET", "call": {"task": TASK}, **spec}
    asked = harness.ask(messages.TRIGGER_ADD, id, whole, who="ada")
    harness.settle()
    return asked


def send(
    harness: DispatcherHarness,
    body: Any = BODY,
    name: str = "git",
    secret: str = SECRET,
    id: str = "1",
    kind: str | None = "application/json",
    **headers: str,
) -> Reply:
    """Send a body as GitHub does; return the answer."""
    raw = body if isinstance(body, bytes) else messages.to_json(body).encode()
    signature = "sha256=" + hmac.digest(secret.encode(), raw, "sha256").hex()
    found = {"x-hub-signature-256": signature, "x-github-delivery": id, **({"content-type": kind} if kind else {}), **headers}
    replies: list[Reply] = []
    harness.parts.hooks.receive(name, Delivery(found, raw, harness.wall()), replies.append)
    harness.settle()
    (reply,) = replies
    return reply


def jobs(harness: DispatcherHarness) -> list[Any]:
    """Return the arguments of all jobs, the oldest first."""
    reader = harness.store.reader()
    rows = [reader.job(row.id) for row in reader.jobs(Filter(limit=1000)).rows[::-1]]
    return [messages.from_json(row.packed) for row in rows if row is not None]


def test_a_genuine_request_starts_a_job_and_is_answered_after_the_commit(harness: DispatcherHarness) -> None:
    add(harness)
    harness.hold_commits()
    raw = messages.to_json(BODY).encode()
    signature = "sha256=" + hmac.digest(SECRET.encode(), raw, "sha256").hex()
    replies: list[Reply] = []
    delivery = Delivery({"x-hub-signature-256": signature}, raw, harness.wall())
    harness.parts.hooks.receive("git", delivery, replies.append)
    harness.settle()
    assert replies == []
    harness.release_commits()
    harness.settle()
    (reply,) = replies
    assert reply.status == 202
    row = harness.row(reply.said["job"])
    assert messages.from_json(row.packed) == [[BODY], {}]
    assert row.caller == "trigger:t"
    harness.check()


def test_a_mapping_takes_parts_of_body_and_headers(harness: DispatcherHarness) -> None:
    kwargs = {"number": "{body.number}", "event": "{headers.x-github-event}", "text": "{name} {id} {body.missing?}"}
    add(harness, call={"task": TASK, "kwargs": kwargs})
    assert send(harness, **{"x-github-event": "push"}).status == 202
    assert jobs(harness) == [[[], {"number": 7, "event": "push", "text": "git 1 "}]]


def test_what_comes_again_starts_nothing_and_gets_the_same_answer(harness: DispatcherHarness) -> None:
    add(harness)
    first = send(harness)
    assert [send(harness) for _ in range(3)] == [first] * 3
    harness.restart()
    use(harness, THE_SECRET=SECRET)
    assert send(harness) == first
    assert send(harness, id="2") != first
    assert len(jobs(harness)) == 2


def test_by_its_body_a_recorded_request_starts_nothing_under_another_id(harness: DispatcherHarness) -> None:
    add(harness, repeats="body")
    first = send(harness, id="1")
    assert send(harness, id="2") == first
    assert send(harness, {**BODY, "number": 8}, id="1") != first
    assert len(jobs(harness)) == 2


def test_a_request_that_is_not_genuine_leaves_no_trace(harness: DispatcherHarness) -> None:
    add(harness)
    commits = harness.store.reader().trigger("t")
    unsigned = send(harness, **{"x-hub-signature-256": ""})
    wrong = send(harness, secret=OTHER)
    assert unsigned == wrong
    assert wrong.status == 401
    assert SECRET not in str(wrong)
    assert jobs(harness) == []
    assert harness.store.reader().trigger("t") == commits


def test_one_name_has_two_secrets_while_they_change(harness: DispatcherHarness) -> None:
    add(harness)
    use(harness, THE_SECRET=f"{OTHER} {SECRET}")
    assert send(harness, secret=SECRET, id="1").status == 202
    assert send(harness, secret=OTHER, id="2").status == 202


@pytest.mark.parametrize("environment", [{}, {"THE_SECRET": ""}, {"THE_SECRET": "short"}, {"THE_SECRET": " "}])
def test_a_hook_whose_secret_the_node_lacks_takes_nothing_visibly(
    harness: DispatcherHarness, environment: dict[str, str]
) -> None:  # fmt: skip
    use(harness, **environment)
    add(harness)
    for secret in ("", " ", SECRET, "short"):
        reply = send(harness, secret=secret or "x")
        assert (reply.status, reply.retry_after > 0) == (503, True)
    assert jobs(harness) == []
    (sentence,) = harness.parts.hooks.without_secret()
    assert sentence.startswith("the hook git takes nothing: ")
    assert "THE_SECRET" in sentence
    assert "short" not in sentence


def test_an_unknown_hook_is_not_there(harness: DispatcherHarness) -> None:
    add(harness)
    assert send(harness, name="gut").status == 404


@pytest.mark.parametrize(
    "where, starts",
    [
        ({"action": "opened"}, True),
        ({"body.action": "opened"}, True),
        ({"deep.er": True}, True),
        ({"deep.er": 1}, False),
        ({"action": "closed"}, False),
        ({"missing": None}, True),
        ({"headers.X-GitHub-Event": "push"}, True),
        ({"headers.x-github-event": "ping"}, False),
        ({"action": "opened", "number": 8}, False),
    ],
)
def test_a_filter_looks_at_body_and_headers(harness: DispatcherHarness, where: dict[str, Any], starts: bool) -> None:  # noqa: FBT001
    add(harness, where=where)
    reply = send(harness, **{"x-github-event": "push"})
    assert (reply.status, bool(reply.said["job"])) == ((202, True) if starts else (200, False))
    assert len(jobs(harness)) == starts


def test_several_triggers_of_a_hook_start_together(harness: DispatcherHarness) -> None:
    add(harness, "one")
    add(harness, "two", where={"action": "closed"})
    add(harness, "three")
    reply = send(harness)
    assert len(reply.said["jobs"]) == 2
    assert reply.said["job"] == reply.said["jobs"][0]


@pytest.mark.parametrize(
    "kind, body, status",
    [
        ("application/json", b"{", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b'{"a": NaN}', 400),
        ("application/json", b'{"a": 1e999}', 400),
        ("application/json", b'"\\ud800"', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"1" * 5000, 400),
        ("application/json", b"", 400),
        ("text/plain", b"x", 415),
        ("multipart/form-data; boundary=x", b"x", 415),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(1001)), 400),
        ("application/x-www-form-urlencoded", b"a=%ff", 400),
        ("application/x-www-form-urlencoded", b"payload={", 400),
        ("application/vnd.api+json; charset=utf-8", b'{"a":1}', 202),
        (None, b'{"a":1}', 202),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(harness: DispatcherHarness, kind: str | None, body: bytes, status: int) -> None:
    add(harness)
    assert send(harness, body, kind=kind).status == status
    assert len(jobs(harness)) == (status == 202)


@pytest.mark.parametrize(
    "body, data",
    [
        (b"text=hello+you&user=%C3%A4&empty=", {"text": "hello you", "user": "ä", "empty": ""}),
        (b"a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        (b"payload=%7B%22a%22%3A1%7D", {"a": 1}),
    ],
)
def test_a_form_is_read_as_fields_or_as_the_json_in_it(harness: DispatcherHarness, body: bytes, data: Any) -> None:
    add(harness)
    assert send(harness, body, kind="application/x-www-form-urlencoded").status == 202
    assert jobs(harness) == [[[data], {}]]


def test_what_a_sender_says_is_never_a_reference_to_another_job(harness: DispatcherHarness) -> None:
    add(harness, call={"flow": {"chain": [{"task": TASK, "args": ["{body.x}"]}]}})
    assert send(harness, {"x": {"$output": "a"}}).status == 202
    assert [args for args, _ in jobs(harness) if args] in ([[{"$output": "a"}]], [[{"$literal": {"$output": "a"}}]])


def test_a_mapping_that_does_not_fit_is_said_and_kept_as_trouble(harness: DispatcherHarness) -> None:
    add(harness, call={"task": TASK, "args": ["{body.nothing}"]})
    reply = send(harness)
    assert reply.status == 422
    assert "{body.nothing}" in reply.said["error"]
    row = harness.store.reader().trigger("t")
    assert row is not None
    assert row.trouble is not None


def test_a_paused_hook_asks_to_come_again(harness: DispatcherHarness) -> None:
    add(harness)
    harness.ask(messages.TRIGGER_PAUSE, "t", reason="holidays")
    harness.settle()
    assert send(harness).status == 503
    assert send(harness, secret=OTHER).status == 401
    harness.ask(messages.TRIGGER_RESUME, "t")
    harness.settle()
    assert send(harness).status == 202


def test_more_than_it_takes_in_a_second_is_refused_for_a_while(harness: DispatcherHarness) -> None:
    add(harness, per_second=2)
    assert [send(harness, id=str(number)).status for number in range(6)] == [202] * 4 + [429] * 2
    for _ in range(50):
        assert send(harness, secret=OTHER).status == 401, "others do not use it up"
    harness.passes(1)
    assert [send(harness, id=f"later {number}").status for number in range(3)] == [202, 202, 429]


def test_without_room_a_sender_is_asked_to_come_again(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    add(harness)
    monkeypatch.setattr(harness.dispatcher, "accepting", False)
    reply = send(harness)
    assert (reply.status, reply.retry_after > 0) == (503, True)
    assert jobs(harness) == []


def test_slack_is_answered_its_challenge_only_if_it_is_slack(harness: DispatcherHarness) -> None:
    add(harness, scheme="slack")
    body = messages.to_json({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}).encode()
    at = str(int(harness.wall()))
    for secret, reply in ((SECRET, Reply(200, {"challenge": "3eZbrw1aB"})), (OTHER, None)):
        signature = "v0=" + hmac.digest(secret.encode(), f"v0:{at}:".encode() + body, "sha256").hex()
        replies: list[Reply] = []
        headers = {"x-slack-request-timestamp": at, "x-slack-signature": signature, "content-type": "application/json"}
        harness.parts.hooks.receive("git", Delivery(headers, body, harness.wall()), replies.append)
        harness.settle()
        assert replies[0] == reply or (reply is None and replies[0].status == 401)
    assert jobs(harness) == []


@pytest.mark.parametrize(
    "spec, why",
    [
        ({"secret": "hunter2-hunter2"}, "secret"),
        ({"secret": ""}, "without one, all could start its jobs"),
        ({"secret": "env:PATH"}, "_SECRET"),
        ({"scheme": "none"}, "scheme"),
        ({"name": "a/b"}, "name of a hook"),
        ({"name": ".."}, "name of a hook"),
        ({"header": "x-mine"}, "has its own headers"),
        ({"scheme": "hmac", "header": "X-Mine"}, "lower case"),
        ({"scheme": "hmac", "header": "cookie"}, "lower case"),
        ({"per_second": 0}, "above 0"),
        ({"call": {"task": TASK, "args": ["{event.x}"]}}, "there are {body}, {headers}"),
    ],
)
def test_a_hook_that_cannot_be_is_refused_and_not_stored(harness: DispatcherHarness, spec: dict[str, Any], why: str) -> None:
    refused = add(harness, **spec)
    assert refused.error == "invalid_option"
    assert why in str(refused.sent[-1][1])
    assert "hunter2" not in str(refused.sent[-1][1])
    assert harness.store.reader().trigger("t") is None


def test_code_declares_a_hook_on_top_of_its_task() -> None:
    app = Taskbahn()

    @app.hook("git", scheme="github", secret="env:THE_SECRET", kwargs={"day": "{body.day}"})
    @app.task(name="a.task")
    def task(day: str) -> str:
        return day

    (declared,) = app.declared_triggers.values()
    assert declared.id == "a.task:hook:git"
    assert declared.spec["kind"] == "hook"
    with pytest.raises(InvalidOption, match=r"goes on top of @app\.task"):
        app.hook("git", scheme="github", secret="env:THE_SECRET")(app.get("unknown"))
    with pytest.raises(InvalidOption, match="never travels"):
        app.hook("git", scheme="github", secret="hunter2")(task)
    with pytest.raises(InvalidOption, match=r"there is no option 'repeat' \(did you mean 'repeats'\?\); there are .*where"):
        app.hook("git", scheme="github", secret="env:THE_SECRET", repeat="body")(task)  # type: ignore[call-arg]
