"""Each text that says how Taskbahn is installed says what works: that it comes from a clone, as long as it is not on PyPI."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from taskbahn.cli import backup, cli, up
from taskbahn.errors import UnsupportedProtocol
from taskbahn.installing import SOURCE, command

ROOT = Path(__file__).parents[2]
FROM_PYPI = re.compile(r"pip install[^`\n]*[ '\"]taskbahn(?![-\w/])")
FOLDERS = ("docs", "examples", "components", "router", "web/taskbahn_web", "scripts")
TEXTS = sorted(
    path
    for folder in (ROOT / name for name in FOLDERS)
    for path in folder.rglob("*")
    if path.suffix in {".md", ".py", ".html", ".js", ".sh"} and "__pycache__" not in path.parts
)


def test_no_text_installs_from_an_index_that_does_not_have_it() -> None:
    assert (
        SOURCE == "taskbahn" or [str(path) for path in (*TEXTS, ROOT / "README.md") if FROM_PYPI.search(path.read_text())] == []
    )


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_documentation_has_the_command_of_the_errors(page: str) -> None:
    assert command("router") in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", ["", "router", "testing", "demo"])
def test_each_extra_for_users_has_its_command(extra: str) -> None:
    assert f"`{command(extra)}`" in (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module, words", [(up, ["up"]), (backup, ["backup", "copy.db"])], ids=["up", "backup"])
def test_a_command_of_a_node_says_how_the_node_is_installed(
    module: object, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(module, "importlib", SimpleNamespace(import_module=missing))
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert "this environment has no node" in done.output
    assert command("router") in done.output


@pytest.mark.parametrize("theirs, extra", [(0, ""), (9, "router")])
def test_what_is_too_old_is_upgraded_from_where_it_came(theirs: int, extra: str) -> None:
    assert command(extra, "--upgrade") in str(UnsupportedProtocol(theirs, 1, 1))
