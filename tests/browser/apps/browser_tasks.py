"""The tasks that the browser tests call; a real worker runs them."""

import asyncio
import datetime as dt
import logging
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import gates  # type: ignore[import-not-found]  # beside this file, as for a worker
import msgspec

from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("pictures")

MIDDLE = 4  # of ten parts


class Fit(Enum):
    COVER = "cover"
    CONTAIN = "contain"


@dataclass
class Box:
    left: int
    top: int


@app.task(name="pictures.thumbnail")
def thumbnail(path: str, width: Annotated[int, msgspec.Meta(ge=16, le=4096)] = 256) -> str:
    """Make a small picture of a large one.

    Args:
        path: where the picture is, on the worker
        width: of the result, in pixels
    """
    with current.stage("Pictures", total=2) as pictures:
        for name in ("left", "right"):
            with current.stage(name, total=10) as stage:
                for part in range(10):
                    time.sleep(0.02)
                    stage.advance()
                    if part == MIDDLE and Path(path).is_absolute():
                        gates.wait_for(path)
            pictures.advance()
    log.warning("made a thumbnail of %s", path)
    return f"{path}@{width}"


@app.task(name="pictures.everything")
async def everything(
    name: str,
    fit: Fit = Fit.COVER,
    quality: float = 0.8,
    taken: dt.date | None = None,
    crop: Box | None = None,
    tags: list[str] = [],  # noqa: B006 - a default for the form to show
    *,
    sharpen: bool = False,
) -> dict[str, Any]:
    """Give back what it was given."""
    return {"name": name, "fit": fit.value, "quality": quality, "taken": taken, "crop": crop, "tags": tags, "sharpen": sharpen}


@app.task(name="numbers.add")
async def add(*numbers: int) -> int:
    """Add numbers."""
    return sum(numbers)


@app.task(name="numbers.count")
async def count(to: int = 40, pause: float = 0.05, held: str = "") -> int:
    """Count in the log and in the progress; half way, wait for the file *held*."""
    for number in range(to):
        if held and number == to // 2:
            await asyncio.to_thread(gates.wait_for, held)
        current.log(f"line {number}")
        current.progress(number + 1, to, message=f"at {number}")
        await asyncio.sleep(pause)
    return to


@app.task(name="texts.write")
async def write(words: int = 3) -> int:
    """Stream words."""
    for number in range(words):
        current.chunk(f"word{number} ")
    return words


@app.task(name="pictures.broken")
async def broken(path: str) -> str:
    """Fail."""
    try:
        return str(1 / 0)
    except ZeroDivisionError as error:
        raise ValueError(f"{path} is no picture") from error


@app.task(name="sleep.long")
async def sleep(seconds: float = 60) -> None:
    """Sleep, and say nothing."""
    await asyncio.sleep(seconds)


@app.task(name="loop.hold")
async def hold_loop(release: str) -> str:
    """Block the worker's event loop until there is a file."""
    while not Path(release).exists():  # noqa: ASYNC240 - this is what it is for
        time.sleep(0.02)  # noqa: ASYNC251
    return "released"
