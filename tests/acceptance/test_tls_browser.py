"""The dashboard and `taskbahn.js` through TLS: in Chromium, and in Node.js with an authority of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect
from support.programs import Program, running
from support.secure_node import SecureNode, running_secure_node
from support.tabs import in_chromium

from taskbahn_web import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow]
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="tls.add")
def add(a: int, b: int) -> int:
    return a + b
"""
CALL = """
import { connect } from "FILE";
const bahn = await connect({ url: "URL" });
console.log(await bahn.call("tls.add", [20, 22]));
bahn.close();
"""


@pytest.fixture(scope="module")
def secure_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureNode]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "tasks_of_tls.py").write_text(TASKS)
    with running_secure_node(folder) as node:
        words = ["worker", "tasks_of_tls:app", "--url", node.rawsocket, "--ca", str(node.first)]
        with running(Program(*words, cwd=folder), " ready"):
            yield node


@pytest.mark.browser
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])  # the origins that a node takes have the first alone
def test_the_dashboard_is_live_through_tls(secure_node: SecureNode, host: str) -> None:
    origin = f"https://{host}:{secure_node.port}"
    complaints: list[str] = []

    def look(browser: Browser) -> None:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(origin)
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
        script = 'async () => (await (await import("/taskbahn.js")).connect()).call("tls.add", [1, 2])'
        assert page.evaluate(script) == 3
        context.close()

    in_chromium(look)
    assert complaints == []


def call_from_node_js(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = CALL.replace("FILE", f"file://{STATIC / 'taskbahn.js'}").replace("URL", url)
    words = ["node", "--experimental-websocket", "--no-warnings", "--input-type=module", "--eval", program]
    given = {**os.environ, **environment}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=given)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_taskbahn_js_calls_through_tls_from_node_js(secure_node: SecureNode) -> None:
    done = call_from_node_js(secure_node.websocket, NODE_EXTRA_CA_CERTS=str(secure_node.first))
    assert (done.stdout, done.stderr) == ("42\n", "")
