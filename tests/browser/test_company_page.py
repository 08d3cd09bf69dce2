"""The page of a node with a company's login: one button, the provider, and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.oidc_provider import CLIENT, SECRET, Provider, provider
from support.programs import Node, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

REFUSED = r"the server responded with a status of 40[13]"


@pytest.fixture(scope="module")
def node_of_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Provider]]:
    folder = tmp_path_factory.mktemp("company")
    (folder / "secret").write_text(SECRET)
    with provider() as company:
        options = {
            "AUTH": "1", "OIDC_ISSUER": company.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
            "OIDC_ROLE": "groups=ops:operator groups=look:viewer", "OIDC_LABEL": "Acme",
        }  # fmt: skip
        node = Node(folder, None, **{f"TASKBAHN_UP_{name}": value for name, value in options.items()})
        with running(node, "Taskbahn is ready"):
            yield node, company


@pytest.fixture
def door(open_page: Callable[..., Page], node_of_company: tuple[Node, Provider]) -> Page:
    node, company = node_of_company
    return open_page(f"http://127.0.0.1:{node.port}", REFUSED, beside=company.issuer)


@pytest.mark.parametrize("group, path", [("ops", "/#"), ("look", "/view/")])
def test_one_click_opens_the_dashboard_by_the_companys_login(
    door: Page, node_of_company: tuple[Node, Provider], group: str, path: str
) -> None:  # fmt: skip
    node_of_company[1].person = {"sub": group, "email": f"{group}@acme.example", "groups": [group]}
    door.get_by_role("link", name="Log in with Acme").click()
    expect(door.get_by_text("Live" if group == "ops" else "Read-only", exact=True)).to_be_visible()
    expect(door.get_by_text(f"{group}@acme.example", exact=True)).to_be_visible()
    assert door.url.startswith(f"http://127.0.0.1:{node_of_company[0].port}{path[:-1]}")
    expect(door.get_by_role("button", name="Password", exact=True)).to_have_count(0)
    assert [(cookie["name"], cookie["sameSite"]) for cookie in door.context.cookies()] == [("taskbahn_session", "Strict")]
    door.reload()
    expect(door.get_by_text(f"{group}@acme.example", exact=True)).to_be_visible()
    door.get_by_role("button", name="Log out").click()
    expect(door.get_by_role("link", name="Log in with Acme")).to_be_visible()
    assert door.context.cookies() == []


def test_a_person_without_a_role_finds_the_way_back(door: Page, node_of_company: tuple[Node, Provider]) -> None:
    node_of_company[1].person = {"sub": "9", "email": "eve@acme.example", "groups": []}
    door.get_by_role("link", name="Log in with Acme").click()
    expect(door.get_by_text("no role of this node is for this person")).to_be_visible()
    door.get_by_role("link", name="Back to the login").click()
    expect(door.get_by_role("heading", name="Log in to Taskbahn")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_login_with_all_its_ways_fits_its_screen(door: Page, width: int) -> None:
    door.set_viewport_size({"width": width, "height": 844})
    expect(door.get_by_role("link", name="Log in with Acme")).to_be_in_viewport()
    expect(door.get_by_role("button", name="Log in", exact=True)).to_be_in_viewport()
    assert door.evaluate("document.documentElement.scrollWidth <= innerWidth")
