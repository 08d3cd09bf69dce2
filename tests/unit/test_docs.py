"""The documentation says what the code says: diagram, URIs, errors, commands, options, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts import write_docs
from support import documents

from taskbahn.cli import COMMANDS
from taskbahn.errors import BY_URI
from taskbahn.protocol import messages
from taskbahn.protocol.states import State

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
URIS = [
    value for name, value in vars(messages).items() if isinstance(value, str) and value.startswith("taskbahn.") and name.isupper()
]


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    outside = documents.FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    parts = [(page, *write_docs.renewed(page, marker, make)[1:]) for page, marker, make in write_docs.PARTS]
    assert [page for page, text, right in parts if text != right] == [], "run python scripts/write_docs.py"


@pytest.mark.parametrize("uri", URIS)
def test_each_uri_of_the_protocol_is_described(uri: str) -> None:
    assert re.search(rf"`{re.escape(uri)}[`(<]", text("protocol.md")), uri


def test_there_are_uris_to_look_for() -> None:
    assert {messages.SUBMIT, messages.CHANGES_TOPIC, messages.OFFER_PREFIX} <= set(URIS)


@pytest.mark.parametrize("uri", sorted(BY_URI))
def test_each_error_is_described(uri: str) -> None:
    assert re.search(rf"`{BY_URI[uri].__name__}`.*`{re.escape(uri)}`", text("errors.md")), uri


def test_the_pages_on_the_command_line_have_all_commands() -> None:
    assert re.findall(r"^### `taskbahn (\w+)`$", text("cli.md"), re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("option", messages.Options.__struct_fields__)
def test_each_option_is_described(option: str) -> None:
    if option != "retry_delays":  # what `retries=[...]` becomes on the wire
        assert f"`{option}`" in text("tasks.md")


@pytest.mark.parametrize("state", list(State))
def test_each_state_is_described(state: State) -> None:
    assert f"| `{state}` |" in text("lifecycle.md")


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    outside = documents.FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(outside):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(found), f"{page.name}: {link}"


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in readme] == []


def test_the_readme_shows_the_example_as_it_lies_in_the_examples() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("reports.py", "index.html"):
        assert (ROOT / "examples" / "browser" / name).read_text(encoding="utf-8").strip() in readme, name


def test_each_photograph_has_its_licence() -> None:
    photos = ROOT / "examples" / "photos"
    licences = (photos / "LICENSES.md").read_text(encoding="utf-8")
    assert [photo.name for photo in photos.glob("*.jpg") if f"`{photo.name}`" not in licences] == []


SHOWN = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text("guarantees.md"))


@pytest.mark.parametrize("file, test", SHOWN)
def test_each_guarantee_names_a_test_that_exists(file: str, test: str) -> None:
    assert re.search(rf"^(async def|def|class) {test}\b|^{test} = ", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_each_row_of_the_guarantees_names_a_test() -> None:
    rows = [line for line in text("guarantees.md").splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 10
    assert [row for row in rows if "`tests/" not in row] == []
