"""The code of docs/recipes.md: it compiles, and what can run here gives a page what it says, and no more."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.documents import blocks
from support.programs import Node, running, worker_of
from support.tokens import token_for

from taskbahn import NotAllowed, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs/recipes.md"
RECIPES = {block.title: block.text for block in blocks(PAGE) if block.language == "py" and block.title}
TASKS = """
from taskbahn import Taskbahn

app = Taskbahn()

@app.task(name="images.resize", pool="thread")
def resize(name: str) -> str:
    return name.upper()

@app.task(name="public.thumbnail", pool="thread")
def thumbnail(picture: str) -> str:
    return picture[:10]

@app.task(name="shop.secret", pool="thread")
def secret() -> str:
    return "secret"
"""


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_python(title: str) -> None:
    compile(RECIPES[title], title, "exec")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, str]]:
    folder = tmp_path_factory.mktemp("recipes")
    worker, client = (token_for(name, role, folder / "data") for name, role in (("resizer", "worker"), ("shop", "client")))
    node = Node(folder, None, TASKBAHN_UP_AUTH="1")
    with running(node, "Taskbahn is ready"), worker_of(TASKS, folder, node, 2, TASKBAHN_TOKEN=worker):
        yield node, client


@pytest.mark.parametrize(
    "title, task, text, result",
    [
        ("backend_flask.py", "images.resize", "a.jpg", "A.JPG"),
        ("public_backend.py", "public.thumbnail", "0123456789abc", "0123456789"),
    ],
)
def test_a_backend_gives_a_token_for_what_it_says(
    shop: tuple[Node, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str, task: str, text: str, result: str
) -> None:
    node, client = shop
    monkeypatch.setenv("TASKBAHN_URL", node.websocket)
    monkeypatch.setenv("TASKBAHN_TOKEN", client)
    (tmp_path / title).write_text(RECIPES[title])
    made: dict[str, Any] = runpy.run_path(str(tmp_path / title))
    web = made["web"]
    web.secret_key = "of a test"
    browser = web.test_client()
    if title == "backend_flask.py":
        assert browser.get("/token").status_code == 401
        with browser.session_transaction() as session:
            session["user"] = 42
    answer = browser.get("/token")  # as elements with token-url send it
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    with made["bahn"], Taskbahn(node.websocket, token=answer.get_data(as_text=True)) as page:
        assert page.get(task).start(text).result(timeout=30) == result
        with pytest.raises(NotAllowed):
            page.get("shop.secret").start()
