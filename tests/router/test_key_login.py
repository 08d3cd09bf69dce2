"""A node with login: a session that proves that it has a key is let in, and everything else is refused alike."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.logins import command, refusals
from support.programs import Node, running, worker_of
from support.stranger import CHALLENGE, WELCOME, Stranger, refusal_in
from support.until import until

from taskbahn import InvalidToken, NotAllowed, Taskbahn
from taskbahn.transport.key_file import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="keys.add")
def add(a: int, b: int) -> int:
    return a + b
"""


class Keyed:
    """A node whose sessions log in with keys.   files: by role."""

    def __init__(self, node: Node, files: dict[str, Path], folder: Path) -> None:
        self.node = node
        self.files = files
        self.folder = folder


def new_key(file: Path) -> str:
    made = command("key", "new", str(file))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("keyed")
    files = {}
    for role in ("admin", "worker", "client"):
        files[role] = folder / f"{role}.key"
        public = new_key(files[role])
        added = command("key", "add", f"the-{role}", public, "--role", role, "--data", str(folder / "data"))
        assert added.returncode == 0, added.stderr
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 2, TASKBAHN_KEY_FILE=str(files["worker"])):
        yield Keyed(node, files, folder)


@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
def test_a_key_lets_in_under_its_name_and_role(keyed: Keyed, transport: str) -> None:
    with Taskbahn(getattr(keyed.node, transport), key_file=keyed.files["client"]) as app:
        assert app.get("keys.add").start(1, 2).result(timeout=30) == 3
        assert {job.caller for job in app.view.jobs()} == {"the-client"}
        with pytest.raises(NotAllowed):
            app.admin.keys()
    shown = command("jobs", "--json", "--url", keyed.node.websocket, TASKBAHN_KEY_FILE=str(keyed.files["client"]))
    assert shown.returncode == 0, shown.stderr


def test_a_key_that_is_not_there_is_refused(keyed: Keyed) -> None:
    with Taskbahn(keyed.node.websocket, key_file=keyed.files["admin"]) as admin:
        before = refusals(admin, "no such key for cryptosign")
        public = new_key(keyed.folder / "other.key")
        began = time.monotonic()
        with pytest.raises(InvalidToken, match=f"taskbahn key add NAME {public}"):
            Taskbahn(keyed.node.websocket, key_file=keyed.folder / "other.key").view.jobs().page()
        assert time.monotonic() - began < 15
        until(lambda: refusals(admin, "no such key for cryptosign") > before)  # it is answered before its entry is in the store


def test_an_admin_adds_and_revokes_keys_over_the_wire(keyed: Keyed) -> None:
    public = new_key(keyed.folder / "late.key")
    environment = {"TASKBAHN_KEY_FILE": str(keyed.files["admin"])}
    url = keyed.node.websocket
    added = command("key", "add", "late", public, "--role", "viewer", "--json", "--url", url, **environment)
    view = json.loads(added.stdout)
    assert (view["name"], view["role"], view["method"], view["public_key"]) == ("late", "viewer", "cryptosign", public)
    twice = command("key", "add", "late", public, "--role", "viewer", "--url", url, **environment)
    assert (twice.returncode, "is there already" in twice.stderr) == (2, True)
    with Taskbahn(url, key_file=keyed.folder / "late.key", timeout=5) as late:
        assert late.view.status().workers == 1
        began = time.monotonic()
        assert command("key", "revoke", "late", "--url", url, **environment).stdout == f"revoked: {view['id']} of late (viewer)\n"
        with pytest.raises(InvalidToken):  # its session is closed, and opens no more
            asks_on(late)
        assert time.monotonic() - began < 15
    listed = json.loads(command("key", "list", "--json", "--url", url, **environment).stdout)
    assert [each["name"] for each in listed if each["revoked_at"] is not None] == ["late"]
    with Taskbahn(url, key_file=keyed.files["admin"]) as admin:
        found = [entry for entry in admin.view.audit() if entry.kind == "key" and entry.object == view["id"]]
        assert [entry.effect for entry in found] == ["revoked for late, role viewer", "added for late, role viewer"]


def asks_on(app: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        app.view.status()


def test_a_name_has_one_role_whatever_proves_it(keyed: Keyed) -> None:
    environment: dict[str, Any] = {"TASKBAHN_KEY_FILE": str(keyed.files["admin"])}
    refused = command("token", "create", "the-client", "--role", "admin", "--url", keyed.node.websocket, **environment)
    assert "`taskbahn key revoke the-client`" in refused.stderr
    made = command("token", "create", "the-client", "--role", "client", "--url", keyed.node.websocket, **environment)
    assert made.returncode == 0, made.stderr


REFUSED = ("wamp.error.authentication_failed", "the login is refused")


def sign(key: Key, challenge: list[Any]) -> str:
    assert challenge[:2] == [CHALLENGE, "cryptosign"]
    return key.answer("cryptosign", challenge[2])


def test_a_plain_client_logs_in_under_any_authid(keyed: Keyed) -> None:
    key = Key(keyed.files["client"], "a test")
    for authid in (None, "the-client", "*", "the-admin"):
        with Stranger(keyed.node.rawsocket) as stranger:
            welcome = stranger.answer(sign(key, stranger.hello(["cryptosign"], authid, pubkey=key.public)))
            assert welcome[0] == WELCOME
            assert (welcome[2]["authid"], welcome[2]["authrole"]) == ("the-client", "client")


def test_wrong_replayed_and_foreign_answers_are_refused_alike(keyed: Keyed) -> None:
    key, other = Key(keyed.files["client"], "a test"), Key(keyed.files["worker"], "a test")
    new_key(keyed.folder / "foreign.key")
    foreign = Key(keyed.folder / "foreign.key", "a test")
    with Taskbahn(keyed.node.websocket, key_file=keyed.files["admin"]) as admin:
        wrong = "its answer does not prove that it has the key"
        before = refusals(admin, wrong)
        with Stranger(keyed.node.rawsocket) as stranger:
            old = sign(key, stranger.hello(["cryptosign"], pubkey=key.public))
        answers: dict[str, Callable[[list[Any]], str]] = {
            "replayed": lambda _: old,
            "of another key": lambda challenge: sign(other, challenge),
            "cut": lambda challenge: sign(key, challenge)[:-2],
            "without the challenge": lambda challenge: sign(key, challenge)[:128],
            "empty": lambda _: "",
            "no digits": lambda _: "x" * 192,
            "no characters": lambda _: "\ud800" * 192,
            "of another challenge": lambda _: key.answer("cryptosign", {"challenge": "00" * 32}),
        }
        for what, make in answers.items():
            with Stranger(keyed.node.rawsocket) as stranger:
                challenge = stranger.hello(["cryptosign"], pubkey=key.public)
                assert refusal_in(stranger.answer(make(challenge))) == REFUSED, what
                assert refusal_in(stranger.answer(sign(key, challenge))) == REFUSED, what  # a challenge has one answer
        with Stranger(keyed.node.rawsocket) as stranger:  # of a key that there is not
            challenge = stranger.hello(["cryptosign"], pubkey=foreign.public)
            assert refusal_in(stranger.answer(sign(foreign, challenge))) == REFUSED
        assert "Traceback" not in keyed.node.output
        until(lambda: refusals(admin, wrong) > before)  # those that repeat themselves are counted later


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"pubkey": None},
        {"pubkey": "ab" * 31},
        {"pubkey": ["ab" * 32]},
        {"pubkey": "ab" * 32 + "\n"},
        {"pubkey": "zz" * 32},
        {"pubkey": "ab" * 32, "certificates": [["a", {}, "b"]]},
        {"pubkey": "ab" * 32, "trustroot": "0x" + "ab" * 20},
    ],
)
def test_what_is_no_key_is_refused_at_once(keyed: Keyed, extra: dict[str, Any]) -> None:
    with Stranger(keyed.node.rawsocket) as stranger:
        assert refusal_in(stranger.hello(["cryptosign"], "the-admin", **extra)) == REFUSED


@pytest.mark.parametrize("methods", [["anonymous"], ["wampcra"], ["scram"], ["tls"], ["cookie"], []])
def test_a_weaker_method_does_not_open_what_has_a_key(keyed: Keyed, methods: list[str]) -> None:
    key = Key(keyed.files["client"], "a test")
    with Stranger(keyed.node.rawsocket) as stranger:
        heard = stranger.hello(methods, "the-client", pubkey=key.public)
        if heard[0] == CHALLENGE:
            heard = stranger.answer(key.public)
        assert refusal_in(heard)[0] in ("wamp.error.no_auth_method", REFUSED[0])


def test_a_key_and_its_public_half_are_no_tickets(keyed: Keyed) -> None:
    key = Key(keyed.files["admin"], "a test")
    secret = keyed.files["admin"].read_text()
    for ticket in (key.public, secret, bytes.fromhex(key.public).decode("latin-1")):
        with Stranger(keyed.node.rawsocket) as stranger:
            stranger.hello(["ticket"], "the-admin")
            assert refusal_in(stranger.answer(ticket)) == REFUSED
