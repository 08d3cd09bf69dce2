"""What a user's type checker sees of tasks that wait; see `user_view`."""

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, assert_type

from taskbahn import Job, Taskbahn, chain, current

app = Taskbahn()


@dataclass
class Approval:
    yes: bool


class Size(Enum):
    SMALL = "small"


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


async def later(days: int) -> dt.date:
    return dt.date(2026, 1, days)


@app.task
def leaf(n: int) -> int:
    return n


@app.task
def text(n: int) -> str:
    return str(n)


@app.task
def waits(n: int) -> str:
    assert_type(current.step("today", today), dt.date)
    assert_type(current.step("sum", sum, [1, n]), int)
    assert_type(current.ask("Good?", Approval), Approval)
    assert_type(current.ask("Good?", Approval, within="1d", default=None), Approval | None)
    assert_type(current.ask("Which?", Size, to="user:ada"), Size)
    which: Literal["a", "b"] = current.ask("Which?", Literal["a", "b"])
    assert_type(current.ask("Which?", Literal["a", "b"], within=5, default=which), Any)
    assert_type(current.wait_for_event("shop.paid", Approval, where={"order": 1}), Approval)
    assert_type(current.inbox.of(int).get(within="1h"), int)
    for message in current.inbox.of(Approval):
        assert_type(message, Approval)
    for word in current.inbox.of(Literal["go", "stop"]):
        assert_type(word, Any)
    current.sleep("3d")
    current.sleep(until=dt.datetime.now(dt.UTC))
    assert_type(leaf.start(1).result(), int)
    assert_type(current.add_to_group(leaf.si(1)), Job[int])
    return current.replace(chain(leaf.si(1), text.s()))


@app.task
async def waits_too(n: int) -> str:
    assert_type(await current.step_async("later", later, 3), dt.date)
    assert_type(await current.step_async("today", today), dt.date)
    assert_type(await current.ask_async("Good?", Approval), Approval)
    assert_type(await current.ask_async("Which?", Literal["a", "b"]), Any)
    assert_type(await current.inbox.of(int).get_async(), int)
    async for message in current.inbox.of(str):
        assert_type(message, str)
    await current.sleep_async(dt.timedelta(days=3))
    assert_type(await (await leaf.start_async(n)), int)
    return await current.replace_async(chain(leaf.si(1), text.s()))


@app.task
def wrong(n: int) -> str:
    current.step("sum", sum)  # type: ignore[arg-type]
    current.step("leaf", leaf, "x")  # type: ignore[arg-type]
    current.ask("Good?", Approval, default=None)  # type: ignore[call-overload]
    current.ask("Good?", Approval, until="1d")  # type: ignore[call-overload]
    current.sleep(n, name=5)  # type: ignore[arg-type]
    return current.replace(chain(leaf.si(1)))  # type: ignore[return-value]
