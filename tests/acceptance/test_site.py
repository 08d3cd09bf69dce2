"""The documentation as a site: it builds without a warning, has all pages, the whole Python API and a search, and asks no other server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripts import site_pages
from support.example_sites import folder_served
from support.tabs import in_chromium

import taskbahn
import taskbahn.testing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//|<link[^>]* rel="(?:stylesheet|preconnect|icon)"[^>]* href="(?:https?:)?//'
)


pytestmark = pytest.mark.timeout(400)  # on a busy machine the site takes a minute, and each search some seconds


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


def test_the_api_has_no_names_that_completion_hides(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    members = re.findall(r'id="(taskbahn\.(?:testing\.)?\w+)\.(\w+)"', text)
    assert {"cancel", "result", "call_async"} <= {name for _, name in members}
    shown: dict[str, set[str]] = {}
    for owner, name in members:
        shown.setdefault(owner, set()).add(name)
    for owner, names in shown.items():
        package, _, word = owner.rpartition(".")
        assert names & site_pages.internal(getattr(sys.modules[package], word)) == set(), owner
    every = {name for _, name in members}
    assert every & {"take", "batch_delivered", "fail", "mark_requested", "followed", "begin", "info", "rebuild"} == set()


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


def searched(address: str, words: Iterable[str], browser: Browser) -> dict[str, tuple[str, str]]:
    """Return page and section of the first answer to each query; "" if the answer is the page as a whole."""
    found: dict[str, tuple[str, str]] = {}
    complaints: list[str] = []
    for word in words:
        tab = browser.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.goto(f"{address}index.html")
        query = tab.locator("[data-md-component=search-query]")
        query.fill(word)
        query.press("End")  # the page looks when a key is released; on its focus it may look before the word is there
        first = tab.locator(".md-search-result__list > li").first
        first.wait_for(state="attached", timeout=30_000)
        targets = [str(link.get_attribute("href")).rpartition("/")[2] for link in first.locator("a").all()[:2]]
        found[word] = (targets[0].partition("?")[0].partition("#")[0], targets[-1].partition("#")[2])
        tab.close()
    assert complaints == []
    return found


@pytest.mark.browser
def test_a_search_for_an_element_finds_its_section_first(site: Path) -> None:
    words = re.findall(r"^\| `<([\w-]+)>`", (ROOT / "docs" / "browser.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert "job-progress" in words
    found: dict[str, tuple[str, str]] = {}
    with folder_served(site) as address:
        in_chromium(lambda browser: found.update(searched(address, [*words, "connect_within"], browser)))
    assert found == {word: ("browser.html", word) for word in words} | {"connect_within": ("api.html", "taskbahn.Taskbahn")}


FIRST = {
    "cancel a job": ("calling.html", "cancelling-a-job"),
    "cancel": ("calling.html", "cancelling-a-job"),
    "retry": ("tasks.html", "errors-retries-and-when-not-to-retry"),
    "retries": ("tasks.html", "errors-retries-and-when-not-to-retry"),
    "job_id": ("calling.html", "jobs-by-their-ids"),
    "delay": ("tasks.html", "options"),
    "--loglevel": ("tasks.html", "what-is-captured-of-the-output"),
    "-- install": ("getting-started.html", "install"),
}
OPERATORS = ("task:images.*", "TASKBAHN_URL=", "a -> b", "foo--limit", "^queue")


@pytest.mark.browser
def test_a_search_takes_plain_words_and_finds_what_explains_them(site: Path) -> None:
    found: dict[str, tuple[str, str]] = {}
    with folder_served(site) as address:
        in_chromium(lambda browser: found.update(searched(address, [*FIRST, *OPERATORS], browser)))
    assert {word: found[word] for word in FIRST} == FIRST


@pytest.mark.browser
def test_a_search_works_in_a_folder_without_a_server(site: Path) -> None:
    words = ("cancel a job", "--loglevel", "task:images.*")
    found: dict[str, tuple[str, str]] = {}
    in_chromium(lambda browser: found.update(searched(f"{site.as_uri()}/", words, browser)))
    assert {word: found[word] for word in words[:2]} == {word: FIRST[word] for word in words[:2]}
