"""Tasks that no other test has, to be paused; a real worker runs them."""

import asyncio

import gates  # type: ignore[import-not-found]  # beside this file, as for a worker

from taskbahn import Concurrency, Taskbahn

app = Taskbahn()


@app.task(name="pausing_page.send")
async def send(number: int) -> int:
    """Send a letter."""
    return number


@app.task(name="pausing_page.print", queue="pausing-print")
async def print_page(number: int) -> int:
    """Print a page."""
    return number


@app.task(name="pausing_page.book", limits=[Concurrency(1, name="pausing-seats", key="{customer}")])
async def book(customer: str, gate: str) -> str:
    """Keep a seat until there is a file."""
    await asyncio.to_thread(gates.wait_for, gate)
    return customer
