"""The company's login without a node: keys that are rotated, rules, what a browser keeps, and the options."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.oidc_provider import CLIENT, SECRET, Provider, provider

from taskbahn.cli.oidc_options import company_login
from taskbahn_router.company.id_tokens import Refused
from taskbahn_router.company.pending import SECONDS, PendingLogins
from taskbahn_router.company.provider import FAILURE_SECONDS, KEEP_SECONDS, KEYS_PAUSE_SECONDS, TIMEOUT_SECONDS
from taskbahn_router.company.provider import Provider as Asked
from taskbahn_router.company.settings import Rule, Settings
from taskbahn_router.issuer_pages import Unreachable, is_safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACK = "http://127.0.0.1:1/login/oidc/callback"


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running_company() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture
def company(running_company: Provider) -> Iterator[Provider]:
    before = dict(vars(running_company))
    running_company.asked = []
    yield running_company
    vars(running_company).update(before)


def settings(company: Provider, secret: str | None = SECRET) -> Settings:
    return Settings(company.issuer, CLIENT, secret, "email", "Acme", "openid", [Rule("", "", "viewer")])


def log_in(company: Provider, asked: Asked) -> dict[str, Any]:
    login, _ = PendingLogins(lambda: 0.0).begin(BACK)
    code = company.authorize(
        {
            "response_type": "code",
            "client_id": CLIENT,
            "code_challenge_method": "S256",
            "scope": "openid",
            "redirect_uri": BACK,
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": login.challenge,
        }
    )
    return asked.claims(code.partition("code=")[2].partition("&")[0], login.verifier, BACK, login.nonce)


def test_keys_are_asked_for_again_when_they_are_rotated_or_old(company: Provider) -> None:
    clock = Time()
    asked = Asked(settings(company), clock)
    log_in(company, asked)
    log_in(company, asked)
    assert Counter(company.asked)["/keys"] == 1
    company.rotate("ES256")
    with pytest.raises(Refused, match="has no key"):  # they were asked for a moment ago
        log_in(company, asked)
    clock.now += KEYS_PAUSE_SECONDS
    assert log_in(company, asked)["sub"] == "1"
    assert Counter(company.asked)["/keys"] == 2
    company.keys = []
    clock.now += KEEP_SECONDS + 1
    with pytest.raises(Refused, match="has no key"):  # a key that the provider has withdrawn
        log_in(company, asked)
    assert Counter(company.asked)["/.well-known/openid-configuration"] == 2


def test_two_keys_that_overlap_both_sign(company: Provider) -> None:
    asked = Asked(settings(company), Time())
    before = company.key
    company.rotate(keep=True)
    assert log_in(company, asked)["sub"] == "1"
    company.key = before
    assert log_in(company, asked)["sub"] == "1"


def test_a_code_of_another_login_is_refused(company: Provider) -> None:
    asked = Asked(settings(company))
    with pytest.raises(Refused, match="refuses the code"):
        asked.claims("made-up", "v" * 43, BACK, "n")
    with pytest.raises(Refused, match="refuses the code"):
        log_in(company, Asked(settings(company, "another secret")))


@pytest.mark.parametrize(
    "said, why",
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"token_endpoint": "http://acme.example/token"}, "is not https"),
        ({"jwks_uri": None}, "is not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "is not https"),
        (b"<html>", "Expecting value"),
        (b"[" * 100_000, "recursion"),
        (b"{}" + b" " * 2_000_000, "no JSON object"),
    ],
)
def test_a_provider_that_is_another_is_not_asked(company: Provider, said: Any, why: str) -> None:
    clock = Time()
    asked = Asked(settings(company), clock)
    page = "/.well-known/openid-configuration"
    company.answers = {page: (200, {**company.discovery(), **said} if isinstance(said, dict) else said)}
    with pytest.raises(Unreachable, match=why):
        asked.pages()
    company.answers = {}
    clock.now += FAILURE_SECONDS
    assert asked.pages().token == f"{company.issuer}/token"


def test_a_provider_that_answers_slowly_is_not_waited_for(company: Provider) -> None:
    times = iter([0.0, TIMEOUT_SECONDS + 1, TIMEOUT_SECONDS + 1, TIMEOUT_SECONDS + 1])
    with pytest.raises(Unreachable, match="takes longer than 10 s"):
        Asked(settings(company), lambda: next(times)).pages()


def test_a_redirect_of_the_provider_is_not_followed(company: Provider) -> None:
    company.answers = {"/.well-known/openid-configuration": (302, {})}
    with pytest.raises(Unreachable, match="302"):
        Asked(settings(company)).pages()
    assert "/keys" not in company.asked


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_a_browser_makes_up_is_no_login(kept: str, state: str) -> None:
    assert PendingLogins(lambda: 0.0).take(kept, state) is None


def test_a_login_is_taken_once_by_its_node_in_its_time() -> None:
    clock = Time()
    pending, other = PendingLogins(clock), PendingLogins(clock)
    login, kept = pending.begin(BACK)
    assert other.take(kept, login.state) is None
    assert pending.take(kept, login.state[:-1]) is None
    assert pending.take(kept, login.state) == login
    assert pending.take(kept, login.state) is None
    late, kept = pending.begin(BACK)
    clock.now += SECONDS + 1
    assert pending.take(kept, late.state) is None
    assert len({login.state, login.nonce, login.verifier, late.state, late.nonce, late.verifier}) == 6


@pytest.mark.parametrize(
    "claims, fits",
    [
        ({"groups": ["ops"]}, True), ({"groups": "ops"}, True), ({"groups": ["op"]}, False), ({"groups": "ops,x"}, False),
        ({"groups": [["ops"]]}, False), ({"groups": {"ops": 1}}, False), ({}, False), ({"groups": None}, False),
    ],
)  # fmt: skip
def test_a_rule_fits_whole_values(claims: dict[str, Any], *, fits: bool) -> None:
    assert Rule("groups", "ops", "operator").fits(claims) is fits
    assert Rule("a.groups", "ops", "operator").fits({"a": claims}) is fits
    assert Rule("a.groups", "ops", "operator").fits({"a.groups": claims.get("groups")}) is fits
    assert Rule("", "", "viewer").fits(claims)


@pytest.mark.parametrize(
    "address, safe",
    [
        ("https://acme.example/x", True), ("http://127.0.0.1:80/", True), ("http://acme.example/", False), ("file:///etc/passwd", False),
        ("https://user@acme.example/", False), ("https:///x", False), ("http://127.0.0.1.evil.example/", False), ("https://[", False),
    ],
)  # fmt: skip
def test_only_addresses_of_tls_or_of_this_machine_are_asked(address: str, *, safe: bool) -> None:
    assert is_safe(address) is safe


GIVEN: dict[str, Any] = {
    "oidc_issuer": "https://login.acme.example", "oidc_client_id": "node", "oidc_client_secret_file": None,
    "oidc_roles": ("groups=ops:operator", "viewer"), "oidc_name": "email", "oidc_scope": "openid email", "oidc_label": None,
}  # fmt: skip


def test_the_options_make_what_the_node_is_started_with(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    found = company_login({**GIVEN, "oidc_client_secret_file": tmp_path / "secret"}, auth=True)
    assert found is not None
    assert "s3cret" not in str(found)
    made = Settings.of(found)
    assert (made.secret, made.label, "s3cret" in repr(made)) == ("s3cret", "login.acme.example", False)
    assert list(made.rules) == [Rule("groups", "ops", "operator"), Rule("", "", "viewer")]
    with pytest.raises(click.UsageError, match="give --auth, too"):
        company_login(GIVEN, auth=False)
    assert company_login({**GIVEN, "oidc_issuer": None, "oidc_client_id": None, "oidc_roles": ()}, auth=False) is None


@pytest.mark.parametrize(
    "change, why",
    [
        ({"oidc_issuer": None}, "belongs to a provider"), ({"oidc_issuer": "http://acme.example"}, "no address of https"),
        ({"oidc_issuer": "acme.example"}, "no address of https"), ({"oidc_issuer": "https://acme.example/?x"}, "no address of https"),
        ({"oidc_client_id": None}, "also needs --oidc-client-id"), ({"oidc_roles": ()}, "also needs --oidc-role"),
        ({"oidc_roles": ("client",)}, "roles of people"), ({"oidc_roles": ("groups=ops",)}, "roles of people"),
        ({"oidc_roles": ("groups:viewer",)}, "roles of people"), ({"oidc_scope": "email"}, "has no openid"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(click.UsageError, match=why):
        company_login({**GIVEN, **change}, auth=True)


@pytest.mark.parametrize(
    "verified, fits", [(True, True), ("true", True), (False, False), ("false", False), (None, False), (1, True)]
)
def test_no_role_comes_by_an_address_that_is_not_verified(verified: Any, *, fits: bool) -> None:
    claims = {"sub": "ada", "email": "ada@acme.example", "email_verified": verified}
    assert Rule("email", "ada@acme.example", "admin").fits(claims) is fits
    assert Rule("sub", "ada", "admin").fits(claims)
    assert Rule("email", "ada@acme.example", "admin").fits({"email": "ada@acme.example"})  # the provider does not say
