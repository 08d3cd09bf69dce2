"""Whatever jobs live through, each counts once, at its newest end, and a restart changes no number."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, job_id
from support.storing import FakeSqliteStore, QuickStore
from support.watched import Watched

from taskbahn.protocol import messages
from taskbahn_router.metrics.tally import ENDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.stores.minutes import MinuteRow

EVER = (0, 2**40, TASK)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["run", "fail", "cancel", "retry", "skip", "expire"]), st.integers(1, 4)),
    st.tuples(st.just("passes"), st.integers(1, 70)),
    st.tuples(st.just("submit"), st.integers(1, 4)),
    st.tuples(st.just("restart"), st.just(0)),
)


class Lives:
    """Jobs that fail, are retried, skipped, cancelled and expire, and what is known of them."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        watched.harness.worker().lost()  # the task is declared
        self.ids: list[str] = []

    def step(self, what: str, number: int) -> None:
        if what == "passes":
            self.watched.passes(number)
        elif what == "restart":
            self.watched.restart(cleanly=True)
        else:
            getattr(self, what)(number)
        self.watched.harness.settle()

    def submit(self, number: int) -> None:
        self._submit(number)

    def expire(self, number: int) -> None:
        self._submit(number, start_within=1)
        self.watched.passes(2)

    def _submit(self, number: int, **options: Any) -> None:
        for _ in range(number):
            id = job_id(len(self.ids) + 1)
            self.watched.harness.submit(id=id, **options)
            self.ids.append(id)

    def run(self, number: int) -> None:
        self._end(number, fails=False)

    def fail(self, number: int) -> None:
        self._end(number, fails=True)

    def cancel(self, number: int) -> None:
        self._ask(messages.JOB_CANCEL, self.ids[-number:])

    def retry(self, number: int) -> None:
        self._ask(messages.JOB_RETRY, self.ids[:number])

    def skip(self, number: int) -> None:
        self._ask(messages.JOB_SKIP, self.ids[:number])

    def _ask(self, procedure: str, ids: list[str]) -> None:
        for id in ids:
            self.watched.harness.ask(procedure, id, progress=False)

    def _end(self, number: int, *, fails: bool) -> None:
        worker = self.watched.harness.worker(slots=number)
        self.watched.harness.settle()
        runs = worker.take()
        (worker.failed if fails else worker.done)(*runs)
        self.watched.harness.settle()
        worker.lost()

    def truth(self) -> Counter[str]:
        """Return how many jobs there are in each final state."""
        counts = self.watched.harness.dispatcher.state.counts
        return Counter({name: counts[name] for name in ENDS if counts[name]})

    def numbers(self) -> dict[str, Any]:
        """Return all that is made of counts: problems, header, tasks, charts."""
        watched = self.watched
        watched.harness.settle()
        found: dict[str, Any] = {
            "failures": watched.history.failures(600.0),
            "failed lately": watched.status().failed_lately,
            "statistics": watched.history.statistics(TASK),
        }
        for seconds in (900, 3600):
            for task in ("", TASK):
                chart = watched.ask(seconds=seconds, task=task)
                found[f"chart {seconds} {task}"] = {
                    name: sum(filter(None, getattr(chart, name))) for name in ("accepted", *ENDS, "retried", "again")
                }
        return found


def ended(numbers: dict[str, int]) -> Counter[str]:
    return Counter({name: numbers[name] for name in ENDS if numbers[name]})


def check(lives: Lives, steps: Iterable[tuple[str, int]]) -> None:
    for what, number in steps:
        lives.step(what, number)
    lives.watched.passes(6)  # what is looked at now is closed
    before, truth = lives.numbers(), lives.truth()
    assert ended(before["statistics"] or dict.fromkeys(ENDS, 0)) == truth
    assert all(ended(chart) == truth for name, chart in before.items() if name.startswith("chart"))
    assert before["failed lately"] == truth["failed"]
    both = truth["failed"] + truth["succeeded"]
    assert before["failures"] == ({TASK: (truth["failed"], both)} if truth["failed"] else {})
    lives.watched.restart(cleanly=True)
    after = lives.numbers()
    for numbers in (before, after):  # durations are the same too, but those of the open minute in another grain
        numbers["statistics"] = ended(numbers["statistics"] or dict.fromkeys(ENDS, 0))
    assert after == before


@settings(max_examples=40)
@given(steps=st.lists(STEPS, min_size=1, max_size=7))
def test_every_job_counts_once_before_and_after_a_restart(steps: list[tuple[str, int]]) -> None:
    check(Lives(Watched()), steps)


@settings(max_examples=15)
@given(steps=st.lists(STEPS, min_size=1, max_size=7))
def test_every_job_counts_once_over_sqlite_and_after_a_kill(steps: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        store = FakeSqliteStore(data)
        lives = Lives(Watched(store))
        for what, number in steps:
            lives.step(what, number)
        killed = Path(folder, "killed")
        shutil.copytree(data, killed)  # with the log, as a node leaves it that is killed
        assert counted(killed) == lives.truth()
        check(lives, ())
        store.reader().close()
        store.close()


def counted(folder: Path) -> Counter[str]:
    """Return what the minutes of a store say about ends, when it is opened."""
    store = QuickStore(folder)
    store.open()
    with closing(store.reader()) as reader:
        rows: list[MinuteRow] = reader.minutes(*EVER)
    store.close()
    return Counter({name: total for name in ENDS if (total := sum(getattr(row, name) for row in rows))})


def test_jobs_that_a_retry_mends_are_no_failures_after_a_restart() -> None:
    lives = Lives(Watched())
    check(lives, [("submit", 4), ("fail", 4), ("passes", 70), ("retry", 4), ("run", 4)])
    assert lives.truth() == Counter(succeeded=4)
    assert sum(filter(None, lives.watched.ask(seconds=900).again)) == 4
