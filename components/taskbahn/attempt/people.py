"""`current.ask`: a task asks people, as `taskbahn.attempt.current.Current` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from taskbahn.attempt.asking import Asking, wait_for, wait_for_async
from taskbahn.attempt.blocking import check_may_block

if TYPE_CHECKING:
    from taskbahn.attempt.sleeping import Duration

X = TypeVar("X")
D = TypeVar("D")


class AsksPeople:
    """The part of `current` that asks people. What no class is, such as `Literal["S", "M"]`, is Any for a type checker."""

    @overload
    def ask(
        self,
        question: str,
        kind: type[X],
        /,
        *,
        to: str = "",
        within: Duration | None = None,
        remind: Duration | None = None,
        name: str | None = None,
    ) -> X: ...
    @overload
    def ask(
        self,
        question: str,
        kind: type[X],
        /,
        *,
        default: D,
        within: Duration,
        to: str = "",
        remind: Duration | None = None,
        name: str | None = None,
    ) -> X | D: ...
    @overload
    def ask(
        self,
        question: str,
        kind: object,
        /,
        *,
        to: str = "",
        within: Duration | None = None,
        remind: Duration | None = None,
        name: str | None = None,
    ) -> Any: ...
    @overload
    def ask(
        self,
        question: str,
        kind: object,
        /,
        *,
        default: object,
        within: Duration,
        to: str = "",
        remind: Duration | None = None,
        name: str | None = None,
    ) -> Any: ...
    def ask(self, question: str, kind: Any = bool, /, **options: Any) -> Any:
        """Ask people a question, and wait for the answer without a slot, over restarts, for days.

        kind: the type of the answer.   to: who is to answer, as text.   within: how long the question is open; then *default*, or
        NotAnswered.   remind: after how long the log says again that it waits.   name: by which a later attempt finds the answer; without
        it by the question.  Raises OutsideJob, ValueError, UnsupportedAnnotation.
        """
        check_may_block("current.ask()", "await current.ask_async(...)")
        asking = Asking(question, kind, **options)
        wait_for(asking.rounds())
        return asking.value

    @overload
    async def ask_async(
        self,
        question: str,
        kind: type[X],
        /,
        *,
        to: str = "",
        within: Duration | None = None,
        remind: Duration | None = None,
        name: str | None = None,
    ) -> X: ...
    @overload
    async def ask_async(
        self,
        question: str,
        kind: type[X],
        /,
        *,
        default: D,
        within: Duration,
        to: str = "",
        remind: Duration | None = None,
        name: str | None = None,
    ) -> X | D: ...
    @overload
    async def ask_async(
        self,
        question: str,
        kind: object,
        /,
        *,
        to: str = "",
        within: Duration | None = None,
        remind: Duration | None = None,
        name: str | None = None,
    ) -> Any: ...
    @overload
    async def ask_async(
        self,
        question: str,
        kind: object,
        /,
        *,
        default: object,
        within: Duration,
        to: str = "",
        remind: Duration | None = None,
        name: str | None = None,
    ) -> Any: ...
    async def ask_async(self, question: str, kind: Any = bool, /, **options: Any) -> Any:
        """As `ask`, for `async def` tasks."""
        asking = Asking(question, kind, **options)
        await wait_for_async(asking.rounds())
        return asking.value
