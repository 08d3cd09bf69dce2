"""Lives of a large flow's submission, cut off anywhere: what no caller wants any more ends, and sending it again works."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_runner import FlowRunner, s
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn_router.dispatcher.large_flows import GIVEN_UP, UNSEALED_SECONDS
from taskbahn_router.submission import flows, memory_budget, slices

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

ID = job_id(7)
MEMBERS = 11
FLOW = {"group": [s("one")] * MEMBERS}
FINAL = {"succeeded", "failed", "cancelled", "expired"}
CUTS = ("caller cancels", "caller is lost", "other cancels", "router dies", "submit")
THEN = ("time passes", "run", "router dies", "submit", "nothing")
FEWEST_TURNS, MOST_TURNS = 4, 15  # of the event loop: in 8 the flow is read, in 14 it is stored


class Life:
    """One flow, those who submit it, and those who do not want it."""

    def __init__(self, store: FakeStore | FakeSqliteStore) -> None:
        self.runner = FlowRunner(DispatcherHarness(store), slots=2, one=lambda: 1)
        self.harness = self.runner.harness
        self.callers: list[RecordedCall] = []  # who wait for an answer
        self.sent = 0
        self.cancels: list[RecordedCall] = []  # of a flow that ran, or was being read

    def turns(self, count: int) -> None:
        """Let some turns of the event loop run."""
        for _ in range(count):
            self.harness.turn()
        self.callers = [asked for asked in self.callers if not asked.sent]

    def act(self, verb: str) -> None:
        """Do one thing."""
        match verb:
            case "submit":
                self.sent += 1
                self.callers.append(self.harness.ask(messages.SUBMIT, [{"flow": FLOW, "id": ID}], caller=100 + self.sent))
            case "run":
                self.report(2)
            case "caller cancels" | "caller is lost" if self.callers:
                self.callers.pop().gone(cancelled=verb == "caller cancels")
            case "other cancels":
                asked = self.harness.ask(messages.JOB_CANCEL, [ID], caller=50)
                self.cancels += [asked] if self.harness.known(ID) in (None, "running") else []
            case "router dies":
                self.restart()
            case "time passes":
                self.harness.passes(UNSEALED_SECONDS + 1)

    def report(self, most: int) -> None:
        """Have the worker end what was cancelled, and some of the rest."""
        worker = self.runner.worker
        worker.take()
        cancelled = {(id, attempt) for id, attempt, _ in worker.cancelled}.intersection(worker.runs)
        worker.failed(*cancelled, kind="cancelled")
        worker.done(*worker.runs[:most], seconds=0.01)

    def restart(self) -> None:
        """The router dies; the worker comes back, and gives back what it has."""
        self.runner.worker.take()
        runs = self.runner.worker.runs
        self.callers.clear()
        self.harness.restart()
        self.runner.worker = self.harness.worker("w", 2, tasks=["a.one"], running=runs)
        self.runner.worker.hands_back(*runs)
        self.harness.settle()

    def check_that_nothing_is_left(self) -> None:
        """Without a caller for a while, the flow is stored whole, or it has ended with all its members."""
        self.harness.settle()
        assert all(asked.sent for asked in self.callers)
        self.harness.passes(UNSEALED_SECONDS + 1)
        rows = {row.state for row in self.runner.rows()}
        assert len(self.runner.rows()) in (0, MEMBERS + 1) or rows <= FINAL
        self.harness.check()

    def check_that_it_works_again(self) -> None:
        """Sending the flow again stores all of it; it runs unless a client has cancelled it, and then by a retry."""
        again = self.harness.ask(messages.SUBMIT, [{"flow": FLOW, "id": ID}], caller=99)
        self.harness.settle()
        assert again.answer == [ID]
        assert len(self.runner.rows()) == MEMBERS + 1
        if any(cancel.sent and cancel.answer == ["cancelled"] for cancel in self.cancels):
            assert self.harness.known(ID) == "cancelled"
        if self.harness.known(ID) == "cancelled":
            assert self.runner.error(ID)["message"] != GIVEN_UP
            assert {row.state for row in self.runner.rows()} <= FINAL
            self.harness.ask(messages.JOB_RETRY, [ID])
        self.harness.settle()
        self.report(0)
        self.runner.run()
        assert self.runner.result(ID) == [1] * MEMBERS
        self.harness.check()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["memory", "sqlite"]),
    st.lists(
        st.tuples(st.integers(FEWEST_TURNS, MOST_TURNS), st.sampled_from(CUTS), st.integers(0, 5), st.sampled_from(THEN)),
        min_size=1,
        max_size=3,
    ),
)
def test_a_submission_may_be_cut_off_anywhere(kind: str, rounds: list[tuple[int, str, int, str]]) -> None:
    with ExitStack() as stack:
        for module, name, value in (
            (flows, "SLICE_JOBS", 3),
            (slices, "SLICE_SECONDS", 0.0),
            (slices, "STEPS", 4),
            (memory_budget, "SMALL_JOBS", 5),
            (memory_budget, "MEDIUM_BUDGET_JOBS", MEMBERS + 1),
        ):
            stack.enter_context(patch.object(module, name, value))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = FakeStore() if kind == "memory" else FakeSqliteStore(folder)
        stack.callback(store.close)
        life = Life(store)
        for turns, cut, more, then in rounds:
            life.act("submit")
            life.turns(turns)
            life.act(cut)
            life.turns(more)
            life.act(then)
        life.check_that_nothing_is_left()
        life.check_that_it_works_again()
