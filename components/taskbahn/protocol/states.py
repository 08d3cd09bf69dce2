"""The states of a job, as every part and every wire message spells them."""

from enum import StrEnum


class State(StrEnum):
    """Where a job is in its life; the moves between them are `taskbahn_router.core.lifecycle.MOVES`."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """True when no attempt will follow, unless the job is retried by hand."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED})
