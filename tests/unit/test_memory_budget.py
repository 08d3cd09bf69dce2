"""Several large submissions at once: memory has some of them, the others wait for their turn, and small ones wait for none."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_runner import FlowRunner, s

from taskbahn.protocol import messages
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.submission import flows, memory_budget, slices
from taskbahn_router.submission.memory_budget import Budget, MemoryBudget, Share
from taskbahn_router.submission.slices import Rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.recorded_call import RecordedCall

SLICE, SMALL, MEDIUM = 4, 5, 15
BUDGET = 40


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> FlowRunner:
    """Where flows of more than 5 jobs need a share, and two of 20 have theirs at once."""
    monkeypatch.setattr(flows, "SLICE_JOBS", SLICE)
    monkeypatch.setattr(flows, "LARGE_SLICE_JOBS", SLICE)
    monkeypatch.setattr(memory_budget, "SMALL_JOBS", SMALL)
    monkeypatch.setattr(memory_budget, "LARGE_BUDGET_JOBS", BUDGET)
    monkeypatch.setattr(memory_budget, "MEDIUM_BUDGET_JOBS", BUDGET)
    monkeypatch.setattr(messages, "MAX_CALLS", MEDIUM)
    return FlowRunner(DispatcherHarness(), slots=2, one=lambda: 1)


def submit(runner: FlowRunner, number: int, members: int = 19, flow: Any = None) -> RecordedCall:
    flow = flow or {"group": [s("one")] * members}
    return runner.harness.ask(messages.SUBMIT, [{"flow": flow, "id": job_id(number)}], caller=number)


def held(runner: FlowRunner) -> int:
    """Return how many jobs of large flows memory has."""
    budget = runner.harness.dispatcher.memory_budget
    return budget._large._used + budget._medium._used


def waiting(runner: FlowRunner) -> int:
    return runner.harness.dispatcher.memory_budget._large.waiting


def commit(runner: FlowRunner) -> None:
    runner.harness.writing.held.pop(0)()
    runner.harness.settle()


def test_ten_flows_at_once_are_accepted_two_at_a_time(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    asked = [submit(runner, number) for number in range(1, 11)]
    harness.settle()
    seen = set()
    while harness.writing.held:
        seen.add(held(runner))
        assert held(runner) <= BUDGET
        commit(runner)
    assert max(seen) == BUDGET
    assert [one.answer for one in asked] == [[job_id(number)] for number in range(1, 11)]
    assert (held(runner), waiting(runner)) == (0, 0)
    assert len(runner.rows()) == 10 * 20
    harness.check()


def test_the_message_of_a_flow_is_forgotten_when_it_is_read(runner: FlowRunner) -> None:
    asked = submit(runner, 1)
    runner.harness.settle()
    assert asked.call.args == []


def test_small_and_medium_submissions_do_not_wait_for_large_ones(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    for number in (1, 2, 3):
        submit(runner, number)
    harness.settle()
    assert waiting(runner) == 1
    single = harness.ask(messages.SUBMIT, [{"task": "a.one"}], caller=20)
    small, medium = submit(runner, 21, 3), submit(runner, 22, 10)
    harness.settle()
    while not (single.sent and small.sent and medium.sent):
        commit(runner)
    assert held(runner) == BUDGET
    harness.release_commits()


def test_a_flow_that_has_its_message_only_waits_for_one_that_ends(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    asked = [submit(runner, number, members) for number, members in ((1, 30), (2, 29), (3, 16))]
    harness.settle()
    assert (held(runner), waiting(runner)) == (31, 2)  # the third has room, and comes after the second
    while not asked[0].sent:
        commit(runner)
    assert (held(runner), waiting(runner)) == (30, 1)
    harness.release_commits()
    assert all(one.answer for one in asked)


def test_what_its_caller_sends_meanwhile_comes_after_it(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    for number in (1, 2, 3):
        submit(runner, number)
    later = harness.ask(messages.SUBMIT, [{"flow": {**s("one"), "after": [job_id(3)]}}], caller=3)
    harness.settle()
    assert not later.sent
    harness.release_commits()
    assert isinstance(later.answer[0], str)


def test_too_many_that_wait_are_refused_with_a_time(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = runner.harness
    monkeypatch.setattr(memory_budget, "MAX_WAITING_BYTES", 25_000)
    harness.hold_commits()
    asked = [submit(runner, number) for number in range(1, 6)]
    harness.settle()
    assert [bool(one.sent) for one in asked] == [False] * 4 + [True]
    assert asked[-1].error == "queue_full"
    error = asked[-1].sent[-1][1]
    assert (error.detail["retry_after"], error.detail["waiting"]) == (memory_budget.AGAIN_SECONDS, 2)
    assert "send this again in 10 s" in error.message
    harness.release_commits()
    assert all(one.answer for one in asked[:-1])
    again = submit(runner, 5)
    harness.settle()
    assert again.answer == [job_id(5)]


def test_what_is_refused_is_refused_as_it_comes(runner: FlowRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "MAX_WAITING_BYTES", 20 * memory_budget.NODE_BYTES)
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(slices, "STEPS", 1)
    monkeypatch.setattr(memory_budget, "NODES_OF_A_STEP", 1)
    first, second = submit(runner, 1), submit(runner, 2)
    assert (first.sent, second.error) == ([], "queue_full")
    runner.harness.settle()
    assert first.answer == [job_id(1)]


def test_a_flow_whose_caller_goes_away_while_it_waits_is_dropped(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    asked = [submit(runner, number) for number in (1, 2, 3, 4)]
    later = harness.ask(messages.SUBMIT, [{"task": "a.one"}], caller=3)
    harness.settle()
    asked[2].gone(cancelled=True)
    harness.settle()
    assert waiting(runner) == 1
    harness.release_commits()
    assert later.answer
    assert harness.known(job_id(3)) is None
    assert asked[3].answer
    again = submit(runner, 3)
    harness.settle()
    assert again.answer == [job_id(3)]
    assert held(runner) == 0


@pytest.mark.parametrize("lasts", [0, 2])
def test_a_flow_that_is_refused_gives_its_share_back(runner: FlowRunner, lasts: int) -> None:
    harness = runner.harness
    harness.store.lasts = lasts
    asked = submit(runner, 1)
    harness.settle()
    if lasts:
        harness.dispatcher.accepting = False
        harness.store.refuses = ""
        harness.passes(5.0)
    assert asked.error == ("not_ready" if lasts else "store_unavailable")
    assert held(runner) == 0


def test_a_flow_that_is_wrong_gives_its_share_back(runner: FlowRunner) -> None:
    asked = submit(runner, 1, flow={"group": [s("one")] * 19 + [s("unknown")]})
    runner.harness.settle()
    assert asked.answer[0]["error"] == "taskbahn.error.unknown_task"
    assert held(runner) == 0


def test_jobs_that_tasks_have_declared_count_when_they_are_known(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.worker("declaring", 1, tasks=["a.noted"], declaration={"callbacks": {"on_end": [s("one"), s("one")]}})
    harness.hold_commits()
    asked = submit(runner, 1, flow={"group": [s("noted")] * 4})
    harness.settle()
    assert held(runner) == 1 + 4 + 8
    harness.release_commits()
    assert (asked.answer, held(runner)) == ([job_id(1)], 0)


def test_a_router_that_stops_turns_away_what_waits(runner: FlowRunner) -> None:
    harness = runner.harness
    harness.hold_commits()
    asked = [submit(runner, number) for number in (1, 2, 3)]
    harness.settle()
    harness.dispatcher.accepting = False
    harness.release_commits()
    harness.passes(5.0)
    assert [one.error for one in asked] == ["not_ready"] * 3


@pytest.mark.parametrize(
    "entries, jobs",
    [
        (None, 0),
        ([{"flow": 1}, 2], 0),
        ([{"task": "a"}] * 3, 3),
        ([{"task": "a", "calls": [[job_id(1), "[[],{}]"]] * 70}], 70),
        ([{"flow": {"map": {"task": "a"}, "calls": ["[[],{}]"] * 70}}], 70),
        ([{"flow": {"chain": [{"group": [s("a")] * 3}, s("b")], "on_end": [s("c")], "with": [s("d")]}}], 3 + 2 + 2 + 1),
    ],
)
def test_a_submission_is_weighed_before_it_is_read(entries: Any, jobs: int) -> None:
    call = PendingCall(None, 1, "", [entries] if entries is not None else [], {})  # type: ignore[arg-type]  # no replies
    (share,) = weighed(MemoryBudget(DispatcherHarness().dispatcher.slices), call)
    assert share is not None
    assert share.jobs == jobs
    assert share.size >= memory_budget.CALL_BYTES * jobs


def weighed(budget: MemoryBudget, call: PendingCall) -> Iterator[Share | None]:
    """Return the share that a submission gets."""

    def steps() -> Iterator[Any]:
        shares.append((yield from budget.share(call)))

    shares: list[Share | None] = []
    deque(steps(), maxlen=0)
    return iter(shares)


class RecordingSlices:
    """Notes who is woken."""

    def __init__(self) -> None:
        self.woken: list[Any] = []

    def rest(self, _: Any) -> Rest:
        return Rest.REST

    def wake(self, caller: Any) -> None:
        self.woken.append(caller)


@given(st.data())
def test_a_budget_is_never_exceeded_and_keeps_the_order(data: st.DataObject) -> None:
    recording: Any = RecordingSlices()
    budget = Budget(recording, 10)
    inside: list[Share] = []
    outside: list[tuple[Share, Any]] = []
    for number in range(data.draw(st.integers(1, 30))):
        verb = data.draw(st.sampled_from(["come", "come", "leave", "go away"]))
        if verb == "come":
            call = PendingCall(None, 1, "", [], {}, caller=number)  # type: ignore[arg-type]
            share = Share(call, data.draw(st.integers(1, 14)), 1)
            if budget.take(share):
                assert not outside
                inside.append(share)
            else:
                steps = budget.wait(share)
                assert next(steps) is Rest.REST
                outside.append((share, steps))
        elif verb == "leave" and inside:
            inside.pop(data.draw(st.integers(0, len(inside) - 1))).leave()
        elif verb == "go away" and outside:
            share, steps = outside.pop(data.draw(st.integers(0, len(outside) - 1)))
            share.call.open = False
            assert next(steps, None) is None
        while outside and outside[0][0].budget is not None:
            share, _ = outside.pop(0)
            assert recording.woken.pop(0) == share.call.caller
            inside.append(share)
        assert all(share.budget is None for share, _ in outside)
        assert sum(share.jobs for share in inside) <= 10 or len(inside) == 1
        assert budget.waiting == len(outside)
        if outside:
            assert sum(share.jobs for share in inside) + outside[0][0].jobs > 10
