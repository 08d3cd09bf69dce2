"""Tokens: what they are made of, whom they let in, and until when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol.access import GIVEN_ROLES, PRINCIPAL, TOKEN_PREFIX
from taskbahn.transport.login import token_of
from taskbahn_router.access.book import CredentialBook, Principal
from taskbahn_router.access.tokens import new_token, token_view
from taskbahn_router.model.pending_call import RANDOM

NOW = 1000.0


class Time:
    def __init__(self) -> None:
        self.now = NOW
        self.ended: list[tuple[int, str]] = []
        self.book = CredentialBook(lambda: self.now, lambda session, why: self.ended.append((session, why)))


def test_a_token_lets_in_under_its_name_and_role() -> None:
    time = Time()
    made = new_token("shop", "client", NOW, "ada")
    assert made.text.startswith(TOKEN_PREFIX)
    assert made.text not in repr(made.row)
    assert made.text.encode() not in made.row.proof
    time.book.put(made.row)
    assert time.book.find(made.text) == Principal("shop", "client", made.row.id)
    assert token_view(made.row).token is None


@given(st.text(max_size=80))
def test_no_other_text_lets_in(text: str) -> None:
    time = Time()
    made = new_token("shop", "client", NOW, None)
    time.book.put(made.row)
    for other in (text, made.text + text[:1], made.text[:-1], made.text.upper(), made.row.proof.hex(), made.row.id):
        if other != made.text:
            assert isinstance(time.book.find(other), str)


def test_a_revoked_token_closes_its_sessions_and_no_others() -> None:
    time = Time()
    first, second = new_token("shop", "client", NOW, None), new_token("shop", "client", NOW, None)
    for made in (first, second):
        time.book.put(made.row)
    for session, made in ((1, first), (2, first), (3, second)):
        found = time.book.find(made.text)
        assert isinstance(found, Principal)
        time.book.opened(session, found)
    time.book.closed(2)
    time.book.closed(99)
    time.book.put(first.row._replace(revoked_at=NOW))
    assert [session for session, _ in time.ended] == [1]
    assert "revoked" in time.ended[0][1]
    assert "revoked" in str(time.book.find(first.text))
    assert isinstance(time.book.find(second.text), Principal)


def test_a_token_is_over_when_its_time_is() -> None:
    time = Time()
    made = new_token("shop", "client", NOW, None, 60)
    time.book.put(made.row)
    found = time.book.find(made.text)
    assert isinstance(found, Principal)
    time.book.opened(5, found)
    time.now = NOW + 59.9
    time.book.end_expired()
    assert time.ended == []
    time.now = NOW + 60
    time.book.end_expired()
    assert [session for session, _ in time.ended] == [5]
    assert "expired" in str(time.book.find(made.text))


def test_a_name_has_one_role() -> None:
    time = Time()
    made = new_token("shop", "client", NOW, None)
    time.book.put(made.row)
    time.book.check_role("shop", "client")
    with pytest.raises(InvalidRequest, match="shop has the role client"):
        time.book.check_role("shop", "admin")
    time.book.put(made.row._replace(revoked_at=NOW))
    time.book.check_role("shop", "admin")


@given(st.one_of(st.text(max_size=120), st.none(), st.integers(), st.lists(st.integers())))
def test_names_are_plain_or_refused(name: Any) -> None:
    try:
        made = new_token(name, "client", NOW, None)
    except InvalidRequest:
        return
    assert PRINCIPAL.fullmatch(made.row.name)
    assert made.row.name.isprintable()
    assert not set(":*[] /") & set(made.row.name)
    assert not RANDOM.fullmatch(made.row.name)


@pytest.mark.parametrize(
    "name", ["", "a:b", "a b", "-a", "a\n", "a*", "é", "x" * 101, "3333-3333-3333-3333-3333-3333", "schedule:x"]
)
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="a token's name is"):
        new_token(name, "client", NOW, None)


@pytest.mark.parametrize("role", ["", "root", "browser", "dispatcher", "trusted", "anonymous", "Client", None, 1])
def test_there_are_no_other_roles(role: Any) -> None:
    with pytest.raises(InvalidRequest, match="there is no role"):
        new_token("a", role, NOW, None)
    assert {each.value for each in GIVEN_ROLES} == {"viewer", "client", "worker", "operator", "admin"}


@pytest.mark.parametrize("expires", [0, -1, True, "1", float("nan"), float("inf"), 1e12])
def test_a_token_is_valid_for_a_time_that_is_one(expires: Any) -> None:
    with pytest.raises(InvalidRequest, match="expires"):
        new_token("a", "client", NOW, None, expires)


def test_a_program_gives_its_token_as_text_or_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKBAHN_TOKEN", raising=False)
    assert token_of(None) is None
    monkeypatch.setenv("TASKBAHN_TOKEN", "of.the.environment\n")
    texts = iter(["first", "second"])
    function = token_of(lambda: next(texts))
    found = token_of(None), token_of(" of.a.file\n"), function
    assert all(found)
    assert [token.read() for token in found if token] == ["of.the.environment", "of.a.file", "first"]
    assert function is not None
    assert function.read() == "second"
    assert "file" not in repr(found)


@pytest.mark.parametrize("given", ["", "two words", "a\x00b", "é", 3, b"bytes"])
def test_what_is_no_token_is_refused_without_showing_it(given: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        token_of(given)
    assert "two words" not in caught.value.message
    assert caught.value.detail["option"] == "token"


def test_a_function_must_return_a_text() -> None:
    token = token_of(lambda: 3)
    assert token is not None
    with pytest.raises(InvalidOption, match="returned a int"):
        token.read()
