"""docs/writing-a-limit.md: what it adds to a copy of the repository works there, and the model finds its mistake."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import documents

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "writing-a-limit.md"
COPIED = ("components/taskbahn", "router/taskbahn_router", "scripts", "tests/support")
FILES = ("setup.cfg", "benchmarks/ports.py", "tests/conftest.py", "tests/unit/conftest.py", "tests/unit/test_limit_kinds.py")
LIVES = 8  # they find the mistake of the page
TESTS = f"""
import pathlib, sys, pytest
wrong = pytest.main(["-q", "-p", "no:cacheprovider", "tests/unit/test_cooldown.py", "tests/unit/test_limit_kinds.py"])
from support.promise_runs import STORES, live
wrong or live(STORES["memory"], pathlib.Path(), range({LIVES}), steps=25)
wrong or live(STORES["sqlite"], pathlib.Path(), range(1), steps=15)
sys.exit(wrong)
"""


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the changes of the page."""
    copy = tmp_path_factory.mktemp("writing_a_limit")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name)
    for name in FILES:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    for block in documents.blocks(PAGE):
        if block.title is not None:
            path = copy / block.title
            path.write_text(edited(path.read_text("utf-8"), block) if block.language == "diff" else block.text, "utf-8")
    return copy


def edited(text: str, block: documents.Block) -> str:
    """Return a text with the changes of a diff, whose parts between `@@` are each in one place of it."""
    for part in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        old, new = ("".join(line[1:] or "\n" for line in lines if line[0] in signs) for signs in (" -\n", " +\n"))
        assert text.count(old) == 1, f"{PAGE.name}, line {block.line}: {text.count(old)} times in {block.title}:\n{old}"
        text = text.replace(old, new)
    return text


def python(changed: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(changed / folder) for folder in ("components", "router", "tests"))
    environment = {**os.environ, "PYTHONPATH": path, **more}
    return subprocess.run(
        [sys.executable, *words], cwd=changed, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def test_the_page_adds_a_kind_whose_tests_and_lives_pass(changed: Path) -> None:
    done = python(changed, "-c", TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_model_finds_the_mistake_that_the_page_adds(changed: Path) -> None:
    script = (changed / "scripts" / "model.py").read_text("utf-8")
    number = re.findall(r'^    Mutation\("(.*?)"', script, re.MULTILINE).index("a cooldown is not taken")
    done = python(changed, "scripts/model.py", str(LIVES), TASKBAHN_MODEL_MUTATION=str(number))
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"AssertionError: \('too many starts', 't\[|it should have started|in the life of seed", done.stderr), (
        done.stderr
    )
