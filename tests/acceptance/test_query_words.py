"""Names in queries: Python and the page write them alike, and each reads what either has written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskbahn.jobs.query_language import WrongQuery, parse
from taskbahn.protocol.query_words import quote
from taskbahn_router.core.globs import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parents[2] / "web" / "taskbahn_web" / "static" / "app" / "data"
SCRIPT = f"""
import {{ createInterface }} from "node:readline";
import {{ matchesPattern, quote }} from "{DATA.as_uri()}/query-words.js";
import {{ parseQuery }} from "{DATA.as_uri()}/query.js";
for await (const line of createInterface({{ input: process.stdin }})) {{
  const [name, queries] = JSON.parse(line);
  const read = queries.map((text) => parseQuery(text, 0)).map(({{ wanted, problem }}) => (problem ? null : wanted));
  const fits = read.map((wanted) => wanted?.tag != null && matchesPattern(name, wanted.tag));
  console.log(JSON.stringify({{ quoted: quote(name), read, fits }}));
}}
"""
HARD = st.sampled_from("'\"*[]: ,\\\t\n\r\x0b\x1c\x85\xa0\u2028\u202e\u3000\ufeffaé")
NAMES = st.text(st.one_of(HARD, st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def page() -> Iterator[Callable[[str, list[str]], dict[str, Any]]]:
    """Have the modules of the page quote a name and read queries."""
    command = ["node", "--input-type=module", "--eval", SCRIPT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(name: str, queries: list[str]) -> dict[str, Any]:
            stdin.write(json.dumps([name, queries]) + "\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield ask
        stdin.close()


@given(name=NAMES, other=NAMES)
@example(name="nightly weird", other="nightly")
@example(name="a*b", other="axb")
@example(name="[*]", other="*")
def test_a_quoted_name_finds_itself_alone_in_both_languages(page: Any, name: str, other: str) -> None:
    query = f"state:failed tag:{quote(name)} queue:{quote(other)}"
    said = page(name, [query])
    assert said["quoted"] == quote(name)
    found = parse(query, 0.0)
    assert said["read"] == [found.given()]
    assert said["fits"] == [True]
    assert found.state == ["failed"]
    assert fits(name, found.tag or "")
    assert name == other or not fits(other, found.tag or "")


@given(text=st.text(st.one_of(HARD, st.sampled_from("tagsue:failed'\" ")), max_size=30))
def test_both_languages_read_any_text_alike(page: Any, text: str) -> None:
    try:
        found: dict[str, Any] | None = parse(text, 0.0).given()
    except WrongQuery:
        found = None
    assert page("", [text])["read"] == [found]
