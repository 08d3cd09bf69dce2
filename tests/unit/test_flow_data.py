"""The data of a flow has each member once for each place, and what refers to others finds them: random flows beside a model."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.made_flows import (
    JOB,
    Made,
    all_of,
    anything,
    arguments,
    flows,
    is_sound,
    members_of,
    nodes_in,
    reached,
    references_in,
    written,
)

from taskbahn import InvalidFlow, Taskbahn, chain, chord, group
from taskbahn.errors import InvalidArguments, InvalidOption, TooDeep, TooLarge
from taskbahn.flows import data as flow_data
from taskbahn_router.core.flow_graph import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(flows())
def test_each_member_is_there_once_for_each_place(made: Made) -> None:
    data = written(made)
    if data is None:
        return
    assert is_sound(made)
    models = reached(made)
    placed = {other.model for model in models for other in model.children()}
    referred = {other.model for model in models for other in model.references}
    expected = Counter(members_of(made.model))
    for model in referred - placed:
        expected += Counter(members_of(model))
    assert Counter(arguments(node)[1]["label"] for node in nodes_in(data) if "task" in node) == expected
    assert len(data.get("with", ())) == len(referred - placed)


@given(flows())
def test_names_are_unique_and_each_reference_leads_to_a_node(made: Made) -> None:
    data = written(made)
    if data is None:
        return
    names = [node["name"] for node in nodes_in(data) if "name" in node]
    references = {name for node in nodes_in(data) for name in references_in(node)}
    assert len(set(names)) == len(names)
    assert references - {JOB} == set(names)


@given(flows())
def test_a_reference_leads_to_the_node_that_was_meant(made: Made) -> None:
    data = written(made)
    if data is None:
        return
    by_name = {node["name"]: node for node in nodes_in(data) if "name" in node}
    models = [model for model in reached(made) if model.kind == "member"]
    for node in nodes_in(data):
        if "task" in node:
            found = {tuple(sorted(labels_in(by_name[name]))) for name in references_in(node) if name != JOB}
            label = arguments(node)[1]["label"]
            assert found in [
                {tuple(sorted(members_of(other.model))) for other in model.references} for model in models if model.label == label
            ]


def labels_in(node: dict[str, Any]) -> Iterator[int]:
    for inner in nodes_in({**node, "with": ()}):
        if "task" in inner:
            yield arguments(inner)[1]["label"]


@given(flows())
def test_data_is_the_same_each_time_and_survives_json(made: Made) -> None:
    data = written(made)
    if data is not None:
        assert made.flow.data() == data == json.loads(json.dumps(data))


@given(flows())
def test_the_router_takes_it_but_for_what_it_alone_sees(made: Made) -> None:
    data = written(made)
    try:
        jobs = all_of(compiled(data, bytes(16), {}, 10_000)) if data is not None else []
    except InvalidFlow as error:
        if not any(words in error.message for words in ("waits for itself", "is empty", "may be left out", "is in a callback")):
            raise
    else:
        members = [job for job in jobs if job.task == "t.anything"]
        assert len(members) == sum(1 for node in nodes_in(data or {}) if "task" in node)


# arguments


KEYS = st.sampled_from(["$output", "$literal", "a"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=3) | st.sampled_from(['"$output"', "$literal"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=8,
)


def resolved(value: Any, results: dict[str, Any]) -> Any:
    """What the router makes of an argument."""

    def one(part: Any) -> Any:
        if isinstance(part, dict) and list(part) == ["$output"]:
            return results[part["$output"]]
        return part["$literal"] if isinstance(part, dict) and list(part) == ["$literal"] else part

    return [one(item) for item in value] if isinstance(value, list) else one(value)


@given(st.lists(VALUES, max_size=3), st.dictionaries(st.sampled_from(["k", "$output", 'q"']), VALUES, max_size=2))
def test_data_that_looks_like_a_reference_arrives_as_it_is(args: list[Any], kwargs: dict[str, Any]) -> None:
    for flow in (anything.s(*args, **kwargs), anything.si(*args, **kwargs)):
        found_args, found_names = arguments(flow.data())
        assert [resolved(value, {}) for value in found_args] == args
        assert {name: resolved(value, {}) for name, value in found_names.items()} == kwargs


@given(
    st.lists(VALUES | st.just("OUTPUT"), max_size=3), st.lists(VALUES | st.just("OUTPUT"), max_size=3), VALUES | st.just("OUTPUT")
)
def test_outputs_take_their_places_among_other_arguments(args: list[Any], items: list[Any], named: Any) -> None:
    source = anything.si("source")

    def given(value: Any) -> Any:
        return source.output if value == "OUTPUT" else value

    flow = anything.si(*map(given, args), [given(item) for item in items], named=given(named))
    found_args, found_names = arguments(flow.data())
    results = {"n1": "OUTPUT"}
    assert [resolved(value, results) for value in found_args] == [*args, items]
    assert resolved(found_names["named"], results) == named


@given(VALUES | st.just("OUTPUT"), st.lists(VALUES | st.just("OUTPUT"), max_size=2), st.dictionaries(st.just("k"), VALUES))
def test_the_first_argument_of_a_start_comes_before_the_others(first: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    source = anything.si("source")

    def given(value: Any) -> Any:
        return source.output if value == "OUTPUT" else value

    flow = anything.s(*map(given, args), **kwargs)
    before = flow_data.Before(comes=True, value=(given(first),))
    found_args, found_names = arguments(flow_data.describe(flow._part, before))
    assert [resolved(value, {"n1": "OUTPUT"}) for value in found_args] == [first, *args]
    assert {name: resolved(value, {}) for name, value in found_names.items()} == kwargs


def test_a_chain_in_a_chain_is_written_as_one() -> None:
    flow = anything.s(1)
    for number in range(2, 2000):
        flow |= anything.s(number)
    assert [arguments(node)[0] for node in flow.data()["chain"]] == [[number] for number in range(1, 2000)]
    inner = anything.s(1) | anything.s(2)
    assert (inner | anything.si(inner.output)).data() == {
        "chain": [
            {"name": "n1", "chain": [{"task": "t.anything", "packed": "[[1],{}]"}, {"task": "t.anything", "packed": "[[2],{}]"}]},
            {"task": "t.anything", "packed": '[[{"$output":"n1"}],{}]', "immutable": True},
        ]
    }


def test_many_calls_of_one_task_are_short() -> None:
    flow = group(anything.s(number) for number in range(100)).data()
    assert (
        flow
        == {
            "map": {"task": "t.anything", "immutable": True},
            "calls": [f"[[{number}],{{}}]" for number in range(100)],
        }
        == anything.map(range(100)).data()
    )
    named = anything.s(0)
    assert "group" in group(named, *(anything.s(number) for number in range(100)), anything.si(named.output)).data()
    assert "group" in (anything.s(0) | group(anything.s(number) for number in range(100))).data()["chain"][1]


def test_options_of_an_inner_shape_are_those_of_its_members() -> None:
    inner = chain(anything.s(1), anything.options(queue="own").s(2)).options(queue="slow", tags=["a"])
    members = group(inner, anything.s(3)).options(priority=3).data()
    assert members["options"] == {"priority": 3}
    assert [node.get("options") for node in nodes_in(members) if "task" in node] == [
        {"queue": "slow", "tags": ["a"]},
        {"queue": "own", "tags": ["a"]},
        None,
    ]
    with pytest.raises(InvalidFlow, match=r"group\[0\]: option delay is for a flow as a whole, or for single tasks"):
        group(inner.options(delay=5), anything.s(3)).data()
    with pytest.raises(InvalidOption, match="option retries is said by the tasks of a flow"):
        inner.options(retries=3)


def test_a_flow_beyond_a_bound_is_refused_at_once() -> None:
    doubled = anything.s(1)
    for _ in range(40):
        doubled = group(doubled, doubled)
    with pytest.raises(TooLarge, match="members of a flow"):
        doubled.data()
    deep = anything.s(1)
    for _ in range(1000):
        deep = group(deep)
    with pytest.raises(TooDeep, match="a flow"):
        deep.data()


def test_what_comes_before_decides_which_arguments_are_missing() -> None:
    def add(a: int, b: int = 0) -> int:
        return a + b

    task = Taskbahn().task(name="t.add")(add)
    named = Taskbahn().task(name="t.total")(total)
    with pytest.raises(
        InvalidArguments, match=r"takes 2 by position, 3 were given, because the result of what comes before"
    ) as found:
        (task.s(1) | task.s(1, 2)).data()
    assert found.value.detail["place"] == "chain[1]"
    with pytest.raises(InvalidArguments, match="a: is missing, because nothing comes before"):
        task.s(b=3).data()
    with pytest.raises(InvalidFlow, match=r"chain\[1\].group\[0\]: t.add gets the list of a group"):
        (group(task.s(1)) | group(task.s())).data()  # type: ignore[arg-type]
    with pytest.raises(
        InvalidFlow, match=r"chain\[1\]: t.add takes the result of what comes before it, which if_fails\('skip'\)"
    ):
        (task.s(1).if_fails("skip") | task.s()).data()
    assert len((task.s(1).if_fails("skip") | task.si(1)).data()["chain"]) == 2
    assert chord([task.s(1)], named.s()).data() == (group([task.s(1)]) | named.s()).data()


def total(numbers: list[int]) -> int:
    return sum(numbers)


def test_types_are_checked_around_outputs() -> None:
    task = Taskbahn().task(name="t.total")(total)
    source = anything.si()
    assert arguments(task.si([source.output, 3]).data())[0] == [[{"$output": "n1"}, 3]]
    assert arguments(task.si(source.output).data())[0] == [{"$output": "n1"}]
    with pytest.raises(InvalidArguments, match=r"numbers: expected int, got str at \[0\]"):
        task.si([source.output, "x"])  # type: ignore[list-item]
    with pytest.raises(InvalidArguments, match="takes 1 by position, 2 were given"):
        task.s(source.output, 3)  # type: ignore[call-overload]
    with pytest.raises(InvalidArguments, match="numbrs: is not an argument of this task"):
        task.si(numbrs=source.output)  # type: ignore[call-arg]


def test_a_member_that_is_referred_to_has_one_place_and_one_policy() -> None:
    member = anything.si(1)
    with pytest.raises(InvalidFlow, match=r"chain\[1\]: t.anything runs once for each place"):
        chain(member, member, anything.si(member.output)).data()
    assert len(chain(member, member).data()["chain"]) == 2
    with pytest.raises(InvalidFlow, match=r"if_fails\('fail'\) in one place and 'none' in the other"):
        anything.si(member.output).options(after=[member.if_fails("none")]).data()
    with pytest.raises(InvalidFlow, match="has no output: write if_fails"):
        _ = member.if_fails("skip").output
    with pytest.raises(InvalidFlow, match="one of fail, skip, none, hold"):
        member.if_fails("ignore")  # type: ignore[call-overload]
    with pytest.raises(InvalidFlow, match=r"with\[0\]: an empty chain has no job"):
        anything.si(chain(chain()).output).data()
