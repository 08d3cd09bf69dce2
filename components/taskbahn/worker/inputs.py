"""What an attempt must have before it begins, and does not travel with it: what other jobs give, and what its job remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from taskbahn.attempt.moments import noted_lag
from taskbahn.encryption.envelope import MARK
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import INPUT, mark_of, whole_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.tasks.task import Task

    Ask = Callable[..., Deferred[Any]]  # calls a procedure; raises when there is no session


class InputReader:
    """Reads what attempts lack. give: takes an attempt that has all.   hand_back: takes those for which it cannot be read."""

    log = Logger("taskbahn.worker")

    def __init__(
        self,
        ask: Ask,
        give: Callable[[AttemptContext], object],
        hand_back: Callable[[list[AttemptContext]], object],
        tasks: Mapping[str, Task[..., Any]],
    ) -> None:
        self._ask = ask
        self._give = give
        self._hand_back = hand_back
        self._tasks = tasks
        self._reading: dict[tuple[str, int], Deferred[None]] = {}

    def read(self, context: AttemptContext, *, inputs: bool, notes: bool) -> None:
        """Read what an attempt lacks, then give it on."""

        def found(_: None) -> None:
            del self._reading[context.key]
            self._give(context)

        def failed(failure: Any) -> None:
            self._reading.pop(context.key, None)
            self.log.warn(
                "what job {job} needs cannot be read ({error}); it goes back",
                job=context.job,
                error=failure.getErrorMessage(),
            )
            self._hand_back([context])

        reading = self._reading[context.key] = Deferred.fromCoroutine(self._read(context, inputs=inputs, notes=notes))
        reading.addCallbacks(found, failed)

    def stop(self, keys: Iterable[tuple[str, int]] | None = None) -> list[tuple[str, int]]:
        """Read no more for some attempts, or for all; return those of them that were read for, which go back."""
        stopped = [key for key in (self._reading if keys is None else keys) if key in self._reading]
        for key in stopped:
            self._reading[key].cancel()
        return stopped

    async def _read(self, context: AttemptContext, *, inputs: bool, notes: bool) -> None:
        if inputs:
            context.packed = await self._read_arguments(context)
        if notes:
            context.notes.update(await self._read_notes(context.job))

    async def read_again(self, key: tuple[str, int], told: Callable[[tuple[str, int], str, str], None]) -> None:
        """Tell an attempt all that its job remembers: while the worker was away, some of it may have come from outside."""
        for name, text in (await self._read_notes(key[0])).items():
            told(key, name, text)

    async def _read_notes(self, job: str) -> dict[str, str]:
        notes: dict[str, str] = {}
        after: str | None = ""
        now: float | None = None
        while after is not None:
            page = await self._ask(messages.JOB_NOTES, job, after=after)
            notes.update(page["notes"])
            after, now = page["next"], page.get("now")
        return notes | noted_lag(now)

    async def _read_arguments(self, context: AttemptContext) -> str:
        pages = whole_arguments(context.job, context.packed, self._paged(context))
        try:
            asked = next(pages)
            while True:
                id, after = asked
                asked = pages.send(await self._ask(messages.JOB_RESULTS, id, after=after))
        except StopIteration as end:
            packed: str = end.value
            return packed

    def _paged(self, context: AttemptContext) -> set[int]:
        """Return the positions of what the task only iterates over: it reads that itself."""
        task = self._tasks[context.task]
        signature = task.signature
        if task.pool == "loop" or not signature.is_paged or MARK in context.packed:  # which could not wait, or not read a page
            return set()
        args, kwargs = messages.from_json(context.packed)
        places = [value for place, value in (*enumerate(args), *kwargs.items()) if signature.parameters.is_paged(place)]
        return {value[INPUT] for value in places if mark_of(value) == INPUT}
