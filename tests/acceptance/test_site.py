"""The documentation as a site: it builds without a warning, has all pages, the whole Python API and a search, and asks no other server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.example_sites import folder_served
from support.tabs import in_chromium

import taskbahn
import taskbahn.testing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


def test_the_api_lists_arguments_one_by_one(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in ("url", "timeout", "connect_within", "ca", "headers", "return_errors", "when_full"):
        assert f"<li><code>{name}</code>: " in text
    paragraphs = re.findall(r"<p>(.*?)</p>", text, re.DOTALL)
    assert [one for one in paragraphs if re.search(r"(?:^|\.\s+)[a-z_]+: ", one)] == []


@pytest.mark.browser
def test_a_search_for_an_element_finds_its_section_first(site: Path) -> None:
    words = re.findall(r"^\| `<([\w-]+)>`", (ROOT / "docs" / "browser.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert "job-progress" in words
    found: dict[str, list[str]] = {}

    def search(address: str, browser: Browser) -> None:
        for word, section in {**{word: word for word in words}, "connect_within": "taskbahn.Taskbahn"}.items():
            tab = browser.new_page()
            tab.goto(f"{address}index.html")
            tab.locator("[data-md-component=search-query]").fill(word)
            links = tab.locator(".md-search-result__list > li").first.locator("a")
            expect(links.nth(1)).to_have_attribute("href", re.compile(re.escape(f"#{section}") + "$"), timeout=30_000)
            found[word] = [str(link.get_attribute("href")).rpartition("/")[2].partition("?")[0] for link in links.all()]
            tab.close()

    with folder_served(site) as address:
        in_chromium(partial(search, address))
    assert {word: pages[0] for word, pages in found.items()} == dict.fromkeys(words, "browser.html") | {
        "connect_within": "api.html"
    }
