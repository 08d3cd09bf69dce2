"""Users: admins make and remove them, a user changes its own password, and sessions end with what opened them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol import access, messages
from taskbahn.protocol.access import GIVEN_ROLES, PRINCIPAL, Role
from taskbahn.transport.login import Token, refusal, token_of
from taskbahn_router.access.book import Principal
from taskbahn_router.access.throttle import LONGEST_DELAY_SECONDS
from taskbahn_router.access.users import check_user
from taskbahn_router.model.pending_call import RANDOM
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

PASSWORD, OTHER = "correct horse battery", "staple correct horse"
ADMIN = Role.ADMIN.value


@pytest.fixture
def node() -> DispatcherHarness:
    return DispatcherHarness()


def ask(node: DispatcherHarness, uri: str, *args: Any, name: str = "root", role: str = ADMIN, **kwargs: Any) -> RecordedCall:
    asked = node.ask_as(name, role, uri, *args, **kwargs)
    node.settle()
    return asked


def add(node: DispatcherHarness, name: str, role: str = "operator", password: str = PASSWORD) -> RecordedCall:
    return ask(node, access.USER_CREATE, name, role, password)


def log_in(node: DispatcherHarness, name: str, password: str = PASSWORD) -> Principal | str:
    found: list[Principal | str] = []
    node.parts.password_login.find(name, password, None).addCallback(found.append)
    node.settle()
    if not found:
        node.passes(LONGEST_DELAY_SECONDS)  # the name is being guessed
    return found[0]


def page_of(node: DispatcherHarness, name: str) -> str:
    """Log a browser in, and return what its cookie has."""
    texts: list[str] = []
    found = log_in(node, name)
    assert isinstance(found, Principal)
    node.parts.browser_sessions.begin(found.credential, texts.append)
    node.settle()
    return texts[0]


MAKE_ADMIN: dict[str, tuple[str, list[Any], str]] = {
    "token": (access.TOKEN_CREATE, ["boss", ADMIN], access.TOKEN_REVOKE),
    "key": (access.KEY_ADD, ["boss", ADMIN, "4a" * 32], access.KEY_REVOKE),
    "user": (access.USER_CREATE, ["boss", ADMIN, PASSWORD], access.USER_REMOVE),
}


@pytest.mark.parametrize("kind", MAKE_ADMIN)
def test_the_last_login_of_an_admin_is_not_taken_away(node: DispatcherHarness, kind: str) -> None:
    make, words, take = MAKE_ADMIN[kind]
    assert ask(node, make, *words).answer
    ask(node, access.TOKEN_CREATE, "helper", "operator")
    ask(node, access.TOKEN_CREATE, "second", ADMIN, expires=60.0)
    ask(node, access.TOKEN_CREATE, "third", ADMIN)
    assert ask(node, access.TOKEN_REVOKE, "third").answer
    node.passes(61.0)
    refused = ask(node, take, "boss")
    assert refused.error == "invalid_request"
    assert "nothing else can log in as an admin" in str(refused.sent)
    assert ask(node, access.TOKEN_REVOKE, "helper").answer
    assert ask(node, access.TOKEN_CREATE, "fourth", ADMIN).answer
    assert ask(node, take, "boss").answer
    assert ask(node, access.TOKEN_REVOKE, "fourth", role="anonymous").answer, "a node without login needs no admin"


def test_a_user_logs_in_until_it_is_removed(node: DispatcherHarness) -> None:
    assert add(node, "ada").answer == {
        "name": "ada",
        "role": "operator",
        "login": "password",
        "created_at": node.wall(),
        "created_by": "root",
    }
    assert log_in(node, "ada") == Principal("ada", "operator", "user:ada")
    assert log_in(node, "ada", OTHER) == "a wrong password of ada"
    assert [user["name"] for user in ask(node, access.USER_LIST).answer] == ["ada"]
    assert ask(node, access.USER_REMOVE, "ada").answer["name"] == "ada"
    assert log_in(node, "ada") == "no such user"
    assert ask(node, access.USER_LIST).answer == []
    assert ask(node, access.USER_REMOVE, "ada").error == "invalid_request"


def test_a_password_is_in_no_answer_no_row_and_no_audit(node: DispatcherHarness) -> None:
    asked = [add(node, "ada"), add(node, "ada"), add(node, "bob", password="short-one"), ask(node, access.USER_LIST)]
    asked.append(ask(node, access.OWN_PASSWORD, OTHER, OTHER, name="ada", role="operator"))
    asked.append(ask(node, access.USER_CREATE, "eve", "client", PASSWORD, OTHER, "more"))
    said = repr([call.sent for call in asked]) + repr([getattr(call.sent[-1][1], "message", "") for call in asked])
    kept = repr(node.parts.credentials.users())
    audit = repr(ask(node, messages.VIEW_AUDIT).answer)
    assert "refused: the old password is another one" in audit
    for password in (PASSWORD, OTHER, "short-one"):
        assert password not in said
        assert password not in kept
        assert password not in audit


@pytest.mark.parametrize("how", ["admin", "oneself", "removed", "removed and made again"])
def test_what_changes_a_user_ends_its_sessions_and_no_others(node: DispatcherHarness, how: str) -> None:
    add(node, "ada")
    add(node, "bob")
    book = node.parts.credentials
    texts = {name: page_of(node, name) for name in ("ada", "bob")}
    for session, name in ((1, "ada"), (2, "bob")):
        book.opened(session, Principal(name, "operator", f"user:{name}"))
    for session, name in ((3, "ada"), (4, "bob")):
        found = book.find(texts[name])
        assert isinstance(found, Principal)
        book.opened(session, found)
    if how == "admin":
        ask(node, access.USER_PASSWD, "ada", OTHER)
    elif how == "oneself":
        ask(node, access.OWN_PASSWORD, PASSWORD, OTHER, name="ada", role="operator")
    else:
        ask(node, access.USER_REMOVE, "ada")
    if how.endswith("again"):
        node.passes(1)
        add(node, "ada")
    assert sorted(session for session, _ in node.ended_sessions) == [1, 3]
    assert isinstance(book.find(texts["ada"]), str)
    assert isinstance(book.find(texts["bob"]), Principal)
    node.restart()
    assert isinstance(node.parts.credentials.find(texts["ada"]), str)
    assert isinstance(node.parts.credentials.find(texts["bob"]), Principal)


def test_a_login_that_is_stored_while_its_user_changes_is_none(node: DispatcherHarness) -> None:
    add(node, "ada")
    texts: list[str] = []
    node.writing.holds = True
    node.parts.browser_sessions.begin("user:ada", texts.append)
    ask(node, access.USER_PASSWD, "ada", OTHER)
    node.writing.holds = False
    node.writing.release()
    node.settle()
    assert isinstance(node.parts.credentials.find(texts[0]), str)


def test_a_user_changes_its_own_password_by_the_old_one(node: DispatcherHarness) -> None:
    add(node, "ada", "client")
    add(node, "bob", "client")
    assert ask(node, access.OWN_PASSWORD, OTHER, OTHER, name="ada", role="client").error == "invalid_request"
    assert ask(node, access.OWN_PASSWORD, PASSWORD, "short", name="ada", role="client").error == "invalid_request"
    assert log_in(node, "ada") == Principal("ada", "client", "user:ada")
    assert ask(node, access.OWN_PASSWORD, PASSWORD, OTHER, name="ada", role="client").answer["name"] == "ada"
    assert log_in(node, "ada") == "a wrong password of ada"
    assert isinstance(log_in(node, "ada", OTHER), Principal)
    assert isinstance(log_in(node, "bob"), Principal)
    assert ask(node, access.OWN_PASSWORD, PASSWORD, OTHER, name="a-token", role="client").error == "not_allowed"


def test_a_session_guesses_its_password_no_faster_than_a_login(node: DispatcherHarness) -> None:
    add(node, "ada", "client")

    def tried(old: str) -> RecordedCall:
        asked = ask(node, access.OWN_PASSWORD, old, OTHER, name="ada", role="client")
        node.passes(0.01)
        return asked

    wrong = [tried("not the password") for _ in range(6)]
    early = tried(PASSWORD)
    assert early.error == "invalid_request"
    assert "logins" in str(early.sent)
    node.passes(0.5)
    assert wrong[0].error == "invalid_request"
    assert "another one" in str(wrong[0].sent)
    assert isinstance(log_in(node, "ada"), Principal)  # it is the old one still
    node.passes(120)
    assert tried(PASSWORD).answer["name"] == "ada"


def test_a_name_has_one_role_over_users_and_tokens(node: DispatcherHarness) -> None:
    add(node, "ada", "operator")
    assert "user remove ada" in str(ask(node, access.TOKEN_CREATE, "ada", "admin").sent[-1][1].message)
    assert ask(node, access.TOKEN_CREATE, "ada", "operator").answer["name"] == "ada"
    ask(node, access.TOKEN_CREATE, "shop", "client")
    assert "token revoke shop" in str(add(node, "shop", "admin").sent[-1][1].message)
    assert add(node, "shop", "client").answer["role"] == "client"
    assert "already" in str(add(node, "shop", "client").sent[-1][1].message)


def test_two_admins_that_add_one_name_make_one_user(node: DispatcherHarness) -> None:
    asked = [node.ask_as("root", ADMIN, access.USER_CREATE, "ada", role, PASSWORD) for role in ("client", "admin")]
    node.settle()
    assert sorted(call.sent[-1][0] for call in asked) == ["answer", "fail"]
    assert len(node.parts.credentials.users()) == 1


def test_only_admins_have_the_procedures_of_users() -> None:
    found = {each.uri: each.role for each in PROCEDURES if each.uri.startswith("taskbahn.admin.user.")}
    assert set(found.values()) == {Role.ADMIN}
    assert len(found) == 4


@given(st.one_of(st.text(max_size=120), st.none(), st.integers()), st.sampled_from([*Role, "root", "", None]))
def test_names_are_plain_or_refused(name: Any, role: Any) -> None:
    try:
        found, _ = check_user(name, role)
    except InvalidRequest:
        return
    assert PRINCIPAL.fullmatch(found)
    assert not RANDOM.fullmatch(found)
    assert role in GIVEN_ROLES


def test_the_environment_has_one_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"TASKBAHN_{name}", raising=False)
    monkeypatch.setenv("TASKBAHN_USER", "ada")
    with pytest.raises(InvalidOption, match="belong together"):
        token_of(None)
    monkeypatch.setenv("TASKBAHN_PASSWORD", PASSWORD)
    found = token_of(None)
    assert found is not None
    assert (found.name, found.read()) == ("ada", PASSWORD)
    assert PASSWORD not in repr(found)
    monkeypatch.setenv("TASKBAHN_TOKEN", "a-token")
    with pytest.raises(InvalidOption, match="two logins"):
        token_of(None)
    monkeypatch.delenv("TASKBAHN_TOKEN")
    monkeypatch.setenv("TASKBAHN_USER", "a b")
    with pytest.raises(InvalidOption, match="no name of a user"):
        token_of(None)
    assert "TASKBAHN_PASSWORD" in str(
        refusal("wamp.error.authentication_failed", Token(str, "ada", "TASKBAHN_USER and TASKBAHN_PASSWORD"))
    )
