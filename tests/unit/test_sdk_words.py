"""What a user sees of the package at a prompt: names, texts of objects, completion, and hints for words of Celery."""

from __future__ import annotations

import pydoc
from importlib.metadata import version
from typing import Any

import pytest

import taskbahn
import taskbahn.testing
from taskbahn import Batch, Job, Retry, Taskbahn, current
from taskbahn.errors import InvalidOption, did_you_mean
from taskbahn.protocol import other_words
from taskbahn.protocol.states import State
from taskbahn.tasks.shapes import group

ID = "0192f0c1-2d3e-7abc-8def-0123456789ab"


@pytest.fixture
def app() -> Taskbahn:
    app = Taskbahn("ws://example.org/ws")

    @app.task(name="t.add")
    def add(a: int, b: int = 1) -> int:
        return a + b

    return app


def things(app: Taskbahn) -> dict[str, Any]:
    task = app.tasks["t.add"]
    return {
        f"<Job {ID}>": app.job(ID),
        "<Job x t.add>": Job(app, "x", "t.add"),
        "<Task t.add>": task,
        "<TaskHandle t.other>": app.get("t.other"),
        "<Task t.add with priority=5, id='" + ID + "'>": task.options(priority=5, id=ID),
        "<Task t.add with no options>": task.options(),
        "<Task t.add with retries=2, after 1, on_end, on_failure>": task.options(
            retries=2, after=[ID], on_failure=task.s(), on_end=task.s()
        ),
        "<Taskbahn at ws://example.org/ws, 1 task>": app,
        "<Views of <Taskbahn at ws://example.org/ws, 1 task>>": app.view,
        "<Admin of <Taskbahn at ws://example.org/ws, 1 task>>": app.admin,
        "<Batch of 0 t.add>": Batch(app, "t.add", None),
    }


def test_the_text_of_each_object_says_what_it_is(app: Taskbahn) -> None:
    assert [repr(thing) for thing in things(app).values()] == list(things(app))


def test_completion_shows_what_documentation_names_alone(app: Taskbahn) -> None:
    shown = {
        text.split()[0].strip("<"): {name for name in dir(thing) if not name.startswith("_")}
        for text, thing in things(app).items()
    }
    assert shown["Job"] >= {"result", "events", "cancel", "id", "task"}
    assert not shown["Job"] & {"take", "fail", "followed", "mark_requested", "batch_delivered", "unfinished", "SHOWN_AS"}
    assert not shown["Batch"] & {"take", "fail", "add"}
    assert shown["Taskbahn"] >= {"job", "task", "view", "url"}
    assert not shown["Taskbahn"] & {"add", "client", "declared_schedules"}
    assert not shown["TaskHandle"] & {"app", "SHOWN_AS"}
    assert {name for name in dir(taskbahn) if not name.startswith("__")} == set(taskbahn.__all__)


def test_the_package_says_its_version() -> None:
    assert taskbahn.__version__ == version("taskbahn")
    assert {"JobView", "Event", "LogLine", "TaskHandle", "EventStream", "JobPage", "Duration"} <= set(taskbahn.__all__)


@pytest.mark.parametrize("kind", ["TASK", "FLOW", "JOB", "APP", "CURRENT"])
def test_each_word_of_celery_is_answered_with_ours(app: Taskbahn, kind: str) -> None:
    task = app.tasks["t.add"]
    owners: dict[str, list[Any]] = {
        "TASK": [task, task.options(priority=1), app.get("t.other")],
        "FLOW": [task.s(1), group(task.s(1))],
        "JOB": [app.job(ID), Job(app, ID)],
        "APP": [app],
        "CURRENT": [current],
    }
    for word, ours in getattr(other_words, f"{kind}_WORDS").items():
        for owner in owners[kind]:
            with pytest.raises(AttributeError) as found:
                getattr(owner, word)
            assert f"has no attribute {word!r} ({word!r} of Celery is {ours!r} here)" in str(found.value)
            assert "FoundJob" not in str(found.value)
            assert not hasattr(owner, word)


def test_a_name_that_is_no_word_of_celery_gets_no_hint(app: Taskbahn) -> None:
    for owner in things(app).values():
        with pytest.raises(AttributeError, match=r"has no attribute 'xyz'$"):
            _ = owner.xyz


@pytest.mark.parametrize("word", sorted(other_words.MODULE_WORDS))
def test_imports_of_celery_are_answered_with_ours(word: str) -> None:
    with pytest.raises(ImportError, match=f"cannot import name '{word}' from 'taskbahn' \\('{word}' of Celery is "):
        exec(f"from taskbahn import {word}")  # noqa: S102 - the statement is what is tested
    assert not hasattr(taskbahn, "nothing")


@pytest.mark.parametrize("word", sorted(other_words.RETRY_WORDS))
def test_arguments_of_celerys_retry_are_answered_with_ours(word: str) -> None:
    with pytest.raises(TypeError) as found:
        Retry(**{word: 30})  # type: ignore[arg-type]
    assert str(found.value) == (
        f"Retry() got an unexpected keyword argument {word!r} ({word!r} of Celery is {other_words.RETRY_WORDS[word]} here)"
    )
    with pytest.raises(TypeError, match=r"keyword argument 'xyz'$"):
        Retry(xyz=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", sorted(other_words.INIT_WORDS))
def test_arguments_of_celerys_application_are_answered_with_ours(word: str) -> None:
    for name in ((), ("tasks",)):
        with pytest.raises(
            TypeError, match=rf"^Taskbahn\(\) got an unexpected keyword argument '{word}' \('{word}' of Celery is "
        ):
            Taskbahn(*name, **{word: "redis://"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"keyword argument 'xyz'$"):
        Taskbahn(xyz=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("name, value", sorted(other_words.OPTION_VALUES, key=str))
def test_values_of_celery_are_answered_with_ours(app: Taskbahn, name: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as found:
        app.tasks["t.add"].options(**{name: value})
    assert f"option {name} = {value!r}: it is " in str(found.value)
    assert f"({name}={value!r} of Celery is {other_words.OPTION_VALUES[name, value]})" in str(found.value)
    assert found.value.detail == {"option": name}
    with pytest.raises(InvalidOption, match="of Celery is"):
        app.task(**{name: value})(print)


@pytest.mark.parametrize(
    "word, known, meant",
    [
        ("work.nosuch", ["work.anyc"], None),
        ("work.anc", ["work.list", "work.any", "work.anyc"], "work.anyc"),
        ("wrok.add", ["work.add"], "work.add"),
        ("a.b.resze", ["a.b.resize", "a.b.rotate"], "a.b.resize"),
        ("failde", list(State), "failed"),
        ("retires", ["retries"], "retries"),
        ("x" * 300, ["x" * 300], None),
    ],
)
def test_a_suggestion_is_like_the_word_behind_their_common_modules(word: str, known: list[str], meant: str | None) -> None:
    assert did_you_mean(word, known) == (f" (did you mean {meant!r}?)" if meant else "")


def test_what_users_print_says_what_it_is() -> None:
    app = Taskbahn("ws://127.0.0.1:9/ws")
    assert repr(app.schedules) == "<schedules of <Taskbahn at ws://127.0.0.1:9/ws, 0 tasks>>"
    assert repr(app.triggers) == "<triggers of <Taskbahn at ws://127.0.0.1:9/ws, 0 tasks>>"
    assert repr(current) == "<current: no attempt runs here>"
    assert "substitute" not in dir(app)
    with taskbahn.testing.attempt() as said:
        assert repr(said) == "<Said nothing>"
        current.log("a")
        current.sleep(5)
        assert repr(current) == f"<current: attempt 1 of job {current.job}>"
    assert repr(said) == "<Said logs: 1, slept 5 s>"


def test_help_shows_the_helpers_for_tests_and_how_to_make_an_application() -> None:
    assert set(taskbahn.testing.__all__) <= set(dir(taskbahn.testing))
    assert {name for name in dir(taskbahn.testing) if not name.startswith("__")} == set(taskbahn.testing.__all__)
    shown = pydoc.plain(pydoc.render_doc(taskbahn.testing))
    assert "__getattr__" not in shown
    assert "simulated(app" in shown
    assert "Make an application" in pydoc.plain(pydoc.render_doc(Taskbahn.__init__))
