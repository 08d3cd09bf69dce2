"""A flow as a caller hands it in, made into the jobs that it is and what each of them waits for.

A flow is data: members (calls of tasks), chains and groups of flows, with names by which they refer to each other. It becomes one job
for each member and for each group, and one for the whole, its root. It knows no task: who makes the jobs checks their arguments. Only
those that ship with the node it knows: they are about the job before them, so they get its id in place of its result.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from taskbahn.errors import did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import BUILT_IN
from taskbahn_router.core.argument_schema import HOLE
from taskbahn_router.core.flow_arguments import GIVEN, References, chunk, holed, plain, text_of, unpacked
from taskbahn_router.core.flow_form import CALLBACKS, INHERITED, OF_FIRST, OF_PARTS, check_shape, kind_of, list_of, size_of, wrong
from taskbahn_router.core.flow_jobs import CHAIN, GROUP, ORDER, FlowJob, Scope, Value, member_id
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import (
    FAIL,
    HAS_INPUTS,
    IS_DETACHED,
    IS_FLOW,
    IS_GROUP,
    MOST_INPUTS,
    NONE,
    ON_SUCCESS,
    SKIP,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from typing import TypeVar

    T = TypeVar("T")
    Steps = Generator[None, None, T]
    Declared = Callable[[str], Mapping[str, Any]]

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOST_DEPTH = 100  # of flows in flows
PARTS_OF_A_STEP = 4
MOST_SIMILAR = 200  # names among which one is looked for that is like an unknown one
OF_A_JOB = frozenset(("name", *CALLBACKS))  # what an empty chain cannot have


def compiled(
    data: Any, root: bytes, options: Mapping[str, Any], most: int, declared: Declared = lambda _: {}
) -> Steps[list[FlowJob]]:
    """Return the jobs of a flow, its root first, in steps.  Raises `InvalidFlow` with the place.

    root: the id of the whole.   options: of the whole, as its caller says them.   most: jobs that it may have.
    declared: returns the callbacks that a task has declared for all its jobs.
    """
    return (yield from _Compiler(root, most, declared).run(data, dict(options)))


class _Compiler:
    """One flow."""

    def __init__(self, root: bytes, most: int, declared: Declared) -> None:
        self._root = root
        self._most = most
        self._declared = declared
        self._jobs: list[FlowJob] = []
        self._values: dict[str, Value] = {}  # by name
        self._parts = 0
        self._has_ids = False  # whether a reference has the form of an id
        self._asked: list[tuple[FlowJob, str, int, str]] = []  # job, name or id, position, place: references
        self._beside: list[tuple[str, str]] = []  # name and place of what runs beside the shape
        self._triggers: list[tuple[Value, ...]] = []  # by the number of a job

    def run(self, data: Any, options: dict[str, Any]) -> Steps[list[FlowJob]]:
        kind = kind_of(data, "")
        own = self._options(data, "", is_shape=kind != "task")
        if kind == "task" and not data.get("with"):  # the job is the whole
            yield from self._flow(data, None, "", Scope(_of(INHERITED, {**own, **options})))
            self._jobs[0].options = {**own, **options}
        else:
            check_shape(options, "")
            is_group = kind in ("group", "map")
            whole = {**own, **options} if kind != "task" else options
            root = self._job("", GROUP if is_group else CHAIN, Scope({}))
            root.flags |= IS_FLOW | (IS_GROUP if is_group else 0)
            root.options = {name: value for name, value in whole.items() if name not in OF_FIRST}
            scope = yield from self._within(data, "", Scope(_of(INHERITED, whole), first=_of(OF_FIRST, whole)))
            if is_group:
                yield from self._parts_of_group(root, data, None, "", scope)
            else:
                value = yield from self._part(data, kind, None, "", scope)
                if value is None:
                    self._wait(root, None, "", scope)
                else:
                    self._link(root, value.job, 0, NONE if value.policy == SKIP else value.policy)
            if kind != "task":
                yield from self._callbacks(root, data, "", scope)
                self._named(data, Value(root.number), "")
        if self._asked:  # a shape by itself has no circle
            yield from self._resolve()
            yield from self._check_order()
        self._check_beside()
        return self._jobs

    # parts of a flow

    def _flow(self, data: Any, before: Value | None, place: str, scope: Scope) -> Steps[Value | None]:
        """Compile a flow; return what it gives.  None: it is empty, and there is nothing before it."""
        self._parts += 1
        if not self._parts % PARTS_OF_A_STEP:
            yield
        if scope.depth > MOST_DEPTH:
            raise wrong(place, f"flows are in each other deeper than {MOST_DEPTH} levels")
        kind = kind_of(data, place)
        within = yield from self._within(data, place, scope)
        return (yield from self._part(data, kind, before, place, within))

    def _within(self, data: Any, place: str, scope: Scope) -> Steps[Scope]:
        """Return what the parts of a flow have from around them, and compile what runs beside it."""
        options = dict(scope.options)
        first = dict(scope.first)
        if "task" not in data:
            own = self._options(data, place, is_shape=True)
            options.update(_of((*INHERITED, *OF_PARTS) if place else INHERITED, own))
            first.update(_of(OF_FIRST, own))
        after = tuple(list_of(data, "after", place)) if "after" in data else ()
        within = replace(scope, options=options, depth=scope.depth + 1, after=scope.after + after, first=first)
        beside = replace(within, after=scope.after)  # `after` may name what runs beside
        for number, part in enumerate(list_of(data, "with", place) if "with" in data else ()):
            inside = _inside(place, "with", number)
            if not isinstance(part, dict) or "name" not in part:
                raise wrong(inside, "it has no name, so nothing can refer to it")
            yield from self._flow(part, None, inside, beside)
            self._beside.append((part["name"], inside))
        return within

    def _part(self, data: Any, kind: str, before: Value | None, place: str, scope: Scope) -> Steps[Value | None]:
        policy = data.get("if_fails")
        if kind == "chain":
            value = yield from self._chain(data, before, place, scope)
            if not place:
                return value  # the root has the callbacks of the whole
            if value is None or value is before:
                if OF_A_JOB & data.keys():
                    raise wrong(place, f"it is empty, so it is no job, which {min(OF_A_JOB & data.keys())} needs")
                return value
            job, policy = self._jobs[value.job], policy or value.policy
        elif kind == "task":
            job = self._member(data, before, place, scope)
        else:
            job = self._job(place, GROUP, scope)
            job.flags |= IS_FLOW | IS_GROUP
            job.options = dict(scope.options)
            yield from self._parts_of_group(job, data, before, place, scope)
        yield from self._callbacks(job, data, place, scope)
        if kind == "task":
            yield from self._callbacks_of_task(job, place, scope)
        return self._named(data, Value(job.number, policy or FAIL), place)

    def _chain(self, data: Any, before: Value | None, place: str, scope: Scope) -> Steps[Value | None]:
        value = before
        for number, part in enumerate(list_of(data, "chain", place)):
            given = yield from self._flow(part, value, _inside(place, "chain", number), scope)
            if given is not value:
                scope = scope.behind_the_first()
            value = given
        return value

    def _parts_of_group(self, group: FlowJob, data: Any, before: Value | None, place: str, scope: Scope) -> Steps[None]:
        if "map" in data:
            parts = yield from self._map(group, data, before, place, scope)
        else:
            parts = list_of(data, "group", place)
            for number, part in enumerate(parts):
                inside = _inside(place, "group", number)
                value = yield from self._flow(part, before, inside, scope)
                if value is None or value.is_id:
                    raise wrong(inside, "it is empty, so it gives nothing to the group")
                self._link(group, value.job, number, value.policy)
        if not parts:
            self._wait(group, before, place, scope)

    def _map(self, group: FlowJob, data: Any, before: Value | None, place: str, scope: Scope) -> Steps[list[Any]]:
        call, inside = data["map"], _inside(place, "map")
        if kind_of(call, inside) != "task" or call.keys() & {"args", "kwargs", "packed", "name"}:
            raise wrong(inside, "`map` is a task without arguments and without a name; `calls` has the arguments")
        within = yield from self._within(call, inside, scope)
        calls = list_of(data, "calls", place)
        size = size_of(data, place)
        if size is not None and before is not None and not call.get("immutable"):
            raise wrong(inside, "chunks take nothing of what comes before them: write `immutable`: true")
        for number, start in enumerate(range(0, len(calls), size or 1)):
            at = _inside(place, "calls", start)
            if size is None:
                job = self._member({**call, "packed": calls[start]}, before, at, within)
            else:
                job = self._member({**call, "packed": messages.NO_ARGUMENTS}, before, at, within)
                job.packed, job.known = chunk(calls[start : start + size], at)
            self._link(group, job.number, number, call.get("if_fails", FAIL))
            yield from self._callbacks(job, call, inside, within)
            yield from self._callbacks_of_task(job, at, within)
            yield
        return calls

    def _callbacks(self, job: FlowJob, data: Any, place: str, scope: Scope) -> Steps[None]:
        for policy in CALLBACKS:
            if policy not in data:
                continue
            before = Value(job.number, policy, is_id=policy != ON_SUCCESS)
            within = replace(scope.behind_the_first(), triggers=(*scope.triggers, before))
            for number, part in enumerate(list_of(data, policy, place)):
                yield from self._flow(part, before, _inside(place, policy, number), within)

    def _callbacks_of_task(self, job: FlowJob, place: str, scope: Scope) -> Steps[None]:
        """Let follow what the task has declared; in its own callbacks, a task has none."""
        declared = self._declared(job.task)
        if declared and job.task not in scope.declared:
            within = replace(scope, declared=scope.declared | {job.task})
            yield from self._callbacks(job, declared, _inside(place, f"<{job.task}>"), within)

    def _member(self, data: Any, before: Value | None, place: str, scope: Scope) -> FlowJob:
        task = data["task"]
        if not isinstance(task, str):
            raise wrong(place, "`task` is the name of a task")
        job = self._job(place, task, scope)
        job.options = {**scope.first, **scope.options, **self._options(data, place, is_shape=False)}
        job.checked, job.label = data.get("checked"), data.get("name")
        immutable = data.get("immutable", False)
        if not isinstance(immutable, bool):
            raise wrong(place, "`immutable` is true or false")
        given = None if immutable else before
        packed = data.get("packed")
        if isinstance(packed, str) and given is None and '"$' not in packed and "\\u0024" not in packed:
            job.packed = packed
        else:
            self._arguments(job, data, given, place)
        self._wait(job, before, place, scope)
        return job

    def _wait(self, job: FlowJob, before: Value | None, place: str, scope: Scope) -> None:
        """Let a job wait for what comes before it, and for what the flow is after."""
        if before is not None and (before.job, 0) not in job.waits_for:
            job.link(before.job, ORDER, before.policy)
        for reference in scope.after:
            self._refer(job, reference, ORDER, place)

    def _arguments(self, job: FlowJob, data: Any, before: Value | None, place: str) -> None:
        """Read the arguments of a member; what other jobs give is linked."""
        args, kwargs = unpacked(data, place)
        given: list[Any] = []
        if before is not None and (before.is_id or job.task in BUILT_IN):
            given.append(id_text(self._jobs[before.job].raw))
        elif before is not None:
            if before.policy == SKIP:
                raise wrong(place, 'it takes the result of a member with if_fails="skip", which may be none; use "none"')
            job.link(before.job, 0, before.policy)
            job.positions = 1
            given.append(GIVEN)
        reader = References(lambda reference: self._give(job, reference, place))
        stored = [reader.whole(value) for value in args], {name: reader.whole(value) for name, value in kwargs.items()}
        if reader.are_there or GIVEN in given:
            job.flags |= HAS_INPUTS
            job.packed = text_of([[*given, *stored[0]], stored[1]], place)
        else:
            job.packed = text_of([[*given, *map(plain, args)], {name: plain(value) for name, value in kwargs.items()}], place)
        holes = [HOLE if value is GIVEN else value for value in given]
        job.known = [([*holes, *map(holed, args)], {name: holed(value) for name, value in kwargs.items()})]

    # names and checks

    def _give(self, job: FlowJob, reference: Any, place: str) -> int:
        """Let a job get what a reference stands for; return the position at which it does."""
        position = job.positions
        job.positions += 1
        if job.positions > MOST_INPUTS:
            raise wrong(place, f"it takes more than {MOST_INPUTS:,} results; put what gives them into a group and take its list")
        self._refer(job, reference, position, place)
        return position

    def _refer(self, job: FlowJob, reference: Any, position: int, place: str) -> None:
        if not isinstance(reference, str):
            raise wrong(place, f"a reference is a name of the flow or a job's id, not {type(reference).__name__}")
        self._has_ids = self._has_ids or UUID.fullmatch(reference) is not None
        self._asked.append((job, reference, position, place))

    def _resolve(self) -> Steps[None]:
        """Link what refers to others by their names or ids."""
        numbers = {job.raw: job.number for job in self._jobs} if self._has_ids else {}
        for job, name, position, place in self._asked:
            yield
            value = self._values.get(name)
            if UUID.fullmatch(name):  # which is no name
                raw = bytes.fromhex(name.replace("-", ""))
                if raw not in numbers:
                    job.link(raw, position, FAIL)
                    continue
                value = Value(numbers[raw])
            if value is None:
                known = islice(self._values, MOST_SIMILAR)
                raise wrong(place, f"nothing in the flow is named {name!r:.100}{did_you_mean(name, known)}")
            if position != ORDER and value.policy == SKIP:
                raise wrong(place, f'{name!r} may be left out (if_fails="skip"), so its result cannot be used; use "none"')
            triggers = self._triggers[value.job]
            if self._triggers[job.number][: len(triggers)] != triggers:
                raise wrong(
                    place, f"{name!r} is in a callback, for which the flow does not wait; only the callback can refer to it"
                )
            self._link(job, value.job, position, value.policy)

    def _check_order(self) -> Steps[None]:
        """Refuse a circle."""
        left: dict[int, int] = {}  # jobs of the flow that each still waits for
        children: dict[int, list[int]] = {}
        for job in self._jobs:
            yield
            parents = [parent for parent, _ in job.waits_for if isinstance(parent, int)]
            left[job.number] = len(parents) + job.awaited
            for parent in parents:
                children.setdefault(parent, []).append(job.number)
        free = [number for number, count in left.items() if not count]
        while free:
            yield
            number = free.pop()
            del left[number]
            for child in chain(children.get(number, ()), (child for child, _ in self._jobs[number].leads_to)):
                left[child] -= 1
                if not left[child]:
                    free.append(child)
        if left:
            circle = [self._jobs[number] for number in left if self._jobs[number].number or len(left) == 1]
            raise wrong(circle[0].place, "it waits for itself, through what it refers to")

    def _check_beside(self) -> None:
        """Refuse what nothing waits for."""
        used = {name for _, name, _, _ in self._asked}
        for name, place in self._beside:
            if name not in used:
                raise wrong(place, "nothing refers to it; put it into the shape, or leave it out")

    def _link(self, job: FlowJob, parent: int, position: int, policy: str) -> None:
        """Let a job wait for another one of the flow. The later of both has the edge, for it is stored when both are there."""
        if parent > job.number:
            self._jobs[parent].lead_to(job, position, policy)
        else:
            job.link(parent, position, policy)

    def _job(self, place: str, task: str, scope: Scope) -> FlowJob:
        number = len(self._jobs)
        if number >= self._most:
            raise wrong("", f"it has more than the {self._most:,} jobs that one flow may have")
        job = FlowJob(number, place, task, member_id(self._root, number) if number else self._root)
        for trigger in scope.triggers:  # all of a callback is not needed if its trigger ends otherwise
            job.flags |= IS_DETACHED
            job.link(trigger.job, ORDER, trigger.policy)
        self._jobs.append(job)
        self._triggers.append(scope.triggers)
        return job

    def _named(self, data: Any, value: Value, place: str) -> Value:
        name = data.get("name")
        if name is not None:
            if not isinstance(name, str) or not NAME.fullmatch(name) or UUID.fullmatch(name):
                raise wrong(place, f"{name!r:.100} is no name: use 1 to 64 letters, digits and _ . -, and not the form of an id")
            if name in self._values:
                raise wrong(place, f"the name {name!r} is used twice")
            self._values[name] = value
        return value

    def _options(self, data: Any, place: str, *, is_shape: bool) -> dict[str, Any]:
        """Return the options of a part, those of a shape are checked."""
        options = data.get("options", {})
        if not isinstance(options, dict):
            raise wrong(place, "`options` is an object")
        if is_shape:
            check_shape(options, place)
        return options


def _inside(place: str, part: str, number: int | None = None) -> str:
    name = part if number is None else f"{part}[{number}]"
    return f"{place}.{name}" if place else name


def _of(names: Iterable[str], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}
