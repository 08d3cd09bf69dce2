"""The page of a node with users: a name and a password open it, and a user changes its own password there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.programs import Node, running
from support.tokens import token_for, user_for

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

PASSWORD, OTHER = "correct horse battery", "staple correct horse"
REFUSED = r"the server responded with a status of 4(0[013]|29)"
TOO_MANY = 429


@pytest.fixture(scope="module")
def node_with_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Taskbahn]]:
    folder = tmp_path_factory.mktemp("users")
    for name, role in (("ada", "operator"), ("vera", "viewer"), ("shop", "client")):
        user_for(name, role, PASSWORD, folder / "data")
    token = token_for("root", "admin", folder / "data")
    with running(node := Node(folder, None, TASKBAHN_UP_AUTH="1"), "Taskbahn is ready"):
        admin = Taskbahn(node.websocket, token=token)
        yield node, admin
        admin.close()


@pytest.fixture
def door(open_page: Callable[..., Page], node_with_users: tuple[Node, Taskbahn]) -> Page:
    return open_page(f"http://127.0.0.1:{node_with_users[0].port}", REFUSED)


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def log_in_when_allowed(page: Page, name: str, password: str) -> None:
    """As a person who has mistyped a password too often: wait as long as the node says."""
    status = TOO_MANY
    while status == TOO_MANY:
        with page.expect_response("**/login") as answer:
            log_in(page, name, password)
        status = answer.value.status
        if status == TOO_MANY:
            page.wait_for_timeout(1000 * int(answer.value.headers["retry-after"]))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_a_name_and_a_password_open_the_page(door: Page) -> None:
    expect(door.get_by_label("Name", exact=True)).to_be_focused()
    for name, password in (("ada", OTHER), ("unknown", PASSWORD)):
        log_in(door, name, password)
        expect(door.get_by_role("alert")).to_contain_text("does not know the name, or the password is another one")
    log_in(door, "ada")
    expect(door.get_by_text("Live", exact=True)).to_be_visible()
    expect(door.get_by_text("ada", exact=True)).to_be_visible()
    [cookie] = door.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert PASSWORD not in json.dumps(door.evaluate("[{...localStorage}, {...sessionStorage}, location.href]")) + cookie["value"]


def test_a_role_for_programs_opens_no_page(door: Page) -> None:
    log_in(door, "shop")
    expect(door.get_by_role("alert")).to_contain_text("the role client is for programs")
    assert door.context.cookies() == []


@pytest.mark.parametrize("name, role", [("own-operator", "operator"), ("own-viewer", "viewer")])
def test_a_user_changes_its_password_on_the_page(
    door: Page, node_with_users: tuple[Node, Taskbahn], name: str, role: str
) -> None:  # fmt: skip
    node_with_users[1].admin.create_user(name, role, PASSWORD)
    log_in(door, name)
    expect(door.get_by_text("Live", exact=True)).to_be_visible()
    other = door.context.new_page()
    other.goto(door.url)
    expect(other.get_by_text("Live", exact=True)).to_be_visible()

    door.get_by_role("button", name="Password", exact=True).click()
    dialog = door.get_by_role("dialog")
    for old, new, again, problem in (
        (PASSWORD, OTHER, PASSWORD, "not the same"),
        (OTHER, OTHER, OTHER, "password is another one"),
        (PASSWORD, "short", "short", "at least 10 characters"),
    ):
        for label, text in (
            ("Old password", old),
            ("New password, of 10 characters at least", new),
            ("The new one again", again),
        ):
            dialog.get_by_label(label).fill(text)
        dialog.get_by_role("button", name="Change the password").click()
        expect(dialog.get_by_role("alert")).to_contain_text(problem)
    for label in ("New password, of 10 characters at least", "The new one again"):
        dialog.get_by_label(label).fill(OTHER)
    dialog.get_by_role("button", name="Change the password").click()
    expect(door.get_by_text("The password is changed")).to_be_visible()
    expect(other.get_by_label("Password", exact=True)).to_be_visible()
    log_in(door, name, PASSWORD)
    expect(door.get_by_role("alert")).to_contain_text("the password is another one")
    log_in_when_allowed(door, name, OTHER)
    node_with_users[1].admin.remove_user(name)
    expect(door.get_by_label("Password", exact=True)).to_be_visible()


def test_a_token_has_no_password_to_change(door: Page, node_with_users: tuple[Node, Taskbahn]) -> None:
    made = node_with_users[1].admin.create_token("bot", "operator")
    door.get_by_role("button", name="API token").click()
    door.get_by_label("Token", exact=True).fill(str(made.token))
    door.get_by_role("button", name="Log in").click()
    expect(door.get_by_role("button", name="Log out")).to_be_visible()
    expect(door.get_by_role("button", name="Password", exact=True)).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_login_fits_its_screen(door: Page, width: int) -> None:
    door.set_viewport_size({"width": width, "height": 844})
    expect(door.get_by_role("button", name="Log in")).to_be_in_viewport()
    assert door.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_other_site_shows_a_password(door: Page) -> None:
    def post(body: object, **headers: str) -> int:
        sent = {"content-type": "application/json", **headers}
        return door.request.post(f"{door.url.partition('#')[0]}login", data=json.dumps(body).encode(), headers=sent).status

    user = {"name": "ada", "password": PASSWORD}
    assert post(user, origin="https://evil.example") == 403
    assert post(user, **{"content-type": "text/plain"}) == 403
    for wrong in ({"name": "ada"}, {"password": PASSWORD}, {"name": 3, "password": PASSWORD}, {"name": "ada", "password": None}):
        assert post(wrong) == 400
    assert door.context.cookies() == []
