"""A small web application: it serves the page, keeps the pictures that it uploads, and starts the work."""

from __future__ import annotations

import argparse
import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

PAGE = Path(__file__).parent / "index.html"
NODE = "127.0.0.1:8080"  # as the page has it
PICTURE = re.compile(r"/albums/([\w -]{1,60})/(\w[\w. ()-]{0,99})")  # an album and a file in it, neither of them hidden
ALBUM = re.compile(r"/albums/([\w -]{1,60})")
MAX_BYTES = 50_000_000


class Application(BaseHTTPRequestHandler):
    """Answers the page. A page of another origin can send it neither pictures nor orders: those requests are not simple ones."""

    node = NODE
    folder = Path()

    def do_GET(self) -> None:
        """Serve the page, or what is in an album."""
        path = unquote(urlsplit(self.path).path)
        if path == "/":
            self._answer(PAGE.read_text(encoding="utf-8").replace(NODE, self.node).encode(), "text/html; charset=utf-8")
        elif (found := PICTURE.fullmatch(path)) and (file := self._album(found[1]) / found[2]).is_file():
            self._answer(file.read_bytes(), "image/jpeg")
        else:
            self.send_error(404)

    def do_PUT(self) -> None:
        """Keep a picture."""
        found, size = PICTURE.fullmatch(unquote(self.path)), int(self.headers.get("Content-Length") or 0)
        if not found or not 0 < size <= MAX_BYTES:
            self.send_error(400)
            return
        album = self._album(found[1])
        album.mkdir(parents=True, exist_ok=True)
        (album / found[2]).write_bytes(self.rfile.read(size))
        self._answer(b"{}", "application/json")

    def do_POST(self) -> None:
        """Start the work on an album; answer with its job."""
        import album  # it needs the address of the node

        found = ALBUM.fullmatch(unquote(self.path))
        if not found or not self._album(found[1]).is_dir() or self.headers.get("Content-Type") != "application/json":
            self.send_error(400)
            return
        to = str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["to"])
        link = f"http://{self.headers['Host']}{self.path}/sheet.jpg"
        job = album.contact_sheet(self._album(found[1]), to, link).start()
        self._answer(json.dumps({"job": job.id, "link": link}).encode(), "application/json")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing about each request."""

    def _album(self, name: str) -> Path:
        return self.folder / "albums" / name

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until Ctrl-C."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--port", type=int, default=8000, help="0: a free one")
    words.add_argument("--node", default=NODE, help="host and port of the node")
    words.add_argument("--folder", type=Path, default=Path(), help="where albums and outbox are")
    given = words.parse_args()
    os.environ.setdefault("TASKBAHN_URL", f"ws://{given.node}/ws")
    Application.node, Application.folder = given.node, given.folder.resolve()
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Application)
    print(f"http://localhost:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
