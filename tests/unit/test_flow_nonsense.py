"""Whatever comes as a flow gets an id or an error of its caller; nothing is stored of what is refused, and no step takes long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness, job_id
from support.processor import fewest_seconds
from support.rows import everything

from taskbahn.errors import BY_URI, CallerError
from taskbahn.protocol import messages
from taskbahn_router.core.flow_form import CALLBACKS, FIELDS
from taskbahn_router.core.flow_graph import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = bytes.fromhex(job_id(1).replace("-", ""))
STEP_SECONDS = 0.02  # of the processor
DEEP = "<deep>"  # stands for data that is deeper than any Python's encoder goes, and no repr shows
DEEPER: Any = []
for _ in range(100_000):
    DEEPER = [DEEPER]
OTHERS: Any = st.one_of(
    st.sampled_from(
        [None, True, 0, 1.5, -1, 10**30, float("nan"), "", "x", "a.t", "skip", "\ud800", job_id(1), job_id(9), b"x", (), DEEP]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["", "x", "$output", "$literal", "$input", 1]), st.none(), max_size=2),
)
REFERENCES = st.sampled_from(
    ["x", "y", job_id(1), job_id(9), {"$output": "x"}, {"$output": None}, {"$output": DEEP}, {"$literal": DEEP}]
)
NAMES = sorted({name for fields in FIELDS.values() for name in fields} | {"nam", "grup", "$output"})


def _nodes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return flows that are nearly right: each field may be what it should be, or anything else."""
    parts = st.lists(inner, max_size=3) | OTHERS
    more: dict[str, st.SearchStrategy[Any]] = {
        "name": st.sampled_from(["x", "y"]) | OTHERS,
        "if_fails": st.sampled_from(["skip", "none", "hold", "fail"]) | OTHERS,
        "after": st.lists(REFERENCES | OTHERS, max_size=2) | OTHERS,
        "options": st.dictionaries(st.sampled_from(["priority", "tags", "retries", "x"]), OTHERS, max_size=2) | OTHERS,
        "immutable": st.booleans() | OTHERS,
        "checked": OTHERS,
        "with": parts,
        **dict.fromkeys(CALLBACKS, parts),
    }
    task = {
        "args": st.lists(REFERENCES | OTHERS | st.lists(REFERENCES, max_size=2), max_size=2) | OTHERS,
        "kwargs": st.dictionaries(st.sampled_from(["k", "", 1]), REFERENCES | OTHERS, max_size=2) | OTHERS,
        "packed": st.sampled_from(['[[{"$output":"x"}],{}]', "[[],{}]", "[", "[[],[]]", '[["\\ud800"],{}]', "[" * 5000]) | OTHERS,
    }
    kinds = [
        st.fixed_dictionaries({"task": st.just("a.t") | OTHERS}, optional={**more, **task}),
        st.fixed_dictionaries({"chain": parts}, optional=more),
        st.fixed_dictionaries({"group": parts}, optional=more),
        st.fixed_dictionaries({"map": inner, "calls": st.lists(task["packed"], max_size=3) | OTHERS}, optional=more),
        st.dictionaries(st.sampled_from(NAMES), parts, max_size=3),
    ]
    return st.one_of(*kinds)


FLOWS = st.recursive(st.just({"task": "a.t"}) | OTHERS, _nodes, max_leaves=12)


def deepened(value: Any) -> Any:
    """Return data with what the mark stands for."""
    if isinstance(value, list):
        return [deepened(one) for one in value]
    if isinstance(value, dict):
        return {name: deepened(one) for name, one in value.items()}
    return DEEPER if value == DEEP else value


@pytest.fixture(scope="module")
def harness() -> DispatcherHarness:
    harness = DispatcherHarness()
    harness.worker(tasks=["a.t"])
    return harness


@settings(max_examples=200)
@given(flow=FLOWS, options=st.just({}) | OTHERS, id=st.just(None) | OTHERS)
def test_each_flow_is_a_job_or_an_error_of_its_caller(harness: DispatcherHarness, flow: Any, options: Any, id: Any) -> None:
    before = everything(harness.store)
    asked = harness.ask(messages.SUBMIT, [deepened({"flow": flow, "id": id, "options": options})])
    harness.settle()
    (answer,) = asked.answer
    if isinstance(answer, dict):
        assert issubclass(BY_URI[answer["error"]], CallerError), answer
        assert answer["message"]
        assert everything(harness.store) == before
    else:
        harness.state(answer)
    harness.check()


def member(**more: Any) -> dict[str, Any]:
    return {"task": "a.t", "args": [1], **more}


def nested(inside: Callable[[Any], Any]) -> Any:
    flow: Any = member()
    for _ in range(95):
        flow = inside(flow)
    return flow


LARGE: dict[str, Any] = {
    "group": {"group": [member() for _ in range(9_999)]},
    "chain": {"chain": [member() for _ in range(9_999)]},
    "map": {"chain": [member(), {"map": {"task": "a.t"}, "calls": ["[[1],{}]"] * 9_990}]},
    "names": {
        "chain": [member(name=f"n{i}", args=[{"$output": f"n{i - 1}"}] if i else [], immutable=True) for i in range(9_999)]
    },
    "references": {"chain": [member(name="x"), member(args=[[{"$output": "x"}] * 100_000], immutable=True)]},
    "nested": {"group": [nested(lambda flow: {"chain": [flow]})] * 500},
    "callbacks": {"group": [nested(lambda flow: member(on_end=[flow]))] * 50},
    "key": {"chain": [member(**{"x" * 10_000_000: 1})]},
    "unknown": {"group": [*(member(name=f"n{i}" + "x" * 50) for i in range(5_000)), member(args=[{"$output": "y" * 60}])]},
    "reference": {"chain": [member(name="x"), member(args=[{"$output": "y" * 5_000_000}])]},
}


def longest_step(flow: Any) -> float:
    """Compile a flow; return the seconds of the processor that its longest step takes."""
    steps, longest = compiled(flow, ROOT, {}, messages.MAX_FLOW_JOBS), 0.0
    while True:
        began = time.thread_time()
        try:
            next(steps)
        except (StopIteration, CallerError):
            return max(longest, time.thread_time() - began)
        longest = max(longest, time.thread_time() - began)


@pytest.mark.parametrize("name", LARGE)
def test_the_steps_of_a_large_flow_are_short(name: str) -> None:
    assert fewest_seconds(lambda: longest_step(LARGE[name]), STEP_SECONDS) < STEP_SECONDS
