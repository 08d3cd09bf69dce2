"""What is said of a blocked event loop: in the worker's log, in the job's, and to the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from taskbahn.protocol.vitals import Blocked

if TYPE_CHECKING:
    from taskbahn.worker.loop_watch import Blockade

log = Logger("taskbahn.worker")


def blocked_of(blockade: Blockade | None, now: float) -> Blocked | None:
    """Return what the worker tells the dispatcher; now: monotonic."""
    if blockade is None:
        return None
    blocked = Blocked(at=blockade.place, seconds=round(max(0.0, now - blockade.since), 3))
    if blockade.context is not None:
        blocked.job, blocked.attempt, blocked.task = blockade.context.job, blockade.context.attempt, blockade.context.task
    return blocked


def log_blockade(before: Blockade | None, blockade: Blockade | None, now: float) -> None:
    """Say that the loop is blocked, at another place than *before*, or not any more; now: monotonic."""
    if blockade is not None:
        _log(blockade, "blocks the worker's event loop", now)
    elif before is not None:
        _log(before, "blocked the worker's event loop", now)


def _log(blockade: Blockade, what: str, now: float) -> None:
    sentence = f"{what} at {blockade.place} for {now - blockade.since:.1f} s"
    context = blockade.context
    if context is None:
        log.warn("a callback {sentence}", sentence=sentence)
        return
    log.warn("{task}, job {job}, {sentence}", task=context.task, job=context.job, sentence=sentence)
    if not context.ended:
        remedy = "; await something there, or declare the task with `def`, which runs in a process or a thread"
        context.open_output().line("WARNING", "taskbahn", sentence + (remedy if what.startswith("blocks") else ""))
