"""How much of large submissions is in memory at once: of those that are read, and of flows that the store does not have whole yet.

A large submission takes its share of a budget before it is read. If there is too little left, it waits for its turn, in the order in
which they came, and memory has it as the message that it came in. When too much waits, the next one is refused: its caller learns when
to send it again. There are two budgets, so that flows of usual sizes and lists of calls do not wait for huge flows.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from taskbahn.errors import NotReady, QueueFull
from taskbahn.protocol import messages
from taskbahn_router.submission.being_read import BeingRead, ids_of_flows
from taskbahn_router.submission.slices import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import TracebackType
    from typing import ParamSpec, TypeVar

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.slices import Rest, Slices

    P = ParamSpec("P")
    T = TypeVar("T")

SMALL_JOBS = 1_000  # jobs of a submission that is read at once: one commit takes them
MEDIUM_BUDGET_JOBS = 100_000  # jobs of submissions of up to `MAX_CALLS`, which are in memory at once
LARGE_BUDGET_JOBS = messages.MAX_FLOW_JOBS  # jobs of larger ones: some 160 MB
MAX_WAITING_BYTES = 256 * 1024 * 1024  # bytes of memory, about, of the submissions that wait for their turn
AGAIN_SECONDS = 10.0  # seconds after which `QueueFull` has the client try again
CALL_BYTES = 120  # bytes of memory that a call in a list takes beside its arguments
NODE_BYTES = 500  # bytes of memory that a node of a flow takes beside its arguments
NODES_OF_A_STEP = 32
BESIDE = ("with", "on_success", "on_failure", "on_end")  # what a member may have, too
PARTS = ("chain", "group", *BESIDE)


class Share:
    """What a submission takes of a budget, until `leave`.  jobs: that it may be in memory.   size: of its message, bytes."""

    def __init__(self, call: PendingCall, jobs: int = 0, size: int = 0) -> None:
        self.call = call
        self.jobs = jobs
        self.size = size
        self.budget: Budget | None = None  # from which it was taken
        self.has_flow = False
        self.when_read: Callable[[], None] = lambda: None
        self.is_kept = False  # whether it stays after the submission is read

    def before(self, end: Callable[P, None]) -> Callable[P, None]:
        """Return a function that gives the share back and then calls *end*."""

        def both(*args: P.args, **kwargs: P.kwargs) -> None:
            self.leave()
            end(*args, **kwargs)

        return both

    def leave(self) -> None:
        """Give the share back; safe to call twice."""
        budget, self.budget = self.budget, None
        if budget is not None:
            budget.give_back(self)

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.when_read()
        if kind is not None or not self.is_kept:
            self.leave()

    def reading(self, steps: Generator[None, None, T]) -> Generator[None, None, T]:
        """Read a submission; a large flow only as long as its caller is there, for nothing of it is accepted yet.  Raises `NotReady`."""
        if self.budget is None or not self.has_flow:
            return (yield from steps)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: T = end.value
                return found
            if not self.call.open:
                raise NotReady("the caller of a flow went away before the router had read it")
            yield


class Budget:
    """A number of jobs that may be in memory, and the shares that wait for theirs."""

    def __init__(self, slices: Slices, most: int) -> None:
        self._slices = slices
        self._most = most
        self._used = 0
        self._waiting: deque[Share] = deque()

    @property
    def waiting(self) -> int:
        """Return how many submissions wait."""
        return len(self._waiting)

    def take(self, share: Share) -> bool:
        """Take a share if it is its turn; return whether it was."""
        return not self._waiting and self._give(share)

    def wait(self, share: Share) -> Generator[Rest, None, bool]:
        """Wait for a share; return False when its caller is gone before."""
        self._waiting.append(share)
        while share.budget is None:
            if not share.call.open:
                self._waiting.remove(share)
                self._admit()
                return False
            yield self._slices.rest(share.call.caller)
        return True

    def give_back(self, share: Share) -> None:
        """Let those that wait have what a share had."""
        self._used -= share.jobs
        self._admit()

    def grow(self, share: Share, jobs: int) -> None:
        """Let a share be as large as it turned out to be, whatever is left."""
        self._used += jobs - (share.jobs if share.budget is self else 0)
        share.jobs, share.budget = jobs, self

    def _give(self, share: Share) -> bool:
        """Take a share if enough is left for it; one that is larger than the budget has it for itself."""
        if self._used and self._used + share.jobs > self._most:
            return False
        share.budget = self
        self._used += share.jobs
        return True

    def _admit(self) -> None:
        while self._waiting and self._give(self._waiting[0]):
            self._slices.wake(self._waiting.popleft().call.caller)


class MemoryBudget:
    """The budgets of all submissions."""

    def __init__(self, slices: Slices) -> None:
        self._medium = Budget(slices, MEDIUM_BUDGET_JOBS)
        self._large = Budget(slices, LARGE_BUDGET_JOBS)
        self._arrived: set[Share] = set()  # those that have not taken theirs
        self.being_read = BeingRead()

    def share(self, call: PendingCall) -> Generator[Rest | None, None, Share | None]:
        """Return the share of a submission when it is its turn; None: its caller went away before.  Raises `QueueFull`."""
        entries = call.args[0] if call.args and isinstance(call.args[0], list) else []
        share = Share(call)
        _estimate(entries, share)
        self._check(share)
        ids = ids_of_flows(entries)
        self.being_read.begin(ids)
        share.when_read = partial(self.being_read.end, ids)
        is_next = False
        self._arrived.add(share)
        try:
            is_next = yield from self._take(entries, share)
        finally:
            self._arrived.discard(share)
            if not is_next:
                share.when_read()
        return share if is_next else None

    def _take(self, entries: list[Any], share: Share) -> Generator[Rest | None, None, bool]:
        """Return when it is the turn of a submission; False: its caller went away before."""
        yield from _weigh(entries, share)
        if share.jobs <= SMALL_JOBS:
            return True
        budget = self._of(share.jobs)
        if budget.take(share):
            return True
        self._check(share)
        return (yield from budget.wait(share))

    def _check(self, share: Share) -> None:
        """Refuse a submission if too much waits already."""
        others = [other for other in self._arrived if other is not share]
        if share.jobs > SMALL_JOBS and others and sum(other.size for other in others) + share.size > MAX_WAITING_BYTES:
            raise QueueFull(
                f"{len(others)} large submissions wait for their turn, as many as the router keeps in memory; send this again in "
                f"{AGAIN_SECONDS:.0f} s",
                retry_after=AGAIN_SECONDS,
                waiting=len(others),
            )

    def keep(self, share: Share, jobs: int) -> None:
        """Let a submission have its share after it is read.  jobs: that it has, with those that its tasks have declared."""
        share.is_kept = True
        budget = share.budget or self._of(jobs)
        budget.grow(share, max(share.jobs, jobs))

    def _of(self, jobs: int) -> Budget:
        return self._medium if jobs <= messages.MAX_CALLS else self._large


def _estimate(entries: list[Any], share: Share) -> None:
    """Note how large a submission is by its outermost lists: when it comes, so that no more of them come than may wait."""
    for entry in entries:
        flow = entry.get("flow") if isinstance(entry, dict) else None
        if isinstance(flow, dict):
            share.has_flow = True
            _add(share, sum(len(parts) for parts in map(flow.get, PARTS) if isinstance(parts, list)), NODE_BYTES)
        for node in (entry, flow):
            if isinstance(node, dict) and isinstance(calls := node.get("calls"), list):
                _add(share, len(calls), CALL_BYTES)


def _weigh(entries: list[Any], share: Share) -> Iterator[None]:
    """Count the jobs of a submission, and about how many bytes of memory its message takes, in steps."""
    counted = Share(share.call)
    todo = [entry["flow"] if isinstance(entry, dict) and "flow" in entry else entry for entry in entries]
    count = 0
    while todo:
        node = todo.pop()
        if not count % NODES_OF_A_STEP:
            yield
        count += 1
        if not isinstance(node, dict):
            continue
        calls = node.get("calls")
        if isinstance(calls, list):
            _add(counted, len(calls), CALL_BYTES)
            for part in parts_of(calls):
                counted.size += sum(map(_length, part))
                yield
        else:
            counted.jobs += 1
        counted.size += NODE_BYTES + _length(node.get("packed"))
        if "task" not in node or not node.keys().isdisjoint(BESIDE):
            todo += chain.from_iterable(parts for parts in map(node.get, PARTS) if isinstance(parts, list))
    share.jobs, share.size = counted.jobs, counted.size


def _add(share: Share, jobs: int, size_each: int) -> None:
    share.jobs += jobs
    share.size += jobs * size_each


def _length(call: Any) -> int:
    """Return the characters of the arguments of a call: of a text, or of one with an id."""
    if isinstance(call, list) and len(call) == 2:  # noqa: PLR2004 - id and text
        call = call[1]
    return len(call) if isinstance(call, str) else 0
