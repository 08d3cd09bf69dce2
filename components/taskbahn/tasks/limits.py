"""`Rate` and `Concurrency`: the limits that a task declares with `limits=[...]`. A new kind is a class here."""

from __future__ import annotations

import operator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from taskbahn.errors import InvalidOption
from taskbahn.protocol import limits as rules
from taskbahn.protocol.limit_fields import WHEN_FULL_EXPECTED, LimitKindName, WhenFull
from taskbahn.protocol.limit_kinds import KINDS, Field, short
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.templates import WrongTemplate, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.tasks.task import Task

UNNAMED = "unnamed"  # passes the check of names
COMMON = {  # fields of every kind of limit
    "key": Field((str,), "it is a template such as '{customer}'"),
    "cost": Field((int, str), "it is a whole number, 1 or more, or a template such as '{size}'"),
    "name": Field((str,), "it is text"),
    "when_full": Field((str,), WHEN_FULL_EXPECTED),
}


class Limit:
    """What `limits=[...]` takes; a class for each kind of `protocol.limit_kinds.KINDS`."""

    __slots__ = ()
    kind: ClassVar[LimitKindName]
    __dataclass_fields__: ClassVar[dict[str, Any]]
    name: str  # empty: the limit is its task's own


@dataclass(frozen=True, slots=True, init=False)
class Rate(Limit):
    """How many jobs may start in a time, in the whole system: `Rate("100/s", key="{customer}", burst=10)`.

    rate: a whole number, a slash and s, m, h or d.   key: a template; each value of it has a rate of its own.
    burst: how many may start at once after a pause.   cost: how many starts a job counts as, a number or a template.
    name: tasks that name the same limit share it; without it the limit is the task's own, `<task>.rate`, and *name* is empty.
    Raises InvalidOption.
    """

    kind = "rate"
    rate: str
    key: str | None
    burst: int | None
    cost: int | str
    name: str

    def __init__(
        self, rate: str, /, *, key: str | None = None, burst: int | None = None, cost: int | str = 1, name: str | None = None
    ) -> None:
        _fill(self, rate=rate, key=key, burst=burst, cost=cost, name=name)


@dataclass(frozen=True, slots=True, init=False)
class Concurrency(Limit):
    """How many jobs may run at the same time, in the whole system: `Concurrency(5, name="gpu")`.

    limit: the permits.   key: a template; each value of it has permits of its own.   cost: the permits of a job, a number or a template.
    name: as of `Rate`; without it the limit is `<task>.concurrency`.
    when_full: what becomes of a new job when as many run and are ready as may run: it waits, it is refused with `LimitFull`, the
    oldest of them is cancelled for it, or it is cancelled itself.
    Raises InvalidOption.
    """

    kind = "concurrency"
    limit: int
    key: str | None
    cost: int | str
    name: str
    when_full: WhenFull

    def __init__(
        self,
        limit: int,
        /,
        *,
        key: str | None = None,
        cost: int | str = 1,
        name: str | None = None,
        when_full: WhenFull = "wait",
    ) -> None:
        _fill(self, limit=limit, key=key, cost=cost, name=name, when_full=when_full)


def _fill(made: Limit, /, **given: Any) -> None:
    """Set the fields of a limit that is made; raises InvalidOption."""
    for field, value in _checked(made.kind, **given).items():
        object.__setattr__(made, field, value)


def _checked(kind: LimitKindName, **given: Any) -> dict[str, Any]:
    """Return the values of a limit as they travel, but for the name; raises InvalidOption."""
    values = {name: _whole(value) for name, value in given.items()}
    for name, value in values.items():
        _check_type(kind, name, value, values)
    name = values["name"]
    rules.check_limit(DeclaredLimit(kind=kind, **values | {"name": UNNAMED if name is None else name}))
    return values | {"name": name or ""}


def _check_type(kind: str, name: str, value: Any, values: dict[str, Any]) -> None:
    own = KINDS[kind].fields
    first = next(iter(own))
    if value is None and name not in (first, "cost"):
        return
    field = own.get(name) or COMMON[name]
    if isinstance(value, bool) or not isinstance(value, field.types):
        said = "" if name == first else f"{name} = {short(value)}: "
        raise InvalidOption(f"{kind.capitalize()}({short(values[first])}): {said}{field.expected}", option="limits")


def _whole(value: Any) -> Any:
    """Return a whole number of another kind (of NumPy, 5.0) as an int, and anything else as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        return value


# of a task


def limits_of(given: Any) -> tuple[Limit, ...]:
    """Return what a user wrote as `limits=`; raises InvalidOption."""
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        hint = f"; write limits=[{short(given)}]" if isinstance(given, Limit) else ""
        raise InvalidOption(
            f"option limits = {short(given)}: it is a list of limits, each a {' or a '.join(_titles())}{hint}", option="limits"
        )
    for one in given:
        if not isinstance(one, Limit):
            hint = f"; write Rate({short(one)})" if isinstance(one, str) else ""
            kinds = " nor ".join(f"a {title}" for title in _titles())
            raise InvalidOption(f"option limits: {short(one)} is neither {kinds}{hint}", option="limits")
    return tuple(given)


def _titles() -> list[str]:
    return [kind.capitalize() for kind in KINDS]


def fair_key_of(given: Any) -> str:
    """Return what a user wrote as `fair_key=`, empty for nothing; raises InvalidOption."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidOption(f"option fair_key = {short(given)}: {COMMON['key'].expected}", option="fair_key")
    try:
        return parse(given).text
    except WrongTemplate as error:
        raise InvalidOption(f"option fair_key = {short(given)}: {error.why}", option="fair_key") from None


def declared(task: str, limits: Iterable[Limit], fair_key: str) -> tuple[DeclaredLimit, ...]:
    """Return the limits of *task* as they travel, each with its name; raises InvalidOption for two of one name."""
    found = tuple(_declared(task, limit) for limit in limits)
    rules.check_together(task, found, fair_key)
    return found


def _declared(task: str, limit: Limit) -> DeclaredLimit:
    values = {field.name: getattr(limit, field.name) for field in fields(limit)}
    return DeclaredLimit(kind=limit.kind, **values | {"name": limit.name or f"{task}.{limit.kind}"})


def check_agreement(task: Task[..., Any], others: Iterable[Task[..., Any]]) -> None:
    """Raise InvalidOption if *task* and one of *others* declare a limit of one name differently.

    Another task does not count if its source has changed since, as when its module is loaded again, or is no file, as of a cell.
    """
    mine = definitions(task)
    for other in others:
        if other is task or other.name == task.name or not other.has_limits:
            continue
        for name, (said, text) in definitions(other).items():
            if name in mine and mine[name][0] != said and not _is_stale(other, task):
                raise rules.disagreement(name, (other.name, text), (task.name, mine[name][1]))


def _is_stale(other: Task[..., Any], task: Task[..., Any]) -> bool:
    file, changed_at = other.source
    return not changed_at or (file == task.source[0] and changed_at != task.source[1])


def definitions(task: Task[..., Any]) -> dict[str, tuple[Any, str]]:
    """Return what a task declares under each name, and how people are shown it."""
    return rules.definitions(task.name, task.declared_limits, task.fair_key)
