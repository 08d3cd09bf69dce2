"""Take the pictures of every page that docs/dashboard.md shows: `make screenshots`, or `python scripts/screenshots.py [NAME ...]`.

Starts a node and workers of its own for the film studio in tests/browser/apps/studio.py, gives it a past, a present and some trouble,
and photographs each page light and dark, wide and narrow. Names, numbers and the order of things are the same each time; ids and
times of day are not.
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images" / "dashboard"
sys.path[:0] = [str(ROOT / folder) for folder in ("components", "router", "web", "tests", ".")]

from support.chromium import launch  # noqa: E402
from support.populated_node import PopulatedNode, populated_node  # noqa: E402

from taskbahn_router.metrics.histogram import packed, step_of  # noqa: E402
from taskbahn_router.stores.contract import CommitBatch  # noqa: E402
from taskbahn_router.stores.minutes import MinuteRow  # noqa: E402
from taskbahn_router.stores.sqlite.store import SqliteStore  # noqa: E402

SIZES = {"wide": (1280, 860), "narrow": (390, 844)}
FREQUENT, SPREAD = 128, 112  # colours of a picture: enough for flat pages, and small
MAX_BYTES = 2_600_000  # of all pictures
HOURS = 24
SETTLE_MS = 700  # for what is drawn a moment later: charts, and numbers that come with the next status
# Where the checkout and its scratch files lie is of no interest to a reader.
ELSEWHERE = """pairs => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        for (const [from, to] of pairs) {
            if (texts.currentNode.data.includes(from)) texts.currentNode.data = texts.currentNode.data.replaceAll(from, to);
        }
    }
}"""
# Each task's pace: jobs in a minute at noon, seconds for each, one in N fails.
PACE = {
    "images.thumbnail": (9, 0.18, 400),
    "mail.send": (3, 0.6, 60),
    "video.transcode": (0.6, 190.0, 45),
    "orders.confirm": (1.5, 0.04, 900),
}


@dataclass(frozen=True)
class Shot:
    """A page, and what must be on it before it is photographed."""

    name: str
    place: str
    ready: str  # a CSS selector


def shots(present: PopulatedNode) -> list[Shot]:
    """Return every page, with one job that runs, one that failed, one that waits and one of a workflow."""
    return [
        Shot("overview", "#/?range=24h", "main h1"),
        Shot("jobs", "#/jobs", "main tbody tr, main [role=row]"),
        Shot("job", f"#/jobs/{present.running}", ".stage"),
        Shot("job-failed", f"#/jobs/{present.failed}", ".traceback"),
        Shot("job-waiting", f"#/jobs/{present.waiting}", ".headline"),
        Shot("job-workflow", f"#/jobs/{present.workflow}", ".graph svg, svg.graph"),
        Shot("questions", "#/questions", ".questions form"),
        Shot("tasks", "#/tasks", ".tasks tbody tr"),
        Shot("task", "#/tasks/video.transcode", ".recent tbody tr"),
        Shot("schedules", "#/schedules", ".schedules tbody tr"),
        Shot("schedules-week", "#/schedules?view=week", ".week .hour"),
        Shot("schedule", "#/schedules/trailers.cut", ".firings tbody tr"),
        Shot("triggers", "#/triggers", ".triggers tbody tr:nth-child(4)"),
        Shot("trigger", "#/triggers/orders.tell", ".differences"),
        Shot("queues", "#/queues", "main tbody tr, main li"),
        Shot("limits", "#/limits", ".limits tbody tr"),
        Shot("limit", "#/limits/bank", ".keys tbody tr"),
        Shot("workers", "#/workers", ".worker"),
        Shot("worker", "#/workers/cutting-room", ".recent-of tbody tr"),
        Shot("errors", "#/errors", "main tbody tr, main li"),
        Shot("settings", "#/settings", "main tbody tr, main dl, main li"),
    ]


def main() -> None:
    """Start, work, photograph, stop."""
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="taskbahn-pictures-") as folder:
        write_past(Path(folder) / "data", time.time())
        with populated_node(Path(folder), pictures=120) as present, sync_playwright() as playwright:
            browser = launch(playwright)
            for shot in shots(present):
                if not wanted or shot.name in wanted:
                    take(browser, f"http://127.0.0.1:{present.node.port}/", shot, Path(folder))
            browser.close()
    size = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    print(f"{len(list(IMAGES.glob('*.png')))} pictures in {IMAGES.relative_to(ROOT)}, {size:,} bytes")
    assert size < MAX_BYTES, f"the pictures are larger than {MAX_BYTES:,} bytes together: take fewer colours"


def write_past(data: Path, now: float) -> None:
    """Write the numbers of the last day, as if the studio had worked through it."""
    store = SqliteStore(data)
    store.open()
    try:
        store.commit(CommitBatch(minutes=[*past_minutes(now)]))
    finally:
        store.close()


def past_minutes(now: float) -> Iterator[MinuteRow]:
    """Yield a row for each minute and task, and for each minute of all: more by day than by night, with some trouble at noon."""
    first = int(now // 60) - HOURS * 60
    for minute in range(HOURS * 60):
        at = (first + minute) * 60
        bustle = 0.35 + 0.65 * math.sin(math.pi * minute / (HOURS * 60)) ** 2 + 0.12 * math.sin(minute / 17)
        rows = [minute_row(at, minute, task, bustle) for task in PACE]
        yield from rows
        ready = round(4 + 9 * bustle + 3 * math.sin(minute / 29))
        total = MinuteRow(
            at=at,
            task="",
            accepted=sum(row.accepted for row in rows),
            succeeded=sum(row.succeeded for row in rows),
            failed=sum(row.failed for row in rows),
            cancelled=0,
            expired=0,
            retried=0,
            waits=rows[0].waits,
            runs=rows[0].runs,
            last_at=at + 59.0,
            waiting=ready,
            running=round(2 + 4 * bustle),
            oldest=ready * 0.4,
        )
        yield total


def minute_row(at: int, minute: int, task: str, bustle: float) -> MinuteRow:
    pace, seconds, failing = PACE[task]
    jobs = int(pace * bustle * (minute + 1)) - int(pace * bustle * minute)
    trouble = 5 if 700 < minute < 730 else 1
    failed = min(jobs, int((minute + 1) * pace * trouble / failing) - int(minute * pace * trouble / failing))
    runs = {
        step_of(seconds * factor): count
        for factor, count in ((0.7, jobs // 2), (1.0, jobs - jobs // 2), (2.4, minute % 9 == 0))
        if count
    }
    waits = {step_of(0.004 + 0.002 * (minute % 7)): jobs} if jobs else {}
    return MinuteRow(
        at, task, jobs, jobs - failed, failed, 0, 0, 0, packed(waits), packed(runs), at + 40.0 if jobs else None, None, None, None
    )


def take(browser: Browser, address: str, shot: Shot, folder: Path) -> None:
    """Photograph a page in each of its four looks."""
    for size, (width, height) in SIZES.items():
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB")
        page = context.new_page()
        page.goto(address + shot.place)
        page.locator(shot.ready).first.wait_for()
        page.evaluate("() => document.fonts.ready")
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(SETTLE_MS)
            page.evaluate(ELSEWHERE, [[str(folder), "/var/lib/taskbahn"], [str(ROOT), "/srv"]])
            save(page.screenshot(), IMAGES / f"{shot.name}-{theme}-{size}.png")
        context.close()


def save(picture: bytes, path: Path) -> None:
    """Write a picture with few colours: its most frequent ones as they are, and some that stand for all the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    found: Any = image.getcolors(image.width * image.height)
    frequent = [colour for _, colour in sorted(found, reverse=True)[:FREQUENT]]
    spread: Any = image.quantize(SPREAD, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB").getcolors()
    palette = list(dict.fromkeys([*frequent, *(colour for _, colour in spread)]))
    index = {colour: nearest(colour, palette) for _, colour in found}
    small = Image.new("P", image.size)
    small.putpalette([part for colour in palette for part in colour])
    pixels = image.tobytes()
    small.putdata([index[colour] for colour in zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)])
    small.save(path, optimize=True)


def nearest(colour: tuple[int, ...], palette: list[tuple[int, ...]]) -> int:
    return min(range(len(palette)), key=lambda at: sum((a - b) ** 2 for a, b in zip(colour, palette[at], strict=True)))


if __name__ == "__main__":
    main()
