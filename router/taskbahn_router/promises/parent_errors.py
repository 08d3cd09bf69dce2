"""The errors of jobs that fail because another one did: which one it was, and, for a flow, that one's own error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.lifecycle import Event, sources
from taskbahn_router.core.reactions import HAS_PARENTS, IS_FLOW, ON_END, ON_FAILURE, ON_SUCCESS, Ended, ReactionNeed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from taskbahn_router.core.reactions import FlaggedJob, ReactionRows

NOT_NEEDED = {  # policy -> the error of a callback that does not start, as JSON
    ON_SUCCESS: '{"message":"not needed: the job that it is a callback of did not succeed"}',
    ON_FAILURE: '{"message":"not needed: the job that it is a callback of did not fail"}',
    ON_END: '{"message":"not needed"}',
}
UNSUCCESSFUL = sources(Event.RETRY_BY_HAND)
PLAIN = {State.CANCELLED: "JobCancelled", State.EXPIRED: "JobExpired"}  # the types of ends that have none of their own


class ParentErrors:
    """The errors of the jobs of one transaction; task: the name of a partition's task."""

    def __init__(self, task: Callable[[int], str]) -> None:
        self._task = task
        self._known: dict[bytes, Ended | None] = {}

    def note(self, id: bytes, state: str, error: str | None) -> None:
        """Remember an end that was just decided."""
        self._known[id] = Ended(state, error)

    def load(self, failed: Iterable[FlaggedJob]) -> Generator[ReactionNeed, ReactionRows, None]:
        """Read the errors of jobs that may have failed because of others."""
        yield from self._read(job.id for job in failed if job.state == State.FAILED and job.flags & HAS_PARENTS)

    def passed_on(self, parent: FlaggedJob, child: FlaggedJob) -> Generator[ReactionNeed, ReactionRows, str]:
        """Return, as JSON, the error of a job that fails because *parent* did; a flow has the error of the job that failed first."""
        origin = self._origin(parent)
        if not child.flags & IS_FLOW:
            id = id_text(parent.id)
            message = f"job {id}, which this one depends on, {_ending(parent.state)}"
            return messages.to_json({"type": "ParentFailed", "message": message, "parent": id, "origin": origin})
        raw = bytes.fromhex(origin["id"].replace("-", ""))
        yield from self._read([raw])
        ended = self._known.get(raw)
        if ended is None or ended.state not in UNSUCCESSFUL:  # it was retried since
            ended, origin = self._known.get(parent.id) or Ended(parent.state, None), self._itself(parent)
        error = _parsed(ended)
        member = error.pop("member", origin)
        error.setdefault("type", PLAIN.get(State(ended.state), "JobFailed"))
        error.setdefault("message", f"job {origin['id']} ({origin['task']}) {_ending(ended.state)}")
        return messages.to_json({**error, "member": member})

    def shared(self, parent: FlaggedJob) -> Generator[ReactionNeed, ReactionRows, tuple[Event, str]]:
        """Return how a member ends that joined *parent*, which did not succeed, and its error as JSON."""
        yield from self._read([parent.id])
        error = _parsed(self._known.get(parent.id))
        itself = self._itself(parent)
        error.setdefault("message", f"the job {_ending(parent.state)}")
        if parent.state == State.CANCELLED:
            message = f"job {itself['id']}, which this one joined, was cancelled: {error['message']}"
            return Event.CANCEL, messages.to_json({"message": message, "joined": itself})
        error.setdefault("type", PLAIN.get(State(parent.state), "JobFailed"))
        return Event.PARENT_FAILED, messages.to_json({**error, "joined": itself})

    def _origin(self, parent: FlaggedJob) -> dict[str, str]:
        """Return the job that failed first: id and task."""
        if parent.state == State.FAILED and parent.flags & HAS_PARENTS:
            error = _parsed(self._known.get(parent.id))
            origin = error.get("member") or (error.get("type") == "ParentFailed" and error.get("origin"))
            if isinstance(origin, dict) and "id" in origin:
                return origin
        return self._itself(parent)

    def _itself(self, job: FlaggedJob) -> dict[str, str]:
        return {"id": id_text(job.id), "task": self._task(job.partition)}

    def _read(self, ids: Iterable[bytes]) -> Generator[ReactionNeed, ReactionRows, None]:
        missing = [id for id in dict.fromkeys(ids) if id not in self._known]
        if missing:
            rows = yield ReactionNeed(errors=missing)
            self._known.update(dict.fromkeys(missing))
            self._known.update(rows.errors)


def _parsed(ended: Ended | None) -> dict[str, Any]:
    parsed = messages.from_json(ended.error) if ended is not None and ended.error else {}
    return dict(parsed) if isinstance(parsed, dict) else {}


def _ending(state: str) -> str:
    return state if state in (State.FAILED, State.EXPIRED) else f"was {state}"
