"""`POST /login` and `POST /logout`, on Crossbar's web transport: a token, or a name and a password, for a cookie that no script reads.

The cookie is `HttpOnly` and `SameSite=Strict`: pages of other sites neither read it nor send it along. A request must be JSON from the
node's own origin, which a form of another site cannot be.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from twisted.internet import reactor
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from taskbahn.errors import TaskbahnError
from taskbahn.protocol.access import Role
from taskbahn_router.access.tokens import SESSION_SECONDS
from taskbahn_router.crossbar_edge import own_cookies
from taskbahn_router.crossbar_edge.company_pages import CompanyPages
from taskbahn_router.crossbar_edge.origins import address_of
from taskbahn_router.model.roles import base_of
from taskbahn_router.service import Service

if TYPE_CHECKING:
    from twisted.python.failure import Failure
    from twisted.web.server import Request

    from taskbahn_router.access.book import Principal
    from taskbahn_router.access.throttle import Failed

log = Logger("taskbahn.login")
PAGE = "the login page"  # in the audit

OK, BAD, REFUSED, FORBIDDEN, NOT_ALLOWED, TOO_MANY, UNAVAILABLE = 200, 400, 401, 403, 405, 429, 503
MAX_BODY = 8192  # bytes
FORMS = '{"token": "…"}, or {"name": "…", "password": "…"}'
TOKEN_REFUSED = "this node does not know the token, or the token is revoked or over"  # noqa: S105 - a sentence
PASSWORD_REFUSED = "this node does not know the name, or the password is another one"  # noqa: S105
SEES_ALL = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


class Login(Resource):
    """`/login`: takes `{"token": …}` or `{"name": …, "password": …}`, answers `{"name", "role"}` with the cookie."""

    isLeaf = True

    def __init__(self, *extra: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def render(self, request: Request) -> Any:
        """Take a request of any method."""
        service = Service.running
        if any(request.postpath or ()):
            return CompanyPages(_cookie).render(request, service)
        if (wrong := _wrong(request)) is not None:
            return _answered(request, *wrong)
        shown = _shown(request)
        if shown is None or service is None:
            status, why = (BAD, f"the body is {FORMS}") if service else (UNAVAILABLE, "the node is starting")
            return _answered(request, status, {"error": why})
        try:
            if isinstance(shown, str):
                _found(request, service, service.parts.credentials.find(shown), TOKEN_REFUSED)
            else:
                _by_password(request, service, *shown)
        except TaskbahnError as error:
            return _answered(request, UNAVAILABLE, {"error": error.message})
        return NOT_DONE_YET


class Logout(Resource):
    """`/logout`: ends the session of the cookie, and takes the cookie away."""

    isLeaf = True

    def __init__(self, *extra: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def render(self, request: Request) -> Any:
        """Take a request of any method."""
        if (wrong := _wrong(request)) is not None:
            return _answered(request, *wrong)
        request.setHeader(b"set-cookie", _cookie(request, "", 0))  # type: ignore[no-untyped-call]
        service, text = Service.running, session_in(request.getHeader("cookie"))
        found = service.parts.credentials.find(text) if service is not None and text else ""
        if service is None or isinstance(found, str):
            return _answered(request, OK, {})
        service.parts.browser_sessions.end(found.credential, lambda: _finish(request, OK, {}))
        return NOT_DONE_YET


def session_in(cookies: str | None) -> str:
    """Return the text of the session in the header `Cookie`; "" if there is none."""
    return own_cookies.read(own_cookies.SESSION, cookies)


def _wrong(request: Request) -> tuple[int, dict[str, str]] | None:
    """Return the refusal of a request that the page does not make."""
    if request.method != b"POST":
        request.setHeader(b"allow", b"POST")  # type: ignore[no-untyped-call]
        return NOT_ALLOWED, {"error": "it takes POST"}
    kind = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    origin = request.getHeader("origin")
    if kind != "application/json" or (origin is not None and urlsplit(origin).netloc != request.getHeader("host")):
        return FORBIDDEN, {"error": "only the node's own page logs in here, with JSON"}
    return None


def _shown(request: Request) -> str | tuple[str, str] | None:
    """Return the token, or the name and the password, that a request shows; None: it shows neither."""
    body = request.content.read(MAX_BODY + 1) if request.content is not None else b""
    try:
        said = json.loads(body) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        return None
    token, name, password = (said.get(word) for word in ("token", "name", "password")) if isinstance(said, dict) else (None,) * 3
    if isinstance(token, str):
        return token.strip()
    return (name.strip(), password) if isinstance(name, str) and isinstance(password, str) else None


def _by_password(request: Request, service: Service, name: str, password: str) -> None:
    early = service.parts.refused_logins.too_early(_host(request), PAGE, name)
    if early is not None:
        _too_early(request, early)
        return
    found = service.parts.password_login.find(name, password, _host(request))
    found.addCallback(partial(_found, request, service), PASSWORD_REFUSED, name).addErrback(_failed, request)


def _found(request: Request, service: Service, found: Principal | str, said: str, name: str | None = None) -> None:
    """Begin a login of who was found, or say that there is none.   said: what a stranger learns.   name: the one that was shown."""
    if isinstance(found, str):
        _refused(request, service, found, said, name)
        return
    if base_of(found.role) not in SEES_ALL:
        service.parts.refused_logins.refuse(_host(request), PAGE, f"the role {found.role} of {found.name} does not see the page")
        error = f"a login with the role {found.role} is for programs; the page takes viewer, operator, admin"
        _finish(request, FORBIDDEN, {"error": error})
        return

    def begun(text: str) -> None:
        if text:
            service.dispatcher.auditing.logged_in(_host(request), PAGE, found.name, found.role)
        _begun(request, text, found.name, found.role)

    try:
        service.parts.browser_sessions.begin(found.credential, begun)
    except TaskbahnError as error:
        _finish(request, UNAVAILABLE, {"error": error.message})


def _failed(failure: Failure, request: Request) -> None:
    log.failure("a password was not compared", failure)
    _finish(request, UNAVAILABLE, {"error": "the node could not compare the password; its log says why"})


def _refused(request: Request, service: Service, why: str, said: str, name: str | None) -> None:
    failed = service.parts.refused_logins.refuse(_host(request), PAGE, why, name=name)
    if failed.was_early:
        _too_early(request, failed)
    elif failed.delay:
        cast("Any", reactor).callLater(failed.delay, _finish, request, REFUSED, {"error": said})
    else:
        _finish(request, REFUSED, {"error": said})


def _too_early(request: Request, failed: Failed) -> None:
    request.setHeader(b"retry-after", str(failed.retry_after).encode())  # type: ignore[no-untyped-call]
    _finish(request, TOO_MANY, {"error": failed.sentence})


def _begun(request: Request, text: str, name: str, role: str) -> None:
    if not text:
        _finish(request, REFUSED, {"error": "this login opens no more pages: log out elsewhere first"})
        return
    request.setHeader(b"set-cookie", _cookie(request, text, int(SESSION_SECONDS)))  # type: ignore[no-untyped-call]
    _finish(request, OK, {"name": name, "role": role})


def _cookie(request: Request, text: str, seconds: int) -> bytes:
    is_secure = request.isSecure()  # type: ignore[no-untyped-call]
    return own_cookies.header(own_cookies.SESSION, text, seconds, same_site="Strict", is_secure=is_secure)


def _finish(request: Request, status: int, said: dict[str, str]) -> None:
    if request._disconnected:  # noqa: SLF001 - Twisted has no other word for it
        return
    request.write(_answered(request, status, said))  # type: ignore[no-untyped-call]
    request.finish()  # type: ignore[no-untyped-call]


def _host(request: Request) -> str | None:
    return address_of(getattr(request.getClientAddress(), "host", None))  # type: ignore[no-untyped-call]


def _answered(request: Request, status: int, said: dict[str, str]) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]
    request.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
    return json.dumps(said).encode() + b"\n"
