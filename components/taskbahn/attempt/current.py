"""`current`: what a task says about itself while it runs, and what it may ask.

Outside of an attempt `current` does nothing, harmlessly, so that the plain function stays callable.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from taskbahn.attempt.asking import EventWait, sleep_rounds, wait_for, wait_for_async
from taskbahn.attempt.blocking import check_may_block, is_in_loop
from taskbahn.attempt.chunk_window import LOOK_SECONDS
from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import MAX_LOG_LINE
from taskbahn.attempt.inbox import Inbox
from taskbahn.attempt.memory import decoded, has_result_type, remembering
from taskbahn.attempt.ownership import INNERMOST, PROCESS, carry, heard, owner
from taskbahn.attempt.pausing import is_paused, nothing, paused, wait_while_paused
from taskbahn.attempt.people import AsksPeople
from taskbahn.attempt.plain_data import data_of, number_of, seconds_of, text_of
from taskbahn.attempt.replacing import Complete, Joining, Replacement, check_may_be_replaced, running_job
from taskbahn.attempt.stages import MAX_NAME, weight_of, weights_of
from taskbahn.attempt.waiting import Awaiting
from taskbahn.protocol import messages
from taskbahn.protocol.other_words import CURRENT_WORDS, refuse
from taskbahn.protocol.progress import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from datetime import timedelta

    from taskbahn.attempt.context import AttemptOutput
    from taskbahn.attempt.sleeping import Duration, Moment

P = ParamSpec("P")
R = TypeVar("R")
X = TypeVar("X")
J = TypeVar("J")


class StageHandle:
    """A named part of the work: `advance` it towards its `total`. Numbers are finite; others raise TypeError or ValueError."""

    def __init__(self, stage: Stage, output: AttemptOutput | None) -> None:
        self._stage = stage
        self._output = output

    def advance(self, n: float = 1) -> None:
        """Count *n* more units of the stage as done."""
        self._stage.done = number_of(self._stage.done + number_of(n, "an advance"), "what is done of a stage")
        if self._output is not None:
            self._output.stages.forget(self._stage.id)
        self._changed()

    @property
    def done(self) -> float:
        """The units that are done."""
        return self._stage.done

    @property
    def total(self) -> float | None:
        """The units that there are to do; None if that is not known. May be set."""
        return self._stage.total

    @total.setter
    def total(self, total: float | None) -> None:
        self._stage.total = None if total is None else number_of(total, "the total of a stage")
        self._changed()

    def end(self, *, failed: bool = False) -> None:
        """End the stage; the `with` block that began it calls this.  failed: it is not done, for an exception ended it."""
        self._stage.ended_at, self._stage.failed = CLOCK.time(), failed
        if self._output is not None and not failed:
            self._output.stages.drop(self._stage.id)
        self._changed()

    def _changed(self) -> None:
        if self._output is not None and not self._output.changed():
            PROCESS.unheard("a stage", self._output.context)


class Current(AsksPeople):
    """The attempt that runs this code. Outside of one, what is said goes nowhere and nothing is cancelled."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse(self, name, CURRENT_WORDS)

    def __repr__(self) -> str:
        context = owner()
        return f"<current: attempt {context.attempt} of job {context.job}>" if context else "<current: no attempt runs here>"

    @property
    def job(self) -> str | None:
        """The job's id."""
        context = owner()
        return context.job if context else None

    @property
    def attempt(self) -> int | None:
        """The number of this attempt, from 1."""
        context = owner()
        return context.attempt if context else None

    @property
    def task(self) -> str | None:
        """The task's name."""
        context = owner()
        return context.task if context else None

    @property
    def deadline(self) -> datetime | None:
        """The time by which the job has to have ended (UTC): its own deadline, or that of its flow; None if it has none."""
        context = owner()
        return None if context is None or context.deadline is None else datetime.fromtimestamp(context.deadline, UTC)

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None, *, weight: float | None = None) -> Iterator[StageHandle]:
        """Begin a named part of the work, inside the one that is open; it ends with the `with` block.

        weight: its share, 0 to 1, of the whole around it.  Raises TypeError for what is no number, ValueError for nan, infinities and
        other weights.
        """
        known = None if total is None else number_of(total, "the total of a stage")
        text, began = text_of(name, MAX_NAME), CLOCK.time()
        stage = Stage(id=0, name=text, total=known, parent=INNERMOST.get(), started_at=began, weight=weight_of(weight))
        context = heard("`current.stage`")
        if context is None:
            yield StageHandle(stage, None)
            return
        output = context.open_output()
        stage = output.stages.begin(stage)
        output.changed()
        token = INNERMOST.set(stage.id)
        handle = StageHandle(stage, output)
        try:
            yield handle
        except BaseException:
            handle.end(failed=True)
            raise
        else:
            handle.end()
        finally:
            with contextlib.suppress(ValueError):  # closed in another context than it was begun in: by an `ExitStack`, say
                INNERMOST.reset(token)

    def stages(self, names: Iterable[str] | Mapping[str, float]) -> None:
        """Say which stages will come in the one that is open, or in the attempt: then it is known how far that is between them, too.

        names: in order; or with their weights, which are proportions: `{"read": 1, "convert": 8, "write": 1}`.  `current.stage` with such a
        name begins it. Said once more, for the next unit of a stage with a total, they replace those that were said before.
        Raises TypeError and ValueError.
        """
        weights = weights_of(names)
        context = heard("`current.stages`")
        if context is not None:
            context.open_output().stages.say(INNERMOST.get(), weights)
            context.open_output().changed()

    def progress(self, fraction_or_done: float, total: float | None = None, message: str = "", data: Any = None) -> None:
        """Say how far the attempt is: a fraction from 0 to 1, or a count of *total*; *data* is any value that is data.

        Raises TypeError and ValueError for what is no finite number, and for what is not data; TooLarge, TooDeep.
        """
        done = number_of(fraction_or_done, "progress")
        whole = 0 if total is None else number_of(total, "the total of the progress")
        given = None if data is None else data_of(data, "the data of the progress", messages.MAX_ARGUMENTS)
        context = heard("`current.progress`")
        if context is None:
            return
        progress = context.open_output().progress
        progress.fraction = min(max(float(done / whole if whole else done), 0.0), 1.0)
        progress.message = text_of(message, MAX_LOG_LINE)
        progress.data = given
        context.open_output().changed()

    def log(self, message: str, level: str | int = "INFO") -> None:
        """Write a line to the job's log."""
        context = heard("`current.log`")
        if context is not None:
            name = logging.getLevelName(level) if isinstance(level, int) else text_of(level, MAX_NAME).upper()
            context.open_output().line(name, "", message)

    def chunk(self, value: Any) -> None:
        """Send a part of a result that comes piece by piece; raises TooLarge, TooDeep, and TypeError or ValueError for what is not data."""
        context = heard("`current.chunk`")
        if context is not None:
            context.open_output().chunk(value)

    def step(self, name: str, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function once for the job: what it returns is recorded before this returns, and a later attempt gets that instead.

        A step that raises is not remembered. Without an annotation of its result, that is plain data as JSON has it.
        Raises InvalidFlow for a name that came before in the attempt; TypeError, ValueError, TooLarge and TooDeep for what is not data.
        """
        memory = remembering()
        if memory is None:
            return function(*args, **kwargs)
        key = memory.name("step", name)
        text = memory.known(key)
        if text is not None:
            return cast("R", decoded(text, function))
        check_may_block("current.step()", "await current.step_async(...)")
        value = function(*args, **kwargs)
        data, recorded = memory.keep(key, value)
        while not recorded.wait(LOOK_SECONDS):
            self.check()
        return value if has_result_type(function) else cast("R", data)

    @overload
    async def step_async(
        self, name: str, function: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> R: ...
    @overload
    async def step_async(self, name: str, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def step_async(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As `step`, for `async def` tasks; the function may be `async def` or not."""
        memory = remembering()
        key = "" if memory is None else memory.name("step", name)
        text = None if memory is None else memory.known(key)
        if text is not None:
            return decoded(text, function)
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = await value
        if memory is None:
            return value
        data, recorded = memory.keep(key, value)
        await recorded
        return value if has_result_type(function) else data

    def sleep(self, seconds: Duration | None = None, /, *, until: Moment | None = None, name: str | None = None) -> None:
        """Wait for a time, in seconds, as a timedelta or as text such as `"3d"`, or until a moment, without a slot.

        An attempt that comes later waits for the rest. They are found by *name*, or by their number.  Raises OutsideJob, ValueError,
        TypeError, and Cancelled or TimeLimit.
        """
        check_may_block("current.sleep()", "await current.sleep_async(...)")
        wait_for(sleep_rounds(seconds, until, name))

    async def sleep_async(
        self, seconds: Duration | None = None, /, *, until: Moment | None = None, name: str | None = None
    ) -> None:
        """As `sleep`, for `async def` tasks."""
        await wait_for_async(sleep_rounds(seconds, until, name))

    def wait_for_event(
        self,
        topic: str,
        kind: type[X],
        /,
        *,
        where: Mapping[str, Any] | None = None,
        within: Duration | None = None,
        name: str | None = None,
    ) -> X:
        """Wait without a slot for the next event of a topic of the router, from this call on; return its data as a *kind*.

        where: fields that the data must have, with these values.   within: for how long; then NotAnswered.   name: by which a later
        attempt finds the event; without it by the topic.  Raises OutsideJob, ValueError for a topic of the router itself.
        """
        check_may_block("current.wait_for_event()", "await current.wait_for_event_async(...)")
        waiting = EventWait(topic, kind, where=where, within=within, name=name)
        wait_for(waiting.rounds())
        return cast("X", waiting.value)

    async def wait_for_event_async(
        self,
        topic: str,
        kind: type[X],
        /,
        *,
        where: Mapping[str, Any] | None = None,
        within: Duration | None = None,
        name: str | None = None,
    ) -> X:
        """As `wait_for_event`, for `async def` tasks."""
        waiting = EventWait(topic, kind, where=where, within=within, name=name)
        await wait_for_async(waiting.rounds())
        return cast("X", waiting.value)

    def replace(self, flow: Complete[X], /) -> X:
        """Let a flow take the place of this job; the task returns what this returns: `return current.replace(flow)`.

        The job ends as the flow does, with its result or its error; its function is not called again.  Raises OutsideJob, InvalidFlow for
        an item of a chunk, and what `flow.start` raises.
        """
        check_may_be_replaced()
        return cast("X", Replacement(flow.start().id))

    async def replace_async(self, flow: Complete[X], /) -> X:
        """As `replace`, for `async def` tasks: `return await current.replace_async(flow)`."""
        check_may_be_replaced()
        return cast("X", Replacement((await flow.start_async()).id))

    def add_to_group(self, flow: Joining[J], /) -> J:
        """Start a flow as one more member of the group of which this job is one; return its job.

        Its result comes behind those of the others, and the group ends after it.  Raises OutsideJob, and InvalidFlow if this job is in no
        group, besides what `flow.start` raises.
        """
        return flow._start_in_group_of(running_job("current.add_to_group()", "flow.start()"))  # noqa: SLF001 - of this package

    async def add_to_group_async(self, flow: Joining[J], /) -> J:
        """As `add_to_group`, for `async def` tasks."""
        return await flow._start_in_group_of_async(running_job("current.add_to_group()", "flow.start()"))  # noqa: SLF001

    @property
    def inbox(self) -> Inbox[Any]:
        """The messages of `job.send` to this job, from the first one on: `for message in current.inbox`, `.of(Type)`, `.get()`."""
        return Inbox()

    def extend(self, seconds: float | timedelta) -> None:
        """Give this attempt *seconds* more than its time limit, if it has one; raises TypeError and ValueError for what is no duration."""
        added = seconds_of(seconds, "an extension")
        context = heard("`current.extend`")
        if context is not None:
            context.extend(added)

    @property
    def is_cancelled(self) -> bool:
        """True when the attempt has to stop: it was cancelled, its time is over, or its worker has to leave."""
        context = owner() or heard("`current.is_cancelled`")
        return context is not None and context.stop is not None

    def check(self) -> None:
        """Raise Cancelled (or TimeLimit) if the attempt has to stop; call it now and then in long loops.

        While the job is paused this waits, without a slot; on a running event loop it does not: see `check_async`.
        """
        context = owner() or heard("`current.check`")
        if context is not None:
            context.check()
            if is_paused(context) and context.can_wait and not is_in_loop():
                wait_while_paused(context)

    async def check_async(self) -> None:
        """As `check`, for `async def` tasks."""
        context = owner() or heard("`current.check_async`")
        if context is not None:
            context.check()
            while is_paused(context) and context.can_wait:
                await Awaiting(paused(context), nothing)

    def carry(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return *function* so that it belongs to this attempt in whatever thread it is called.

        Threads that the task starts, and what it submits to a `ThreadPoolExecutor`, belong to the attempt already.
        """
        return carry(function)


current = Current()
