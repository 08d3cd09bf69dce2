"""The check of texts: which words and lines it finds."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "scripts" / "check_prose.py"
SPEC = importlib.util.spec_from_file_location("check_prose", PATH)
assert SPEC is not None
assert SPEC.loader is not None
check_prose = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_prose)


@pytest.mark.parametrize(
    "text, words",
    [
        ("Whoever asks is told.", ["Whoever", "told"]),
        ("The effects are let out; it lets jobs out.", ["let out", "lets jobs out"]),
        ("It stands at its field, and `*` stands for any run of characters.", ["stands"]),
        ("An error of ours.\nSo many.", ["of ours", "So many"]),
        ("The dispatcher tells the client; a stand-in lets them through.", []),
    ],
)
def test_words_of_the_list_are_found(text: str, words: list[str]) -> None:
    assert [word for _, word in check_prose.unwanted_words(text, ".md")] == words


def test_python_is_read_in_its_comments_and_strings_alone() -> None:
    source = 'told = 1  # nobody\n"""Read anew."""\nprint(f"{told} somebody")\n'
    assert sorted(check_prose.unwanted_words(source, ".py")) == [(1, "nobody"), (2, "anew"), (3, "somebody")]


def test_names_of_tests_are_read_too() -> None:
    source = "def test_a_page_is_told() -> None: ...\n\n\nasync def test_nobody() -> None: ...\n\n\ndef told() -> None: ...\n"
    assert list(check_prose.unwanted_words(source, ".py")) == [(1, "told"), (4, "nobody")]


def test_a_word_is_found_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("The client asks.\nIt is told.\n")
    (tmp_path / "docs" / "b.md").write_text("The dispatcher answers.\n")
    [found] = check_prose.findings(tmp_path)
    assert found.startswith("docs/a.md:2: 'told' ")


def test_only_lines_that_can_be_broken_are_too_wide() -> None:
    words, word = "word " * 30, "w" * 150
    page = f"{words}\n| {words}|\n# {words}\n- {word}\n```text\n{words}\n```\n<!-- made -->\n{words}\n<!-- /made -->\n- {words}\n"
    assert list(check_prose.too_wide_lines(page)) == [1, 11]
