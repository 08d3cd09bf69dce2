"""The tree of errors travels both ways and says whose fault it is."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import taskbahn
from taskbahn.errors import (
    BY_URI,
    CallerError,
    InvalidArguments,
    InvalidName,
    JobFailed,
    LimitFull,
    ServiceError,
    TaskbahnError,
    TooDeep,
    TooLarge,
    TooManyQueues,
    UnknownJob,
    UnknownTask,
    UnsupportedProtocol,
    WorkerError,
    did_you_mean,
    from_info,
)

MADE: list[TaskbahnError] = [
    UnknownTask("images.thumbnial", ["images.thumbnail"]),
    InvalidArguments("a.b", {"width": "is missing", "": "3 were given, it takes 2"}),
    InvalidName("Not A Name"),
    TooLarge("arguments, bytes", 2_000_000, 1_048_576),
    TooManyQueues(3, 19_999, 20_000),
    TooDeep("the arguments of a.b", 200),
    LimitFull("gpu", 'gpu["acme"]', 3, 2, 1, job="0192f0c1-2d3e-7abc-8def-0123456789ab"),
    UnknownJob("0192f0c1-2d3e-7abc-8def-0123456789ab"),
    UnsupportedProtocol(9, 1, 1),
    JobFailed("ValueError: no", type="ValueError", message="no"),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_comes_out_at_the_other_end_as_it_was(error: TaskbahnError) -> None:
    again = from_info(error.info())
    assert type(again) is type(error)
    assert (str(again), again.message, again.detail, again.info()) == (str(error), error.message, error.detail, error.info())


@pytest.mark.parametrize("kind", BY_URI.values(), ids=lambda kind: kind.__name__)
def test_every_error_is_somebodys_fault_and_has_its_own_uri(kind: type[TaskbahnError]) -> None:
    assert kind.uri.startswith("taskbahn.error.")
    assert [other for other in BY_URI.values() if other.uri == kind.uri] == [kind]
    forks = [fork for fork in (CallerError, WorkerError, ServiceError) if issubclass(kind, fork)]
    assert len(forks) == 1 or kind is TaskbahnError


@pytest.mark.parametrize("kind", BY_URI.values(), ids=lambda kind: kind.__name__)
def test_every_error_is_rebuilt_by_its_uri(kind: type[TaskbahnError]) -> None:
    error = from_info({"error": kind.uri, "message": "a sentence", "detail": {"a": 1}})
    assert type(error) is kind
    assert (str(error), error.detail) == ("a sentence", {"a": 1})


@pytest.mark.parametrize(
    "info, message",
    [
        ({"error": "wamp.error.runtime_error", "message": "no"}, "no"),
        ({"error": "taskbahn.error.of_tomorrow", "message": "later", "detail": {}}, "later"),
        ({"error": "x", "detail": [1]}, "x"),
        ({}, ""),
    ],
)
def test_an_error_of_others_is_still_an_error(info: dict[str, Any], message: str) -> None:
    error = from_info(info)
    assert type(error) is TaskbahnError
    assert (str(error), error.detail) == (message, {})


def test_a_near_word_is_suggested_and_a_far_one_not() -> None:
    assert did_you_mean("prioritty", ["priority", "queue"]) == " (did you mean 'priority'?)"
    assert did_you_mean("zzz", ["priority", "queue"]) == ""


def test_an_unknown_task_says_what_to_do() -> None:
    text = str(UnknownTask("images.thumbnial", ["images.thumbnail"]))
    assert "did you mean 'images.thumbnail'?" in text
    assert "start a worker that offers it" in text


@pytest.mark.parametrize("theirs, who", [(0, "upgrade the worker"), (9, "upgrade the router")])
def test_an_unsupported_protocol_says_who_is_to_be_upgraded(theirs: int, who: str) -> None:
    assert who in str(UnsupportedProtocol(theirs, 1, 1))


def test_every_error_is_exported() -> None:
    for module in pkgutil.walk_packages(taskbahn.__path__, "taskbahn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds = {kind for kind in subclasses(taskbahn.TaskbahnError) if kind.__module__.startswith("taskbahn.")}
    assert len(kinds) > 25
    assert {kind.__name__ for kind in kinds} - set(taskbahn.__all__) == set()
    assert {getattr(taskbahn, kind.__name__) for kind in kinds} == kinds


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)
