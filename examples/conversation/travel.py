"""A travel agent to talk to: each answer comes word by word and is made once, and nothing is booked before a person agrees."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskbahn import Taskbahn, current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = Taskbahn()

PLACES = {"sea": "Lisbon", "mountains": "Bergen", "museums": "Vienna"}
ORDER = re.compile(r"\bbook\s+(\w+)", re.IGNORECASE)


@dataclass
class Decision:
    """What a person says to an offer. yes: it may be booked.  note: a wish for it."""

    yes: bool
    note: str = ""


@app.task(name="travel.talk")
async def talk() -> list[str]:
    """Answer messages until one says goodbye; return what was booked."""
    booked: list[str] = []
    turn = 0
    async for text in current.inbox.of(str):
        turn += 1
        await current.step_async(f"answer {turn}", answer, turn, text, booked)
        if order := ORDER.search(text):
            place = order[1].capitalize()
            decision = await current.ask_async(
                f"Book {place}?", Decision, name=f"book {turn}", within="1d", default=Decision(yes=False)
            )
            if decision.yes:
                booked.append(await current.step_async(f"book {turn}", book, place, decision.note))
        if "bye" in text.lower():
            break
    return booked


async def answer(turn: int, text: str, booked: list[str]) -> str:
    """Send an answer word by word, as a language model makes it. A later attempt has it from the store and sends nothing again."""
    current.chunk({"turn": turn, "you": text})
    said = ""
    async for word in think(text, booked):
        current.chunk({"turn": turn, "word": word})
        said += word
    return said


async def think(text: str, booked: list[str]) -> AsyncIterator[str]:
    """Answer by rules, so that the example needs no account anywhere: put the client of your language model here."""
    if order := ORDER.search(text):
        whole = f"I can book {order[1].capitalize()} for you. Please look at the offer."
    elif "bye" in text.lower():
        whole = f"Have a good trip to {' and '.join(booked)}!" if booked else "Come back when you know where to go."
    else:
        found = [f"{place} for the {wish}" for wish, place in PLACES.items() if wish in text.lower()]
        whole = (
            f"I would go to {' or '.join(found)}. Say book and a place."
            if found
            else "Would you like the sea, mountains or museums?"
        )
    for word in re.findall(r"\S+\s*", whole):
        await asyncio.sleep(0.05)
        yield word


async def book(place: str, note: str) -> str:
    """Book a trip; this is the part that must happen once."""
    current.log(f"booked {place}{note and f' ({note})'}")
    return place
