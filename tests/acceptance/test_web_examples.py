"""The examples with a web framework: a worker and a web server without Crossbar, and a page in a real browser."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.programs import Node, running_node
from support.tabs import in_page
from support.web_server import example_worker, process, web_server

from taskbahn import Taskbahn

EXAMPLES = Path(__file__).parents[2] / "examples"
FASTAPI = EXAMPLES / "fastapi"
DJANGO = EXAMPLES / "django"
TABLE = "name,email\n" + "".join(f"Ada {number},ada{number}@example.org\n" for number in range(40)) + "No address,\n"
UNKNOWN = "0199aaaa-0000-7000-8000-000000000000"

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of its own: the examples leave jobs behind."""
    with running_node(tmp_path_factory.mktemp("node")) as node:
        yield node


@pytest.fixture(scope="module")
def people(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The FastAPI application with its worker: its address, and where its data are."""
    place = tmp_path_factory.mktemp("people")
    server = ("-m", "uvicorn", "main:web", "--host", "127.0.0.1", "--port", "{port}")
    with (
        example_worker("tasks:app", FASTAPI, node.websocket, place),
        web_server(*server, folder=FASTAPI, url=node.websocket, place=place, PEOPLE_FOLDER=str(place / "data")) as site,
    ):
        yield site, place / "data"


def upload(tab: Page, table: bytes) -> None:
    tab.get_by_label("Table").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": table})
    tab.get_by_role("button", name="Upload").click()


def answer(site: str, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(site + path, timeout=30) as got:  # noqa: S310 - our own address
            return got.status, json.loads(got.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def stored(folder: Path) -> int:
    with sqlite3.connect(folder / "people.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM people").fetchone()
    connection.close()
    return int(count)


def test_fastapi_takes_an_upload_and_shows_progress_and_result(people: tuple[str, Path]) -> None:
    site, folder = people
    seen: list[float] = []

    def act(tab: Page) -> None:
        tab.expose_function("sawProgress", lambda value: seen.append(value))  # noqa: PLW0108 - Playwright writes on it
        tab.evaluate("""() => {
            const bar = document.querySelector("progress");
            new MutationObserver(() => window.sawProgress(bar.value)).observe(bar, { attributes: true });
        }""")
        upload(tab, TABLE.encode())
        expect(tab.locator("output")).to_have_text("40 stored, 1 left out", timeout=60_000)
        expect(tab.locator("progress")).to_have_js_property("value", 1)
        expect(tab.locator("#log")).to_contain_text("41 rows, 1 of them without an address")
        expect(tab.get_by_role("button", name="Cancel")).to_be_disabled()
        id = tab.evaluate("location.hash.slice(1)")
        status, view = answer(site, f"imports/{id}")
        assert (status, view["state"], view["title"], view["result"]["stored"]) == (200, "succeeded", "people.csv", 40)
        tab.reload()
        expect(tab.locator("output")).to_have_text("40 stored, 1 left out", timeout=30_000)
        expect(tab.locator("progress")).to_have_js_property("value", 1)

    in_page(site, act)
    assert len([value for value in seen if 0 < value < 1]) > 1
    assert stored(folder) == 40


def test_a_cancelled_upload_stores_nothing(people: tuple[str, Path]) -> None:
    site, folder = people
    many = "name,email\n" + "".join(f"Bob {number},bob{number}@example.org\n" for number in range(3000))

    def act(tab: Page) -> None:
        upload(tab, many.encode())
        tab.wait_for_function("document.querySelector('progress').value > 0", timeout=60_000)
        tab.get_by_role("button", name="Cancel").click()
        expect(tab.locator("output")).to_contain_text("cancelled", timeout=30_000)

    in_page(site, act)
    with sqlite3.connect(folder / "people.db") as connection:
        assert connection.execute("SELECT count(*) FROM people WHERE name LIKE 'Bob%'").fetchone() == (0,)
    connection.close()


def test_fastapi_says_what_is_wrong(people: tuple[str, Path]) -> None:
    site, _ = people
    assert answer(site, f"imports/{UNKNOWN}")[0] == 404
    assert answer(site, "imports/no-id")[0] == 422
    assert answer(site, f"imports/{UNKNOWN}/events")[0] == 404

    def act(tab: Page) -> None:
        upload(tab, b"name,email\n\xff,a@b\n")
        expect(tab.locator("output")).to_contain_text("failed: 'utf-8' codec can't decode", timeout=30_000)

    in_page(site, act)


@pytest.mark.parametrize(
    "folder, words",
    [(FASTAPI, ["-m", "pytest", "-q", "-p", "no:cacheprovider"]), (DJANGO, ["manage.py", "test"])],
    ids=["fastapi", "django"],
)
def test_the_own_tests_of_an_example_need_no_node(folder: Path, words: list[str], tmp_path: Path) -> None:
    log = tmp_path / "tests.log"
    nowhere = {"TASKBAHN_URL": "ws://127.0.0.1:9/ws", "SHOP_DATABASE": str(tmp_path / "db.sqlite3")}
    with process(*words, cwd=folder, log=log, **nowhere) as testing:
        assert testing.wait(100) == 0, log.read_text(encoding="utf-8")
    assert re.search(r"[3-9] passed|Ran [4-9] tests", log.read_text(encoding="utf-8"))


FORGETS = """
from django.test import TransactionTestCase

from mysite.bahn import app
from shop.tasks import deliver


class Forgets(TransactionTestCase):
    def test_it(self):
        self.client.post("/orders", {"customer": "Ada", "parcels": 2})
        with self.assertRaisesRegex(Exception, "this test would connect to"):
            deliver.start(1)
"""


def test_django_tests_that_forget_the_helpers_start_nothing(node: Node, tmp_path: Path) -> None:
    (tmp_path / "forgetful.py").write_text(FORGETS, encoding="utf-8")
    log = tmp_path / "tests.log"
    environment = {
        "TASKBAHN_URL": node.websocket,
        "SHOP_DATABASE": str(tmp_path / "db.sqlite3"),
        "PYTHONPATH": str(tmp_path),
    }
    before = len(Taskbahn(node.websocket).view.jobs(task="shop.deliver").jobs)
    with process("manage.py", "test", "forgetful", cwd=DJANGO, log=log, **environment) as testing:
        assert testing.wait(100) == 0, log.read_text(encoding="utf-8")
    assert len(Taskbahn(node.websocket).view.jobs(task="shop.deliver").jobs) == before


DATABASE = """
from unittest.mock import patch
from uuid import uuid4

from django.db import connection
from django.test import TestCase, TransactionTestCase
from mysite.bahn import app
from shop.models import Order
from taskbahn import Concurrency, current
from taskbahn.testing import eager, simulated


def make(parcels=1):
    return Order.objects.create(customer="Ada", parcels=parcels, job=uuid4())


@app.task(name="test.count")
async def count() -> int:
    return await Order.objects.acount()


@app.task(name="test.add")
def add() -> int:
    make()
    return Order.objects.count()


@app.task(name="test.late", limits=[Concurrency(2)])
async def late(after: str) -> int:
    await current.sleep_async(after)
    await Order.objects.acreate(customer="Bob", parcels=1, job=uuid4())
    return await Order.objects.acount()


@app.task(name="test.parent")
def parent() -> list[int]:
    return [add.call(), count.call(), Order.objects.count()]


class Orders(TestCase):
    def test_eager_tasks_see_the_transaction(self):
        make()
        with eager(app):
            self.assertEqual([count.call(), add.call(), parent.call()], [1, 2, [3, 3, 3]])
        self.assertEqual(Order.objects.count(), 3)

    async def test_eager_coroutines_see_the_transaction(self):
        await Order.objects.acreate(customer="Ada", parcels=1, job=uuid4())
        with eager(app):
            self.assertEqual(await count.call_async(), 1)
        self.assertEqual(await Order.objects.acount(), 1)

    def test_simulated_tasks_see_the_transaction(self):
        make()
        with simulated(app):
            self.assertEqual([count.call(), add.call(), parent.call()], [1, 2, [3, 3, 3]])
        self.assertEqual(Order.objects.count(), 3)

    def test_tasks_that_wait_between_see_it_too(self):
        with simulated(app) as node:
            make()
            jobs = [late.start("1h"), late.start("2h"), count.start(), late.start("0.1s")]
            self.assertEqual([job.result() for job in jobs], [3, 4, 1, 2])
        self.assertEqual(Order.objects.count(), 4)
        self.assertTrue(connection.in_atomic_block)


class Committed(TransactionTestCase):
    async def test_it_is_as_ever_without_a_transaction(self):
        with simulated(app):
            self.assertEqual(await add.call_async(), 1)
            self.assertEqual(await count.call_async(), 1)
"""


def test_tasks_see_the_transaction_of_a_django_test(tmp_path: Path) -> None:
    (tmp_path / "transactions.py").write_text(DATABASE, encoding="utf-8")
    log = tmp_path / "tests.log"
    environment = {
        "TASKBAHN_URL": "ws://127.0.0.1:9/ws",
        "SHOP_DATABASE": str(tmp_path / "db.sqlite3"),
        "PYTHONPATH": str(tmp_path),
    }
    with process("manage.py", "test", "transactions", cwd=DJANGO, log=log, **environment) as testing:
        assert testing.wait(100) == 0, log.read_text(encoding="utf-8")
    assert "Ran 5 tests" in log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shop(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Django project with its worker; its address."""
    place = tmp_path_factory.mktemp("shop")
    database = {"SHOP_DATABASE": str(place / "db.sqlite3")}
    with process("manage.py", "migrate", cwd=DJANGO, log=place / "migrate.log", **database) as migrating:
        assert migrating.wait(60) == 0, (place / "migrate.log").read_text(encoding="utf-8")
    server = ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}")
    with (
        example_worker("mysite.worker:app", DJANGO, node.websocket, place, **database),
        web_server(*server, folder=DJANGO, url=node.websocket, place=place, **database) as site,
    ):
        yield site


def order(tab: Page, customer: str, parcels: int) -> None:
    tab.get_by_label("Customer").fill(customer)
    tab.get_by_label("Parcels").fill(str(parcels))
    tab.get_by_role("button", name="Order").click()
    expect(tab.locator("li").first).to_contain_text(customer, timeout=30_000)


def test_django_starts_a_job_when_the_order_is_committed(shop: str) -> None:
    def act(tab: Page) -> None:
        order(tab, "Ada", 3)
        row = tab.locator("li").first
        expect(row).to_contain_text("3 parcels for Ada", timeout=60_000)
        expect(row.get_by_role("button", name="Cancel")).to_be_disabled()
        number = row.get_attribute("data-order")
        status, jobs = answer(shop, f"orders/jobs?order={number}")
        view = jobs[number]
        assert (status, view["state"], view["title"]) == (200, "succeeded", f"Order {number}")
        tab.reload()
        expect(tab.locator("li").first).to_contain_text("3 parcels for Ada", timeout=30_000)

    in_page(shop, act)


def test_a_cancelled_order_is_delivered_in_part(shop: str) -> None:
    def act(tab: Page) -> None:
        order(tab, "Bob", 200)
        row = tab.locator("li").first
        expect(row).to_contain_text("running", timeout=60_000)
        row.get_by_role("button", name="Cancel").click()
        expect(row).to_contain_text("cancelled", timeout=30_000)

    in_page(shop, act)


@pytest.mark.parametrize("customer, parcels, wrong", [
    (" ", "1", "Customer: This field is required."),
    ("Ada", "9" * 20, "Parcels: Ensure this value is less than"),
])  # fmt: skip
def test_an_order_that_is_not_valid_says_why(shop: str, customer: str, parcels: str, wrong: str) -> None:
    def act(tab: Page) -> None:
        rows = tab.locator("li").count()
        tab.get_by_label("Customer").fill(customer)
        tab.get_by_label("Parcels").fill(parcels)
        tab.get_by_role("button", name="Order").click()
        expect(tab.locator("form output")).to_contain_text(wrong, timeout=30_000)
        expect(tab.get_by_role("button", name="Order")).to_be_enabled()
        assert tab.locator("li").count() == rows

    in_page(shop, act, refusals=True)
