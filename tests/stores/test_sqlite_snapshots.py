"""What is asked together of SQLite is answered from one moment, also when it is written in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.rows import PARTITIONS, id_of, new_job, retried
from support.storing import FakeRunner
from twisted.internet.task import Clock

from taskbahn.errors import StoreUnavailable
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.limit_book import LimitBook
from taskbahn_router.metrics.recorder import Recorder
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.model.state import DispatcherState
from taskbahn_router.publishing.followers import JobFollowers
from taskbahn_router.queries.jobs import JobQueries
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.reader import SqliteReader
from taskbahn_router.stores.sqlite.store import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from taskbahn_router.stores.rows import JobRow


class Meddled(SqliteReader):
    """Something is committed right after a job's row was read."""

    meddle: Callable[[], object] | None = None

    def job(self, id: bytes) -> JobRow | None:
        row = super().job(id)
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            meddle()
        return row


class Asker:
    """Asks `JobQueries` and keeps the answers."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.reader = Meddled(connect(store.path), store.path)
        state, clock = DispatcherState(), Clock()
        for partition in PARTITIONS:
            state.partition(partition.queue, partition.task)
        self.views = JobQueries(
            state, LimitBook(state, clock.seconds), JobFollowers(), self.reader, FakeRunner(), lambda call, failure: call.fail(failure.value),
            wall=clock.seconds, clock=clock, history=Recorder(state, clock.seconds),
        )  # fmt: skip
        self.said: list[Any] = []

    def ask(self, handler: Callable[[PendingCall], None], *args: Any) -> list[Any]:
        """Ask about job 1 while it is retried; return all that was said."""
        self.reader.meddle = lambda: self.store.commit(retried())
        handler(PendingCall(self, 1, "", [id_text(id_of(1)), *args], {}, wants_progress=True))
        return self.said

    def progress(self, request: int, value: Any) -> None:
        self.said.append(value)

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        self.said.append(args[0])

    def fail(self, request: int, error: Any) -> None:
        self.said.append(error)


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    store = SqliteStore(tmp_path)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1, state=State.RUNNING)]))
    made = Asker(store)
    yield made
    made.reader.close()
    store.close()


def test_a_jobs_view_and_its_attempts_are_of_one_moment(asker: Asker) -> None:
    (view,) = asker.ask(asker.views.get)
    assert (view["attempt"], [attempt["outcome"] for attempt in view["attempts"]]) == (1, [""])  # it runs, and did not fail
    (_, later) = asker.ask(asker.views.get)
    assert [attempt["outcome"] for attempt in later["attempts"]] == ["error", ""]


def test_a_watchers_snapshot_and_its_events_are_of_one_moment(asker: Asker) -> None:
    (said,) = asker.ask(asker.views.watch, 0)
    view = said["snapshot"]
    assert (view["number"], view["attempt"], len(view["attempts"])) == (2, 1, 1)


def test_a_job_and_its_events_are_of_one_moment(asker: Asker) -> None:
    assert asker.ask(asker.views.events) == [{"events": []}]


def test_a_question_that_the_store_cannot_answer_fails_with_a_typed_error(asker: Asker) -> None:
    asker.reader.close()
    (error,) = asker.ask(asker.views.get)
    assert isinstance(error, StoreUnavailable)
    assert "the store cannot be read" in str(error)
