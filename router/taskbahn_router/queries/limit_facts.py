"""What is seen of limits, for the list of problems: which permits lie with silent jobs, and what attached workers declare."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbahn.protocol.limits import definition, definitions
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.promises.limits import is_paused
from taskbahn_router.queries.limit_problems import Declared, Stall
from taskbahn_router.queries.problems import long_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.core.rows import StalledGate
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.limit_book import LimitBook
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.stores.contract import Reader

LOOK_SECONDS = 5.0  # seconds between two questions to the store
MAX_LOOKED_AT = 1_000  # running jobs, the oldest first
MAX_SILENT = 200  # attempts that one question names
MAX_JOBS = 1_000  # waiting jobs that are counted for a key
UNKNOWN_SECONDS = 300.0  # an attempt is silent after these, if nothing is known of its task

_Attempt = tuple[str, int]


class LimitFacts:
    """Looks for limits that silent jobs hold. *typical*: the typical seconds of a task's attempt, None if they are not known."""

    def __init__(self, dispatcher: Dispatcher, reader: Reader, runner: Runner, typical: Callable[[str], float | None]) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._book = dispatcher.limit_book
        self._reader = reader
        self._runner = runner
        self._typical = typical
        self._began = dispatcher.wall()  # what attempts said before is not known
        self._is_asking = False
        self._next_question = 0.0
        self.stalls: list[Stall] = []

    def look(self, now: float) -> None:
        """Look for silent attempts, and have the store say which permits they have and what waits for these."""
        if self._is_asking or now < self._next_question:
            return
        self._next_question = now + LOOK_SECONDS
        silent = self._silent(now) if self._state.ruled else {}
        if not silent:
            self.stalls = []
            return

        def read(gates: Iterable[StalledGate]) -> None:
            self._is_asking = False
            now_us = int(now * 1e6)
            self.stalls = [self._stall(gate, silent, now) for gate in gates if not is_paused(gate.gate, now_us)]

        def unread(_: Any) -> None:  # the store refuses, which `problems` shows
            self._is_asking = False

        self._is_asking = True
        attempts = [(bytes.fromhex(id.replace("-", "")), attempt) for id, attempt in silent]
        self._runner.run(self._reader.stalled, attempts, MAX_JOBS).addCallbacks(read, unread)

    def _silent(self, now: float) -> dict[_Attempt, float | None]:
        """Return attempts that may have a permit and make no progress, each with when it was last heard; None: its job has ended."""
        found: dict[_Attempt, float | None] = {}
        typical: dict[str, float | None] = {}
        for job in islice(self._state.jobs.values(), MAX_LOOKED_AT):
            if job.state is State.RUNNING and job.partition.id in self._state.ruled:
                task = job.partition.task
                if task not in typical:
                    typical[task] = self._typical(task)
                heard = max(job.started_at or now, job.heard_at, self._began)
                if now - heard > silent_after(typical[task]):
                    found[job.id, job.attempt] = heard
        for worker in self._state.workers.values():
            found.update(dict.fromkeys(_ending(worker, self._state.jobs)))
        return dict(islice(found.items(), MAX_SILENT))

    def _stall(self, found: StalledGate, silent: dict[_Attempt, float | None], now: float) -> Stall:
        gate = found.gate
        holders = [(id_text(raw), attempt) for raw, attempt in found.holders]
        heard = {holder: silent.get(holder) for holder in holders}
        first = min(heard, key=lambda holder: heard[holder] or now)
        shown = self._book.limit(gate.limit).named(gate.key)
        return Stall(
            gate.limit, shown, found.jobs, found.oldest or now, len(holders), first[0], now - (heard[first] or now),
            ended=all(when is None for when in heard.values()),
        )  # fmt: skip


def disagreements(state: DispatcherState, book: LimitBook) -> dict[str, list[Declared]]:
    """Return the limits that attached workers declare differently, each with all that they say, what counts first."""
    said: dict[str, dict[Any, tuple[str, list[str]]]] = {}
    for worker in state.workers.values():
        if worker.orders is not None:
            for name, (version, shown) in worker.limits.items():
                said.setdefault(name, {}).setdefault(version, (shown, []))[1].append(worker.id)
    found = {}
    for name, versions in said.items():
        if len(versions) > 1:
            newest = _definition(state, book, name)
            its = [Declared(shown, sorted(ids), counts=version == newest) for version, (shown, ids) in versions.items()]
            found[name] = sorted(its, key=lambda declared: (not declared.counts, declared.said))
    return found


def _definition(state: DispatcherState, book: LimitBook, name: str) -> Any:
    """Return what counts as the declaration of a limit."""
    kept = book.kept.get(name)
    if kept is not None:
        return definition(kept.declared)
    fair = {task: state.tasks[task].declaration.fair_key for task in book.declaring(name)}  # turns belong to one task
    return next((definitions(task, (), fair_key)[name][0] for task, fair_key in fair.items()), None)


def silent_after(typical: float | None) -> float:
    """Return after how many seconds without a word an attempt counts as one that makes no progress."""
    return UNKNOWN_SECONDS if typical is None else long_after(typical)


def _ending(worker: AttachedWorker, jobs: dict[str, LiveJob]) -> list[_Attempt]:
    """Return the attempts of a worker whose jobs do not run there any more: it has not said that they ended."""
    if worker.room.in_flight == 0:
        return []
    return [(id, attempt) for id, attempt in worker.attempts.items() if (job := jobs.get(id)) is None or job.attempt != attempt]
