"""A node that runs already and lends itself to tests: what these declare there does not go on when they have ended."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

from taskbahn.client.guard import allowing
from taskbahn.errors import CallerError, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.tasks.schedule import Schedule
    from taskbahn.tasks.trigger import Trigger

WHY = "the tests that declared it have ended"


@contextlib.contextmanager
def borrowed(url: str, seconds: float) -> Iterator[None]:
    """End the schedules and triggers afterwards that were not there before.   seconds: to connect.  Raises TaskbahnError before."""
    with _connected(url, seconds) as app:
        before = {key for key, one in _standing(app).items() if not _was_ended_here(one)}
        for key, one in _standing(app).items():
            if key not in before:
                one.resume()  # an earlier run of these tests has paused it
    try:
        yield
    finally:
        try:
            with _connected(url, seconds) as app:
                for key, one in _standing(app).items():
                    if key not in before:
                        _end(one)
        except TaskbahnError as error:
            warnings.warn(f"what the tests declared at {url} may go on there: {error}", RuntimeWarning, stacklevel=2)


@contextlib.contextmanager
def _connected(url: str, seconds: float) -> Iterator[Taskbahn]:
    from taskbahn.app import Taskbahn  # late: most nodes are started by the tests

    with allowing(url), Taskbahn(url, timeout=seconds, connect_within=seconds) as app:
        yield app


def _standing(app: Taskbahn) -> dict[tuple[type, str], Any]:
    found: list[Schedule | Trigger] = [*app.schedules, *app.triggers]
    return {(type(one), one.id): one for one in found}


def _was_ended_here(one: Any) -> bool:
    pause = one.view().pause
    return pause is not None and pause.reason == WHY


def _end(one: Any) -> None:
    try:
        one.delete()
    except CallerError:  # code declares it, of a worker that the node still remembers
        one.pause(WHY)
