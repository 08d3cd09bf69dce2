"""The tasks of the examples in the guides of Celery's canvas and of Dramatiq's composition."""

from __future__ import annotations

import time
from pathlib import Path

from taskbahn import Taskbahn, current

app = Taskbahn()


@app.task(name="canvas.add")
async def add(x: int, y: int, *, debug: bool = False) -> int:
    """Add two numbers, and say so if asked."""
    if debug:
        print(f"{x} + {y}")
    return x + y


@app.task(name="canvas.mul")
async def mul(x: int, y: int) -> int:
    """Multiply two numbers."""
    return x * y


@app.task(name="canvas.sum")
async def total(numbers: list[int]) -> int:
    """Add a list."""
    return sum(numbers)


@app.task(name="canvas.sums")
async def sums(lists: list[list[int]]) -> int:
    """Add lists."""
    return sum(map(sum, lists))


@app.task(name="canvas.flat_sum")
async def flat_sum(numbers: list[int | None]) -> int:
    """Add what is there."""
    return sum(number for number in numbers if number is not None)


@app.task(name="canvas.fail")
async def fail(*_: int) -> int:
    """Fail."""
    raise ValueError("this task always fails")


@app.task(name="canvas.create_user")
async def create_user(name: str) -> dict[str, str]:
    """Make a user."""
    return {"name": name}


@app.task(name="canvas.import_contacts")
async def import_contacts(user: dict[str, str]) -> str:
    """Import a user's contacts."""
    return f"contacts of {user['name']}"


@app.task(name="canvas.welcome")
async def welcome(user: dict[str, str]) -> str:
    """Greet a user."""
    return f"welcome {user['name']}"


@app.task(name="canvas.fetch")
async def fetch(url: str) -> str:
    """Return a text of five words."""
    return f"{url} has five words here"


@app.task(name="canvas.count_words")
async def count_words(text: str) -> int:
    """Count words."""
    return len(text.split())


@app.task(name="canvas.note", pool="thread")
def note(what: int | str | None, path: str) -> str:
    """Write a line."""
    with Path(path).open("a") as file:
        file.write(f"{what}\n")
    return f"noted {what}"


@app.task(name="canvas.wait", pool="thread")
def wait(path: str) -> int:
    """Return when a file is there."""
    while not Path(path).exists():
        current.check()
        time.sleep(0.01)
    return 1
