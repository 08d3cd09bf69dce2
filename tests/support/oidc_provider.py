"""A provider of OpenID Connect on the loopback interface: discovery, keys, PKCE, and tokens signed by RSA or an elliptic curve.

`person` is who logs in, at once and without a page. A test has it say something wrong by `claims`, `sign`, `keys` or `answers`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENT, SECRET = "taskbahn-node", "secret of the node: %+&"
LIVES_SECONDS = 300


class Key:
    """A key that signs, and what the provider shows of it."""

    def __init__(self, algorithm: str = "RS256", kid: str = "") -> None:
        self.algorithm = algorithm
        self.kid = kid or secrets.token_hex(4)
        is_rsa = algorithm.startswith(("RS", "PS"))
        self.private: Any = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
        encode: Any = jwt.algorithms.RSAAlgorithm.to_jwk if is_rsa else jwt.algorithms.ECAlgorithm.to_jwk
        self.shown = {**json.loads(encode(self.private.public_key())), "kid": self.kid, "use": "sig"}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.private, self.algorithm, {"kid": self.kid})


class Provider:
    """The provider, while it runs."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "1", "email": "ada@acme.example", "email_verified": True, "groups": ["ops"]}
        self.key = Key()
        self.keys: list[dict[str, Any]] = [self.key.shown]
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], Any] | None = None  # None: by its key, which may change
        self.answers: dict[str, tuple[int, Any]] = {}  # by path, in the place of the right ones
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"

    def rotate(self, algorithm: str = "RS256", *, keep: bool = False) -> None:
        """Sign with another key from now on."""
        self.key = Key(algorithm)
        self.keys = [*(self.keys if keep else ()), self.key.shown]

    def discovery(self) -> dict[str, Any]:
        pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in pages.items()}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where a browser is sent."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        right = base64.b64encode(f"{CLIENT}:{'secret%20of%20the%20node%3A%20%25%2B%26'}".encode()).decode()
        if asked is None or authorization != f"Basic {right}" or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + LIVES_SECONDS, "nonce": asked["nonce"], **self.person,
        }  # fmt: skip
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": (self.sign or self.key.sign)(self.claims(claims))}


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider."""
    found = Provider()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        found.server.server_close()
        thread.join()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/authorize":
                where = provider.authorize({name: values[0] for name, values in parse_qs(parts.query).items()})
                self.send_response(302)
                self.send_header("location", where)
                self.send_header("content-length", "0")
                self.end_headers()
            elif parts.path == "/keys":
                self._answer(200, {"keys": provider.keys})
            else:
                self._answer(200, provider.discovery())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("authorization", "")))

        def _answer(self, status: int, said: Any) -> None:
            status, said = provider.answers.get(urlsplit(self.path).path, (status, said))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{provider.issuer}/keys")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
