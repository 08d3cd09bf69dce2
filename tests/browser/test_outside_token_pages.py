"""Pages that show the tokens of another issuer, whose library keeps each one until just before its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Route, WebSocket
from support.forged_tokens import Issued
from support.oidc_provider import Provider, provider
from support.programs import Node, running, worker_of
from support.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

TASKS = """
from time import sleep
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="kit.count")
def count(to: int, pause: float = 0.0) -> int:
    for number in range(to):
        current.log(f"line {number}")
        sleep(pause)
    return to
"""
FILE = """
[acme]
issuer = "{issuer}"
audience = "pages"
client = "shop"
tags = ["user:{{sub}}"]
start = ["kit.*"]
"""
LIFE, KEPT = 5, 1.5  # seconds of a token, and of its life in which the library has another one
WATCH = """async () => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect({ token: () => fetch("/its-token") });
    const first = { ...bahn.who };
    const states = [];
    bahn.onState((state) => states.push(state));
    const job = await bahn.start("kit.count", [40], { pause: 0.25 });
    const lines = [];
    for await (const event of job.events()) if (event.kind === "log") lines.push(event.data.message);
    const found = { first, last: { ...bahn.who }, states: [...states], lines };
    bahn.close();
    return found;
}"""


class Library:
    """Gives the token that it has, and gets another one when that is about to end."""

    def __init__(self, issuer: Provider) -> None:
        self.issued = Issued(issuer.issuer, "pages", issuer.key)
        self.given: list[str] = []
        self._ends = 0.0

    def answer(self, route: Route) -> None:
        if time.time() > self._ends - KEPT:
            now = int(time.time())
            self._ends = now + LIFE
            self.given.append(self.issued.text("auth0|ada", iat=now, exp=now + LIFE))
        route.fulfill(body=self.given[-1], content_type="text/plain")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture(scope="module")
def outside_node(issuer: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("outside")
    token_for("shop", "client", folder / "data")
    worker = token_for("worker", "worker", folder / "data")
    (folder / "issuers.toml").write_text(FILE.format(issuer=issuer.issuer))
    node = Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_ISSUERS=str(folder / "issuers.toml"))
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=worker):
        yield node


@pytest.fixture
def login_page(outside_node: Node, open_page: Callable[..., Page]) -> Page:
    return open_page(f"http://127.0.0.1:{outside_node.port}")


def test_a_page_goes_on_over_tokens_that_its_library_keeps(login_page: Page, issuer: Provider) -> None:
    page = login_page
    library = Library(issuer)
    page.route("**/its-token", library.answer)
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
    found = page.evaluate(WATCH)
    assert found["lines"] == [f"line {number}" for number in range(40)]
    assert found["states"] == []
    assert len(sockets) == 1
    assert len(library.given) >= 3
    assert found["first"] == found["last"]
    assert found["first"]["name"] == "shop"
    assert found["first"]["token"].startswith("u")
