"""An encrypted task, for the tests of pages."""

from __future__ import annotations

from taskbahn import Taskbahn, current

app = Taskbahn()


@app.task(name="crypt.pay", pool="thread", encrypt=True)
def pay(card: str, *, fails: bool = False) -> str:
    """Ask whether it may, and say all that it does."""
    current.log(f"pays by {card}")
    current.chunk({"by": card})
    current.progress(0.5, message=f"half of {card}")
    if fails:
        raise ValueError(f"no money on {card}")
    return card if current.ask(f"May {card} pay?", bool, to=f"friend of {card}") else "no"
