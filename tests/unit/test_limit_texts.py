"""What people read of limits has every kind of limit: the package, the documentation, the command line, the dashboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import taskbahn
from taskbahn.cli.limit import limit as command
from taskbahn.protocol.limit_kinds import KINDS
from taskbahn.tasks import limits
from taskbahn_web import STATIC

DOCS = Path(__file__).parents[2] / "docs"


def section(page: str, heading: str) -> str:
    """Return what is below a heading of a page, up to the next one of its level."""
    level = heading.partition(" ")[0]
    return (DOCS / page).read_text("utf-8").partition(f"\n{heading}")[2].partition(f"\n{level} ")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_limit_is_exported_and_has_a_section(kind: str) -> None:
    name = kind.capitalize()
    assert name in taskbahn.__all__, f"components/taskbahn/__init__.py exports {name} in three places"
    assert getattr(taskbahn, name) is getattr(limits, name)
    assert f"`{name}(" in section("limits.md", f"## {name}"), f"docs/limits.md needs a section ## {name} with an example"


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_have_each_kind_of_limit(kind: str) -> None:
    rows = dict(re.findall(r"^\| (limit|kind) \| (.+?) \|", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE))
    for word, meaning in rows.items():
        assert re.search(rf"\b{kind}\b", meaning), f"the row `{word}` in docs/glossary.md lacks {kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_protocol_describes_each_kind_of_limit_and_its_fields(kind: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("protocol.md", "## For workers"), re.MULTILINE))
    assert f'`"{kind}"`' in rows["kind"], f"the row `kind` of a limit in docs/protocol.md lacks {kind}"
    for field in KINDS[kind].fields:
        assert kind in rows.get(field, ""), f"docs/protocol.md needs a row for the field `{field}` of a limit that names {kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_for_operators_say_what_each_kind_of_limit_takes(kind: str) -> None:
    assert f"a {kind}" in (command.help or ""), f"the help in cli/limit.py does not say what a value of a {kind} is"
    words = section("protocol.md", "### `taskbahn.admin.limit").split()
    assert kind in [word.strip(",.;:") for word in words], (
        f"docs/protocol.md: taskbahn.admin.limit does not say what a {kind} takes"
    )


def test_the_dashboard_knows_each_kind_of_limit() -> None:
    typedef = (STATIC / "client/wire.js").read_text("utf-8").partition("@typedef {object} LimitView ")[2].partition("@typedef")[0]
    (kinds,) = re.findall(r"@property \{([^}]+)\} kind", typedef)
    assert re.findall(r'"(\w+)"', kinds) == list(KINDS), "`kind` of LimitView in client/wire.js has the kinds of limit_kinds.py"
