"""A demonstration that ends by itself: thumbnails and palettes of a folder of pictures, watched live.

    python examples/demo.py [FOLDER] [--stay]          (`make demo DIR=FOLDER` does the same)

It starts a node and a worker of its own, on a free port and with a temporary data directory, and stops both at the end,
also on Ctrl-C and when something fails. `--stay` leaves them running, to look around in the dashboard, until Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import html
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import photos  # the tasks: for their names, types and results; a worker process runs them
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from taskbahn.errors import TaskbahnError, UnknownTask
from taskbahn.jobs.batch import Batch
from taskbahn.jobs.job import Job

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "demo-results"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
MOST = 100  # pictures
BARS = 18  # at a time
START_SECONDS = 60
STOP_SECONDS = 15
TASKBAHN = "from taskbahn.cli import main; main()"  # the command, also where it is not on PATH

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


class DemoFailed(Exception):
    """Something that the demonstration needs is not there; the message says what."""


@dataclass
class Picture:
    """One picture and what the two jobs found out about it."""

    path: Path
    thumbnail: photos.Thumbnail | None = None
    palette: list[photos.Colour] = field(default_factory=list)
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)


def main() -> int:
    """Run the demonstration; return its exit code."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("folder", nargs="?", type=Path, default=HERE / "photos", help="of pictures; the examples' own by default")
    words.add_argument("--stay", action="store_true", help="go on until Ctrl-C")
    given = words.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    try:
        return demonstrate(given.folder.expanduser(), stay=given.stay)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    except (DemoFailed, TaskbahnError) as error:
        console.print(f"[red]The demonstration failed:[/] {escape(str(error))}")
        return 1


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def demonstrate(folder: Path, *, stay: bool) -> int:
    """Do all of it; raises DemoFailed, TaskbahnError."""
    pictures = [Picture(path) for path in find_pictures(folder)]
    shutil.rmtree(RESULTS / "thumbnails", ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="taskbahn-demo-") as data:
        port = free_port()
        page, url = f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/ws"
        console.print("Starting a node and a worker …")
        with running(Path(data, "node.log"), "up", "--port", str(port), "--data", str(Path(data, "node"))) as node:
            wait_until_ready(node, page)
            with running(Path(data, "worker.log"), "worker", "photos:app", url=url) as worker:
                console.print(f"Dashboard, while this runs: [bold link={page}]{page}[/]")
                began = time.monotonic()
                app = photos.app
                os.environ["TASKBAHN_URL"] = url
                try:
                    asyncio.run(work(pictures, [node, worker]))
                finally:
                    app.close()
                sheet = write_contact_sheet(pictures)
                show(pictures, time.monotonic() - began, sheet)
                if stay:
                    console.print(f"The dashboard stays at {page} until Ctrl-C.")
                    signal.pause()
    return 1 if any(picture.errors for picture in pictures) else 0


def find_pictures(folder: Path) -> list[Path]:
    """Return the pictures in *folder* and below; raises DemoFailed if there are none."""
    if not folder.is_dir():
        raise DemoFailed(f"{folder} is no folder")
    found = sorted(path for path in folder.resolve().rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise DemoFailed(f"there is no picture in {folder} ({', '.join(sorted(SUFFIXES))})")
    if len(found) > MOST:
        console.print(f"{folder} has {len(found):,} pictures; this takes the first {MOST}.")
    return found[:MOST]


# ---- the node and the worker ----


@dataclass
class Service:
    """A process that was started here, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DemoFailed if it has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace").strip()[-2000:]
            raise DemoFailed(f"`taskbahn {self.name}` ended with exit code {self.process.returncode}:\n{tail}")


@contextlib.contextmanager
def running(log: Path, command: str, *arguments: str, url: str = "") -> Iterator[Service]:
    """Run a command of taskbahn for as long as the block lasts."""
    environment = {**os.environ, **({"TASKBAHN_URL": url} if url else {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", TASKBAHN, command, *arguments],
            cwd=HERE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches only us, and we stop them in order
        )
    try:
        yield Service(command, process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """Return a port that no program listens on now, and that the kernel gives to no outgoing connection while the node starts."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise DemoFailed("no free port was found between 20,000 and 32,000; stop some servers, then start this again")


def wait_until_ready(node: Service, page: str) -> None:
    """Return when the node answers that it is ready; raises DemoFailed."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        node.check()
        with contextlib.suppress(OSError), urllib.request.urlopen(page + "readyz", timeout=1):  # noqa: S310 - our own address
            return
        time.sleep(0.1)
    raise DemoFailed(f"the node was not ready after {START_SECONDS} s")


# ---- the work ----


async def work(pictures: list[Picture], services: list[Service]) -> None:
    """Start all jobs, two for each picture, and watch them to their end."""
    targets = [RESULTS / "thumbnails" / f"{number:03}" for number in range(len(pictures))]
    calls = [((picture.path,), {"to": target}) for picture, target in zip(pictures, targets, strict=True)]
    thumbnails = await start(photos.thumbnail, calls, services)
    palettes = await start(photos.palette, [((picture.path,), {}) for picture in pictures], services)
    some = asyncio.Semaphore(BARS)  # the jobs run in the order in which they were started, so those that run are watched
    columns = [TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.fields[stage]}"), TimeElapsedColumn()]
    with Progress(*columns, console=console, refresh_per_second=20) as bars:
        overall = bars.add_task("[bold]all jobs", total=2 * len(pictures), stage="")
        await asyncio.gather(
            *(
                follow(job, picture, bars, overall, some)
                for batch in (thumbnails, palettes)
                for job, picture in zip(batch, pictures, strict=True)
            )
        )
        bars.update(overall, stage="done")


async def start(task: Any, calls: list[Any], services: list[Service]) -> Batch[Any]:
    """Start a job for each call; the worker may take a moment to say that it offers the task."""
    until = time.monotonic() + START_SECONDS
    while True:
        for service in services:
            service.check()
        try:
            batch: Batch[Any] = await task.start_many_async(calls)
        except UnknownTask:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            return batch


async def follow(job: Job[Any], picture: Picture, bars: Progress, overall: TaskID, some: asyncio.Semaphore) -> None:
    """Show one job in a bar of its own from its start to its end, and keep its result."""
    what = job.task.rpartition(".")[2]
    async with some:
        bar = bars.add_task(f"{escape(picture.path.name)} [dim]{what}[/]", total=1.0, start=False, stage="[dim]waiting")
        stream = job.events()
        async for event in stream:
            stages = event.data.get("stages", []) if event.kind == "progress" else []
            if stages or (event.kind == "state" and event.data["state"] == "running"):
                bars.start_task(bar)
                bars.update(bar, completed=done_part(stages), stage=open_stage(stages))
        await keep(job, picture, stream.final)
        bars.update(bar, completed=1.0, stage=f"[dim]{stream.final.state}" if stream.final else "")
        bars.stop_task(bar)
        bars.advance(overall)
        if len(bars.tasks) > BARS:
            bars.remove_task(bar)


async def keep(job: Job[Any], picture: Picture, view: Any) -> None:
    """Take the result, in the task's own types, and the time that it took."""
    picture.seconds += (view.finished_at or 0.0) - (view.started_at or view.finished_at or 0.0)
    try:
        result = await job
    except TaskbahnError as error:
        picture.errors.append(str(error))
        return
    if isinstance(result, photos.Thumbnail):
        picture.thumbnail = result
    else:
        picture.palette = result


def done_part(stages: list[dict[str, Any]], parent: int | None = None) -> float:
    """Return how much is done, 0 to 1: what the open stage inside *parent* has counted, and its part of what is open in it."""
    for stage in stages:
        if stage.get("parent") == parent and stage.get("ended_at") is None and stage.get("total"):
            return min(1.0, (stage.get("done", 0.0) + done_part(stages, stage["id"])) / stage["total"])
    return 0.0


def open_stage(stages: list[dict[str, Any]]) -> str:
    """Return the names of the stages that are open, the outer one first."""
    return " [dim]>[/] ".join(stage["name"] for stage in stages if stage.get("ended_at") is None)


# ---- what is shown at the end ----


def show(pictures: list[Picture], seconds: float, sheet: Path) -> None:
    """Print the table, and where the results are."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold dim")
    for column in ("picture", "thumbnail", "size", "palette", "worked"):
        table.add_column(column, no_wrap=True)
    for picture in pictures:
        small = picture.thumbnail
        table.add_row(
            escape(picture.path.name),
            f"{small.width} × {small.height}" if small else "",
            f"{small.size / 1000:.0f} kB" if small else "",
            blocks(picture.palette),
            f"{picture.seconds:.2f} s",
        )
    console.print(table)
    for picture in pictures:
        for error in picture.errors:
            console.print(f"[red]{escape(picture.path.name)}: {escape(error)}[/]", soft_wrap=True)
    total = sum(picture.seconds for picture in pictures)
    console.print(f"{2 * len(pictures)} jobs: {total:.1f} s of work in {seconds:.1f} s, the worker's start included.")
    console.print(f"The thumbnails are in {escape(str(RESULTS))}. A page with all of them: {escape(str(sheet))}", soft_wrap=True)


def blocks(palette: list[photos.Colour]) -> Text:
    """Return the palette as blocks, or as numbers where there is no colour."""
    if console.color_system is None:
        return Text(" ".join(colour.hex for colour in palette))
    return Text().join(Text("█" * max(1, round(colour.share * 20)), style=colour.hex) for colour in palette)


def write_contact_sheet(pictures: list[Picture]) -> Path:
    """Write one page with all pictures and their colours; return its path."""
    cards = []
    for picture in pictures:
        source = picture.thumbnail.path.relative_to(RESULTS).as_posix() if picture.thumbnail else ""
        image = f'<img src="{html.escape(source)}" alt="">' if source else ""
        strip = "".join(
            f'<i style="background:{c.hex};flex:{c.share}" title="{c.hex} {c.share:.0%}"></i>' for c in picture.palette
        )
        caption = html.escape("; ".join([picture.path.name, *picture.errors]))
        cards.append(f"<figure>{image}<div>{strip}</div><figcaption>{caption}</figcaption></figure>")
    RESULTS.mkdir(parents=True, exist_ok=True)
    sheet = RESULTS / "index.html"
    sheet.write_text(PAGE.replace("CARDS", "\n".join(cards)), encoding="utf-8")
    return sheet


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Taskbahn: contact sheet</title>
<style>
  body { margin: 2rem; font: 15px/1.4 system-ui, sans-serif; color-scheme: light dark; }
  main { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); align-items: end; }
  figure { margin: 0; } img { width: 100%; display: block; border-radius: 6px 6px 0 0; }
  div { display: flex; height: 28px; border-radius: 0 0 6px 6px; overflow: hidden; } figcaption { padding: .4rem 0; opacity: .75; }
</style>
<h1>Contact sheet</h1>
<main>
CARDS
</main>
</html>
"""


if __name__ == "__main__":
    sys.exit(main())
