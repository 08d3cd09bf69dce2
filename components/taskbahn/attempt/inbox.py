"""`current.inbox`: the messages of `job.send`, in their order, for `for` and `async for`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from taskbahn.attempt.asking import Message, wait_for, wait_for_async
from taskbahn.attempt.blocking import check_may_block

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from taskbahn.attempt.sleeping import Duration

M = TypeVar("M")
N = TypeVar("N")


class Inbox(Generic[M]):
    """The messages to the running job, from the first one on: an attempt that comes later gets those of before again."""

    def __init__(self, kind: Any = Any) -> None:
        self._kind = kind
        self._taken = 0

    @overload
    def of(self, kind: type[N]) -> Inbox[N]: ...
    @overload
    def of(self, kind: object) -> Inbox[Any]: ...  # what no class is, such as `Literal["go", "stop"]`
    def of(self, kind: Any) -> Inbox[Any]:
        """Return the inbox with messages of a type; it begins with the first message."""
        return Inbox(kind)

    def get(self, *, within: Duration | None = None) -> M:
        """Return the next message; wait for it without a slot.  Raises NotAnswered when *within* is over, OutsideJob."""
        check_may_block("current.inbox.get()", "await current.inbox.get_async()")
        message = self._next(within)
        wait_for(message.rounds())
        return self._took(message)

    async def get_async(self, *, within: Duration | None = None) -> M:
        """As `get`, for `async def` tasks."""
        message = self._next(within)
        await wait_for_async(message.rounds())
        return self._took(message)

    def _next(self, within: Duration | None) -> Message:
        return Message(self._kind, self._taken + 1, within)

    def _took(self, message: Message) -> M:
        self._taken += 1
        value: M = message.value
        return value

    def __iter__(self) -> Iterator[M]:
        while True:
            yield self.get()

    async def __aiter__(self) -> AsyncIterator[M]:
        while True:
            yield await self.get_async()
