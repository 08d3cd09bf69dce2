"""Large flows: their jobs are accepted slice by slice, each in a commit of its own, so that others do not wait for all of them.

All is checked before the first slice, which has the flow itself. From then on the flow goes into the store to its end, whatever becomes
of its caller: when the store refuses a slice, the slice comes again. The caller has its answer when the last slice is durable. If the
router ends before, the caller does not get one, and sends the flow again; the ids are the same, so that goes on where it was cut off.
A flow whose caller does not do that is cancelled after a while.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from twisted.logger import Logger

from taskbahn.errors import NotReady, QueueFull, ServiceError, StoreUnavailable, TaskbahnError
from taskbahn_router.model.turn import Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice
from taskbahn_router.submission.submission import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from taskbahn_router.dispatcher.group_commit import GroupCommit
    from taskbahn_router.dispatcher.maintenance import Maintenance
    from taskbahn_router.model.ports import Clock
    from taskbahn_router.stores.rows import Answer
    from taskbahn_router.submission.admission import Admission
    from taskbahn_router.submission.fair_queue import FairQueue
    from taskbahn_router.submission.flows import FlowJobs
    from taskbahn_router.submission.submission import Submissions

UNSEALED_SECONDS = 600.0  # seconds after a start of the router for which a flow waits that was being submitted
MAX_REASON = 500  # characters
AGAIN_SECONDS = 1.0  # seconds after which a slice comes again for which there was no room, or which the store refused


class Dispatcher(Protocol):
    """What large flows need of the dispatcher."""

    clock: Clock
    intake: Submissions
    admission: Admission
    maintenance: Maintenance
    fair_queue: FairQueue
    loop: GroupCommit

    def cancel(self, raw: bytes, reason: str, answer: Callable[[Answer | None], None]) -> None:
        """Cancel a job."""


class LargeFlows:
    """Hands in what is left of flows, and gives up those whose callers do not come back."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._left: set[bytes] = set()

    def start(self, unsealed: Iterable[bytes]) -> None:
        """Wait for the callers of flows that were being submitted when the router ended."""
        self._left = set(unsealed)
        if self._left:
            self._dispatcher.maintenance.add("unsealed", self._give_up, first=UNSEALED_SECONDS)

    def go_on(self, caller: int | None, draft: Draft, then: Callable[[], None], failed: Callable[[TaskbahnError], None]) -> None:
        """Hand in the rest of the flows of a submission whose first part is accepted."""
        flows = [flow for flow in draft.flows if draft.answers[flow.entry] == flow.id]
        self._left.difference_update(flow.raw for flow in flows)
        Feed(self._dispatcher, caller, draft, flows, then, failed).go_on()

    def _give_up(self) -> None:
        why = (
            "the router ended while the flow was being submitted, and its caller did not submit it again within "
            f"{UNSEALED_SECONDS / 60:.0f} minutes"
        )
        for raw in self._left:
            self._dispatcher.cancel(raw, why, lambda _: None)
        self._left.clear()


class Feed:
    """Hands in the rest of the flows of one submission.

    then, failed: called when all is stored, or if the router stops before.
    """

    log = Logger("taskbahn.flows")

    def __init__(
        self,
        dispatcher: Dispatcher,
        caller: int | None,
        draft: Draft,
        flows: Iterable[FlowJobs],
        then: Callable[[], None],
        failed: Callable[[TaskbahnError], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._caller = caller
        self._first = draft
        self._flows = deque(flows)
        self._then = then
        self._failed = failed

    def go_on(self) -> None:
        """Make the next slice when others had their turn."""
        while self._flows and not self._flows[0]:
            self._flows.popleft()
        if self._flows:
            draft = Draft(self._first.authid, self._first.now)
            self._dispatcher.clock.callLater(0, self._make, draft, self._steps(draft))
        else:
            self._then()

    def _steps(self, draft: Draft) -> Iterator[None]:
        yield from self._flows[0].add(self._dispatcher.intake, draft)
        yield from self._dispatcher.admission.take_in(draft, follows=False)

    def _make(self, draft: Draft, steps: Iterator[None]) -> None:
        clock = self._dispatcher.clock
        try:
            if not run_slice(steps, clock, SLICE_SECONDS, STEPS):
                clock.callLater(0, self._make, draft, steps)
                return
        except TaskbahnError as error:
            self._refused(error)
            return
        except Exception as error:  # noqa: BLE001 - the edge of the loop: whatever it is, the caller gets an answer
            self.log.failure("a slice of a flow could not be made")
            self._failed(ServiceError(f"an internal error: {type(error).__name__}; the router's log has more"))
            return
        answers: list[Any] = [self._flows[0].id]

        def accepted() -> None:
            if answers[0] == self._flows[0].id:
                self._flows[0].accepted(len(draft.jobs))
            else:
                self._give_up(answers[0])
            self.go_on()

        self._dispatcher.fair_queue.put(
            Submission(
                self._caller, draft.jobs, draft.size, accepted, self._refused, answers, counts=(len(draft.jobs),), has_links=True
            )
        )
        self._dispatcher.loop.schedule_turn()

    def _refused(self, error: TaskbahnError) -> None:
        if isinstance(error, NotReady):
            self._failed(error)
        elif isinstance(error, QueueFull | StoreUnavailable):
            self._dispatcher.clock.callLater(AGAIN_SECONDS, self.go_on)
        else:
            self._give_up(error.info())
            self.go_on()

    def _give_up(self, error: dict[str, Any]) -> None:
        """Cancel a flow of which the rest cannot be stored: what it refers to is gone, or there is no room for more queues."""
        flow = self._flows.popleft()
        self._first.answers[flow.entry] = error
        why = f"the rest of the flow was refused: {error['message']}"
        self._dispatcher.cancel(flow.raw, why[:MAX_REASON], lambda _: None)
