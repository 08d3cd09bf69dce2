"""Tasks that take every kind of argument that a worker publishes, and give back what they got."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import gates  # type: ignore[import-not-found]  # beside this file, as for a worker
import msgspec

from taskbahn import Taskbahn, current

app = Taskbahn()


class Fit(Enum):
    COVER = "cover"
    CONTAIN = "contain"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Box:
    corner: Point
    size: Annotated[int, msgspec.Meta(gt=0)] = 1
    tags: list[str] = field(default_factory=list)


@app.task(name="kinds.simple")
async def simple(
    text: Annotated[str, msgspec.Meta(min_length=2, max_length=9, pattern="^[a-z]+$")],
    whole: Annotated[int, msgspec.Meta(multiple_of=5)],
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)],
    yes: bool,  # noqa: FBT001 - a kind of argument
    fit: Fit,
    level: Level,
    either: Literal["x", "y"],
    none_or_yes: bool | None,  # noqa: FBT001
    none_or_fit: Fit | None,
    number_or_text: int | str,
    day: dt.date,
    moment: Annotated[dt.datetime, msgspec.Meta(tz=True)],
    begin: dt.datetime,
    alarm: dt.time,
    zoned: Annotated[dt.time, msgspec.Meta(tz=True)],
    span: dt.timedelta,
    key: UUID,
    price: Decimal,
    raw: bytes,
    path: Path,
    address: IPv4Address,
) -> list[Any]:
    """Give back what it got, each with its Python type."""
    got = [text, whole, share, yes, fit, level, either, none_or_yes, none_or_fit, number_or_text]
    got += [day, moment, begin, alarm, zoned, span, key, price, raw, path, address]
    return [[type(value).__name__, value] for value in got]


@app.task(name="kinds.nested", queue="kinds", tags=["kinds"])
async def nested(
    box: Box,
    boxes: list[Box],
    ages: dict[str, int],
    pair: tuple[int, str],
    anything: Any,
    maybe: Box | None = None,
    words: frozenset[str] = frozenset({"a"}),
    *rest: int,
    **more: float,
) -> dict[str, Any]:
    """Give back what it got, as data.

    Args:
        box: where something is
    """
    return {
        "box": box,
        "boxes": boxes,
        "ages": ages,
        "pair": pair,
        "anything": anything,
        "maybe": maybe,
        "words": words,
        "rest": rest,
        **more,
    }


@app.task(name="kinds.slow")
async def slow(steps: int = 20, held: str = "") -> str:
    """Take half a second, and say how far it is; half way, wait for the file *held*."""
    for step in range(steps):
        if held and step == steps // 2:
            await asyncio.to_thread(gates.wait_for, held)
        current.progress(step + 1, steps, message=f"step {step + 1}")
        await asyncio.sleep(0.025)
    return "done"
