"""Pages of the documentation site that no file is: the front page, which is the README, and the API, from docstrings (mkdocs.yml)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

import taskbahn
import taskbahn.testing
from taskbahn.errors import TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")
RUN = re.compile(r"^(```\w+ title=\"[^\"]+\") run$", re.MULTILINE)  # a word for the tests
ELEMENTS = re.compile(r"^\| element \|.*\n\|[-|]+\|\n(?P<rows>(?:\| `<[\w-]+>` \|.*\n)+)", re.MULTILINE)
CELL = re.compile(r"(?<!\\)\|")
# A search finds first what a part of the site is for: how to use it, before why it is made so. Elements such as `job-log` are found by two
# words that many pages have. A page that explains a word comes before hundred names with it.
PARTS = {"Use it": 2, "Run it": 1, "What holds": 0.7, "Reference": 0.5, "Change it": 0.3}
PAGES = {"browser.md": 3, "from-celery.md": 0.7, "api.md": 0.2, "benchmarks.md": 0.3}
# What completion hides (`INTERNAL` beside each class), and what errors and declarations have for the wire.
INTERNAL = {"info", "rebuild", "declared", "prepared", "in_zone_of"}
INTRODUCTION = """# Python API

What `import taskbahn` gives, from its docstrings. [Tasks](tasks.md) and [Calling](calling.md) show how it is used;
[Errors](errors.md) lists all errors with their codes.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=re.sub(r"\]\(docs/", "](", readme)))
    files.append(File.generated(config, "api.md", content=api()))
    script = (Path(__file__).parent / "site_search.js").read_text(encoding="utf-8")
    files.append(File.generated(config, "assets/iframe-worker-and-queries.js", content=script))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Take away what only the tests and the repository need: links to files that the site does not have become their names."""
    part = page.parent.title if page.parent else ""
    page.meta.setdefault("search", {"boost": PAGES.get(page.file.src_uri, PARTS.get(part, 1))})
    known = {file.src_uri for file in files}

    def link(found: re.Match[str]) -> str:
        mark, text, target, _ = found.groups()
        is_here = "://" in target or target.startswith("mailto:") or target in known
        return found[0] if is_here or mark else f"{text} (`{target.removeprefix('../')}`)"

    return ELEMENTS.sub(_sections, LINK.sub(link, RUN.sub(r"\1", markdown)))


def _sections(table: re.Match[str]) -> str:
    """Return a section for each row of the table of elements: a search finds an element by the heading with its name."""
    rows = [[cell.strip() for cell in CELL.split(row)[1:-1]] for row in table["rows"].splitlines()]
    parts = [f"### {name.strip('`<>')}\n\n{name} shows {what}.\n\nAttributes: {more}." for name, more, what in rows]
    return "\n\n".join([*parts, "### All elements\n"])


def api() -> str:
    """Return the page of the API."""
    given = {name: getattr(taskbahn, name) for name in taskbahn.__all__ if not name.startswith("__")}
    errors = [name for name, value in given.items() if isinstance(value, type) and issubclass(value, BaseException)]
    words = [name for name, value in given.items() if name not in errors]
    first = [name for name in ("Taskbahn", "current") if name in words]
    parts = [
        INTRODUCTION,
        "## Applications, tasks and jobs",
        _entries("taskbahn", first),
        _entries("taskbahn", [name for name in sorted(words) if name not in first]),
        "## Tests",
        _entries("taskbahn.testing", taskbahn.testing.__all__),
        "## Errors",
        f"All are `{TaskbahnError.__name__}`, or what a task raises to say how it ends.",
        _entries("taskbahn", sorted(errors)),
    ]
    return "\n\n".join(parts)


def _entries(package: str, names: Iterable[str]) -> str:
    return "\n\n".join(_entry(package, name) for name in names)


def _entry(package: str, name: str) -> str:
    hidden = internal(getattr(sys.modules[package], name))
    filters = "".join(f', "!^{one}$"' for one in sorted(hidden))
    return f'::: {package}.{name}\n    options:\n      filters: ["!^_"{filters}]'


def internal(value: object) -> set[str]:
    """Return the names of a class that are not for its users."""
    if not isinstance(value, type):
        return set()
    beside = (getattr(sys.modules.get(part.__module__), "INTERNAL", ()) for part in value.__mro__)
    return {name for name in INTERNAL.union(*beside) if hasattr(value, name)}
