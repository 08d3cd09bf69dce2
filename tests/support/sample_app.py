"""The application that the tests of client and command line call; its worker is `taskbahn worker support.sample_app:app`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import logging
import time
from pathlib import Path

from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("shop")


class Size(enum.Enum):
    """How large."""

    SMALL = "small"
    LARGE = "large"


@dataclasses.dataclass
class Order:
    """What a customer wants."""

    when: dt.datetime
    size: Size
    path: Path


@app.task(name="shop.add", pool="thread")
def add(a: int, b: int = 1) -> int:
    """Add two numbers.

    a: the first
    b: the second
    """
    return a + b


@app.task(name="shop.big", pool="thread")
def big(size: int, character: str = "x") -> str:
    """Return a text of *size* characters."""
    return character * size


@app.task(name="shop.length", pool="thread")
def length(text: str) -> int:
    """Tell how long a text is."""
    return len(text)


@app.task(name="shop.repeat", pool="thread")
def repeat(text: str, times: int = 2) -> str:
    """Repeat a text."""
    return text * times


@app.task(name="shop.deliver", pool="thread")
def deliver(order: Order) -> Order:
    """Deliver an hour later."""
    return dataclasses.replace(order, when=order.when + dt.timedelta(hours=1))


@app.task(name="shop.fail", pool="thread")
def fail(message: str, once: str | None = None) -> str:
    """Fail; only the first time if *once* names a file."""
    if once is not None:
        if Path(once).exists():
            return "went well"
        Path(once).touch()
    raise ValueError(message)


@app.task(name="shop.nap", pool="thread")
def nap(seconds: float) -> str:
    """Sleep, and wake up when cancelled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        current.check()
        time.sleep(0.01)
    return "slept"


@app.task(name="shop.talk", pool="thread")
def talk(lines: int, pause: float = 0.02, held: str | None = None) -> str:
    """Log, stream and advance; half way, wait for the file *held*, so that a test has begun to watch before the end."""
    with current.stage("Talking", total=lines) as stage:
        for number in range(lines):
            while held is not None and number == lines // 2 and not Path(held).exists():
                time.sleep(0.01)
            log.warning("line %d [bold]", number)
            current.chunk(f"chunk {number}")
            with current.stage(f"Breathing {number}"):
                time.sleep(pause)
            stage.advance()
    return "talked"


@app.task(name="shop.chatter", pool="thread")
def chatter(lines: int, length: int) -> int:
    """Say much without a pause, every other word as a chunk."""
    filler = "x" * length
    for number in range(0, lines, 2):
        log.warning("%d %s", number, filler)
        current.chunk(f"{number + 1} {filler}")
    return lines
