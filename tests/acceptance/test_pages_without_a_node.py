"""The pages of the examples while their node is not there: they say so, lose nothing, and go on by themselves when it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.ports import free_port
from playwright.sync_api import Page, expect
from support.programs import Node, running
from support.tabs import in_page
from support.web_server import example_worker, process, web_server

EXAMPLES = Path(__file__).parents[2] / "examples"
DJANGO = EXAMPLES / "django"
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

    def act(tab: Page) -> None:
        tab.get_by_label("Customer").fill("Ada")
        tab.get_by_label("Parcels").fill("2")
        tab.get_by_role("button", name="Order").click()
        expect(tab.locator("form output")).to_have_text("Orders …")
        row = tab.locator("li")
        expect(row).to_contain_text(f"no router answers at {url}", timeout=PATIENCE)
        expect(row.get_by_role("button", name="Cancel")).to_be_disabled()
        with (
            running(Node(tmp_path, port), "Taskbahn is ready"),
            example_worker("mysite.worker:app", DJANGO, url, tmp_path, **database),
        ):
            expect(row).to_contain_text("This order is not started yet.", timeout=PATIENCE)
            row.get_by_role("button", name="Start").click()
            expect(row).to_contain_text("2 parcels for Ada", timeout=PATIENCE)

    server = ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}")
    with web_server(*server, folder=DJANGO, url=url, place=tmp_path, **database) as site:
        in_page(site, act, refusals=True)
