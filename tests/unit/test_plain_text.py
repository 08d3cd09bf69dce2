"""Text of others in a terminal and in JSON: nothing in it does anything, whatever characters it has."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from taskbahn import cli
from taskbahn.cli import shared
from taskbahn.cli.logs import Shown
from taskbahn.cli.plain_console import PlainConsole
from taskbahn.jobs.job import LogLine
from taskbahn.protocol.plain_text import UNSAFE, plain_json, plain_text

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "support" / "plain_texts.json").read_text(encoding="utf-8"))
# Modules that print what is their own, or what a file or a pipe has to get as it is.
PRINT_AS_IT_IS = {"__init__", "call", "completion", "schedule_actions", "schedule_files", "shared", "up", "worker"}
TEXTS = st.text(
    st.one_of(st.sampled_from("\x1b[]m\x07\x9b\u202e\u202c\u2066\u2069\u200f\r\n\t\x7f a:b"), st.characters()), max_size=40
)


def members(name: str) -> set[str]:
    return {chr(code) for low, high in VECTORS[name] for code in range(int(low, 16), int(high, 16) + 1)}


@pytest.mark.parametrize("given,plain", VECTORS["texts"])
def test_texts_of_others_become_plain(given: str, plain: str) -> None:
    assert plain_text(given) == plain


def test_exactly_the_listed_characters_are_replaced() -> None:
    surrogates = set(map(chr, range(0xD800, 0xE000)))
    changed = {char for char in map(chr, range(0x110000)) if plain_text(char) != char}
    assert changed == members("pictures") | members("replaced") | surrogates
    assert {plain_text(char) for char in members("replaced") | surrogates} == {"\ufffd"}


@given(TEXTS)
def test_a_plain_text_has_nothing_left_to_replace(text: str) -> None:
    plain = plain_text(text)
    assert not UNSAFE.search(plain.replace("\r\n", ""))
    assert plain_text(plain) == plain


@given(TEXTS)
def test_plain_json_means_the_same(text: str) -> None:
    plain = plain_json(json.dumps({text: text}, ensure_ascii=False))
    assert not UNSAFE.search(plain)
    assert json.loads(plain) == {text: text}


@given(TEXTS)
def test_tables_and_lines_of_the_console_are_plain(text: str) -> None:
    file = io.StringIO()
    out = PlainConsole(file=file, width=120, highlight=False, emoji=False)
    rows = shared.table("name", "text")
    rows.add_row(shared.plain(text), shared.plain(text))
    rows.add_row(Text(text), Text(text))
    out.print(rows)
    out.print(f"[bold]{shared.plain(text)}[/]")
    out.print(Text(text))
    assert not UNSAFE.search(file.getvalue().replace("\r\n", ""))


def test_logs_print_plain_text_through_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    Shown(as_json=False).print(LogLine(0, 0.0, "INFO", "shop", "bell \x07\x08 \u202egnp \x1b[31mred", 1))
    Shown(as_json=True).print(LogLine(0, 0.0, "INFO", "shop", "\u202egnp", 1))
    line, as_json = capsys.readouterr().out.splitlines()
    assert line.endswith("bell ␇␈ \ufffdgnp red")
    assert "\\u202egnp" in as_json


def test_commands_print_through_the_plain_echo() -> None:
    modules = Path(cli.__file__).parent.glob("*.py")
    printing = {path.stem for path in modules if re.search(r"click\.s?echo\(", path.read_text(encoding="utf-8"))}
    assert printing <= PRINT_AS_IT_IS
