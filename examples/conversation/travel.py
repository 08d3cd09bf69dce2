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
ORDER = re.compile(r"\bbook\s+(?:us\s+|me\s+|a\s+trip\s+to\s+|to\s+)*(\w+)", re.IGNORECASE)
LAST = {"it", "that", "this", "there", "one", "a", "an", "the"}  # no place follows: it is the last one of which the agent spoke


@dataclass
class Decision:
    """What a person says to an offer. yes: it may be booked.  note: a wish for it."""

    yes: bool
    note: str = ""


@app.task(name="travel.talk")
async def talk() -> list[str]:
    """Answer messages until one says goodbye; return what was booked."""
    booked: list[str] = []
    turn, place = 0, ""
    async for text in current.inbox.of(str):
        turn += 1
        order = ORDER.search(text)
        if order and order[1].lower() not in LAST:
            place = order[1].capitalize()
        said = await current.step_async(f"answer {turn}", answer, turn, text, place, booked)
        place = next((known for known in PLACES.values() if known in said), place)
        if order and place:
            decision = await current.ask_async(
                f"Book {place}?", Decision, name=f"book {turn}", within="1d", default=Decision(yes=False)
            )
            if decision.yes:
                booked.append(await current.step_async(f"book {turn}", book, place, decision.note))
            done = f"{place} is booked. Where else do you want to go?" if decision.yes else f"I have not booked {place}."
            await current.step_async(f"say {turn}", say, f"{turn} booked", spoken(done))
        if "bye" in text.lower():
            break
    return booked


async def answer(turn: int, text: str, place: str, booked: list[str]) -> str:
    """Answer a message, and show both. A later attempt has the answer from the store and sends nothing again."""
    current.chunk({"line": f"{turn} you", "by": "you", "word": text, "begins": True})
    return await say(f"{turn} agent", think(text, place, booked))


async def say(line: str, words: AsyncIterator[str]) -> str:
    """Send a line of the agent word by word, as a language model makes it. `begins`: what a lost worker has sent of it is void."""
    said = ""
    async for word in words:
        current.chunk({"line": line, "by": "agent", "word": word, "begins": not said})
        said += word
    return said


async def think(text: str, place: str, booked: list[str]) -> AsyncIterator[str]:
    """Answer by rules, so that the example needs no account anywhere: put the client of your language model here."""
    if ORDER.search(text):
        whole = f"I can book {place} for you. Please look at the offer." if place else "Which place shall I book?"
    elif "bye" in text.lower():
        whole = f"Have a good trip to {' and '.join(booked)}!" if booked else "Come back when you know where to go."
    else:
        found = [f"{place} for the {wish}" for wish, place in PLACES.items() if wish in text.lower()]
        whole = (
            f"I would go to {' or '.join(found)}. Say book and a place."
            if found
            else "Would you like the sea, mountains or museums?"
        )
    async for word in spoken(whole):
        yield word


async def spoken(text: str) -> AsyncIterator[str]:
    """Give a text word by word."""
    for word in re.findall(r"\S+\s*", text):
        await asyncio.sleep(0.05)
        yield word


async def book(place: str, note: str) -> str:
    """Book a trip; this is the part that must happen once."""
    current.log(f"booked {place}{note and f' ({note})'}")
    return place
