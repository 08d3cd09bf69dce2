"""Tests of what a workaround does, where it is off: `TASKBAHN_PLAIN=1 pytest` runs all tests without what only makes things quicker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from taskbahn.workarounds import PLAIN

if TYPE_CHECKING:
    from taskbahn.workarounds import Workaround


def needs(workaround: Workaround) -> pytest.MarkDecorator:
    """Mark a test of what only a workaround does: it is skipped where the workaround is off."""
    return pytest.mark.skipif(not workaround.is_wanted, reason=f"{workaround.switch} or {PLAIN} turns it off")


def switch_on(patch: pytest.MonkeyPatch, *workarounds: Workaround) -> None:
    """Have workarounds on for a test of their parts, whatever the environment says."""
    for each in workarounds:
        patch.setattr(each, "_state", True)


def everything_on() -> dict[str, str]:
    """Return an environment for a process with all workarounds."""
    return {name: value for name, value in os.environ.items() if name != PLAIN}
