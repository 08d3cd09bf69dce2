"""The pages of the examples while their node is not there: they say so, lose nothing, and go on by themselves when it is back."""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from benchmarks.ports import free_port
from playwright.sync_api import Browser, Locator, Page, expect
from support.example_sites import album_server, served
from support.programs import Node, Program, running
from support.tabs import in_chromium, in_page
from support.web_server import example_worker, process, web_server

EXAMPLES = Path(__file__).parents[2] / "examples"
DJANGO = EXAMPLES / "django"
FASTAPI = EXAMPLES / "fastapi"
STATIC = ("adding-up", "browser", "browser-kit", "command", "conversation")
PATIENCE = 60_000  # milliseconds

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(200)]


@pytest.fixture
def port() -> int:
    """Where a node will be."""
    return free_port()


def test_an_order_is_kept_without_a_node_and_started_with_it(port: int, tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{port}/ws"
    database = {"SHOP_DATABASE": str(tmp_path / "db.sqlite3")}
    with process("manage.py", "migrate", cwd=DJANGO, log=tmp_path / "migrate.log", **database) as migrating:
        assert migrating.wait(60) == 0

    def order(tab: Page) -> Locator:
        rows = tab.locator("li").count()
        tab.get_by_label("Customer").fill("Ada")
        tab.get_by_label("Parcels").fill("2")
        tab.get_by_role("button", name="Order").click()
        expect(tab.locator("form output")).to_have_text("Orders …")
        expect(tab.locator("li")).to_have_count(rows + 1, timeout=PATIENCE)
        row = tab.locator("li").first
        expect(row).to_contain_text("Its delivery is not started yet.", timeout=PATIENCE)
        return row

    def act(tab: Page) -> None:
        row = order(tab)
        expect(tab.locator("#news")).to_have_text("The delivery does not answer now. Try again in a minute.", timeout=PATIENCE)
        with (
            running(Node(tmp_path, port), "Taskbahn is ready"),
            example_worker("mysite.worker:app", DJANGO, url, tmp_path, **database),
        ):
            expect(tab.locator("#news")).to_be_empty(timeout=PATIENCE)
            row.get_by_role("button", name="Start").click()
            expect(row).to_contain_text("2 parcels for Ada", timeout=PATIENCE)
        for _ in range(6):  # as many as the browser has connections
            order(tab)
        tab.reload()
        expect(tab.get_by_role("button", name="Cancel", disabled=True)).to_have_count(7)
        began = time.monotonic()
        order(tab)
        assert time.monotonic() - began < 8  # timeout=5: rows must not hold what the click needs
        expect(tab.get_by_role("button", name="Start")).to_have_count(1)

    server = ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}")
    with web_server(*server, folder=DJANGO, url=url, place=tmp_path, **database) as site:
        in_page(site, act, refusals=True)


def test_a_page_follows_its_job_over_a_restart_of_the_node(port: int, tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{port}/ws"
    data = {"PEOPLE_FOLDER": str(tmp_path / "data")}
    table = "name,email\n" + "".join(f"Ada {number},ada{number}@example.org\n" for number in range(500))

    def act(tab: Page) -> None:
        table_of(tab, table)
        expect(tab.locator("output")).to_have_text("Imports do not answer now. Try again in a minute.", timeout=PATIENCE)
        with (
            running(Node(tmp_path, port), "Taskbahn is ready") as node,
            example_worker("tasks:app", FASTAPI, url, tmp_path, **data),
        ):
            table_of(tab, table)
            tab.wait_for_function("document.querySelector('progress').value > 0", timeout=PATIENCE)
            node.end()
            expect(tab.locator("output")).to_have_text("Imports do not answer now. This page asks again.", timeout=PATIENCE)
            tab.wait_for_event("response", lambda answer: "events" in answer.url, timeout=PATIENCE)  # it asks again
            with running(Node(tmp_path, port), "Taskbahn is ready"):
                expect(tab.locator("output")).to_have_text("500 stored, 0 left out", timeout=PATIENCE)
        tab.evaluate("location.hash = '0199aaaa-0000-7000-8000-00000000000g'")
        expect(tab.locator("output")).to_contain_text("This is no import. Choose a table to begin one.", timeout=PATIENCE)
        expect(tab.get_by_role("button", name="Cancel")).to_be_hidden()

    server = ("-m", "uvicorn", "main:web", "--host", "127.0.0.1", "--port", "{port}")
    with web_server(*server, folder=FASTAPI, url=url, place=tmp_path, **data) as site:
        in_page(site, act, refusals=True)
    log = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert "Traceback" not in log, log
    assert f"no router answers at {url}" in log


def table_of(tab: Page, table: str) -> None:
    """Upload a table in the page of examples/fastapi."""
    tab.get_by_label("Table").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": table.encode()})
    tab.get_by_role("button", name="Upload").click()


def test_pages_that_load_before_the_node_go_on_when_it_is_there(port: int, tmp_path: Path) -> None:
    """All in one browser, so that the node starts once; the page of the album comes from its own server."""
    address = f"127.0.0.1:{port}"

    def act(sites: dict[str, str], browser: Browser) -> None:
        tabs = {name: browser.new_page() for name in sites}
        for name, tab in tabs.items():
            tab.goto(sites[name])
            sentence = (
                "Taskbahn does not answer: run taskbahn up." if name == "browser" else f"Taskbahn does not answer at {address}."
            )
            expect(tab.locator("body")).to_contain_text(sentence, timeout=PATIENCE)
        with running(Node(tmp_path, port), "Taskbahn is ready"):
            for tab in tabs.values():
                expect(tab.get_by_text("taskbahn up")).to_have_count(0, timeout=PATIENCE)
            for name in ("adding-up", "browser-kit", "command"):
                expect(tabs[name].locator("task-form")).to_contain_text("No worker has offered a task", timeout=PATIENCE)
            tabs["browser"].get_by_role("button", name="Build").click()
            expect(tabs["browser"].locator("output")).to_contain_text("reports.build", timeout=PATIENCE)
            tabs["album"].wait_for_function("document.querySelector('form').onsubmit !== null")
            expect(tabs["conversation"].locator("#problem")).to_contain_text("'travel.talk'", timeout=PATIENCE)
            url = f"ws://{address}/ws"
            with running(Program("worker", "travel:app", cwd=EXAMPLES / "conversation", TASKBAHN_URL=url), "ready"):
                expect(tabs["conversation"].get_by_role("button", name="Send")).to_be_enabled(timeout=PATIENCE)
                expect(tabs["conversation"].locator("#problem")).to_be_empty()

    with contextlib.ExitStack() as stack:
        sites = {name: stack.enter_context(served(EXAMPLES / name / "index.html", tmp_path / name, address)) for name in STATIC}
        album = stack.enter_context(album_server(address, tmp_path))
        in_chromium(partial(act, sites | {"album": album}))


def with_node(act: Callable[[Program, str, Browser], None], example: str, target: str, port: int, folder: Path) -> None:
    """Run *act* with a node, a worker of an example, and the address of its page, which comes from a server of its own."""
    address = f"127.0.0.1:{port}"
    worker = Program("worker", target, cwd=EXAMPLES / example, TASKBAHN_URL=f"ws://{address}/ws")
    with (
        running(Node(folder, port), "Taskbahn is ready") as node,
        running(worker, "ready"),
        served(EXAMPLES / example / "index.html", folder / example, address) as site,
    ):
        in_chromium(partial(act, node, site))


def test_a_click_while_the_node_is_away_waits_and_says_so(port: int, tmp_path: Path) -> None:
    def act(node: Program, site: str, browser: Browser) -> None:
        tab = browser.new_page()
        tab.goto(site)
        tab.wait_for_function("document.querySelector('button').onclick !== null")
        tab.get_by_role("button", name="Build").click()
        tab.wait_for_function("document.querySelector('progress').value > 0")
        node.end()
        expect(tab.locator("output")).to_contain_text("lost before the answer came", timeout=PATIENCE)
        tab.get_by_role("button", name="Build").click()
        expect(tab.locator("output")).to_have_text("Waits for Taskbahn.")
        expect(tab.locator("progress")).to_have_js_property("value", 0)
        expect(tab.get_by_role("button", name="Build")).to_be_disabled()
        with running(Node(tmp_path, port), "Taskbahn is ready"):
            tab.wait_for_function("document.querySelector('progress').value > 0", timeout=PATIENCE)
            expect(tab.locator("output")).to_be_empty()
            expect(tab.locator("output")).to_have_text("a report of 10 pages", timeout=PATIENCE)
            expect(tab.get_by_role("button", name="Build")).to_be_enabled()

    with_node(act, "browser", "reports:app", port, tmp_path)


def test_a_message_waits_for_the_node_and_the_page_says_so(port: int, tmp_path: Path) -> None:
    def act(node: Program, site: str, browser: Browser) -> None:
        tab = browser.new_page()
        tab.goto(site)
        send = tab.get_by_role("button", name="Send")
        expect(send).to_be_enabled(timeout=PATIENCE)
        node.end()
        problem = tab.locator("#problem")
        expect(problem).to_have_text("Taskbahn does not answer. This page goes on when it does.", timeout=PATIENCE)
        tab.get_by_label("Your message").fill("Book it")
        send.click()
        expect(problem).to_have_text("Taskbahn does not answer. Your message is sent when it does.")
        expect(send).to_be_disabled()
        with running(Node(tmp_path, port), "Taskbahn is ready"):
            expect(tab.locator("#talk p").nth(1)).to_have_text("Which place shall I book?", timeout=PATIENCE)
            expect(problem).to_be_empty()
            expect(tab.get_by_label("Your message")).to_have_value("")
            expect(send).to_be_enabled()

    with_node(act, "conversation", "travel:app", port, tmp_path)


def test_the_album_says_that_the_node_is_not_there(port: int, tmp_path: Path) -> None:
    place = "albums/0199aaaa-0000-7000-8000-000000000000/Holiday"
    json = {"Content-Type": "application/json"}
    with album_server(f"127.0.0.1:{port}", tmp_path, errors := tmp_path / "errors.log") as site:
        assert asked("PUT", f"{site}{place}/0001 a.jpg", b"picture", {}) == (200, "{}")
        status, said = asked("POST", site + place, b'{"to": "you@example.org"}', json)
        assert status == 503
        assert "The work cannot be started now. Try again in a minute." in said
        assert f"no router answers at ws://127.0.0.1:{port}/ws" in errors.read_text(encoding="utf-8")
        for method, path, wrong in (
            ("POST", place.replace("Holiday", "Other"), 404),
            ("POST", f"{place}/../../../etc", 404),
            ("PUT", f"{place}/.hidden", 400),
            ("PUT", f"{place}/../a.jpg", 400),
        ):
            status, said = asked(method, site + path, b"{}", json)
            assert status == wrong
            assert "detail" in said


def asked(method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Return status and body of an answer."""
    request = urllib.request.Request(url.replace(" ", "%20"), body, headers, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
