"""Pages with browser tokens, which a small backend hands out: they go on over many of them, and say so when they get none."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import WebSocket, expect
from support.programs import Node, running, worker_of
from support.tokens import token_for

from taskbahn import Taskbahn

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
        current.progress(number / to)
        sleep(pause)
    return to
"""
PAGE = """<!doctype html>
<html lang="LANG"><meta charset="utf-8"><title>A shop</title>
<script type="module" src="NODE/elements.js"></script>
<script type="module" src="NODE/elements/german.js"></script>
<body>BODY</body></html>
"""
REFUSED = r"(status of (401|500)|console warning: .*(not renewed|does not know the token|gave no token|There is no job))"
LIFE = 4  # seconds of a token


class Backend:
    """A web application: its page, and `/token` for who has logged in there."""

    def __init__(self, node: Node, app: Taskbahn) -> None:
        self.app = app
        self.words: dict[str, Any] = {"tags": ["user:42"], "start": ["kit.*"]}
        self.given: list[str] = []
        self.is_open = True  # whether it knows its user
        self.refusal = 401
        self.body, self.lang = "", "en"
        self.cookies: list[str | None] = []
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_token = self.path.startswith("/token")
                if is_token:
                    backend.cookies.append(self.headers["Cookie"])
                status = 200 if backend.is_open or not is_token else backend.refusal
                page = PAGE.replace("NODE", f"http://127.0.0.1:{node.port}").replace("LANG", backend.lang)
                text = page.replace("BODY", backend.body)
                if is_token and status == 200:
                    text = backend.token()
                self.send_response(status if self.path == "/" or is_token else 204)
                self.send_header("Content-Type", "text/plain" if is_token else "text/html; charset=utf-8")
                self.send_header("Set-Cookie", "user=42; SameSite=Strict; HttpOnly")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def token(self) -> str:
        self.given.append(self.app.token(**self.words, expires=LIFE))
        return self.given[-1]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    roles = {"shop": "client", "admin": "admin", "worker": "worker"}
    return {"folder": str(folder), **{name: token_for(name, role, folder / "data") for name, role in roles.items()}}


@pytest.fixture(scope="module")
def node_with_login(tokens: dict[str, str]) -> Iterator[Node]:
    folder = Path(tokens["folder"])
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 4, TASKBAHN_TOKEN=tokens["worker"]):
        yield node


@pytest.fixture
def backend(node_with_login: Node, tokens: dict[str, str]) -> Iterator[Backend]:
    app = Taskbahn(node_with_login.websocket, token=tokens["shop"])
    found = Backend(node_with_login, app)
    yield found
    found.close()
    app.close()


@pytest.fixture
def shop(backend: Backend, node_with_login: Node, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """Open the backend's page with such a body."""
    page = open_page(backend.origin, REFUSED, f"a request left the origin: http://127.0.0.1:{node_with_login.port}/")

    def show(body: str, lang: str = "en") -> Page:
        backend.body, backend.lang = body, lang
        page.reload()
        return page

    return show


WATCH = """async (node) => {
    const { connect } = await import(`${node}/taskbahn.js`);
    const bahn = await connect({ token: () => fetch("/token") });
    const first = { ...bahn.who };
    const states = [];
    bahn.onState((state) => states.push(state));
    const job = await bahn.start("kit.count", [60], { pause: 0.25 });
    const [numbers, lines] = [[], []];
    for await (const event of job.events()) {
        if (event.kind === "log") lines.push(event.data.message);
        if (event.number && event.kind !== "progress") numbers.push(event.number);
    }
    const found = { first, last: { ...bahn.who }, states: [...states], lines, numbers };
    bahn.close();
    return found;
}"""


def test_a_page_watches_over_many_tokens_without_a_gap(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node
) -> None:
    page = shop("")
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
    found = page.evaluate(WATCH, f"http://127.0.0.1:{node_with_login.port}")
    assert found["lines"] == [f"line {number}" for number in range(60)]
    assert found["numbers"] == list(range(found["numbers"][0], found["numbers"][0] + len(found["numbers"])))
    assert found["states"] == []
    assert len(sockets) == 1
    assert len(backend.given) >= 4  # of four seconds each, for a job of fifteen
    assert found["first"]["name"] == found["last"]["name"] == "shop"
    assert found["first"]["token"] != found["last"]["token"]


def test_elements_share_one_session_and_say_when_it_is_refused(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node, tokens: dict[str, str]
) -> None:
    login = f'url="{node_with_login.websocket}" token-url="/token"'
    page = shop(f"""
        <task-form task="kit.count" for="bar log result" {login}></task-form>
        <job-progress id="bar" url="{node_with_login.websocket}"></job-progress>
        <job-log id="log" {login}></job-log><job-result id="result" {login}></job-result>
    """)
    page.get_by_label("to").fill("3")
    page.get_by_role("button", name="Start job").click()
    expect(page.get_by_role("region", name="Result")).to_have_text("3")
    expect(page.get_by_role("log")).to_contain_text("line 2")
    assert any(cookie and "user=42" in cookie for cookie in backend.cookies)
    assert page.evaluate("new Set([...document.body.children].map(({ bahn }) => bahn)).size") == 1

    backend.is_open = False
    admin = Taskbahn(node_with_login.websocket, token=tokens["admin"])
    try:
        job = backend.app.get("kit.count").start(2, 60.0)
        for text in backend.given[-2:]:
            admin.admin.revoke_token(text)
    finally:
        admin.close()
    page.evaluate("id => { for (const each of document.querySelectorAll('job-log, job-result')) each.job = id }", job.id)
    expect(page.locator("job-log")).to_contain_text("may not show this;")
    page.evaluate("document.documentElement.lang = 'de'")
    expect(page.locator("job-log")).to_contain_text("darf das nicht zeigen")

    backend.words = {"watch": [job.id]}
    backend.is_open = True  # who uses the page has logged in again
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")
    expect(page.locator("job-log")).to_contain_text("line 0")
    job.cancel()


def test_an_element_goes_on_with_another_token_in_its_attribute(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node
) -> None:
    job = backend.app.get("kit.count").start(40, 0.25)
    backend.words = {"watch": [job.id]}
    page = shop("")
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
    login = f'url="{node_with_login.websocket}" token="{backend.token()}" job="{job.id}"'
    page = shop(f"<job-log {login}></job-log><job-progress {login}></job-progress>")
    for number in (5, 15, 25):
        expect(page.get_by_role("log")).to_contain_text(f"line {number}")
        page.evaluate(
            "text => { for (const each of document.body.querySelectorAll('[token]')) each.token = text }", backend.token()
        )
    expect(page.locator("job-progress").get_by_role("status")).to_have_text("running")
    assert len(sockets) == 1
    job.cancel()


NARROWED = """async ([node, id, other]) => {
    const { connect } = await import(`${node}/taskbahn.js`);
    const bahn = await connect({ token: () => fetch("/token") });
    let why = "the job ended";
    try {
        for await (const event of bahn.job(id).events()) if (event.kind === "log") await fetch(`/saw?${event.data.message}`);
    } catch (error) {
        why = error.uri;
    }
    const { value: first } = await bahn.job(other).events().next();
    const found = { why, other: first.data.task };
    bahn.close();
    return found;
}"""


def test_a_page_whose_newer_token_names_less_watches_that_no_more(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node
) -> None:
    task = backend.app.get("kit.count")
    job, other = (task.options(tags=[f"user:{number}"]).start(600, 0.25) for number in (42, 43))
    page = shop("")
    backend.given.clear()

    def switch_user() -> None:
        backend.words = {"tags": ["user:43"]}

    page.on("request", lambda request: switch_user() if "/saw" in request.url else None)
    found = page.evaluate(NARROWED, [f"http://127.0.0.1:{node_with_login.port}", job.id, other.id])
    assert found["why"] == "taskbahn.error.unknown_job"
    assert found["other"] == "kit.count"
    job.cancel()
    other.cancel()


def test_elements_stand_still_while_a_token_does_not_name_their_job(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node
) -> None:
    job = backend.app.get("kit.count").options(tags=["user:42"]).start(600, 0.1)
    login = f'url="{node_with_login.websocket}" token-url="/token" job="{job.id}"'
    page = shop(f"<job-progress cancellable {login}></job-progress><job-question {login}></job-question>")
    state, foot = page.locator("job-progress").get_by_role("status"), page.locator("job-progress .foot")
    expect(state).to_have_text("running")
    backend.words = {"tags": ["user:43"]}
    for element in (foot, page.locator("job-question")):
        expect(element).to_have_text("This page may not show this job (any more), or it does not exist.", timeout=15_000)
    expect(state).to_have_text("unknown")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    backend.words = {"tags": ["user:42"]}
    expect(state).to_have_text("running", timeout=15_000)
    expect(foot).to_contain_text(" s")
    job.cancel()


def test_clocks_stop_while_the_backend_gives_no_token(
    shop: Callable[[str], Page], backend: Backend, node_with_login: Node
) -> None:
    job = backend.app.get("kit.count").options(tags=["user:42"]).start(600, 0.1)
    page = shop(f'<job-progress url="{node_with_login.websocket}" token-url="/token" job="{job.id}"></job-progress>')
    foot = page.locator("job-progress .foot")
    expect(foot).to_contain_text("left")
    backend.is_open, backend.refusal = False, 500
    expect(foot).to_contain_text("this was the last that was heard", timeout=15_000)
    before = foot.inner_text()
    for _ in range(4):  # with growing pauses, of more than a second together
        page.wait_for_event("requestfinished", lambda request: request.url.endswith("/token"))
    assert foot.inner_text() == before
    backend.is_open = True
    expect(foot).not_to_contain_text("heard", timeout=15_000)
    assert foot.inner_text() != before
    job.cancel()
