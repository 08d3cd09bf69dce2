"""`async def` tasks, as asyncio tasks on an event loop with a thread of its own.

The worker's thread fills the line and asks for stops; the loop's thread takes from the line, runs, and puts outcomes. A task that
blocks the loop is named by the watch. It is stopped like any other; if its loop does not come back within the grace, the loop is given
up: another takes its place, and the attempts that were on it and are not to blame are handed back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.attempt.context import ACTIVE, PARKED
from taskbahn.worker.capture import Streams
from taskbahn.worker.execution import AttemptContexts, conclude, execute_async
from taskbahn.worker.failure import escaped, stopped
from taskbahn.worker.helper_processes import end_helpers, ends_with_helpers
from taskbahn.worker.loop_thread import LoopThread
from taskbahn.worker.loop_watch import Blockade, LoopWatch
from taskbahn.worker.pool import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.tasks.task import Task
    from taskbahn.worker.outbox import Outbox

LEFT_BEHIND_SECONDS = (
    30.0  # seconds for which code of no running attempt may block the loop; the worker cannot stop it, and gives the loop up
)
END_WITHIN = 1.0  # seconds that the coroutines may take to end after they were cancelled, when the pool is stopped
HOLD_SECONDS = 0.002  # seconds that an outcome may wait for the outcomes of attempts that begin as it ends
Running = dict["AttemptContext", "asyncio.Task[None]"]


class LoopPool:
    """Runs coroutines, at most *slots* at a time; see `worker.pool.Pool`.

    reactor: Twisted's, for the tasks; see `LoopThread`.   on_back: takes attempts of a lost loop, which are not to blame.
    on_blocked: called with each new `Blockade`, and with None when it is over.
    """

    log = Logger("taskbahn.worker")

    def __init__(
        self,
        tasks: Mapping[str, Task[..., Any]],
        slots: int,
        outbox: Outbox,
        *,
        on_back: Callable[[list[AttemptContext]], None],
        on_blocked: Callable[[Blockade | None], None] = lambda _: None,
        reactor: Any = None,
    ) -> None:
        self.slots = slots
        self._tasks = tasks
        self._new_context = AttemptContexts().new
        self._outbox = outbox
        self._on_back = on_back
        self._on_blocked = on_blocked
        self._line = WaitQueue()
        self._running: Running = {}
        self._is_due = False  # whether the loop will look at the waiting attempts
        self._is_waking = False  # whether the loop will wake the outbox
        self._thread = LoopThread(reactor)
        self._watch = LoopWatch(self._thread)
        self._cancelled: set[AttemptContext] = set()  # running attempts that have the order to stop
        self._parked: set[AttemptContext] = set()
        self.is_leaving = False
        self._told: Blockade | None = None
        self._looked_at = 0.0

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which tasks run now."""
        return self._thread.loop

    async def start(self) -> None:
        """Start the loop."""
        self._streams = Streams()
        self._thread.start()

    async def stop(self) -> None:
        """Cancel all and forget them; wait a moment for the loop to end."""
        self._line.take_back(None)
        for task in self._running.values():
            self._thread.keep(task)
        self._running = {}
        self._thread.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, END_WITHIN)

    def give(self, contexts: Iterable[AttemptContext]) -> None:
        """Start *contexts* as far as there are slots."""
        self._line.extend(contexts)
        self._hurry()

    def take_back(self, count: int | None = None) -> list[AttemptContext]:
        """Give up unstarted attempts."""
        return self._line.take_back(count)

    def running(self) -> list[AttemptContext]:
        """Return the attempts that run now."""
        return list(self._running)

    def interrupt(self, context: AttemptContext) -> None:
        """Cancel the asyncio task, or take the attempt out of the line."""
        if self._line.remove(context):
            self._outbox.put_here(stopped(context, context.stop_reason))
        else:
            self._thread.call(self._cancel, self._running, context)

    def abandon(self, context: AttemptContext) -> None:
        """Its coroutine swallows the cancellation: leave it alone and use its slot for others. If it blocks the loop, give that up."""
        if context not in self._running or ends_with_helpers(context):
            return
        task = self._running.pop(context, None)
        self._parked.discard(context)
        if task is None or context.ended:
            return
        end_helpers(context, at_once=True)  # processes that the attempt has started since
        context.ended = True
        self._thread.keep(task)
        blockade = self._watch.look()
        if blockade is None:
            why = "the coroutine did not let itself be cancelled"
        elif blockade.context is context:
            why = f"it blocked the worker's event loop at {blockade.place}, which was given up"
        else:
            why = f"the worker's event loop is blocked at {blockade.place}"
        self._outbox.put_here(stopped(context, f"{context.stop_reason}; {why}"))
        if blockade is not None and blockade.context is context:
            self._give_up(blockade)
        else:
            self._hurry()

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Run another attempt in the slot of one that waits; from any thread."""
        self._parked.add(context)
        self._outbox.put((PARKED, [*context.key, True]))
        self._hurry()
        return True

    def unpark(self, context: AttemptContext) -> None:
        """The attempt goes on, though another one may have its slot; from any thread."""
        self._parked.discard(context)
        self._outbox.put((PARKED, [*context.key, False]))

    def leave(self, context: AttemptContext) -> None:
        """Have a parked attempt suspended; on the loop's thread."""
        task = self._running.get(context)
        if task is not None and context.stop is None and context.waits is not None and context.waits.leave():
            task.cancel("the attempt ends, because its function waits; the function is called again from the top")

    def suspend_parked(self) -> None:
        """End the attempts that wait without a slot, and those that will."""
        self.is_leaving = True
        self._thread.call(self._leave_all)

    def _leave_all(self) -> None:
        for context in list(self._parked):
            self.leave(context)

    def _has_slot(self) -> bool:
        return len(self._running) - len(self._parked) < self.slots

    def blocked(self, now: float) -> list[AttemptContext]:
        """Return attempts that wait for a slot and get none, or for a loop that is blocked."""
        self._look(now)
        if self._told is None and self._has_slot():
            return []  # the loop has not looked at the waiting attempts yet
        return self._line.blocked(now)

    def _look(self, now: float) -> None:
        """Tell what blocks the loop for long, and when that is over."""
        blockade, before = self._watch.look(), self._told
        if blockade is not None:
            self._outbox.wake()  # these outcomes wait for the end of a turn that does not end
            self._stand_still(blockade, now)
            blockade = blockade if blockade.is_long else None
        self._looked_at = now
        if blockade is None and before is None:
            return
        self._told = blockade
        if blockade is None or before is None or (before.context, before.place) != (blockade.context, blockade.place):
            self._on_blocked(blockade)
        if blockade is not None and _is_left_behind(blockade) and now - blockade.since > LEFT_BEHIND_SECONDS:
            self._give_up(blockade)

    def _stand_still(self, blockade: Blockade, now: float) -> None:
        """Extend the limits of attempts by the time for which another one blocks their loop."""
        seconds = now - max(self._looked_at, blockade.since)
        for context in self.running():
            if context is not blockade.context and context.run_within is not None and context.began and context.stop is None:
                context.began += seconds

    def _give_up(self, blockade: Blockade) -> None:
        """Start another loop, and hand back the attempts of the lost one."""
        lost, innocent = self._running, [context for context in list(self._running) if not context.ended]
        self._running = {}
        self._parked = set()
        for context in innocent:
            context.ended = True
        for task in lost.values():
            self._thread.keep(task)
        self._thread.lose()
        self._thread = LoopThread()
        self._watch = LoopWatch(self._thread)
        self._thread.start()
        self._is_due = self._is_waking = False
        self.log.error(
            "the event loop of tasks was blocked at {place} and did not come back: it was given up for another one; "
            "{count} other attempts on it are handed back",
            place=blockade.place,
            count=len(innocent),
        )
        self._on_back(innocent)
        self._hurry()

    def _hurry(self) -> None:
        """Have the loop look at the waiting attempts."""
        if self._line.waiting and not self._is_due:
            self._is_due = True
            self._thread.call(self._start_waiting, self._thread)

    # on the loop's thread

    def _start_waiting(self, thread: LoopThread) -> None:
        if thread is not self._thread:
            return
        self._is_due = False
        waiting, running, loop = self._line.waiting, self._running, thread.loop
        while self._has_slot():
            try:
                context = waiting.popleft()
            except IndexError:
                return
            context.parking = self if context.can_park else None
            # not by the loop's factory: a task may have set an eager one, which would end the attempt before it is in `running`
            running[context] = asyncio.Task(self._run(context, running), loop=loop, context=self._new_context())

    async def _run(self, context: AttemptContext, running: Running) -> None:
        ACTIVE.set(context)
        record = await execute_async(self._tasks[context.task], context, self._was_not_told)
        if context.ended:
            return
        context.ended = True
        try:
            conclude(context)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the slot is for others now
            record = escaped(context, error)
        ACTIVE.set(None)  # what the worker does from here on must not belong to the attempt
        running.pop(context, None)
        self._streams.restore()
        self._cancelled.discard(context)
        self._parked.discard(context)
        waiting = self._line.waiting
        if not self._running and not waiting:  # no other outcome will follow soon
            self._outbox.put(record)
        else:  # what else ends in this turn of the loop goes with it, and a little more when others begin at once
            self._outbox.hold(record)
            if not self._is_waking:
                self._is_waking = True
                loop = asyncio.get_running_loop()
                if waiting:
                    loop.call_later(HOLD_SECONDS, self._wake)
                else:
                    loop.call_soon(self._wake)
        if waiting and running is self._running:
            self._start_waiting(self._thread)

    def _wake(self) -> None:
        self._is_waking = False
        self._outbox.wake()

    def _was_not_told(self, context: AttemptContext) -> bool:
        """Return whether the order to stop could not reach the attempt because it blocked the loop."""
        return context.stop is not None and context not in self._cancelled

    def _cancel(self, running: Running, context: AttemptContext) -> None:
        """Cancel the coroutine, once; one that has not begun sees by itself that it has to stop."""
        task = running.get(context)
        if task is not None and context.began and context not in self._cancelled:
            self._cancelled.add(context)
            task.cancel(context.stop_reason)
            if context.waits is not None:
                context.waits.wake()


def _is_left_behind(blockade: Blockade) -> bool:
    return blockade.context is None or blockade.context.ended
