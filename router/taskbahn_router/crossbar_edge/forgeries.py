"""What a session says in the place of another one: nothing of it is believed, on any node.

Crossbar takes `forward_for` from each session, as it would from another router in front of it, and tells callees that name and that role for
the session's own. So a client could act as any other one. With `force_reregister` a session takes a procedure away from the one that offers it,
also the name of a task from the dispatcher. Nodes stand alone, and nothing of Taskbahn sends either: both are dropped here.

Crossbar also takes an error as the answer to a call from a session that was not called, and numbers calls from 1 on. So each session could
fail the calls of all others, and the jobs of workers without an SDK. Here the session ends instead, as Crossbar does with a result.

Knows Crossbar's router and its dealer; no switch turns this off.
"""

from __future__ import annotations

from typing import Any

from autobahn.wamp import message
from autobahn.wamp.exception import ProtocolError


def refuse(router: Any) -> None:
    """Look at all messages that a realm's router gets from now on."""
    process, invocations = router.process, router._dealer._invocations  # noqa: SLF001 - Crossbar has no public way to them

    def processed(session: Any, msg: Any) -> Any:
        if getattr(msg, "forward_for", None):
            msg.forward_for = None
        kind = type(msg)
        if kind is message.Register:
            msg.force_reregister = None
        elif kind is message.Error:
            asked = invocations.get(msg.request)
            if asked is not None and asked.callee is not session:
                raise ProtocolError(f"ERROR received for the call {msg.request}, which is not of this session")
        return process(session, msg)

    router.process = processed
