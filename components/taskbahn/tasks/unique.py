"""`Unique`: which jobs of a task are the same one, as a task declares it with `unique=`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from taskbahn.errors import InvalidOption
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.unique import check_words
from taskbahn.protocol.unique_fields import DeclaredUnique

During = Literal["active", "queued", "kept"] | float | timedelta
OnConflict = Literal["join", "refuse", "replace"]
KEY_EXPECTED = "it is a template such as '{report}', or None for all arguments"
DURING_EXPECTED = "it is active, queued, kept, or a time in seconds"


@dataclass(frozen=True, slots=True, init=False)
class Unique:
    """Which jobs of a task are the same one: `Unique(key="{report}", during="active", on_conflict="join")`.

    key: a template; jobs with the same value of it are the same one. Without it all arguments count.
    during: how long a job has its key: until it has ended (`active`), until it starts (`queued`), as long as it is readable (`kept`),
    or for a time from its acceptance, in seconds or as a timedelta.
    on_conflict: what becomes of a new job while another one has its key. It joins that one: its caller gets that job, with its progress
    and its result. Or it is refused with `Duplicate`. Or it takes the place of that one, which is cancelled.
    Raises InvalidOption.
    """

    key: str | None
    during: str | float
    on_conflict: OnConflict

    def __init__(self, *, key: str | None = None, during: During = "active", on_conflict: OnConflict = "join") -> None:
        seconds: Any = during.total_seconds() if isinstance(during, timedelta) else during
        _check_type("key", key, isinstance(key, str | None), KEY_EXPECTED)
        _check_type("during", during, isinstance(seconds, str | int | float) and not isinstance(seconds, bool), DURING_EXPECTED)
        _check_type("on_conflict", on_conflict, isinstance(on_conflict, str), "it is join, refuse or replace")
        check_words(DeclaredUnique(key=key, during=seconds, on_conflict=on_conflict))
        for name, value in (("key", key), ("during", seconds), ("on_conflict", on_conflict)):
            object.__setattr__(self, name, value)

    def declared(self) -> DeclaredUnique:
        """Return what travels."""
        return DeclaredUnique(key=self.key, during=self.during, on_conflict=self.on_conflict)


def unique_of(given: Any) -> DeclaredUnique:
    """Return what a user wrote as `unique=`, as it travels; raises InvalidOption."""
    if not isinstance(given, Unique):
        hint = f"; write Unique(key={short(given)})" if isinstance(given, str) else ""
        raise InvalidOption(f"option unique = {short(given)}: it is a Unique(...){hint}", option="unique")
    return given.declared()


def _check_type(name: str, value: Any, is_right: bool, expected: str) -> None:  # noqa: FBT001 - the check itself
    if not is_right:
        raise InvalidOption(f"Unique({name}={short(value)}): {expected}", option="unique")
