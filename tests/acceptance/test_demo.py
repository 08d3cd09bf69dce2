"""`make demo`: it ends by itself, shows its results, and leaves nothing running; also when it is stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "demo.py"
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


def start(*arguments: str | Path, folder: Path) -> subprocess.Popen[str]:
    """Start the demonstration, its temporary files in *folder*, by which its processes are known."""
    return subprocess.Popen(
        [sys.executable, DEMO, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def left_over(folder: Path) -> list[str]:
    """Return the processes that were started with *folder* as their temporary directory, and are still there."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def none_left(folder: Path) -> bool:
    until = time.monotonic() + 20
    while left_over(folder) and time.monotonic() < until:
        time.sleep(0.1)
    return left_over(folder) == []


def test_the_demo_makes_thumbnails_and_ends_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    demo = start(folder=tmp_path)
    output, _ = demo.communicate(timeout=100)
    assert demo.returncode == 0, output
    assert time.monotonic() - began < 60
    assert re.search(r"Dashboard, while this runs: http://127\.0\.0\.1:\d+/", output)
    assert "16 jobs" in output
    for photo in PHOTOS:
        assert re.search(rf"{photo.name} +320 × \d+ +\d+ kB +#", output), output
    results = ROOT / "demo-results"
    assert len(list(results.glob("thumbnails/*/*.thumbnail.jpg"))) == len(PHOTOS)
    assert (results / "index.html").read_text(encoding="utf-8").count("<img ") == len(PHOTOS)
    assert none_left(tmp_path), left_over(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_stops_what_it_started(number: signal.Signals, tmp_path: Path) -> None:
    demo = start(folder=tmp_path)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "Dashboard" in line:
            break
    demo.send_signal(number)
    demo.communicate(timeout=60)
    assert demo.returncode == 128 + number
    assert none_left(tmp_path), left_over(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_none_is_shown_as_such(tmp_path: Path) -> None:
    pictures = tmp_path / "my pictures"
    pictures.mkdir()
    shutil.copy(PHOTOS[0], pictures)
    (pictures / "broken.jpg").write_bytes(b"no picture")
    demo = start(pictures, folder=tmp_path)
    output, _ = demo.communicate(timeout=100)
    assert demo.returncode == 1
    assert "UnidentifiedImageError" in output
    assert re.search(rf"{PHOTOS[0].name} +320 × ", output)


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    demo = start(tmp_path, folder=tmp_path)
    output, _ = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert "there is no picture in" in output
