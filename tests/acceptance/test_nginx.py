"""The nginx configuration of the documentation, in front of a real node: WebSockets, pages and addresses come through TLS."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from benchmarks.ports import free_port
from playwright.sync_api import Browser, expect
from support.by_hand import ByHand
from support.documents import blocks
from support.programs import Node, Program, running, running_node
from support.tabs import in_chromium
from support.tls import make_certificate, split
from support.until import until

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow]
PAGE = Path(__file__).parents[2] / "docs/internet.md"
TASKS = """
from taskbahn import Taskbahn, current
app = Taskbahn()

@app.task(name="proxied.add")
def add(a: int, b: int) -> int:
    current.progress(0.5)
    return a + b
"""
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


def nginx() -> str:
    """Return the program; `make test` installs it."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or shutil.which("nginx") or "nginx"


class Site(NamedTuple):
    """What is in front of the node: its port, and the authority of its certificate."""

    node: Node
    port: int
    ca: Path

    @property
    def url(self) -> str:
        return f"wss://localhost:{self.port}/ws"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "tasks_behind_nginx.py").write_text(TASKS)
    ca = make_certificate(folder)
    split(ca, folder / "fullchain.pem", folder / "privkey.pem")
    with running_node(folder, TASKBAHN_UP_BEHIND_PROXY="127.0.0.1") as node:
        port = free_port()
        (text,) = [block.text for block in blocks(PAGE) if block.language == "nginx"]
        text = re.sub(r"/etc/letsencrypt/live/tasks.example.org(?=/)", str(folder), text)
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;").replace(":8080;", f":{node.port};")
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, site=text))
        with (folder / "nginx.log").open("wb") as log:
            process = subprocess.Popen([nginx(), "-c", folder / "nginx.conf", "-p", folder], stderr=log)
        try:
            until(lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield Site(node, port, ca)
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    try:
        ByHand(port).socket.close()
    except OSError:
        return False
    return True


def test_worker_client_and_command_come_through_nginx(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tasks_behind_nginx.py").write_text(TASKS)
    options = ["--url", site.url, "--ca", str(site.ca)]
    with running(Program("worker", "tasks_behind_nginx:app", *options, cwd=tmp_path), " ready"):
        with Taskbahn(site.url, ca=site.ca) as app:
            assert app.get("proxied.add").start(1, 2).result(timeout=30) == 3
        words = [sys.executable, "-m", "taskbahn", "call", "proxied.add", "20", "22", *options]
        assert subprocess.run(words, capture_output=True, check=True, timeout=60).stdout == b"42\n"


def test_the_node_hears_of_the_client_behind_nginx(site: Site) -> None:
    tls = ssl.create_default_context(cafile=str(site.ca))
    host = f"tasks.example.org:{site.port}"
    with ByHand(site.port, "127.0.0.5", tls=tls) as client:
        assert client.open_websocket("X-Forwarded-For: 6.6.6.6", f"Origin: https://{host}", host=host) == 101
        assert client.peer_by_websocket() == "tcp4:127.0.0.5:0"
    for origin in ("https://evil.example", f"http://{host}", "https://tasks.example.org"):
        with ByHand(site.port, tls=tls) as client:
            lies = ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Forwarded-For: 127.0.0.1"]
            assert client.open_websocket(*lies, f"Origin: {origin}", host=host) == 403, origin
    with ByHand(site.port, tls=tls) as client:
        assert client.ask("/", host=host).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.browser
def test_the_dashboard_is_live_behind_nginx(site: Site) -> None:
    complaints: list[str] = []

    def look(browser: Browser) -> None:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(f"https://127.0.0.1:{site.port}/")  # no origin that the node was given
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
        context.close()

    in_chromium(look)
    assert complaints == []
