"""Who gets the secrets of a job: the one who started it, and the workers.

Without a login there is no telling sessions apart: all sessions without a name are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.secrets import holds, masked_text
from taskbahn_router.model.pending_call import RANDOM

if TYPE_CHECKING:
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import DispatcherState


def owns(call: PendingCall, caller: str | None) -> bool:
    """Return whether a session started a job.  caller: who did, as the job says."""
    if call.name is None:
        return caller is None or RANDOM.fullmatch(caller) is not None
    return call.authid == caller


def is_worker(call: PendingCall, state: DispatcherState) -> bool:
    """Return whether a session is that of an attached worker, or has the name of one: its processes have sessions of their own."""
    for worker in state.workers.values():
        attached = getattr(worker.orders, "call", None)
        if attached is not None and (
            attached.caller == call.caller or (call.name is not None and attached.authid == call.authid)
        ):
            return True
    return False


def result_for(call: PendingCall, caller: str | None, result: str | None) -> str | None:
    """Return the result of a job as a session gets it."""
    return masked_text(result) if result is not None and holds(result) and not owns(call, caller) else result
