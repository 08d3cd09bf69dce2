"""The documentation as a site: it builds without a warning, has all pages, the whole Python API and a search, and asks no other server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import taskbahn
import taskbahn.testing

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//|<link[^>]* rel="(?:stylesheet|preconnect|icon)"[^>]* href="(?:https?:)?//'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": "components"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_page_of_the_documentation_is_there_and_found(site: Path) -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} | {"index", "api"}
    assert pages == {page.stem for page in site.glob("*.html")} - {"404"}
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert {f"{name}.html" for name in pages} <= {entry["location"].partition("#")[0] for entry in index["docs"]}


def test_the_api_has_every_public_name_with_its_docstring(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    found = set(re.findall(r'id="taskbahn\.(?:testing\.)?(\w+)"', text))
    names = {name for name in (*taskbahn.__all__, *taskbahn.testing.__all__) if not name.startswith("__")}
    assert names - found == set()
    assert "Start a job; it is accepted and durable when this returns." in text


def test_pages_load_nothing_from_other_servers_and_show_no_fences(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert LOADED.search(text) is None, page
        assert "```" not in re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL), page
