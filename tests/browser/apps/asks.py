"""Tasks that ask people, each another kind of answer."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import msgspec

from taskbahn import Taskbahn, current

app = Taskbahn()
EVEN: Any = Annotated[int, msgspec.Meta(multiple_of=2)]


class Cover(Enum):
    CLOTH = "cloth"
    PAPER = "paper"
    LEATHER = "leather"


@dataclass
class Approval:
    yes: bool
    note: str = ""


@dataclass
class Print:
    copies: Annotated[int, msgspec.Meta(ge=1, le=500)]
    cover: Cover = Cover.CLOTH
    gilded: bool = False


@app.task(name="asks.approval")
async def approval(book: str, within: str | None = None) -> str:
    """Ask whether to publish a book."""
    words = {"within": within} if within else {}
    answer = await current.ask_async(f"Publish {book}?", Approval, to="role:editor", name="publish", **words)
    return f"{answer.yes} {answer.note}".strip()


@app.task(name="asks.truth")
async def truth(question: str = "Go on?") -> bool:
    """Ask for a yes or a no."""
    return await current.ask_async(question, bool)


@app.task(name="asks.cover")
async def cover() -> str:
    """Ask for one of three."""
    chosen: Cover = await current.ask_async("Which cover?", Cover, to="role:printer")
    return chosen.value


@app.task(name="asks.print")
async def order() -> list[Any]:
    """Ask for something with parts, then whether that is all."""
    order: Print = await current.ask_async("How is it printed?", Print, to="role:printer", within="3d")
    return [order.copies, order.cover.value, order.gilded, await current.ask_async("Is that all?", bool)]


@app.task(name="asks.even")
async def even() -> int:
    """Ask for a number with a rule of which only the dispatcher knows."""
    number: int = await current.ask_async("Which even number?", EVEN)
    return number


@app.task(name="asks.chat")
async def chat() -> list[Any]:
    """Take messages until one of them is the end."""
    found = []
    async for message in current.inbox:
        if message == "end":
            break
        found.append(message)
    return found
