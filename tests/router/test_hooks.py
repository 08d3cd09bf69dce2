"""Hooks of a real node, over HTTP: signed requests start jobs, and nothing else on that address does."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import running_node, worker_of
from support.until import until

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

SECRET = "0123456789abcdef"
STANDARD = "whsec_" + base64.b64encode(b"k" * 32).decode()
SOURCE = """
    from taskbahn import Taskbahn
    app = Taskbahn()

    @app.hook("git", scheme="github", secret="env:GIT_SECRET", where={"headers.x-github-event": "push"}, kwargs={"ref": "{body.ref}"})
    @app.task(name="deploy")
    def deploy(ref: str) -> str:
        return f"deployed {ref}"

    @app.hook("paid", scheme="standard", secret="env:PAID_SECRET")
    @app.hook("lost", scheme="hmac", secret="env:LOST_SECRET")
    @app.task(name="paid")
    def paid(event: dict[str, int]) -> int:
        return event["amount"]
"""


HOOKS = SOURCE.count("@app.hook(")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("node"), GIT_SECRET=SECRET, PAID_SECRET=STANDARD) as node:
        yield node


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("worker"), node, 2), Taskbahn(node.websocket) as app:
        until(lambda: len(list(app.triggers)) >= HOOKS)
        yield app


def ask(node: Node, path: str, body: bytes = b"{}", method: str = "POST", **headers: str) -> tuple[int, Any, Any]:
    """Send a request; return status, headers and JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def push(node: Node, ref: str = "main", id: str = "1", secret: str = SECRET, body: bytes = b"") -> tuple[int, Any, Any]:
    body = body or json.dumps({"ref": ref}).encode()
    signature = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    words = {
        "X_Hub_Signature_256": signature,
        "X_GitHub_Delivery": id,
        "X_GitHub_Event": "push",
        "Content_Type": "application/json",
    }
    return ask(node, "/hooks/git", body, **words)


def test_a_signed_request_is_answered_with_its_job(app: Taskbahn, node: Node) -> None:
    status, headers, said = push(node)
    assert (status, headers["content-type"], headers["cache-control"]) == (202, "application/json", "no-store")
    assert app.job(said["job"]).result(timeout=30) == "deployed main"


def test_a_standard_web_hook_starts_a_task_with_its_body(app: Taskbahn, node: Node) -> None:
    body, at = b'{"amount": 12}', str(int(time.time()))
    signature = base64.b64encode(hmac.digest(b"k" * 32, f"msg_1.{at}.".encode() + body, "sha256")).decode()
    words = {"webhook_id": "msg_1", "webhook_timestamp": at, "webhook_signature": f"v1,{signature}"}
    status, _, said = ask(node, "/hooks/paid", body, **words)
    assert status == 202
    assert app.job(said["job"]).result(timeout=30) == 12


def test_deliveries_that_come_at_once_and_again_start_one_job(app: Taskbahn, node: Node) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: push(node, "again", "many"), range(48)))
    assert {answer[0] for answer in answers} == {202}
    (id,) = {answer[2]["job"] for answer in answers}
    assert app.job(id).result(timeout=30) == "deployed again"


@pytest.mark.parametrize("secret", ["wrong-secret", "x" * 16, "0123456789abcdeg"])
def test_a_wrong_signature_stores_nothing(app: Taskbahn, node: Node, secret: str) -> None:
    before = app.view.status().jobs
    status, _, said = push(node, id="never", secret=secret)
    assert status == 401
    assert list(said) == ["error"]
    assert ask(node, "/hooks/git")[0] == 401
    assert app.view.status().jobs == before


def test_what_the_filter_does_not_let_through_starts_nothing(node: Node, app: Taskbahn) -> None:
    signature = "sha256=" + hmac.digest(SECRET.encode(), b"{}", "sha256").hex()
    assert app.view.tasks()
    found = ask(node, "/hooks/git", b"{}", X_Hub_Signature_256=signature, X_GitHub_Event="ping")
    assert (found[0], found[2]) == (200, {"job": None})


@pytest.mark.parametrize(
    "path",
    [
        "/hooks",
        "/hooks/",
        "/hooks/git/",
        "/hooks/git/more",
        "/hooks/..%2fgit",
        "/hooks/other",
        "/hooks/%00",
        "/hooks/" + "x" * 200,
    ],
)
def test_other_addresses_are_not_there(node: Node, app: Taskbahn, path: str) -> None:
    assert app.view.tasks()
    assert ask(node, path)[0] == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(node: Node, app: Taskbahn, method: str) -> None:
    assert app.view.tasks()
    status, headers, _ = ask(node, "/hooks/git", method=method)
    assert (status, headers["allow"]) == (405, "POST")


def test_a_body_beyond_the_bound_is_refused(node: Node, app: Taskbahn) -> None:
    assert app.view.tasks()
    assert push(node, body=b'"' + b"x" * (1024 * 1024 - 2) + b'"')[0] in (202, 422)
    assert push(node, body=b'"' + b"x" * (1024 * 1024 - 1) + b'"')[0] == 413


def test_a_secret_that_the_node_lacks_is_a_problem(node: Node, app: Taskbahn) -> None:
    status, headers, _ = ask(node, "/hooks/lost", X_Signature="0" * 64)
    assert (status, headers["retry-after"]) == (503, "60")
    deadline = time.monotonic() + 20
    while not (found := [one for one in app.view.status().problems if one.kind == "hook_secret"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "LOST_SECRET" in found[0].sentence


def test_a_hook_works_while_no_worker_is_there(tmp_path: Any) -> None:
    with running_node(tmp_path, GIT_SECRET=SECRET) as node, Taskbahn(node.websocket) as app:
        with worker_of(SOURCE, tmp_path, node, 1):
            pass
        status, _, said = push(node)
        assert status == 202
        job = app.job(said["job"])
        assert job.state() == "ready"
        with worker_of(SOURCE, tmp_path, node, 1):
            assert job.result(timeout=30) == "deployed main"


def test_the_example_of_the_docs_starts_a_job(tmp_path: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8")
    source = re.findall(r'^```python title="deploys.py"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)[0]
    (script,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    with (
        running_node(tmp_path, GITHUB_SECRET=SECRET) as node,
        worker_of(source, tmp_path, node, 1),
        Taskbahn(node.websocket) as app,
    ):
        script = script.replace("127.0.0.1:8080", f"127.0.0.1:{node.port}").replace("curl ", "curl -sS ")
        done = subprocess.run(
            ["bash", "-ec", script], env={**os.environ, "GITHUB_SECRET": SECRET}, capture_output=True, text=True, check=True
        )
        assert app.job(json.loads(done.stdout)["job"]).result(timeout=30) == "deployed abc123"
