"""The table of a turn's life, and the loop that goes through it: no state is a dead end, nothing that came in is forgotten."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.storing import FakeRunner
from twisted.internet.task import Clock

from taskbahn.errors import StoreUnavailable
from taskbahn_router.dispatcher import turn_machine
from taskbahn_router.dispatcher.group_commit import LOCK_SECONDS, LONGEST_RETRY, SMALL_COMMIT_ROWS, GroupCommit
from taskbahn_router.dispatcher.turn_machine import MOVES, PURPOSES, IllegalTurn, TurnEvent, TurnState, advance
from taskbahn_router.model.turn import TurnEffects, TurnInput
from taskbahn_router.stores.contract import CommitBatch, CommitResult, StoreLocked
from taskbahn_router.stores.rows import RetryJob
from taskbahn_router.submission import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAIRS = list(itertools.product(TurnState, TurnEvent))
DELAY = 0.002
Move = tuple[TurnState, TurnEvent]


@pytest.mark.parametrize("state, event", PAIRS, ids=[f"{state}-{event}" for state, event in PAIRS])
def test_every_pair_is_a_move_of_the_table_or_refused(state: TurnState, event: TurnEvent) -> None:
    if (state, event) in MOVES:
        assert advance(state, event) is MOVES[state, event]
    else:
        with pytest.raises(IllegalTurn, match=f"{state} cannot {event}"):
            advance(state, event)


@pytest.mark.parametrize("state", TurnState)
def test_every_state_leads_to_idle_and_is_reached_from_it(state: TurnState) -> None:
    assert TurnState.IDLE in reached_from(state)
    assert state in reached_from(TurnState.IDLE)


@pytest.mark.parametrize("state", TurnState)
def test_every_state_has_a_purpose_and_takes_new_input(state: TurnState) -> None:
    assert PURPOSES[state].endswith(".")
    assert {(state, TurnEvent.SCHEDULE), (state, TurnEvent.RUN_NOW)} <= set(MOVES)


def test_the_diagram_has_a_line_for_each_move_that_changes_the_state() -> None:
    lines = turn_machine.mermaid().splitlines()
    moves = {f"    {state} --> {after}: {event.replace('_', ' ')}" for (state, event), after in MOVES.items() if after != state}
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> idle"]
    assert set(lines[2:]) == moves


def reached_from(state: TurnState) -> set[TurnState]:
    reached = {state}
    for _ in TurnState:
        reached |= {after for (before, _event), after in MOVES.items() if before in reached}
    return reached


class WatchedLoop(GroupCommit):
    """Writes down its moves."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.moves: list[Move] = []

    def _move(self, event: TurnEvent) -> TurnState:
        self.moves.append((self.state, event))
        return super()._move(event)


class Street:
    """The loop between a dispatcher and a store whose behaviour a test chooses."""

    def __init__(self) -> None:
        self.clock, self.runner = Clock(), FakeRunner()
        self.loop = WatchedLoop(self, self, self.runner, self.clock)
        self.input: list[int] = []
        self.came = 0
        self.stored: list[int] = []
        self.published: list[int] = []
        self.delay: float | None = None
        self.pipelines = False
        self.breaks = False  # the next decision
        self.fails: Exception | None = None
        self.before_effects: Callable[[], None] | None = None
        self.comes_while: str | None = None  # input that comes in the middle of something

    def add(self, count: int = 1, *, now: bool = False) -> None:
        for _ in range(count):
            self.came += 1
            self.input.append(self.came)
        (self.loop.run_turn_now if now else self.loop.schedule_turn)()

    def _meanwhile(self, what: str) -> None:
        if self.comes_while == what:
            self.comes_while = None
            self.add()
            self.add(now=True)

    # the dispatcher

    def decide(self, delayed: TurnEffects | None = None) -> TurnEffects | None:
        if self.breaks:
            self.breaks = False
            raise ZeroDivisionError
        numbers, self.input = numbers_of(delayed) + self.input, []
        if not numbers:
            return None
        turn = TurnEffects(CommitBatch(), TurnInput())
        turn.steps = self._decide(turn, numbers)
        return turn

    def _decide(self, turn: TurnEffects, numbers: list[int]) -> Iterator[None]:
        for number in numbers:
            turn.batch.retries.append(RetryJob(b"%d" % number))
            yield
            self._meanwhile("decide")

    def dispatch_early(self, turn: TurnEffects) -> float | None:
        self._meanwhile("dispatch")
        return self.delay

    def pipeline_next_turn(self, done: TurnEffects, result: CommitResult) -> TurnEffects | None:
        turn = self.decide() if self.pipelines and self.input else None
        if turn is not None:
            turn.decide_all()
        return turn

    def committed(self, turn: TurnEffects, result: CommitResult) -> Iterator[None]:
        if self.before_effects is not None:
            self.before_effects()
        return self._show(turn)

    def _show(self, turn: TurnEffects) -> Iterator[None]:
        for number in numbers_of(turn):
            self.published.append(number)
            yield
            self._meanwhile("publish")

    def refused(self, turn: TurnEffects, error: StoreUnavailable) -> None:
        self._meanwhile("refuse")

    def retried(self, turn: TurnEffects) -> None:
        pass

    # the store

    def prepare(self, batch: CommitBatch) -> None:
        pass

    def commit(self, batch: CommitBatch) -> CommitResult:
        if self.fails is not None:
            raise self.fails
        self.stored += [int(retry.id) for retry in batch.retries]
        return CommitResult()

    # time

    def hold(self) -> None:
        """Have commits take long, until they are released."""
        self.loop._commit_seconds = float("inf")  # none on the spot
        self.runner.holds = True

    def release(self, *, quick: bool) -> None:
        self.loop._commit_seconds = 0.0 if quick else float("inf")
        self.runner.release()

    def settle(self) -> None:
        """Let the store work again, and time pass until nothing is to be done any more."""
        self.fails = None
        self.release(quick=True)
        for _ in range(20):
            self.clock.advance(0)
        self.clock.advance(LONGEST_RETRY)
        for _ in range(20):
            self.clock.advance(0)
        self.clock.advance(DELAY)
        self.clock.advance(0)
        self.clock.advance(0)

    def check(self) -> None:
        """All that came in was written and published once, in its order."""
        assert self.loop.state is TurnState.IDLE
        assert (self.stored, self.published, self.input) == (list(range(1, self.came + 1)),) * 2 + ([],)


def numbers_of(turn: TurnEffects | None) -> list[int]:
    return [] if turn is None else [int(retry.id) for retry in turn.batch.retries]


class TurnsGoOn(RuleBasedStateMachine):
    """Input comes at any time; the store answers late, refuses and is locked; turns are handed out early and pipelined."""

    def __init__(self) -> None:
        super().__init__()
        self.street = Street()

    @rule(count=st.sampled_from([1, 2, SMALL_COMMIT_ROWS + 1]), now=st.booleans())
    def input_comes(self, *, count: int, now: bool) -> None:
        self.street.add(count, now=now)

    @rule(what=st.sampled_from(["decide", "dispatch", "publish", "refuse"]))
    def input_will_come_in_the_middle(self, what: str) -> None:
        self.street.comes_while = what

    @rule(delay=st.sampled_from([None, 0.0, DELAY]))
    def turns_are_handed_out_early(self, delay: float | None) -> None:
        self.street.delay = delay

    @rule(pipelines=st.booleans())
    def turns_are_pipelined(self, *, pipelines: bool) -> None:
        self.street.pipelines = pipelines

    @rule(error=st.sampled_from([StoreUnavailable("disk full"), StoreLocked("a shell"), ZeroDivisionError("oh"), None]))
    def the_store_refuses(self, error: Exception | None) -> None:
        self.street.fails = error

    @rule()
    def commits_take_long(self) -> None:
        self.street.hold()

    @rule(quick=st.booleans())
    def the_store_answers(self, *, quick: bool) -> None:
        self.street.release(quick=quick)

    @rule(seconds=st.sampled_from([0.0, DELAY / 2, DELAY, 0.1, LOCK_SECONDS, LONGEST_RETRY]))
    def time_passes(self, seconds: float) -> None:
        self.street.clock.advance(seconds)

    @precondition(lambda self: self.street.loop.error is None)
    @rule()
    def the_router_closes(self) -> None:
        idle: list[Any] = []
        self.street.loop.idle().addCallback(idle.append)
        self.street.settle()
        assert idle == [None]
        self.street.check()

    @invariant()
    def each_move_is_one_of_the_table(self) -> None:
        assert set(self.street.loop.moves) <= set(MOVES)

    @invariant()
    def a_turn_is_delayed_in_the_states_that_say_so(self) -> None:
        loop = self.street.loop
        is_delayed = loop.state in (TurnState.DELAYED, TurnState.DELAYED_SCHEDULED)
        assert is_delayed is (loop.delayed is not None) is (loop._release_timer is not None)

    @invariant()
    def what_is_published_is_stored(self) -> None:
        assert self.street.published == self.street.stored[: len(self.street.published)]

    @invariant()
    def input_waits_for_something(self) -> None:
        if self.street.loop.state is TurnState.IDLE:
            assert self.street.input == []

    def teardown(self) -> None:
        self.street.settle()
        self.street.check()


class TurnsGoOnInSlices(TurnsGoOn):
    """The same with each step in a slice of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(slices, "TURN_SLICE_SECONDS", 0.0)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patch.undo()


TestTurnsGoOnInSlices = TurnsGoOnInSlices.TestCase
TestTurnsGoOnInSlices.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestTurnsGoOn = TurnsGoOn.TestCase
TestTurnsGoOn.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def run(street: Street, steps: Iterable[str]) -> None:
    """Do the steps of one scenario."""
    does: dict[str, Callable[[], object]] = {
        "add": street.add,
        "now": lambda: street.add(now=True),
        "large": lambda: street.add(SMALL_COMMIT_ROWS + 1),
        "turn": lambda: street.clock.advance(0),
        "delay": lambda: setattr(street, "delay", DELAY),
        "sockets": lambda: setattr(street, "delay", 0.0),
        "at once": lambda: setattr(street, "delay", None),
        "wait": lambda: street.clock.advance(DELAY),
        "slow": street.hold,
        "answer": lambda: street.release(quick=False),
        "pipeline": lambda: setattr(street, "pipelines", True),
        "refuse": lambda: setattr(street, "fails", StoreUnavailable("disk full")),
        "lock": lambda: setattr(street, "fails", StoreLocked("a shell")),
    }
    for step in steps:
        if step.startswith("in "):
            street.comes_while = step[3:]
        else:
            does[step]()


SCENARIOS = {
    "a turn in a hurry": "now turn turn",
    "an old timer of an idle loop": "add add now turn turn turn",
    "delayed until the outcome": "delay now at_once now turn turn",
    "delayed and scheduled": "delay now add add turn wait turn turn",
    "delayed, scheduled and in a hurry": "delay now add at_once now turn turn",
    "delayed for as long as it may": "delay now wait turn turn",
    "delayed for the sockets, and scheduled": "sockets now add turn turn turn",
    "an old timer of a delayed turn": "delay add now turn wait turn turn",
    "input while the store is at work": "slow large now turn add now answer turn turn",
    "pipelined": "slow pipeline large turn large in_publish answer turn turn",
    "input in the middle": "in_dispatch add turn turn in_publish add turn turn turn",
    "refused": "refuse in_refuse add now turn add turn",
    "locked": "lock add turn now",
    "an old timer of a turn in slices": "add large now turn turn",
    "an old timer between the effects": "add now turn turn turn",
    "an old timer between the effects, pipelined": "slow pipeline add now add answer turn turn turn",
}


def test_the_loop_takes_every_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[Move] = set()
    for name, steps in SCENARIOS.items():
        monkeypatch.setattr(slices, "TURN_SLICE_SECONDS", 0.0 if "slices" in name else 1.0)
        street = Street()
        street.before_effects = partial(monkeypatch.setattr, slices, "TURN_SLICE_SECONDS", 0.0) if "effects" in name else None
        run(street, [step.replace("_", " ") for step in steps.split()])
        street.settle()
        street.check()
        seen |= set(street.loop.moves)
    assert seen == set(MOVES)


@pytest.mark.parametrize("is_delayed", [False, True], ids=["idle", "delayed"])
def test_a_decision_that_fails_leaves_no_delayed_turn_behind(*, is_delayed: bool) -> None:
    street = Street()
    run(street, ["delay", "now", "at once"] if is_delayed else [])
    street.breaks = True
    with pytest.raises(ZeroDivisionError):
        street.add(now=True)
    street.add()
    street.settle()
    street.check()
