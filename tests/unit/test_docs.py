"""The documentation says what the code says: diagram, URIs, errors, commands, options, links."""

from __future__ import annotations

import ast
import importlib
import pkgutil
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
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "tests" / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
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


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.parent.name) for page in sorted((ROOT / "examples").rglob("*.html"))]
)
def test_each_page_of_an_example_is_dark_where_its_reader_wants_it(page: Path) -> None:
    assert re.search(r"color-scheme(: |\" content=\")light dark", page.read_text(encoding="utf-8"))


def test_each_page_says_that_taskbahn_is_away_as_the_documentation_does() -> None:
    (shown,) = [block.text for block in documents.blocks(DOCS / "browser.md") if block.title == "examples/browser-kit/index.html"]
    for page in (ROOT / "examples").rglob("*.html"):
        source = page.read_text(encoding="utf-8")
        if "elements.js" in source:
            assert shown in source, page


def test_the_readme_shows_the_example_as_it_is() -> None:
    shown = {block.title or block.language: block.text for block in documents.blocks(ROOT / "README.md")}
    folder = ROOT / "examples" / "browser"
    assert shown["html"] == (folder / "index.html").read_text(encoding="utf-8")
    assert shown["reports.py"] == (folder / "reports.py").read_text(encoding="utf-8")


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    parts = [(page, *write_docs.renewed(page, marker, make)[1:]) for page, marker, make in write_docs.PARTS]
    assert [page for page, text, right in parts if text != right] == [], "run make docs"


@pytest.mark.parametrize("uri", URIS)
def test_each_uri_of_the_protocol_is_described(uri: str) -> None:
    assert re.search(rf"`{re.escape(uri)}[`(<]", text("protocol.md")), f"docs/protocol.md does not describe {uri}"


def test_there_are_uris_to_look_for() -> None:
    assert {messages.SUBMIT, messages.CHANGES_TOPIC, messages.OFFER_PREFIX} <= set(URIS)


@pytest.mark.parametrize("uri", sorted(BY_URI))
def test_each_error_is_described(uri: str) -> None:
    is_there = re.search(rf"`{BY_URI[uri].__name__}`.*`{re.escape(uri)}`", text("errors.md"))
    assert is_there, f"docs/errors.md needs a row with `{BY_URI[uri].__name__}` and `{uri}`"


def test_the_pages_on_the_command_line_have_all_commands() -> None:
    assert re.findall(r"^### `taskbahn (\w+)`$", text("cli.md"), re.MULTILINE) == list(COMMANDS), "run make docs"


@pytest.mark.parametrize("option", messages.Options.__struct_fields__)
def test_each_option_is_described(option: str) -> None:
    if option != "retry_delays":  # what `retries=[...]` becomes on the wire
        assert f"`{option}`" in text("tasks.md"), "run make docs"


@pytest.mark.parametrize("state", list(State))
def test_each_state_is_described(state: State) -> None:
    assert f"| `{state}` |" in text("lifecycle.md"), f"docs/lifecycle.md needs a row that says what {state} means"


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


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "examples").rglob("*.html"))], ids=lambda page: page.stem)
def test_no_bar_is_set_to_a_fraction_that_may_be_absent(page: Path) -> None:
    taken = re.findall(r"\{[^{}]*\bfraction\b[^{}]*\}\) => \(?\w+\.value = fraction\b[^)]*", page.read_text(encoding="utf-8"))
    assert [line for line in taken if "fraction =" not in line.split("=>")[0] and "??" not in line] == []


def flat(code: str) -> str:
    """Return code without blank lines and indentation, which the formatter sets as if a block were a file."""
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


@pytest.mark.parametrize("name", ["fastapi", "django"])
def test_what_a_page_shows_of_an_example_is_in_its_files(name: str) -> None:
    shown = [block for block in documents.blocks(DOCS / f"{name}.md") if block.language == "py"]
    assert len(shown) > 2
    for block in shown:
        source = flat((ROOT / "examples" / name / str(block.title)).read_text(encoding="utf-8"))
        parts = [flat(part) for part in block.text.split("\n...\n")]
        assert [part for part in parts if part not in source] == [], f"{name}.md, line {block.line}"


def test_each_photograph_has_its_licence() -> None:
    photos = ROOT / "examples" / "photos"
    licences = (photos / "LICENSES.md").read_text(encoding="utf-8")
    assert [photo.name for photo in photos.glob("*.jpg") if f"`{photo.name}`" not in licences] == []


CHANGES = text("architecture.md").partition("## Where a change goes")[2].partition("\n## ")[0]
ROOTS = [
    ROOT / folder for folder in ("", "components/taskbahn", "router/taskbahn_router", "web/taskbahn_web/static", "tests/browser")
]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./-]+(?:/|\.\w+))`", CHANGES)) - {".sql"}))
def test_where_a_change_goes_there_is_something(path: str) -> None:
    assert any((root / path).exists() for root in ROOTS), f"docs/architecture.md says that a change goes to {path}"


def test_the_examples_of_the_tests_import_names_that_are_there() -> None:
    readme = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    imports = [
        statement
        for language, _, code in documents.FENCE.findall(readme)
        if language == "python"
        for statement in ast.walk(ast.parse(code))
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(("taskbahn", "support"))
    ]
    assert len(imports) > 5
    for statement in imports:
        module = importlib.import_module(statement.module or "")
        modules = {found.name for found in pkgutil.iter_modules(getattr(module, "__path__", []))}
        for name in statement.names:
            is_there = hasattr(module, name.name) or name.name in modules
            assert is_there, f"tests/README.md imports {name.name}, which {module.__name__} does not have"


SHOWN = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text("guarantees.md"))


@pytest.mark.parametrize("file, test", SHOWN)
def test_each_guarantee_names_a_test_that_exists(file: str, test: str) -> None:
    assert re.search(rf"^(async def|def|class) {test}\b|^{test} = ", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_each_row_of_the_guarantees_names_a_test() -> None:
    rows = [line for line in text("guarantees.md").splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 10
    assert [row for row in rows if "`tests/" not in row] == []
