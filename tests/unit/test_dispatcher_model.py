"""The dispatcher under faults, against what is promised: nothing accepted is lost, no outcome is recorded twice, no place leaks.

Workers are lost and come back, report twice and late, commits are held back and refused, the router restarts: in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.dispatcher_harness import DispatcherHarness, job_id
from support.recorded_call import RecordedCall

from taskbahn.protocol import messages
from taskbahn.protocol.states import FINAL_STATES
from taskbahn.protocol.unique_fields import DeclaredUnique
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher import pipelining
from taskbahn_router.dispatcher.early_dispatch import HOLD_SECONDS
from taskbahn_router.submission import slices
from taskbahn_router.workers.registry import GRACE_SECONDS

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

Run = tuple[str, int]
SLOTS = 2
NAMES = st.sampled_from(["a", "b", "c"])
PICK = st.integers(0, 2)  # of the newest: faults that meet on one job find more than faults that are spread
OPTIONS: list[dict[str, Any]] = [
    {}, {"retries": 2}, {"retries": 1, "retry_backoff": 0}, {"priority": 3}, {"delay": 2}, {"start_within": 3}, {"crash_attempts": 1},
    {"delivery": "at_most_once"}, {"delivery": "at_most_once", "priority": 1, "start_within": 5}, {"start_within": 2, "delay": 2, "retries": 1},
]  # fmt: skip


class DispatcherUnderFaults(RuleBasedStateMachine):
    """The model knows who was answered, what each worker runs, and how each job ended."""

    large = pipelining.LARGE_TURN_ROWS  # rows of a turn, from which on the next one may be decided before its effects
    slice_seconds, turn_seconds = slices.SLICE_SECONDS, slices.TURN_SLICE_SECONDS
    steps, part_length = slices.STEPS, slices.PART_LENGTH
    declaration: ClassVar[dict[str, Any]] = {}  # of the task

    @initialize()
    def begin(self) -> None:
        pipelining.LARGE_TURN_ROWS = self.large
        slices.SLICE_SECONDS, slices.TURN_SLICE_SECONDS = self.slice_seconds, self.turn_seconds
        slices.STEPS, slices.PART_LENGTH = self.steps, self.part_length
        self.harness = DispatcherHarness()
        self.submitted: list[tuple[str, dict[str, Any], RecordedCall]] = []
        self.waits: list[tuple[RecordedCall, list[str]]] = []
        self.sessions: dict[str, FakeWorker] = {}
        self.runs: dict[str, list[Run]] = {}  # by worker, also while it has no session
        self.handed_out: set[Run] = set()
        self.unstarted: set[Run] = set()  # handed back by a worker that had not begun them
        self.doubled: set[str] = set()  # retried by hand where a cancelled attempt still ends: both have one place
        self.final: dict[str, tuple[Any, ...]] = {}
        self.said: dict[Run, int] = {}  # log lines, by attempt
        self.unheard: dict[
            Run, list[tuple[int, RecordedCall, bool]]
        ] = {}  # reported: mark, the report's answer, whether that arrives
        for name in ("a", "b"):
            self.attach(name, forgets=False)

    @property
    def is_well(self) -> bool:
        harness = self.harness
        return not (harness.writing.holds or harness.store.refuses or harness.dispatcher.loop.error)

    def settle(self) -> None:
        self.harness.settle()
        for name, session in self.sessions.items():
            stale = len(session.cancelled)
            for run in session.take():
                assert run not in self.handed_out, "an attempt was handed out twice"
                self.handed_out.add(run)
                if any(run[0] == other[0] for other in self.runs[name]):
                    self.doubled.add(run[0])
                self.runs[name].append(run)
                if int(run[0][-1], 16) % 2:  # every other job talks, and its worker never hears that it was heard
                    self.speak_of(name, run, 2, arrives=False)
            for id, attempt, reason in session.cancelled[stale:]:
                if "no longer" in reason:
                    self.runs[name] = [run for run in self.runs[name] if run != (id, attempt)]
        self.harness.settle()

    def known(self) -> list[str]:
        return [id for id, _, _ in self.submitted]

    def accepted(self) -> set[str]:
        answers = {id: asked.answer[0] for id, _, asked in self.submitted if asked.sent and asked.sent[-1][0] == "answer"}
        return {id for id, answer in answers.items() if isinstance(answer, str)}

    # callers

    @rule(options=st.sampled_from(OPTIONS), turns=st.booleans(), follow=st.booleans())
    def submit(self, options: dict[str, Any], *, turns: bool, follow: bool) -> None:
        id = job_id(len(self.submitted) + 1)
        asked = self.harness.submit(id=id, follow=follow, **options)
        self.submitted.append((id, options, asked))
        if follow:
            self.waits.append((asked, [id]))
        if turns:
            self.settle()

    @precondition(lambda self: self.submitted)
    @rule(pick=PICK, follow=st.booleans())
    def submit_again(self, pick: int, *, follow: bool) -> None:
        id, options, _ = self.submitted[-1 - pick % len(self.submitted)]
        self.submitted.append((id, options, self.harness.submit(id=id, **options)))
        if follow and id in self.accepted():
            self.waits.append((self.harness.submit(id=id, follow=True, **options), [id]))
        self.settle()

    @precondition(lambda self: self.accepted())
    @rule(pick=PICK)
    def wait(self, pick: int) -> None:
        accepted = sorted(self.accepted())
        ids = accepted[pick % len(accepted) :][:3]
        self.waits.append((self.harness.ask(messages.JOB_WAIT, ids), ids))

    @precondition(lambda self: self.submitted)
    @rule(pick=PICK, turns=st.booleans())
    def cancel(self, pick: int, *, turns: bool) -> None:
        self.harness.ask(messages.JOB_CANCEL, [self.known()[-1 - pick % len(self.submitted)]])
        if turns:
            self.settle()

    @precondition(lambda self: self.submitted and self.is_well)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        id, options, _ = self.submitted[-1 - pick % len(self.submitted)]
        if "delivery" in options:
            return
        asked = self.harness.ask(messages.JOB_RETRY, [id])
        self.settle()
        if asked.answer == ["ready"]:
            self.final.pop(id_text(self.harness.row(id).id), None)

    # workers

    @rule(name=NAMES, forgets=st.booleans())
    def attaches(self, name: str, *, forgets: bool) -> None:
        self.attach(name, forgets=forgets)

    def attach(self, name: str, *, forgets: bool) -> None:
        """A worker comes, or comes back, perhaps having lost a process meanwhile; its old session may not be known to be dead."""
        old = self.sessions.pop(name, None)
        if old is not None:
            old.silent = True
        self.runs[name] = self.runs.get(name, [])[1 if forgets else 0 :]
        self.sessions[name] = self.harness.worker(name, SLOTS, running=self.runs[name], declaration=self.declaration)
        for run in self.runs[name]:  # what was not acknowledged is reported again
            again = [mark for mark, asked, arrives in self.unheard.pop(run, []) if not (arrives and asked.sent)]
            self._says(name, run, again)
        self.settle()

    @precondition(lambda self: self.sessions)
    @rule(pick=PICK, dies=st.booleans())
    def lose(self, pick: int, *, dies: bool) -> None:
        name = sorted(self.sessions)[pick % len(self.sessions)]
        self.sessions.pop(name).lost()
        if dies:
            self.runs[name] = []
        self.settle()

    @precondition(lambda self: any(self.runs[name] for name in self.sessions))
    @rule(
        pick=PICK, how=st.sampled_from(["done", "done", "failed", "crash", "cancelled", "give up", "back"]), twice=st.booleans()
    )
    def report(self, pick: int, how: str, *, twice: bool) -> None:
        name, run = self._pick([(name, run) for name in sorted(self.sessions) for run in self.runs[name]], pick)
        for _ in range(1 + twice):
            self._report(name, run, how)
        self.settle()

    @precondition(lambda self: any(self.runs[name] for name in self.sessions))
    @rule(pick=PICK, lines=st.integers(1, 3), turns=st.booleans(), arrives=st.booleans())
    def speak(self, pick: int, lines: int, *, turns: bool, arrives: bool) -> None:
        """An attempt logs; the answer to the report may be lost, with the connection or the router."""
        name, run = self._pick([(name, run) for name in sorted(self.sessions) for run in self.runs[name]], pick)
        self.speak_of(name, run, lines, arrives=arrives)
        if turns:
            self.settle()

    def speak_of(self, name: str, run: Run, lines: int, *, arrives: bool) -> None:
        self.said[run] = self.said.get(run, 0) + lines
        self._says(name, run, list(range(self.said[run] - lines + 1, self.said[run] + 1)), arrives=arrives)

    def _says(self, name: str, run: Run, marks: list[int], *, arrives: bool = True) -> None:
        if marks:
            asked = self.sessions[name].says(notices=[messages.Notice(*run, "log", 0.0, mark, mark) for mark in marks])
            self.unheard.setdefault(run, []).extend((mark, asked, arrives) for mark in marks)

    def _report(self, name: str, run: Run, how: str) -> None:
        session = self.sessions[name]
        if how == "done":
            session.done(run, result=f'"{name} {run[1]}"', seconds=0.0005)
        elif how == "back":
            session.hands_back(run)
            self.unstarted.add(run)
        else:
            kind = how if how in ("crash", "cancelled") else "error"
            session.failed(run, kind=kind, retry=how != "give up")
        self.runs[name] = [other for other in self.runs[name] if other != run]

    @precondition(lambda self: self.handed_out and self.sessions)
    @rule(pick=PICK, whose=PICK)
    def report_late(self, pick: int, whose: int) -> None:
        """An outcome of an attempt that was ended, lost, or never this worker's."""
        name = sorted(self.sessions)[whose % len(self.sessions)]
        run = self._pick(sorted(self.handed_out)[-3:], pick)
        if run not in self.runs[name]:
            self.sessions[name].done(run, result='"late"')
            self.settle()

    @staticmethod
    def _pick(choices: list[Any], pick: int) -> Any:
        return choices[pick % len(choices)]

    # faults and time

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, GRACE_SECONDS + 1]))
    def time_passes(self, seconds: float) -> None:
        self.harness.passes(seconds)
        self.settle()

    @precondition(lambda self: self.is_well)
    @rule()
    def commits_are_held(self) -> None:
        self.harness.hold_commits()

    @precondition(lambda self: self.harness.writing.holds)
    @rule()
    def commits_go_on(self) -> None:
        self.harness.release_commits()
        self.settle()

    @precondition(lambda self: self.is_well)
    @rule()
    def the_disk_is_full(self) -> None:
        self.harness.store.refuses = "disk full"

    @precondition(lambda self: self.harness.store.refuses)
    @rule()
    def the_disk_is_well(self) -> None:
        self.harness.store.refuses = ""
        self.harness.passes(2.5)
        self.settle()
        self.forget_what_was_turned_away()

    @rule(come_back=st.booleans())
    def the_router_restarts(self, *, come_back: bool) -> None:
        names = sorted(self.sessions) if come_back else []
        self.sessions.clear()
        self.waits.clear()
        self.settle()
        self.harness.restart()
        self.forget_what_was_turned_away()
        for name in names:
            self.attach(name, forgets=False)

    def forget_what_was_turned_away(self) -> None:
        """What was handed out while it was written down, and then could not be, never was; it may be sent again."""
        self.handed_out = {run for run in self.handed_out if self.harness.known(run[0]) is not None}
        for run in [run for run in self.said if self.harness.known(run[0]) is None]:
            del self.said[run]
            self.unheard.pop(run, None)

    # what must hold

    @invariant()
    def all_that_was_accepted_is_accounted_for(self) -> None:
        if not hasattr(self, "harness"):
            return
        for id in self.accepted():
            row = self.harness.row(id)
            if row.state in FINAL_STATES:
                ended = (row.state, row.result, row.error, row.attempt, row.finished_at)
                assert self.final.setdefault(id_text(row.id), ended) == ended, "an outcome was recorded twice"
            assert row.result != '"late"'

    @invariant()
    def what_was_said_is_stored_once_and_in_order(self) -> None:
        if not hasattr(self, "harness"):
            return
        for run, lines in self.said.items():
            if self.harness.known(run[0]) is None:
                continue
            row = self.harness.row(run[0])
            rows = self.harness.store.reader().events(row.seq, 0, 1000)
            stored = [int(event.data) for event in rows if event.attempt == run[1]]
            assert stored == list(range(1, len(stored) + 1)), f"of {lines} lines"
            if (row.state, row.attempt) == ("succeeded", run[1]):
                assert len(stored) == lines

    @invariant()
    def what_must_never_start_twice_never_does(self) -> None:
        if not hasattr(self, "harness"):
            return
        once = {id for id, options, _ in self.submitted if "delivery" in options}
        started = [id for id, _ in self.handed_out - self.unstarted if id in once]
        assert len(started) == len(set(started))

    @invariant()
    def memory_follows_the_store_and_no_place_leaks(self) -> None:
        if not hasattr(self, "harness") or not self.is_well:
            return
        self.settle()
        self.harness.passes(HOLD_SECONDS)  # what is held back is not in the store yet
        self.harness.check()
        for name, session in self.sessions.items():
            worker = self.harness.dispatcher.state.workers.get(name)
            if worker is not None and session.asked.call.open:
                ours = {id: attempt for id, attempt in worker.attempts.items() if id not in self.doubled}
                assert ours == {id: attempt for id, attempt in self.runs[name] if id not in self.doubled}

    def teardown(self) -> None:
        """At last all is well, and all that was accepted comes to an end."""
        if not hasattr(self, "harness"):
            return
        try:
            self._end()
        finally:
            pipelining.LARGE_TURN_ROWS = DispatcherUnderFaults.large
            slices.SLICE_SECONDS = DispatcherUnderFaults.slice_seconds
            slices.TURN_SLICE_SECONDS = DispatcherUnderFaults.turn_seconds
            slices.STEPS, slices.PART_LENGTH = DispatcherUnderFaults.steps, DispatcherUnderFaults.part_length

    def _end(self) -> None:
        self.harness.release_commits()
        self.the_disk_is_well()
        for name in sorted(self.sessions):
            self.sessions.pop(name).lost()
        self.runs.clear()
        self.runs["last"] = []
        self.sessions["last"] = self.harness.worker("last", 50, declaration=self.declaration)
        for _ in range(30):
            self.harness.passes(GRACE_SECONDS)
            self.settle()
            for run in self.runs["last"].copy():
                self._report("last", run, "done")
        self.harness.passes(1)
        self.harness.check()
        self.all_that_was_accepted_is_accounted_for()
        assert {self.harness.state(id) for id in self.accepted()} <= FINAL_STATES
        for asked, ids in self.waits:
            assert asked.sent[-1][0] == "answer" or asked.error == "store_unavailable", asked.sent
            if asked.sent[-1][0] == "answer" and not is_refused(asked):
                assert set(asked.outcomes) == set(ids)


def is_refused(asked: RecordedCall) -> bool:
    """Whether the only entry of a submission was refused, because another job has its unique key."""
    return bool(asked.answer) and isinstance(asked.answer[0], dict)


class JoinsUnderFaults(DispatcherUnderFaults):
    """The same with jobs that join others: all of them are one job as long as it has not ended."""

    declaration: ClassVar[dict[str, Any]] = {"unique": DeclaredUnique()}


class RefusalsUnderFaults(DispatcherUnderFaults):
    """The same with jobs that are refused while another one waits."""

    declaration: ClassVar[dict[str, Any]] = {"unique": DeclaredUnique(during="queued", on_conflict="refuse")}


class ReplacementsUnderFaults(DispatcherUnderFaults):
    """The same with jobs that take the place of others, also of those that ended a moment ago, in turns that are all large."""

    declaration: ClassVar[dict[str, Any]] = {"unique": DeclaredUnique(during=3, on_conflict="replace")}
    large = 1


class PipelineUnderFaults(DispatcherUnderFaults):
    """The same with turns that are all large enough, and each step of a submission, a decision and the effects in a slice of its own."""

    large = 1
    slice_seconds, turn_seconds, steps, part_length = 0.0, 0.0, 1, 1


TestDispatcherUnderFaults = DispatcherUnderFaults.TestCase
TestDispatcherUnderFaults.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPipelineUnderFaults = PipelineUnderFaults.TestCase
TestPipelineUnderFaults.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestJoinsUnderFaults = JoinsUnderFaults.TestCase
TestRefusalsUnderFaults = RefusalsUnderFaults.TestCase
TestReplacementsUnderFaults = ReplacementsUnderFaults.TestCase
for case in (TestJoinsUnderFaults, TestRefusalsUnderFaults, TestReplacementsUnderFaults):
    case.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
