"""What an error of SQLite means for the operator: what is to be done before it works again.

Source of the codes: sqlite.org/rescode.html.
"""

from __future__ import annotations

import shlex
import sqlite3
import sys
from typing import TYPE_CHECKING

from taskbahn_router.host.disk import what_is_wrong
from taskbahn_router.stores.contract import StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path

PRIMARY = 0xFF  # mask: the primary code in an extended one
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
NOT_ALLOWED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH}


class StoreInUse(StoreUnusable):
    """Another node works on the store."""


def code_of(error: BaseException) -> int:
    """Return SQLite's primary code of an error; 0 when the error is not SQLite's."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & PRIMARY


def remedy(error: BaseException, path: Path) -> str:
    """Return what has to be done about an error of the database at *path*, as the end of a sentence; empty if that is not known."""
    code = code_of(error)
    if code in LOCKED:
        return f"close the program that holds {path}: a sqlite3 shell, a backup, another tool"
    if code in DAMAGED:
        return (
            f"{path} is damaged: stop the router, and put the newest good copy in its place, or save what can be read of it with "
            f"`{sys.executable} -m taskbahn_router.stores.sqlite.salvage {shlex.quote(str(path.parent))}`"
        )
    if code == sqlite3.SQLITE_FULL:
        return f"make room on the disk of {path.parent}"
    if code == sqlite3.SQLITE_IOERR:
        return f"see to the disk of {path.parent}, which is {what_is_wrong(path.parent) or 'full, read-only or broken'}"
    if code in NOT_ALLOWED:
        return f"see that this user may write to {path.parent}, and that its disk is not read-only"
    return ""


def refusal(error: sqlite3.Error, path: Path) -> str:
    """Return the sentence for a commit that was refused."""
    cure = remedy(error, path)
    later = f" later: {cure}" if cure else ""
    then = ", and the router goes on by itself" if cure and code_of(error) not in DAMAGED else ""
    return f"the store refused a commit ({error}); nothing was changed, try again{later}{then}"


def unreadable(error: sqlite3.Error, path: Path) -> str:
    """Return the sentence for a question that was not answered."""
    cure = remedy(error, path)
    return f"the store cannot be read ({error}); try again later{cure and ': '}{cure}"
