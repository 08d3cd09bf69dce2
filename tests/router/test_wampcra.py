"""WAMP-CRA: for accounts that ask for it, with clients of other makers, and with those who try other people's names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from autobahn.wamp.auth import compute_wcs
from support.logins import command, refusals
from support.programs import Node, running
from support.stranger import CHALLENGE, WELCOME, Stranger, refusal_in
from support.tokens import token_for
from support.until import until

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
REFUSED = ("wamp.error.authentication_failed", "the login is refused")
PLAIN_PYTHON = """
import asyncio, json, sys
from autobahn.asyncio.component import Component, run
url, name, secret = sys.argv[1:]
plain = Component(
    transports=[{"type": "websocket", "url": url, "max_retries": 0}],
    realm="taskbahn",
    authentication={"wampcra": {"authid": name, "secret": secret}},
)

@plain.on_join
async def joined(session, details):
    jobs = await session.call("taskbahn.view.jobs")
    print(json.dumps([details.authid, details.authrole, details.authmethod, jobs["jobs"]]))
    session.leave()

run([plain])
"""
PLAIN_JAVASCRIPT = """
import { createHmac } from "node:crypto";
import { Wampy } from "%s/web/taskbahn_web/static/vendor/wampy/wampy.js";
const [url, authid, secret] = process.argv.slice(1);
const onChallenge = (method, { challenge }) => createHmac("sha256", secret).update(challenge).digest("base64");
const options = { realm: "taskbahn", authid, authmethods: ["wampcra"], onChallenge, ws: WebSocket, uriValidation: "loose" };
const wampy = new Wampy(url, { ...options, autoReconnect: false });
const { authrole, authmethod, ...welcome } = await wampy.connect();
const { argsList } = await wampy.call("taskbahn.view.jobs");
console.log(JSON.stringify([welcome.authid, authrole, authmethod, argsList[0].jobs]));
await wampy.disconnect();
"""


class Shared:
    """A node with an account for WAMP-CRA, another with a key, and an admin's token."""

    def __init__(self, node: Node, secret: str, token: str) -> None:
        self.node = node
        self.secret = secret
        self.token = token


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    data = str(folder / "data")
    made = command("key", "add", "old-plc", "--wampcra", "--role", "client", "--data", data)
    assert made.returncode == 0, made.stderr
    public = command("key", "new", str(folder / "a.key")).stdout.strip()
    assert command("key", "add", "boss", public, "--role", "admin", "--data", data).returncode == 0
    token = token_for("the-admin", "admin", folder / "data")
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"):
        yield Shared(node, made.stdout.strip(), token)


def test_a_plain_python_client_logs_in(shared: Shared) -> None:
    called = [sys.executable, "-c", PLAIN_PYTHON, shared.node.websocket, "old-plc", shared.secret]
    done = subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]  # beside Autobahn's own log
    assert said == [["old-plc", "client", "wampcra", []]], done.stderr


def test_a_plain_javascript_client_logs_in(shared: Shared) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    called = ["node", "--experimental-websocket", "--no-warnings", "--input-type=module", "--eval", PLAIN_JAVASCRIPT % ROOT]
    done = subprocess.run(
        [*called, shared.node.websocket, "old-plc", shared.secret], capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(done.stdout or "null") == ["old-plc", "client", "wampcra", []], done.stderr


def answer(challenge: list[Any], secret: str) -> str:
    assert challenge[:2] == [CHALLENGE, "wampcra"]
    return str(compute_wcs(secret.encode(), challenge[2]["challenge"].encode()).decode("ascii"))


def test_wrong_and_replayed_answers_are_refused(shared: Shared) -> None:
    url = shared.node.rawsocket
    with Taskbahn(shared.node.websocket, token=shared.token) as admin:
        before = refusals(admin, "does not prove that it has the key")
        with Stranger(url) as stranger:
            challenge = stranger.hello(["wampcra"], "old-plc")
            old = answer(challenge, shared.secret)
            assert refusal_in(stranger.answer(answer(challenge, "wrong"))) == REFUSED
            assert refusal_in(stranger.answer(old)) == REFUSED  # a challenge has one answer
        with Stranger(url) as stranger:
            stranger.hello(["wampcra"], "old-plc")
            assert refusal_in(stranger.answer(old)) == REFUSED
        for text in ("", shared.secret, "é", "\ud800"):
            with Stranger(url) as stranger:
                stranger.hello(["wampcra"], "old-plc")
                assert refusal_in(stranger.answer(text)) == REFUSED
        with Stranger(url) as stranger:
            assert stranger.answer(answer(stranger.hello(["wampcra"], "old-plc"), shared.secret))[0] == WELCOME
        until(lambda: refusals(admin, "does not prove that it has the key") > before)


def test_a_stranger_does_not_learn_who_has_a_secret(shared: Shared) -> None:
    said = {}
    for name in ("old-plc", "boss", "no-such-name"):
        with Stranger(shared.node.rawsocket) as stranger:
            challenge = stranger.hello(["wampcra"], name)
            shown = json.loads(challenge[2]["challenge"])
            assert (shown.pop("authid"), len(str(shown.pop("session"))) > 1) == (name, True)
            said[name] = {key: value for key, value in shown.items() if key not in ("nonce", "timestamp")}
            assert sorted(challenge[2]) == ["challenge"]
            assert refusal_in(stranger.answer("x" * 44)) == REFUSED
    assert said["old-plc"] == said["boss"] == said["no-such-name"]
    assert said["boss"]["authrole"] == "unknown"


@pytest.mark.parametrize("name", [None, "", "a b", "a\nb", "*", "x" * 101])
def test_what_is_no_name_is_refused_at_once(shared: Shared, name: str | None) -> None:
    with Stranger(shared.node.rawsocket) as stranger:
        assert refusal_in(stranger.hello(["wampcra"], name)) == REFUSED


def test_an_account_with_a_key_has_no_weaker_login(shared: Shared) -> None:
    with Taskbahn(shared.node.websocket, token=shared.token) as admin:
        for methods in (["wampcra"], ["wampcra", "cryptosign"], ["scram", "wampcra"], ["anonymous", "wampcra"]):
            with Stranger(shared.node.rawsocket) as stranger:
                challenge = stranger.hello(methods, "boss")
                assert refusal_in(stranger.answer(answer(challenge, shared.secret))) == REFUSED
        until(lambda: refusals(admin, "no such key for wampcra, of boss") >= 1)


def test_the_secret_is_no_ticket_and_is_said_once(shared: Shared) -> None:
    with Stranger(shared.node.rawsocket) as stranger:
        stranger.hello(["ticket"], "old-plc")
        assert refusal_in(stranger.answer(shared.secret)) == REFUSED
    listed = command("key", "list", "--json", "--url", shared.node.websocket, TASKBAHN_TOKEN=shared.token).stdout
    assert {each["method"] for each in json.loads(listed)} >= {"wampcra", "cryptosign"}
    assert shared.secret not in listed
    assert shared.secret not in shared.node.output
    assert "Traceback" not in shared.node.output


def test_a_secret_is_made_and_revoked_over_the_wire(shared: Shared) -> None:
    with Taskbahn(shared.node.websocket, token=shared.token) as admin:
        made = admin.admin.add_key("printer", "viewer", wampcra=True)
        assert made.secret is not None
        with pytest.raises(Exception, match="has a secret for WAMP-CRA already"):
            admin.admin.add_key("printer", "viewer", wampcra=True)
        with Stranger(shared.node.rawsocket) as stranger:
            welcome = stranger.answer(answer(stranger.hello(["wampcra"], "printer"), made.secret))
            assert (welcome[0], welcome[2]["authrole"]) == (WELCOME, "viewer")
            admin.admin.revoke_key("printer")
            assert stranger.hears()[0] == 6  # GOODBYE
        with Stranger(shared.node.rawsocket) as stranger:
            assert refusal_in(stranger.answer(answer(stranger.hello(["wampcra"], "printer"), made.secret))) == REFUSED
        assert admin.admin.add_key("printer", "viewer", wampcra=True).secret != made.secret


def test_a_key_is_a_public_one_or_a_secret(tmp_path: Path) -> None:
    for words in ([], ["ab" * 32, "--wampcra"]):
        refused = command("key", "add", "x", *words, "--role", "client", "--data", str(tmp_path / "data"))
        assert (refused.returncode, "Give PUBLICKEY, or --certificate FILE, or --wampcra" in refused.stderr) == (2, True)
    assert not (tmp_path / "data").exists()
