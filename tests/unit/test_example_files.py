"""What the examples need is in their README: its reader installs it before a worker says that a module is missing."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = [folder for folder in (ROOT / "examples").iterdir() if any(folder.rglob("*.py"))]
PACKAGE_OF = {"PIL": "pillow"}  # where the module has another name
FIRST_WORD = re.compile(r"[\w-]+")


def brought() -> set[str]:
    """Return what Taskbahn itself brings along."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = settings["options"]["install_requires"].split("\n")
    return {"taskbahn"} | {found[0].lower() for line in lines if (found := FIRST_WORD.match(line))}


def imported(folder: Path) -> set[str]:
    """Return the packages of other projects that the files of an example import."""
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).partition(".")[0])
    own = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
    return {PACKAGE_OF.get(name, name) for name in found - own - sys.stdlib_module_names}


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_the_readme_of_an_example_installs_what_it_imports(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8").lower()
    installed = {word for line in re.findall(r"pip install ([^`\n]+)", readme) for word in line.split()}
    assert imported(folder) - brought() - installed == set()


def test_there_are_examples_that_need_more() -> None:
    assert {package for folder in EXAMPLES for package in imported(folder)} >= {"pillow", "django", "fastapi", "pytest"}
