"""The files of the page as they are sent: found by name and by nothing else, packed, tagged, under a strict policy."""

from __future__ import annotations

import gzip
import json
import os
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from twisted.web.test.requesthelper import DummyRequest

from taskbahn_router.crossbar_edge.static_files import INLINE_SCRIPT, TYPES, Page, Shelf, policy, takes_gzip
from taskbahn_router.service import Service
from taskbahn_web import STATIC

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "outside.txt").write_text("no business of a browser")
    folder = tmp_path / "static"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "main.js").write_text("export const one = 1;\n" * 20)
    (folder / ".hidden").write_text("not to be served")
    (folder / "odd.bin").write_bytes(b"\0\1")
    return Shelf(folder)


def test_all_files_of_the_page_are_found_and_have_a_type() -> None:
    shelf = Shelf(STATIC)
    for path in FILES:
        file = shelf.find(tuple(os.fsencode(part) for part in path.relative_to(STATIC).parts))
        assert file is not None, path
        assert file.plain == path.read_bytes()
        assert file.packed is None or gzip.decompress(file.packed) == file.plain
        assert path.suffix in TYPES, path


@pytest.mark.parametrize(
    "path",
    [
        "", "..", "../outside.txt", "app/../../outside.txt", "app/..", "app", "app/", "app//main.js", ".hidden", "app/../app/main.js",
        "app/main.js/", "app/main.js/x", "app/./main.js", "none.js", "app\\main.js", "app/main.js\0", "a" * 5000, "app/" * 500, "é",
    ],
)  # fmt: skip
def test_no_other_path_leads_to_a_file(shelf: Shelf, path: str) -> None:
    assert shelf.find(tuple(part.encode() for part in path.split("/"))) is None


@pytest.mark.parametrize("part", [b"../outside.txt", b"app/main.js", b"/etc/passwd", b"..\\outside.txt", b"\xff\xfe"])
def test_a_part_of_a_path_is_one_name_however_it_was_escaped(shelf: Shelf, part: bytes) -> None:
    assert shelf.find((part,)) is None


def test_a_hook_asks_to_come_again_before_crossbar_mounts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "running", None)
    request: Any = DummyRequest([b"ci"])
    request.method, request.content = b"POST", BytesIO(b"{}")
    page: Any = Page()
    said = page.getChildWithDefault(b"hooks", request).render(request)
    assert (request.responseCode, request.responseHeaders.getRawHeaders("retry-after")) == (503, ["1"])
    assert json.loads(said) == {"error": "the dispatcher is starting"}


def test_a_changed_file_is_read_again_and_a_removed_one_gone(shelf: Shelf, tmp_path: Path) -> None:
    main = tmp_path / "static" / "app" / "main.js"
    name = (b"app", b"main.js")
    first = shelf.find(name)
    assert first is not None
    assert shelf.find(name) is first
    main.write_text("export const one = 2;\n")
    second = shelf.find(name)
    assert second is not None
    assert (second.plain, second.tag != first.tag) == (b"export const one = 2;\n", True)
    main.unlink()
    assert shelf.find(name) is None


def test_what_gzip_makes_no_shorter_is_sent_as_it_is(shelf: Shelf) -> None:
    odd, main = shelf.find((b"odd.bin",)), shelf.find((b"app", b"main.js"))
    assert odd is not None
    assert (odd.packed, odd.headers[b"content-type"], b"vary" in odd.headers) == (None, b"application/octet-stream", False)
    assert main is not None
    assert main.packed is not None
    assert main.headers[b"vary"] == b"accept-encoding"


def test_the_policy_sent_is_no_weaker_than_the_meta_tags() -> None:
    document = (STATIC / "index.html").read_bytes()
    assert len(INLINE_SCRIPT.findall(document)) == 1
    sent = dict(rule.split(" ", 1) for rule in policy(document).decode().split("; "))
    meta = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', document.decode())
    assert meta
    for name, value in (rule.split(" ", 1) for rule in meta[1].split("; ")):
        assert sent[name] == value, name
    assert sent["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy(document).decode()


@pytest.mark.parametrize(
    "accepted, takes",
    [
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("GZIP", True),
        ("deflate,gzip", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, br", False),
        ("xgzip", False),
        ("gzip;q=1.2.3", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accepted: str, *, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
