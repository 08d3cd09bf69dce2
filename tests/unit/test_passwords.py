"""Passwords: what is one, what is kept of it, and what comparing costs the event loop."""

from __future__ import annotations

import time
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processor import fewest_seconds
from twisted.internet.defer import Deferred

from taskbahn.errors import InvalidRequest, NotReady
from taskbahn_router.access.book import CredentialBook, Principal
from taskbahn_router.access.password_checks import MAX_OPEN, MAX_OPEN_OF_ONE, HashThreads, PasswordChecks
from taskbahn_router.access.password_login import PasswordLogin
from taskbahn_router.access.passwords import (
    LONGEST_BYTES,
    OF_NO_PASSWORD,
    SHORTEST,
    _hasher,
    hashed,
    is_password,
    new_password,
    prepared,
)
from taskbahn_router.access.users import new_user

if TYPE_CHECKING:
    from collections.abc import Callable

LOOP_SECONDS = 0.001  # that a login may cost the event loop


class Later:
    """Runs nothing until it is asked to."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] = []
        self.ran: list[tuple[Any, ...]] = []

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.ran.append((function, *args))
        self.held.append(lambda: done.callback(function(*args)))
        return done

    def release(self) -> None:
        held, self.held = self.held, []
        for work in held:
            work()


class Loop:
    """Takes what threads give back, as a reactor does."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        self.given: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def callFromThread(self, function: Callable[..., None], *args: Any) -> None:  # noqa: N802 - as Twisted names it
        self.given.put(partial(function, *args))


def test_a_password_is_compared_and_not_kept() -> None:
    kept = hashed(prepared("correct horse battery"))
    assert kept.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password(kept, prepared("correct horse battery"))
    assert not is_password(kept, prepared("correct horse batterY"))
    assert hashed(prepared("correct horse battery")) != kept  # each has its own salt


def test_no_password_is_the_one_of_unknown_names_which_costs_as_much() -> None:
    assert not _hasher().check_needs_rehash(OF_NO_PASSWORD.decode())
    for text in ("?", "a password", "correct horse battery"):
        assert not is_password(OF_NO_PASSWORD, prepared(text))
    assert not is_password(b"nothing that a hash could be", b"x")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=60))
def test_each_keyboard_gives_the_same_password(text: str) -> None:
    forms = {prepared(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1
    assert prepared(text.replace(" ", "\u00a0")) in forms


@given(st.one_of(st.text(max_size=2000), st.binary(), st.none(), st.integers()))
def test_what_is_no_password_is_refused_without_showing_it(given: Any) -> None:
    try:
        found = new_password(given, "ada")
    except InvalidRequest as error:
        shown = str(error.message)
        assert not isinstance(given, str) or len(given) < 6 or given not in shown
        return
    assert len(found.decode()) >= SHORTEST
    assert len(found) <= LONGEST_BYTES


@pytest.mark.parametrize(
    "password, why",
    [
        ("", "1 to 1000 bytes"), ("x" * 1001, "1 to 1000 bytes"), ("é" * 501, "1 to 1000 bytes"), ("nine char", "too short"),
        ("a line\nanother", "control characters"), ("a tab\there...", "control characters"), ("nothing\x00more", "control characters"),
        ("\ud800" * 12, "control characters"), ("adalovelace!", "name of its user"), ("taskbahn_" + "x" * 43, "as API tokens do"),
        (b"bytes that are none", "is a text"),
    ],
)  # fmt: skip
def test_each_rule_says_what_is_wrong(password: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        new_password(password, "adalovelace")


def book_with(*users: tuple[str, bytes]) -> CredentialBook:
    book = CredentialBook(lambda: 1000.0, lambda *_: None)
    for name, proof in users:
        book.put(new_user(name, "operator", proof, 1000.0, None)._replace(version=1))
    return book


def test_an_unknown_name_is_compared_as_a_wrong_password_is() -> None:
    runner, kept = Later(), hashed(b"correct horse battery")
    book = book_with(("ada", kept))
    login = PasswordLogin(book, PasswordChecks(runner))
    answers: list[Any] = []
    shown = [("ada", "correct horse battery"), ("ada", "wrong"), ("eve", "wrong"), ("ada", "\n"), ("ada", "x" * 4000), ("", "")]
    for number, one in enumerate(shown):
        login.find(*one, str(number)).addCallback(answers.append)
    runner.release()
    assert answers == [Principal("ada", "operator", "user:ada"), *["a wrong password of ada"], "no such user",
                       *["a wrong password of ada"] * 2, "no such user"]  # fmt: skip
    assert [function for function, *_ in runner.ran] == [is_password] * len(shown)
    assert "eve" not in str(answers)  # it may be a password, typed too early


@pytest.mark.parametrize("change", ["another password", "another role", "removed", "removed and made again"])
def test_what_changes_while_a_password_is_compared_counts(change: str) -> None:
    runner, kept = Later(), hashed(b"correct horse battery")
    book = book_with(("ada", kept))
    answers: list[Any] = []
    PasswordLogin(book, PasswordChecks(runner)).find("ada", "correct horse battery", None).addCallback(answers.append)
    row = book.user("ada")
    assert row is not None
    if change.startswith("removed"):
        book.drop(row)
    if change.endswith("again"):
        book.put(row._replace(created_at=1001.0))
    if change == "another password":
        book.put(row._replace(proof=hashed(b"another one"), version=2))
    if change == "another role":
        book.put(row._replace(role="viewer", version=2))
    runner.release()
    assert answers == ["the user ada was changed meanwhile"]


def test_a_flood_is_refused_and_ends() -> None:
    runner = Later()
    checks = PasswordChecks(runner)
    open_now = [checks.compare(None, b"x", "flood") for _ in range(MAX_OPEN_OF_ONE)]
    with pytest.raises(NotReady, match="try again"):
        checks.compare(None, b"x", "flood")
    open_now += [checks.compare(None, b"x", f"address {number}") for number in range(MAX_OPEN - MAX_OPEN_OF_ONE)]
    with pytest.raises(NotReady):
        checks.compare(None, b"x", "one more")
    assert len(runner.held) == MAX_OPEN
    runner.held = runner.held[:2]  # the others would take a second
    runner.release()
    checks.compare(None, b"x", "one more")
    assert len(open_now) == MAX_OPEN


def test_a_login_costs_the_loop_less_than_a_millisecond() -> None:
    loop = Loop()
    threads = HashThreads(loop)
    book = book_with(("ada", hashed(b"correct horse battery")))
    login = PasswordLogin(book, PasswordChecks(threads))
    answers: list[Any] = []

    def log_in() -> float:
        began = time.thread_time()
        login.find("ada", "correct horse battery", None).addCallback(answers.append)
        spent = time.thread_time() - began
        given = loop.given.get(timeout=30)
        began = time.thread_time()
        given()
        return spent + time.thread_time() - began

    try:
        log_in()
        assert fewest_seconds(log_in, LOOP_SECONDS) < LOOP_SECONDS
    finally:
        threads.stop()
    assert set(answers) == {Principal("ada", "operator", "user:ada")}
