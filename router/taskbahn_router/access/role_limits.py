"""What one name may use of a node, by its role: connections at once, jobs and bytes of arguments a second, and watchers.

Most sessions have a role without limits, and cost one look into a table that is small or empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from taskbahn.access_errors import LimitExceeded
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.core.role_limits import WORDS
from taskbahn_router.model.roles import base_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.core.role_limits import Limits
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft

    Handler = Callable[[PendingCall], Any]

BURST_SECONDS = 10.0  # of a rate that may be used at once
FEW_WATCHERS = 64  # among which none is looked for that is over
LATELY_SECONDS = 60.0
BROWSER = Role.BROWSER.value
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


class Bound(NamedTuple):
    """What one name of a role may use."""

    name: str
    role: str
    limits: Limits


class RoleLimits:
    """Bounds what each name uses. A page is bound twice: by its browser token, and together with all pages of the token's maker.

    An own role has the limits of its base.   clock: seconds, monotonic.
    maker_of: the name and the role of who has made the browser token of a session.
    """

    def __init__(
        self, by_role: Mapping[str, Limits], clock: Callable[[], float],
        maker_of: Callable[[int | None], tuple[str, str] | None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._by_role: Mapping[Any, Limits] = by_role
        self._clock = clock
        self._maker_of = maker_of
        self._names: dict[
            tuple[str, str], Usage
        ] = {}  # by name and role: a page that only looks has another role than its person
        self._sessions: dict[int, list[Bound]] = {}
        self._refused: dict[
            tuple[str, str], tuple[int, float]
        ] = {}  # by name and limit: how often lately, and when the last time

    def _bounds(self, name: str | None, role: str | None, maker: tuple[str, str] | None) -> list[Bound]:
        """Return what bounds a session.   maker: of its browser token."""
        who = [(str(name), role)]
        if maker is not None:
            who.append((f"{maker[0]}/*", maker[1]))
        return [Bound(each, str(role), limits) for each, role in who if (limits := self._by_role.get(base_of(role))) is not None]

    def _of(self, call: PendingCall) -> list[Bound]:
        return self._bounds(call.who, call.role, self._maker_of(call.caller) if call.role == BROWSER else None)

    # connections

    def may_connect(self, name: str, role: str, maker: tuple[str, str] | None = None) -> None:
        """Raise LimitExceeded if a name has as many connections as it may.   maker: of its browser token."""
        for bound in self._bounds(name, role, maker):
            most, usage = bound.limits.connections, self._names.get(bound[:2])
            if most is not None and usage is not None and len(usage.sessions) >= most:
                raise self._refusal(bound, "connections", most, 1.0)

    def joined(self, session: int, name: str, role: str) -> None:
        """Take note: a session has begun."""
        bounds = self._bounds(name, role, self._maker_of(session) if role == BROWSER else None)
        for bound in bounds:
            self._usage(bound).sessions.add(session)
        if bounds:
            self._sessions[session] = bounds

    def left(self, session: int) -> None:
        """Take note: a session has ended."""
        bounds = self._sessions.pop(session, ())
        for bound in bounds:
            self._names[bound[:2]].sessions.discard(session)
        if bounds and len(self._names) > MAX_IDLE_NAMES + len(self._sessions):
            now = self._clock()
            self._names = {each: usage for each, usage in self._names.items() if not usage.is_idle(now)}

    # calls

    def starting(self, handler: Handler, jobs: Callable[[PendingCall], int] | None = None) -> Handler:
        """Return a handler that refuses what comes too fast.

        jobs: how many a call starts; None: `charge` gets them when they are read.
        """
        if not self._by_role:
            return handler

        def handle(call: PendingCall) -> Any:
            if bounds := self._of(call):
                self._let_start(call, bounds, jobs)
            return handler(call)

        return handle

    def watching(self, handler: Handler, does_watch: Callable[[PendingCall], bool] = lambda _: True) -> Handler:
        """Return a handler of calls that stay open, which refuses too many of them at once."""
        if not self._by_role:
            return handler

        def handle(call: PendingCall) -> Any:
            bounds = self._of(call)
            if not bounds or not does_watch(call):
                return handler(call)
            usages = [self._usage(bound) for bound in bounds]
            for bound, usage in zip(bounds, usages, strict=True):
                if not usage.has_room():
                    raise self._refusal(bound, "watchers", bound.limits.watchers or 0, 1.0)
            steps = handler(call)
            if call.open:
                for usage in usages:
                    usage.watches(call)
            return steps

        return handle

    def charge(self, call: PendingCall | None, draft: Draft) -> None:
        """Charge the jobs and the bytes of a submission that is read, and that has room.  Raises LimitExceeded.

        Others of the name may have been read since this one came.
        """
        if call is not None and (bounds := self._of(call)):
            for usage in self._let_start(call, bounds):
                usage.charge(len(draft.jobs) + sum(map(len, draft.flows)), draft.size)

    def _let_start(
        self, call: PendingCall, bounds: list[Bound], jobs: Callable[[PendingCall], int] | None = None
    ) -> list[Usage]:  # fmt: skip
        usages, now = [self._usage(bound) for bound in bounds], self._clock()
        for bound, usage in zip(bounds, usages, strict=True):
            for which, bucket in usage.rates:
                if wait := bucket.wait(now):
                    raise self._refusal(bound, which, bucket.rate, wait)
        if jobs is not None:
            size = len(messages.to_json([call.args, call.kwargs])) if any(bound.limits.bytes for bound in bounds) else 0
            for usage in usages:
                usage.charge(jobs(call), size)
        return usages

    def _usage(self, bound: Bound) -> Usage:
        usage = self._names.get(bound[:2])
        if usage is None:
            usage = self._names[bound[:2]] = Usage(bound.limits, self._clock())
        return usage

    # what operators see

    def refused(self) -> dict[tuple[str, str], int]:
        """Return how often which limit of which name has refused something lately."""
        since = self._clock() - LATELY_SECONDS
        self._refused = {key: found for key, found in self._refused.items() if found[1] >= since}
        return {key: times for key, (times, _) in self._refused.items()}

    def _refusal(self, bound: Bound, which: str, most: float, wait: float) -> LimitExceeded:
        key = (bound.name, which)
        if key in self._refused or len(self._refused) < MAX_IDLE_NAMES:
            self._refused[key] = (self._refused.get(key, (0, 0.0))[0] + 1, self._clock())
        return LimitExceeded(bound.name, str(base_of(bound.role)), which, most, WORDS[which], wait)


def ids_in(call: PendingCall) -> int:
    """Return how many jobs a call names in its first argument."""
    first = call.args[0] if call.args else None
    return len(first) if isinstance(first, list) else 1


def one(_: PendingCall) -> int:
    """Return that a call counts as one job."""
    return 1
