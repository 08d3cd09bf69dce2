"""What a user's type checker sees. Nothing here runs: mypy checks it with everything else, and a `type: ignore` that is not
needed is an error, so each of them is a claim.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from datetime import date, datetime, timedelta
from typing import Any, assert_type
from uuid import uuid4

from taskbahn import Batch, Calendar, Concurrency, Cron, Dates, Every, Job, Rate, Secret, Sun, Taskbahn, Unique, When, current
from taskbahn.protocol.views import JobView

app = Taskbahn()


@app.task(name="images.thumbnail", retries=3, run_within=timedelta(minutes=1))
def thumbnail(path: str, width: int = 256) -> str:
    with current.stage("Resizing", total=3) as stage:
        stage.advance()
    return path


@app.task
async def fetch(url: str) -> bytes:
    return url.encode()


@app.task
def plain(number: int) -> float:
    return number / 2


@app.task
def counted(number: int) -> Generator[int, None, str]:
    yield number
    return "done"


@app.task(name="t.iterated")
def iterated(number: int) -> Iterator[int]:
    yield number


@app.task
async def streamed(number: int) -> AsyncIterator[bytes]:
    yield b""


@app.task(redact=["customer"])
def pay(customer: str, card: Secret[str], codes: list[Secret[int]]) -> Secret[str]:
    assert_type(card.reveal(), str)
    return card


def secrets() -> None:
    job = pay.start("ada", Secret("4711"), [Secret(1)])
    assert_type(job.result().reveal(), str)
    pay.start("ada", "4711", [])  # type: ignore[arg-type]
    pay.start("ada", Secret(4711), [])  # type: ignore[arg-type]
    pay.start("ada", Secret("4711"), [1])  # type: ignore[list-item]
    pay.start(Secret("ada"), Secret("4711"), [])  # type: ignore[arg-type]


def generators() -> None:
    assert_type(counted(1), Generator[int, None, str])
    assert_type(counted.start(1), Job[str])
    assert_type(counted.call(1), str)
    assert_type(iterated(1), Iterator[int])
    assert_type(iterated.start(1).result(), Any)
    assert_type(streamed(1), AsyncIterator[bytes])
    assert_type(next(iter(counted.start(1).chunks(int))), int)
    counted.start("x")  # type: ignore[arg-type]


def calling() -> None:
    assert_type(thumbnail("a.jpg"), str)
    assert_type(thumbnail.start("a.jpg", width=64), Job[str])
    assert_type(thumbnail.start("a.jpg").result(timeout=60), str)
    assert_type(thumbnail.call("a.jpg"), str)
    assert_type(plain.start(3).result(), float)
    assert_type(thumbnail.options(queue="slow", delay=30, priority=2).start("b.jpg"), Job[str])
    assert_type(thumbnail.start_many(([path], {}) for path in "abc"), Batch[str])
    assert_type(thumbnail.start_many(["a"]).results(), list[str])
    assert_type(thumbnail.start("a.jpg").view(), JobView)


@app.task
def pairs(number: int, word: str, *, flag: bool = False) -> float:
    return number * len(word) * flag


@app.task
def triple(a: int, b: str, c: bytes = b"") -> bool:
    return bool(a and b and c)


@app.task
def nothing() -> int:
    return 0


async def many() -> None:
    assert_type(plain.start_many(range(3)), Batch[float])
    assert_type(plain.start_many((n,) for n in range(3)), Batch[float])
    assert_type(plain.options(priority=1).start_many([1, 2]), Batch[float])
    assert_type(pairs.start_many([(1, "a"), (2, "b")]), Batch[float])
    assert_type(pairs.start_many([([1, "a"], {"flag": True})]), Batch[float])
    assert_type(triple.start_many([(1, "a", b"x")]), Batch[bool])
    assert_type(triple.start_many([(1, "a")]), Batch[bool])
    assert_type(nothing.start_many([()] * 3), Batch[int])
    assert_type(fetch.start_many(["http://x"]), Batch[bytes])
    assert_type(counted.start_many([1, 2]), Batch[str])
    assert_type(await plain.start_many_async([1]), Batch[float])
    assert_type(await pairs.start_many_async([(1, "a")]), Batch[float])
    assert_type(app.get("t.any").start_many(["anything", 1]), Batch[Any])


async def wrong_many() -> None:
    plain.start_many(["a"])  # type: ignore[list-item]
    plain.start_many([None])  # type: ignore[list-item]
    pairs.start_many([("a", 1)])  # type: ignore[list-item]
    triple.start_many([(1, "a", "x")])  # type: ignore[list-item]
    plain.start_many(5)  # type: ignore[call-overload]
    await plain.start_many_async(["a"])  # type: ignore[list-item]
    number: Batch[int] = plain.start_many([1])  # type: ignore[assignment]
    print(number)


def wrong_calls() -> None:
    thumbnail.start("a.jpg", width="x")  # type: ignore[arg-type]
    thumbnail.start()  # type: ignore[call-arg]
    thumbnail.start("a.jpg", height=3)  # type: ignore[call-arg]
    thumbnail.call(5)  # type: ignore[arg-type]
    thumbnail("a.jpg", width="x")  # type: ignore[arg-type]
    thumbnail.options(queue="slow").start(3)  # type: ignore[arg-type]
    thumbnail.options(priority="high")  # type: ignore[arg-type]
    thumbnail.options(quue="slow")  # type: ignore[call-arg]
    number: int = thumbnail.start("a.jpg").result()  # type: ignore[assignment]
    print(number)


async def awaiting() -> None:
    assert_type(await fetch("http://x"), bytes)
    assert_type(fetch.start("http://x").result(), bytes)
    assert_type(await fetch.start("http://x"), bytes)
    assert_type(await fetch.call_async("http://x"), bytes)
    assert_type(await (await thumbnail.start_async("a.jpg")), str)
    assert_type(await thumbnail.start_many(["a"]), list[str])
    for job in thumbnail.start_many(["a"]).as_completed():
        assert_type(job, Job[str])
    async for event in thumbnail.start("a.jpg").events():
        assert_type(event.number, int)


def by_name() -> None:
    handle = app.get("images.thumbnail")
    assert_type(handle.start("anything", goes=1), Job[Any])
    assert_type(app.job("id"), Job[Any])
    assert_type(thumbnail.job(uuid4()), Job[str])
    assert_type(counted.options(priority=1).job("id").result(), str)
    app.job(uuid4())
    app.job(17)  # type: ignore[arg-type]


STRIPE = Rate("100/s", name="stripe", key="{customer}", burst=10)


@app.task(limits=[STRIPE, Concurrency(3, cost="{size}")], fair_key="{customer}")
def charge(customer: str, size: int = 1) -> bool:
    return bool(customer)


def limits() -> None:
    assert_type(STRIPE.name, str)
    assert_type(STRIPE.burst, int | None)
    assert_type(Concurrency(3).limit, int)
    app.task(limits=[Concurrency(3, when_full="cancel_oldest")])
    assert_type(charge.start("acme"), Job[bool])
    app.task(limits=(Rate("1/s"),))


def wrong_limits() -> None:
    Rate(100)  # type: ignore[arg-type]
    Rate(rate="1/s")  # type: ignore[call-arg]
    Rate("1/s", burst="5")  # type: ignore[arg-type]
    Rate("1/s", limit=3)  # type: ignore[call-arg]
    Concurrency("5")  # type: ignore[arg-type]
    Concurrency(5, burst=3)  # type: ignore[call-arg]
    Concurrency(5, when_full="drop")  # type: ignore[arg-type]
    Rate("1/s", when_full="refuse")  # type: ignore[call-arg]
    STRIPE.burst = 5  # type: ignore[misc]
    app.task(limits=Rate("1/s"))  # type: ignore[call-overload]
    app.task(limits=["1/s"])  # type: ignore[list-item]
    app.task(fair_key=5)  # type: ignore[call-overload]
    charge.options(limits=[])  # type: ignore[call-arg]
    charge.options(fair_key="{customer}")  # type: ignore[call-arg]


@app.task(unique=Unique(key="{report}", during="queued", on_conflict="refuse"))
def report(report: str) -> bytes:
    return report.encode()


def unique() -> None:
    Unique()
    Unique(during=60, on_conflict="replace")
    Unique(during=timedelta(minutes=1))
    assert_type(Job.new_id(), str)
    assert_type(report.options(id=Job.new_id(), key="order-17").start("q3"), Job[bytes])
    report.options(id=uuid4())


def wrong_unique() -> None:
    Unique("{report}")  # type: ignore[call-arg]
    Unique(during="activ")  # type: ignore[arg-type]
    Unique(on_conflict="drop")  # type: ignore[arg-type]
    app.task(unique="{report}")  # type: ignore[call-overload]
    report.options(unique=Unique())  # type: ignore[call-arg]
    report.options(id=17)  # type: ignore[arg-type]
    app.task(key="order-17")  # type: ignore[call-overload]


def wrong_declarations() -> None:
    app.task(retrys=3)  # type: ignore[call-overload]
    app.task(pool="gevent")  # type: ignore[call-overload]
    app.task(retry_on="ValueError")  # type: ignore[arg-type]
    app.task(retries=[None])  # type: ignore[list-item]
    app.task(keep="1d")  # type: ignore[call-overload]
    app.task(delay=5)  # type: ignore[call-overload]
    thumbnail.options(tags="draft")  # type: ignore[arg-type]
    thumbnail.options(retry_on=ValueError)  # type: ignore[call-arg]


def options_as_they_behave() -> None:
    app.task(retries=[1, 0.5, timedelta(minutes=1)], retry_on=[ValueError, OSError], tags=("a", "b"), keep=timedelta(days=1))
    app.task(retries=[1, "1m"], run_within="90s", start_within=timedelta(hours=1))
    app.task(retries=(1, 10), retry_on=ValueError, give_up_on={KeyError}, retry_backoff=timedelta(seconds=2), pool="thread")
    thumbnail.options(retries=[1, 10], tags={"a"}, delay=timedelta(hours=1), retry_backoff_max=60)


def schedules() -> None:
    when: When = Cron("0 3 * * *", zone="Europe/Berlin", skipped_time="never") | Every(timedelta(hours=1)) & Every("5m") - Every(
        60.0
    )
    found = app.schedules.preview(when, count=3)
    assert_type(found.times, list[datetime])
    assert_type(app.schedules.preview("@daily", zone="UTC").words, str)
    Cron("@daily", repeated_time="third")  # type: ignore[arg-type]
    Sun("moonrise", latitude=1, longitude=2)  # type: ignore[arg-type]
    when = Calendar("FREQ=DAILY") - Dates([date(2026, 1, 1), datetime.now()])  # noqa: DTZ005 - a type checker reads it
    app.schedules.preview(5)  # type: ignore[arg-type]


@app.hook("github", scheme="github", secret="env:GITHUB_SECRET", where={"action": "opened"}, kwargs={"day": "{body.day}"})
@app.task(on_end=app.webhook.s("https://example.org/hook"), on_failure=[app.mail.s("ops@example.org", digest="10m")])
async def posted(day: str) -> bytes:
    return day.encode()


async def outgoing() -> None:
    assert_type(await posted("today"), bytes)
    posted.s("today").on_success(app.webhook.s("https://example.org/", secret="env:A_SECRET")).on_failure(
        app.mail.s("a@b.example")
    )
    assert_type(app.webhook.start("id", "https://example.org/"), Job[None])
    assert_type(await app.mail.start_async("id", ["a@b.example"], subject="{task}"), Job[None])
    app.webhook.s(5)  # type: ignore[arg-type]
    app.webhook.s("https://example.org/", sercet="env:A_SECRET")  # type: ignore[call-arg]
    app.mail.s("a@b.example", digest=None)  # type: ignore[arg-type]
    app.hook("github", scheme="md5", secret="env:A_SECRET")  # type: ignore[arg-type]
    app.hook("github", scheme="github")  # type: ignore[call-arg]
