"""Browser tokens of another issuer: what its users' pages see and start, and what a forged or unfit token gets."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.forged_tokens import FORGED, NOW, Issued
from support.oidc_provider import Key, Provider, provider
from support.programs import COMMAND, PATIENCE, Node, running, worker_of
from support.tokens import token_for

from taskbahn import InvalidToken, NotAllowed, Taskbahn, UnknownJob
from taskbahn.protocol import access

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUDIENCE = "https://jobs.acme.example"
TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="images.resize")
def resize(width: int) -> int:
    return width * 2

@app.task(name="images.ask")
def ask() -> str:
    return current.ask("name", str)

@app.task(name="mails.send")
def send() -> None: ...
"""
FILE = """
[acme]
issuer = "{issuer}"
audience = "{audience}"
client = "shop"
tags = ["user:{{sub}}"]
start = ["images.*"]
verbs = ["cancel"]
require.groups = ["staff", "guests"]
max_age = "1h"

[away]
issuer = "http://127.0.0.1:9"
audience = "{audience}"
client = "shop"
start = ["images.*"]
"""


class Shop:
    """A node that takes the tokens of an issuer, and pages that show them."""

    def __init__(self, node: Node, issuer: Provider, tokens: dict[str, str]) -> None:
        self.node = node
        self.issuer = issuer
        self.backend, self.admin = (Taskbahn(node.websocket, token=tokens[name]) for name in ("shop", "admin"))
        self.pages: list[Taskbahn] = []

    @property
    def issued(self) -> Issued:
        return Issued(self.issuer.issuer, AUDIENCE, self.issuer.key)

    def text(self, user: str, **more: Any) -> str:
        return self.issued.text(user, **more)

    def shows(self, text: str) -> None:
        """Show a token once, and ask something."""
        with Taskbahn(self.node.websocket, token=text, timeout=10) as page:
            list(page.view.jobs())

    def page(self, text: str) -> Taskbahn:
        self.pages.append(Taskbahn(self.node.websocket, token=text, timeout=10))
        return self.pages[-1]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("outside")
    roles = {"admin": "admin", "worker": "worker", "shop": "client"}
    tokens = {name: token_for(name, role, folder / "data") for name, role in roles.items()}
    with provider() as issuer:
        file = folder / "issuers.toml"
        file.write_text(FILE.format(issuer=issuer.issuer, audience=AUDIENCE))
        node = Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_ISSUERS=str(file))
        with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=tokens["worker"]):
            found = Shop(node, issuer, tokens)
            try:
                yield found
            finally:
                for app in (found.backend, found.admin, *found.pages):
                    app.close()


def test_a_user_starts_jobs_and_sees_only_its_own(shop: Shop) -> None:
    ada, bob = shop.page(shop.text("ada")), shop.page(shop.text("auth0|bob"))
    job = ada.get("images.resize").start(21)
    assert job.result(timeout=30) == 42
    view = shop.backend.job(job.id).view()
    assert (view.caller, view.tags) == ("shop", ["user:ada"])
    question = ada.get("images.ask").start()
    other = bob.get("images.resize").start(1)
    assert other.result(timeout=30) == 2
    assert [each.id for each in bob.view.jobs()] == [other.id]
    assert {each.id for each in ada.view.jobs()} == {job.id, question.id}
    for page, foreign in ((bob, question), (ada, other)):
        with pytest.raises(UnknownJob):
            page.job(foreign.id).cancel()
    assert [each.id for each in shop.page(shop.text("ada")).view.jobs()] == [each.id for each in ada.view.jobs()]
    assert question.cancel() == "cancelled"
    with pytest.raises(NotAllowed, match=r"mails\.send"):
        ada.get("mails.send").start()
    with pytest.raises(NotAllowed, match="retry"):
        question.retry()
    with pytest.raises(NotAllowed):
        ada.client.ask(access.BROWSER_TOKEN, tags=["user:auth0|bob"]).get(20)
    [entry] = [entry for entry in shop.admin.view.audit() if entry.object == question.id and entry.effect == "cancelled"]
    assert entry.role == "browser"
    assert re.fullmatch("shop/u[0-9a-f]{16}", str(entry.authid))


def test_a_key_of_which_the_node_has_not_heard_is_fetched(shop: Shop) -> None:
    before = shop.issuer.key
    shop.issuer.rotate("ES256", keep=True)
    until = time.monotonic() + PATIENCE
    while not lets_in(shop, shop.text("ada")):  # if a made-up key has had it fetch them a moment ago
        assert time.monotonic() < until
    shop.issuer.key = before
    assert lets_in(shop, shop.text("ada"))  # both keys sign


def lets_in(shop: Shop, text: str) -> bool:
    try:
        shop.shows(text)
    except InvalidToken:
        return False
    return True


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_or_unfit_token_opens_nothing(shop: Shop, how: str) -> None:
    make, why = FORGED[how]
    with pytest.raises(InvalidToken) as refused:
        shop.shows(make(shop.issued))
    assert "issuer" not in str(refused.value)
    assert why not in str(refused.value)


def test_the_node_logs_why_it_refuses_and_no_token(shop: Shop) -> None:
    texts = [shop.issued.text("eve", nbf=NOW + 3600), Key().sign(shop.issued.claims("eve"))]
    for text in texts:
        with pytest.raises(InvalidToken):
            shop.shows(text)
    found = shop.node.wait_for("not valid yet") if "not valid yet" not in shop.node.output else shop.node.output
    assert "a token of the issuer acme is refused" in found
    assert not any(part in shop.node.output for text in texts for part in text.split(".")[1:])


def test_made_up_keys_cost_the_issuer_no_request_each(shop: Shop) -> None:
    shop.page(shop.text("ada")).view.tasks()
    before = len(shop.issuer.asked)
    for number in range(5):
        with pytest.raises(InvalidToken):
            shop.shows(Key("ES256", f"made-up-{number}").sign(shop.issued.claims("eve")))
    assert len(shop.issuer.asked) - before <= 2  # discovery and keys, once


def renew(page: Taskbahn, text: str) -> Any:
    return page.client.ask(access.BROWSER_TOKEN_RENEW, token=text).get(20)


def test_a_session_goes_on_with_another_token_of_its_user(shop: Shop) -> None:
    ends = int(time.time()) + 4
    page = shop.page(shop.text("carl", exp=ends))
    job = page.get("images.resize").start(4)
    own = shop.backend.token(tags=["user:carl"])
    for other in (
        shop.text("ada"),
        shop.text("carl", aud="x"),
        own,
        Key().sign(shop.issued.claims("carl")),
        "x",
        shop.text("carl")[:-9],
    ):
        with pytest.raises(InvalidToken, match="does not renew"):
            renew(page, other)
    renewed = renew(page, shop.text("carl", exp=ends + 600))
    assert renewed["expires_at"] == ends + 600
    backend_page = shop.page(own)
    assert [each.id for each in backend_page.view.jobs()] == [job.id]
    with pytest.raises(InvalidToken, match="does not renew"):
        renew(backend_page, shop.text("carl"))
    assert job.result(timeout=30) == 8
    while time.time() < ends + 1:
        assert [each.id for each in page.view.jobs()] == [job.id]  # in the same session: its first token would open no other one


def test_a_session_ends_with_its_token(shop: Shop) -> None:
    began = time.time()
    page = shop.page(shop.text("dora", exp=int(began) + 2))
    with pytest.raises(InvalidToken):
        asks_on(page)
    assert time.time() - began < 10


def asks_on(page: Taskbahn) -> None:
    """Ask until that is refused."""
    while True:
        list(page.view.jobs())


def test_a_token_ends_at_the_latest_with_the_age_of_the_file(shop: Shop) -> None:
    now = int(time.time())
    page = shop.page(shop.text("emma", iat=now, exp=now + 86400 * 3650))
    assert renew(page, shop.text("emma", iat=now, exp=now + 86400 * 3650))["expires_at"] == now + 3600


def test_a_revoked_token_and_user_are_out_at_once(shop: Shop) -> None:
    text, other = shop.text("fred", jti="first"), shop.text("fred", jti="other")
    pages = [shop.page(each) for each in (text, other)]
    for page in pages:
        assert list(page.view.jobs()) == []
    shop.admin.admin.revoke_token(text)
    with pytest.raises(InvalidToken):
        asks_on(pages[0])
    assert list(pages[1].view.jobs()) == []
    job = pages[1].get("images.ask").start()
    job.cancel()
    [who] = {entry.authid for entry in shop.admin.view.audit() if entry.object == job.id}
    shop.admin.admin.revoke_token(str(who).partition("/")[2])
    with pytest.raises(InvalidToken):
        asks_on(pages[1])
    with pytest.raises(InvalidToken):
        shop.shows(shop.text("fred"))


def test_a_token_with_many_claims_is_taken(shop: Shop) -> None:
    shop.shows(shop.text("gina", groups=["staff", *(f"group-{number:03}" for number in range(400))]))


def test_the_settings_show_the_issuers(shop: Shop) -> None:
    [found] = [each for each in shop.admin.view.settings() if each.name == "node.issuers"]
    assert found.value == [f"{shop.issuer.issuer} as shop", "http://127.0.0.1:9 as shop"]
    assert (found.source, found.change) == ("environment", "taskbahn up --issuers or TASKBAHN_UP_ISSUERS")


def test_a_client_that_may_not_log_in_gives_its_users_nothing(shop: Shop) -> None:
    page = shop.page(shop.text("ada"))
    assert page.view.tasks()
    shop.admin.admin.revoke_token("shop")
    with pytest.raises(InvalidToken):
        asks_on(page)
    with pytest.raises(InvalidToken):
        shop.shows(shop.text("ada"))


def test_a_bad_file_starts_nothing(tmp_path: Path) -> None:
    file, data = tmp_path / "issuers.toml", tmp_path / "data"
    right = FILE.format(issuer="https://login.example", audience=AUDIENCE)
    for text, why in (
        (right.replace("shop", "a:b"), "[acme], client: 'a:b' is no name"),
        ("[acme", "line 1"),
        (right, "add --auth"),
    ):
        file.write_text(text)
        words = ["--port", "0", "--data", str(data), "--issuers", str(file), *([] if text == right else ["--auth"])]
        refused = subprocess.run([*COMMAND, "up", *words], capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode in (1, 2)
        assert why in refused.stderr
        assert not data.exists()
