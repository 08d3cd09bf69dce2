"""Who gets the secrets of a job: the one who started it, and workers, which run it and what it starts.

Without login there is no telling sessions apart: those without a name are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.access import Role
from taskbahn.protocol.secrets import holds, masked_text

if TYPE_CHECKING:
    from taskbahn_router.model.pending_call import PendingCall


def may_see(call: PendingCall, caller: str | None) -> bool:
    """Return whether a session gets the secrets of a job.  caller: who started that, as the job says."""
    return call.name is None or call.authid == caller or call.base_role == Role.WORKER


def result_for(call: PendingCall, caller: str | None, result: str | None) -> str | None:
    """Return the result of a job as a session gets it."""
    return masked_text(result) if result is not None and holds(result) and not may_see(call, caller) else result
