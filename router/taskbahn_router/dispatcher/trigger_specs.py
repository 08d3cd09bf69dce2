"""What the row of a trigger says: what holds of declaration and changes, and the call that it makes of an event."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.mapping import compiled
from taskbahn.protocol.triggers import KINDS, TopicTrigger, TriggerSpec, is_passed_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.mapping import Fill
    from taskbahn_router.core.triggers import TriggerRow

REMEMBERED = 10_000  # specs


class Arrival(NamedTuple):
    """Something that has come, as triggers take it.

    data: what `where` looks at.   sources: what templates name.   args, kwargs: what a task gets whose trigger maps nothing.
    id: of the event, so that it starts nothing twice; "": it cannot come again.
    """

    data: Any
    sources: Mapping[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]
    id: str = ""


@lru_cache(maxsize=REMEMBERED)
def effective(declared: str | None, changed: str | None) -> TriggerSpec:
    """Return what holds: what was set at run time, and what code declares besides."""
    fields = {**(messages.from_json(declared) if declared else {}), **(messages.from_json(changed) if changed else {})}
    return msgspec.convert(fields, KINDS[fields["kind"]].spec)


def spec_of(row: TriggerRow) -> TriggerSpec:
    """Return what holds of a trigger."""
    return effective(row.declared, row.changed)


@lru_cache(maxsize=REMEMBERED)
def _fill(call: str, kind: str) -> Fill:
    return compiled(messages.from_json(call), KINDS[kind].sources)


def call_of(row: TriggerRow, arrival: Arrival) -> dict[str, Any]:
    """Return the entry of a submission for what has come; raises InvalidRequest if that lacks what a template names."""
    spec = spec_of(row)
    if is_passed_on(spec.call):
        return {**_filled(row, spec, arrival), "args": arrival.args, "kwargs": arrival.kwargs}
    return _filled(row, spec, arrival)


def _filled(row: TriggerRow, spec: TriggerSpec, arrival: Arrival) -> dict[str, Any]:
    call: dict[str, Any] = _fill(messages.to_json(spec.call), row.kind)(arrival.sources)
    return call


def complete(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a trigger with the defaults of those that are left out."""
    known = msgspec.structs.fields(KINDS[fields["kind"]].spec)
    defaults = {one.name: one.default for one in known if one.default is not msgspec.NODEFAULT}
    made = {one.name: one.default_factory() for one in known if one.default_factory is not msgspec.NODEFAULT}
    return defaults | made | fields


def words_of(spec: TriggerSpec) -> str:
    """Return what a trigger waits for, in words."""
    if isinstance(spec, TopicTrigger):
        before = {"exact": "", "prefix": "that begin with ", "wildcard": "that are like "}[spec.match]
        what = f"events of {spec.topic}" if not before else f"events of topics {before}{spec.topic}"
    else:
        what = KINDS[_kind_of(spec)].words.format(spec=spec)
    return f"{what}, where {messages.to_json(spec.where)}" if spec.where else what


def _kind_of(spec: TriggerSpec) -> str:
    return str(spec.__struct_config__.tag)
