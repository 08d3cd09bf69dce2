"""What a flow gives, from what the jobs give that it waits for: the list of their results, or that of its last one.

A list that is long or large is not copied: the result refers to the jobs, and readers take the list from these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.inputs import reference
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_GROUP, IS_LARGE, MOST_RESULT_BYTES, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.reactions import FlaggedJob, Input

NOTHING = "null"


def result_of(flow: FlaggedJob, inputs: Sequence[Input] | None) -> tuple[str, int]:
    """Return the result of a flow as JSON, and the flag that it has because of it.  inputs: by position; None: too many."""
    if inputs is not None:
        results = given(inputs)
        is_large = any(one.flags & IS_LARGE for one in inputs)
        if not flow.flags & IS_GROUP:
            return next(iter(results.values()), NOTHING), IS_LARGE if is_large else 0
        text = f"[{','.join(results.values())}]"
        if len(text) <= MOST_RESULT_BYTES:
            return text, IS_LARGE if is_large else 0
    return reference(id_text(flow.id)), IS_LARGE
