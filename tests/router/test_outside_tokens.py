"""Browser tokens of another issuer: what its users' pages see and start, and what a forged or unfit token gets."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.oidc_provider import Key, Provider, provider
from support.programs import Node, running, worker_of
from support.tokens import token_for

from taskbahn import InvalidToken, NotAllowed, Taskbahn, UnknownJob
from taskbahn.protocol import access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AUDIENCE = "https://jobs.acme.example"
TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="images.resize")
def resize(width: int) -> int:
    return width * 2

@app.task(name="images.ask")
def ask() -> str:
    return current.ask("name", str)

@app.task(name="mails.send")
def send() -> None: ...
"""
FILE = """
[acme]
issuer = "{issuer}"
audience = "{audience}"
client = "shop"
tags = ["user:{{sub}}"]
start = ["images.*"]
verbs = ["cancel"]
require.groups = ["staff", "guests"]
max_age = "1h"

[away]
issuer = "http://127.0.0.1:9"
audience = "{audience}"
client = "shop"
start = ["images.*"]
"""


class Shop:
    """A node that takes the tokens of an issuer, and pages that show them."""

    def __init__(self, node: Node, issuer: Provider, tokens: dict[str, str]) -> None:
        self.node = node
        self.issuer = issuer
        self.backend, self.admin = (Taskbahn(node.websocket, token=tokens[name]) for name in ("shop", "admin"))
        self.pages: list[Taskbahn] = []

    def claims(self, user: str, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        said = {
            "iss": self.issuer.issuer,
            "aud": AUDIENCE,
            "sub": user,
            "iat": now,
            "exp": now + 600,
            "groups": ["staff"],
            **more,
        }
        return {name: value for name, value in said.items() if value is not None}

    def text(self, user: str, **more: Any) -> str:
        return self.issuer.key.sign(self.claims(user, **more))

    def page(self, text: str) -> Taskbahn:
        self.pages.append(Taskbahn(self.node.websocket, token=text, timeout=10))
        return self.pages[-1]

    def refusals(self) -> list[str]:
        return [entry.effect for entry in self.admin.view.audit() if entry.verb == "login"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("outside")
    roles = {"admin": "admin", "worker": "worker", "shop": "client"}
    tokens = {name: token_for(name, role, folder / "data") for name, role in roles.items()}
    with provider() as issuer:
        file = folder / "issuers.toml"
        file.write_text(FILE.format(issuer=issuer.issuer, audience=AUDIENCE))
        node = Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_ISSUERS=str(file))
        with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=tokens["worker"]):
            found = Shop(node, issuer, tokens)
            try:
                yield found
            finally:
                for app in (found.backend, found.admin, *found.pages):
                    app.close()


def test_a_user_starts_jobs_and_sees_only_its_own(shop: Shop) -> None:
    ada, bob = shop.page(shop.text("ada")), shop.page(shop.text("auth0|bob"))
    job = ada.get("images.resize").start(21)
    assert job.result(timeout=30) == 42
    view = shop.backend.job(job.id).view()
    assert (view.caller, view.tags) == ("shop", ["user:ada"])
    question = ada.get("images.ask").start()
    other = bob.get("images.resize").start(1)
    assert other.result(timeout=30) == 2
    assert [each.id for each in bob.view.jobs()] == [other.id]
    assert {each.id for each in ada.view.jobs()} == {job.id, question.id}
    for page, foreign in ((bob, question), (ada, other)):
        with pytest.raises(UnknownJob):
            page.job(foreign.id).cancel()
    assert [each.id for each in shop.page(shop.text("ada")).view.jobs()] == [each.id for each in ada.view.jobs()]
    assert question.cancel() == "cancelled"
    with pytest.raises(NotAllowed, match=r"mails\.send"):
        ada.get("mails.send").start()
    with pytest.raises(NotAllowed, match="retry"):
        question.retry()
    with pytest.raises(NotAllowed):
        ada.client.ask(access.BROWSER_TOKEN, tags=["user:auth0|bob"]).get(20)
    [entry] = [entry for entry in shop.admin.view.audit() if entry.object == question.id and entry.effect == "cancelled"]
    assert entry.role == "browser"
    assert re.fullmatch("shop/u[0-9a-f]{16}", str(entry.authid))


def with_public_key(shop: Shop) -> str:
    """Return a token whose HMAC has the issuer's public key as its secret."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    key: Any = jwt.algorithms.RSAAlgorithm.from_jwk(shop.issuer.key.shown)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'kid': shop.issuer.key.kid})}.{part(shop.claims('eve'))}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), 'sha256')).rstrip(b'=').decode()}"


def changed(shop: Shop) -> str:
    head, claims, signature = shop.text("eve").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "ada"}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b'=').decode()}.{signature}"


NOW = int(time.time())
FORGED: dict[str, tuple[Callable[[Shop], str], str]] = {
    "unsigned": (lambda shop: jwt.encode(shop.claims("eve"), "", "none", {"kid": shop.issuer.key.kid}), "is not taken"),
    "the public key as a secret": (with_public_key, "'HS256', which is not taken"),
    "another key under the same name": (
        lambda shop: Key("RS256", shop.issuer.key.kid).sign(shop.claims("eve")), "Signature verification failed",
    ),
    "a key of another kind": (lambda shop: Key("ES256", shop.issuer.key.kid).sign(shop.claims("eve")), "no such key has the issuer"),
    "a made-up key": (lambda shop: Key("RS256", "made-up").sign(shop.claims("eve")), "no such key has the issuer"),
    "changed": (changed, "Signature verification failed"),
    "critical": (
        lambda shop: jwt.encode(shop.claims("eve"), shop.issuer.key.private, "RS256", {"kid": shop.issuer.key.kid, "crit": ["x"]}),
        "no such signature",
    ),
    "foreign issuer": (lambda shop: shop.text("eve", iss="https://evil.example"), "no such issuer is in the file"),
    "the issuer with a slash": (lambda shop: shop.text("eve", iss=f"{shop.issuer.issuer}/"), "no such issuer is in the file"),
    "wrong audience": (lambda shop: shop.text("eve", aud="https://other.example"), "for another audience"),
    "no audience": (lambda shop: shop.text("eve", aud=None), "for another audience"),
    "expired": (lambda shop: shop.text("eve", iat=NOW - 900, exp=NOW - 300), "has expired"),
    "not valid yet": (lambda shop: shop.text("eve", nbf=NOW + 3600), "not valid yet"),
    "issued later": (lambda shop: shop.text("eve", iat=NOW + 3600, exp=NOW + 7200), "not valid yet"),
    "without an end": (lambda shop: shop.text("eve", exp=None), "its exp is no time"),
    "too old for this node": (lambda shop: shop.text("eve", iat=NOW - 7200, exp=NOW + 86400 * 3650), "is older than 3,600 s"),
    "without its issue": (lambda shop: shop.text("eve", iat=None), "its iat is no time"),
    "without a user": (lambda shop: shop.text("eve", sub=None), "of no user"),
    "a number as a user": (lambda shop: shop.text("eve", sub=3), "of no user"),
    "a wildcard as a user": (lambda shop: shop.text("*"), "which it may not have in a tag"),
    "control characters": (lambda shop: shop.text("eve\n"), "characters that no tag has"),
    "another group": (lambda shop: shop.text("eve", groups=["others"]), "its claim groups is not"),
    "no group": (lambda shop: shop.text("eve", groups=None), "its claim groups is not"),
    "an issuer that is away": (lambda shop: shop.text("eve", iss="http://127.0.0.1:9"), "the issuer away does not answer"),
    "giant": (lambda shop: shop.text("eve", more="x" * 20_000), "too long"),
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_or_unfit_token_opens_nothing(shop: Shop, how: str) -> None:
    make, why = FORGED[how]
    with pytest.raises(InvalidToken) as refused:
        list(shop.page(make(shop)).view.jobs())
    assert "issuer" not in str(refused.value)
    assert why not in str(refused.value)
    shop.node.wait_for(why)


def test_made_up_keys_cost_the_issuer_no_request_each(shop: Shop) -> None:
    shop.page(shop.text("ada")).view.tasks()
    before = len(shop.issuer.asked)
    for number in range(5):
        with pytest.raises(InvalidToken):
            shop.page(Key("ES256", f"made-up-{number}").sign(shop.claims("eve"))).view.jobs()
    assert len(shop.issuer.asked) - before <= 2  # discovery and keys, once


def renew(page: Taskbahn, text: str) -> Any:
    return page.client.ask(access.BROWSER_TOKEN_RENEW, token=text).get(20)


def test_a_session_goes_on_with_another_token_of_its_user(shop: Shop) -> None:
    ends = int(time.time()) + 4
    page = shop.page(shop.text("carl", exp=ends))
    job = page.get("images.resize").start(4)
    own = shop.backend.token(tags=["user:carl"])
    for other in (
        shop.text("ada"),
        shop.text("carl", aud="x"),
        own,
        Key().sign(shop.claims("carl")),
        "x",
        shop.text("carl")[:-9],
    ):
        with pytest.raises(InvalidToken, match="does not renew"):
            renew(page, other)
    renewed = renew(page, shop.text("carl", exp=ends + 600))
    assert renewed["expires_at"] == ends + 600
    backend_page = shop.page(own)
    assert [each.id for each in backend_page.view.jobs()] == [job.id]
    with pytest.raises(InvalidToken, match="does not renew"):
        renew(backend_page, shop.text("carl"))
    assert job.result(timeout=30) == 8
    while time.time() < ends + 1:
        assert [each.id for each in page.view.jobs()] == [job.id]  # in the same session: its first token would open no other one


def test_a_session_ends_with_its_token(shop: Shop) -> None:
    began = time.time()
    page = shop.page(shop.text("dora", exp=int(began) + 2))
    with pytest.raises(InvalidToken):
        asks_on(page)
    assert time.time() - began < 10


def asks_on(page: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        list(page.view.jobs())


def test_a_token_ends_at_the_latest_with_the_age_of_the_file(shop: Shop) -> None:
    now = int(time.time())
    page = shop.page(shop.text("emma", iat=now, exp=now + 86400 * 3650))
    assert renew(page, shop.text("emma", iat=now, exp=now + 86400 * 3650))["expires_at"] == now + 3600


def test_a_revoked_token_and_user_are_out_at_once(shop: Shop) -> None:
    text, other = shop.text("fred", jti="first"), shop.text("fred", jti="other")
    pages = [shop.page(each) for each in (text, other)]
    for page in pages:
        assert list(page.view.jobs()) == []
    shop.admin.admin.revoke_token(text)
    with pytest.raises(InvalidToken):
        asks_on(pages[0])
    assert list(pages[1].view.jobs()) == []
    job = pages[1].get("images.ask").start()
    job.cancel()
    [who] = {entry.authid for entry in shop.admin.view.audit() if entry.object == job.id}
    shop.admin.admin.revoke_token(str(who).partition("/")[2])
    with pytest.raises(InvalidToken):
        asks_on(pages[1])
    with pytest.raises(InvalidToken):
        list(shop.page(shop.text("fred")).view.jobs())
    assert list(shop.page(shop.text("fred", iat=int(time.time()) + 59, exp=NOW + 900)).view.jobs()) == []


def test_the_settings_show_the_issuers(shop: Shop) -> None:
    [found] = [each for each in shop.admin.view.settings() if each.name == "node.issuers"]
    assert found.value == [f"{shop.issuer.issuer} as shop", "http://127.0.0.1:9 as shop"]
    assert (found.source, found.change) == ("environment", "taskbahn up --issuers or TASKBAHN_UP_ISSUERS")


def test_no_text_of_a_token_is_in_the_log(shop: Shop) -> None:
    text = shop.text("eve", groups=[])
    with pytest.raises(InvalidToken):
        list(shop.page(text).view.jobs())
    shop.node.wait_for("its claim groups is not")
    assert text.split(".")[2] not in shop.node.output
    assert "shop/u" in shop.node.output or "acme" in shop.node.output


def test_a_client_that_may_not_log_in_gives_its_users_nothing(shop: Shop) -> None:
    page = shop.page(shop.text("ada"))
    assert page.view.tasks()
    shop.admin.admin.revoke_token("shop")
    with pytest.raises(InvalidToken):
        asks_on(page)
    with pytest.raises(InvalidToken):
        list(shop.page(shop.text("ada")).view.jobs())
    shop.node.wait_for("its client shop has no valid token")
