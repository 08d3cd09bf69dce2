"""Declaring tasks: names, options, pools, and that a task stays the plain function."""

import datetime as dt
import inspect
from typing import Any

import pytest

from taskbahn import Taskbahn
from taskbahn.errors import InvalidName, InvalidOption, UnknownTask
from taskbahn.protocol import messages
from taskbahn.protocol.options import Where
from taskbahn.signatures.signature import UnsupportedAnnotation
from taskbahn.tasks.options import make_options
from taskbahn.tasks.task import AsyncTask, Task


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


async def later() -> str:
    return "late"


def test_a_task_is_the_plain_function() -> None:
    task = Taskbahn().task(add)
    assert (task(1), task(1, b=2)) == (2, 3)
    assert (task.__name__, task.__doc__, inspect.signature(task)) == ("add", "Add two numbers.", inspect.signature(add))  # type: ignore[attr-defined]
    assert task.function is add


def test_the_name_is_module_and_function_unless_given() -> None:
    app = Taskbahn()
    assert app.task(add).name == f"{__name__}.add"
    assert app.task(name="maths.add")(add).name == "maths.add"
    assert sorted(app.tasks) == ["maths.add", f"{__name__}.add"]


@pytest.mark.parametrize("name", ["Maths.add", "maths add", "taskbahn.add", "wamp.x", "", "a..b", "a" * 201, "ä"])
def test_a_name_that_is_no_uri_is_refused(name: str) -> None:
    if name:
        with pytest.raises(InvalidName):
            Taskbahn().task(name=name)(add)
    with pytest.raises(InvalidName):
        Taskbahn().get(name)


def test_two_functions_cannot_have_one_name() -> None:
    app = Taskbahn()
    app.task(name="maths.add")(add)
    app.task(name="maths.add")(add)  # a module that is imported twice
    with pytest.raises(InvalidName, match=r"two tasks are named 'maths.add': .*\.add and .*\.later"):
        app.task(name="maths.add")(later)


def test_plain_functions_default_to_the_process_pool_async_ones_to_the_loop() -> None:
    app = Taskbahn()
    assert app.task(add).pool == "process"
    assert app.task(name="t.add", pool="thread")(add).pool == "thread"
    task = app.task(later)
    assert task.pool == "loop"
    assert isinstance(task, AsyncTask)


@pytest.mark.parametrize(
    "function, pool, said",
    [
        (add, "loop", "would block"),
        (later, "thread", "runs on the worker's event loop"),
        (add, "gevent", "must be one of process"),
    ],
)
def test_a_pool_that_cannot_run_the_function_is_refused(function: Any, pool: Any, said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        Taskbahn().task(pool=pool)(function)


@pytest.mark.parametrize(
    "words, retries",
    [
        ({"retry_on": ValueError}, 3),
        ({"retry_on": [ValueError, OSError], "retries": None}, 3),
        ({"retry_on": ValueError, "retries": 0}, 0),
        ({"retry_on": ValueError, "retries": [1, "1m"]}, 2),
        ({"retry_on": ()}, None),
        ({"give_up_on": ValueError}, None),
    ],
)
def test_to_name_the_errors_to_retry_on_is_to_want_retries(words: Any, retries: int | None) -> None:
    assert Taskbahn().task(**words)(add).declaration().options.get("retries") == retries


def test_the_declaration_is_what_a_worker_says() -> None:
    task = Taskbahn().task(name="t.add", retries=[10, 30], run_within=dt.timedelta(minutes=1), tags={"x"}, retry_on=ValueError)(
        add
    )
    said = task.declaration()
    assert (said.name, said.doc, said.pool) == ("t.add", "Add two numbers.", "process")
    assert said.options == {"retries": 2, "retry_delays": [10.0, 30.0], "run_within": 60.0, "tags": ["x"]}
    assert said.signature == task.signature.wire
    assert task.retry_on == (ValueError,)
    assert task.give_up_on is None


def test_an_option_that_does_not_exist_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InvalidOption, match=r"there is no option 'retrys' \(did you mean 'retries'\?\)"):
        Taskbahn().task(retrys=3)(add)  # type: ignore[call-overload]
    with pytest.raises(InvalidOption, match=r"there is no option 'pol' \(did you mean 'pool'\?\)"):
        Taskbahn().task(pol="thread")(add)  # type: ignore[call-overload]
    with pytest.raises(
        InvalidOption, match=r"there is no option 'countdown' \('countdown' of Celery is 'delay' here\); there are "
    ):
        Taskbahn().get("some.task").options(countdown=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "given, said",
    [
        ({"priority": "high"}, "expected int, got str; it is -1000 to 1000, higher goes first"),
        ({"priority": 5000}, "it is -1000 to 1000, higher goes first"),
        ({"delay": -1}, "0 or more"),
        ({"run_within": 0}, "more than 0"),
        ({"run_within": float("inf")}, "at most a hundred years"),
        ({"retries": -1}, "0 to 10,000"),
        ({"retries": [1, -2]}, r"^option retries = \[1, -2\]: each delay"),
        ({"retries": [1, "1 fortnight"]}, "^option retries = '1 fortnight': '1' at position 1 begins no number with a unit"),
        ({"crash_attempts": 0}, "1 or more"),
        ({"retry_jitter": 2}, "a share"),
        ({"queue": ""}, "1 to 100 characters"),
        ({"tags": ["x"] * 21}, "at most 20 tags"),
        ({"tags": "abc"}, "expected array, got str"),
        ({"delivery": "exactly_once"}, "invalid enum value 'exactly_once'"),
        ({"delay": 1, "eta": 2_000_000_000}, "exclude each other"),
        ({"eta": 1e15}, "datetime, or seconds"),
        ({"eta": float("nan")}, "datetime, or seconds"),
        ({"eta": dt.datetime(1, 1, 1)}, "datetime, or seconds"),  # noqa: DTZ001 - a year that the clock does not have
        ({"eta": dt.timedelta(days=1)}, "datetime, or seconds since 1970 .*; a duration is delay"),
        ({"finish_by": dt.timedelta(days=1)}, "datetime, or seconds since 1970 .*; a duration is finish_within"),
        ({"finish_by": dt.date(2030, 1, 1)}, "expected float, got date; it is a datetime, or seconds since 1970"),
        ({"finish_by": "soon"}, "expected float, got str; it is a datetime, or seconds since 1970"),
        ({"finish_by": -1}, "datetime, or seconds"),
        ({"finish_by": float("inf")}, "datetime, or seconds"),
        ({"finish_by": 2_000_000_000, "finish_within": 5}, "exclude each other"),
        (
            {"retry_backoff": "1h", "retry_backoff_max": 600},
            "retry_backoff = 3600 s is longer than retry_backoff_max = 600 s: give a longer retry_backoff_max, or leave it out",
        ),
        ({"finish_within": "soon"}, "'s' at position 1 begins no number with a unit"),
        ({"finish_within": dt.timedelta(-1)}, "more than 0"),
    ],
)
def test_an_option_with_a_value_that_it_cannot_have_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        make_options(given, Where.CALL)


def test_times_may_be_python_objects() -> None:
    eta = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert make_options({"eta": eta}, Where.CALL) == messages.Options(eta=eta.timestamp())
    assert make_options({"delay": dt.timedelta(minutes=2), "queue": None}, Where.CALL) == messages.Options(delay=120.0)


def test_an_exception_to_retry_on_must_be_one() -> None:
    with pytest.raises(InvalidOption, match="'ValueError' is not an exception class"):
        Taskbahn().task(retry_on="ValueError")(add)  # type: ignore[arg-type]


def test_options_written_without_names_are_explained() -> None:
    with pytest.raises(InvalidOption, match=r"takes options by name, as in @app\.task\(name=\.\.\.\)"):
        Taskbahn().task("maths.add")  # type: ignore[call-overload]


def test_an_annotation_is_looked_for_again_at_first_use() -> None:
    def early(x: "Defined") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    task = Taskbahn().task(early)
    with pytest.raises(UnsupportedAnnotation, match="'Defined' is not defined; import the type at run time"):
        _ = task.signature
    globals()["Defined"] = int
    try:
        assert task.signature.pack((1,), {}) == "[[1],{}]"
    finally:
        del globals()["Defined"]


def test_a_task_of_this_application_is_found_with_its_types() -> None:
    app = Taskbahn()
    task = app.task(name="t.add")(add)
    assert app.get("t.add") is task
    assert isinstance(app.get("t.add"), Task)
    assert app.get("t.other").signature is None
    assert UnknownTask("t.ad", app.tasks).message.startswith(
        "no worker has ever declared a task named 't.ad' (did you mean 't.add'?)"
    )


def test_options_of_a_call_add_up_and_leave_the_task_alone() -> None:
    task = Taskbahn().task(name="t.add")(add)
    prepared = task.options(queue="slow", priority=1).options(priority=2)
    assert prepared._call_options == {"queue": "slow", "priority": 2}
    assert task._call_options == {}
    assert prepared.signature is task.signature


def test_the_address_is_given_or_from_the_environment_or_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKBAHN_URL", raising=False)
    assert Taskbahn().url == "ws://127.0.0.1:8080/ws"
    monkeypatch.setenv("TASKBAHN_URL", "rs://10.0.0.1:9")
    assert Taskbahn().url == "rs://10.0.0.1:9"
    assert Taskbahn("ws://h/ws").url == "ws://h/ws"
