"""The clock that no program can set: it follows drift, follows no jump, and never goes back; and jobs that go by it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import WALL, DispatcherHarness
from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from taskbahn.transport.monotonic_reactor import steady_timers
from taskbahn_router.clock import FOLLOWED_SECONDS, SLEW, MonotonicUtc, boot_seconds
from taskbahn_router.service import LAG_SECONDS, SLEPT_SECONDS, Service
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.workers.registry import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0


class Machine:
    """Two clocks of one machine: the system's, which can be set, and one that cannot."""

    def __init__(self) -> None:
        self.system = WALL
        self.steady = 1000.0
        self.clock = MonotonicUtc(lambda: self.system, lambda: self.steady)

    def passes(self, seconds: float, *, drift: float = 0.0) -> float:
        """Let time pass, with a read each second; return what the clock says."""
        for _ in range(int(seconds)):
            self.system += 1.0 + drift
            self.steady += 1.0
            self.clock()
        return self.clock()


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What the clock logs."""
    heard: list[str] = []

    def observe(event: Any) -> None:
        if isinstance(event.get("log_source"), MonotonicUtc) and event["log_level"] >= LogLevel.warn:
            heard.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]  # a function provides the interface
    yield heard
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]


def test_it_starts_with_the_systems_time_and_goes_on_with_it(machine: Machine, warnings: list[str]) -> None:
    assert machine.clock() == WALL
    assert machine.passes(10) == WALL + 10
    assert warnings == []


@pytest.mark.parametrize("jump, way", [(3 * HOUR, "forward"), (-3 * HOUR, "back"), (10 * 365 * 24 * HOUR, "forward")])
def test_a_jump_is_not_followed_but_logged_once(machine: Machine, warnings: list[str], jump: float, way: str) -> None:
    machine.system += jump
    assert machine.clock() == WALL
    assert machine.passes(2 * HOUR) == WALL + 2 * HOUR
    (warning,) = warnings
    assert f"set {way} by {abs(jump):,.0f} s" in warning
    assert "restart the router to take it over" in warning


def test_a_clock_that_was_set_and_set_right_again_is_followed_again(machine: Machine, warnings: list[str]) -> None:
    machine.system += HOUR
    machine.passes(60)
    machine.system -= HOUR
    machine.passes(60, drift=0.001)
    assert machine.clock() == pytest.approx(machine.system, abs=0.01)
    machine.system += HOUR
    machine.passes(60)
    assert len(warnings) == 2


def test_drift_is_followed(machine: Machine) -> None:
    machine.passes(2 * HOUR, drift=0.0005)  # as fast as NTP slews
    assert machine.clock() == pytest.approx(machine.system, abs=0.01)


@pytest.mark.parametrize("step", [FOLLOWED_SECONDS - 1, 1 - FOLLOWED_SECONDS])
def test_a_small_step_is_made_good_by_some_milliseconds_a_second(machine: Machine, warnings: list[str], step: float) -> None:
    machine.system += step
    before = machine.clock()
    assert machine.passes(1) - before == pytest.approx(1 + SLEW * step / abs(step), abs=1e-6)
    machine.passes(2 * HOUR)
    assert machine.clock() == pytest.approx(machine.system, abs=0.01)
    assert warnings == []


def test_a_machine_that_was_suspended_is_on_time_when_it_wakes_up(machine: Machine, warnings: list[str]) -> None:
    machine.system += 8 * HOUR
    machine.steady += 8 * HOUR
    assert (machine.clock(), warnings) == (WALL + 8 * HOUR, [])


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e5, 1e5)), max_size=30))
def test_time_never_jumps_whatever_happens_to_the_systems_clock(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    before = machine.clock()
    for passed, jump in steps:
        machine.steady += passed
        machine.system += passed + jump
        now = machine.clock()
        assert now - before == pytest.approx(passed, rel=SLEW * 1.01, abs=1e-5)
        assert now >= before - 1e-6  # floats of this size have steps of 2e-7
        before = now


def test_the_clock_underneath_goes_on() -> None:
    first = boot_seconds()
    assert first <= boot_seconds() < first + 60


# the dispatcher by such a clock


class SetHall(DispatcherHarness):
    """A harness whose system clock can be set."""

    jump = 0.0

    def _open(self) -> None:
        self.steady = MonotonicUtc(lambda: WALL + self.clock.seconds() + self.jump, self.clock.seconds)
        super()._open()

    def wall(self) -> float:
        return self.steady()


@pytest.mark.parametrize("jump", [5 * HOUR, -5 * HOUR])
def test_a_job_that_is_delayed_by_an_hour_runs_after_an_hour(jump: float) -> None:
    harness = SetHall()
    worker = harness.worker()
    harness.submit(delay=HOUR)
    harness.settle()
    harness.jump = jump
    harness.submit()  # whatever makes the dispatcher look at the time
    harness.passes(HOUR - 1)
    worker.done(*worker.take())
    harness.passes(0.5)
    assert (harness.state(1), harness.state(2)) == ("waiting", "succeeded")
    harness.passes(2)
    assert harness.state(1) == "running"
    harness.check()


@pytest.mark.parametrize("jump", [5 * HOUR, -5 * HOUR])
def test_a_job_that_may_wait_for_an_hour_expires_after_an_hour(jump: float) -> None:
    harness = SetHall()
    worker = harness.worker()
    harness.submit()
    harness.submit(start_within=HOUR)
    harness.settle()
    harness.jump = jump
    harness.passes(HOUR - 1)
    assert (harness.state(1), harness.state(2)) == ("running", "ready")
    harness.passes(2)
    assert harness.state(2) == "expired"
    worker.done(*worker.take())
    harness.settle()
    harness.check()


@pytest.mark.parametrize("jump", [5 * HOUR, -5 * HOUR])
def test_a_lease_lives_through_a_jump_and_so_does_the_grace_time(jump: float) -> None:
    harness = SetHall()
    worker = harness.worker()
    harness.submit()
    harness.passes(60)
    (run,) = worker.take()
    harness.jump = jump
    harness.passes(60)
    assert (harness.state(1), worker.cancelled) == ("running", [])
    worker.lost()
    harness.passes(GRACE_SECONDS - 1)
    assert harness.state(1) == "running"
    back = harness.worker(running=[run])
    back.done(run)
    harness.settle()
    assert (harness.state(1), harness.row(1).attempt) == ("succeeded", 1)
    harness.check()


@pytest.mark.parametrize("jump", [400 * 24 * HOUR, -400 * 24 * HOUR])
def test_a_result_is_kept_for_its_time(jump: float) -> None:
    harness = SetHall()
    worker = harness.worker()
    harness.submit(keep=HOUR)
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    harness.jump = jump
    harness.passes(HOUR - 120)
    assert harness.state(1) == "succeeded"
    harness.passes(300)
    assert harness.known("0192f0c1-2d3e-7abc-8def-000000000001") is None


# timers


class Reactor(Clock):
    """Counts as Twisted's reactors do."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = time.time  # type: ignore[method-assign]
        self.calls: list[DelayedCall] = []

    def getDelayedCalls(self) -> Any:  # noqa: N802 - Twisted's name
        return self.calls


def test_timers_do_not_move_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    jump = 0.0
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    reactor = Reactor()
    before = reactor.seconds()
    call = DelayedCall(before + 10, print, (), {}, lambda _: None, lambda _: None, seconds=reactor.seconds)
    reactor.calls.append(call)
    steady_timers(reactor)
    steady_timers(reactor)
    for jump in (5 * HOUR, -5 * HOUR):  # noqa: B007 - read by the clock
        assert reactor.seconds() == pytest.approx(before, abs=5)
        call.reset(10)
        assert call.getTime() == pytest.approx(before + 10, abs=5)


def test_a_reactor_that_counts_by_itself_is_left_alone() -> None:
    clock = Clock()
    steady_timers(clock)
    clock.advance(7)
    assert clock.seconds() == 7


class Waking(Clock):
    """A reactor without threads."""

    def callFromThread(self, function: Any, *args: Any) -> None:  # noqa: N802 - Twisted's name
        raise AssertionError


def test_what_came_due_during_a_suspend_is_found_at_wake_up(tmp_path: Any) -> None:
    reactor, slept = Waking(), 0.0
    service = Service(
        tmp_path,
        SimpleNamespace(end_session=None),  # nothing is said
        reactor=reactor,
        wall=lambda: WALL + reactor.seconds() + slept,
        steady=lambda: reactor.seconds() + slept,
        uniform=lambda: 0.0,
        store=MemoryStore(),
    )
    swept: list[float | None] = []
    service.dispatcher.sweep_at = swept.append  # type: ignore[method-assign, assignment]
    service.dispatcher.maintenance.add("lag", service._measure_lag, interval=LAG_SECONDS, first=0.0).start()
    reactor.advance(10)
    assert swept == []
    slept += 8 * HOUR
    reactor.advance(SLEPT_SECONDS)
    assert swept == [pytest.approx(WALL + 10 + SLEPT_SECONDS + 8 * HOUR, abs=1)]
    for thread in (service._writing, service._reading):
        thread.stop()
