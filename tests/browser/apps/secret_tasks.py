"""A task with secrets, for the tests of pages."""

from __future__ import annotations

from pathlib import Path

from taskbahn import Secret, Taskbahn, current

app = Taskbahn()


@app.task(name="vault.open", pool="thread", retries=0, redact=["pin", "who.email"])
def open_vault(card: Secret[str], pin: int, who: dict[str, str], gate: str = "") -> Secret[str]:
    """Open it; while the file *gate* is there, it says why it does not."""
    current.log(f"opens with {card.reveal()} and {pin}")
    if gate and Path(gate).exists():
        raise ValueError(f"{card.reveal()} does not open it")
    return card
