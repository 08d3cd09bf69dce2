"""Chromium, as the tests and the pictures of the dashboard start it.

Debian's `chromium-headless-shell` is preferred: the same engine without the browser around it, which opens a page in half of the
time and with a third of the processor (`--headless` of a whole Chromium draws a second page and extensions that no test looks at).
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

PROGRAMS = ("chromium-headless-shell", "chromium")


def launch(playwright: Playwright) -> Browser:
    """Start it.  Raises FileNotFoundError where there is none."""
    found = next((path for program in PROGRAMS if (path := shutil.which(program))), None)
    if found is None:
        raise FileNotFoundError(f"there is no Chromium here: install one of {', '.join(PROGRAMS)}")
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
