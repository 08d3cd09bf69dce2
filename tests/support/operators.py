"""What tasks declare and operators want in the lives of `promise_model`: a limit book obeys it, and what follows is worked out here.

The book is the dispatcher's own. What must hold follows from the wishes alone: `declared`, `hung` and `paused`.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from twisted.internet.task import Clock

from support.promise_limits import HELD, LIMITS
from support.rows import PARTITIONS
from taskbahn.protocol.limit_fields import WHEN_FULL
from taskbahn.protocol.limit_kinds import KINDS
from taskbahn.protocol.messages import DeclaredLimit, TaskDeclaration
from taskbahn.protocol.overrides import Override
from taskbahn.protocol.pauses import Subject
from taskbahn_router.core.rows import NOT_RESUMED_US
from taskbahn_router.dispatcher.limit_book import LimitBook
from taskbahn_router.dispatcher.maintenance import MaintenanceService
from taskbahn_router.dispatcher.pauses import KeptPause
from taskbahn_router.model.declared_task import DeclaredTask
from taskbahn_router.model.partitions import Partition
from taskbahn_router.model.state import DispatcherState
from taskbahn_router.model.turn import TurnEffects, TurnInput
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.pausing import key_of
from taskbahn_router.promises.registry import limit_from

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from support.promise_limits import ModelLimit
    from taskbahn_router.core.rows import Costs, Room
    from taskbahn_router.stores.contract import CommitBatch, CommitResult, StartState

EVERYTHING = "a.all"  # a task without jobs, which declares all limits
HANGING: tuple[tuple[str, ...], ...] = ((), ("h",), ("h", "hr"))  # limits of the other tasks
COUNTING = ("c", "h", "f")  # limits that say what becomes of a job that finds them full
NUMBERS = {"g": (1, 3, 5), "k": (1, 2), "c": (3, 4)}  # that tasks declare later; no less than a job costs
OVERRIDES = {"g": (0, 1, 3, 5), "k": (0, 1, 2), "c": (3, 4), "h": (0, 1, 3), "f": (1, 3)}
KEYS = ('k["a"]', 'k["b"]', 'r["a"]', "g")
SUBJECTS = (
    *(Subject("key", key) for key in KEYS),
    *(Subject("queue", name) for name in ("default", "slow")),
    *(Subject("task", name) for name in ("a.one", "a.two")),
    Subject("system"),
)  # fmt: skip
TURNS = {name: limit_from({"name": name, **one.declared}) for name, one in LIMITS.items() if one.declared["kind"] not in KINDS}
RULE_FIELDS = tuple(field.name for field in fields(Promises))


class Operators:
    """Wishes, and the limit book that obeys them. A new book has what the store knows, and hears those that came since."""

    def __init__(self, pick: random.Random, wall: Callable[[], float]) -> None:
        self._random = pick
        self._wall = wall
        self._said: dict[str, dict[str, Any]] = {name: dict(one.declared) for name, one in LIMITS.items()}
        self._set: dict[str, dict[str, Any]] = {}  # by operators, by name
        self._hanging: dict[str, tuple[str, ...]] = {}  # by task
        self.paused: dict[Subject, float | None] = {}  # until when
        self.hung: dict[int, Costs] = {}  # keys of all jobs of a partition; a pause hangs there until its end is noticed
        self._ended: set[Subject] = set()  # pauses that are over, whose end no commit has taken yet
        self._wishes: list[Callable[[], object]] = []  # that no commit has taken yet
        self._fast: set[str] = set()  # limits that once were as in `instead`
        for name in COUNTING:
            self._said[name]["when_full"] = pick.choice(WHEN_FULL)
        self._tasks: dict[str, DeclaredTask] = {}  # as the store has them
        self.book = self._new_book()
        self._declare(EVERYTHING)

    # what must hold

    @property
    def declared(self) -> dict[str, dict[str, Any]]:
        """Return each limit as it is now."""
        return {name: {**said, **self._set.get(name, {})} for name, said in self._said.items()}

    def limit(self, name: str) -> ModelLimit:
        """Return what is known of a limit as it is now."""
        limit = LIMITS[name]
        return limit.instead if name in self._set and limit.instead is not None else limit

    def most(self, name: str) -> tuple[float, int] | None:
        """Return the bound of starts over the whole life: seconds, and how many."""
        limit = LIMITS[name]
        return limit.instead.most if name in self._fast and limit.instead is not None else limit.most

    def _hung(self) -> dict[int, Costs]:
        found = {}
        for id, queue, task in PARTITIONS:
            pauses = [one for one in (Subject("system"), Subject("queue", queue), Subject("task", task)) if one in self.paused]
            costs = (*((key_of(one), 1) for one in pauses), *((name, 1) for name in self._hanging.get(task, ())))
            if costs:
                found[id] = costs
        return found

    @property
    def closed(self) -> dict[str, int]:
        """Return the keys that are paused, and until when."""
        now_us = int(self._wall() * 1e6)
        times = {key_of(one): NOT_RESUMED_US if until is None else int(until * 1e6) for one, until in self.paused.items()}
        return {key: until_us for key, until_us in times.items() if until_us > now_us}

    @property
    def counting(self) -> list[str]:
        """Return the limits that count their jobs."""
        return [name for name in COUNTING if self._said[name]["when_full"] != "wait"]

    # what changes

    def wish(self) -> None:
        """Change something, now and then."""
        pick = self._random
        for name, numbers in NUMBERS.items():
            if pick.random() < 0.03:
                self._say(name, limit=pick.choice(numbers))
        for name in COUNTING:
            if pick.random() < 0.03:
                self._say(name, when_full=pick.choice(WHEN_FULL))
        for name in LIMITS:
            if pick.random() < 0.03:
                self._override(name, None if name in self._set else self._other(name))
        if pick.random() < 0.08:
            self._hang(pick.choice(["a.one", "a.two"]), pick.choice(HANGING))
        if pick.random() < 0.1:
            self._pause_or_resume(pick.choice([*SUBJECTS, *self.paused]))
        if pick.random() < 0.7:  # else it is late: by then the gate has opened by itself
            self._end_pauses()

    def _pause_or_resume(self, subject: Subject) -> None:
        if subject in self.paused and self._random.random() < 0.8:
            self._resume(subject)
        else:
            self._pause(subject, self._random.choice([None, 0.4, 0.4, 1.5]))

    def _other(self, name: str) -> dict[str, Any] | None:
        """Return fields that operators may set instead of what a limit declares."""
        if name in HELD:
            return {"limit": self._random.choice(OVERRIDES[name])}
        return None if LIMITS[name].instead is None else dict(LIMITS[name].changed or {})

    def resume_all(self) -> None:
        """Resume what is paused, and reset what operators changed, for all jobs to end."""
        self._end_pauses()
        for subject in list(self.paused):
            self._resume(subject)
        for name in list(self._set):
            self._override(name, None)

    def _say(self, name: str, **changes: Any) -> None:
        self._said[name].update(changes)
        self._declare(EVERYTHING)

    def _declare(self, task: str) -> None:
        """A worker declares a task with the limits that it has now."""
        names = [name for name in LIMITS if name not in TURNS] if task == EVERYTHING else self._hanging.get(task, ())
        limits = [DeclaredLimit(name=name, key="{x}" if LIMITS[name].values else None, **self._said[name]) for name in names]
        declared = DeclaredTask.of(TaskDeclaration(name=task, limits=limits), 0.0)

        def tell() -> None:
            self._state.tasks[task] = declared
            self.book.declare([declared])

        self._do(tell)

    def _override(self, name: str, values: dict[str, Any] | None) -> None:
        if values is None and self._set.pop(name, None) is None:
            return
        if values is not None:
            self._set[name] = values
            self._fast.add(name)
        override = None if values is None else Override(**values)
        self._do(lambda: self.book.override(name, override, "ops", self._wall()))

    def _hang(self, task: str, names: tuple[str, ...]) -> None:
        self._hanging[task] = names
        self._declare(task)

    def _pause(self, subject: Subject, seconds: float | None) -> None:
        until = None if seconds is None else self._wall() + seconds
        self.paused[subject] = until
        self._do(lambda: self.book.pause(KeptPause(subject, until, "", "ops", self._wall())))

    def _resume(self, subject: Subject) -> None:
        del self.paused[subject]
        self._do(lambda: self.book.resume(subject))

    def _end_pauses(self, ended: AbstractSet[Subject] = frozenset()) -> None:
        """The book ends what is over; *ended*: what it has to end once more."""
        over = {subject for subject, until in self.paused.items() if until is not None and until <= self._wall()}
        for subject in over:
            del self.paused[subject]
        self.hung = self._hung()
        found = {pause.subject for pause in self.book.end_pauses()}
        assert found == over | ended, ("pauses that are over", found, over, ended)
        self._ended |= over

    def _do(self, wish: Callable[[], object]) -> None:
        self.hung = self._hung()
        self._wishes.append(wish)
        wish()

    # the book

    def _new_book(self) -> LimitBook:
        self._state = DispatcherState()
        for partition in PARTITIONS:
            self._state.partitions_by_id[partition.id] = Partition(*partition)
        self._state.tasks.update(self._tasks)
        book = LimitBook(self._state, self._wall)
        book.wakes = book.purges = book.pause_ends = MaintenanceService(Clock(), "none", lambda: None, interval=None, first=None)
        return book

    def begin_again(self, start: StartState) -> None:
        """A new process has what the store knows. Operators and workers without an answer ask again."""
        self.book = self._new_book()
        self.book.begin(start)
        for wish in self._wishes:
            wish()
        self._end_pauses(self._ended - self.paused.keys())

    def take(self, batch: CommitBatch, rooms: Sequence[Room]) -> dict[str, Any]:
        """Return what the rules of a commit are made of; the batch gets what the store is to keep."""
        rules = self.book.rules(self._wall(), rooms)
        batch.limits, batch.forgotten_limits = self.book.take_rows()
        rules.limits = {**rules.limits, **TURNS}
        return {name: getattr(rules, name) for name in RULE_FIELDS}

    def failed(self, batch: CommitBatch) -> None:
        """The next turn takes in a turn whose commit failed."""
        self.book.begin_turn(TurnInput(), TurnEffects(batch, TurnInput()))

    def committed(self, rules: Promises, result: CommitResult) -> None:
        """The store has kept everything."""
        self._tasks = dict(self._state.tasks)
        self._wishes.clear()
        self._ended.clear()
        self.book.committed(rules, result.next_wake_us)
