"""The services by the clock: each starts and stops in one way, and no error of one ends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.dispatcher_harness import FAILURES, DispatcherHarness
from twisted.internet.task import Clock

import taskbahn_router
from taskbahn_router.dispatcher.maintenance import FAILED_SECONDS, Maintenance


class Place:
    """A list of services, and what they did."""

    def __init__(self) -> None:
        FAILURES.clear()  # those of other tests in this process
        self.clock = Clock()
        self.maintenance = Maintenance(self.clock)
        self.did: list[tuple[str, float]] = []

    def does(self, name: str) -> None:
        self.did.append((name, self.clock.seconds()))

    def fails(self) -> None:
        self.does("fails")
        raise ZeroDivisionError


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_service_runs_at_its_interval_between_start_and_stop(place: Place) -> None:
    place.maintenance.add("a", lambda: place.does("a"), interval=2.0)
    place.maintenance.add("b", lambda: place.does("b"), interval=3.0, first=0.0)
    place.clock.pump([1.0] * 3)
    assert place.did == []
    place.maintenance.start()
    place.clock.pump([1.0] * 4)
    assert place.did == [("b", 3.0), ("a", 5.0), ("b", 6.0), ("a", 7.0)]
    place.maintenance.stop()
    place.clock.pump([1.0] * 9)
    assert (len(place.did), place.clock.getDelayedCalls()) == (4, [])


def test_start_and_stop_are_safe_twice_and_in_any_order(place: Place) -> None:
    service = place.maintenance.add("a", lambda: place.does("a"), interval=1.0)
    for act in (service.stop, service.stop, service.start, service.start, service.stop, service.start, service.start):
        act()
    assert len(place.clock.getDelayedCalls()) == 1
    place.clock.advance(1.0)
    assert place.did == [("a", 1.0)]
    place.maintenance.stop()
    place.maintenance.stop()
    assert place.clock.getDelayedCalls() == []


def test_a_service_may_stop_itself(place: Place) -> None:
    service = place.maintenance.add("a", place.maintenance.stop, interval=1.0)
    place.maintenance.start()
    place.clock.pump([1.0] * 3)
    assert (service.runs, place.clock.getDelayedCalls()) == (1, [])


@pytest.mark.parametrize("interval", [2.0, None], ids=["with an interval", "when asked"])
def test_an_error_is_logged_and_counted_and_the_service_goes_on(place: Place, interval: float | None) -> None:
    service = place.maintenance.add("a", place.fails, interval=interval, first=0.0)
    place.maintenance.start()
    assert (service.runs, service.failures, len(FAILURES)) == (1, 1, 1)
    place.clock.advance(interval or FAILED_SECONDS)
    assert (service.runs, service.failures, len(FAILURES)) == (2, 2, 2)
    FAILURES.clear()


def test_a_service_without_an_interval_runs_when_it_is_asked_to(place: Place) -> None:
    service = place.maintenance.add("a", lambda: place.does("a"))
    service.run_in(1.0)  # before it starts
    place.maintenance.start()
    place.clock.advance(5.0)
    assert place.did == []
    service.run_in(3.0)
    service.run_in(1.0)
    place.clock.pump([0.5, 1.0, 5.0])
    assert (place.did, service.late) == ([("a", 6.5)], 0.5)


def test_a_late_service_starts_at_once_and_its_name_is_unique(place: Place) -> None:
    place.maintenance.start()
    place.maintenance.add("a", lambda: place.does("a"), interval=1.0, first=0.0)
    assert place.did == [("a", 0.0)]
    with pytest.raises(ValueError, match="there is a service a already"):
        place.maintenance.add("a", lambda: place.does("a"))


def test_the_dispatcher_and_its_parts_have_one_list() -> None:
    harness = DispatcherHarness()
    services = {service.name: service.interval for service in harness.dispatcher.maintenance}
    assert services == {
        "progress": 1.0,
        "sweep": None,
        "wake": None,
        "pauses": None,
        "prune": None,
        "purge": 60.0,
        "unsealed": None,
        "heartbeats": 10.0,
        "schedules": None,
        "alarms": None,
        "events": None,
        "audit": None,
        "audit counts": None,
    }
    harness.dispatcher.maintenance.stop()
    harness.settle()
    assert harness.clock.getDelayedCalls() == []


def test_the_documentation_lists_each_service() -> None:
    sources = [path.read_text("utf-8") for path in Path(taskbahn_router.__file__).parent.rglob("*.py")]
    added = [
        name for source in sources for name in re.findall(r'(?:maintenance\.add\(|WallTimer\(dispatcher,)\s*"(\w+)"', source)
    ]
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page.partition("### Maintenance")[2].partition("\n## ")[0], re.MULTILINE)
    assert sorted(listed) == sorted(added), "the table under Maintenance in docs/architecture.md must have each service"
