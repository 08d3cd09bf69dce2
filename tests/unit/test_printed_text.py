"""What is printed piece by piece becomes the lines that a terminal would show in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.attempt.printed_text import OVERWRITTEN_INTERVAL, PrintedText

PIECES = [
    ("a whole line", ["one\ntwo\n"], ["one", "two"], ""),
    ("an empty line is one", ["\n\n"], ["", ""], ""),
    ("pieces of a line", ["a", "b", "\nc"], ["ab"], "c"),
    ("windows ends", ["one\r\ntwo\r\n"], ["one", "two"], ""),
    ("tqdm", ["\r  0%|  |", "\r 50%|# |", "\r100%|##|", "\n"], ["100%|##|"], ""),
    ("tqdm that leaves nothing", ["\r  0%|  |", "\r100%|##|", "\r         ", "\r", "after\n"], ["after"], ""),
    ("nothing is left of it at the end of a line", ["\r 50%", "\r    \r", "\n"], [], ""),
    ("the return at the end", ["1%\r", "20%\r", "100%\r"], [], "100%"),
    ("a shorter one over a longer one", ["working\rdone\n"], ["doneing"], ""),
    ("erased first", ["working\r\x1b[Kdone\n"], ["done"], ""),
    ("erased whole", ["working\r\x1b[2Kdone\n"], ["done"], ""),
    ("colours", ["\x1b[31mred\x1b[0m and \x1b[1;38;5;12mblue\x1b[m\n"], ["red and blue"], ""),
    ("titles and links", ["\x1b]0;title\x07text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n"], ["text link"], ""),
    (
        "bars below each other",
        ["\ro 0", "\n\ri 0\x1b[A", *["\n\ri 9\x1b[A", "\ro 9"] * 50, "\n", "after\n"],
        ["o 0", "o 9", "after"],
        "",
    ),
    ("bars below each other at the end", ["\ro 0", "\n\ri 0\x1b[A", "\ro 9", "\n"], ["o 0"], "o 9"),
    ("spaces at the end stay", ["a  \n"], ["a  "], ""),
    ("too long", ["x" * 101], ["x" * 101], ""),
]


@pytest.mark.parametrize("pieces, lines, rest", [row[1:] for row in PIECES], ids=[row[0] for row in PIECES])
def test_lines_are_those_of_a_terminal(pieces: list[str], lines: list[str], rest: str) -> None:
    printed = PrintedText(100, clock=lambda: 0.0)
    assert [line for piece in pieces for line in printed.feed(piece)] == lines
    assert printed.end() == ([rest] if rest else [])
    assert printed.end() == []


def test_a_line_overwritten_for_long_shows_its_state_at_times() -> None:
    now = 0.0
    printed = PrintedText(100, clock=lambda: now)
    shown = []
    for second in range(35):
        now = float(second)
        shown += list(printed.feed(f"\r{second} of 35"))
    assert shown == [f"{count * int(OVERWRITTEN_INTERVAL)} of 35" for count in (1, 2, 3)]


@given(st.lists(st.text(alphabet="ab \r\n\x1b[K31m;]\x07", max_size=20)))
def test_any_text_is_taken_and_no_line_has_an_end_in_it(pieces: list[str]) -> None:
    printed = PrintedText(30, clock=lambda: 0.0)
    lines = [line for piece in pieces for line in printed.feed(piece)]
    assert not any("\n" in line or "\r" in line for line in [*lines, *printed.end()])


@given(st.text(alphabet=st.characters(blacklist_characters="\r\n\x1b"), max_size=50), st.integers(0, 50))
def test_where_a_plain_line_is_cut_does_not_matter(text: str, cut: int) -> None:
    printed = PrintedText(100)
    assert [*printed.feed(text[:cut]), *printed.feed(text[cut:] + "\n")] == [text]
