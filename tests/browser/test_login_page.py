"""The page of a node with login: it asks for a token, keeps a cookie that no script reads, and lets go of it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.programs import Node, running, worker_of
from support.tokens import token_for

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

ROLES = ("admin", "operator", "viewer", "worker", "client")
REFUSED = r"the server responded with a status of 40[13]"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("login")
    return {"folder": str(folder), **{role: token_for(f"the-{role}", role, folder / "data") for role in ROLES}}


@pytest.fixture(scope="module")
def node_with_login(tokens: dict[str, str]) -> Iterator[Node]:
    with running(node := Node(Path(tokens["folder"]), None, TASKBAHN_UP_AUTH="1"), "Taskbahn is ready"):
        yield node


@pytest.fixture
def door(open_page: Callable[..., Page], node_with_login: Node) -> Page:
    """The page, which asks for a login."""
    return open_page(f"http://127.0.0.1:{node_with_login.port}", REFUSED)


def log_in(page: Page, token: str) -> None:
    page.get_by_role("button", name="API token").click()
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Log in").click()


def test_a_page_is_there_from_login_to_logout(door: Page, tokens: dict[str, str]) -> None:
    expect(door.get_by_role("heading", name="Log in to Taskbahn")).to_be_visible()
    expect(door.get_by_role("navigation")).to_have_count(0)
    log_in(door, "wrong")
    expect(door.get_by_role("alert")).to_contain_text("does not know the token")
    log_in(door, tokens["operator"])
    expect(door.get_by_text("Live", exact=True)).to_be_visible()
    expect(door.get_by_text("the-operator", exact=True)).to_be_visible()
    [cookie] = door.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["value"] != tokens["operator"]
    assert door.evaluate("document.cookie") == ""
    assert tokens["operator"] not in json.dumps(door.evaluate("[{...localStorage}, {...sessionStorage}, location.href]"))

    other = door.context.new_page()
    other.goto(door.url)
    expect(other.get_by_text("Live", exact=True)).to_be_visible()
    door.get_by_role("button", name="Log out").click()
    expect(door.get_by_label("Token", exact=True)).to_be_focused()
    expect(other.get_by_label("Token", exact=True)).to_be_visible()  # its session ended with the login
    assert door.context.cookies() == []


def test_a_login_ends_with_its_token(door: Page, tokens: dict[str, str], node_with_login: Node) -> None:
    app = Taskbahn(node_with_login.websocket, token=tokens["admin"])
    try:
        made = app.admin.create_token("for-a-while", "viewer")
        log_in(door, str(made.token))
        expect(door.get_by_text("Read-only", exact=True)).to_be_visible()
        assert "/view/" in door.url
        door.reload()
        expect(door.get_by_text("Live", exact=True)).to_be_visible()
        app.admin.revoke_token(made.id)
        expect(door.get_by_label("Token", exact=True)).to_be_visible()
        log_in(door, str(made.token))
        expect(door.get_by_role("alert")).to_contain_text("does not know the token")
    finally:
        app.close()


@pytest.mark.parametrize("role", ["client", "worker"])
def test_a_token_for_programs_opens_no_page(door: Page, tokens: dict[str, str], role: str) -> None:
    log_in(door, tokens[role])
    expect(door.get_by_role("alert")).to_contain_text(f"the role {role} is for programs")
    assert door.context.cookies() == []


def test_no_other_site_logs_in_or_out(door: Page, tokens: dict[str, str], node_with_login: Node) -> None:
    def post(path: str, body: Any, kind: str = "application/json", **headers: str) -> int:
        answer = door.request.post(
            f"http://127.0.0.1:{node_with_login.port}{path}",
            data=(body if isinstance(body, str) else json.dumps(body)).encode(),
            headers={"content-type": kind, **headers},
        )
        return answer.status

    token = {"token": tokens["admin"]}
    for path in ("/login", "/logout"):
        assert post(path, token, "text/plain") == 403  # what a form of another site can send
        assert post(path, token, "application/x-www-form-urlencoded") == 403
        assert post(path, token, origin="https://evil.example") == 403
        assert post(path, token, origin="null") == 403
        assert door.request.get(f"http://127.0.0.1:{node_with_login.port}{path}").status == 405
    for body in ("", "{", "[]", "3", '{"token": 3}', '{"token": null}', "[" * 5000, json.dumps({"token": "x" * 10_000})):
        assert post("/login", body) == 400
    assert door.context.cookies() == []


TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="kit.count")
def count(to: int) -> int:
    for number in range(to):
        current.progress(number / to)
    return to
"""
KIT = """async (token) => {
    const { connect } = await import("/taskbahn.js");
    const refusal = async (ask) => ask().then(() => "through", ({ uri }) => uri.replace("taskbahn.error.", ""));
    let asked = 0;
    const bahn = await connect({ token: async () => (asked++, token) });
    const job = await bahn.start("kit.count", [3]);
    const heard = [];
    job.onProgress(({ fraction }) => heard.push(fraction));
    const found = {
        who: bahn.who, asked, called: await bahn.call("kit.count", [2]), result: await job.result(), moved: heard.length > 0,
        status: await refusal(() => bahn.ask("taskbahn.view.status")),
        topic: await refusal(() => bahn.subscribe(`taskbahn.job.${job.id}`, () => {})),
        foreign: await refusal(() => bahn.subscribe("taskbahn.job.0192f0c1-2d3e-7abc-8def-000000000001", () => {})),
        none: await refusal(() => bahn.job("0192f0c1-2d3e-7abc-8def-000000000001").result()),
        wrong: await refusal(() => connect({ token: "no" })),
        without: await refusal(() => connect()),
    };
    bahn.close();
    return found;
}"""


def test_a_page_with_the_token_of_a_client_has_its_own_jobs(
    door: Page, tokens: dict[str, str], node_with_login: Node, tmp_path: Path
) -> None:
    with worker_of(TASKS, tmp_path, node_with_login, 2, TASKBAHN_TOKEN=tokens["worker"]):
        found = door.evaluate(KIT, tokens["client"])
    assert found == {
        "who": {"name": "the-client", "role": "client"}, "asked": 1, "called": 2, "result": 3, "moved": True,
        "status": "not_allowed", "topic": "through", "foreign": "not_allowed", "none": "unknown_job", "wrong": "invalid_token",
        "without": "invalid_token",
    }  # fmt: skip


def test_without_login_there_is_no_way_to_log_in(page: Page) -> None:
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)
    assert page.request.post(page.url + "login", data="{}", headers={"content-type": "application/json"}).status in (404, 405)
