"""When an address counts as one that takes nothing: by the deliveries that ended, as the store has them."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from taskbahn.errors import RouterUnavailable
from taskbahn_router.outgoing.unreachable import FAILED_LEAST, FAILED_MOST, FAILED_SECONDS, Endpoints

URL = 'https://example.org/a"b'.replace('"', "%22")
DAY = 86400.0


class App:
    """Has deliveries that ended, the newest first, as (state, days ago), and notes what is paused."""

    def __init__(self, *ended: tuple[str, float], page: int = 1000) -> None:
        self.jobs = [SimpleNamespace(state=state, created_at=time.time() - days * DAY) for state, days in ended]
        self.page = page
        self.paused: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.view = SimpleNamespace(jobs=self._jobs)
        self.admin = SimpleNamespace(pause=lambda query, reason: self.paused.append(f"{query} {reason}"))

    def _jobs(self, *, before: int | None, **asked: Any) -> Any:
        self.asked.append(asked)
        start = before or 0
        following = start + self.page
        return SimpleNamespace(jobs=self.jobs[start:following], next=following if following < len(self.jobs) else None)


def paused(*ended: tuple[str, float], page: int = 1000) -> list[str]:
    app: Any = App(*ended, page=page)
    Endpoints(app).failed(URL)
    return app.paused  # type: ignore[no-any-return]


def test_a_first_failure_pauses_nothing() -> None:
    assert paused() == []
    assert paused(("succeeded", 30)) == []


def test_failures_of_three_days_pause_the_address() -> None:
    long = FAILED_SECONDS / DAY + 0.1
    failures = [("failed", long * number / (FAILED_LEAST - 1)) for number in range(1, FAILED_LEAST)]
    (query,) = paused(*failures)
    assert query.startswith(f'key:taskbahn.webhook["{URL}"] no delivery of the last {FAILED_LEAST} succeeded')
    assert paused(*failures[:-1]) == [], "too few, and too short"
    assert paused(("failed", long)) == [], "too few"
    assert paused(*[("failed", 0.1)] * 20) == [], "too short"


def test_a_success_among_them_begins_the_count_again() -> None:
    assert paused(*[("failed", 1.0)] * 10, ("succeeded", 2), *[("failed", 5.0)] * 50) == []


@pytest.mark.parametrize("page", [1000, 30])
def test_a_hundred_failures_in_a_row_pause_it_at_once(page: int) -> None:
    assert len(paused(*[("failed", 0.0)] * (FAILED_MOST - 1), page=page)) == 1
    assert paused(*[("failed", 0.0)] * (FAILED_MOST - 2), ("succeeded", 0.0), page=page) == []


def test_what_cannot_be_asked_now_is_asked_after_the_next_failure() -> None:
    def unavailable(**_: Any) -> Any:
        raise RouterUnavailable("gone")

    app: Any = App()
    app.view = SimpleNamespace(jobs=unavailable)
    Endpoints(app).failed(URL)
    assert app.paused == []
