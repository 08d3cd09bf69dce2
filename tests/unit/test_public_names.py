"""What users of 0.1 have in their programs, scripts and pages has its name still."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.releases import TESTS, run_module

import taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.releases import Release

ROOT = TESTS.parent
MIGRATIONS = ROOT / "router" / "taskbahn_router" / "stores" / "sqlite"
STATIC = ROOT / "web" / "taskbahn_web" / "static"
TYPES = ("taskbahn.d.ts", "elements.d.ts", "tags.d.ts", "client/errors.d.ts", "client/job.d.ts", "client/states.d.ts")
EXPORT = re.compile(r"^export (?:default |declare |async )*(?:class|function|const|let|type|interface) (\w+)", re.MULTILINE)
EXPORTS = re.compile(r"^export (?:type )?\{([^}]*)\}", re.MULTILINE)
MEMBER = re.compile(r"^\s+(?:readonly |static |get |set |async )*([A-Za-z]\w*|\"[\w-]+\")\??(?:<[^>]*>)?[(:]", re.MULTILINE)
# The client calls these of the jobs and batches that it made; no documentation ever named them.
CALLED_BY_THE_CLIENT = {"Job.will_ask", "Job.taken", "Batch.taken"}


@pytest.fixture(scope="module")
def names(old_release: Release) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The public names of 0.1, and those of today."""
    before, now = (
        json.loads(run_module("support.public_names", components=components))
        for components in (old_release.components, ROOT / "components")
    )
    assert before["package"] == [str(old_release.components / "taskbahn" / "__init__.py")]
    assert now["package"] == [str(ROOT / "components" / "taskbahn" / "__init__.py")]
    return before, now


@pytest.mark.parametrize("kind, some", [("exported", 300), ("options", 16), ("uris", 50), ("fields", 250), ("commands", 100)])
def test_python_and_the_command_line_have_the_names_of_the_release(names: Any, kind: str, some: int) -> None:
    before, now = names
    assert len(before[kind]) >= some
    assert set(before[kind]) - set(now[kind]) - CALLED_BY_THE_CLIENT == set()


@pytest.mark.parametrize("file", TYPES)
def test_a_page_has_the_names_of_the_release(old_release: Release, file: str) -> None:
    before, now = (names_in((static / "types" / file).read_text()) for static in (old_release.static, STATIC))
    assert before
    assert before - now == set()


def names_in(declarations: str) -> set[str]:
    listed = [word.split()[-1] for words in EXPORTS.findall(declarations) for word in words.split(",") if word.strip()]
    return {*EXPORT.findall(declarations), *listed, *MEMBER.findall(declarations)}


def test_a_store_has_the_columns_of_the_release_by_the_same_steps(old_release: Release) -> None:
    before, now = old_release.migrations, sorted(MIGRATIONS.glob("0*.sql"))
    assert [path.name for path in now[: len(before)]] == [path.name for path in before]
    for steps in range(1, len(before) + 1):  # a store of the release has run them already
        assert columns(now[:steps]) == columns(before[:steps])
    assert ("job", "packed") in columns(before)
    assert columns(before) <= columns(now)


def columns(migrations: Iterable[Path]) -> set[tuple[str, str]]:
    with sqlite3.connect(":memory:") as database:
        for path in migrations:
            database.executescript(path.read_text().replace("{states}", "'ready'"))
        found = database.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        ).fetchall()
    database.close()
    return set(found)


def test_type_checkers_know_each_name_of_the_package() -> None:
    """They read the imports for them, not the table by which names are imported late."""
    tree = ast.parse(Path(taskbahn.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    known = {name.name for line in block.body if isinstance(line, ast.ImportFrom) for name in line.names}
    assert known == set(taskbahn.PLACES)
