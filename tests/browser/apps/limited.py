"""Tasks under limits that no other test has; a real worker runs them."""

import asyncio

import gates  # type: ignore[import-not-found]  # beside this file, as for a worker

from taskbahn import Concurrency, Rate, Taskbahn

app = Taskbahn()


@app.task(name="limited_page.stay", limits=[Concurrency(1, name="page-beds")])
async def stay(gate: str) -> str:
    """Keep a bed until there is a file."""
    await asyncio.to_thread(gates.wait_for, gate)
    return "left"


@app.task(name="limited_page.pay", limits=[Rate("2/d", name="page-bank", key="{customer}:{shop}", burst=2)])
async def pay(customer: str, shop: int = 1) -> str:
    """Pay, twice a day."""
    return f"{customer} pays in {shop}"
