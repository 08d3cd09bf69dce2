"""The rules of declared limits: which may be, and which of one name agree. Client and dispatcher check by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from taskbahn.errors import InvalidOption
from taskbahn.protocol.limit_fields import WAIT
from taskbahn.protocol.limit_kinds import KINDS, WrongLimit, check_fields, short
from taskbahn.protocol.templates import Source, WrongTemplate, locate, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn.protocol.messages import DeclaredLimit, Signature, TaskDeclaration

MAX_LIMITS = 10  # of one task
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,219}")  # a task's name has 200 characters, and what follows it here 12
FAIR = "fair"


def shown(limit: DeclaredLimit) -> str:
    """Return a limit as people write it: its kind and what differs from the default."""
    first, *others = KINDS[limit.kind].fields
    words = [short(getattr(limit, first))]
    words += [f"{name}={short(value)}" for name in ("key", *others) if (value := getattr(limit, name)) is not None]
    words += [f"cost={short(limit.cost)}"] if limit.cost != 1 else []
    words += [f"when_full={short(limit.when_full)}"] if limit.when_full != WAIT else []
    return f"{limit.kind.capitalize()}({', '.join(words)})"


# one limit


def check_limit(limit: DeclaredLimit) -> None:
    """Raise InvalidOption, with what is wrong and where, for a limit that cannot be."""
    if not NAME.fullmatch(limit.name):
        _refuse(
            limit,
            f"name = {short(limit.name)}: it is letters, digits and . _ : / -, at most 220, and begins with one of the first",
        )
    try:
        check_fields(limit)
    except WrongLimit as error:
        _refuse(limit, str(error), error.position)
    if limit.key is not None:
        _sources(limit, "key", limit.key)
    if isinstance(limit.cost, str):
        _check_cost_template(limit, limit.cost)
    elif limit.cost < 1:
        _refuse(limit, f"cost = {short(limit.cost)}: it is a whole number, 1 or more, or a template such as '{{size}}'")
    try:
        KINDS[limit.kind].check_cost(limit)
    except WrongLimit as error:
        _refuse(limit, f"cost = {short(limit.cost)}: {error}")


def capacity_of(limit: DeclaredLimit) -> int:
    """Return what one job may cost at most: the permits of a concurrency, the burst of a rate (1 without)."""
    return KINDS[limit.kind].largest_cost(limit)


def _check_cost_template(limit: DeclaredLimit, cost: str) -> None:
    (source, *others) = _sources(limit, "cost", cost)
    if others or cost != f"{{{source.text}}}":
        _refuse(limit, f"cost = {short(cost)}: as a template it is one argument alone, such as '{{size}}'")
    if source.kind != "argument":
        _refuse(limit, f"cost = {short(cost)}: it is a number, and {cost} is text; name an argument")


def _sources(limit: DeclaredLimit, option: str, text: str) -> tuple[Source, ...]:
    try:
        return parse(text).sources
    except WrongTemplate as error:
        _refuse(limit, f"{option} = {short(text)}: {error.why}", error.position)


def _refuse(limit: DeclaredLimit, why: str, position: int | None = None) -> NoReturn:
    place = {} if position is None else {"position": position}
    raise InvalidOption(f"{shown(limit)}: {why}", option="limits", **place)


# all of a task, and of several


def check_limits(declaration: TaskDeclaration) -> None:
    """Raise InvalidOption for limits or a fair key that a task cannot have."""
    check_together(declaration.name, declaration.limits, declaration.fair_key)
    for limit in declaration.limits:
        check_limit(limit)
    check_arguments(declaration.name, declaration.limits, declaration.fair_key, declaration.signature)


def check_together(task: str, limits: Sequence[DeclaredLimit], fair_key: str) -> None:
    """Raise InvalidOption for too many limits of one task, and for two of one name."""
    if len(limits) > MAX_LIMITS:
        raise InvalidOption(f"{task} has {len(limits)} limits, more than the {MAX_LIMITS} allowed", option="limits")
    seen = {f"{task}.{FAIR}": _shown_fair(fair_key)} if fair_key else {}
    for limit in limits:
        if limit.name in seen:
            raise InvalidOption(
                f"{task} has two limits named {short(limit.name)}, {seen[limit.name]} and {shown(limit)}; "
                "give one of them another name=",
                option="limits",
            )
        seen[limit.name] = shown(limit)


def check_arguments(task: str, limits: Iterable[DeclaredLimit], fair_key: str, signature: Signature | None) -> None:
    """Raise InvalidOption for a template that names what no call of the task has."""
    for limit in limits:
        for option, text in (("key", limit.key), ("cost", limit.cost)):
            if isinstance(text, str):
                _locate_all(text, signature, task, f"{shown(limit)} of {task}: {option}", "limits")
    if fair_key:
        _locate_all(fair_key, signature, task, f"fair_key of {task}", "fair_key")


def _locate_all(text: str, signature: Signature | None, task: str, what: str, option: str) -> None:
    try:
        for source in parse(text).sources:
            if source.kind == "argument":
                locate(source, signature, task)
    except WrongTemplate as error:
        place = {} if error.position is None else {"position": error.position}
        raise InvalidOption(f"{what} = {short(text)}: {error.why}", option=option, **place) from None


def definition(limit: DeclaredLimit) -> Any:
    """Return what all tasks that list a limit must say alike; what a job of it costs is each task's own matter."""
    return limit.kind, limit.key, limit.when_full, *(getattr(limit, field) for field in KINDS[limit.kind].fields)


def definitions(task: str, limits: Iterable[DeclaredLimit], fair_key: str) -> dict[str, tuple[Any, str]]:
    """Return what a task declares under each name, and how people are shown it."""
    found = {limit.name: (definition(limit), shown(limit)) for limit in limits}
    if fair_key:
        found[f"{task}.{FAIR}"] = ((FAIR, fair_key), _shown_fair(fair_key))
    return found


def _shown_fair(fair_key: str) -> str:
    return f"fair_key={short(fair_key)}"


def check_agreement(declarations: Iterable[TaskDeclaration]) -> None:
    """Raise InvalidOption if two tasks declare one limit differently."""
    seen: dict[str, tuple[Any, str, str]] = {}
    for declaration in declarations:
        for name, (said, text) in definitions(declaration.name, declaration.limits, declaration.fair_key).items():
            known = seen.setdefault(name, (said, text, declaration.name))
            if known[0] != said:
                raise disagreement(name, (known[2], known[1]), (declaration.name, text))


def disagreement(name: str, one: tuple[str, str], other: tuple[str, str]) -> InvalidOption:
    """Return the error for two tasks, each with how it declares the limit *name*."""
    return InvalidOption(
        f"two limits are named {name!r}: {one[1]} of {one[0]} and {other[1]} of {other[0]}; "
        "declare it once and list that in both tasks, or give one of them another name=",
        option="limits",
    )
