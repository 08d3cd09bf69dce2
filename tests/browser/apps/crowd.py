"""Tasks that many jobs are made of, and such as say a lot; a real worker runs them."""

import asyncio
import logging
import os
import signal

from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("crowd")


@app.task(name="crowd.walk")
async def walk(steps: int, pause: float, first: float = 0.0) -> int:
    """Go step by step, and say so at each."""
    await asyncio.sleep(first)
    for step in range(steps):
        current.progress(step + 1, steps)
        await asyncio.sleep(pause)
    return steps


@app.task(name="crowd.talk")
async def talk(to: int) -> dict[str, list[int]]:
    """Say a lot, some of it loudly."""
    for number in range(to):
        log.log(logging.ERROR if number % 100 == 99 else logging.WARNING, "word %d", number)
    return {"words": list(range(to))}


@app.task(name="crowd.fall")
def fall() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="crowd.try", retries=2, retry_backoff=0.3)
async def try_again() -> str:
    """Fail twice."""
    current.log(f"attempt {current.attempt} begins")
    if (current.attempt or 0) < 3:
        raise ValueError(f"attempt {current.attempt} of 3")
    return "at last"
