"""Logins in addresses, and in a file with one for each node: taken, and shown nowhere."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock

from taskbahn import InvalidOption, RouterUnavailable, Taskbahn
from taskbahn.transport.address import check_address, shown_address
from taskbahn.transport.connection import Connection
from taskbahn.transport.credentials import of_file, split_address
from taskbahn.transport.login import FAILED, refusal

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret-w0rd"


def shown(login: Any) -> tuple[str, str] | None:
    """Return the name and the secret of a login."""
    return None if login is None else (login.name, login.read())


@pytest.mark.parametrize(
    "url, bare, login",
    [
        (f"wss://{SECRET}@h/ws", "wss://h/ws", ("*", SECRET)),
        (f"wss://:{SECRET}@h:444/ws?a=b@c", "wss://h:444/ws?a=b@c", ("*", SECRET)),
        (f"rss://ada:{SECRET}@h:1", "rss://h:1", ("ada", SECRET)),
        ("ws://ada:p%40ss%3a%2Fw@[::1]:1/ws", "ws://[::1]:1/ws", ("ada", "p@ss:/w")),
        ("ws://ada:a:b@h/ws", "ws://h/ws", ("ada", "a:b")),
        ("ws://h/ws", "ws://h/ws", None),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock", None),
    ],
)
def test_an_address_may_have_a_login(url: str, bare: str, login: tuple[str, str] | None) -> None:
    app = Taskbahn(url)
    assert (app.url, shown(app.access.login)) == (bare, login)
    assert SECRET not in f"{app!r} {app.access!r} {app.access.login!r}"


def test_an_address_of_the_environment_may_have_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKBAHN_URL", f"wss://ada:{SECRET}@h/ws")
    app = Taskbahn()
    assert (app.url, shown(app.access.login)) == ("wss://h/ws", ("ada", SECRET))
    app.url = "ws://token@h/ws"
    assert (app.url, shown(app.access.login)) == ("ws://h/ws", ("*", "token"))
    assert shown(Taskbahn("ws://other/ws").access.login) is None
    monkeypatch.setenv("TASKBAHN_TOKEN", "x")
    with pytest.raises(InvalidOption, match="TASKBAHN_TOKEN is a login, and the address has one, too"):
        Taskbahn()
    assert shown(Taskbahn("ws://own@h/ws").access.login) == ("*", "own")  # what a program gives comes before its environment


def test_two_logins_are_refused() -> None:
    with pytest.raises(InvalidOption, match="token is a login, and the address has one, too"):
        Taskbahn("ws://a@h/ws", token="b")


@pytest.mark.parametrize("user", [f"a b:{SECRET}", f"a\\:{SECRET}", "ada:", "%0a", f"{SECRET} ", "", f"{SECRET}%C3%A9"])
def test_what_can_be_no_login_is_refused_without_showing_it(user: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Taskbahn(f"wss://{user}@h/ws")
    assert SECRET not in str(refused.value)
    with pytest.raises(InvalidOption) as refused:
        check_address(f"wss://ada:{SECRET}@h:99999999/ws", "--url")
    assert SECRET not in str(refused.value)


@given(st.text(string.printable, max_size=20), st.text(string.printable, max_size=20))
def test_no_address_shows_a_login(name: str, rest: str) -> None:
    try:
        bare, _ = split_address(f"wss://{name}:{SECRET}@{rest}", "url")
        found = shown_address(bare)
    except InvalidOption as error:
        found = str(error)
    assert SECRET not in found
    with pytest.raises(InvalidOption) as refused:
        check_address(f"wss://{SECRET}@{rest}")
    assert SECRET not in str(refused.value)


SCHEMES = st.sampled_from(["ws://", "wss://", "RS://", "rss://", "http://", "https://", "ftp://", "ws:/", "ws:", "", "b "])
MARKED = st.text("/?#@:[]{}%\\ a1", max_size=12)
HOSTS = st.sampled_from(["127.0.0.1:18471/ws", "h", "h:1", "h:x", "[::1]:1/ws", "[::", "", "h\u2100", "h/ws?a=b", "h/ws#c"])


@given(SCHEMES, MARKED, MARKED, HOSTS)
@example("ws:/", "", "://", "h/ws")
def test_nothing_shows_a_secret_whatever_characters_it_has(scheme: str, before: str, after: str, host: str) -> None:
    """Upper case is unique to the secret, whose parts must not be seen either; some errors of Python quote it in lower case."""
    url = f"{scheme}bob:{before}QJX{after}VKZ@{host}"
    for given_ in (url, url.encode()):
        try:
            app = Taskbahn(given_)  # type: ignore[arg-type]
            said = f"{app!r} {app.access!r} {shown_address(app.url)}"
        except InvalidOption as error:
            said = f"{error} {error!r}"
        try:
            check_address(given_, "--url")
        except InvalidOption as error:
            said += f"{error} {error!r}"
        assert not any(part in said.lower() for part in ("qjx", "vkz"))


@pytest.mark.parametrize(
    "url",
    [
        "ws://bob:Sec/ret12345@127.0.0.1:18471/ws",
        "ws://bob:Sec?ret12345@127.0.0.1:18471/ws",
        "ws://bob:Sec#ret12345@127.0.0.1:18471/ws",
        "ws://bob:12/ret12345@127.0.0.1:18471/ws",
        "ws://bob:12?ret12345@127.0.0.1:18471/ws",
        "ws://bob:p@Sec/ret12345@127.0.0.1:18471/ws",
        "rs://Sec/ret12345@127.0.0.1:18471",
    ],
)
def test_a_login_whose_marks_are_not_escaped_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKBAHN_URL", url)
    for give in (Taskbahn, lambda: Taskbahn(url), lambda: check_address(url, "--url")):
        with pytest.raises(InvalidOption, match="write `/` as %2F, `\\?` as %3F, `#` as %23, `@` as %40") as refused:
            give()
        said = str(refused.value)
        assert "://…@127.0.0.1:18471" in said
        assert not any(part in said.lower() for part in ("sec", "ret", "bob", "12/"))


def test_what_cannot_be_reached_does_not_show_it_either() -> None:
    with Taskbahn("ws://bob:p@127.0.0.1:1/ws?Sec=ret@h", timeout=0.1) as app, pytest.raises(RouterUnavailable) as found:
        app.view.status()
    assert "no router answers at ws://…@h" in str(found.value)
    assert "=ret" not in f"{found.value} {found.value.detail}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials"
    monkeypatch.setenv("TASKBAHN_CREDENTIALS", str(path))
    return path


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_a_file_has_a_login_for_each_node(file: Path) -> None:
    write(file, f"machine h login ada password {SECRET}\nmachine h:444\n  password {SECRET}2\nmachine u password {SECRET}3\n")
    addresses = ["wss://h/ws", "ws://h:444/ws", "rss://u:1", "ws://other/ws", "unix:///run/u.sock"]
    assert [shown(of_file(each)) for each in addresses] == [
        ("ada", SECRET), ("*", f"{SECRET}2"), ("*", f"{SECRET}3"), None, None,
    ]  # fmt: skip


def test_the_file_of_this_user_is_taken_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert of_file("ws://h/ws") is None
    (tmp_path / "taskbahn").mkdir()
    write(tmp_path / "taskbahn" / "credentials", f"machine h password {SECRET}\n")
    assert shown(of_file("ws://h/ws")) == ("*", SECRET)


@pytest.mark.parametrize(
    "text, mode, said",
    [
        (f"machine h password {SECRET}", 0o644, "others may read or change this login"),
        (f"machine h\n{SECRET}", 0o600, "line 2: it is not of the form"),
        (f"{SECRET}", 0o600, "line 1: it is not of the form"),
        (f'machine h login "a b" password {SECRET}', 0o600, "machine h has no name of a user"),
        (f'machine h password "{SECRET} x"', 0o600, "machine h is no token"),
        ("machine h login ada", 0o600, "machine h has a name and no password"),
    ],
)
def test_a_file_that_is_wrong_is_refused_without_its_secrets(file: Path, text: str, mode: int, said: str) -> None:
    write(file, text, mode)
    with pytest.raises(InvalidOption, match=said) as refused:
        of_file("ws://h/ws")
    assert SECRET not in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_file_that_is_named_has_to_be_there(file: Path) -> None:
    with pytest.raises(InvalidOption, match=f"TASKBAHN_CREDENTIALS = {file}: No such file"):
        of_file("ws://h/ws")


def remedy(app: Taskbahn) -> str:
    """Return what is said where the node does not know the login with which a connection of the application comes."""
    connection = Connection(app.url, reactor=cast("Any", MemoryReactorClock)(), on_open=cast("Any", None), access=app.access)
    return refusal(FAILED, connection.login) or ""


def test_a_login_that_is_refused_says_where_it_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, f"machine h login ada password {SECRET}\nmachine t password {SECRET}\n")
    said = [
        (remedy(Taskbahn(f"ws://ada:{SECRET}@h/ws")), "another one: see the login in url"),
        (remedy(Taskbahn(f"ws://{SECRET}@h/ws")), "this one is from the login in url"),
        (remedy(Taskbahn("ws://h/ws")), f"another one: see {file}, machine h"),
        (remedy(Taskbahn("ws://t/ws")), f"this one is from {file}, machine t"),
        (remedy(Taskbahn("ws://t/ws", token=SECRET)), "this one is from Taskbahn(token=...)"),
        (remedy(Taskbahn("ws://t/ws", token=lambda: SECRET)), "this one is from Taskbahn(token=...)"),
    ]
    monkeypatch.setenv("TASKBAHN_URL", f"ws://ada:{SECRET}@h/ws")
    said.append((remedy(Taskbahn()), "another one: see the login in TASKBAHN_URL"))
    monkeypatch.delenv("TASKBAHN_URL")
    monkeypatch.setenv("TASKBAHN_TOKEN", SECRET)
    said.append((remedy(Taskbahn("ws://h/ws")), "this one is from TASKBAHN_TOKEN"))
    monkeypatch.delenv("TASKBAHN_TOKEN")
    monkeypatch.setenv("TASKBAHN_USER", "ada")
    monkeypatch.setenv("TASKBAHN_PASSWORD", SECRET)
    said.append((remedy(Taskbahn("ws://h/ws")), "another one: see TASKBAHN_USER and TASKBAHN_PASSWORD"))
    for found, wanted in said:
        assert found.endswith(wanted)
        assert SECRET not in found


def test_a_file_without_a_login_for_the_node_is_named(file: Path) -> None:
    write(file, f"machine h password {SECRET}\n")
    found = remedy(Taskbahn("ws://127.0.0.1:81/ws"))
    assert f"this node wants a login, and {file} has no login for 127.0.0.1:81: add `machine 127.0.0.1:81 password" in found
