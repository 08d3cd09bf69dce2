"""Questions about many jobs as a caller asks them: lists, ids, groups of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, job_id

from taskbahn.protocol import messages, views
from taskbahn_router.dispatcher import outcomes
from taskbahn_router.queries import error_groups, fingerprint_cache, job_lists

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    return harness.worker(slots=100, tasks=["a.task", "b.task"])


def ids(harness: DispatcherHarness, **wanted: Any) -> list[int]:
    """The last digits of the ids of all jobs that are found; it goes on asking until the end."""
    found: list[str] = []
    while True:
        answer = harness.ask(messages.VIEW_JOBS, ids=True, **wanted).answer
        found += answer["ids"]
        if answer["next"] is None:
            break
        wanted["before"] = answer["next"]
    return [int(id[-12:], 16) for id in found]


def fail(harness: DispatcherHarness, worker: FakeWorker, count: int, task: str = "a.task", **error: Any) -> None:
    """Have as many jobs fail, each after the one before."""
    for number in range(count):
        harness.submit(number, task=task)
        harness.settle()
        [(id, attempt)] = worker.take()
        info = {"type": "ValueError", "message": f"order {number} is gone", **error}
        worker.says(failed=[messages.Failed(id=id, attempt=attempt, kind="error", error=info)])
        harness.passes(1)


def test_jobs_are_listed_by_all_that_can_be_asked_for(harness: DispatcherHarness, worker: FakeWorker) -> None:
    for task, options in (("a.task", {"tags": ["user:42"]}), ("b.task", {"queue": "slow"}), ("a.task", {"delay": 50})):
        harness.submit(task=task, **options)
        harness.passes(10)
    worker.done(*worker.take())
    harness.settle()
    assert ids(harness) == [3, 2, 1]
    assert ids(harness, state=["succeeded", "ready"]) == [2, 1]
    assert ids(harness, state="waiting") == [3]
    assert ids(harness, state=[]) == [3, 2, 1]
    assert ids(harness, task="*.task", queue="sl*") == [2]
    assert ids(harness, tag="user:*") == [1]
    assert ids(harness, worker="w*") == [1]
    assert ids(harness, since=WALL + 5) == [3, 2]
    assert ids(harness, since=int(WALL), until=WALL + 15) == [2, 1]
    assert ids(harness, limit=1) == [3, 2, 1]
    listed = harness.ask(messages.VIEW_JOBS, limit=2).answer
    assert [view["id"] for view in listed["jobs"]] == [job_id(3), job_id(2)]
    assert not {"args", "result", "place", "typical"} & set(listed["jobs"][0])


@pytest.mark.parametrize("moment", ["10s", WALL + 10, "2023-11-14T22:13:30Z", "2023-11-14T23:13:30+01:00"])
def test_times_are_numbers_ages_or_moments_with_a_zone(harness: DispatcherHarness, worker: FakeWorker, moment: Any) -> None:
    harness.submit()
    harness.passes(15)
    harness.submit()
    harness.passes(5)
    assert (ids(harness, until=moment), ids(harness, since=moment)) == ([1], [2])


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"state": "tomorrow"}, "state: there is no 'tomorrow'; there are waiting, ready"),
        ({"state": ["ready", "tomorrow"]}, "state: there is no 'tomorrow'"),
        ({"state": 1}, "state must be text or a list of texts"),
        ({"state": [1]}, "state must be text or a list of texts"),
        ({"task": 1}, "task must be text"),
        ({"tag": "x" * 501}, "tag must be text of no more than 500 characters, not 501"),
        ({"worker": "\ud800"}, "worker has text that is no Unicode"),
        ({"since": "yesterday"}, "since = 'yesterday': a time is seconds since the epoch, an age such as '1h'"),
        ({"since": "2026-11-21T10:00"}, "since = '2026-11-21T10:00': it has no zone"),
        ({"since": True}, "since = True: a time is"),
        ({"since": [1]}, "since = [1]: a time is"),
        ({"until": float("nan")}, "until = nan: a time is"),
        ({"until": 10**400}, "until = 1000"),
        ({"until": 1e13}, "that is no time that a job can have"),
        ({"error": "boom"}, "error must be a fingerprint, as taskbahn.view.errors tells it"),
        ({"error": 1}, "error must be a fingerprint"),
        ({"limit": 501}, "limit must be 1 to 500"),
        ({"limit": 1001, "ids": True}, "limit must be 1 to 1,000"),
        ({"before": 2**63}, "before must be the `next` of an earlier answer, not 9223372036854775808"),
        ({"limit": "x"}, "limit must be 1 to 500, not 'x'"),
        ({"parent": "x"}, "parent: 'x' is no job id"),
        ({"stat": "failed"}, "taskbahn.view.jobs has no argument 'stat' (did you mean 'state'?); it has state, task, queue"),
        ({"x" * 1000: 1}, "taskbahn.view.jobs has no argument"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(
    harness: DispatcherHarness, wrong: dict[str, Any], sentence: str
) -> None:
    asked = harness.ask(messages.VIEW_JOBS, **wrong)
    assert asked.error == "invalid_request"
    assert sentence in str(asked.sent[-1][1])


def test_what_is_no_filter_is_never_ignored(harness: DispatcherHarness) -> None:
    assert harness.ask(messages.VIEW_JOBS, {"state": "failed"}).error == "invalid_request"


def test_failed_jobs_are_grouped_by_what_they_have_in_common(harness: DispatcherHarness, worker: FakeWorker) -> None:
    fail(harness, worker, 3)
    fail(harness, worker, 1, task="b.task")
    fail(harness, worker, 2, message="something else", traceback="long " * 1000)
    answer = harness.ask(messages.VIEW_ERRORS).answer
    found = msgspec.convert(answer, views.Errors)
    assert (found.looked_at, found.matched, found.complete) == (6, 6, True)
    assert harness.ask(messages.VIEW_ERRORS, task="b.task").answer["matched"] == 1
    assert [(group.count, group.task, group.message, group.job) for group in found.groups] == [
        (3, "a.task", "order 2 is gone", job_id(3)),
        (2, "a.task", "something else", job_id(6)),
        (1, "b.task", "order 0 is gone", job_id(4)),
    ]
    assert (found.groups[0].type, found.groups[0].first_at, found.groups[0].last_at) == ("ValueError", WALL, WALL + 2)
    assert [group["count"] for group in harness.ask(messages.VIEW_ERRORS, task="b.*").answer["groups"]] == [1]
    assert harness.ask(messages.VIEW_ERRORS, task=1).error == "invalid_request"
    for group, jobs in zip(found.groups, ([3, 2, 1], [6, 5], [4]), strict=True):
        assert ids(harness, error=group.fingerprint) == jobs
        assert ids(harness, error=group.fingerprint, limit=1) == jobs
        assert ids(harness, error=group.fingerprint, state=["succeeded", "failed"], task="a.*") == [
            job for job in jobs if job != 4
        ]
    assert ids(harness, error=found.groups[0].fingerprint, state="succeeded") == []


def test_a_retried_job_leaves_its_group_and_may_join_another(harness: DispatcherHarness, worker: FakeWorker) -> None:
    fail(harness, worker, 2)
    [before] = harness.ask(messages.VIEW_ERRORS).answer["groups"]
    harness.ask(messages.JOB_RETRY, [job_id(1)])
    harness.settle()
    assert [group["count"] for group in harness.ask(messages.VIEW_ERRORS).answer["groups"]] == [1]
    worker.failed(*worker.take())
    harness.settle()
    groups = harness.ask(messages.VIEW_ERRORS).answer["groups"]
    assert [(group["message"], group["count"]) for group in groups] == [("no", 1), ("order 1 is gone", 1)]
    assert ids(harness, error=before["fingerprint"]) == [2]


def test_jobs_keep_fingerprints_and_earlier_failures_get_theirs_later(
    harness: DispatcherHarness, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(outcomes, "fingerprint", lambda *_: None)
        fail(harness, worker, 2)
    fail(harness, worker, 1)
    [group] = harness.ask(messages.VIEW_ERRORS).answer["groups"]
    assert group["count"] == 3
    shown = [harness.ask(messages.JOB_GET, job_id(number)).answer["fingerprint"] for number in (1, 2, 3)]
    assert shown == [group["fingerprint"]] * 3
    assert [job.get("fingerprint") for job in harness.ask(messages.VIEW_JOBS).answer["jobs"]] == [
        group["fingerprint"],
        None,
        None,
    ]
    asked: list[int] = []
    monkeypatch.setattr(harness.jobs._lists._reader, "errors", asked.extend)
    assert harness.ask(messages.VIEW_ERRORS).answer["groups"] == [group]
    fail(harness, worker, 3)
    assert [each["count"] for each in harness.ask(messages.VIEW_ERRORS).answer["groups"]] == [6]
    assert asked == [], "no error is read to put it into its group"
    harness.ask(messages.JOB_RETRY, [job_id(3)])
    harness.settle()
    assert "fingerprint" not in harness.ask(messages.JOB_GET, job_id(3)).answer


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a few jobs reach."""
    monkeypatch.setattr(job_lists, "EACH", 2)
    monkeypatch.setattr(job_lists, "SECONDS", -1.0)
    monkeypatch.setattr(job_lists, "MAX_FAILED", 6)
    monkeypatch.setattr(error_groups, "MAX_GROUPS", 2)
    monkeypatch.setattr(fingerprint_cache, "MAX_KEPT", 3)


def test_failed_jobs_are_read_in_slices_with_other_queries_between(
    harness: DispatcherHarness, worker: FakeWorker, small: None
) -> None:
    fail(harness, worker, 5)
    harness.reading.holds = True
    asked = harness.ask(messages.VIEW_ERRORS)
    other = harness.ask(messages.VIEW_JOBS)
    for _ in range(2):
        harness.reading.held.pop(0)()
    assert (len(asked.sent), len(other.sent)) == (0, 1)
    harness.reading.release()
    assert (asked.answer["looked_at"], asked.answer["complete"]) == (5, True)
    fingerprint = asked.answer["groups"][0]["fingerprint"]
    assert ids(harness, error=fingerprint) == [5, 4, 3, 2, 1]
    first = harness.ask(messages.VIEW_JOBS, error=fingerprint).answer
    assert (len(first["jobs"]), first["next"]) == (2, 4), "a slice may be short, with more to come"


def test_it_is_said_when_not_all_failures_were_looked_at_or_shown(
    harness: DispatcherHarness, worker: FakeWorker, small: None
) -> None:
    for kind in ("A", "B", "C"):
        fail(harness, worker, 1, type=kind)
    answer = harness.ask(messages.VIEW_ERRORS).answer
    assert (len(answer["groups"]), answer["looked_at"], answer["complete"]) == (2, 3, False)
    fail(harness, worker, 5)
    answer = harness.ask(messages.VIEW_ERRORS).answer
    assert (answer["looked_at"], answer["complete"]) == (6, False)
    assert answer["groups"][0]["count"] == 5


def test_who_goes_away_is_not_worked_for_any_more(harness: DispatcherHarness, worker: FakeWorker, small: None) -> None:
    fail(harness, worker, 5)
    harness.reading.holds = True
    asked = harness.ask(messages.VIEW_ERRORS)
    asked.gone()
    harness.reading.release()
    harness.reading.holds = True
    assert harness.reading.held == []
    assert asked.sent == []
