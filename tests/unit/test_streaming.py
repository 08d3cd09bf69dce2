"""A generator as a task: what its declaration publishes, and when its window of chunks is full."""

import functools
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import Annotated, Any

import pytest

from taskbahn import Taskbahn
from taskbahn.attempt import chunk_window
from taskbahn.attempt.chunk_window import ChunkWindow
from taskbahn.errors import InvalidOption
from taskbahn.signatures.signature import TaskSignature, UnsupportedAnnotation
from taskbahn.signatures.streams import kind_of


def plain(number: int) -> Generator[int, None, str]:
    yield number
    return "x"


async def later(number: int) -> AsyncIterator[bytes]:
    yield b"x"


def test_the_function_stays_the_plain_generator() -> None:
    app = Taskbahn()
    assert isinstance(app.task(plain)(1), GeneratorType)
    assert isinstance(app.task(later)(1), AsyncGeneratorType)
    assert (app.task(plain).pool, app.task(later).pool) == ("process", "loop")


@pytest.mark.parametrize("function, pool", [(plain, "loop"), (later, "thread"), (later, "process")])
def test_a_generator_in_a_pool_that_cannot_run_it_is_refused(function: Any, pool: Any) -> None:
    with pytest.raises(InvalidOption, match="pool"):
        Taskbahn().task(pool=pool)(function)


INTEGER, TEXT, NOTHING = {"type": "integer"}, {"type": "string"}, {"type": "null"}


@pytest.mark.parametrize(
    "hint, chunks, returns",
    [
        (Iterator[int], INTEGER, {}),
        (Generator[int, None, str], INTEGER, TEXT),
        (Generator, {}, {}),
        (Annotated[Iterator[int], "words"], INTEGER, {}),
        (Any, {}, {}),
    ],
)
def test_the_annotation_publishes_chunks_and_result(hint: Any, chunks: Any, returns: Any) -> None:
    def function() -> Any:
        yield 1

    function.__annotations__["return"] = hint
    published = TaskSignature.of(function).wire
    assert (published.chunks, published.returns) == (chunks, returns)


def test_an_async_generator_returns_nothing_and_chunks_come_back_in_their_type() -> None:
    signature = TaskSignature.of(later)
    assert signature.wire.returns == NOTHING
    assert signature.unpack_chunk("eA==") == b"x"
    assert signature.unpack_chunk(5) == 5


def test_a_task_that_streams_has_another_digest() -> None:
    def other(number: int) -> Generator[str, None, str]:
        yield "x"
        return "x"

    assert TaskSignature.of(other).wire.digest != TaskSignature.of(plain).wire.digest


@pytest.mark.parametrize("hint", [int, list[int], AsyncIterator[int], Iterator[type]])
def test_a_generator_that_is_annotated_as_something_else_is_refused(hint: Any) -> None:
    def function() -> Any:
        yield 1

    function.__annotations__["return"] = hint
    with pytest.raises(UnsupportedAnnotation, match=r"generator|yields"):
        Taskbahn().task(function)


def test_what_a_decorator_makes_of_a_generator_decides() -> None:
    def listed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return list(function(*args))

        wrapper.__annotations__ = {"return": list[int]}
        return wrapper

    def passed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            made = function(*args)
            return made  # noqa: RET504 - else a checker takes the wrapper for its function

        return wrapper

    assert TaskSignature.of(listed(plain)).wire.chunks is None
    assert TaskSignature.of(passed(plain)).wire.chunks == INTEGER
    assert kind_of(passed(later)) == "async"


def test_a_window_full_by_number_or_bytes_opens_when_recorded() -> None:
    window = ChunkWindow()
    for mark in range(1, chunk_window.MAX_WAITING_CHUNKS + 1):
        assert not window.is_full
        window.sent(mark, 1)
    assert window.is_full
    window.recorded(1)
    assert len(window) == chunk_window.MAX_WAITING_CHUNKS - 1
    window.recorded(chunk_window.MAX_WAITING_CHUNKS)
    window.sent(2000, chunk_window.MAX_WAITING_BYTES * 2)
    window.recorded(2000)
    assert not window.is_full
