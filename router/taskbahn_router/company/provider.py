"""What the node asks of the provider: where its pages are, its keys, and who a code is of. On a thread, for it may take seconds.

No redirect is followed, no answer read beyond its bound, and where the provider speaks TLS, all its addresses have to.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from taskbahn_router.company.id_tokens import Refused, UnknownKey, claims_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.company.settings import Settings

WELL_KNOWN = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 10.0
MAX_ANSWER = 1024 * 1024  # bytes
KEEP_SECONDS = 3600.0  # after which the pages and the keys of the provider are asked for again
KEYS_PAUSE_SECONDS = 30.0  # between two looks for a key that is not known: tokens with made-up keys cost the provider no more
FAILURE_SECONDS = 5.0  # in which a provider that does not answer is not asked again
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Unreachable(Exception):
    """The provider does not answer, or not as it should: for the operator."""


class Pages(NamedTuple):
    """Where the provider's pages are."""

    authorization: str
    token: str
    keys: str
    by_form: bool  # the secret travels in the form, for the provider takes no other way


class NoRedirect(HTTPRedirectHandler):
    """Follows none: what is asked for is where the operator or the provider says."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Provider:
    """Asks the provider, one thing after the other. All of it runs on one thread.   clock: seconds that only go forward."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._open = build_opener(NoRedirect()).open
        self._pages: tuple[Pages, float] | None = None
        self._keys: tuple[list[dict[str, Any]], float] | None = None
        self._failed: tuple[str, float] | None = None

    def pages(self) -> Pages:
        """Return where its pages are.  Raises Unreachable."""
        if self._pages is None or self._clock() - self._pages[1] > KEEP_SECONDS:
            self._pages = self._discover(), self._clock()
        return self._pages[0]

    def claims(self, code: str, verifier: str, redirect: str, nonce: str) -> dict[str, Any]:
        """Return what the provider says of whom a code is of.  Raises Refused and Unreachable."""
        token = self._exchange(code, verifier, redirect)
        try:
            return claims_of(token, self._known_keys(), self._settings, nonce)
        except UnknownKey:
            if self._keys is not None and self._clock() - self._keys[1] < KEYS_PAUSE_SECONDS:
                raise
            self._keys = None
            return claims_of(token, self._known_keys(), self._settings, nonce)

    def _discover(self) -> Pages:
        issuer = self._settings.issuer
        said = self._ask(Request(issuer.rstrip("/") + WELL_KNOWN))  # noqa: S310 - the operator's own address, http or https
        if said.get("issuer") != issuer:
            raise Unreachable(f"the provider calls itself {said.get('issuer')!r:.200}, and not {issuer}")
        found = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        for page in found:
            if not isinstance(page, str) or not is_safe(page):
                raise Unreachable(f"the provider's address {page!r:.200} is not https")
        ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        authorization, token, keys = map(str, found)
        return Pages(authorization, token, keys, "client_secret_basic" not in ways)

    def _known_keys(self) -> list[dict[str, Any]]:
        if self._keys is None or self._clock() - self._keys[1] > KEEP_SECONDS:
            said = self._ask(Request(self.pages().keys)).get("keys")  # noqa: S310 - checked by `is_safe`
            keys = [key for key in said if isinstance(key, dict)] if isinstance(said, list) else []
            self._keys = keys, self._clock()
        return self._keys[0]

    def _exchange(self, code: str, verifier: str, redirect: str) -> object:
        pages, settings = self.pages(), self._settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if settings.secret is None or pages.by_form:
            form["client_id"] = settings.client_id
        if settings.secret is not None and pages.by_form:
            form["client_secret"] = settings.secret
        elif settings.secret is not None:
            pair = f"{quote(settings.client_id, '')}:{quote(settings.secret, '')}"  # RFC 6749, section 2.3.1
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        request = Request(pages.token, urlencode(form).encode(), headers)  # noqa: S310 - checked by `is_safe`
        return self._ask(request, refuses=True).get("id_token")

    def _ask(self, request: Request, *, refuses: bool = False) -> dict[str, Any]:
        """Return what a page answers.   refuses: its 4xx are about the code, and not about the node.

        A page that failed is left alone for a moment; not so that of codes, for a stranger's code would keep all others out then.
        """
        if not refuses and self._failed is not None and self._clock() - self._failed[1] < FAILURE_SECONDS:
            raise Unreachable(self._failed[0])
        request.add_header("accept", "application/json")
        try:
            with self._open(request, timeout=TIMEOUT_SECONDS) as answer:
                body = answer.read(MAX_ANSWER + 1)
            said = json.loads(body) if len(body) <= MAX_ANSWER else None
            if isinstance(said, dict):
                return said
            why = "it is no JSON object"
        except HTTPError as error:
            error.close()
            if refuses and 400 <= error.code < 500:  # noqa: PLR2004 - what is the caller's fault
                raise Refused(f"the provider refuses the code, or this node's id or secret ({error.code})") from None
            why = f"it answers {error.code}"
        except (OSError, ValueError, RecursionError) as error:
            why = str(error)
        sentence = f"{request.full_url}: {why}"
        if not refuses:
            self._failed = sentence, self._clock()
        raise Unreachable(sentence)


def is_safe(address: str) -> bool:
    """Return whether an address is one of TLS, or of this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and parts.username is None and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
