"""What a session says in the options of a message about whose it is: nothing of it is believed, on any node.

Crossbar takes `forward_for` from each session, as it would from another router in front of it, and tells callees that name and that role for
the session's own. So a client could act as any other one. With `force_reregister` a session takes a procedure away from the one that offers it,
also the name of a task from the dispatcher. Nodes stand alone, and nothing of Taskbahn sends either: both are dropped here.

Knows Crossbar's router by one of its methods; no switch turns this off.
"""

from __future__ import annotations

from typing import Any

from autobahn.wamp import message


def drop_from(router: Any) -> None:
    """Drop them from all messages that a realm's router gets from now on."""
    process = router.process

    def processed(session: Any, msg: Any) -> Any:
        if getattr(msg, "forward_for", None):
            msg.forward_for = None
        if type(msg) is message.Register:
            msg.force_reregister = None
        return process(session, msg)

    router.process = processed
