"""A small web application: it serves the page, keeps the pictures that it uploads, and starts the work."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from taskbahn import TaskbahnError

PAGE = Path(__file__).parent / "index.html"
NODE = "127.0.0.1:8080"  # as the page has it
FOLDER = re.compile(r"/albums/([\da-f-]{36})/([\w -]{1,60})")  # an upload and its folder, which has a name
PICTURE = re.compile(FOLDER.pattern + r"/(\w[\w. ()-]{0,149})")
SHEET = re.compile(FOLDER.pattern + r"\.jpg")
MAX_BYTES = 50_000_000


class Application(BaseHTTPRequestHandler):
    """Answers the page. A page of another origin can send it neither pictures nor orders: those requests are not simple ones."""

    node = NODE
    folder = Path()

    def do_GET(self) -> None:
        """Serve the page, or the sheet that was made of an upload."""
        path = unquote(urlsplit(self.path).path)
        if path == "/":
            self._answer(200, PAGE.read_text(encoding="utf-8").replace(NODE, self.node).encode(), "text/html; charset=utf-8")
        elif (found := SHEET.fullmatch(path)) and (sheet := self._upload(found[1]) / f"{found[2]}.jpg").is_file():
            self._answer(200, sheet.read_bytes(), "image/jpeg")
        else:
            self._refuse(404, f"There is nothing at {path}.")

    def do_PUT(self) -> None:
        """Keep a picture."""
        found, size = PICTURE.fullmatch(unquote(self.path)), int(self.headers.get("Content-Length") or 0)
        if not found:
            self._refuse(400, "A picture is put at /albums/UPLOAD/FOLDER/NAME.")
        elif size > MAX_BYTES:
            while size > 0:  # a browser reads no answer before it has sent all
                size -= len(self.rfile.read(min(size, 1_000_000))) or size
            self._refuse(413, f"{found[3]} is larger than {MAX_BYTES // 1_000_000} MB.")
        else:
            folder = self._upload(found[1]) / found[2]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / found[3]).write_bytes(self.rfile.read(size))
            self._say(200, {})

    def do_POST(self) -> None:
        """Start the work on an upload; answer with its job."""
        import album  # it needs the address of the node

        found = FOLDER.fullmatch(unquote(self.path))
        if self.headers.get("Content-Type") != "application/json":
            self._refuse(400, "An order is JSON.")
        elif not found or not (folder := self._upload(found[1]) / found[2]).is_dir():
            self._refuse(404, "There is no such upload.")
        else:
            to = str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["to"])
            link = f"http://{self.headers['Host']}{self.path}.jpg"
            try:
                self._say(200, {"job": album.contact_sheet(folder, to, link).start().id, "link": link})
            except TaskbahnError as error:  # for those who run the site; its user has a sentence without addresses and commands
                print(f"{self.path}: {error}", file=sys.stderr, flush=True)
                self._refuse(503, "The work cannot be started now. Try again in a minute.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing about each request."""

    def _upload(self, id: str) -> Path:
        return self.folder / "albums" / id

    def _refuse(self, status: int, sentence: str) -> None:
        self._say(status, {"detail": sentence})

    def _say(self, status: int, content: dict[str, str]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
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
