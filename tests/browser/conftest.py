"""A real node, a real worker, a real Chromium.

Playwright's synchronous API must live in one thread that has no event loop, so these tests run in a thread of their own:
a test body says what a person would do. After each test the console must be empty and no request may have left
the origin.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright
from support import evidence, foreign
from support.chromium import launch as launch_chromium
from support.programs import Program, running
from support.relay import Relay
from support.site import Site

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.programs import Node

APPS = Path(__file__).parent / "apps"
# What Chromium itself says of a cut; it asks for the icon when it likes, so a cut can meet that.
A_CUT = [
    "WebSocket connection to .* failed",
    r"request failed: .*/icon\.svg",
    "Failed to load resource: net::ERR_(EMPTY|CONNECTION|SOCKET)",
]
LOOK_SECONDS = 20.0  # that a look at a page may take when a test has failed
THREAD = ThreadPoolExecutor(1, thread_name_prefix="browser")

expect.set_options(timeout=30_000)  # what holds is seen at once; a busy machine may take long to draw it


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run the test in the browser's thread."""
    wanted = pyfuncitem._fixtureinfo.argnames  # what pytest's own implementation reads
    THREAD.submit(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in wanted}).result()
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == APPS.parent:
            item.add_marker(pytest.mark.browser)


@dataclass
class Heard:
    """What a page said that must not appear; `allowed` are patterns of what a test causes on purpose."""

    origins: list[str]
    said: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        self.said.append(f"console {message.type}: {message.text}")

    def error(self, error: Any) -> None:
        self.said.append(f"error: {error}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((*self.origins, "data:", "blob:")):
            self.said.append(f"a request left the origin: {request.url}")

    def failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page went elsewhere before Chromium had, say, its icon
            self.said.append(f"request failed: {request.url} ({request.failure})")

    def unexpected(self) -> list[str]:
        return [line for line in self.said if not any(re.search(pattern, line) for pattern in self.allowed)]


@pytest.fixture(scope="session")
def worker(node: Node) -> Iterator[Program]:
    """A worker for `browser_tasks`."""
    with running(Program("worker", "browser_tasks:app", cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as program:
        yield program


@pytest.fixture(scope="module")
def asks(node: Node) -> Iterator[None]:
    """A worker for `asks`; no question is left open."""
    url = node.websocket
    with running(Program("worker", "asks:app", cwd=APPS, TASKBAHN_URL=url), " ready"), Taskbahn(url) as app:
        yield
        for question in app.view.questions():
            app.job(question.job).cancel()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    def start() -> tuple[Playwright, Browser]:
        playwright = sync_playwright().start()
        return playwright, launch_chromium(playwright)

    playwright, browser = THREAD.submit(start).result()
    witnesses = partial(pages_of, browser)
    evidence.WITNESSES.append(witnesses)
    yield browser
    evidence.WITNESSES.remove(witnesses)
    THREAD.submit(browser.close).result()
    THREAD.submit(playwright.stop).result()


def pages_of(browser: Browser, item: pytest.Item) -> Iterator[evidence.Witness]:
    """Write down how the open pages look, what they are made of, and what they said."""
    heard = getattr(item, "funcargs", {}).get("heard")
    if heard is not None:
        yield "console.txt", lambda folder: write("console.txt", lambda: "\n".join(heard.said), folder)
    for number, page in enumerate([page for context in browser.contexts for page in context.pages], 1):
        for name, look in (("png", partial(page.screenshot, timeout=10_000)), ("html", page.content)):
            file = f"page-{number}.{name}"
            yield file, partial(write, file, look)


def write(name: str, look: Callable[[], str | bytes], folder: Path) -> None:
    content = THREAD.submit(look).result(LOOK_SECONDS)  # a test that was given up may still have the thread
    (folder / name).write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode(errors="backslashreplace"))


EVALUATE = """() => Promise.race([
    (async () => { SCRIPT })(),
    new Promise((_, reject) => setTimeout(() => reject(new Error("it took longer than 40 s")), 40_000)),
])"""


@pytest.fixture
def evaluate() -> Callable[[Page, str], Any]:
    """Run the body of an async JavaScript function in a page, within bounds: Playwright itself would wait for ever."""
    return lambda page, script: page.evaluate(EVALUATE.replace("SCRIPT", script))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file for which jobs wait in their middle: a test looks at them for as long as it takes, and lets them go on with `touch()`."""
    gate = tmp_path / "gate"
    yield gate
    gate.touch()


@pytest.fixture
def relay(node: Node, heard: Heard) -> Iterator[Relay]:
    """A way to the node that can be cut; the page may come through it, and Chromium may say so."""
    relay = Relay(node.port)
    heard.origins.append(relay.origin)
    heard.allowed = A_CUT
    yield relay
    relay.close()


@pytest.fixture
def origin(node: Node, worker: Program) -> str:
    """The address of a node that has a worker."""
    return f"http://127.0.0.1:{node.port}"


@pytest.fixture
def heard(origin: str) -> Heard:
    """What the page says; a test may allow what it causes."""
    return Heard([origin])


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of another node than the shared one, with what its console may say.   beside: another origin that it may lead to."""
    opened: list[tuple[Page, Heard]] = []

    def open_at(origin: str, *allowed: str, beside: str | None = None) -> Page:
        heard = Heard([origin, beside] if beside else [origin], allowed=list(allowed))
        page = chromium.new_context(viewport={"width": 1280, "height": 860}).new_page()
        page.on("console", heard.console)
        page.on("pageerror", heard.error)
        page.on("request", heard.request)
        page.goto(origin)
        opened.append((page, heard))
        return page

    yield lambda *given, **more: THREAD.submit(open_at, *given, **more).result()
    for page, _ in opened:
        THREAD.submit(page.context.close).result()
    assert [heard.unexpected() for _, heard in opened if heard.unexpected()] == []


@pytest.fixture
def page(chromium: Browser, origin: str, heard: Heard) -> Iterator[Page]:
    """The page, open and live."""

    def open_page() -> Page:
        page = chromium.new_page(viewport={"width": 1280, "height": 860})
        page.on("console", heard.console)
        page.on("pageerror", heard.error)
        page.on("request", heard.request)
        page.on("requestfailed", heard.failed)
        page.goto(origin)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    page = THREAD.submit(open_page).result()
    yield page
    THREAD.submit(page.context.close).result()
    assert heard.unexpected() == []


@pytest.fixture
def site(origin: str, heard: Any, relay: Any) -> Iterator[Site]:
    site = Site(origin, relay.origin)
    heard.origins.append(site.origin)
    heard.allowed = []  # a test that cuts the relay allows that itself
    yield site
    site.close()


@pytest.fixture
def visit(page: Page, origin: str, site: Site) -> Callable[..., Page]:
    """Open a page with this body; afterwards its console must be empty."""

    def visit(body: str, html: str = foreign.PAGE) -> Page:
        site.body = html.replace("BODY", body).replace("NODE", origin)
        page.goto(site.origin)
        page.evaluate(foreign.LISTEN)
        return page

    return visit
