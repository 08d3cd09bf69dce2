"""`current.replace`: another flow takes the place of the running job."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar

from taskbahn.attempt.context import ACTIVE
from taskbahn.errors import InvalidFlow, OutsideJob

X_co = TypeVar("X_co", covariant=True)
J_co = TypeVar("J_co", covariant=True)


class Complete(Protocol[X_co]):
    """A flow that takes nothing of what comes before it."""

    @property
    def output(self) -> X_co:
        """What stands for its result."""

    def start(self) -> Any:
        """Start it; return its job."""

    async def start_async(self) -> Any:
        """As `start`, for asyncio and Twisted."""


class Replacement(NamedTuple):
    """What a function returns whose job another one replaces; job: the id of that one."""

    job: str


class Joining(Protocol[J_co]):
    """A flow that can be started as one more member of a group."""

    def _start_in_group_of(self, job: str) -> J_co: ...

    async def _start_in_group_of_async(self, job: str) -> J_co: ...


def running_job(what: str, instead: str) -> str:
    """Return the id of the job that runs; raises OutsideJob where none does."""
    context = ACTIVE.get()
    if context is None or not context.can_wait:
        raise OutsideJob(what, instead)
    return context.job


def check_may_be_replaced() -> None:
    """Raise OutsideJob where no job runs, InvalidFlow in an item of a chunk: its job is that of the other items, too."""
    running_job("current.replace()", "flow.call()")
    context = ACTIVE.get()
    if context is not None and context.cipher is not None:
        raise InvalidFlow(
            "an encrypted job cannot be replaced, for its result is bound to it, and another job would give it: call the flow, "
            "and return what it gives"
        )
    if context is not None and context.memory is not None and context.memory.scope:
        raise InvalidFlow(
            "an item of a chunk is no job of its own that a flow could replace: call it, or use map instead of chunks"
        )
