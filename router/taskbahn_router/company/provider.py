"""What the node asks of the provider: where its pages are, its keys, and who a code is of. On a thread, for it may take seconds."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode
from urllib.request import Request

from taskbahn_router.company.id_tokens import Refused, UnknownKey, claims_of
from taskbahn_router.issuer_pages import Unreachable, discover, page_of, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.company.settings import Settings

TIMEOUT_SECONDS = 10.0
KEEP_SECONDS = 3600.0  # after which the pages and the keys of the provider are asked for again
KEYS_PAUSE_SECONDS = 30.0  # between two looks for a key that is not known: tokens with made-up keys cost the provider no more
FAILURE_SECONDS = 5.0  # in which a provider that does not answer is not asked again


class Pages(NamedTuple):
    """Where the provider's pages are."""

    authorization: str
    token: str
    keys: str
    by_form: bool  # the secret travels in the form, for the provider takes no other way


class Provider:
    """Asks the provider, one thing after the other. All of it runs on one thread.   clock: seconds that only go forward."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
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
        said = self._ask(lambda: discover(self._settings.issuer, TIMEOUT_SECONDS, self._clock))
        ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        authorization, token, keys = (page_of(said, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
        return Pages(authorization, token, keys, "client_secret_basic" not in ways)

    def _known_keys(self) -> list[dict[str, Any]]:
        if self._keys is None or self._clock() - self._keys[1] > KEEP_SECONDS:
            request = Request(self.pages().keys)  # noqa: S310 - checked by `page_of`
            said = self._ask(lambda: self._read(request)).get("keys")
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
        request = Request(pages.token, urlencode(form).encode(), headers)  # noqa: S310 - checked by `page_of`
        try:  # also after a failure: a stranger's code would keep all others out otherwise
            return self._read(request).get("id_token")
        except Unreachable as error:
            if 400 <= error.status < 500:  # noqa: PLR2004 - what is the caller's fault
                raise Refused(f"the provider refuses the code, or this node's id or secret ({error.status})") from None
            raise

    def _read(self, request: Request) -> dict[str, Any]:
        return read_object(request, TIMEOUT_SECONDS, self._clock)

    def _ask(self, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what a page answers that is the same for all logins; one that failed is left alone for a moment."""
        if self._failed is not None and self._clock() - self._failed[1] < FAILURE_SECONDS:
            raise Unreachable(self._failed[0])
        try:
            return read()
        except Unreachable as error:
            self._failed = str(error), self._clock()
            raise
