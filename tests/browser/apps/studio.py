"""Tasks of a small film studio that look like real ones: for pictures of the dashboard, and for tests that want a page full of data.

What runs stays where HELD says, so that a picture taken twice is the same picture.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import msgspec

from taskbahn import Concurrency, Flow, Rate, Taskbahn, current, group

app = Taskbahn()

HELD = {"harbour.mov": 62, "night-market.mov": 31, "glacier.mov": 88}  # percent at which a film stays
HOUR = 3600
GPU = Concurrency(3, name="gpu")
BANK = Rate("4/h", name="bank", key="{customer}", burst=3)


class Preset(Enum):
    WEB = "web"
    CINEMA = "cinema"
    PHONE = "phone"


@dataclass
class Clip:
    """A part of a film, in seconds."""

    start: float = 0.0
    end: float | None = None


@dataclass
class Line:
    """One article of an order, and how many pieces of it."""

    article: str
    pieces: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


@dataclass
class Order:
    """What a customer ordered."""

    customer: str
    lines: list[Line] = field(default_factory=list)
    express: bool = False


@dataclass
class Approval:
    """What an editor says to a trailer."""

    publish: bool
    wish: str = ""


class Music(Enum):
    PIANO = "piano"
    STRINGS = "strings"
    SILENCE = "silence"


class NoSuchAddress(Exception):
    """The mail server has no mailbox of that name."""


@app.task(name="video.transcode", queue="video", run_within=2 * HOUR, retries=2, limits=[GPU])
async def transcode(
    source: str,
    preset: Preset = Preset.WEB,
    quality: Annotated[int, msgspec.Meta(ge=0, le=51)] = 23,
    clip: Clip | None = None,
    *,
    subtitles: bool = False,
) -> str:
    """Convert a film for where it will be watched.

    The film is decoded, scaled and encoded in one pass; sound is copied.

    Args:
        source: the film, on the worker's disk
        preset: where it will be watched
        quality: constant rate factor, lower is better and larger
        clip: only this part of it
    """
    percent = HELD.get(source, 100)
    current.log(f"opened {source}: 3840 x 2160, 25 frames a second")
    with current.stage("Film", total=2) as film:
        with current.stage("Read", total=1500) as read:
            read.advance(1500)
        film.advance()
        current.log(f"encoding for {preset.value} with quality {quality}")
        with current.stage("Encode", total=1500) as encode, current.stage("Scene 7", total=200) as scene:
            encode.advance(15 * percent)
            scene.advance(2 * percent)
            if subtitles:
                current.log("no subtitles in English: those in French are burnt in", "WARNING")
            if percent < 100:
                current.progress(percent, 100, message="encoding")
                await asyncio.sleep(HOUR)
        film.advance()
    return source.replace(".mov", f".{preset.value}.mp4")


@app.task(name="images.thumbnail")
async def thumbnail(path: str, width: Annotated[int, msgspec.Meta(ge=16, le=4096)] = 256) -> str:
    """Make a small picture of a large one.

    Args:
        path: where the picture is
        width: of the result, in pixels
    """
    await asyncio.sleep(0)
    current.log(f"{path} is {width} pixels wide now")
    return path.replace(".jpg", f"@{width}.jpg")


@app.task(name="images.index")
async def index(folder: str) -> int:
    """Look at every picture of a folder and learn what is on it."""
    if folder == "/pictures/2019":
        try:
            raise FileNotFoundError(2, "No such file or directory", f"{folder}/IMG_2041.jpg")
        except OSError as error:
            raise ValueError("the index names a picture that is gone: IMG_2041.jpg") from error
    with current.stage("Pictures", total=4200) as pictures:
        pictures.advance(1302)
        await asyncio.sleep(HOUR)
    return 4200


@app.on(
    "orders.shipped",
    id="orders.tell",
    where={"country": "DE"},
    args=["{event.address}", "Order {event.number} is on its way"],
    note="to customers in Germany",
)
@app.task(name="mail.send", queue="mail", retries=0, tags=["mail"], limits=[Rate("100/s", name="mail-server", burst=10)])
async def send(address: str, subject: str, attachments: list[str] = []) -> None:  # noqa: B006 - a default for the form to show
    """Send a message to one person.

    Args:
        address: of the person
        subject: the first line
        attachments: files on the worker
    """
    current.log(f"connecting to mail.example.org for {address}")
    if address.startswith("unknown"):
        raise NoSuchAddress(f"550 no such person: {address}")


@app.task(name="orders.confirm")
async def confirm(order: Order, at: dt.datetime | None = None, discount: Decimal = Decimal(0)) -> Decimal:
    """Confirm an order and say what it costs."""
    return Decimal(sum(line.pieces for line in order.lines)) * 10 - discount


@app.task(name="orders.charge", limits=[BANK])
async def charge(customer: str, amount: Decimal = Decimal(10)) -> str:
    """Ask the bank for what an order costs."""
    return f"{customer} pays {amount}"


@app.task(name="orders.refund", limits=[BANK])
async def refund(customer: str, amount: Decimal = Decimal(10)) -> str:
    """Give back what an order cost."""
    return f"{customer} gets {amount}"


@app.schedule("0 6 1 * *", zone="Europe/Berlin", args=["{@due:%Y-%m-01}"], overlap="buffer_one", note="accounting waits for it")
@app.task(name="reports.monthly", queue="reports")
async def monthly(month: dt.date, currency: Literal["EUR", "CHF", "USD"] = "EUR") -> dict[str, Decimal]:
    """Add up a month: what came in, what went out."""
    for part in ("Income", "Costs", "Taxes"):
        current.chunk(f"{part} of {month:%B %Y} in {currency}\n")
    return {"income": Decimal("18240.50"), "costs": Decimal("9120.25"), "taxes": Decimal("1824.05")}


@app.task(name="trailer.cut")
async def cut(film: str, seconds: int = 20) -> str:
    """Choose the best scenes of a film."""
    await asyncio.sleep(0.2 + seconds / 100)
    if film == "night-market.mov":
        await asyncio.sleep(HOUR)
    return f"{film}, {seconds} s"


@app.task(name="trailer.join")
async def join(parts: list[str]) -> str:
    """Put scenes one after the other."""
    await asyncio.sleep(0.3)
    return f"a trailer of {len(parts)} films"


@app.task(name="trailer.approve")
async def approve(trailer: str, title: str) -> bool:
    """Show a trailer to an editor."""
    approval = await current.ask_async(f"Publish {trailer}, {title!r}?", Approval, to="role:editor", within="2d", remind="1d")
    return approval.publish


@app.task(name="trailer.music")
async def music(trailer: str) -> str:
    """Have a person choose the music."""
    found = await current.ask_async("Which music is behind the scenes at night?", Music, to="user:ada")
    return f"{trailer} with {found.value}"


def trailer(title: str, *films: str) -> Flow[object, bool]:
    """Make a trailer of films, as far as the question whether it is good."""
    return (group(cut.s(film, 10 * number) for number, film in enumerate(films, 1)) | join.s() | approve.s(title)).options(
        title=f"Trailer {title}"
    )


app.schedules.add("pictures.nightly", "30 2 * * *", index.si("/pictures/2026"), zone="Europe/Berlin")
