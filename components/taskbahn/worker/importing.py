"""No `Stop` is thrown into an import: a package that is half imported would fail in each later attempt of the process.

Python takes the package itself away again, and keeps those of its modules that were complete; the next import finds these, and the
package never gets their names.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

IMPORTS = bootstrap._find_and_load.__code__.co_filename  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to know its frames


def is_importing(frame: FrameType | None) -> bool:
    """Return whether *frame*, or what has called it, is in an import."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTS:
            return True
        frame = frame.f_back
    return False


def imports(thread: int | None) -> bool:
    """Return whether a thread, by its identifier, is in an import now."""
    return is_importing(sys._current_frames().get(thread or 0))  # noqa: SLF001 - the documented way to another thread's frame
