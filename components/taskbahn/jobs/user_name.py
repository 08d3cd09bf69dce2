"""The name that an operator gives with a change, for those who read later who it was."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """Return the name of the user whose process this is, "" if it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
