"""What one name may use of a node, by its role: connections at once, jobs and bytes of arguments a second, and watchers.

Most sessions have a role without limits, and cost one look into a table that is small or empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from taskbahn.access_errors import LimitExceeded
from taskbahn.protocol import messages
from taskbahn_router.core.role_limits import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.core.role_limits import Limits
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft

    Handler = Callable[[PendingCall], Any]

BURST_SECONDS = 10.0  # of a rate that may be used at once
FEW_WATCHERS = 64  # among which none is looked for that is over
LATELY_SECONDS = 60.0
MAX_IDLE_NAMES = 1000  # names that are kept without a connection, before those without debts are forgotten


class Bucket:
    """A rate that may be used in advance: what is charged beyond it is paid back before more is let in.   rate: a second."""

    __slots__ = ("_at", "_level", "_most", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._level = self._most = rate * BURST_SECONDS
        self._at = now

    def wait(self, now: float) -> float:
        """Return for how many seconds nothing may be charged; 0: it may be now, however much it is."""
        level = self._level + (now - self._at) * self.rate
        if level > self._most:  # noqa: PLR1730 - `min` takes longer than all the rest
            level = self._most
        self._level, self._at = level, now
        return 0.0 if level > 0 else max(0.001, -level / self.rate)

    def charge(self, amount: float) -> None:
        """Use some of it."""
        self._level -= amount

    def is_full(self, now: float) -> bool:
        """Whether nothing of it is used."""
        self.wait(now)
        return self._level >= self._most


class Usage:
    """What one name uses."""

    __slots__ = ("_live", "_watching", "buckets", "limits", "rates", "sessions")

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self.sessions: set[int] = set()
        rates = {"submissions": limits.submissions, "bytes": limits.bytes}
        self.buckets = {name: Bucket(rate, now) for name, rate in rates.items() if rate is not None}
        self.rates = tuple(self.buckets.items())
        self._watching: list[ref[PendingCall]] = []
        self._live = 0  # of these, at the last look

    def charge(self, jobs: int, size: int) -> None:
        """Use some of the rates.   size: bytes."""
        for which, bucket in self.rates:
            bucket.charge(jobs if which == "submissions" else size)

    def watches(self, call: PendingCall) -> None:
        """Take note of a call that is open."""
        self._watching.append(ref(call))
        if len(self._watching) > max(FEW_WATCHERS, 2 * self._live):
            self.count()

    def has_room(self) -> bool:
        """Whether one more call may watch."""
        most = self.limits.watchers
        return most is None or len(self._watching) < most or self.count() < most

    def count(self) -> int:
        """Return how many calls watch now."""
        self._watching = [each for each in self._watching if (call := each()) is not None and call.open]
        self._live = len(self._watching)
        return self._live

    def is_idle(self, now: float) -> bool:
        """Whether nothing of this has to be remembered."""
        return not self.sessions and all(bucket.is_full(now) for bucket in self.buckets.values())


class RoleLimits:
    """Bounds what each name uses.   clock: seconds, monotonic."""

    def __init__(self, by_role: Mapping[str, Limits], clock: Callable[[], float]) -> None:
        self._by_role: Mapping[Any, Limits] = by_role
        self._clock = clock
        self._names: dict[str, Usage] = {}
        self._sessions: dict[int, str] = {}
        self._refused: dict[
            tuple[str, str], tuple[int, float]
        ] = {}  # by name and limit: how often lately, and when the last time

    # connections

    def may_connect(self, name: str, role: str) -> None:
        """Raise LimitExceeded if a name has as many connections as it may."""
        limits = self._by_role.get(role)
        if limits is None or limits.connections is None:
            return
        usage = self._names.get(name)
        if usage is not None and len(usage.sessions) >= limits.connections:
            raise self._refusal(name, role, "connections", limits.connections, 1.0)

    def joined(self, session: int, name: str, role: str) -> None:
        """Take note: a session has begun."""
        limits = self._by_role.get(role)
        if limits is not None:
            self._usage(name, limits).sessions.add(session)
            self._sessions[session] = name

    def left(self, session: int) -> None:
        """Take note: a session has ended."""
        name = self._sessions.pop(session, None)
        if name is not None:
            self._names[name].sessions.discard(session)
            if len(self._names) > MAX_IDLE_NAMES + len(self._sessions):
                now = self._clock()
                self._names = {each: usage for each, usage in self._names.items() if not usage.is_idle(now)}

    # calls

    def starting(self, handler: Handler, jobs: Callable[[PendingCall], int] | None = None) -> Handler:
        """Return a handler that refuses what comes too fast.

        jobs: how many a call starts; None: `charge` gets them when they are read.
        """
        if not self._by_role:
            return handler
        by_role = self._by_role

        def handle(call: PendingCall) -> Any:
            limits = by_role.get(call.role)
            if limits is not None:
                self._let_start(call, limits, jobs)
            return handler(call)

        return handle

    def watching(self, handler: Handler, does_watch: Callable[[PendingCall], bool] = lambda _: True) -> Handler:
        """Return a handler of calls that stay open, which refuses too many of them at once."""
        if not self._by_role:
            return handler
        by_role = self._by_role

        def handle(call: PendingCall) -> Any:
            limits = by_role.get(call.role)
            if limits is None or not does_watch(call):
                return handler(call)
            usage = self._usage(str(call.who), limits)
            if not usage.has_room():
                raise self._refusal(str(call.who), str(call.role), "watchers", limits.watchers or 0, 1.0)
            steps = handler(call)
            if call.open:
                usage.watches(call)
            return steps

        return handle

    def charge(self, call: PendingCall | None, draft: Draft) -> None:
        """Charge the jobs and the bytes of a submission that is read, and that has room.  Raises LimitExceeded.

        Others of the name may have been read since this one came.
        """
        limits = self._by_role.get(call.role) if call is not None else None
        if call is not None and limits is not None:
            usage = self._let_start(call, limits)
            usage.charge(len(draft.jobs) + sum(map(len, draft.flows)), draft.size)

    def _let_start(self, call: PendingCall, limits: Limits, jobs: Callable[[PendingCall], int] | None = None) -> Usage:
        usage, now = self._usage(str(call.who), limits), self._clock()
        for which, bucket in usage.rates:
            if wait := bucket.wait(now):
                raise self._refusal(str(call.who), str(call.role), which, bucket.rate, wait)
        if jobs is not None:
            usage.charge(jobs(call), len(messages.to_json([call.args, call.kwargs])) if limits.bytes else 0)
        return usage

    def _usage(self, name: str, limits: Limits) -> Usage:
        usage = self._names.get(name)
        if usage is None:
            usage = self._names[name] = Usage(limits, self._clock())
        return usage

    # what operators see

    def refused(self) -> dict[tuple[str, str], int]:
        """Return how often which limit of which name has refused something lately."""
        since = self._clock() - LATELY_SECONDS
        self._refused = {key: found for key, found in self._refused.items() if found[1] >= since}
        return {key: times for key, (times, _) in self._refused.items()}

    def _refusal(self, name: str, role: str, which: str, most: float, wait: float) -> LimitExceeded:
        key = (name, which)
        if key in self._refused or len(self._refused) < MAX_IDLE_NAMES:
            self._refused[key] = (self._refused.get(key, (0, 0.0))[0] + 1, self._clock())
        return LimitExceeded(name, role, which, most, WORDS[which], wait)


def ids_in(call: PendingCall) -> int:
    """Return how many jobs a call names in its first argument."""
    first = call.args[0] if call.args else None
    return len(first) if isinstance(first, list) else 1


def one(_: PendingCall) -> int:
    """Return that a call counts as one job."""
    return 1
