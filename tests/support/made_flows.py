"""Random flows of the Python SDK, each beside a model of what it should be."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from taskbahn import Flow, InvalidFlow, Taskbahn, chain, group
from taskbahn.jobs.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from taskbahn_router.core.flow_jobs import FlowJob

JOB = "01890000-0000-7000-8000-000000000000"
app = Taskbahn()
anything = app.get("t.anything")


@dataclass(eq=False)
class Model:
    """What a flow should be; `label` tells members apart."""

    kind: str
    label: int = 0
    parts: list[Made] = field(default_factory=list)
    references: list[Made] = field(default_factory=list)
    callbacks: dict[str, list[Made]] = field(default_factory=dict)

    def children(self) -> list[Made]:
        return [*self.parts, *(made for word in ("on_success", "on_failure", "on_end") for made in self.callbacks.get(word, []))]


@dataclass(frozen=True)
class Made:
    """A flow beside its model."""

    flow: Flow[Any, Any]
    model: Model
    policy: str = "fail"


@st.composite
def flows(draw: st.DrawFn) -> Made:
    """Build flows of earlier ones, some of them several times; the last is the one that is meant."""
    pool: list[Made] = []

    def some(least: int = 0) -> list[Made]:
        return draw(st.lists(st.sampled_from(pool), min_size=least, max_size=3)) if pool else []

    for label in range(1, draw(st.integers(2, 12))):
        kind = draw(st.sampled_from(["member", "member", "member", "chain", "group", "pipe", "callback", "policy", "after"]))
        pool.append(_make(draw, kind if pool else "member", label, some))
    return pool[-1]


def _make(draw: st.DrawFn, kind: str, label: int, some: Any) -> Made:
    if kind == "member":
        whole = [made for made in some() if made.policy != "skip"]
        listed = [made for made in some() if made.policy != "skip"]
        outputs = [made.flow.output for made in listed]
        make = draw(st.sampled_from([anything.s, anything.si]))
        flow = make(*(made.flow.output for made in whole), label=label, listed=[1, *outputs, "x"])
        return Made(flow, Model("member", label, references=[*whole, *listed]))
    if kind in ("chain", "group"):
        parts = some()
        return Made((chain if kind == "chain" else group)([made.flow for made in parts]), Model(kind, parts=parts))
    if kind == "pipe":
        parts = [*some(1)[:1], *some(1)[:1]]
        return Made(parts[0].flow | parts[1].flow, Model("chain", parts=parts))
    of = some(1)[0]
    if kind == "policy":
        policy = draw(st.sampled_from(["fail", "skip", "none", "hold"]))
        return Made(of.flow.if_fails(policy), of.model, policy)
    others = some()
    copy = Model(of.model.kind, of.model.label, of.model.parts, list(of.model.references), dict(of.model.callbacks))
    if kind == "after":
        copy.references += others
        return Made(of.flow.options(after=[Job(app, JOB), *(made.flow for made in others)]), copy, of.policy)
    word = draw(st.sampled_from(["on_success", "on_failure", "on_end"]))
    copy.callbacks[word] = [*copy.callbacks.get(word, []), *others]
    return Made(getattr(of.flow, word)(*(made.flow for made in others)), copy, of.policy)


def reached(made: Made) -> list[Model]:
    found: list[Model] = []
    todo = [made.model]
    while todo:
        model = todo.pop()
        if model not in found:
            found.append(model)
            todo += [other.model for other in (*model.children(), *model.references)]
    return found


def members_of(model: Model) -> Iterator[int]:
    """Yield the label of each member, once for each place."""
    if model.kind == "member":
        yield model.label
    for made in model.children():
        yield from members_of(made.model)


def places_of(model: Model) -> Counter[Model]:
    found = Counter([model])
    for made in model.children():
        found += places_of(made.model)
    return found


def nodes_in(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for word in ("chain", "group", "on_success", "on_failure", "on_end", "with"):
        for inner in node.get(word, ()):
            yield from nodes_in(inner)


def references_in(node: dict[str, Any]) -> Iterator[str]:
    yield from node.get("after", ())
    for value in [*arguments(node)[0], *arguments(node)[1].values()] if "task" in node else ():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and list(item) == ["$output"]:
                yield item["$output"]


def arguments(node: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    args, kwargs = json.loads(node["packed"])
    return args, kwargs


def is_sound(made: Made) -> bool:
    """Whether what is referred to has one place and one policy, and nothing is taken of what is skipped."""
    models = reached(made)
    policies: dict[Model, set[str]] = {}
    for model in models:
        for other in model.references:
            policies.setdefault(other.model, set()).add(other.policy)
    placed = {other.model for model in models for other in model.children()}
    places = places_of(made.model)
    for model in policies:
        if model not in placed and model is not made.model:
            places += places_of(model)
    for model in models:
        for other in model.children():
            if other.model in policies:
                policies[other.model].add(other.policy)
    return all(places[model] == 1 and len(found) == 1 for model, found in policies.items())


def written(made: Made) -> dict[str, Any] | None:
    data = None
    try:
        data = made.flow.data()
    except InvalidFlow as error:
        is_expected = any(words in error.message for words in ("leaves out", "an empty chain")) or not is_sound(made)
        if not is_expected:
            raise
    return data


def all_of(steps: Generator[None, None, list[FlowJob]]) -> list[FlowJob]:
    """Do all steps of a reading; return what it gives."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            jobs: list[FlowJob] = end.value
            return jobs
