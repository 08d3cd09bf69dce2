"""Makes browser tokens: what one page may see and do, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.sleeping import seconds_in
from taskbahn.errors import InvalidOption
from taskbahn.protocol.access import BROWSER_TOKEN, VERBS

if TYPE_CHECKING:
    from uuid import UUID

    from taskbahn.attempt.sleeping import Duration
    from taskbahn.client.client import HasClient
    from taskbahn.future import Future

EXPIRES = 900.0  # seconds


class HasId(Protocol):
    """A job."""

    @property
    def id(self) -> str:
        """Its id."""


class MakesTokens:
    """An application, as far as browser tokens go."""

    def token(
        self,
        *,
        watch: Iterable[HasId | str | UUID] = (),
        cancel: bool | Iterable[HasId | str | UUID] = (),
        answer: bool | Iterable[HasId | str | UUID] = (),
        send: bool | Iterable[HasId | str | UUID] = (),
        retry: bool | Iterable[HasId | str | UUID] = (),
        start: Iterable[str] = (),
        tags: Iterable[str] = (),
        expires: Duration = EXPIRES,
        once: bool = False,
    ) -> str:
        """Return the text of a token for one page, which sees and does what it names and nothing else.

        watch: jobs that it sees, with what belongs to them.   cancel, answer, send, retry: jobs with which it may do that; True: all that
        it sees.   start: patterns of the tasks that it may start, as `images.*`.   tags: it also sees jobs with one of them, and what it
        starts has them all; without tags it sees what it starts itself.   expires: at most 30 days.   once: it starts one job.
        Raises UnknownJob for a job that this program does not see, InvalidRequest, InvalidOption, NotAllowed.
        Source: RFC 7519, JSON Web Token.
        """
        check_may_block("app.token()", "await app.token_async(...)")
        words = _words(watch, cancel, answer, send, retry, start, tags, expires, once=once)
        return _text(_asked(self, words).get())

    async def token_async(
        self,
        *,
        watch: Iterable[HasId | str | UUID] = (),
        cancel: bool | Iterable[HasId | str | UUID] = (),
        answer: bool | Iterable[HasId | str | UUID] = (),
        send: bool | Iterable[HasId | str | UUID] = (),
        retry: bool | Iterable[HasId | str | UUID] = (),
        start: Iterable[str] = (),
        tags: Iterable[str] = (),
        expires: Duration = EXPIRES,
        once: bool = False,
    ) -> str:
        """As `token`, for asyncio and Twisted."""
        words = _words(watch, cancel, answer, send, retry, start, tags, expires, once=once)
        return _text(await _asked(self, words))


class GivesTokens:
    """A job, as far as browser tokens go."""

    __slots__ = ()
    _app: HasClient
    id: str

    def token(
        self, *, cancel: bool = False, answer: bool = False, send: bool = False, retry: bool = False, expires: Duration = EXPIRES
    ) -> str:
        """Return the text of a token with which a page watches this job, and may do with it what is True.  As `app.token`."""
        check_may_block("job.token()", "await job.token_async(...)")
        return _text(self._token(expires, cancel=cancel, answer=answer, send=send, retry=retry).get())

    async def token_async(
        self, *, cancel: bool = False, answer: bool = False, send: bool = False, retry: bool = False, expires: Duration = EXPIRES
    ) -> str:
        """As `token`, for asyncio and Twisted."""
        return _text(await self._token(expires, cancel=cancel, answer=answer, send=send, retry=retry))

    def _token(self, expires: Duration, **verbs: bool) -> Future[Any]:
        words: dict[str, Any] = {verb: [self.id] for verb, allowed in verbs.items() if allowed}
        return _asked(self._app, {**words, "watch": [self.id], "expires": seconds_in(expires, "expires")})


def _words(
    watch: Any, cancel: Any, answer: Any, send: Any, retry: Any, start: Any, tags: Any, expires: Any, *, once: bool
) -> dict[str, Any]:  # fmt: skip
    """Return what travels of the words of `token`.  Raises InvalidOption."""
    words: dict[str, Any] = {"watch": _ids("watch", watch), "start": _texts("start", start), "tags": _texts("tags", tags)}
    for verb, jobs in zip(VERBS, (cancel, answer, send, retry), strict=True):
        words[verb] = jobs if isinstance(jobs, bool) else _ids(verb, jobs)
    return {**words, "expires": seconds_in(expires, "expires"), "once": once}


def _asked(app: Any, words: dict[str, Any]) -> Future[Any]:
    """Ask the node for a token; what says nothing is left out."""
    asked: Future[Any] = app.client.ask(BROWSER_TOKEN, **{name: value for name, value in words.items() if value})
    return asked


def _text(answer: Any) -> str:
    """Return the token in an answer."""
    return str(answer["token"])


def _ids(name: str, jobs: Any) -> list[str]:
    """Return the ids of jobs.  Raises InvalidOption."""
    if isinstance(jobs, str | bytes) or not isinstance(jobs, Iterable):
        raise InvalidOption(f"{name} is a list of jobs or of their ids, not a {type(jobs).__name__}", option=name)
    return [str(getattr(job, "id", job)) for job in jobs]


def _texts(name: str, texts: Any) -> list[str]:
    """Return patterns or tags.  Raises InvalidOption."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InvalidOption(f"{name} is a list of texts, not a {type(texts).__name__}", option=name)
    return list(texts)
