"""Malformed calls of every procedure get a typed error, change nothing, and leave the dispatcher serving."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.rows import everything

from taskbahn.errors import CallerError
from taskbahn.protocol import messages
from taskbahn.protocol.calls import Bulk, Call

ONE, TWO = job_id(1), job_id(2)
HALF = "\ud800"  # half of a surrogate pair: JSON can say it, UTF-8 cannot
DEEP: Any = None
for _ in range(100_000):  # deeper than any Python's encoder goes
    DEEP = [DEEP]
HELLO = {"protocol": 1, "worker": "w2", "slots": 1, "tasks": [{"name": TASK}]}
HUGE = 10**30


def named(value: Any) -> str:
    try:
        return str(value).partition(" at 0x")[0][:40]
    except RecursionError:
        return "deep"


@pytest.fixture
def harness() -> DispatcherHarness:
    harness = DispatcherHarness()
    harness.worker()
    harness.submit("x")
    harness.settle()
    return harness


def calls(*entries: Any) -> tuple[Any, ...]:
    return (list(entries),)


REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    (messages.SUBMIT, (), {}),
    (messages.SUBMIT, ({"task": TASK},), {}),
    (messages.SUBMIT, ("x",), {}),
    (messages.SUBMIT, ([{"task": TASK}] * (messages.MAX_CALLS + 1),), {}),
    (messages.JOB_WAIT, (), {}),
    (messages.JOB_WAIT, (ONE,), {}),
    (messages.JOB_WAIT, ([[ONE]],), {}),
    (messages.JOB_WAIT, ([{}],), {}),
    (messages.JOB_WAIT, (["x"],), {}),
    (messages.JOB_WAIT, ([ONE] * (messages.MAX_WAIT + 1),), {}),
    (messages.JOB_WATCH, (), {}),
    (messages.JOB_WATCH, (5,), {}),
    (messages.JOB_WATCH, (ONE, "x"), {}),
    (messages.JOB_WATCH, (ONE,), {"after": -1}),
    (messages.JOB_WATCH, (ONE,), {"after": HUGE}),
    (messages.JOB_WATCH, (ONE,), {"after": True}),
    (messages.JOB_GET, (), {}),
    (messages.JOB_GET, ([ONE],), {}),
    (messages.JOB_GET, (TWO,), {}),
    (messages.JOB_WATCH, (TWO,), {}),
    (messages.JOB_EVENTS, (TWO,), {}),
    (messages.JOB_EVENTS, (None,), {}),
    (messages.JOB_EVENTS, (ONE, 1.5), {}),
    (messages.JOB_CANCEL, ([ONE] * (messages.MAX_CALLS + 1),), {}),
    (messages.JOB_CANCEL, ([TWO],), {"reason": HALF}),
    (messages.VIEW_JOBS, (), {"state": "dead"}),
    (messages.VIEW_JOBS, (), {"state": 5}),
    (messages.VIEW_JOBS, (), {"tag": HALF}),
    (messages.VIEW_JOBS, (), {"limit": 0}),
    (messages.VIEW_JOBS, (), {"limit": 501}),
    (messages.VIEW_JOBS, (), {"limit": "9"}),
    (messages.VIEW_JOBS, (), {"limit": True}),
    (messages.VIEW_JOBS, (), {"before": HUGE}),
    (messages.VIEW_JOBS, (), {"before": "x"}),
    (messages.WORKER_ATTACH, (), {}),
    (messages.WORKER_ATTACH, ("x",), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "slots": 0},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "slots": HUGE},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "worker": ""},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "worker": HALF},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "queues": [HALF]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "tasks": [{"name": "Not A Name"}]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "tasks": [{"name": TASK, "doc": HALF}]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "tasks": [{"name": TASK, "options": {"retrys": 1}}]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "tasks": [{"name": TASK, "options": {"retries": -1}}]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "tasks": [{"name": TASK, "signature": {"digest": "", "parameters": {"type": 5}}}]},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "protocol": "1"},), {}),
    (messages.WORKER_ATTACH, ({**HELLO, "running": [["x"]]},), {}),
    (messages.WORKER_REPORT, ({},), {}),
    ("a.other", (), {}),
    ("No Name", (), {}),
    (TASK, (object(),), {}),
    (TASK, (HALF,), {}),
    (TASK, (DEEP,), {}),
    (TASK, ("x" * messages.MAX_ARGUMENTS,), {}),
]


def kept(harness: DispatcherHarness) -> Any:
    """All that there is but the audit."""
    state = harness.dispatcher.state
    return everything(harness.store)[:-1], dict(state.tasks), set(state.workers)


@pytest.mark.parametrize("procedure, args, kwargs", REFUSED, ids=named)
def test_a_malformed_call_is_refused_and_changes_nothing(
    harness: DispatcherHarness, procedure: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    before = kept(harness)
    asked = harness.ask(procedure, *args, **kwargs)
    harness.settle()
    assert isinstance(asked.sent[-1][1], CallerError), asked.sent
    assert kept(harness) == before
    assert all(
        row.effect.startswith("refused") for _, row in everything(harness.store)[-1].rows
    )  # the audit says that it was tried
    assert harness.dispatcher.followers._by_job == {}
    harness.check()


ENTRIES: list[tuple[Any, str]] = [
    (5, "invalid_request"),
    ({}, "invalid_request"),
    ({"task": 5}, "invalid_request"),
    ({"task": TASK, "args": {}}, "invalid_request"),
    ({"task": TASK, "id": "x"}, "invalid_request"),
    ({"task": TASK, "packed": "{}"}, "invalid_request"),
    ({"task": TASK, "packed": "[" * 100_000}, "too_deep"),
    ({"task": TASK, "packed": f'[["{HALF}"],{{}}]'}, "invalid_request"),
    ({"task": TASK, "args": [HALF]}, "invalid_request"),
    ({"task": TASK, "args": [{(1, 2): 3}]}, "invalid_request"),
    ({"task": TASK, "packed": '[["' + "x" * messages.MAX_ARGUMENTS + '"],{}]'}, "too_large"),
    ({"task": "a.other"}, "unknown_task"),
    ({"task": "A B"}, "invalid_name"),
    ({"task": HALF}, "invalid_name"),
    ({"task": TASK, "options": {"prioritty": 1}}, "invalid_option"),
    ({"task": TASK, "options": {"priority": HUGE}}, "invalid_option"),
    ({"task": TASK, "options": {"queue": HALF}}, "invalid_option"),
    ({"task": TASK, "options": {"tags": [HALF]}}, "invalid_option"),
    ({"task": TASK, "calls": 5}, "invalid_request"),
    ({"task": TASK, "calls": [[ONE]]}, "invalid_request"),
    ({"calls": []}, "invalid_request"),
]


@pytest.mark.parametrize("entry, error", ENTRIES, ids=named)
def test_a_malformed_entry_is_refused_and_the_others_are_accepted(harness: DispatcherHarness, entry: Any, error: str) -> None:
    asked = harness.ask(messages.SUBMIT, [{"task": TASK, "id": TWO}, entry, {"task": TASK, "id": job_id(3)}])
    harness.settle()
    assert [asked.answer[0], asked.answer[2]] == [TWO, job_id(3)]
    assert asked.answer[1]["error"] == f"taskbahn.error.{error}"
    assert harness.dispatcher.state.counts["ready"] == 2
    harness.check()


def test_the_calls_of_a_bulk_are_refused_one_by_one(harness: DispatcherHarness) -> None:
    asked = harness.ask(
        messages.SUBMIT,
        [{"task": TASK, "calls": [[TWO, "[[],{}]"], ["x", "[[],{}]"], [job_id(3), "5"], [job_id(4), "[[1],{}]"]]}],
    )
    harness.settle()
    assert asked.answer[0]["accepted"] == 2
    assert sorted(asked.answer[0]["errors"]) == ["1", "2"]
    harness.check()


@pytest.mark.parametrize(
    "report",
    [
        5,
        {"done": [[ONE]]},
        {"done": [[ONE, 1, 5]]},
        {"done": [[ONE, 1, f'"{HALF}"']]},
        {"failed": [{"id": ONE, "attempt": 1, "kind": "luck"}]},
        {"failed": [{"id": ONE, "attempt": 1, "kind": "error", "error": {"message": HALF}}]},
        {"failed": [{"id": ONE, "attempt": 1, "kind": "error", "error": {"message": object()}}]},
        {"notices": [[ONE, 1, "log", 1.0, HALF]]},
        {"notices": [[ONE, 1, "progress", 1.0, {(1, 2): 3}]]},
        {"notices": [[ONE, 1, "progress", 1.0, DEEP]]},
        {"back": [[ONE]]},
    ],
    ids=named,
)
def test_a_malformed_report_is_refused_and_the_attempt_stays(harness: DispatcherHarness, report: Any) -> None:
    worker = harness.worker("w", running=[(ONE, 1)])
    asked = harness.ask(messages.WORKER_REPORT, report, caller=worker.asked.call.caller)
    harness.passes(3)
    assert asked.error == "invalid_request"
    assert harness.state(ONE) == "running"
    worker.done((ONE, 1))
    harness.settle()
    assert harness.state(ONE) == "succeeded"
    harness.check()


@pytest.mark.parametrize("times", [(float("nan"), 1.0), (0.0, float("inf")), (float("inf"), float("inf")), (1e308, -1e308)])
def test_a_worker_whose_clock_is_no_clock_does_no_harm(harness: DispatcherHarness, times: tuple[float, float]) -> None:
    worker = harness.worker("w", running=[(ONE, 1)])
    run = (ONE, 1)
    for number in range(2, 8):
        worker.says(done=[messages.Done(*run, "1", *times)])
        harness.submit(id=job_id(number))
        harness.settle()
        run = worker.take()[0]
    assert harness.dispatcher.state.counts["succeeded"] == 6
    harness.check()


TEXTS = st.sampled_from([HALF, "", "x", ONE, TWO, TASK, "a.other", "ready", "[[],{}]"]) | st.text(max_size=5)
NUMBERS = st.integers(-3, 3) | st.sampled_from([HUGE, -HUGE, 2**63]) | st.floats() | st.booleans() | st.none()
NAMES = st.sampled_from(
    sorted(
        {name for kind in (Call, Bulk, messages.Hello, messages.Report, messages.Options,
                      messages.TaskDeclaration, messages.Failed, messages.Signature)
         for name in kind.__struct_fields__} | {"limit", "before", "state", "after", "follow", "reason"}
    )
)  # fmt: skip
VALUES = st.recursive(
    TEXTS | NUMBERS | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=12,
)
PROCEDURES = sorted(
    {value for name, value in vars(messages).items() if name.startswith(("JOB_", "VIEW_", "WORKER_", "SUBMIT"))}
    - {messages.JOB_TOPIC}
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    procedure=st.sampled_from([*(name for name in PROCEDURES if name != messages.VIEW_STATUS), TASK]),
    args=st.lists(VALUES, max_size=3),
    kwargs=st.dictionaries(NAMES.filter(lambda name: name not in ("caller", "progress", "procedure")), VALUES, max_size=3),
    as_worker=st.booleans(),
)
def test_nonsense_never_stops_the_dispatcher(procedure: str, args: list[Any], kwargs: dict[str, Any], *, as_worker: bool) -> None:
    harness = DispatcherHarness()
    worker = harness.worker(slots=3)
    harness.submit()
    harness.settle()
    harness.ask(procedure, *args, caller=worker.asked.call.caller if as_worker else 1, **kwargs)
    harness.passes(3)
    harness.check()
    asked = harness.submit(id=job_id(99))
    harness.passes(2)
    assert asked.answer == [job_id(99)]
