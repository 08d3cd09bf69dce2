"""A page that the node does not take says so, with the options that take it; one at the address that the node prints is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.programs import Node, running_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

NO_WEBSOCKET = "WebSocket connection to .* failed"
REFUSED_LOGIN = r"the server responded with a status of 40[13]"


@pytest.fixture
def reachable_node(tmp_path: Path) -> Iterator[Node]:
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_INTERFACE="0.0.0.0") as node:  # noqa: S104
        yield node


@pytest.fixture
def page_of_another_address(reachable_node: Node, open_page: Callable[..., Page]) -> Page:
    return open_page(f"http://127.0.0.5:{reachable_node.port}", NO_WEBSOCKET)


@pytest.fixture
def page_at_the_printed_address(tmp_path: Path, open_page: Callable[..., Page]) -> Iterator[Page]:
    with running_node(tmp_path, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_INTERFACE="127.0.0.2") as node:
        yield open_page(f"http://127.0.0.2:{node.port}", REFUSED_LOGIN)


def test_a_page_of_another_address_says_how_it_is_taken(page_of_another_address: Page, reachable_node: Node) -> None:
    origin = f"http://127.0.0.5:{reachable_node.port}"
    sentence = f"This node does not take pages from {origin}: start it with --origin {origin}, or with --behind-proxy"
    expect(page_of_another_address.get_by_text(sentence)).to_be_visible()
    expect(page_of_another_address.get_by_text("The connection to the router is lost.")).to_have_count(0)
    assert f"a page of {origin} was refused" in reachable_node.output


def test_a_page_at_the_printed_address_asks_for_a_login(page_at_the_printed_address: Page) -> None:
    expect(page_at_the_printed_address.get_by_role("heading", name="Log in to Taskbahn")).to_be_visible()
