"""What pauses a job and its tree, and lets them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.sleeping import seconds_in
from taskbahn.errors import from_info
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from taskbahn.attempt.sleeping import Duration
    from taskbahn.client.client import HasClient
    from taskbahn.future import Future


class Pausable:
    """A job, as far as pauses go."""

    __slots__ = ()
    _app: HasClient
    id: str

    def pause(self, reason: str = "", within: Duration | None = None) -> State:
        """Start neither the job nor any of its tree until it is resumed; return its state. What runs waits in `current.check()`.

        within: after that time it is resumed by itself.  Raises UnknownJob, WrongState if it has ended, InvalidOption.
        """
        check_may_block("job.pause()", "await job.pause_async()")
        return new_state(self._pause(reason, within).get())

    async def pause_async(self, reason: str = "", within: Duration | None = None) -> State:
        """As `pause`, for asyncio and Twisted."""
        return new_state(await self._pause(reason, within))

    def _pause(self, reason: str, within: Duration | None) -> Future[Any]:
        seconds = None if within is None else seconds_in(within, "within")
        return self._app.client.ask(messages.JOB_PAUSE, [self.id], reason=reason, within=seconds, who=user_name())

    def resume(self) -> State:
        """Let go on what `pause` holds; return the state of the job. One that is not paused stays as it is.

        Raises UnknownJob, WrongState if it has ended.
        """
        check_may_block("job.resume()", "await job.resume_async()")
        return new_state(self._app.client.ask(messages.JOB_RESUME, [self.id], who=user_name()).get())

    async def resume_async(self) -> State:
        """As `resume`, for asyncio and Twisted."""
        return new_state(await self._app.client.ask(messages.JOB_RESUME, [self.id], who=user_name()))


def new_state(answer: Any) -> State:
    """Return the state in the answer for one job; raises the error in it."""
    found = answer[0]
    if isinstance(found, dict):
        raise from_info(found)
    return State(found)
