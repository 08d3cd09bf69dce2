"""Logins by a provider of OpenID Connect: who may come in, and what an attacker brings along."""

from __future__ import annotations

import http.client
import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from support.oidc_provider import CLIENT, SECRET, Key, Provider, provider
from support.programs import Node, running
from support.tokens import token_for, user_for
from support.until import until

from taskbahn import InvalidRequest, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RULES = ("groups=admins:admin", "groups=ops:operator", "realm.roles=look:viewer")


class Browser:
    """Keeps cookies, and follows no redirect."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        """Return the status, where it leads, and the text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        shown = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, headers={"cookie": shown} if shown else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("set-cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                assert morsel["httponly"]
                assert morsel["samesite"] in ("Lax", "Strict")
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        connection.close()
        return answer.status, answer.headers.get("location", ""), text

    def leave(self) -> str:
        """Begin a login, and return where the provider sends the browser back."""
        status, where, text = self.get("/login/oidc")
        assert status == 303, text
        connection = http.client.HTTPConnection(urlsplit(where).netloc, timeout=30)
        connection.request("GET", f"{urlsplit(where).path}?{urlsplit(where).query}")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        back = urlsplit(answer.headers["location"])
        assert back.netloc == f"127.0.0.1:{self.port}"
        return f"{back.path}?{back.query}"

    def log_in(self) -> tuple[int, str, str]:
        return self.get(self.leave())

    @property
    def is_in(self) -> bool:
        return "taskbahn_session" in self.cookies


class Door:
    def __init__(self, node: Node, company: Provider, token: str) -> None:
        self.node = node
        self.company = company
        self.admin = Taskbahn(node.websocket, token=token)

    def browser(self) -> Browser:
        return Browser(self.node.port)


@pytest.fixture(scope="module")
def running_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("company")
    (folder / "secret").write_text(f"{SECRET}\n")
    user_for("local@acme.example", "viewer", "correct horse battery", folder / "data")
    token_for("bot@acme.example", "viewer", folder / "data")
    token = token_for("root", "admin", folder / "data")
    with provider() as company:
        options = {
            "AUTH": "1", "OIDC_ISSUER": company.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
            "OIDC_ROLE": " ".join(RULES), "OIDC_LABEL": "Acme",
        }  # fmt: skip
        node = Node(folder, None, **{f"TASKBAHN_UP_{name}": value for name, value in options.items()})
        with running(node, "Taskbahn is ready"):
            found = Door(node, company, token)
            yield found
            found.admin.close()


@pytest.fixture
def door(running_door: Door) -> Iterator[Door]:
    before = dict(vars(running_door.company))
    yield running_door
    vars(running_door.company).update(before)


def person(door: Door, name: str, **more: Any) -> None:
    door.company.person = {"sub": name, "email": f"{name}@acme.example", "email_verified": True, "groups": ["ops"], **more}


def test_the_provider_says_who_comes_in_and_the_rules_as_what(door: Door) -> None:
    for name, more, role in (
        ("ada", {}, "operator"),
        ("bea", {"groups": ["other", "ops", "admins"]}, "admin"),
        ("vera", {"groups": [], "realm": {"roles": ["look"]}}, "viewer"),
    ):
        person(door, name, **more)
        browser = door.browser()
        assert browser.log_in()[:2] == (303, "/")
        assert list(browser.cookies) == ["taskbahn_session"]
        [user] = [each for each in door.admin.admin.users() if each.name == f"{name}@acme.example"]
        assert (user.role, user.login) == (role, "company")
    assert door.browser().get("/login/ways")[2] == '{"company": "Acme"}\n'
    assert SECRET not in door.node.output


def test_the_audit_has_who_was_made_and_why_another_was_refused(door: Door) -> None:
    person(door, "noted")
    assert door.browser().log_in()[0] == 303
    person(door, "stranger", groups=[])
    assert door.browser().log_in()[0] == 403

    def noted() -> list[Any]:
        return [entry for entry in door.admin.view.audit() if entry.transport == "the company's login"]

    until(lambda: "refused" in noted()[0].effect)  # a refused login is answered before its entry is in the store
    refused, entered, made, *_ = noted()
    assert (entered.verb, entered.authid, entered.effect) == ("login", "noted@acme.example", "logged in")
    assert (made.verb, made.object, made.effect) == ("create", "noted@acme.example", "created, role operator")
    assert "no role of this node" in refused.effect


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "ES256"])
def test_keys_of_each_kind_sign_and_are_rotated(door: Door, algorithm: str) -> None:
    person(door, "ada")
    assert door.browser().log_in()[0] == 303
    browser = door.browser()
    back = browser.leave()
    door.company.rotate(algorithm)
    before = len(door.company.asked)
    status, _, text = browser.get(back)
    assert door.company.asked[before:].count("/keys") <= 1
    if status != 303:  # keys were asked for a moment ago: made-up keys cost the provider no more than that
        assert "refused" in text
    door.company.rotate("RS256")


def signed(key: Key, **headers: Any) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid, **headers})


def with_public_key(company: Provider) -> Callable[[dict[str, Any]], str]:
    """Sign with the provider's public key as the secret of an HMAC."""
    import base64
    import hmac
    import json

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def sign(claims: dict[str, Any]) -> str:
        text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': company.key.kid})}.{part(claims)}"
        secret = jwt.algorithms.RSAAlgorithm.from_jwk(company.key.shown)
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        pem = secret.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr]
        return f"{text}.{base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), 'sha256')).rstrip(b'=').decode()}"

    return sign


def other_key(company: Provider) -> Callable[[dict[str, Any]], str]:
    return signed(Key("RS256", company.key.kid))


SIGNERS: dict[str, Callable[[Provider], Callable[[dict[str, Any]], Any]]] = {
    "another key under the same name": other_key,
    "a key that the provider has not": lambda _: signed(Key("RS256", "made-up")),
    "no signature": lambda _: lambda claims: jwt.encode(claims, "", "none"),
    "the public key as a secret": with_public_key,
    "a key in its own header": lambda _: signed(key := Key("RS256", "own"), jwk=key.shown),
    "another algorithm than its key's": lambda company: signed(Key("ES256", company.key.kid)),
    "cut": lambda company: lambda claims: company.key.sign(claims)[:-4],
    "changed": lambda company: lambda claims: _changed(company.key.sign(claims)),
    "no token": lambda _: lambda _claims: None,
    "a number": lambda _: lambda _claims: 3,
    "too long": lambda company: lambda claims: company.key.sign(claims) + "x" * 100_000,
}


def _changed(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims[:10]}{'A' if claims[10] != 'A' else 'B'}{claims[11:]}.{signature}"


@pytest.mark.parametrize("how", SIGNERS)
def test_a_forged_token_opens_nothing(door: Door, how: str) -> None:
    person(door, "mallory", groups=["admins"])
    door.company.sign = SIGNERS[how](door.company)
    browser = door.browser()
    status, _, text = browser.log_in()
    assert (status, browser.is_in) == (403, False)
    assert "The login is refused." in text
    assert "mallory@acme.example" not in [user.name for user in door.admin.admin.users()]


NOW = int(time.time())
CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 3600, "iat": NOW - 7200},
    "of tomorrow": {"iat": NOW + 86400, "exp": NOW + 90000},
    "not yet valid": {"nbf": NOW + 86400},
    "of another audience": {"aud": "another-client"},
    "of several audiences without a party": {"aud": [CLIENT, "another-client"]},
    "of another party": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "of another issuer": {"iss": "https://evil.example"},
    "of the issuer with a slash": {"iss": "SLASH"},
    "with the nonce of another login": {"nonce": "x" * 43},
    "without a nonce": {"nonce": None},
    "without an end": {"exp": None},
    "without a person": {"sub": None},
    "with an empty person": {"sub": ""},
}


@pytest.mark.parametrize("how", CLAIMS)
def test_a_token_that_is_not_for_this_login_opens_nothing(door: Door, how: str) -> None:
    person(door, "mallory", groups=["admins"])
    wrong = {name: f"{door.company.issuer}/" if value == "SLASH" else value for name, value in CLAIMS[how].items()}

    def changed(claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**claims, **wrong}.items() if value is not None}

    door.company.claims = changed
    browser = door.browser()
    assert browser.log_in()[0] == 403
    assert not browser.is_in


def test_a_login_comes_back_once_and_to_its_own_browser(door: Door) -> None:
    person(door, "ada")
    browser, other = door.browser(), door.browser()
    back = browser.leave()
    kept = dict(browser.cookies)
    status, _, text = other.get(back)
    assert (status, other.is_in) == (403, False)
    assert "has not begun in this browser" in text
    other.leave()  # an own login does not help with the state of another one
    assert (other.get(back)[0], other.is_in) == (403, False)
    assert browser.get(back)[0] == 303
    browser.cookies = kept
    assert (browser.get(back)[0], browser.is_in) == (403, False)  # replayed


@pytest.mark.parametrize(
    "change", [{"state": "x" * 43}, {"state": ""}, {"code": "made-up"}, {"code": "x" * 5000}, {"iss": "https://evil.example"}]
)
def test_what_is_changed_on_the_way_back_opens_nothing(door: Door, change: dict[str, str]) -> None:
    person(door, "ada")
    browser = door.browser()
    path, _, query = browser.leave().partition("?")
    given = {name: values[0] for name, values in parse_qs(query).items()} | change
    assert browser.get(f"{path}?{urlencode(given)}")[0] == 403
    assert browser.get(f"{path}?error=access_denied&state={given['state']}")[0] == 403
    assert not browser.is_in


def test_a_cookie_that_is_made_up_begins_no_login(door: Door) -> None:
    browser = door.browser()
    browser.leave()
    right = browser.cookies["taskbahn_login"]
    for wrong in ("", "x", "x.y", right[:-2], f"e30.{right.partition('.')[2]}", "é", "a.b.c", right + "A"):
        browser.cookies = {"taskbahn_login": wrong.encode().decode("latin-1")}
        assert browser.get("/login/oidc/callback?code=x&state=x")[0] == 403


def test_a_login_leads_to_the_dashboard_and_nowhere_else(door: Door) -> None:
    person(door, "ada")
    for name in ("next", "redirect", "redirect_uri", "return_to", "url"):
        browser = door.browser()
        status, where, _ = browser.get(f"/login/oidc?{name}=https://evil.example")
        assert status == 303
        assert where.startswith(f"{door.company.issuer}/authorize?")
        assert "evil" not in where
        browser = door.browser()
        assert browser.get(f"{browser.leave()}&{name}=https://evil.example")[:2] == (303, "/")


@pytest.mark.parametrize(
    "more, why",
    [
        ({"groups": ["guests"]}, "no role of this node"),
        ({"groups": "ops2"}, "no role of this node"),
        ({"groups": {"ops": True}}, "no role of this node"),
        ({"email": None}, "no name that this node takes"),
        ({"email": "a b@acme.example"}, "no name that this node takes"),
        ({"email": "x\n"}, "no name that this node takes"),
        ({"email": ["ada@acme.example"]}, "no name that this node takes"),
        ({"email_verified": False}, "has not verified"),
        ({"email": "local@acme.example"}, "of another user of this node"),
        ({"email": "bot@acme.example"}, "has the role viewer"),
    ],
)
def test_a_person_without_a_name_or_a_role_learns_why(door: Door, more: dict[str, Any], why: str) -> None:
    person(door, "eve", **more)
    browser = door.browser()
    status, _, text = browser.log_in()
    assert (status, browser.is_in) == (403, False)
    assert why in text


def test_a_name_stays_with_the_person_who_came_first(door: Door) -> None:
    person(door, "first")
    assert door.browser().log_in()[0] == 303
    person(door, "second", email="first@acme.example", groups=["admins"])
    assert "of another user of this node" in door.browser().log_in()[2]
    person(door, "first", email="renamed@acme.example")
    assert door.browser().log_in()[0] == 303
    names = [user.name for user in door.admin.admin.users()]
    assert ("renamed@acme.example" in names, "first@acme.example" in names) == (True, False)


def test_another_role_ends_the_logins_of_the_one_before(door: Door) -> None:
    person(door, "moves")
    first, second = door.browser(), door.browser()
    assert first.log_in()[0] == 303
    person(door, "moves", groups=["admins"])
    assert second.log_in()[0] == 303
    book = {user.name: user.role for user in door.admin.admin.users()}
    assert book["moves@acme.example"] == "admin"

    def gets_in(browser: Browser) -> bool:
        from taskbahn import InvalidToken

        app = Taskbahn(door.node.websocket, token=browser.cookies["taskbahn_session"])
        try:
            app.view.status()
        except InvalidToken:
            return False
        finally:
            app.close()
        return True

    assert (gets_in(first), gets_in(second)) == (False, True)
    door.admin.admin.remove_user("moves@acme.example")
    assert not gets_in(second)
    with pytest.raises(InvalidRequest, match="there is no user"):
        door.admin.admin.set_password("moves@acme.example", "correct horse battery")


def test_a_user_of_the_company_has_no_password_here(door: Door) -> None:
    person(door, "ada")
    assert door.browser().log_in()[0] == 303
    with pytest.raises(InvalidRequest, match="has no password here"):
        door.admin.admin.set_password("ada@acme.example", "correct horse battery")


def test_only_these_pages_are_there(door: Door) -> None:
    browser = door.browser()
    assert browser.get("/login/oidc", "POST")[0] == 405
    assert [browser.get(f"/login/{path}")[0] for path in ("x", "oidc/x", "oidc/callback/x")] == [404] * 3
    assert browser.get("/login/oidc/callback")[0] == 403


def test_a_provider_that_does_not_answer_lets_others_log_in(door: Door, tmp_path: Path) -> None:
    data = tmp_path / "data"
    user_for("ada", "viewer", "correct horse battery", data)
    options = {"AUTH": "1", "OIDC_ISSUER": "http://127.0.0.1:9/", "OIDC_CLIENT_ID": "x", "OIDC_ROLE": "viewer"}
    node = Node(tmp_path, None, **{f"TASKBAHN_UP_{name}": value for name, value in options.items()})
    with running(node, "Taskbahn is ready"):
        browser = Browser(node.port)
        status, _, text = browser.get("/login/oidc")
        assert (status, "does not answer" in text) == (503, True)
        assert "127.0.0.1:9" not in text


@pytest.mark.parametrize(
    "answers",
    [{"/token": (500, {})}, {"/token": (200, b"no json")}, {"/token": (302, {})}, {"/token": (200, b"[" * 5000)}],
)
def test_a_provider_that_says_nonsense_lets_no_one_in(door: Door, answers: dict[str, tuple[int, Any]]) -> None:
    person(door, "ada")
    browser = door.browser()
    back = browser.leave()
    door.company.answers = answers
    assert browser.get(back)[0] == 503
    assert not browser.is_in
    door.company.answers = {}
    assert door.browser().log_in()[0] == 303  # one bad answer keeps no other person out
