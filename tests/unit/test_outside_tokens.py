"""Browser tokens of other issuers without a node: why each is refused, what it names, and when keys are fetched."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS
from support.browser_pages import SHOP, Pages
from support.forged_tokens import FORGED, Issued
from support.oidc_provider import Key
from twisted.internet.defer import Deferred

from taskbahn.protocol import access
from taskbahn.protocol.access import Role
from taskbahn_router.company.id_tokens import ALGORITHMS, Refused
from taskbahn_router.issuer_pages import Unreachable
from taskbahn_router.model.scope import Scope, person_id, token_mark
from taskbahn_router.outside.claims import FORBIDDEN, Template, claim, has
from taskbahn_router.outside.issuer_keys import AGAIN_SECONDS, KEEP_SECONDS, MAX_WAITING, PAUSE_SECONDS, IssuerKeys
from taskbahn_router.outside.issuers import Issuer
from taskbahn_router.outside.tokens import OutsideTokens

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER, AUDIENCE, ADMIN = "https://login.acme.example/", "https://jobs.acme.example", Role.ADMIN.value
KEY = Key()
PRIVATE: dict[str, Any] = {
    "RS": KEY.private, "PS": KEY.private, "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()), "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "name": "acme", "issuer": ISSUER, "audience": [AUDIENCE], "client": SHOP, "jwks": "", "algorithms": ["RS256", "ES256"],
    "tags": ["user:{sub}"], "start": ["images.*"], "verbs": ["cancel"], "require": {"groups": ["staff"]}, "max_age": 3600.0,
}  # fmt: skip


class Fetches:
    """A runner that fetches when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown: list[dict[str, Any]] = [KEY.shown]
        self.open: list[Deferred[Any]] = []
        self.count = 0

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        self.count += 1
        done: Deferred[Any] = Deferred()
        self.open.append(done)
        return done

    def answer(self, error: Exception | None = None) -> None:
        done = self.open.pop(0)
        if error is None:
            done.callback(self.shown)
        else:
            done.errback(error)


class Issuers:
    """A node with jobs, and an issuer whose keys it has fetched."""

    def __init__(self, **changes: Any) -> None:
        self.pages = Pages()
        self.wall = time.time()
        self.fetches = Fetches()
        self.issuer = Issuer.of(PLAIN | changes)
        away = Issuer.of(PLAIN | {"name": "away", "issuer": "http://127.0.0.1:9"})
        self.keys = IssuerKeys(self.issuer, self.fetches, lambda: self.fetches.now)
        none = IssuerKeys(away, self.fetches, lambda: self.fetches.now)
        book = self.pages.book
        self.tokens = OutsideTokens([self.issuer, away], {"acme": self.keys, "away": none}, book, lambda: self.wall)
        self.tokens.refresh()
        self.fetches.answer()
        self.fetches.answer(Unreachable("it is away"))
        self.pages.node.parts.token_issue.find = self.tokens.find
        self.issued = Issued(ISSUER, AUDIENCE, KEY)

    def find(self, text: str) -> Scope | str:
        found: list[Scope | str] = []
        self.tokens.find(text).addCallback(found.append)
        while not found:
            self.fetches.answer()
        return found[0]

    def why(self, text: str) -> str:
        found = self.find(text)
        assert isinstance(found, str), found
        return found

    def scope(self, text: str) -> Scope:
        found = self.find(text)
        assert isinstance(found, Scope), found
        return found


@pytest.fixture(scope="module")
def issuers() -> Issuers:
    return Issuers()


@pytest.mark.parametrize("how", [how for how in FORGED if how not in ("giant", "critical")])
def test_the_reason_of_each_refusal_is_said(issuers: Issuers, how: str) -> None:
    make, why = FORGED[how]
    issuers.fetches.now += 2 * PAUSE_SECONDS
    text = make(issuers.issued)
    assert issuers.tokens.is_meant(text)
    found: list[Scope | str] = []
    issuers.tokens.find(text).addCallback(found.append)
    while issuers.fetches.open:
        issuers.fetches.answer(Unreachable("away") if "away" in how else None)
    [said] = found
    assert isinstance(said, str)
    assert why in said
    assert text not in said


def test_a_token_acts_like_one_of_its_client(issuers: Issuers) -> None:
    now = int(time.time())
    scope = issuers.scope(issuers.issued.text("auth0|ada", exp=now + 60))
    assert (scope.name, scope.role, scope.sees_all, scope.once) == (SHOP, "client", False, False)
    assert (scope.tags, scope.start, dict(scope.verbs)) == (frozenset({"user:auth0|ada"}), ("images.*",), {"cancel": True})
    assert (scope.id, scope.expires_at) == (person_id(ISSUER, "auth0|ada"), now + 60)
    assert scope.id != issuers.scope(issuers.issued.text("auth0|bob")).id
    late = issuers.scope(issuers.issued.text("auth0|ada", iat=now - 1800, exp=now + 10**9))
    assert late.expires_at == now + 1800


def test_texts_that_are_no_tokens_of_others_are_left_alone(issuers: Issuers) -> None:
    own = issuers.pages.made(tags=["a"])["token"]
    for text in ("", "x", "a.b.c", "..", "taskbahn_abc", own, issuers.issued.text("ada", x="x" * 9000), "e30.W10.x", "e30.e30.x"):
        assert not issuers.tokens.is_meant(text)


@given(st.text(st.sampled_from("abe30.-_=WQ"), max_size=60), st.text(max_size=30))
def test_no_text_breaks_the_look(issuers: Issuers, text: str, part: str) -> None:
    head, _, signature = issuers.issued.text("ada").split(".")
    for each in (text, part, f"{text}.{text}.{text}", f"{head}.{text}.{signature}", f"{head}.{part}.{signature}"):
        issuers.tokens.is_meant(each)
        assert isinstance(issuers.find(each), str)


@pytest.mark.parametrize("value", ["1e400", "NaN", "-1", "1" * 400, "true", '"1"', "[]", "[" * 2000])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_times_that_are_none_are_refused(issuers: Issuers, name: str, value: str) -> None:
    claims = issuers.issued.claims("ada")
    claims.pop(name, None)
    payload = f'{json.dumps(claims)[:-1]}, "{name}": {value}}}'.encode()
    text = PyJWS().encode(payload, KEY.private, "RS256", {"kid": KEY.kid})
    assert isinstance(issuers.find(text), str)


def test_a_revoked_user_comes_back_with_a_later_token() -> None:
    issuers = Issuers()
    node = issuers.pages.node
    issuers.wall = node.parts.wall()
    at = int(issuers.wall)
    text, other = (issuers.issued.text("ada", iat=at, exp=at + 600, jti=jti) for jti in ("one", "two"))
    scope = issuers.scope(text)
    for given_text in (text, scope.id):
        node.ask_as("boss", ADMIN, access.TOKEN_REVOKE, given_text)
        node.settle()
        assert "was revoked" in issuers.why(text)
        assert isinstance(issuers.find(other), Scope) == (given_text == text)
    issuers.wall += 120
    assert "was revoked" in issuers.why(issuers.issued.text("ada", iat=at + 50, exp=at + 600))  # the issuer's clock may be ahead
    assert isinstance(issuers.find(issuers.issued.text("ada", iat=at + 100, exp=at + 600)), Scope)


def test_a_token_without_id_is_revoked_by_what_it_says() -> None:
    said = {"iss": ISSUER, "sub": "ada", "iat": 1}
    assert token_mark(said) == token_mark(dict(reversed(said.items())))
    assert (
        len({token_mark(each) for each in (said, said | {"iat": 2}, said | {"jti": "x"}, said | {"jti": "x", "iss": "y"})}) == 4
    )
    assert token_mark(said | {"jti": "x"}) == token_mark({"iss": ISSUER, "jti": "x"})


@pytest.mark.parametrize("client, why", [("stranger", "has no valid token"), ("looks", "which starts no jobs")])
def test_a_client_of_which_there_are_no_tokens_has_no_pages(client: str, why: str) -> None:
    issuers = Issuers(client=client)
    made = issuers.pages.node.ask_as("boss", ADMIN, access.TOKEN_CREATE, "looks", "viewer")
    issuers.pages.node.settle()
    assert made.answer["token"]
    assert why in issuers.why(issuers.issued.text("ada"))
    issuers.tokens.begin()


def test_one_issuer_has_several_audiences() -> None:
    issuers = Issuers(audience=["one", "two"])
    right: list[Any] = ["one", "two", ["x", "two"]]
    for audience in right:
        assert issuers.scope(issuers.issued.text("ada", aud=audience)).name == SHOP
    wrong: list[Any] = ["x", [], ["x"], [["one"]], {"one": 1}, 1, "on"]
    for audience in wrong:
        assert "another audience" in issuers.why(issuers.issued.text("ada", aud=audience))


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"])
def test_each_algorithm_of_public_keys_signs_with_keys_of_its_kind(algorithm: str) -> None:
    private = PRIVATE[algorithm[:2] if algorithm != "EdDSA" and algorithm[0] != "E" else algorithm]
    issuers = Issuers(algorithms=list(ALGORITHMS))
    kind = jwt.get_algorithm_by_name(algorithm)
    shown = json.loads(kind.to_jwk(private.public_key())) | {"kid": "one"}
    issuers.fetches.shown = [shown]
    text = jwt.encode(issuers.issued.claims("ada"), private, algorithm, {"kid": "one"})
    assert issuers.scope(text).tags == {"user:ada"}
    few = Issuers(algorithms=["RS256"])
    few.fetches.shown = [shown]
    assert "is not taken" in few.why(text)


def test_a_key_of_another_curve_signs_nothing() -> None:
    issuers = Issuers(algorithms=list(ALGORITHMS))
    private = PRIVATE["ES384"]
    issuers.fetches.shown = [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())) | {"kid": "one"}]
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=")
        for each in ({"alg": "ES256", "kid": "one"}, issuers.issued.claims("ada"))
    )
    signed = private.sign(head + b"." + claims, ec.ECDSA(hashes.SHA256()))
    raw = b"".join(number.to_bytes(48) for number in decode_dss_signature(signed))
    text = b".".join((head, claims, base64.urlsafe_b64encode(raw).rstrip(b"="))).decode()
    assert "no such signature" in issuers.why(text)


# keys


def test_keys_are_fetched_for_an_unknown_one_and_not_for_each_stranger() -> None:
    issuers = Issuers()
    fetches, before = issuers.fetches, issuers.fetches.count
    new = Key("ES256")
    fetches.shown = [KEY.shown, new.shown]
    text = issuers.issued._replace(key=new).text("ada")
    logins = [issuers.tokens.find(text) for _ in range(3)]
    assert fetches.count == before + 1
    fetches.answer()
    assert all(isinstance(each.result, Scope) for each in logins)
    for number in range(20):
        assert "no such key" in issuers.why(issuers.issued._replace(key=Key("ES256", f"made-up-{number}")).text("eve"))
    assert fetches.count == before + 1
    fetches.now += PAUSE_SECONDS
    assert "no such key" in issuers.why(issuers.issued._replace(key=Key("ES256", "made-up")).text("eve"))
    assert fetches.count == before + 2


def test_waiting_logins_are_bounded() -> None:
    issuers = Issuers()
    text = issuers.issued._replace(key=Key("ES256")).text("eve")
    logins = [issuers.tokens.find(text) for _ in range(MAX_WAITING + 5)]
    assert sum(each.called for each in logins) == 5
    issuers.fetches.answer()
    assert all(isinstance(each.result, str) for each in logins)


def test_keys_go_on_while_the_issuer_is_away_and_end_when_withdrawn() -> None:
    issuers = Issuers()
    fetches, text = issuers.fetches, issuers.issued.text("ada")
    fetches.now += KEEP_SECONDS
    issuers.keys.refresh()
    issuers.keys.refresh()  # while one is on its way
    fetches.answer(Unreachable("it is away"))
    assert isinstance(issuers.find(text), Scope)
    found = issuers.tokens.find(issuers.issued._replace(key=Key("ES256")).text("ada"))
    fetches.answer(OSError("no thread"))
    assert "does not answer" in str(found.result)
    count = fetches.count
    fetches.now += AGAIN_SECONDS - 1
    issuers.keys.refresh()
    assert fetches.count == count
    fetches.now += 1
    fetches.shown = []
    issuers.keys.refresh()
    fetches.answer()
    assert issuers.keys.trouble == ""
    assert "no such key" in issuers.why(text)


# claims


def test_claims_are_found_by_name_and_by_path() -> None:
    claims = {"https://acme.example/org": "a", "realm": {"roles": ["x"], "a.b": "no"}, "a.b": "whole", "a": {"b": "path"}}
    found = [
        claim(claims, path) for path in ("https://acme.example/org", "realm.roles", "a.b", "realm.x", "realm.roles.0", "x.y")
    ]
    assert found == ["a", ["x"], "whole", None, None, None]


@pytest.mark.parametrize(
    "path, wanted, fits",
    [
        ("groups", ("staff",), True), ("groups", ("x", "staff"), True), ("groups", ("sta",), False), ("one", ("staff",), True),
        ("verified", (True,), True), ("verified", (1,), False), ("level", (1,), True), ("level", (True,), False),
        ("scope", ("jobs",), True), ("scope", ("read jobs",), False), ("words", ("jobs",), False), ("none", ("staff",), False),
        ("realm.roles", ("staff",), True), ("realm", ("staff",), False),
    ],
)  # fmt: skip
def test_required_claims_are_or_have_the_value(path: str, wanted: Any, fits: bool) -> None:  # noqa: FBT001
    claims = {
        "groups": ["staff"], "one": "staff", "verified": True, "level": 1, "scope": "read jobs", "words": "read jobs",
        "realm": {"roles": ["staff"]},
    }  # fmt: skip
    assert has(claims, path, wanted) == fits


VALUES = st.text(st.sampled_from("ab:|-*\n {é\u202e"), max_size=6)


@given(VALUES, VALUES, VALUES, VALUES)
def test_two_users_share_no_tag(org: str, user: str, other_org: str, other_user: str) -> None:
    for template in (Template.of("t:{org}:{sub}"), Template.of("{org}::{sub}:"), Template.of("{org}|x|{sub}")):
        try:
            one, other = (template.filled({"org": a, "sub": b}) for a, b in ((org, user), (other_org, other_user)))
        except Refused:
            continue
        assert one.isprintable()
        assert not FORBIDDEN & set(one)
        assert (one == other) == ((org, user) == (other_org, other_user))


def test_a_claim_has_no_character_of_the_text_after_it() -> None:
    template = Template.of("t:{org}:{sub}")
    assert template.filled({"org": "a", "sub": "b:c"}) == "t:a:b:c"
    with pytest.raises(Refused, match="org has ':'"):
        template.filled({"org": "a:b", "sub": "c"})


@pytest.mark.parametrize("value", [None, 3, True, ["a"], {"a": "b"}, "", " a", "a ", "x" * 201, "a*", "a\x00", "a[b]", "\ud800"])
def test_a_claim_that_makes_no_tag_refuses_the_token(value: Any) -> None:
    with pytest.raises(Refused, match="sub"):
        Template.of("user:{sub}").filled({"sub": value})


def test_no_claim_is_the_tag_of_what_another_token_has_started() -> None:
    for template in ("{sub}", "token:{sub}", "tok{sub}"):
        for value in ("token:b0123456789abcdef", "en:b0123456789abcdef", "b0123456789abcdef"):
            try:
                tag = Template.of(template).filled({"sub": value})
            except Refused:
                continue
            assert not tag.startswith("token:")
    assert Template.of("user:{sub}").filled({"sub": "token"}) == "user:token"


def test_a_tag_that_no_job_takes_refuses_the_token() -> None:
    assert len(Template.of("user:{sub}").filled({"sub": "x" * 95})) == 100
    with pytest.raises(Refused, match="its tag would have 101 characters, and a job takes 100"):
        Template.of("user:{sub}").filled({"sub": "x" * 96})
