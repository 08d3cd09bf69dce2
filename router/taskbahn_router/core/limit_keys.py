"""The keys of a job under limits: what its arguments, tags, caller and queue say to the templates of its task.

A key is the limit's name and, if the limit has a template, the canonical JSON list of what the template names: `stripe["acme","eu"]`.
No name has a bracket, so two keys are the same text only if name and values are the same: "a:b" and "c" are not "a" and "b:c".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.limit_kinds import KINDS
from taskbahn.protocol.limits import FAIR, capacity_of, check_limits
from taskbahn.protocol.templates import parse
from taskbahn_router.core.key_values import Unfit, Values, kind_of, reader, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn.protocol.messages import DeclaredLimit, Signature, TaskDeclaration
    from taskbahn_router.core.key_values import Args, Kwargs, Origin

    Key = tuple[str, int]  # with the cost


class LimitKeys:
    """Computes the keys of one task's jobs.

    constant: the keys and costs of the limits that are the same for all jobs.
    varying: whether there are others; `of` returns these, in the order of the declaration, the fair key last.
    """

    __slots__ = ("_task", "_varying", "constant")

    @classmethod
    def declared(cls, declaration: TaskDeclaration, capacities: Mapping[str, int] | None = None) -> LimitKeys | None:
        """Return what computes the keys of a task, None if it has no limits; raises InvalidOption.

        capacities: what one job may cost at most, by limit, where that is not as declared.
        """
        if not declaration.limits and not declaration.fair_key:
            return None
        check_limits(declaration)
        return cls(declaration, capacities or {})

    def __init__(self, declaration: TaskDeclaration, capacities: Mapping[str, int]) -> None:
        self._task = declaration.name
        signature = declaration.signature
        constant: list[Key] = []
        varying: list[tuple[str, Values | None, _Cost | int]] = []
        for limit in declaration.limits:
            values = None if limit.key is None else _values(limit.name, limit.key, signature, self._task)
            cost = limit.cost if isinstance(limit.cost, int) else _Cost(limit, signature, self._task, capacities)
            if values is None and isinstance(cost, int):
                constant.append((limit.name, cost))
            else:
                varying.append((limit.name, values, cost))
        if declaration.fair_key:
            name = f"{self._task}.{FAIR}"
            varying.append((name, _values(name, declaration.fair_key, signature, self._task), 1))
        self.constant = tuple(constant)
        self._varying = tuple(varying)

    @property
    def varying(self) -> bool:
        """Whether some of the keys depend on the job."""
        return bool(self._varying)

    def of(self, args: Args, kwargs: Kwargs, tags: Sequence[str], caller: str | None, queue: str) -> tuple[Key, ...]:
        """Return the keys that depend on the job, with their costs; a limit that the job costs nothing is left out.

        args, kwargs: plain values, as they travel.   caller: the authid of its session, None if it has none.
        Raises InvalidArguments, or InvalidOption for tags, with a sentence for each value that makes no key or cost.
        """
        found: list[Key] = []
        unfit: list[Unfit] = []
        origin = tags, caller, queue
        for name, values, cost in self._varying:
            try:
                its = cost if type(cost) is int else cost.of(args, kwargs, origin)  # type: ignore[union-attr]
                if its:
                    found.append((name if values is None else values.key(args, kwargs, origin), its))
            except Unfit as error:
                unfit.append(error)
        if unfit:
            raise refused(self._task, unfit)
        return tuple(found)


def name_of(key: str) -> str:
    """Return the name of the limit to which a key belongs."""
    return key.partition("[")[0]


def _values(name: str, template: str, signature: Signature | None, task: str) -> Values:
    return Values(name, template, signature, task, f"the key of the limit {name!r}", "a limit")


class _Cost:
    """A compiled template of a cost."""

    __slots__ = ("_limit", "_most", "_read", "_source")

    def __init__(self, limit: DeclaredLimit, signature: Signature | None, task: str, capacities: Mapping[str, int]) -> None:
        self._source = parse(str(limit.cost)).sources[0]
        self._read = reader(self._source, signature, task, "a limit")
        self._most = capacities.get(limit.name, capacity_of(limit))
        self._limit = limit

    def of(self, args: Args, kwargs: Kwargs, origin: Origin) -> int:
        """Return what the job costs, 0 if nothing."""
        value = self._read(args, kwargs, origin)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or value < 0:
            raise self._unfit(
                f"is {kind_of(value)}, and the cost for the limit {self._limit.name!r} is a whole number, 0 or more"
            )
        if value > self._most:
            word = KINDS[self._limit.kind].bound
            raise self._unfit(f"is {kind_of(value)}, a cost above the {word} of {self._most:,} of the limit {self._limit.name!r}")
        return value

    def _unfit(self, why: str) -> Unfit:
        return Unfit(self._source.text, why)
