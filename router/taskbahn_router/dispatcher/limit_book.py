"""The limits that tasks declare, and what operators change and pause, as the rules of each commit have them; whether it needs rules at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from taskbahn.protocol.limits import FAIR
from taskbahn.protocol.states import State
from taskbahn_router.core.audit import ActParts
from taskbahn_router.core.limit_keys import LimitKeys
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.core.rows import Purge, costs_of, limit_of
from taskbahn_router.dispatcher.kept_limits import KeptLimits
from taskbahn_router.dispatcher.pauses import KIND as PAUSE_KIND
from taskbahn_router.dispatcher.pauses import Pauses
from taskbahn_router.promises.domains import domains_of
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.registry import limit_from, limits_of, undeclared

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from taskbahn.protocol.overrides import Override
    from taskbahn.protocol.pauses import Subject
    from taskbahn_router.core.audit import Act
    from taskbahn_router.core.rows import Costs, Room, Rules
    from taskbahn_router.dispatcher.maintenance import MaintenanceService
    from taskbahn_router.dispatcher.pauses import KeptPause
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.partitions import Partition
    from taskbahn_router.model.state import DispatcherState, LiveJob
    from taskbahn_router.model.submissions import Submission
    from taskbahn_router.model.turn import TurnEffects, TurnInput
    from taskbahn_router.promises.limits import Limit
    from taskbahn_router.stores.contract import StartState
    from taskbahn_router.stores.rows import LimitRow

PURGE_LIMIT = 1000  # gates that one commit looks at
COUNTED_PER_ROW = 1000  # jobs that are counted in the time in which a row is written
PURGE_SECONDS = 60.0  # seconds between the end of one walk through the gates and the next walk
PURGE_PAUSE_SECONDS = 0.5  # seconds between two pages of a walk
MAX_WAKE_SECONDS = 3600.0  # seconds after which the rules are asked at the latest, for the wall clock may be set meanwhile


class LimitBook:
    """The newest declaration of each limit, or its override. A system in which nothing ever declared one pays nothing."""

    wakes: MaintenanceService
    purges: MaintenanceService
    pause_ends: MaintenanceService

    def __init__(self, state: DispatcherState, wall: Callable[[], float]) -> None:
        self._state = state
        self._wall = wall
        self._limits: dict[str, Limit] = {}
        self.kept = KeptLimits()
        self.pauses = Pauses()
        self._named_by: dict[str, set[str]] = {}  # task -> its limits
        self._tasks_of: dict[str, set[str]] = {}  # limit -> the tasks that declare it
        self._domains: dict[str, str] | None = None  # by limit; None: what tasks declare has changed
        self._changed: set[str] = set()
        self._counting: set[str] = set()  # the limits that count their jobs when a new one comes
        self._counted: set[str] = set()  # those of them of which the store must find the jobs that it has
        self._rehung: set[int] = set()
        self._dropped: set[str] = set()
        self._plain: set[int] = set()  # partitions that need rules only while keys hang on them
        self.hung: dict[int, Costs] = {}  # by partition: the keys that all its jobs have
        self._purge_after = ""
        self._acts: list[ActParts] = []
        self._had_limits = False  # attempts may hold permits of limits that no task declares any more
        self.is_used = False

    def begin(self, start: StartState) -> None:
        """Take over what the store knows."""
        self.kept.begin(row for row in start.limits if row.kind != PAUSE_KIND)
        self.pauses.begin(row for row in start.limits if row.kind == PAUSE_KIND)
        self._had_limits = bool(start.ruled or start.holding or self.kept or start.next_wake_us is not None)
        self.is_used = self._had_limits or bool(self.pauses)
        names = {limit.declared.name for limit in self.kept}
        self.declare(self._state.tasks.values(), names)  # tasks do not say which of them was declared last
        for name in names - self._tasks_of.keys():
            self._settle(name)
        if self.pauses:
            self._hang(self._state.partitions_by_id.values())
        self._rehung.update(self.hung)  # the store may have plain jobs of before there were limits
        limited = {task.name for task in self._state.tasks.values() if task.limit_keys is not None}
        self.wake_at(start.next_wake_us)
        self._end_pauses_in_time()
        self._state.ruled.update(id for id, partition in self._state.partitions_by_id.items() if partition.task in limited)

    def wake_at(self, when_us: int | None) -> None:
        """Have the rules asked again at a time; None: they need no time."""
        if when_us is not None:
            self.wakes.run_in(min(MAX_WAKE_SECONDS, max(0.0, when_us / 1e6 - self._wall())))

    @property
    def capacities(self) -> Mapping[str, int]:
        """What one job may cost at most, by limit with an override."""
        return self.kept.capacities

    def begin_turn(self, turn_input: TurnInput, delayed: TurnEffects | None) -> None:
        """Take over what tasks declare, and the changes of a turn whose commit was delayed and which the next one takes in."""
        if delayed is not None:
            names = [*(row.name for row in delayed.batch.limits), *delayed.batch.forgotten_limits]
            self.kept.store_again(names)
            self.pauses.store_again(names)
        rules = delayed.batch.rules if delayed is not None else None
        if isinstance(rules, Promises):
            self._changed.update(rules.changed)
            self._rehung.update(rules.rehung)
            self._dropped.update(rules.dropped)
            self.pauses.again(rules.pauses)
            self._counted.update(rules.counted)
        for name in turn_input.forgotten_tasks:
            self._withdraw(name, set())
        self.declare(turn_input.tasks)

    def override(self, name: str, override: Override | None, who: str | None, at: float) -> None:
        """Let an override win over the declaration of a limit, or the declaration hold again; the next turn stores it."""
        self.kept.override(name, override, who, at)
        self._settle(name)

    def pause(self, pause: KeptPause) -> None:
        """Start no job of a system, queue, task or key from now on; the next turn stores it."""
        self.is_used = True
        self.pauses.pause(pause)
        self._hang(self._partitions_of(pause.subject))
        self._end_pauses_in_time()

    def resume(self, subject: Subject) -> None:
        """Start its jobs again."""
        self.pauses.resume(subject)
        self._hang(self._partitions_of(subject))
        self._end_pauses_in_time()

    def end_pauses(self) -> list[KeptPause]:
        """End the pauses whose time is over; return them."""
        over = self.pauses.over(self._wall())
        for pause in over:
            self.resume(pause.subject)
        self._end_pauses_in_time()
        return over

    def _end_pauses_in_time(self) -> None:
        ends = self.pauses.ends()
        if ends is not None:
            self.pause_ends.run_in(min(MAX_WAKE_SECONDS, max(0.0, ends - self._wall())))

    def _partitions_of(self, subject: Subject) -> Iterable[Partition]:
        partitions = self._state.partitions_by_id.values()
        if subject.kind == "key":
            return ()
        if subject.kind == "system":
            return partitions
        return [one for one in partitions if subject.name == (one.queue if subject.kind == "queue" else one.task)]

    def templates(self) -> dict[str, str]:
        """Return the template of each limit that a task declares, "" if it has none."""
        found: dict[str, str] = {}
        for task in self._named_by:
            declaration = self._state.tasks[task].declaration
            found.update((limit.name, limit.key or "") for limit in declaration.limits)
            if declaration.fair_key:
                found[f"{task}.{FAIR}"] = declaration.fair_key
        return found

    def declaring(self, name: str) -> list[str]:
        """Return the tasks that declare a limit."""
        return sorted(self._tasks_of.get(name, ()))

    def take_rows(self) -> tuple[list[LimitRow], list[str]]:
        """Return the limits to store, and the names of those to delete."""
        rows, gone = self.kept.take_rows()
        more, ended = self.pauses.take_rows()
        return rows + more, gone + ended

    def note_act(self, act: Act | None, effect: str) -> None:
        """Have the audit say who changed what the next turn stores."""
        if act is not None:
            self._acts.append(ActParts(act, (), effect))

    def take_acts(self) -> list[ActParts]:
        """Return who changed what `take_rows` has returned."""
        acts, self._acts = self._acts, []
        return acts

    def declare(self, tasks: Iterable[DeclaredTask], known: Container[str] = ()) -> None:
        """Take over what tasks declare; a limit without an override that no task has any more lets everything through.

        known: names of limits whose newest declaration is known.
        """
        for task in tasks:
            if task.limit_keys is None and task.name not in self._named_by:
                continue
            self.is_used = self._had_limits = True
            limits = limits_of(task.declaration)
            for declared in task.declaration.limits:
                if declared.name not in known:
                    self.kept.declare(declared)
            self._withdraw(task.name, set(limits))
            for name, limit in limits.items():
                self._settle(name, limit)
            if not self.kept.capacities.keys().isdisjoint(limits):
                self._compute_keys(task)
            its = [one for one in self._state.partitions_by_id.values() if one.task == task.name]
            self._hang(its)
            if task.limit_keys is not None and task.limit_keys.varying:
                self._plain.difference_update(one.id for one in its)

    def _withdraw(self, task: str, names: set[str]) -> None:
        """A task has those limits only; forget the others, unless another task has them."""
        before = self._named_by.pop(task, set())
        if names:
            self._named_by[task] = names
        if names != before:
            self._domains = None
        for name in names - before:
            self._tasks_of.setdefault(name, set()).add(task)
        for name in before - names:
            self._tasks_of[name].remove(task)
            if not self._tasks_of[name]:
                del self._tasks_of[name]
                self._settle(name)

    def _settle(self, name: str, declared: Limit | None = None) -> None:
        """Let the rules have a limit as it is now; *declared*: what holds if the store keeps nothing of it."""
        tasks = self._tasks_of.get(name, ())
        kept = None if not tasks and self.kept.forget(name) else self.kept.get(name)
        limit = declared if kept is None else limit_from(msgspec.structs.asdict(kept.effective))
        if self._limits.get(name) == limit:
            return
        if limit is None:
            del self._limits[name]
        else:
            self._limits[name] = limit
        self._count(name, limit)
        self._changed.add(name)
        for task in filter(None, map(self._state.tasks.get, tasks)):
            self._compute_keys(task)

    def _count(self, name: str, limit: Limit | None) -> None:
        """Let a limit count its jobs if it says so."""
        if limit is None or not limit.counts:
            self._counting.discard(name)
        elif name not in self._counting:
            self._counting.add(name)
            self._counted.add(name)

    def asking(self, submissions: Iterable[Submission]) -> Iterator[list[LiveJob]]:
        """Return the entries that rules must admit: flows, what schedules start, those with unique keys, or that may find no place."""
        tasks = {task for task, names in self._named_by.items() if not self._counting.isdisjoint(names)} if self._counting else ()
        for submission in submissions:
            if tasks or submission.has_links or submission.asks or submission.firings:
                for _, jobs in submission.entries():
                    if (
                        jobs[0].links is not None
                        or submission.firings
                        or any(
                            job.unique is not None or (job.partition.task in tasks and job.state is State.READY) for job in jobs
                        )
                    ):
                        yield jobs

    def admission_rows(self, jobs: Iterable[LiveJob]) -> int:
        """Return about how many rows it may touch besides to admit jobs: those that are counted, and those that they may displace."""
        rows = 0
        for job in jobs:
            for key, cost in self.hung.get(job.partition.id, ()) + (costs_of(job.keys) if job.keys else ()):
                if (name := limit_of(key)) in self._counting:
                    rows += cost + int(self._limits[name].options) // COUNTED_PER_ROW
        return rows

    def _compute_keys(self, task: DeclaredTask) -> None:
        """Let the costs of a task's jobs be checked against the limits as they are now."""
        task.limit_keys = LimitKeys.declared(task.declaration, self.kept.capacities)

    def take_in(self, partitions: Iterable[Partition]) -> None:
        """Hang on new partitions what hangs on those of their tasks and queues."""
        for partition in partitions:
            keys = self._keys_of(partition)
            if keys:
                self.hung[partition.id] = keys
                self._state.ruled.add(partition.id)

    def _keys_of(self, partition: Partition) -> Costs:
        """Return the keys that all jobs of a partition have, those of pauses first."""
        task = self._state.tasks.get(partition.task)
        own = task.limit_keys.constant if task is not None and task.limit_keys is not None else ()
        return (*self.pauses.hung_on(partition), *own)

    def _hang(self, partitions: Iterable[Partition]) -> None:
        """Hang on partitions what all their jobs have now."""
        for partition in partitions:
            id, now = partition.id, self._keys_of(partition)
            before = self.hung.pop(id, ())
            if now:
                self.hung[id] = now
                if id not in self._state.ruled:
                    self._plain.add(id)
                self._state.ruled.add(id)
            if now != before:
                self._rehung.add(id)
                self._dropped.update(key for key, _ in before if key not in dict(now))

    def forget(self, vacated: Iterable[int]) -> None:
        """Forget partitions that have vanished."""
        for id in vacated:
            self.hung.pop(id, None)
            self._state.ruled.discard(id)
            self._plain.discard(id)

    def committed(self, rules: Rules, next_wake_us: int | None) -> None:
        """The store did what the rules wanted: partitions without keys need none any more."""
        self.wake_at(next_wake_us)
        for id in self._plain.intersection(rules.rehung) if isinstance(rules, Promises) else ():
            if id not in self.hung and id not in rules.hung:
                self._plain.discard(id)
                self._state.ruled.discard(id)
        pending = self._rehung or self._dropped or next_wake_us is not None
        self.is_used = self._had_limits or bool(pending or self.hung or self._state.ruled or self.pauses)

    def limit(self, name: str) -> Limit:
        """Return the limit of a name as it is declared now."""
        return self._limits.get(name) or undeclared(name)

    def purge_from(self, after: str | None) -> None:
        """Go on purging gates after a key; None: the end was reached, begin again in a while."""
        self._purge_after = after or ""
        self.purges.run_in(PURGE_SECONDS if after is None else PURGE_PAUSE_SECONDS)

    def _turns(self) -> dict[str, list[int]]:
        """Return the partitions of each limit of fair turns."""
        names = {task: name for task, own in self._named_by.items() for name in own if self._limits[name].kind.orders}
        turns: dict[str, list[int]] = {name: [] for name in names.values()}
        for id, partition in self._state.partitions_by_id.items():
            if partition.task in names:
                turns[names[partition.task]].append(id)
        return turns

    @property
    def domains(self) -> dict[str, str]:
        """The domain of each limit that connects tasks, one of which has several; turns close no gate."""
        if self._domains is None:
            its = ([name for name in names if not self._limits[name].kind.orders] for names in self._named_by.values())
            self._domains = domains_of(its)
        return self._domains

    def _served(self) -> list[set[int]]:
        """Return the partitions of each worker that takes jobs, and those of alike workers once."""
        served = (worker.room.partitions for worker in self._state.workers.values() if worker.room.open)
        return list({id(partitions): partitions for partitions in served}.values())

    def rules(self, now: float, rooms: Sequence[Room], *, purges: bool = False) -> Promises:
        """Return the rules of the next commit."""
        changed, self._changed = sorted(self._changed), set()
        rehung, self._rehung = sorted(self._rehung), set()
        dropped, self._dropped = sorted(self._dropped), set()
        counted, self._counted = sorted(self._counted), set()
        limits, hung = dict(self._limits), dict(self.hung)
        rules = Promises(now, limits, rooms, DEFAULT_KEEP, hung=hung, rehung=rehung, dropped=dropped, changed=changed)
        rules.pauses = self.pauses.take_due()
        rules.counted, rules.counts = counted, bool(self._counting)
        if self.domains:
            rules.domains, rules.served = self.domains, self._served()
        if purges:
            rules.purge, rules.turns = Purge(self._purge_after, PURGE_LIMIT), self._turns()
        return rules
