"""How far the whole is of which stages are parts, as `current` says it and as each reader gets it."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.attempt.context import ACTIVE, AttemptContext, AttemptOutput, Record
from taskbahn.attempt.current import current
from taskbahn.attempt.stages import MAX_SAID, MAX_STAGES
from taskbahn.jobs.progress import completed
from taskbahn.protocol.progress import Progress, Stage, fraction_of
from taskbahn_router.core import rollup

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = st.lists(st.floats(0.01, 100), min_size=1, max_size=8)


class Sink:
    def put(self, record: Record) -> None:
        pass

    def touch(self, context: AttemptContext) -> None:
        pass


@contextmanager
def attempt() -> Iterator[AttemptOutput]:
    context = AttemptContext("job", 1, "shop.sell", "[[],{}]", None, Sink())
    token = ACTIVE.set(context)
    try:
        yield context.open_output()
    finally:
        ACTIVE.reset(token)


def said(output: AttemptOutput) -> Any:
    """What travels of the fraction; None: nothing."""
    return output.progress_record(0.0)[1][4].get("fraction")


def test_stages_with_weights_do_not_jump_between_them() -> None:
    with attempt() as output:
        with current.stage("read", total=4, weight=0.2) as stage:
            stage.advance(2)
            assert said(output) == 0.1
        assert said(output) == 0.2
        with current.stage("write", weight=0.8):
            assert said(output) == 0.2
        assert said(output) == 1.0


def test_stages_that_are_said_beforehand_share_the_whole() -> None:
    with attempt() as output:
        current.stages(["read", "convert", "write"])
        assert [(one.name, one.is_to_come) for one in output.progress.stages] == [
            ("read", True), ("convert", True), ("write", True),
        ]  # fmt: skip
        assert said(output) == 0.0
        for done, name in enumerate(("read", "convert", "write"), 1):
            with current.stage(name, total=2) as stage:
                stage.advance()
                assert said(output) == pytest.approx((done - 0.5) / 3)
            assert said(output) == pytest.approx(done / 3)
        assert [one.id for one in output.progress.stages] == [1, 2, 3]


def test_each_unit_of_a_stage_may_say_its_own_stages() -> None:
    with attempt() as output, current.stage("pages", total=4) as pages:
        for number in range(4):
            current.stages({"read": 1, "write": 3})
            assert said(output) == number / 4
            with current.stage("read"):
                pass
            assert said(output) == number / 4 + 1 / 16
            with current.stage("write"):
                pass
            pages.advance()
            assert said(output) == (number + 1) / 4


def test_a_stage_without_a_total_goes_by_those_within() -> None:
    with attempt() as output, current.stage("all"):
        current.stages(["a", "b"])
        with current.stage("a"):
            pass
        assert said(output) == 0.5


def test_without_weights_it_is_unknown_how_many_follow() -> None:
    with attempt() as output:
        with current.stage("only", total=2) as stage:
            stage.advance()
            assert said(output) == 0.5
        assert said(output) == 1.0
        with current.stage("next", total=2):
            assert said(output) is None
        assert said(output) is None
        current.progress(0.9)
        assert said(output) == 0.9  # what the task says counts


@given(total=st.integers(1, 9), steps=st.integers(0, 9), fails=st.booleans())
def test_a_stage_alone_is_the_whole_also_when_it_has_ended(total: int, steps: int, *, fails: bool) -> None:
    fractions = list[float]()
    with attempt() as output:
        with suppress(KeyError), current.stage("Rows", total=total) as stage:
            for _ in range(min(steps, total)):
                stage.advance()
                fractions.append(said(output))
            if fails:
                raise KeyError
        fractions.append(said(output))
    came = [min(1.0, done / total) for done in range(1, min(steps, total) + 1)]
    assert fractions == pytest.approx([*came, (came[-1] if came else 0.0) if fails else 1.0])


def test_a_stage_that_an_exception_ends_is_not_done() -> None:
    with attempt() as output:
        with suppress(KeyError), current.stage("read", total=4, weight=1) as stage:
            stage.advance()
            raise KeyError
        assert (said(output), output.progress.stages[0].failed) == (0.25, True)


def test_what_did_not_begin_goes_with_the_stage_around_it() -> None:
    with attempt() as output:
        with current.stage("all"):
            current.stages(["a", "b"])
            with current.stage("a"):
                pass
        assert [one.name for one in output.progress.stages] == ["all", "a"]


def test_a_plan_counts_although_its_stages_make_room() -> None:
    with attempt() as output:
        current.stages({str(number): 1 for number in range(MAX_SAID)})
        for number in range(MAX_SAID):
            with current.stage(str(number)):
                for _ in range(3):
                    with current.stage("part"):
                        pass
        assert (said(output), len(output.progress.stages)) == (1.0, MAX_STAGES)


@given(WEIGHTS, st.data())
def test_a_plan_only_goes_forwards_and_ends_at_one(weights: list[float], data: st.DataObject) -> None:
    fractions, steps = list[float](), 0
    with attempt() as output:
        current.stages({str(number): weight for number, weight in enumerate(weights)})
        for number in range(len(weights)):
            steps = data.draw(st.integers(0, 3))
            with current.stage(str(number), total=steps or None) as stage:
                for _ in range(steps):
                    fractions.append(said(output))
                    stage.advance()
            fractions.append(said(output))
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert all(fraction < 1 for fraction in fractions[: -1 - steps])


PARENTS = st.none() | st.integers(0, 6)
NUMBERS = st.floats()
STAGES = st.builds(
    Stage,
    id=st.integers(0, 6),
    name=st.just("x"),
    parent=PARENTS,
    total=st.none() | NUMBERS,
    done=NUMBERS,
    ended_at=st.none() | NUMBERS,
    started_at=NUMBERS,
    weight=st.none() | NUMBERS,
    failed=st.booleans(),
)


@given(st.lists(STAGES, max_size=12))
def test_whatever_stages_a_worker_sends_the_fraction_is_one(stages: list[Stage]) -> None:
    fraction = fraction_of(stages)
    assert fraction is None or 0 <= fraction <= 1


def test_stages_in_stages_in_stages_are_no_recursion_error() -> None:
    fraction_of([Stage(id=number, name="x", parent=number - 1 or None, total=2) for number in range(1, 5000)])


def test_the_fraction_comes_also_with_stages_of_other_workers() -> None:
    stages = [{"id": 1, "name": "a", "weight": 0.5, "ended_at": 2}, {"id": 2, "name": "b", "weight": 0.5, "started_at": 0}]
    assert completed({"stages": stages})["fraction"] == 0.5
    assert completed({"stages": stages, "fraction": 0.1})["fraction"] == 0.1
    assert completed({"stages": [{"id": 1, "total": 4, "done": 1, "name": 7}]})["fraction"] == 0.25
    assert completed({"message": "x"}) == {"message": "x"}


def test_forked_copies_begin_what_was_said_beforehand() -> None:
    with attempt() as output:
        current.stages(["read", "write"])
        copy = Stage(id=3, name="read", started_at=1.0, total=2)
        output.relayed(7, "progress", Progress(stages=[copy]))
        copy.done = 1.0
        output.relayed(7, "progress", Progress(stages=[copy]))
        assert said(output) == 0.25
        assert len(output.progress.stages) == 2


@pytest.mark.parametrize(
    "names, why",
    [
        ("read", "takes names"),
        (7, "takes names"),
        ([], "at least one name"),
        ({"a": 0}, "at least one name"),
        ({"a": -1, "b": 2}, "stage 'a' is at least 0, and not -1"),
        ({"a": "heavy"}, "the weight of stage 'a'"),
        ({"a": float("nan")}, "the weight of stage 'a'"),
        ([str(number) for number in range(MAX_SAID + 1)], "at most 100 names, and not 101"),
    ],
)
def test_a_wrong_plan_is_refused_with_a_sentence(names: Any, why: str) -> None:
    with attempt() as output:
        with pytest.raises((TypeError, ValueError), match=why):
            current.stages(names)
        assert output.progress.stages == []


@pytest.mark.parametrize("weight", [2, -0.1, "a", float("inf")])
def test_a_wrong_weight_of_a_stage_is_refused(weight: Any) -> None:
    with attempt() as output:
        with pytest.raises((TypeError, ValueError), match="the weight of a stage"), current.stage("a", weight=weight):
            pass
        assert output.progress.stages == []


def test_a_flow_that_failed_came_as_far_as_members_succeeded() -> None:
    counts = {"succeeded": 1, "failed": 1, "cancelled": 2}
    assert rollup.summary(counts)["fraction"] == 1.0
    assert rollup.summary(counts, state="running")["fraction"] == 1.0
    for state in ("failed", "cancelled", "expired"):
        assert rollup.progress(rollup.summary(counts, state=state), state)["fraction"] == 0.25
    assert json.dumps(rollup.progress(rollup.summary(counts, state="succeeded"), "succeeded"))[:16] == '{"fraction": 1.0'
