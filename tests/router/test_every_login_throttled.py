"""Each kind of login goes through one throttle: its failures make an address wait, and no other address with the same name."""

from __future__ import annotations

import http.client
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from autobahn.wamp.auth import compute_wcs
from support.logins import command
from support.programs import Node, running
from support.stranger import CHALLENGE, WELCOME, Stranger, refusal_in
from support.tokens import token_for, user_for

from taskbahn.transport.key_file import Key
from taskbahn_router.access.throttle import FREE, LOCKS_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

WRONG, EARLY = "wamp.error.authentication_failed", "taskbahn.error.too_many_logins"
IN = "in"
PASSWORD = "correct horse battery"
KINDS = ["token", "password", "wampcra", "cryptosign", "unknown key", "browser token", "page with token", "page with password"]
GUESSABLE = ["password", "page with password"]  # what people choose, which is not looked at from an address that waits
NUMBERS = itertools.count(1)


class Logins:
    """A node on which ada, an admin, may log in by each kind; and who tries that, right or wrong, from an address."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        user_for("ada", "admin", PASSWORD, data)
        self.secrets = {"token": token_for("ada", "admin", data)}
        self.keys = {}
        for name in ("ada", "eve"):
            file = folder / f"{name}.key"
            public = command("key", "new", str(file)).stdout.strip()
            self.keys[name] = Key(file, "a test")
            if name == "ada":
                assert command("key", "add", name, public, "--role", "admin", "--data", str(data)).returncode == 0
        made = command("key", "add", "ada", "--wampcra", "--role", "admin", "--data", str(data))
        self.secrets["wampcra"] = made.stdout.strip()
        self.node = Node(folder, None, TASKBAHN_UP_AUTH="1")

    def tries(self, kind: str, address: str, *, right: bool = False, name: str = "") -> str:
        """Return what a login hears: "in", or the reason why it is refused.   name: of a wrong one; else one that no other try has."""
        name = "ada" if right else name or f"name{next(NUMBERS)}"
        if kind.startswith("page"):
            return self._by_page(kind, address, name, right=right)
        with Stranger(self.node.rawsocket, address) as stranger:
            if kind in ("cryptosign", "unknown key"):
                key = self.keys["ada" if kind == "cryptosign" else "eve"]
                heard = self._signed(stranger, key, name, right=right)
            elif kind == "wampcra":
                challenge = stranger.hello(["wampcra"], "ada")  # who has a secret
                secret = self.secrets["wampcra"] if right else "wrong"
                heard = stranger.answer(compute_wcs(secret.encode(), challenge[2]["challenge"].encode()).decode())
            else:
                assert stranger.hello(["ticket"], name if kind == "password" else "*")[0] == CHALLENGE
                heard = stranger.answer(self._ticket(kind, right=right))
            return IN if heard[0] == WELCOME else refusal_in(heard)[0]

    def _signed(self, stranger: Stranger, key: Key, name: str, *, right: bool) -> list[Any]:
        challenge = stranger.hello(["cryptosign"], name, pubkey=key.public)
        signed = key.answer("cryptosign", challenge[2])
        return stranger.answer(signed if right else signed[:-2] + ("00" if signed[-2:] != "00" else "11"))

    def _ticket(self, kind: str, *, right: bool) -> str:
        if kind == "browser token":
            return self.secrets[kind] if right else jwt.encode({"sub": "ada"}, "x" * 32, headers={"kid": "0"})
        found = {"token": self.secrets["token"], "password": PASSWORD}[kind]
        return found if right else f"{found} "

    def _by_page(self, kind: str, address: str, name: str, *, right: bool) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=20, source_address=(address, 0))
        shown = {"token": self.secrets["token"]} if kind.endswith("token") else {"name": name, "password": PASSWORD}
        if not right:
            shown[list(shown)[-1]] += "-"
        connection.request("POST", "/login", json.dumps(shown), {"content-type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return {200: IN, 401: WRONG, 429: EARLY}[status]


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logins]:
    folder = tmp_path_factory.mktemp("throttled")
    found = Logins(folder)
    with running(found.node, "Taskbahn is ready"):
        made = command("token", "browser", "--start", "x", "--url", found.node.websocket, TASKBAHN_TOKEN=found.secrets["token"])
        found.secrets["browser token"] = made.stdout.strip()
        yield found


def address() -> str:
    """Return one of this machine that no other test has."""
    number = next(NUMBERS)
    return f"127.4.{number // 250}.{number % 250 + 1}"


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_logins_make_their_address_wait(logins: Logins, kind: str) -> None:
    here = address()
    for _ in range(FREE + 1):
        logins.tries("token", here)
    assert logins.tries(kind, here) == EARLY


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_counts(logins: Logins, kind: str) -> None:
    here = address()
    for _ in range(FREE):
        logins.tries("token", here)
    assert logins.tries(kind, here) == WRONG
    assert logins.tries("token", here) == EARLY


def test_a_right_login_comes_from_another_address(logins: Logins) -> None:
    here = address()
    for _ in range(LOCKS_AT):
        logins.tries("page with token", here)
    rights = [kind for kind in KINDS if kind != "unknown key"]
    heard = {kind: logins.tries(kind, here, right=True) for kind in rights}
    assert heard == {kind: EARLY if kind in GUESSABLE else IN for kind in rights}
    assert {kind: logins.tries(kind, address(), right=True) for kind in rights} == dict.fromkeys(rights, IN)


def test_a_name_that_is_guessed_is_slowed_and_never_locked(logins: Logins) -> None:
    wrong = itertools.cycle(["wampcra", "cryptosign", "unknown key", "password"])
    while seconds_of(lambda: logins.tries(next(wrong), address(), name="ada")) < 2:
        pass
    for kind in ("password", "page with password"):
        assert seconds_of(lambda kind=kind: logins.tries(kind, address(), right=True) == IN or pytest.fail(kind)) > 2  # type: ignore[misc]
    assert seconds_of(lambda: logins.tries("token", address(), right=True)) < 2
    assert logins.tries("wampcra", address(), right=True) == IN


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_a_challenge_alone_counts_for_nothing(logins: Logins) -> None:
    here = address()
    for _ in range(FREE + 2):
        with Stranger(logins.node.rawsocket, here) as stranger:
            assert stranger.hello(["wampcra"], "no-such-name")[0] == CHALLENGE
    assert logins.tries("token", here) == WRONG
