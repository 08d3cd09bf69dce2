"""What a flow gives, from what the jobs give that it waits for: the list of their results, or that of its last one.

Results that are many or large are not copied: a group of them has a flag, and readers take them from its jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_GROUP, IS_LARGE, MOST_RESULT_CHARACTERS, NONE, SKIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn_router.core.reactions import Input

NOTHING = "null"


def result_of(flags: int, inputs: Sequence[Input] | None) -> str | None:
    """Return the result of a flow as JSON; None: it is not stored, for it is too large.  inputs: by position; None: too many."""
    if inputs is None or any(one.flags & IS_LARGE for one in inputs):
        return None
    if flags & IS_GROUP:
        text = f"[{','.join(given(inputs))}]"
        return text if len(text) <= MOST_RESULT_CHARACTERS else None
    return next(iter(given(inputs)), NOTHING)


def given(inputs: Iterable[Input]) -> list[str]:
    """Return what jobs gave, as JSON: null for one that did not succeed and whose policy says so, nothing for one to be skipped."""
    found = []
    for one in inputs:
        if one.state == State.SUCCEEDED:
            found.append(one.result or NOTHING)
        elif one.policy == NONE:
            found.append(NOTHING)
        elif one.policy != SKIP:
            raise ValueError(f"a job of a flow that goes on is {one.state}, and its policy is {one.policy}")
    return found
