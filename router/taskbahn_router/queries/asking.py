"""Questions of calls to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Runner


class Ask:
    """Calls a function on *runner*'s thread, and another one with what it returns.   fail: answers a call if either of them raises."""

    def __init__(self, runner: Runner, fail: Callable[[PendingCall, Any], None]) -> None:
        self._runner = runner
        self._fail = fail

    def __call__(self, call: PendingCall, then: Callable[[Any], None], function: Callable[..., Any], *args: Any) -> None:
        """Call *function* for a call of a client, then *then*."""
        asked: Deferred[Any] = self._runner.run(function, *args)
        asked.addCallback(then)
        asked.addErrback(lambda failure: self._fail(call, failure))
