"""What is refused with a sentence: outputs that are used as values, what is no flow, and words of Celery."""

from __future__ import annotations

import copy
import operator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from taskbahn import InvalidFlow, Taskbahn, chain, chord, group
from taskbahn.errors import InvalidArguments, InvalidOption
from taskbahn.jobs.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "01890000-0000-7000-8000-000000000000"
app = Taskbahn()


@app.task(name="t.square")
def square(n: int) -> int:
    return n * n


USES: list[Callable[[Any], Any]] = [
    bool, str, int, float, len, iter, hash, abs, list, dict, sum, round, next, operator.index, operator.neg,
    lambda output: output.size,
    lambda output: output["a"],
    lambda output: output + 1,
    lambda output: 1 + output,
    lambda output: output == 1,
    lambda output: output < 1,
    lambda output: 1 in output,
    lambda output: f"{output}",
    lambda output: "%s" % output,  # noqa: UP031 - one of the ways to make text
    lambda output: output(),
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("output", [square.si(1).output, Job(app, ID).output], ids=["of a flow", "of a job"])
def test_an_output_that_is_used_as_a_value_is_refused(output: Any, use: Callable[[Any], Any]) -> None:
    with pytest.raises(
        InvalidFlow, match=r"^<the output of \S+.*> has no .*: it stands for a result that is not there yet; give it to s\(\)"
    ):
        use(output)


def test_an_output_can_be_shown_and_looked_at_by_libraries() -> None:
    output: Any = square.si(1).output
    assert repr(output) == "<the output of t.square>"
    assert repr(Job(app, ID).output) == f"<the output of job {ID}>"
    assert not hasattr(output, "__array__")
    assert repr(copy.copy(output)) == repr(output)


@pytest.mark.parametrize("hidden", [lambda output: {"a": output}, lambda output: [[output]], lambda output: [{"a": [output]}]])
def test_an_output_inside_of_an_argument_is_refused(hidden: Callable[[Any], Any]) -> None:
    for task in (app.get("t.other"), Taskbahn().task(name="t.taking")(taking)):
        with pytest.raises(InvalidFlow, match="is inside of an argument"):
            task.si(hidden(square.si(1).output))
        with pytest.raises(InvalidFlow, match="is inside of an argument"):
            task.s(2, hidden(square.si(1).output))


def taking(*things: Any) -> None:
    """Take all."""


@pytest.mark.parametrize("wrong", [square.si(1), Job(app, ID)], ids=["flow", "job"])
@pytest.mark.parametrize("make", [square.s, square.si])
def test_a_flow_or_job_as_an_argument_is_refused_with_the_remedy(make: Any, wrong: Any) -> None:
    with pytest.raises(InvalidArguments) as found:
        make(wrong)
    assert str(found.value).endswith("; the result of a flow or a job is given as its .output")


@pytest.mark.parametrize("make, given", [(chain, [3]), (group, ["ab"]), (group, [[square]]), (chord, [[1], square.s()])])
def test_what_is_no_flow_is_refused(make: Any, given: list[Any]) -> None:
    with pytest.raises(InvalidFlow, match=r"is no flow.*: write task\.s\(\.\.\.\)"):
        make(*given)
    with pytest.raises(InvalidFlow, match="is no flow"):
        square.s(1).on_failure(square)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unsupported operand"):
        square.s(1) | 3  # type: ignore[operator]


def test_after_takes_jobs_flows_and_ids() -> None:
    other = square.si(2)
    flow = square.si(1).options(after=[Job(app, ID), UUID(ID), ID.upper(), other])
    assert flow.data()["after"] == [ID, "n1"]
    assert flow.options(after=[]).data() == square.si(1).data()
    for wrong in ("x", [3], ["no-id"], other, [other.output]):
        with pytest.raises(InvalidFlow, match="after"):
            square.options(after=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "word, ours",
    [
        ("link", "on_success"),
        ("link_error", "on_failure"),
        ("delay", "start"),
        ("apply_async", r"options\(...\).start"),
        ("set", "options"),
    ],
)
def test_a_word_of_celery_on_a_flow_is_answered_with_ours(word: str, ours: str) -> None:
    with pytest.raises(AttributeError, match=rf"'{word}' of Celery is '{ours}\("):
        getattr(square.s(1), word)


@pytest.mark.parametrize("word", ["delay", "apply_async"])
def test_a_word_of_celery_on_a_task_is_answered_with_ours(word: str) -> None:
    for task in (square, square.options(queue="a"), app.get("t.other")):
        with pytest.raises(AttributeError, match=rf"'{word}' of Celery is '.*start\("):
            getattr(task, word)
        with pytest.raises(AttributeError, match=r"has no attribute 'colour'$"):
            _ = task.colour  # type: ignore[union-attr]


def test_options_of_celery_and_calls_of_flows_are_refused() -> None:
    with pytest.raises(InvalidOption, match="'countdown' of Celery is 'delay' here"):
        square.s(1).options(countdown=10)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"write flow.start\(\)"):
        chain(square.s(1), square.s())()  # type: ignore[operator]
