"""Large flows: their jobs are accepted slice by slice, each in a commit of its own, so that others do not wait for all of them.

All is checked before the first slice, which has the flow itself. From then on the flow goes into the store to its end: when the store
refuses a slice, the slice comes again. The caller has its answer when the last slice is durable. If the caller cancels before, so is the
flow. If the caller or the router is gone before, the caller sends the flow again; the ids are the same, so that goes on where it was cut
off. A flow whose caller does not do that is cancelled after a while. If the caller comes later, the rest is stored and the flow begins again.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Protocol

from twisted.logger import Logger

from taskbahn.errors import NotReady, QueueFull, ServiceError, StoreUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn_router.model.submissions import Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice
from taskbahn_router.submission.submission import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from taskbahn_router.dispatcher.group_commit import GroupCommit
    from taskbahn_router.dispatcher.maintenance import Maintenance
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock
    from taskbahn_router.model.turn import TurnInput
    from taskbahn_router.stores.rows import Answer
    from taskbahn_router.submission.admission import Admission
    from taskbahn_router.submission.fair_queue import FairQueue
    from taskbahn_router.submission.flows import FlowJobs
    from taskbahn_router.submission.submission import Submissions

UNSEALED_SECONDS = 60.0  # seconds for which a flow that is not stored whole waits for a caller who sends it again
GIVEN_UP = f"the flow was not submitted to its end, and its caller did not submit it again within {UNSEALED_SECONDS:.0f} s"
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
    turn_input: TurnInput

    def cancel(self, raw: bytes, reason: str, answer: Callable[[Answer | None], None]) -> None:
        """Cancel a job."""


class LargeFlows:
    """Hands in what is left of flows, and gives up those whose callers do not come back.

    find_error: reads the store: the error of a job, as JSON.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._left: dict[bytes, float] = {}  # flows whose callers are gone, with the times at which they are given up
        self._fed: Counter[bytes] = Counter()
        self._gives_up = dispatcher.maintenance.add("unsealed", self._give_up)
        self.find_error: Callable[[bytes, Callable[[str | None], None]], None] = lambda _, then: then(None)

    def start(self, unsealed: Iterable[bytes]) -> None:
        """Wait for the callers of flows that were being submitted when the router ended."""
        for raw in unsealed:
            self.leave(raw)

    def feed(
        self, call: PendingCall | None, draft: Draft, then: Callable[[], None], failed: Callable[[TaskbahnError], None]
    ) -> Callable[[], None]:  # fmt: skip
        """Return what hands in the rest of the flows of a submission when its first part is accepted; call: None of a schedule."""
        return Feed(self, self._dispatcher, call, draft, then, failed).begin

    def begin(self, raws: Iterable[bytes]) -> None:
        """Note that flows have a caller."""
        for raw in raws:
            self._fed[raw] += 1
            self._left.pop(raw, None)

    def end(self, raws: Iterable[bytes]) -> None:
        """Note that a caller of flows is done with them."""
        for raw in raws:
            self._fed[raw] -= 1
            if not self._fed[raw]:
                del self._fed[raw]

    def leave(self, raw: bytes) -> None:
        """Wait for a caller of a flow, if it has none."""
        if raw not in self._fed:
            self._left[raw] = self._dispatcher.clock.seconds() + UNSEALED_SECONDS
            self._plan()

    def cancel(self, raw: bytes, why: str) -> None:
        """Cancel a flow, if it has no other caller."""
        if raw not in self._fed:
            self._dispatcher.cancel(raw, why[:MAX_REASON], lambda _: None)

    def revive(self, raw: bytes, then: Callable[[], None]) -> None:
        """Begin a flow again that was given up before all of it was there; call *then* in any case."""

        def found(error: str | None) -> None:
            if error is not None and messages.from_json(error).get("message") == GIVEN_UP:
                self._dispatcher.turn_input.add_retry(raw, lambda _: then())
                self._dispatcher.loop.schedule_turn()
            else:
                then()

        self.find_error(raw, found)

    def _plan(self) -> None:
        if self._left:
            self._gives_up.run_in(max(0.0, min(self._left.values()) - self._dispatcher.clock.seconds()))

    def _give_up(self) -> None:
        now = self._dispatcher.clock.seconds()
        for raw in [raw for raw, at in self._left.items() if at <= now]:
            del self._left[raw]
            self.cancel(raw, GIVEN_UP)
        self._plan()


class Feed:
    """Hands in the rest of the flows of one submission.

    then, failed: called when all is stored, or if it does not go on.
    """

    log = Logger("taskbahn.flows")

    def __init__(
        self,
        large_flows: LargeFlows,
        dispatcher: Dispatcher,
        call: PendingCall | None,
        draft: Draft,
        then: Callable[[], None],
        failed: Callable[[TaskbahnError], None],
    ) -> None:
        self._large_flows = large_flows
        self._dispatcher = dispatcher
        self._call = call
        self._first = draft
        self._flows: deque[FlowJobs] = deque()
        self._accepted: list[bytes] = []
        self._then = then
        self._failed = failed
        self._cancelled: bool | None = None  # None while the caller is there
        self._on_gone = None if call is None else call.on_gone
        if call is not None:
            call.on_gone = self._gone

    def begin(self) -> None:
        """Go on with the flows of which the first slice is accepted."""
        self._flows.extend(flow for flow in self._first.flows if self._first.answers[flow.entry] == flow.id)
        self._accepted = [flow.raw for flow in self._flows]
        self._large_flows.begin(self._accepted)
        self.go_on()

    def go_on(self) -> None:
        """Make the next slice when others had their turn."""
        while self._flows and not self._flows[0]:
            self._flows.popleft()
        if self._cancelled is not None:
            self._leave(NotReady("the caller of a flow went away before the store had all of it"))
        elif self._flows:
            draft = Draft(self._flows[0].caller, self._first.now, self._first.is_confined, self._first.by_tags)
            self._dispatcher.clock.callLater(0, self._make, draft, self._steps(draft))
        else:
            self._revive()

    def _gone(self, cancelled: bool) -> None:  # noqa: FBT001 - PendingCall.on_gone has one argument
        self._cancelled = cancelled
        if self._on_gone is not None:
            self._on_gone(cancelled)

    def _leave(self, error: TaskbahnError) -> None:
        """Stop: cancel the flows if the caller did, or wait until it comes back."""
        self._end()
        if self._cancelled:
            for raw in self._accepted:
                self._large_flows.cancel(raw, "cancelled by its caller")
        else:
            for flow in self._flows:
                self._large_flows.leave(flow.raw)
        self._failed(error)

    def _revive(self) -> None:
        """Begin flows again that were given up, and answer the caller."""
        if self._accepted:
            raw = self._accepted.pop()
            self._large_flows.end([raw])
            self._large_flows.revive(raw, self._revive)
        else:
            self._end()
            self._then()

    def _end(self) -> None:
        self._large_flows.end(self._accepted)
        if self._call is not None:
            self._call.on_gone = self._on_gone

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
            self._leave(ServiceError(f"an internal error: {type(error).__name__}; the router's log has more"))
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
                None if self._call is None else self._call.caller,
                draft.jobs,
                draft.size,
                accepted,
                self._refused,
                answers,
                counts=(len(draft.jobs),),
                has_links=True,
            )
        )
        self._dispatcher.loop.schedule_turn()

    def _refused(self, error: TaskbahnError) -> None:
        if isinstance(error, NotReady):
            self._leave(error)
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
