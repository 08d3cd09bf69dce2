"""What a user's type checker sees of flows; see `user_view`."""

from collections.abc import Callable, Generator
from typing import Any, assert_type
from uuid import UUID

from taskbahn import Flow, Job, Taskbahn, chain, chord, group

app = Taskbahn()


@app.task
def square(n: int) -> int:
    return n * n


@app.task
def text(n: int) -> str:
    return str(n)


@app.task
def both(a: int, b: str) -> str:
    return b * a


@app.task
def total(numbers: list[int]) -> float:
    return float(sum(numbers))


@app.task(name="images.resize")
def resize(photo: str, width: int = 256) -> bytes:
    return photo.encode()


@app.task
def tell(job: str, channel: str) -> None:
    print(job, channel)


@app.task
async def fetch(url: str) -> bytes:
    return url.encode()


@app.task
def counted(number: int) -> Generator[int, None, str]:
    yield number
    return "done"


def members() -> None:
    assert_type(square.s(3), Flow[object, int])
    assert_type(square.s(), Flow[int, int])
    assert_type(both.s("x"), Flow[int, str])
    assert_type(both.s(b="x"), Flow[int, str])
    assert_type(both.si(1, b="x"), Flow[object, str])
    assert_type(resize.s(64), Flow[str, bytes])
    assert_type(resize.s("a.jpg"), Flow[object, bytes])
    assert_type(fetch.s(), Flow[str, bytes])
    assert_type(counted.s(1), Flow[object, str])
    assert_type(square.options(queue="slow").s(3), Flow[object, int])
    assert_type(app.get("images.resize").s("a", width=3), Flow[object, Any])
    assert_type(app.get("images.resize").si(), Flow[object, Any])


def shapes() -> None:
    assert_type(square.s(3) | both.s("x"), Flow[object, str])
    assert_type(square.s() | both.s("x"), Flow[int, str])
    assert_type(chain(), Flow[object, None])
    assert_type(chain(square.s(3), square.s(), text.s()), Flow[object, str])
    assert_type(chain(square.s(3), square.s(), square.s(), square.s(), text.s()), Flow[object, Any])
    assert_type(chain([square.s(3), square.s()]), Flow[Any, Any])
    assert_type(group(square.s(n) for n in range(10)), Flow[object, list[int]])
    assert_type(group(square.s(1), text.s(1)), Flow[object, list[int | str]])
    assert_type(group(square.s(1), text.s(1), resize.s("a")), Flow[object, list[int | str | bytes]])
    assert_type(group([square.s(1), square.s(2)]) | total.s() | square.si(1), Flow[object, int])
    assert_type(square.s(3) | group(text.s(), text.s()), Flow[object, list[str]])
    assert_type(chord((square.s(n) for n in range(10)), total.s()), Flow[object, float])
    assert_type(chord(group(square.s(1)), total.s()), Flow[object, float])
    assert_type(square.map(range(3)) | total.s(), Flow[object, float])
    assert_type(resize.map(["a", "b"]), Flow[object, list[bytes]])
    assert_type(both.starmap([(1, "a")]), Flow[object, list[str]])
    assert_type(square.chunks(range(3), 2), Flow[object, list[list[int]]])
    assert_type(both.chunks([(1, "a")], 2), Flow[object, list[list[str]]])


def starts() -> None:
    assert_type(chain(square.s(3), square.s(), text.s()).start(), Job[str])
    assert_type(both.s("x").start(4), Job[str])
    assert_type((square.s() | text.s()).call(4), str)
    assert_type(square.si(1).call(), int)
    assert_type(square.s(1).data(), dict[str, Any])


async def awaits() -> None:
    assert_type(await group(text.s(1), text.s(2)).call_async(), list[str])
    assert_type(await (await square.s(1).start_async()), int)
    assert_type(await square.s().call_async(3), int)


def edges(job: Job[int]) -> None:
    a, b = square.si(1), text.si(2)
    assert_type(a.output, int)
    assert_type(job.output, int)
    assert_type(a.if_fails("none"), Flow[object, int | None])
    assert_type(a.if_fails("hold"), Flow[object, int])
    dag = both.si(a.output, b.output).options(after=[job, square.si(1), job.id, UUID(job.id)], queue="slow")
    assert_type(dag, Flow[object, str])
    assert_type(dag.on_success(resize.s()).on_failure(tell.s("#ops")).on_end(square.si(1)), Flow[object, str])
    assert_type(total.si([a.output, 3, job.output]), Flow[object, float])
    both.start(job.output, "x")
    both.options(after=[job]).start(3, "x")


def wrong_arguments() -> None:
    both.s("x", 1)  # type: ignore[call-overload]
    both.s(c=1)  # type: ignore[call-overload]
    both.s(3.5)  # type: ignore[call-overload]
    both.si("x")  # type: ignore[call-arg, arg-type]
    square.map(["a"])  # type: ignore[list-item]
    both.starmap([("a", 1)])  # type: ignore[list-item]
    square.chunks(["a"], 2)  # type: ignore[list-item]
    square.chunks([1])  # type: ignore[call-arg]
    both.si(text.si(1).output, "x")  # type: ignore[arg-type]
    both.si(square.si(1).if_fails("none").output, "x")  # type: ignore[arg-type]
    both.si(square.si(1), "x")  # type: ignore[arg-type]


@app.task(on_failure=tell.s("#ops"), on_success=[square.s(), text.s()], on_end=tell.si("x", "y"))
def watched(n: int) -> int:
    return n


def callbacks() -> None:
    assert_type(watched.options(on_failure=tell.s("#me")).start(1), Job[int])
    assert_type(watched.s(1).options(on_end=[tell.s("#me")]), Flow[object, int])
    watched.options(on_failure=square.s())  # type: ignore[arg-type]
    watched.options(on_end=tell)  # type: ignore[arg-type]


def wrong_shapes() -> None:
    text.s(1) | square.s()  # type: ignore[operator]
    group(text.s(n) for n in range(3)) | total.s()  # type: ignore[operator]
    chord([text.s(1)], total.s())  # type: ignore[misc]
    chain(text.s(1), square.s(), text.s())  # type: ignore[misc]
    square.s(3).on_success(total.s())  # type: ignore[arg-type]
    square.s(3).on_failure(square.s())  # type: ignore[arg-type]
    square.s(3).if_fails("ignore")  # type: ignore[call-overload]


def wrong_starts() -> None:
    both.s("x").start()  # type: ignore[call-arg]
    both.s("x").start("y")  # type: ignore[arg-type]
    both.s("x").call()  # type: ignore[call-arg]
    wrong: Callable[[], object] = square.s(1)  # type: ignore[assignment]
    square.s(1).link(square.s())  # type: ignore[attr-defined]
    square.s(1).options(prio=3)  # type: ignore[call-arg]
    square.s(1).options(after=3)  # type: ignore[arg-type]
    print(wrong)
