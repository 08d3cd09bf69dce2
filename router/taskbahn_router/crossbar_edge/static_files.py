"""Serves the page at `/`, all that it is made of, and the same page at `/view/`, where it may only look.

Knows Twisted's resources and no Crossbar, which mounts `Page` at `/` and what else listens on the port beside it. A file is read
and compressed once and again when it has changed; browsers ask each time whether theirs is still the newest, and mostly it is.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.web.http import FOUND, NOT_FOUND, NOT_MODIFIED, OK
from twisted.web.resource import Resource

from taskbahn_router.crossbar_edge.hook_pages import Hooks
from taskbahn_web import STATIC

if TYPE_CHECKING:
    from twisted.web.server import Request

PAGES = ((b"",), (b"view", b""))  # paths at which the page itself is
MOVED = {(b"view",): b"/view/"}
NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # a file or a folder; `..` and hidden files do not match
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ts": "application/typescript; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    "": "text/plain; charset=utf-8",  # licences
}
DOCUMENTS = (".html", ".svg")  # what a browser may show as a page, and would run scripts of
INLINE_SCRIPT = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
OF_DOCUMENTS = (  # headers that say something of pages alone: modules and styles go without, for the first load has over a hundred of them
    b"content-security-policy",  # besides, a page may start a worker of its own on a module
    b"cross-origin-opener-policy",
    b"permissions-policy",
    b"referrer-policy",
    b"x-frame-options",
)
ALWAYS = {
    b"cache-control": b"no-cache",
    b"x-content-type-options": b"nosniff",
}
NOT_HERE = b"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Taskbahn: not found</title>
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/styles/base.css" />
    <link rel="stylesheet" href="/styles/parts.css" />
  </head>
  <body>
    <main class="empty">
      <h1>Nothing is here</h1>
      <p>There is no page at this address. <a href="/">Go to the dashboard</a></p>
    </main>
  </body>
</html>
"""


def policy(document: bytes) -> bytes:
    """Return the Content-Security-Policy of a page: the only inline script that it allows is the import map, by its hash."""
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(document)]
    return POLICY.format(scripts=" ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])).encode()


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent; `headers` are those that all its answers have."""

    stamp: tuple[int, int]  # when it was changed, and its size
    headers: dict[bytes, bytes]
    tag: str
    plain: bytes
    packed: bytes | None  # compressed by gzip; None if that is no shorter

    @classmethod
    def of(cls, suffix: str, content: bytes, stamp: tuple[int, int]) -> File:
        headers = {b"content-type": TYPES.get(suffix, "application/octet-stream").encode()}
        if suffix in DOCUMENTS:
            headers[b"content-security-policy"] = policy(content)
        if suffix != ".html":  # pages of other ports import `taskbahn.js`; what is in these files is no secret
            headers[b"access-control-allow-origin"] = b"*"
        packed = gzip.compress(content, mtime=0)
        shorter = len(packed) < len(content)
        if shorter:
            headers[b"vary"] = b"accept-encoding"
        return cls(stamp, headers, hashlib.sha256(content).hexdigest()[:20], content, packed if shorter else None)


NOWHERE = File.of(".html", NOT_HERE, (0, 0))


class Shelf:
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[int, int], File] = {}  # by device and inode, as one file may go by several names

    def find(self, path: tuple[bytes, ...]) -> File | None:
        """Return the file at a path given in parts; None if there is none."""
        if not all(NAME.fullmatch(part) for part in path):
            return None
        place = self._folder.joinpath(*(part.decode("ascii") for part in path))
        try:
            status = place.stat()
            if not stat.S_ISREG(status.st_mode):
                return None
            key, stamp = (status.st_dev, status.st_ino), (status.st_mtime_ns, status.st_size)
            found = self._files.get(key)
            if found is None or found.stamp != stamp:
                found = self._files[key] = File.of(place.suffix.lower(), place.read_bytes(), stamp)
        except OSError:  # the file does not exist, or no file can have this name
            return None
        return found


class FileAnswer(Resource):
    """The answer to a request for one path."""

    isLeaf = True

    def __init__(self, shelf: Shelf, path: tuple[bytes, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shelf = shelf
        self._path = path

    def render_GET(self, request: Request) -> bytes:
        """Send the file, 304 if the browser's copy is good, or 404. For a HEAD Twisted leaves out the content."""
        for name, value in ALWAYS.items():
            request.setHeader(name, value)  # type: ignore[no-untyped-call]
        if self._path in MOVED:
            request.setResponseCode(FOUND)
            request.setHeader(b"location", MOVED[self._path])  # type: ignore[no-untyped-call]
            return b""
        file = self._shelf.find((b"index.html",) if self._path in PAGES else self._path)
        if file is None:
            request.setResponseCode(NOT_FOUND)
            file = NOWHERE
        return _send(request, file)


def _send(request: Request, file: File) -> bytes:
    if b"content-security-policy" not in file.headers:
        for name in OF_DOCUMENTS:
            request.responseHeaders.removeHeader(name)
    for name, value in file.headers.items():
        request.setHeader(name, value)  # type: ignore[no-untyped-call]
    is_packed = file.packed is not None and takes_gzip(request.getHeader("accept-encoding") or "")
    tag = f'"{file.tag}{"-gzip" if is_packed else ""}"'
    request.setHeader(b"etag", tag.encode())  # type: ignore[no-untyped-call]
    if request.code == OK and tag in re.findall(r'"[^"]*"', request.getHeader("if-none-match") or ""):
        request.setResponseCode(NOT_MODIFIED)
        return b""
    if is_packed and file.packed is not None:
        request.setHeader(b"content-encoding", b"gzip")  # type: ignore[no-untyped-call]
        return file.packed
    return file.plain


def takes_gzip(accepted: str) -> bool:
    """Return whether an Accept-Encoding names gzip, other than to refuse it."""
    found = re.search(r"(?:^|,)\s*gzip\s*(?:;\s*q=([01](?:\.[0-9]*)?)\s*)?(?:,|$)", accepted, re.IGNORECASE)
    return found is not None and (found[1] is None or float(found[1]) > 0)


class Page(Resource):
    """The root of the port; Crossbar puts what else there is beside it."""

    def __init__(self, *extra: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shelf = Shelf(STATIC)
        # Crossbar mounts it too, but after the port is open: until then a sender would get a 405, and take it for final
        self.putChild(b"hooks", Hooks())  # type: ignore[arg-type]  # its annotations are not those of its interface

    def getChild(self, path: bytes, request: Request) -> Resource:  # noqa: N802 - what Twisted calls
        """Return what answers for a path that nothing else is mounted at."""
        return FileAnswer(self._shelf, (path, *(request.postpath or ())))
