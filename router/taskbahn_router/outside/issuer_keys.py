"""The keys of one issuer in memory: fetched before they are needed, and when a token names one that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from taskbahn_router.issuer_pages import Unreachable
from taskbahn_router.outside.fetching import fetch_keys
from taskbahn_router.text import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.python.failure import Failure

    from taskbahn_router.model.ports import Runner
    from taskbahn_router.outside.issuers import Issuer

KEEP_SECONDS = 3600.0  # after which keys are fetched again: those that the issuer has withdrawn sign no longer
AGAIN_SECONDS = 60.0  # after which they are, when the issuer did not answer
PAUSE_SECONDS = 30.0  # between two fetches for unknown keys: tokens with made-up ones cost the issuer no more
MAX_WAITING = 100  # logins at once


class IssuerKeys:
    """Has the keys of an issuer.   runner: of a thread of its own.   clock: seconds that only go forward."""

    log = Logger("taskbahn.issuers")

    def __init__(
        self, issuer: Issuer, runner: Runner, clock: Callable[[], float],
        fetch: Callable[[Issuer], list[dict[str, Any]]] = fetch_keys,
    ) -> None:  # fmt: skip
        self.known: Sequence[dict[str, Any]] = ()
        self.trouble = ""  # why the last fetch failed
        self._issuer = issuer
        self._runner = runner
        self._clock = clock
        self._fetch = fetch
        self._begun: float | None = None  # when the last fetch began
        self._asked: float | None = None  # when a token with an unknown key had it begin
        self._waiting: list[Deferred[None]] | None = None  # for the fetch that is on its way

    def refresh(self) -> None:
        """Fetch the keys if that is due."""
        due = AGAIN_SECONDS if self.trouble else KEEP_SECONDS
        if self._waiting is None and (self._begun is None or self._clock() - self._begun >= due):
            self._begin()

    def again(self) -> Deferred[None]:
        """Fetch the keys again, unless that was done a moment ago; fires when all is known that can be."""
        if self._waiting is None:
            now = self._clock()
            if self._asked is not None and now - self._asked < PAUSE_SECONDS:
                return succeed(None)
            self._asked = now
            self._begin()
        if self._waiting is None or len(self._waiting) >= MAX_WAITING:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def _begin(self) -> None:
        self._begun = self._clock()
        self._waiting = []
        self._runner.run(self._fetch, self._issuer).addCallbacks(self._fetched, self._failed).addBoth(self._end)

    def _fetched(self, keys: list[dict[str, Any]]) -> None:
        if self.trouble:
            self.log.warn("the issuer {name} answers again", name=self._issuer.name)
        self.known, self.trouble = keys, ""

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        why = str(error) if isinstance(error, Unreachable) else f"{type(error).__name__}: {error!s:.200}"
        if why != self.trouble:
            self.log.warn(
                "the keys of the issuer {name} cannot be had: {why}. Tokens of {known} go on, others are refused",
                name=self._issuer.name, why=why, known=f"the {pluralize(len(self.known), 'key')} that the node knows",
            )  # fmt: skip
        self.trouble = why

    def _end(self, _: object) -> None:
        waiting, self._waiting = self._waiting or [], None
        for each in waiting:
            each.callback(None)
