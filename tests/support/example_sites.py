"""Web servers for the pages of the examples that need no environment of their own."""

from __future__ import annotations

import contextlib
import http.server
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from support.documents import DEFAULT_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

ALBUM = Path(__file__).parents[2] / "examples" / "album"


@contextlib.contextmanager
def served(page: Path, folder: Path, address: str) -> Iterator[str]:
    """The page of an example on a web server of its own, for the node at *address*, from a copy in *folder*."""
    folder.mkdir(exist_ok=True)
    text = page.read_text(encoding="utf-8").replace(DEFAULT_ADDRESS, address)
    (folder / "index.html").write_text(text, encoding="utf-8")
    with folder_served(folder) as site:
        yield site


@contextlib.contextmanager
def folder_served(folder: Path) -> Iterator[str]:
    """A folder on a web server of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(http.server.SimpleHTTPRequestHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:  # or pytest never ends after a failure
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def album_server(address: str, folder: Path, errors: Path | None = None) -> Iterator[str]:
    """The web application of examples/album, for the node at *address*, with its albums in *folder*. errors: where its stderr goes."""
    words = [sys.executable, "server.py", "--port", "0", "--node", address, "--folder", str(folder)]
    with errors.open("w") if errors else contextlib.nullcontext() as stderr:
        server = subprocess.Popen(words, cwd=ALBUM, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate(timeout=20)
