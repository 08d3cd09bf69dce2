"""Take the pictures of the dashboard that the documentation shows: `python scripts/take_screenshots.py`.

Starts a node and a worker of its own, gives them the work of the demonstration, and photographs the page in Chromium while they do it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PICTURES = sorted(path.relative_to(ROOT / "examples") for path in (ROOT / "examples" / "photos").glob("*.jpg"))
sys.path.insert(0, str(ROOT / "examples"))

import demo  # type: ignore[import-not-found]  # noqa: E402 - it lies there
import photos  # type: ignore[import-not-found]  # noqa: E402


def main() -> None:
    """Start, work, photograph, stop."""
    with tempfile.TemporaryDirectory(prefix="taskbahn-pictures-") as data:
        port = demo.free_port()
        address, url = f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/ws"
        os.environ["TASKBAHN_URL"] = url
        with demo.running(Path(data, "node.log"), "up", "--port", str(port), "--data", str(Path(data, "node"))) as node:
            demo.wait_until_ready(node, address)
            with (
                demo.running(Path(data, "worker.log"), "worker", "photos:app", "--slots", "3", "--name", "studio", url=url),
                photos.app,
            ):
                take(address, Path(data))


def take(address: str, data: Path) -> None:
    """Photograph the list of jobs and the page of one job while they run."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 760}, device_scale_factor=1.5)
        page.goto(address)
        page.get_by_text("Live", exact=True).wait_for()
        begin(page, data)
        batch = photos.palette.start_many((picture, 16) for picture in PICTURES[:5])
        page.locator("[role=progressbar][aria-valuenow]").nth(1).wait_for()
        page.wait_for_timeout(700)
        page.screenshot(path=IMAGES / "dashboard.png")
        batch.results()
        job = photos.palette.start(PICTURES[0], 16)
        page.goto(f"{address}#/jobs/{job.id}")
        page.get_by_text("Grouping").first.wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "job.png")
        browser.close()


def begin(page: Page, data: Path) -> None:
    """Do jobs that end in different ways, so that the list shows some of each."""
    while not photos.app.view.workers():
        page.wait_for_timeout(100)
    photos.thumbnail.start_many(((picture,), {"to": data / "thumbnails"}) for picture in PICTURES).results()
    photos.thumbnail.start(Path("/pictures/lost.jpg")).error()
    photos.palette.options(delay=3600).start(PICTURES[0])


if __name__ == "__main__":
    main()
