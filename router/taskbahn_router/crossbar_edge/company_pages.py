"""`/login/ways`, `/login/oidc` and `/login/oidc/callback`: the ways to log in, and the one by the company's provider.

What a browser keeps between the last two is a cookie with `SameSite=Lax`, for the provider's page sends it back here. The login itself is
the cookie of `login_page`. Where a login ends up is the dashboard, whatever the request says.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from twisted.web.server import NOT_DONE_YET

from taskbahn.errors import InvalidRequest, NotReady, TaskbahnError
from taskbahn_router.access.tokens import SESSION_SECONDS
from taskbahn_router.company.id_tokens import Refused
from taskbahn_router.company.login import CompanyLogin
from taskbahn_router.company.pending import SECONDS
from taskbahn_router.company.provider import Provider
from taskbahn_router.company.settings import Settings
from taskbahn_router.crossbar_edge import own_cookies
from taskbahn_router.crossbar_edge.origins import address_of
from taskbahn_router.issuer_pages import Unreachable
from taskbahn_router.store_threads import Thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twisted.python.failure import Failure
    from twisted.web.server import Request

    from taskbahn_router.access.book import Principal
    from taskbahn_router.service import Service

log = Logger("taskbahn.login")

COMPANY = "the company's login"  # in the audit
PATH = "/login/oidc"
OK, SEE_OTHER, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, UNAVAILABLE = 200, 303, 403, 404, 405, 503
MAX_GIVEN = 4096  # characters of what the provider has a browser say
POLICY = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
STYLE = (
    ":root { color-scheme: light dark } body { font: 16px/1.5 system-ui, sans-serif; margin: 15vh auto; width: min(90%, 480px) }"
)
NOT_BEGUN = "This login has not begun in this browser, or it took too long."
UNREACHABLE = "The company's login does not answer."


class CompanyPages:
    """Answers what is below `/login`.   cookie: makes the header of a login of this node."""

    def __init__(self, cookie: Callable[[Request, str, int], bytes]) -> None:
        self._cookie = cookie

    def render(self, request: Request, service: Service | None) -> Any:
        """Answer a request of any method for any page."""
        path = [part for part in request.postpath or () if part]
        request.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
        if request.method != b"GET":
            request.setHeader(b"allow", b"GET")  # type: ignore[no-untyped-call]
            return _say(request, NOT_ALLOWED, "This page takes GET.")
        if service is None:
            return _say(request, UNAVAILABLE, "The node is starting.")
        company = service.company_login
        if path == [b"ways"]:
            return _ways(request, company)
        try:
            if company is not None and path == [b"oidc"]:
                company.begin(_redirect(request)).addCallback(self._send, request).addErrback(_failed, request, service)
            elif company is not None and path == [b"oidc", b"callback"]:
                self._finish(request, service, company)
            else:
                return _say(request, NOT_FOUND, "There is no such page.")
        except NotReady as error:
            return _say(request, UNAVAILABLE, error.message)
        except Refused as error:
            return _refuse(request, service, NOT_BEGUN, str(error))
        return NOT_DONE_YET

    def _send(self, found: tuple[str, str], request: Request) -> None:
        where, kept = found
        request.responseHeaders.addRawHeader(b"set-cookie", _kept_cookie(request, kept, int(SECONDS)))
        _go(request, where)

    def _finish(self, request: Request, service: Service, company: CompanyLogin) -> None:
        given = {name.decode("latin-1"): values[0].decode("utf-8", "replace") for name, values in (request.args or {}).items()}
        kept = own_cookies.read(own_cookies.COMPANY, request.getHeader("cookie"))
        request.responseHeaders.addRawHeader(b"set-cookie", _kept_cookie(request, "", 0))
        if any(len(value) > MAX_GIVEN for value in given.values()):
            raise Refused("what it comes back with is too long")
        done = company.finish(kept, given, _host(request))
        done.addCallback(self._begin, request, service).addErrback(_failed, request, service)

    def _begin(self, found: Principal, request: Request, service: Service) -> None:
        def begun(text: str) -> None:
            if not text:
                _end(request, _say(request, FORBIDDEN, "This user has too many logins: log out elsewhere first."))
                return
            service.dispatcher.auditing.logged_in(_host(request), COMPANY, found.name, found.role)
            request.responseHeaders.addRawHeader(b"set-cookie", self._cookie(request, text, int(SESSION_SECONDS)))
            _go(request, "/")

        service.parts.browser_sessions.begin(found.credential, begun)


def _ways(request: Request, company: CompanyLogin | None) -> bytes:
    request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]
    return json.dumps({} if company is None else {"company": company.settings.label}).encode() + b"\n"


def _failed(failure: Failure, request: Request, service: Service) -> None:
    error = failure.value
    if isinstance(error, InvalidRequest):  # the provider knows this person, who may learn why the node does not
        body = _refuse(request, service, f"The login is refused: {error.message}.", error.message)
    elif isinstance(error, Refused):
        body = _refuse(request, service, "The login is refused.", str(error))
    elif isinstance(error, Unreachable):
        log.warn("the company's login does not answer: {why}", why=error)
        body = _say(request, UNAVAILABLE, UNREACHABLE)
    elif isinstance(error, TaskbahnError):
        body = _say(request, UNAVAILABLE, f"{error.message}.")
    else:
        log.failure("a company's login failed", failure)
        body = _say(request, UNAVAILABLE, "The node could not do that; its log says why.")
    _end(request, body)


def _refuse(request: Request, service: Service, said: str, why: str) -> bytes:
    service.dispatcher.auditing.refused_login(_host(request), COMPANY, why)
    return _say(request, FORBIDDEN, said)


def _say(request: Request, status: int, sentence: str) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"text/html; charset=utf-8")  # type: ignore[no-untyped-call]
    request.setHeader(b"content-security-policy", POLICY)  # type: ignore[no-untyped-call]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Log in · Taskbahn</title><style>{STYLE}</style>"
        f'<h1>Not logged in</h1><p>{html.escape(sentence)}</p><p><a href="/">Back to the login</a></p></html>\n'
    ).encode()


def _go(request: Request, where: str) -> None:
    request.setResponseCode(SEE_OTHER)
    request.setHeader(b"location", where.encode("ascii", "replace"))  # type: ignore[no-untyped-call]
    _end(request, b"")


def _end(request: Request, body: bytes) -> None:
    if not request._disconnected:  # noqa: SLF001 - Twisted has no other word for it
        request.write(body)  # type: ignore[no-untyped-call]
        request.finish()  # type: ignore[no-untyped-call]


def _redirect(request: Request) -> str:
    scheme = "https" if request.isSecure() else "http"  # type: ignore[no-untyped-call]
    return f"{scheme}://{request.getHeader('host')}{PATH}/callback"


def _kept_cookie(request: Request, kept: str, seconds: int) -> bytes:
    is_secure = request.isSecure()  # type: ignore[no-untyped-call]
    return own_cookies.header(own_cookies.COMPANY, kept, seconds, same_site="Lax", is_secure=is_secure)


def _host(request: Request) -> str | None:
    return address_of(getattr(request.getClientAddress(), "host", None))  # type: ignore[no-untyped-call]


def company_login(given: Mapping[str, Any], service: Service, reactor: Any) -> CompanyLogin:
    """Return the company's login of a node's configuration.  Raises OSError where the file of its secret cannot be read."""
    settings, parts = Settings.of(given), service.parts
    thread = Thread(reactor, "taskbahn-company-login")  # it ends with the process: at its stop it may wait for the provider
    return CompanyLogin(settings, Provider(settings), thread, service.dispatcher, parts.credentials, parts.wall)
