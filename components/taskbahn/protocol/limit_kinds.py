"""The kinds of limits as tasks declare them: for each the fields that are its own, their rules, and what operators may set instead.

A kind is a class here and its row in `KINDS`. `taskbahn_router.promises` decides by it; docs/writing-a-limit.md shows how to add one.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from taskbahn.protocol.limit_fields import WAIT, WHEN_FULL, WHEN_FULL_EXPECTED
from taskbahn.protocol.rates import WrongRate, parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.limit_fields import LimitFields, LimitKindName
    from taskbahn.protocol.messages import DeclaredLimit

MAX_BURST = 1_000_000_000
MAX_CONCURRENCY = 1_000_000
BURST = re.compile(r" +burst=([0-9]{1,10})")
NUMBER = re.compile(r"[0-9]{1,7}")
SHOWN = 60  # characters of a value, in an error
UNSHOWN = 10**18  # Python refuses to write numbers of some thousand digits


class WrongLimit(ValueError):
    """What a limit cannot be, as the end of a sentence; position: of the first character that is wrong, counted from 1."""

    def __init__(self, why: str, position: int | None = None) -> None:
        super().__init__(why)
        self.position = position


class Field(NamedTuple):
    """What a field of a limit may hold, as Python has it, and how an error says so."""

    types: tuple[type, ...]
    expected: str


class DeclaredKind:
    """What a kind says of its declarations. `WrongLimit` carries why one cannot be; the caller adds which limit it is."""

    name: ClassVar[LimitKindName]
    noun: ClassVar[str]  # what an error calls one: "a rate"
    fields: ClassVar[Mapping[str, Field]]  # of `LimitFields`, its own; the first must be given, and is written without its name
    bound: ClassVar[str] = "largest cost"  # the word for what bounds a job's cost
    counts: ClassVar[bool] = False  # whether it can say what becomes of a job that finds its key full

    def check(self, limit: DeclaredLimit) -> None:
        """Raise WrongLimit for fields that cannot be; they have the right types, and the first is given."""

    def largest_cost(self, limit: DeclaredLimit) -> int:
        """Return what one job may cost at most."""
        return 1

    def check_cost(self, limit: DeclaredLimit) -> None:
        """Raise WrongLimit for a cost with which no job would start; it is a number, or the template of one argument."""
        most = self.largest_cost(limit)
        if isinstance(limit.cost, int) and limit.cost > most:
            raise WrongLimit(f"it is more than the {self.bound} of {most:,}, so the job would never start")

    def parse_override(self, value: Any) -> dict[str, Any]:
        """Return the fields that an operator's value replaces; raises WrongLimit."""
        raise NotImplementedError

    def value(self, of: LimitFields) -> str | int | None:
        """Return what a declaration or an override allows, as operators give it."""
        raise NotImplementedError


class DeclaredRate(DeclaredKind):
    """`Rate("100/s", burst=10)`."""

    name = "rate"
    noun = "a rate"
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType({
        "rate": Field((str,), "it is text such as '100/s'"),
        "burst": Field((int,), "it is a whole number, 1 or more"),
    })  # fmt: skip
    bound = "burst"

    def check(self, limit: DeclaredLimit) -> None:
        _check_rate(limit.rate or "")
        if limit.burst is not None and not 1 <= limit.burst <= MAX_BURST:
            raise WrongLimit(f"burst = {short(limit.burst)}: it is a whole number, 1 to {MAX_BURST:,}")

    def largest_cost(self, limit: DeclaredLimit) -> int:
        return limit.burst or 1

    def check_cost(self, limit: DeclaredLimit) -> None:
        if limit.burst is None and isinstance(limit.cost, str):
            raise WrongLimit("without burst a cost is at most 1; give burst=, the largest cost that a job may have")
        if limit.burst is None and limit.cost != 1:
            raise WrongLimit(f"without burst it is at most 1; give burst={short(limit.cost)} or more")
        super().check_cost(limit)

    def parse_override(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            raise WrongLimit("a rate takes a text such as '50/s' or '50/s burst=20'")
        rate, space, _ = value.partition(" ")
        _check_rate(rate)
        if not space:
            return {"rate": rate}
        found = BURST.fullmatch(value, len(rate))
        if found is None:
            raise WrongLimit("after the rate comes nothing, or ' burst=' and a whole number", len(rate) + 2)
        burst = int(found[1])
        if not 1 <= burst <= MAX_BURST:
            raise WrongLimit(f"a burst is 1 to {MAX_BURST:,}", found.start(1) + 1)
        return {"rate": rate, "burst": burst}

    def value(self, of: LimitFields) -> str | int | None:
        return of.rate if of.burst is None else f"{of.rate} burst={of.burst}"


class DeclaredConcurrency(DeclaredKind):
    """`Concurrency(5)`."""

    name = "concurrency"
    noun = "a concurrency limit"
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType({"limit": Field((int,), "it is a whole number, 1 or more")})
    bound = "limit"
    counts = True

    def check(self, limit: DeclaredLimit) -> None:
        if limit.limit == 0:
            raise WrongLimit("with a limit of 0 no job would start; it is 1 or more")
        if limit.limit is None or not 1 <= limit.limit <= MAX_CONCURRENCY:
            raise WrongLimit(f"it is a whole number, 1 to {MAX_CONCURRENCY:,}")

    def largest_cost(self, limit: DeclaredLimit) -> int:
        return limit.limit or 1

    def parse_override(self, value: Any) -> dict[str, Any]:
        number = int(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_CONCURRENCY:
            why = f"a concurrency takes a whole number, 0 (nothing starts) to {MAX_CONCURRENCY:,}"
            raise WrongLimit(why, 1 if isinstance(value, str) else None)
        return {"limit": number}

    def value(self, of: LimitFields) -> str | int | None:
        return of.limit


_ALL: tuple[DeclaredKind, ...] = (
    DeclaredRate(),
    DeclaredConcurrency(),
)
KINDS: Mapping[str, DeclaredKind] = MappingProxyType({kind.name: kind for kind in _ALL})


def check_fields(limit: DeclaredLimit) -> None:
    """Raise WrongLimit for a limit without the first field of its kind, or with a field of another kind."""
    kind = KINDS[limit.kind]
    others = [field for other in KINDS.values() for field in other.fields if field not in kind.fields]
    first = next(iter(kind.fields))
    if getattr(limit, first) is None or any(getattr(limit, field) is not None for field in others):
        raise WrongLimit(f"{kind.noun} has `{first}`, and no {' or '.join(f'`{field}`' for field in others)}")
    if limit.when_full != WAIT and not kind.counts:
        raise WrongLimit(f"{kind.noun} has no `when_full`; its jobs wait")
    kind.check(limit)
    if limit.when_full not in WHEN_FULL:
        raise WrongLimit(f"when_full = {short(limit.when_full)}: {WHEN_FULL_EXPECTED}")


def _check_rate(text: str) -> None:
    try:
        parse_rate(text)
    except WrongRate as error:
        raise WrongLimit(str(error), error.position) from None


def short(value: Any) -> str:
    """Return a value as it is written in Python, as far as a sentence has room for it."""
    if isinstance(value, int) and abs(value) >= UNSHOWN:
        return "a number of many digits"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
