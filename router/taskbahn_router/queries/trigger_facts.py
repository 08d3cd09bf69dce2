"""What is seen of triggers, for the list of problems: those whose newest event started no job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol import messages
from taskbahn.protocol.views import Problem
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.text import pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

LOOK_SECONDS = 5.0  # seconds between two questions to the store
MAX_TROUBLED = 100  # triggers in one answer of it


class Trouble(NamedTuple):
    """A trigger whose newest event started no job, and why; or, without a trigger, a sentence about a hook that takes nothing."""

    trigger: str
    message: str


def without_secret(sentences: Sequence[str]) -> Iterator[Problem]:
    """Find hooks whose secrets the node lacks, each as a sentence without its end."""
    for sentence in sentences[:MAX_ALIKE]:
        yield Problem(
            kind="hook_secret",
            level="error",
            sentence=f"{sentence[:1].upper()}{sentence[1:]}.",
            hint="Until then the hook answers 503, and the sender tries again.",
            page="triggers",
            id=sentence[:100],
        )


class TriggerFacts:
    """Looks for triggers in trouble."""

    def __init__(self, reader: Reader, runner: Runner) -> None:
        self._reader = reader
        self._runner = runner
        self._is_asking = False
        self._next_question = 0.0
        self.troubles: list[Trouble] = []

    def look(self, now: float) -> None:
        """Have the store say which they are; those that are paused start nothing, so they are none."""
        if self._is_asking or now < self._next_question:
            return
        self._next_question = now + LOOK_SECONDS

        def read(rows: list[TriggerRow]) -> None:
            self._is_asking = False
            self.troubles = [Trouble(row.id, _message(row.trouble)) for row in rows if row.trouble and not _is_paused(row, now)]

        def unread(_: Any) -> None:  # the store refuses, which `problems` shows
            self._is_asking = False

        self._is_asking = True
        self._runner.run(self._reader.troubled_triggers, MAX_TROUBLED).addCallbacks(read, unread)


def _is_paused(row: TriggerRow, now: float) -> bool:
    pause = pause_of(row)
    return pause is not None and not is_over(pause, now)


def _message(trouble: str) -> str:
    return str(messages.from_json(trouble).get("message", "")).rstrip(".")


def refused(found: Sequence[Trouble]) -> Iterator[Problem]:
    """Find triggers whose newest event started no job, and hooks that take nothing."""
    yield from without_secret([one.message for one in found if not one.trigger])
    troubles = [one for one in found if one.trigger]
    for trouble in troubles[:MAX_ALIKE]:
        yield Problem(
            kind="trigger_refused",
            level="error",
            sentence=f"The newest event of the trigger {trouble.trigger} started no job: {trouble.message}.",
            hint="The next event tries again. Start a worker that has the task, change the trigger, or pause it.",
            page="triggers",
            id=trouble.trigger,
        )
    if len(troubles) > MAX_ALIKE:
        yield Problem(
            kind="trigger_refused",
            level="error",
            sentence=f"The newest events of {pluralize(len(troubles) - MAX_ALIKE, 'more trigger')} started no job, too.",
            hint="Many at once: a worker with their tasks is probably missing; `taskbahn triggers` shows each.",
            page="triggers",
        )
